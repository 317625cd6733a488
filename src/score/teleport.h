// SPDX-License-Identifier: Apache-2.0
// The automatic teleport set: where standing starts from if the operator names nobody.
//
// Whoever is in it vouches with full standing, so it must not be for sale. Everything that accounts
// do among themselves can be made up, years of it: dates, words, numbers of friends. What cannot be
// made up is that others turn to them unasked. So the set is taken from the core of each network:
// the largest group of accounts within which responses that nobody courted lead from each to each,
// by the number of accounts that respond into it. Made-up accounts are not of it, however many
// respond to one another and however long they say they have, until somebody of the core responds
// to one of them unasked, or until they outnumber those who respond to the core. Not a measure of
// worth: it says who is well known to those who are well known.
#pragma once
#include <vector>

#include "graph/graph.h"
#include "score/policy.h"

namespace bellwether {

// By the policy's method. In each network apart, ascending; the same whatever `threads`.
//
// Method 2: of the core, those with the most partners, accounts of the network such that each
// responded to the other unasked; ties go to whom more accounts responded unasked, then to the
// smaller id. As many as teleport_share of the accounts that respond into the core, at least
// teleport_min, at most the core. Of several groups with equally many who respond into them the one
// with the smallest account is the core; a single account is no group.
// Cost: linear in the pairs, and a look-up for each pair of the core.
//
// Method 1: those with the longest reciprocated history, teleport_share of all the network's
// accounts and at least teleport_min where there are so many candidates. It is the time from the
// first to the last act, given or received, with an account of the network such that both responded
// to the other; above 0. Ties go to more such partners, then to the smaller id.
std::vector<AccountId> choose_teleport_set(const GraphSnapshot& graph, const Policy& policy,
                                           unsigned threads);

}  // namespace bellwether
