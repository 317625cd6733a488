// SPDX-License-Identifier: Apache-2.0
// The automatic teleport set: where standing starts from if the operator names nobody.
//
// Whoever is in it vouches with full standing, so it must not be for sale. Everything that accounts
// do among themselves can be made up, years of it: dates, words, numbers of friends. What cannot be
// made up is that others turn to them unasked. So it is chosen in two steps, in each network apart:
//
//   1. The core: the largest group of accounts within which responses that nobody courted lead from
//      each to each, by the number of accounts that respond into it. Made-up accounts are not of it
//      until somebody of it responds to one of them unasked, or until they outnumber those who
//      respond to it.
//   2. The electors: accounts of the core who stand for its audience, each for a share of its own.
//      The one to whom most accounts responded comes first, then the one to whom most of the others
//      did, and so on (greedy maximum coverage; Nemhauser, Wolsey and Fisher 1978), as long as each
//      adds elector_share of the audience. A crowd of made-up accounts has as many electors as it
//      has such shares, however they respond to one another: whom they all turn to is covered once.
//
// In the set are those of the core to whom most electors turned unasked, two at least; where seats
// are left, those to whom two of the set and the electors did, and so on. So one person who is
// fooled opens it to nobody. What would: two of these, fooled by the same account, or made-up
// accounts that are twice elector_share of the audience, beside one person who is fooled; then more
// can follow, where those of the community who are turned to more often leave seats. In a small
// community, where two turned to fewer than teleport_min accounts, one is enough for the seats up
// to that. Not a measure of worth: it says who is known to those who are well known.
#pragma once
#include <vector>

#include "graph/graph.h"
#include "score/policy.h"

namespace bellwether {

// By the policy's method. In each network apart, ascending; the same whatever `threads`.
//
// Method 3: as above. There are seats for teleport_share of the audience, the accounts that respond
// into the core, and for teleport_min at least. They go to those with most supporters, electors who
// responded to them unasked; ties go to whom more accounts responded unasked, then to the smaller
// id; supporters_min are needed. While seats are left, whoever was seated supports like an elector,
// and it is done again with those who are left. When nobody has supporters_min any more, others
// with a supporter follow up to teleport_min. Of several groups with equally many who respond into
// them the one with the smallest account is the core; a single account is no group. Electors add
// one account at least; ties go to the smaller id. Cost: linear in the pairs of the core for each
// round, but for its order by audience.
//
// Method 2: of the core, those with the most partners, accounts of the network such that each
// responded to the other unasked; ties go to whom more accounts responded unasked, then to the
// smaller id. As many as teleport_share of the accounts that respond into the core, at least
// teleport_min, at most the core. One person who is fooled lets a crowd of made-up partners in.
// Cost: linear in the pairs, and a look-up for each pair of the core.
//
// Method 1: those with the longest reciprocated history, teleport_share of all the network's
// accounts and at least teleport_min where there are so many candidates. It is the time from the
// first to the last act, given or received, with an account of the network such that both responded
// to the other; above 0. Ties go to more such partners, then to the smaller id.
std::vector<AccountId> choose_teleport_set(const GraphSnapshot& graph, const Policy& policy,
                                           unsigned threads);

}  // namespace bellwether
