// SPDX-License-Identifier: Apache-2.0
#include "workspace/recipes/simulate.h"

#include <fmt/format.h>

#include "workspace/recipes/erased_guard.h"

namespace bellwether {
namespace {

// Links that the people themselves would make: those of whom both accounts did something.
Result<void> link_accounts(Workspace& workspace, const Community& community,
                           const std::vector<bool>& seen) {
  std::vector<std::pair<std::string, std::string>> pairs;
  std::string first;
  PersonId person = kNobody;
  for (AccountId a = 0; a < community.accounts().size(); ++a) {
    if (!seen[a]) continue;
    const CommunityAccount& account = community.accounts()[a];
    std::string name = fmt::format("{}:{}", network_name(account.network), account.name);
    if (account.person == person) pairs.emplace_back(first, name);
    person = account.person;
    first = std::move(name);
  }
  return workspace.registry().link_all(pairs);
}

}  // namespace

Result<IngestResult> simulate(Workspace& workspace, const CommunityOptions& options,
                              const std::function<void(const IngestProgress&)>& progress) {
  BW_ASSIGN(const Community community, Community::create(options));
  // Real people would be ranked among made-up ones, and kept forecasts be held against what never
  // happened; grades are not taken back.
  BW_ASSIGN(const std::vector<SourceReport> sources, workspace.store().sources());
  for (const SourceReport& source : sources) {
    if (source.info.simulated || source.undone || source.accepted == 0) continue;
    return Error{ErrorCode::kInvalidArgument,
                 "this workspace holds what people really did; name another folder with --home"};
  }
  BW_ASSIGN(const std::unique_ptr<UnitWriter> writer, workspace.store().begin_unit());
  const std::string label =
      fmt::format("simulated:people={},days={},acts={},rng_seed={}", options.people, options.days,
                  options.acts_per_person_day, options.rng_seed);
  BW_TRY(writer->begin_source({label, "simulate", 2, true}, workspace.now()));
  BW_ASSIGN(Erased erased, workspace.registry().erased());
  ErasedGuard sink(*writer, std::move(erased));

  // Objects of two communities in one log are not the same.
  const std::string place =
      fmt::format("https://simulated.example/{:08x}/", static_cast<uint32_t>(hash64(label)));
  const auto account_of = [&](AccountId account) {
    const CommunityAccount& known = community.accounts()[account];
    return AccountRef{network_name(known.network), known.name};
  };
  std::vector<bool> seen(community.accounts().size(), false);
  InteractionEvent event;
  std::string own;
  std::string object;
  int64_t day = 0;
  BW_TRY(community.act_out([&](const SimulatedAct& act) -> Result<void> {
    event.clear();
    event.account = account_of(act.account);
    seen[act.account] = true;
    event.published = act.published;
    own = place + std::to_string(act.number);
    event.native_id = own;
    event.provenance = {act.number, hash64(own)};
    event.verb = act.verb;
    if (act.verb == Verb::kPost) {
      event.object = own;
    } else if (act.object != 0) {
      object = place + std::to_string(act.object);
      event.object = object;
      event.author = account_of(act.towards);
    } else {
      event.target = account_of(act.towards);
    }
    if (act.towards != kNobody) seen[act.towards] = true;
    if (act.topic != kNoTopic) event.topics.push_back(topic_name(act.topic));
    const int64_t today = (act.published.ms - kCommunityBegin.ms) / kMsPerDay;
    if (progress && today > day) {
      day = today;
      progress({label, static_cast<uint64_t>(day), options.days, &writer->report(), false});
    }
    return sink.event(event);
  }));
  BW_TRY(writer->end_source(SourceState::kComplete, {}));
  IngestResult result;
  result.unit = writer->unit();
  result.sources.push_back(writer->report());
  BW_TRY(writer->finish());
  // Who was unlinked since stays so.
  if (result.accepted() > 0) BW_TRY(link_accounts(workspace, community, seen));
  if (progress) progress({label, options.days, options.days, &result.sources.back(), true});
  return result;
}

Result<TruthResult> grade_simulated(const TruthOptions& options, const Policy& policy,
                                    unsigned threads, const std::function<void(uint32_t)>& done) {
  TruthResult result;
  BW_ASSIGN(result.report, grade_truth(options, policy, threads, done));
  result.community = options.community;
  result.method = method_name(policy.method);
  result.policy_name = policy.name;
  result.policy_hash = policy_hash(policy, policy.teleport);
  return result;
}

Result<AttacksResult> try_attacks(const CommunityOptions& options,
                                  const std::vector<Attack>& attacks, const Policy& policy,
                                  unsigned threads,
                                  const std::function<void(std::string_view)>& phase) {
  AttacksResult result;
  BW_ASSIGN(const Community community, Community::create(options));
  const World world = world_of(community);
  const Appraisal before = appraise(world, policy, {}, threads);
  for (const Attack& attack : attacks) {
    if (phase) phase(to_string(attack));
    TriedAttack tried{attack, {}, {}};
    BW_ASSIGN(tried.outcomes, try_attack(attack, community, world, before, policy, threads));
    for (const AttackOutcome& outcome : tried.outcomes) {
      const CommunityPerson& person = community.people()[outcome.person];
      const CommunityAccount& account = community.accounts()[person.accounts[person.home]];
      tried.names.push_back(fmt::format("{}:{}", network_name(account.network), account.name));
    }
    result.attacks.push_back(std::move(tried));
  }
  result.community = options;
  result.people = static_cast<uint32_t>(before.scores.size());
  for (const PersonScore& score : before.scores) result.settled += score.settled ? 1 : 0;
  result.teleport_size = static_cast<uint32_t>(before.teleport_set.size());
  result.method = method_name(policy.method);
  result.policy_name = policy.name;
  result.policy_hash = policy_hash(policy, policy.teleport);
  return result;
}

}  // namespace bellwether
