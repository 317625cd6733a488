// SPDX-License-Identifier: Apache-2.0
// For tests only: random communities, made of parts that rapidcheck can shrink.
//
// Times lie on a grid of half days, some of them a millisecond off it, so that both ends of the
// courting time are hit often; communities are small and dense, so that approach, answer, chain and
// link meet in one pair. rapidcheck prints the seed; RC_PARAMS="seed=N" gives the same worlds
// again.
#pragma once
#include <rapidcheck.h>

#include <vector>

#include "score/testing.h"

namespace bellwether {

struct RandomWorldOptions {
  uint32_t accounts_max = 24;
  uint16_t networks_max = 3;
  int half_days = 60;           // the acts' time, before as-of
  double acts_scale = 2;        // up to 100 acts times this
  bool links = true;            // accounts that are one person
  bool undo = true;             // acts that are withdrawn
  bool chains = true;           // reshares of reshares
  bool across_networks = true;  // some acts reach accounts of another network
  bool small_vouches = true;    // sometimes only few vouches an account
};

// An act in the making; accounts are taken modulo how many there are.
struct ActDraft {
  uint32_t mover = 0, receiver = 0;
  int verb = 0;
  int half_day = 0, jitter_ms = 0;
  uint32_t count = 1;
  uint32_t chain = 0;     // above 0: a reshare of an earlier reshare, counted back
  int undone_after = -1;  // half days; -1: never
};

inline rc::Gen<ActDraft> any_draft(const RandomWorldOptions& options) {
  using rc::gen::inRange;
  using rc::gen::set;
  const auto mostly = [](auto usual, auto rare, int one_in) {
    return rc::gen::weightedOneOf<std::decay_t<decltype(usual)>>(
        {{static_cast<size_t>(one_in - 1), rc::gen::just(usual)}, {1, rare}});
  };
  return rc::gen::build<ActDraft>(
      set(&ActDraft::mover, inRange<uint32_t>(0, 1'000'000)),
      set(&ActDraft::receiver, inRange<uint32_t>(0, 1'000'000)),
      // Replies, reactions, reshares and follows are most of what people do.
      set(&ActDraft::verb,
          rc::gen::weightedOneOf<int>({{3, rc::gen::element(2, 3, 5, 6, 7)}, {2, inRange(1, 17)}})),
      set(&ActDraft::half_day, inRange(0, options.half_days)),
      set(&ActDraft::jitter_ms, rc::gen::element(0, 0, 0, 1, -1, 3'600'000)),
      set(&ActDraft::count, mostly(1U, inRange<uint32_t>(1, 2000), 10)),
      set(&ActDraft::chain, options.chains ? mostly(0U, inRange<uint32_t>(1, 20), 3)
                                           : rc::Gen<uint32_t>(rc::gen::just(0U))),
      set(&ActDraft::undone_after,
          options.undo ? mostly(-1, inRange(0, 20), 12) : rc::Gen<int>(rc::gen::just(-1))));
}

inline Instant time_of(const ActDraft& draft, const RandomWorldOptions& options) {
  return at_ms((draft.half_day - options.half_days) * kMsPerDay / 2 - 2 * 3'600'000 +
               draft.jitter_ms);
}

// Adds the act to the world; nothing if the draft makes no act there.
inline void add_draft(TestWorld& world, const ActDraft& draft, const RandomWorldOptions& options) {
  const AccountId mover = draft.mover % world.accounts();
  AccountId receiver = draft.receiver % world.accounts();
  if (world.account_network[mover] != world.account_network[receiver] &&
      (!options.across_networks || draft.receiver % 7 != 0)) {
    // The next account of the mover's own network.
    while (world.account_network[receiver] != world.account_network[mover]) {
      receiver = (receiver + 1) % world.accounts();
    }
  }
  ResolvedAct& act =
      world.respond(mover, static_cast<Verb>(draft.verb), receiver, time_of(draft, options));
  act.count = draft.count;
  if (draft.undone_after >= 0) {
    act.withdrawn = {act.published.ms + draft.undone_after * kMsPerDay / 2};
  }
  if (act.verb == Verb::kReshare) {
    act.object = 1'000'000 + act.act;  // somebody's post, reshared by nobody else
    uint32_t back = draft.chain;
    for (size_t i = world.acts.size() - 1; back > 0 && i-- > 0;) {
      const ResolvedAct& earlier = world.acts[i];
      if (earlier.network != act.network && !options.across_networks) continue;
      if (earlier.verb == Verb::kReshare && --back == 0) {
        act.object = earlier.act;
        act.author = earlier.account;
      }
    }
  }
}

inline rc::Gen<TestWorld> any_world(const RandomWorldOptions& options = {}) {
  return rc::gen::exec([options] {
    using rc::gen::inRange;
    TestWorld world;
    const auto accounts = *inRange<uint32_t>(2, options.accounts_max + 1);
    const auto networks = *inRange<uint16_t>(1, static_cast<uint16_t>(options.networks_max + 1));
    world.account_network =
        *rc::gen::container<std::vector<NetworkId>>(accounts, inRange<NetworkId>(0, networks));
    // From nobody to everybody; a third of the community on average.
    const auto trusted = *inRange<uint32_t>(0, 4);
    for (AccountId a = 0; a < accounts; ++a) {
      if (*inRange<uint32_t>(0, 4) < trusted) world.teleport_set.push_back(a);
    }
    if (options.links && *rc::gen::arbitrary<bool>()) {
      const auto groups = *rc::gen::container<std::vector<std::set<AccountId>>>(
          *inRange<size_t>(0, 4), rc::gen::container<std::set<AccountId>>(
                                      *inRange<size_t>(2, 4), inRange<AccountId>(0, 1'000'000)));
      for (const auto& group : groups) {
        std::set<AccountId> person;
        for (const AccountId a : group) person.insert(a % accounts);
        world.links.push_back(person);
      }
    }
    if (options.small_vouches) world.policy.vouches_max = *rc::gen::element(50, 50, 2, 5);
    world.policy = under_method(world.policy, *rc::gen::element(1, 2, 2));
    const auto drafts = *rc::gen::scale(
        options.acts_scale, rc::gen::container<std::vector<ActDraft>>(any_draft(options)));
    for (const ActDraft& draft : drafts) add_draft(world, draft, options);
    return world;
  });
}

// Half-lives that weigh unlike one another, for tests that hold whatever they weigh; some 0, and
// now and then all the same.
inline rc::Gen<std::vector<double>> any_half_life_weights(size_t half_lives) {
  return rc::gen::suchThat(rc::gen::container<std::vector<double>>(
                               half_lives, rc::gen::element(0.0, 1.0, 1.0, 0.3, 7.0)),
                           [](const std::vector<double>& weights) {
                             return std::any_of(weights.begin(), weights.end(),
                                                [](double w) { return w > 0; });
                           });
}

}  // namespace bellwether

namespace rc {

// What a failing property prints: enough to write the world down as a story.
template <>
struct Arbitrary<bellwether::TestWorld> {
  static Gen<bellwether::TestWorld> arbitrary() { return bellwether::any_world(); }
};

}  // namespace rc

namespace bellwether {

inline void showValue(const TestWorld& world, std::ostream& out) {
  out << "networks of accounts:";
  for (const NetworkId n : world.account_network) out << ' ' << n;
  out << "\nteleport set:";
  for (const AccountId a : world.teleport_set) out << ' ' << a;
  for (const auto& person : world.links) {
    out << "\none person:";
    for (const AccountId a : person) out << ' ' << a;
  }
  out << "\nmethod " << world.policy.method << ", vouches_max " << world.policy.vouches_max;
  for (const double weight : world.policy.half_life_weights)
    out << ", a half-life weighs " << weight;
  for (const ResolvedAct& act : world.acts) {
    out << "\n  act " << act.act << ": " << act.account << ' ' << to_string(act.verb) << ' '
        << act.author << " at day "
        << static_cast<double>(act.published.ms - kTestEpoch.ms) / static_cast<double>(kMsPerDay);
    if (act.object != 0) out << " object " << act.object;
    if (act.count != 1) out << " times " << act.count;
    if (act.withdrawn.known()) {
      out << " undone at day "
          << static_cast<double>(act.withdrawn.ms - kTestEpoch.ms) / static_cast<double>(kMsPerDay);
    }
  }
  out << '\n';
}

}  // namespace bellwether
