// SPDX-License-Identifier: Apache-2.0
#include "score/baselines.h"

#include <algorithm>
#include <cmath>
#include <queue>
#include <tuple>

namespace bellwether {
namespace {

constexpr double kPageRankDamping = 0.85;
constexpr double kPageRankTolerance = 1e-8;
constexpr int kPageRankIterationsMax = 100;

uint64_t pair_of(PersonId first, PersonId second) { return uint64_t{first} << 32 | second; }

void keep_each_once(std::vector<uint64_t>& pairs) {
  std::sort(pairs.begin(), pairs.end());
  pairs.erase(std::unique(pairs.begin(), pairs.end()), pairs.end());
}

std::vector<uint64_t> pairs_of(std::span<const Response> responses, PersonId Response::*first,
                               PersonId Response::*second) {
  std::vector<uint64_t> pairs;
  pairs.reserve(responses.size());
  for (const Response& response : responses) {
    pairs.push_back(pair_of(response.*first, response.*second));
  }
  return pairs;
}

template <typename Counts>
std::vector<double> distinct_where(std::span<const Response> responses, uint32_t persons,
                                   Counts&& counts) {
  std::vector<uint64_t> pairs;
  for (const Response& response : responses) {
    if (counts(response)) pairs.push_back(pair_of(response.receiver, response.mover));
  }
  keep_each_once(pairs);
  std::vector<double> out(persons, 0);
  for (const uint64_t pair : pairs) ++out[pair >> 32];
  return out;
}

}  // namespace

std::vector<Response> responses_of(std::span<const LedgerEntry> ledger, const PersonMap& persons) {
  std::vector<Response> out;
  for (const LedgerEntry& entry : ledger) {
    const PersonId receiver = persons.person_of[entry.receiver];
    const PersonId mover = persons.person_of[entry.mover];
    if (receiver == kNobody || mover == kNobody || receiver == mover) continue;
    out.push_back({receiver, mover, entry.published, entry.withdrawn, entry.verb});
  }
  std::stable_sort(out.begin(), out.end(),
                   [](const Response& a, const Response& b) { return a.published < b.published; });
  return out;
}

size_t count_before(std::span<const Response> responses, Instant instant) {
  return static_cast<size_t>(
      std::partition_point(responses.begin(), responses.end(),
                           [&](const Response& r) { return r.published < instant; }) -
      responses.begin());
}

std::vector<Response> in_force(std::span<const Response> responses, Instant from, Instant as_of) {
  const size_t begin = count_before(responses, from);
  std::vector<Response> out;
  for (const Response& response :
       responses.subspan(begin, count_before(responses, as_of) - begin)) {
    if (!response.withdrawn.known() || response.withdrawn >= as_of) out.push_back(response);
  }
  return out;
}

ResponseGraph::Rows::Rows(std::vector<uint64_t> pairs, uint32_t persons)
    : begin(persons + size_t{1}, 0) {
  keep_each_once(pairs);
  others.reserve(pairs.size());
  for (const uint64_t pair : pairs) {
    ++begin[(pair >> 32) + 1];
    others.push_back(static_cast<PersonId>(pair));
  }
  for (size_t person = 0; person < persons; ++person) begin[person + 1] += begin[person];
}

ResponseGraph::ResponseGraph(std::span<const Response> responses, uint32_t persons)
    : movers_(pairs_of(responses, &Response::receiver, &Response::mover), persons),
      receivers_(pairs_of(responses, &Response::mover, &Response::receiver), persons) {}

std::vector<double> total_responses(std::span<const Response> responses, uint32_t persons) {
  std::vector<double> out(persons, 0);
  for (const Response& response : responses) ++out[response.receiver];
  return out;
}

std::vector<double> distinct_responders(std::span<const Response> responses, uint32_t persons) {
  return distinct_where(responses, persons, [](const Response&) { return true; });
}

std::vector<double> followers(std::span<const Response> responses, uint32_t persons) {
  return distinct_where(responses, persons, [](const Response& response) {
    return response.verb == Verb::kFollow || response.verb == Verb::kSubscribe;
  });
}

std::vector<double> page_rank(const ResponseGraph& graph) {
  const uint32_t n = graph.persons();
  if (n == 0) return {};
  const double everybody = static_cast<double>(n);
  std::vector<double> rank(n, 1 / everybody);
  std::vector<double> given(n);  // what each passes on to each whom they responded to
  std::vector<double> next(n);
  for (int iteration = 0; iteration < kPageRankIterationsMax; ++iteration) {
    double kept = 0;  // by those who responded to nobody
    for (PersonId person = 0; person < n; ++person) {
      const size_t receivers = graph.receivers_of(person).size();
      if (receivers == 0) kept += rank[person];
      given[person] = receivers == 0 ? 0 : rank[person] / static_cast<double>(receivers);
    }
    const double base = (1 - kPageRankDamping + kPageRankDamping * kept) / everybody;
    double change = 0;
    for (PersonId person = 0; person < n; ++person) {
      double sum = 0;
      for (const PersonId mover : graph.movers_of(person)) sum += given[mover];
      next[person] = base + kPageRankDamping * sum;
      change += std::abs(next[person] - rank[person]);
    }
    rank.swap(next);
    if (change < kPageRankTolerance) break;
  }
  return rank;
}

std::vector<double> core_number(const ResponseGraph& graph) {
  const uint32_t n = graph.persons();
  // Neighbours either way round, each once.
  std::vector<uint64_t> row(n + size_t{1}, 0);
  std::vector<PersonId> neighbour;
  uint32_t most = 0;
  for (PersonId person = 0; person < n; ++person) {
    const auto movers = graph.movers_of(person);
    const auto receivers = graph.receivers_of(person);
    std::set_union(movers.begin(), movers.end(), receivers.begin(), receivers.end(),
                   std::back_inserter(neighbour));
    row[person + size_t{1}] = neighbour.size();
    most = std::max(most, static_cast<uint32_t>(row[person + size_t{1}] - row[person]));
  }
  // People in the order of their degree, which falls as those of lower degree are taken away.
  std::vector<uint32_t> degree(n);
  std::vector<uint32_t> bin(most + size_t{2}, 0);
  for (PersonId person = 0; person < n; ++person) {
    degree[person] = static_cast<uint32_t>(row[person + size_t{1}] - row[person]);
    ++bin[degree[person] + size_t{1}];
  }
  for (size_t d = 1; d < bin.size(); ++d) bin[d] += bin[d - 1];  // where each degree begins
  std::vector<PersonId> order(n);
  std::vector<uint32_t> place(n);
  {
    std::vector<uint32_t> next(bin);
    for (PersonId person = 0; person < n; ++person) {
      place[person] = next[degree[person]]++;
      order[place[person]] = person;
    }
  }
  for (uint32_t i = 0; i < n; ++i) {
    const PersonId person = order[i];
    for (uint64_t at = row[person]; at < row[person + size_t{1}]; ++at) {
      const PersonId other = neighbour[at];
      if (degree[other] <= degree[person]) continue;
      // To the front of those of its degree, which then begin one later.
      const uint32_t front = bin[degree[other]]++;
      const PersonId at_front = order[front];
      std::swap(order[front], order[place[other]]);
      std::swap(place[at_front], place[other]);
      --degree[other];
    }
  }
  return {degree.begin(), degree.end()};
}

std::vector<double> vote_rank(const ResponseGraph& graph) {
  const uint32_t n = graph.persons();
  std::vector<double> out(n, 0);
  if (graph.pairs() == 0) return out;
  const double weakened = static_cast<double>(n) / static_cast<double>(graph.pairs());
  std::vector<double> ability(n, 1);
  std::vector<double> votes(n);
  using Candidate = std::pair<double, PersonId>;
  const auto after = [](const Candidate& a, const Candidate& b) {
    return a.first != b.first ? a.first < b.first : a.second > b.second;
  };
  std::priority_queue<Candidate, std::vector<Candidate>, decltype(after)> queue(after);
  for (PersonId person = 0; person < n; ++person) {
    votes[person] = static_cast<double>(graph.movers_of(person).size());
    if (votes[person] > 0) queue.emplace(votes[person], person);
  }
  const auto weaken = [&](PersonId voter, double by) {
    const double less = std::min(ability[voter], by);
    if (less <= 0) return;
    ability[voter] -= less;
    for (const PersonId receiver : graph.receivers_of(voter)) votes[receiver] -= less;
  };
  // Sums that shrink by parts end a little beside 0.
  constexpr double kNone = 1e-9;
  std::vector<PersonId> elected;
  std::vector<bool> done(n, false);
  while (!queue.empty()) {
    const auto [said, person] = queue.top();
    queue.pop();
    if (done[person]) continue;
    if (votes[person] < said) {
      // Votes only ever fall, so what stands in the queue is a bound.
      if (votes[person] > kNone) queue.emplace(votes[person], person);
      continue;
    }
    done[person] = true;
    elected.push_back(person);
    weaken(person, ability[person]);
    for (const PersonId voter : graph.movers_of(person)) weaken(voter, weakened);
  }
  for (size_t i = 0; i < elected.size(); ++i) {
    out[elected[i]] = static_cast<double>(elected.size() - i);
  }
  return out;
}

}  // namespace bellwether
