// SPDX-License-Identifier: Apache-2.0
// Acts of a made-up community, for workloads. Receivers and movers follow Zipf's law, a third of
// the acts repeat an earlier pair, a fifth answer one within two days, times lie within three
// years. The same numbers and seed give the same acts.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/instant.h"
#include "event/event.h"

namespace bellwether {

constexpr Instant kCommunityAsOf{1'341'403'200'000};  // 2012-07-04T12:00:00Z; every act is older

struct CommunityAct {
  uint32_t mover;     // in [0, people), and not the receiver
  uint32_t receiver;  // in [0, people)
  Instant published;
  Verb verb;
};

// people >= 2.
std::vector<CommunityAct> make_community(size_t acts, size_t people, uint64_t rng_seed);

}  // namespace bellwether
