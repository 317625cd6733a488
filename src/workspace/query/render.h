// SPDX-License-Identifier: Apache-2.0
// Answers as JSON, NDJSON and CSV: one form for the command line and the API.
//
// What there is no evidence for is null (an empty cell in CSV), never 0. Numbers are written in the
// shortest form that reads back as the same double. Names keep their bytes; what is not UTF-8 in
// them becomes U+FFFD. Every text ends with a line feed. Nothing here decides who may be shown: an
// answer holds only what its viewer may see.
//
// The simulated are marked in every object and every line, because a line may be all that is kept.
#pragma once
#include <string>

#include "workspace/query/plan.h"
#include "workspace/query/query.h"
#include "workspace/recipes/backtest.h"
#include "workspace/recipes/plan_backtest.h"
#include "workspace/recipes/sensitivity.h"
#include "workspace/recipes/simulate.h"
#include "workspace/recipes/tune.h"

namespace bellwether {

// One JSON object on one line, `meta` first.
std::string to_json(const Ranking& ranking);
std::string to_json(const PersonCard& card);
std::string to_json(const PersonExplanation& explanation);
std::string to_json(const Comparison& comparison);
std::string to_json(const Simulation& simulation);
std::string to_json(const PolicyComparison& comparison);
std::string to_json(const LeadAnswer& answer);
std::string to_json(const PlanAnswer& answer);
std::string to_json(const TopicList& list);
std::string to_json(const TopicCard& card);
// Figures that have no meaning are null.
std::string to_json(const BacktestResult& result);
// How many people plans and lists moved.
std::string to_json(const PlanBacktest& result);
// What became of kept forecasts.
std::string to_json(const std::vector<KeptGrade>& grades);
// Variations, and people with the ranks they have over them all.
std::string to_json(const SensitivityResult& result);
// What was fitted, and what each nested fold says of it.
std::string to_json(const TuneResult& result);
std::string to_json(const TruthResult& result);
std::string to_json(const AttacksResult& result);
// The value of `meta` alone.
std::string to_json(const Meta& meta);

// One object a line: people; the one person; contributions; pairs; measures. Empty when there are
// none. An explanation's lines carry the person and their score, so that each can be read alone.
std::string to_ndjson(const Ranking& ranking);
std::string to_ndjson(const PersonCard& card);
std::string to_ndjson(const PersonExplanation& explanation);
std::string to_ndjson(const Comparison& comparison);
std::string to_ndjson(const Simulation& simulation);
std::string to_ndjson(const PolicyComparison& comparison);
std::string to_ndjson(const LeadAnswer& answer);  // the people
std::string to_ndjson(const PlanAnswer& answer);  // the people
std::string to_ndjson(const TopicList& list);
std::string to_ndjson(const TopicCard& card);  // the people on it
// A line for each measure of each window, then one for each window whose forecast could be fitted,
// of measure "forecast_intervals": how often its 90 % intervals held. No means. Then one for each
// measure of pair chances, of all windows together: "pair_chances" and "pair_chances_constant",
// "_weighted_cascade", "_plain_rate"; `fold` is null.
std::string to_ndjson(const BacktestResult& result);
std::string to_ndjson(const PlanBacktest& result);  // a line for each measure of each window
// A line for each variation, then one for each person.
std::string to_ndjson(const SensitivityResult& result);
// A line for each nested fold.
std::string to_ndjson(const TuneResult& result);
// A line for each measure of each rng seed; no means.
std::string to_ndjson(const TruthResult& result);
// A line for each attack, beneficiary and teleport set.
std::string to_ndjson(const AttacksResult& result);

std::string to_ndjson(const std::vector<KeptGrade>& grades);

// RFC 4180 with a header line and CRLF. Of what has parts (accounts, topics, names) the parts stand
// in one cell, separated by "; ". A cell that a spreadsheet would take for a formula gets an
// apostrophe before it, see csv_cell.
std::string to_csv(const Ranking& ranking);
std::string to_csv(const PersonCard& card);
std::string to_csv(const PersonExplanation& explanation);
std::string to_csv(const Comparison& comparison);
std::string to_csv(const Simulation& simulation);
std::string to_csv(const PolicyComparison& comparison);
std::string to_csv(const LeadAnswer& answer);  // a line for each item of each person
std::string to_csv(const PlanAnswer& answer);  // the people
std::string to_csv(const TopicList& list);
std::string to_csv(const TopicCard& card);         // the people on it
std::string to_csv(const BacktestResult& result);  // lines as in to_ndjson
std::string to_csv(const PlanBacktest& result);    // likewise
std::string to_csv(const std::vector<KeptGrade>& grades);
std::string to_csv(const SensitivityResult& result);  // the variations
std::string to_csv(const TuneResult& result);
std::string to_csv(const TruthResult& result);
std::string to_csv(const AttacksResult& result);

// One cell of text, quoted where it has to be. Spreadsheets run what begins with =, +, -, @, a tab
// or a line end: such text gets an apostrophe. Plain handles ("@ana", "@ana@example.org") cannot
// call anything and stay as they are.
std::string csv_cell(std::string_view text);

}  // namespace bellwether
