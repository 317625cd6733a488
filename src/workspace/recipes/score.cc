// SPDX-License-Identifier: Apache-2.0
#include "workspace/recipes/score.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "graph/graph.h"
#include "score/amplification.h"
#include "score/score.h"
#include "score/standing.h"
#include "workspace/persons.h"

namespace bellwether {
namespace {

uint64_t hash_of(const CreditPolicy& policy) {
  std::string text;
  for (const double weight : policy.weight) text += fmt::format("{} ", weight);
  text += fmt::format("{}", policy.courting_ms);
  return hash64(text);
}

class Scoring {
 public:
  Scoring(Workspace& workspace, const std::function<void(std::string_view)>& phase)
      : workspace_(workspace), store_(workspace.store()), phase_(phase) {}

  Result<ScoreResult> run(const ScoreRequest& request) {
    if (!request.method.empty() && request.method != kMethod) {
      return Error{ErrorCode::kUnsupported,
                   fmt::format("no method is called '{}'; there is {}", request.method, kMethod)};
    }
    BW_TRY(workspace_.reload_policy());
    BW_ASSIGN(const LogSummary summary, store_.summary());
    if (!summary.last.known()) {
      return Error{ErrorCode::kNotFound,
                   "there is no act with a known time yet: `bellwether ingest FILE` first"};
    }
    const Instant as_of = request.as_of.value_or(Instant{summary.last.ms + 1});
    if (as_of <= summary.first) {
      return Error{ErrorCode::kNotFound,
                   fmt::format("nothing happened before {}: the first act is of {}",
                               to_string(as_of), to_string(summary.first))};
    }

    begin("reading people");
    BW_ASSIGN(numbering_, store_.number_accounts());
    BW_ASSIGN(PersonMap persons, person_map(workspace_, *numbering_));
    const LedgerStamp stamp{summary.generation, hash_of(workspace_.policy().credit),
                            bellwether::hash_of(persons)};
    BW_ASSIGN(const auto kept, store_.ledger_stamp());
    std::vector<FoldEntry> entries;
    std::vector<PostRecord> posts;
    if (kept == stamp) {
      begin("reading the ledger");
      BW_TRY(store_.scan_ledger([&](std::span<const LedgerEntry> piece) {
        for (const LedgerEntry& e : piece) {
          if (e.counts_as_of(as_of)) entries.push_back(FoldEntry::from(e));
        }
      }));
      BW_ASSIGN(result_.credit, store_.credit_summary());
      BW_TRY(tally_posts(persons, as_of, posts));
    } else {
      BW_TRY(rebuild(persons, stamp, as_of, entries, posts));
    }
    if (entries.empty()) {
      return Error{ErrorCode::kNotFound,
                   fmt::format("nobody was moved by anybody before {}: the log holds no response "
                               "whose author is known",
                               to_string(as_of))};
    }

    begin("standing");
    const GraphSnapshot graph(std::move(entries), numbering_->account_network, persons, as_of);
    VouchGraph vouches =
        graph.vouches({workspace_.policy().vouches_max, workspace_.policy().vouch_half_life_days,
                       workspace_.threads()});
    std::vector<std::string> teleport_names;
    BW_ASSIGN(const std::vector<AccountId> teleport, teleport_set(graph, teleport_names));
    const Standing standing(graph, std::move(vouches), teleport, workspace_.policy(),
                            workspace_.threads());

    begin("scoring");
    std::vector<PersonScore> scores =
        score_everybody(graph, standing, workspace_.policy(), posts, workspace_.threads());
    rank_everybody(scores);

    begin("publishing");
    SnapshotInfo& info = result_.snapshot;
    info.as_of = as_of;
    info.computed = workspace_.now();
    info.generation = summary.generation;
    info.method = kMethod;
    info.policy_name = workspace_.policy().name;
    info.policy_hash = policy_hash(workspace_.policy(), teleport_names);
    info.policy_toml = to_toml(workspace_.policy());
    info.people = static_cast<uint32_t>(scores.size());
    info.settled = static_cast<uint32_t>(std::count_if(
        scores.begin(), scores.end(), [](const PersonScore& s) { return s.settled; }));
    info.simulated = summary.simulated;
    std::vector<StandingRow> standings;
    for (AccountId a = 0; a < graph.accounts(); ++a) {
      if (standing.mass()[a] > 0) {
        standings.push_back({a, standing.mass()[a], standing.mass_one()[a]});
      }
    }
    BW_ASSIGN(info.snapshot, store_.publish(info, *numbering_, persons, scores, standings));
    result_.teleport_set = static_cast<uint32_t>(teleport.size());
    return std::move(result_);
  }

 private:
  void begin(std::string_view name) {
    if (phase_) phase_(name);
  }

  Instant reach_from(Instant as_of) const {
    return Instant{as_of.ms - int64_t{workspace_.policy().reach_days} * kMsPerDay};
  }

  Result<void> tally_posts(const PersonMap& persons, Instant as_of,
                           std::vector<PostRecord>& posts) {
    PostTally tally(persons, reach_from(as_of), as_of);
    BW_TRY(store_.scan_acts(*numbering_, [&](std::span<const ResolvedAct> piece) {
      for (const ResolvedAct& act : piece) tally.see(act);
    }));
    posts = tally.finish();
    return {};
  }

  Result<void> rebuild(const PersonMap& persons, const LedgerStamp& stamp, Instant as_of,
                       std::vector<FoldEntry>& entries, std::vector<PostRecord>& posts) {
    begin("crediting");
    BW_ASSIGN(const auto links, store_.reshare_links(*numbering_));
    Attribution attribution(workspace_.policy().credit, links, persons);
    PostTally tally(persons, reach_from(as_of), as_of);
    std::vector<LedgerEntry> ledger;
    BW_TRY(store_.scan_acts(*numbering_, [&](std::span<const ResolvedAct> piece) {
      for (const ResolvedAct& act : piece) {
        attribution.credit(act, ledger);
        tally.see(act);
      }
    }));
    posts = tally.finish();
    settle(ledger, workspace_.policy().credit, persons, workspace_.threads());
    result_.credit = attribution.summary();
    begin("writing the ledger");
    BW_TRY(store_.replace_ledger(stamp, *numbering_, ledger, attribution.summary()));
    for (const LedgerEntry& e : ledger) {
      if (e.counts_as_of(as_of)) entries.push_back(FoldEntry::from(e));
    }
    return {};
  }

  // The operator's own set, or for each network the automatic one that was chosen at its first use.
  Result<std::vector<AccountId>> teleport_set(const GraphSnapshot& graph,
                                              std::vector<std::string>& names) {
    names = workspace_.policy().teleport;
    if (names.empty()) {
      BW_ASSIGN(const auto owners, store_.flagged(*numbering_, AccountFlag::kOwner));
      std::optional<std::map<NetworkId, std::vector<AccountId>>> automatic;
      for (NetworkId network = 0; network < numbering_->networks.size(); ++network) {
        const std::string& network_name = numbering_->networks[network];
        BW_ASSIGN(std::vector<std::string> kept, workspace_.registry().teleport_set(network_name));
        if (kept.empty()) {
          if (!automatic) {
            automatic.emplace();
            for (const AccountId a :
                 choose_teleport_set(graph, workspace_.policy(), workspace_.threads())) {
              (*automatic)[graph.network_of(a)].push_back(a);
            }
          }
          std::vector<AccountId>& set = (*automatic)[network];
          for (const AccountId owner : owners) {
            const bool there = std::find(set.begin(), set.end(), owner) != set.end();
            if (graph.network_of(owner) == network && !there) set.push_back(owner);
          }
          BW_ASSIGN(const auto chosen, store_.accounts(*numbering_, set));
          for (const AccountEntry& account : chosen) kept.push_back(account.ref());
          if (!kept.empty()) {
            BW_TRY(workspace_.registry().set_teleport_set(network_name, kept));
            result_.newly_chosen.push_back(network_name);
          }
        }
        names.insert(names.end(), kept.begin(), kept.end());
      }
    }
    std::vector<AccountId> ids;
    for (const std::string& name : names) {
      const AccountRef account = split_reference(name);
      const AccountId id = numbering_->find(account.network, account.name);
      if (id != kNobody) ids.push_back(id);
    }
    std::sort(ids.begin(), ids.end());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    return ids;
  }

  Workspace& workspace_;
  Store& store_;
  const std::function<void(std::string_view)>& phase_;
  std::shared_ptr<const Numbering> numbering_;
  ScoreResult result_;
};

}  // namespace

Result<ScoreResult> score(Workspace& workspace, const ScoreRequest& request,
                          const std::function<void(std::string_view)>& phase) {
  return Scoring(workspace, phase).run(request);
}

}  // namespace bellwether
