// SPDX-License-Identifier: Apache-2.0
#include "workspace/recipes/score.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <map>
#include <set>

#include "score/amplification.h"
#include "score/teleport.h"
#include "workspace/persons.h"
#include "workspace/recipes/scoring.h"

namespace bellwether {
namespace {

uint64_t hash_of(const CreditPolicy& policy) {
  std::string text;
  for (const double weight : policy.weight) text += fmt::format("{} ", weight);
  text += fmt::format("{}", policy.courting_ms);
  // A kept ledger that was made by another rule is made anew.
  text += "; topics of what is responded to";
  return hash64(text);
}

}  // namespace

Result<Instant> Scoring::newest() {
  BW_ASSIGN(const LogSummary summary, store_.summary());
  if (!summary.last.known()) {
    return Error{ErrorCode::kNotFound,
                 "there is no act with a known time yet: `bellwether ingest FILE` first"};
  }
  return std::max(Instant{summary.last.ms + 1}, summary.erased);
}

Error Scoring::nobody_moved() const {
  return Error{ErrorCode::kNotFound,
               fmt::format("nobody was moved by anybody before {}: the log holds no response whose "
                           "author is known",
                           to_string(as_of_))};
}

Result<LedgerStamp> Scoring::begin_reading(Instant as_of) {
  as_of_ = as_of;
  BW_ASSIGN(summary_, store_.summary());
  if (as_of <= summary_.first || !summary_.first.known()) {
    return Error{ErrorCode::kNotFound,
                 fmt::format("nothing happened before {}: the first act is of {}", to_string(as_of),
                             to_string(summary_.first))};
  }
  begin("reading people");
  BW_ASSIGN(numbering_, store_.number_accounts());
  BW_ASSIGN(persons_, person_map(workspace_.registry(), store_, *numbering_));
  return LedgerStamp{summary_.generation, hash_of(policy().credit), bellwether::hash_of(persons_)};
}

Result<void> Scoring::read(Instant as_of) {
  BW_ASSIGN(const LedgerStamp stamp, begin_reading(as_of));
  BW_ASSIGN(const auto kept, store_.ledger_stamp());
  if (kept == stamp) {
    begin("reading the ledger");
    BW_TRY(store_.scan_ledger([&](std::span<const LedgerEntry> piece) {
      for (const LedgerEntry& e : piece) {
        if (e.counts_as_of(as_of_)) entries_.push_back(FoldEntry::from(e));
      }
    }));
    BW_ASSIGN(result_.credit, store_.credit_summary());
    if (!looks_only()) BW_TRY(tally_posts());
  } else {
    BW_TRY(rebuild(stamp));
  }
  if (entries_.empty()) return nobody_moved();
  BW_ASSIGN(remainder_, store_.remainder(*numbering_));
  return {};
}

Result<void> Scoring::fold(bool without_remainder) {
  begin("standing");
  standing_.reset();
  graph_.reset();
  if (without_remainder) {
    // The entries are needed once more, for the fold that counts.
    graph_.emplace(entries_, numbering_->account_network, persons_, as_of_);
    return {};
  }
  graph_.emplace(std::move(entries_), numbering_->account_network, persons_, as_of_, 1,
                 std::move(remainder_));
  VouchGraph vouches = graph_->vouches(vouch_options(policy(), workspace_.threads()));
  BW_TRY(choose_teleport());
  standing_.emplace(*graph_, std::move(vouches), teleport_, policy(), workspace_.threads());
  return {};
}

void Scoring::count() {
  begin("scoring");
  scores_ = score_everybody(*graph_, *standing_, policy(), posts_, workspace_.threads());
  rank_everybody(scores_);
  if (looks_only()) return;
  begin("forecasting");
  look_ahead(*graph_, scores_, workspace_.threads());
}

// While somebody is being erased the file may still name them; a snapshot must not.
Result<Policy> Scoring::without_erased() const {
  Policy kept = policy();
  BW_ASSIGN(const Erased erased, workspace_.registry().erased());
  for (std::string& member : kept.teleport) {
    const AccountRef account = split_reference(member);
    if (erased.account(account.network, account.name)) member = kNobodyLeft;
  }
  return kept;
}

Result<std::string> Scoring::hash() const {
  BW_ASSIGN(const Policy kept, without_erased());
  return policy_hash(kept, teleport_names_);
}

Result<ScoreResult> Scoring::publish() {
  assert(!looks_only());
  begin("publishing");
  SnapshotInfo& info = result_.snapshot;
  info.as_of = as_of_;
  info.computed = workspace_.now();
  info.generation = summary_.generation;
  info.method = method_name(policy().method);
  info.policy_name = policy().name;
  BW_ASSIGN(const Policy kept, without_erased());
  info.policy_hash = policy_hash(kept, teleport_names_);
  info.policy_toml = to_toml(kept);
  info.people = static_cast<uint32_t>(scores_.size());
  info.settled = static_cast<uint32_t>(std::count_if(
      scores_.begin(), scores_.end(), [](const PersonScore& s) { return s.settled; }));
  info.simulated = summary_.simulated;
  std::vector<StandingRow> standings;
  for (AccountId a = 0; a < graph_->accounts(); ++a) {
    if (standing_->mass()[a] > 0) standings.push_back({a, standing_->mass()[a]});
  }
  const std::vector<PassedOn> passed_on =
      standing_->passed_on(*graph_, graph_->entries(), workspace_.threads());
  BW_ASSIGN(info.snapshot,
            store_.publish(info, *numbering_, persons_, scores_, standings, passed_on));
  return std::move(result_);
}

Result<std::vector<SnapshotGrade>> Scoring::grade_due() {
  BW_ASSIGN(const std::vector<SnapshotInfo> snapshots, store_.snapshots());
  BW_ASSIGN(const std::vector<SnapshotGrade> known, store_.grades());
  std::set<std::pair<uint32_t, uint32_t>> done;
  for (const SnapshotGrade& grade : known) done.insert({grade.snapshot, grade.days});
  std::vector<SnapshotGrade> graded;
  for (const SnapshotInfo& snapshot : snapshots) {
    std::vector<PersonScore> scores;  // read once, if any forecast is due
    for (size_t w = 0; w < kForecastDays.size(); ++w) {
      const auto days = static_cast<uint32_t>(kForecastDays[w]);
      const Instant end{snapshot.as_of.ms + days * kMsPerDay};
      if (end > as_of_ || done.contains({snapshot.snapshot, days})) continue;
      if (scores.empty()) {
        begin("grading");
        BW_ASSIGN(scores, store_.scores(snapshot.snapshot));
      }
      SnapshotGrade& grade = graded.emplace_back();
      grade.snapshot = snapshot.snapshot;
      grade.days = days;
      grade.graded = workspace_.now();
      grade.generation = summary_.generation;
      hold(scores, w, snapshot.as_of, end, grade);
    }
  }
  // A snapshot without forecasts has a grade of nobody, so that it is not looked at again.
  if (!graded.empty()) BW_TRY(store_.keep_grades(graded));
  std::erase_if(graded, [](const SnapshotGrade& g) { return g.calibration.people == 0; });
  return graded;
}

void Scoring::hold(std::span<const PersonScore> scores, size_t forecast, Instant from, Instant end,
                   SnapshotGrade& grade) const {
  std::vector<CountForecast> forecasts;
  std::vector<double> means;
  std::vector<double> values;
  std::vector<uint32_t> moved;
  std::vector<FoldEntry> scratch;
  for (const PersonScore& score : scores) {
    if (score.forecast[forecast].size <= 0 || score.person == kNobody) continue;
    const PersonId person = persons_.person_of[score.person];
    if (person == kNobody) continue;
    forecasts.push_back(score.forecast[forecast]);
    means.push_back(forecasts.back().mean);
    values.push_back(score.value);
    moved.push_back(movers_within(graph_->received_by(person, scratch), from, end));
    grade.said += means.back();
    grade.came += moved.back();
  }
  grade.calibration = grade_intervals(forecasts, moved);
  grade.forecast = grade_ranking(means, moved);
  grade.score = grade_ranking(values, moved);
}

Result<void> Scoring::tally_posts() {
  PostTally tally(persons_, reach_from(), as_of_);
  BW_TRY(store_.scan_acts(*numbering_, [&](std::span<const ResolvedAct> piece) {
    for (const ResolvedAct& act : piece) tally.see(act);
  }));
  posts_ = tally.finish();
  return {};
}

Result<std::vector<LedgerEntry>> Scoring::whole_ledger(Instant as_of) {
  assert(looks_only());
  BW_ASSIGN(const LedgerStamp stamp, begin_reading(as_of));
  BW_ASSIGN(const auto kept, store_.ledger_stamp());
  std::vector<LedgerEntry> ledger;
  if (kept == stamp) {
    begin("reading the ledger");
    BW_TRY(store_.scan_ledger([&](std::span<const LedgerEntry> piece) {
      ledger.insert(ledger.end(), piece.begin(), piece.end());
    }));
  } else {
    BW_ASSIGN(ledger, make_ledger());
  }
  const bool any = std::any_of(ledger.begin(), ledger.end(),
                               [&](const LedgerEntry& e) { return e.counts_as_of(as_of_); });
  if (!any) return nobody_moved();
  return ledger;
}

Result<std::vector<LedgerEntry>> Scoring::make_ledger() {
  begin("crediting");
  BW_ASSIGN(const auto links, store_.reshare_links(*numbering_));
  Attribution attribution(policy().credit, links, persons_);
  PostTally tally(persons_, reach_from(), as_of_);
  std::vector<LedgerEntry> ledger;
  BW_TRY(store_.scan_acts(*numbering_, [&](std::span<const ResolvedAct> piece) {
    for (const ResolvedAct& act : piece) {
      attribution.credit(act, ledger);
      tally.see(act);
    }
  }));
  posts_ = tally.finish();
  settle(ledger, policy().credit, persons_, workspace_.threads());
  result_.credit = attribution.summary();
  return ledger;
}

Result<void> Scoring::rebuild(const LedgerStamp& stamp) {
  BW_ASSIGN(const std::vector<LedgerEntry> ledger, make_ledger());
  if (!looks_only()) {
    begin("writing the ledger");
    BW_TRY(store_.replace_ledger(stamp, *numbering_, ledger, result_.credit));
  }
  for (const LedgerEntry& e : ledger) {
    if (e.counts_as_of(as_of_)) entries_.push_back(FoldEntry::from(e));
  }
  return {};
}

// The operator's own set, or for each network the automatic one that was chosen at its first use.
Result<void> Scoring::choose_teleport() {
  std::vector<std::string> names = policy().teleport;
  if (names.empty()) {
    BW_ASSIGN(const auto owners, store_.flagged(*numbering_, AccountFlag::kOwner));
    std::optional<std::map<NetworkId, std::vector<AccountId>>> automatic;
    for (size_t i = 0; i < numbering_->networks.size(); ++i) {
      const auto network = static_cast<NetworkId>(i);
      const std::string& network_name = numbering_->networks[network];
      BW_ASSIGN(std::vector<std::string> kept, workspace_.registry().teleport_set(network_name));
      if (kept.empty()) {
        if (!automatic) {
          automatic.emplace();
          for (const AccountId a : choose_teleport_set(*graph_, policy(), workspace_.threads())) {
            (*automatic)[graph_->network_of(a)].push_back(a);
          }
        }
        std::vector<AccountId>& set = (*automatic)[network];
        for (const AccountId owner : owners) {
          const bool there = std::find(set.begin(), set.end(), owner) != set.end();
          if (graph_->network_of(owner) == network && !there) set.push_back(owner);
        }
        BW_ASSIGN(const auto chosen, store_.accounts(*numbering_, set));
        for (const AccountEntry& account : chosen) kept.push_back(account.ref());
        if (!kept.empty()) {
          if (!looks_only()) {
            BW_TRY(workspace_.registry().set_teleport_set(network_name, kept));
          }
          result_.newly_chosen[network_name] = kept.size();
        }
      }
      names.insert(names.end(), kept.begin(), kept.end());
    }
  }
  teleport_.clear();
  result_.teleport_set.clear();
  result_.teleport_unknown.clear();
  for (const std::string& name : names) {
    const AccountId id = find_account(*numbering_, name);
    if (id != kNobody) {
      teleport_.push_back(id);
      result_.teleport_set.push_back(name);
    } else if (!policy().teleport.empty() && name != kNobodyLeft) {
      result_.teleport_unknown.push_back(name);
    }
  }
  std::sort(teleport_.begin(), teleport_.end());
  teleport_.erase(std::unique(teleport_.begin(), teleport_.end()), teleport_.end());
  std::vector<std::string>& told = result_.teleport_set;
  std::sort(told.begin(), told.end());
  told.erase(std::unique(told.begin(), told.end()), told.end());
  // Who is erased is no account of the log any more; nor do the files name them before long.
  BW_ASSIGN(const Erased erased, workspace_.registry().erased());
  std::erase_if(names, [&](const std::string& name) {
    const AccountRef account = split_reference(name);
    return name == kNobodyLeft || erased.account(account.network, account.name);
  });
  teleport_names_ = std::move(names);
  return {};
}

Result<ScoreResult> score(Workspace& workspace, const ScoreRequest& request,
                          const std::function<void(std::string_view)>& phase) {
  const auto method = parse_method(request.method);
  if (!request.method.empty() && !method) {
    return Error{ErrorCode::kUnsupported,
                 fmt::format("no method is called '{}'; there are {} to {}", request.method,
                             method_name(1), method_name(kMethodNewest))};
  }
  BW_TRY(workspace.reload_policy());
  Scoring scoring(workspace, workspace.store(), phase);
  if (method) scoring.run(*method);
  BW_ASSIGN(const Instant newest, scoring.newest());
  BW_TRY(scoring.read(request.as_of.value_or(newest)));
  BW_TRY(scoring.fold());
  scoring.count();
  BW_ASSIGN(ScoreResult result, scoring.publish());
  BW_ASSIGN(result.graded, scoring.grade_due());
  return result;
}

}  // namespace bellwether
