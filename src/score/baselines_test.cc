// SPDX-License-Identifier: Apache-2.0
#include "score/baselines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

namespace bellwether {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

Response response(PersonId receiver, PersonId mover, int64_t ms = 0, Verb verb = Verb::kReply) {
  return {receiver, mover, Instant{ms}, Instant::unknown(), verb};
}

// Bo and Cy respond to Ana, Bo twice; Ana follows Bo.
const std::vector<Response> kSmall{response(0, 1, 1), response(0, 2, 2), response(0, 1, 3),
                                   response(1, 0, 4, Verb::kFollow)};

TEST(Baselines, CountResponsesAndRespondersAndFollowers) {
  EXPECT_THAT(total_responses(kSmall, 3), ElementsAre(3, 1, 0));
  EXPECT_THAT(distinct_responders(kSmall, 3), ElementsAre(2, 1, 0));
  EXPECT_THAT(followers(kSmall, 3), ElementsAre(0, 1, 0));
}

TEST(Baselines, ResponsesOfALedgerAreBetweenPeopleInForceAndInOrder) {
  // Accounts 0 and 3 are one person; 4 is nobody.
  PersonMap persons;
  persons.person_of = {0, 1, 2, 0, kNobody};
  persons.persons = 3;
  const auto entry = [](AccountId receiver, AccountId mover, int64_t ms, int64_t withdrawn_ms = 0) {
    LedgerEntry out{};
    out.receiver = receiver;
    out.mover = mover;
    out.published = Instant{ms};
    out.withdrawn = withdrawn_ms == 0 ? Instant::unknown() : Instant{withdrawn_ms};
    out.verb = Verb::kReply;
    return out;
  };
  const std::vector<LedgerEntry> ledger{entry(0, 1, 50), entry(0, 3, 10), entry(1, 3, 20),
                                        entry(2, 1, 30, 40), entry(2, 4, 5)};
  const std::vector<Response> all = responses_of(ledger, persons);
  const std::vector<Response> at_45 = in_force(all, kEarliest, Instant{45});
  ASSERT_THAT(at_45, SizeIs(1)) << "not one to oneself, withdrawn, of nobody or to come";
  EXPECT_EQ(at_45[0].receiver, 1U);
  EXPECT_EQ(at_45[0].mover, 0U);
  const std::vector<Response> at_35 = in_force(all, kEarliest, Instant{35});
  ASSERT_THAT(at_35, SizeIs(2)) << "what was withdrawn later was in force";
  EXPECT_EQ(at_35[0].published, Instant{20});
  EXPECT_EQ(at_35[1].published, Instant{30});
  EXPECT_THAT(in_force(all, Instant{20}, Instant{30}), SizeIs(1))
      << "from the one to before the other";
}

TEST(Baselines, PageRankOfAStarIsKnown) {
  // Three respond to Ana; what Ana holds returns to everybody.
  const ResponseGraph graph(std::vector<Response>{response(0, 1), response(0, 2), response(0, 3)},
                            4);
  const std::vector<double> rank = page_rank(graph);
  // r1 = (.15 + .85 r0) / 4, r0 = r1 + .85 * 3 r1.
  const double leaf = 0.15 / 4 / (1 - 0.85 / 4 * (1 + 0.85 * 3));
  EXPECT_NEAR(rank[1], leaf, 1e-7);
  EXPECT_NEAR(rank[0], leaf * (1 + 0.85 * 3), 1e-7);
  EXPECT_NEAR(rank[0] + rank[1] + rank[2] + rank[3], 1, 1e-7);
}

TEST(Baselines, CoresAreGroupsThatHoldTogether) {
  // A triangle, whichever way round, with a tail of two.
  const ResponseGraph graph(std::vector<Response>{response(0, 1), response(1, 0), response(1, 2),
                                                  response(2, 0), response(2, 3), response(4, 3)},
                            6);
  EXPECT_THAT(core_number(graph), ElementsAre(2, 2, 2, 1, 1, 0));
}

TEST(Baselines, VoteRankPassesOverThoseWhoShareTheirVoters) {
  // 1 to 4 respond to 0; 1 to 3 to 5 as well; 6 and 7 to 8. The mean is 9 / 9 = 1, so a vote is
  // spent at once: 5 has none left when 0 is elected, and 8 comes second.
  const ResponseGraph graph(std::vector<Response>{response(0, 1), response(0, 2), response(0, 3),
                                                  response(0, 4), response(5, 1), response(5, 2),
                                                  response(5, 3), response(8, 6), response(8, 7)},
                            9);
  EXPECT_THAT(vote_rank(graph), ElementsAre(2, 0, 0, 0, 0, 0, 0, 0, 1));
}

TEST(Baselines, OfNobodyAreNothing) {
  const ResponseGraph graph({}, 2);
  EXPECT_THAT(core_number(graph), ElementsAre(0, 0));
  EXPECT_THAT(vote_rank(graph), ElementsAre(0, 0));
  EXPECT_THAT(page_rank(graph), ElementsAre(0.5, 0.5));
  EXPECT_THAT(page_rank(ResponseGraph({}, 0)), SizeIs(0));
}

// ---- against the definitions, on random graphs --------------------------------------------------

std::vector<Response> any_responses(uint32_t people) {
  const auto pairs = *rc::gen::container<std::vector<std::pair<uint32_t, uint32_t>>>(
      rc::gen::pair(rc::gen::inRange(0U, people), rc::gen::inRange(0U, people)));
  std::vector<Response> out;
  for (const auto& [receiver, mover] : pairs) {
    if (receiver != mover) out.push_back(response(receiver, mover));
  }
  return out;
}

using Pairs = std::set<std::pair<PersonId, PersonId>>;  // receiver, mover

Pairs pairs_in(const std::vector<Response>& responses) {
  Pairs out;
  for (const Response& r : responses) out.emplace(r.receiver, r.mover);
  return out;
}

RC_GTEST_PROP(Baselines, PageRankStaysWhereItIsUnderOneMoreStep, ()) {
  const uint32_t people = *rc::gen::inRange(1U, 12U);
  const std::vector<Response> responses = any_responses(people);
  const Pairs pairs = pairs_in(responses);
  const std::vector<double> rank = page_rank(ResponseGraph(responses, people));
  std::vector<double> next(people, 0.15 / people);
  for (PersonId mover = 0; mover < people; ++mover) {
    const auto out = std::count_if(pairs.begin(), pairs.end(),
                                   [&](const auto& pair) { return pair.second == mover; });
    for (PersonId receiver = 0; receiver < people; ++receiver) {
      if (out == 0) {
        next[receiver] += 0.85 * rank[mover] / people;
      } else if (pairs.contains({receiver, mover})) {
        next[receiver] += 0.85 * rank[mover] / static_cast<double>(out);
      }
    }
  }
  for (PersonId person = 0; person < people; ++person) {
    RC_ASSERT(std::abs(next[person] - rank[person]) < 1e-7);
  }
}

RC_GTEST_PROP(Baselines, CoresAreWhatIsLeftWhenTheLooselyTiedAreTakenAway, ()) {
  const uint32_t people = *rc::gen::inRange(1U, 12U);
  const std::vector<Response> responses = any_responses(people);
  std::set<std::pair<PersonId, PersonId>> ties;
  for (const Response& r : responses) {
    ties.emplace(r.receiver, r.mover);
    ties.emplace(r.mover, r.receiver);
  }
  const std::vector<double> core = core_number(ResponseGraph(responses, people));
  for (uint32_t k = 0; k <= people; ++k) {
    std::set<PersonId> left;
    for (PersonId person = 0; person < people; ++person) left.insert(person);
    for (bool changed = true; changed;) {
      changed = false;
      for (auto at = left.begin(); at != left.end();) {
        const auto tied = std::count_if(left.begin(), left.end(), [&](PersonId other) {
          return ties.contains({*at, other});
        });
        const bool loose = tied < static_cast<std::ptrdiff_t>(k);
        changed = changed || loose;
        at = loose ? left.erase(at) : std::next(at);
      }
    }
    for (PersonId person = 0; person < people; ++person) {
      RC_ASSERT((core[person] >= k) == left.contains(person));
    }
  }
}

RC_GTEST_PROP(Baselines, VoteRankIsAnElectionRoundByRound, ()) {
  const uint32_t people = *rc::gen::inRange(1U, 12U);
  const std::vector<Response> responses = any_responses(people);
  const Pairs pairs = pairs_in(responses);
  const std::vector<double> rank = vote_rank(ResponseGraph(responses, people));
  std::vector<double> ability(people, 1);
  std::set<PersonId> elected;
  double value = *std::max_element(rank.begin(), rank.end());
  while (true) {
    std::vector<double> votes(people, 0);
    for (const auto& [receiver, mover] : pairs) votes[receiver] += ability[mover];
    for (const PersonId person : elected) votes[person] = 0;
    const double most = *std::max_element(votes.begin(), votes.end());
    if (most < 1e-9) break;
    // Whoever has most, as near as sums can tell.
    PersonId next = 0;
    while (rank[next] != value) ++next;
    RC_ASSERT(votes[next] > most - 1e-9);
    elected.insert(next);
    ability[next] = 0;
    for (const auto& [receiver, mover] : pairs) {
      if (receiver != next) continue;
      ability[mover] = std::max(
          0.0, ability[mover] - static_cast<double>(people) / static_cast<double>(pairs.size()));
    }
    --value;
  }
  RC_ASSERT(value == 0);
}

}  // namespace
}  // namespace bellwether
