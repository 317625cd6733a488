// SPDX-License-Identifier: Apache-2.0
// The English sentences of answers, in one place: plain words, whole numbers, no verdicts.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "explain/change.h"
#include "explain/explain.h"
#include "explain/topics.h"
#include "score/signals/lead/lead.h"
#include "workspace/query/conduct.h"
#include "workspace/query/query.h"

namespace bellwether {

// "1,234"; "about 140" style rounding is about_people's.
std::string grouped(uint64_t number);
// "1 topic", "1,234 topics".
std::string count_of(uint64_t count, std::string_view one, std::string_view more);
// "87 %" of a percentile in [0, 100); never rounded up, since nobody is above everybody: "99.9 %".
std::string above_share(double percentile);
// "no", "one person", "about 140 people", rounded to two figures.
std::string about_people(double people);
// "@ana", "@ana and @bo", "@ana, @bo and 31 others". `total` counts all; names may be fewer.
std::string name_list(const std::vector<std::string>& names, uint64_t total);
// With a capital at the beginning, if it is one of a to z.
std::string capital(std::string text);
// That, and a period.
std::string sentence(std::string text);
// "reshared", as in "reshared by".
std::string_view passive(Verb verb);
// "62, settled: stands for about 140 people moved, likely 120 to 165".
std::string score_sentence(const PersonRow& person, const Policy& policy);
// "rising", "cooling" or "steady", against the week before: two points of momentum are a third more
// people, less is no movement worth a word.
std::string_view momentum_word(const PersonRow& person);
// "likely to move 3 to 12 people within 7 days, 10 to 40 within 30"; empty: no forecast.
std::string forecast_words(const PersonRow& person);
// "reshared by @ana, @bo and 31 others in 40 acts"
std::string reason_up(const ContributionGroup& group, const std::vector<std::string>& names);
std::string reason_down(const Restraint& restraint, const Policy& policy);
std::vector<std::string> missing_words(const MissingEvidence& missing, const PersonRow& person,
                                       const Policy& policy);
// What each cause did to a score, in words; empty: nothing. `names` are of those who came or faded
// most, as far as they may be shown.
struct ChangeWords {
  const Change& change;
  Instant then, now;
  std::string policy_then, policy_now;  // empty: one policy
  std::vector<std::string> linked;      // accounts that had a score of their own then
};
std::string evidence_words(const ChangeWords& what, const std::vector<std::string>& names);
std::string withdrawn_words(const ChangeWords& what);
std::string fading_words(const ChangeWords& what, const std::vector<std::string>& names);
std::string standing_words(const ChangeWords& what);
std::string policy_words(const ChangeWords& what);
std::string late_words(const ChangeWords& what);
// "up 2.3 points since 2012-07-03, mostly by new evidence"
std::string change_sentence(const ChangeWords& what);
// "+2.3", "-0.4", "0.0": a sign only where there is something to see.
std::string signed_points(double points);
// "30 days", "5 hours", "2 years"
std::string lasting(int64_t ms);

// "half of the responses to a post come within 3 hours (likely 2 to 5 hours)"
std::string half_life_words(const HalfLife& half_life);
// "of 120 responses to 40 posts, by other people, within 30 days of the post"
std::string half_life_evidence(const HalfLife& half_life);
// Why there is none.
std::string half_life_unknown_words(const Conduct& conduct);

// "posts on Tuesday 9:00 to 11:00 (Europe/Berlin) get 3.1 responders instead of 1.2", or that no
// hour stands out.
std::string hours_words(const Habits& habits);
std::string hours_evidence(const Habits& habits);
std::string hours_unknown_words(const Conduct& conduct);
// "Tuesday 9:00 to 11:00" for hours of the week that follow one another, by the first of each run.
std::vector<std::string> hour_ranges(std::vector<int> hours);
std::string_view day_word(int day);  // from Monday, 0
// "Thought Leader: creating, focused, participating and consistent"
std::string style_words(const Style& style);
// One line an axis: "sharing 0, creating 1: 0.71 (34 made, 12 passed on, faded)".
std::vector<std::string> style_axes_words(const Style& style);
std::string style_evidence(const Style& style);
std::string style_unknown_words(size_t acts);

// "Simulation: 62 instead of 58 if 3 acts of 2 people had not been and 10 reshares more had"
std::string simulation_sentence(const Simulation& simulation, const WhatIfQuestion& question);
std::vector<std::string> simulation_assumptions(const Simulation& simulation,
                                                const WhatIfQuestion& question);
// "reshares", as in "ten more reshares".
std::string_view plural(Verb verb);

// What a topic lacks to be somebody's; empty: nothing.
std::vector<std::string> topic_missing_words(const TopicEvidence& evidence, const Policy& policy);

// "first with 10 of 12; 87 % of the others came within 30 days, by chance 48 %"
std::string lead_sentence(const LeadAnswer::Person& person, int window_days);
// "2025-03-01: 2nd of 11; @bo, @cy and 6 others came within 30 days, by chance 4.8"
std::string lead_evidence_words(const LeadAnswer::Item& item, int window_days);
// Why an answer names nobody; empty: it does. `one`: it was asked about one person.
std::string lead_missing(const LeadAnswer& answer, bool one, Viewer viewer,
                         const LeadOptions& options);

// "medians over 12 people of like activity (who gave 3 to 12 responses within the last year; this
// person gave 6); medians do not add up"
std::string peers_words(const Peers& peers);

// "settled", "provisional"
std::string_view state_word(const PersonRow& person);

}  // namespace bellwether
