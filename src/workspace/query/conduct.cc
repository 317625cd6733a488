// SPDX-License-Identifier: Apache-2.0
#include "workspace/query/conduct.h"

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <optional>

namespace bellwether {
namespace {

// What an event makes that others can respond to; empty: nothing.
std::optional<MadeThing::Kind> makes(Verb verb) {
  switch (verb) {
    case Verb::kPost:
    case Verb::kQuote:
      return MadeThing::Kind::kPost;
    case Verb::kReply:
    case Verb::kReview:
      return MadeThing::Kind::kAnswer;
    case Verb::kReshare:
      return MadeThing::Kind::kPassed;
    default:
      return std::nullopt;
  }
}

// By the key under which others respond to it.
using Made = boost::unordered_flat_map<uint64_t, MadeThing>;

void add(Made& made, uint64_t key, MadeThing::Kind kind, Instant published) {
  if (key == 0) return;
  const auto [at, is_new] = made.emplace(key, MadeThing{published, kind, {}});
  if (is_new) return;
  at->second.published = std::min(at->second.published, published);
  at->second.kind = std::max(at->second.kind, kind);
}

// A record that answers somebody states two events of one act: what was made, known by its object,
// and that it answers. Where there is no more than the answer, it is known by the act.
Made things_made(const std::vector<OwnAct>& acts) {
  boost::unordered_flat_map<uint64_t, bool> posts;  // acts that made an object
  boost::unordered_flat_map<uint64_t, MadeThing::Kind> kinds;
  for (const OwnAct& act : acts) {
    const auto kind = makes(act.verb);
    if (!kind) continue;
    const auto [at, is_new] = kinds.emplace(act.act, *kind);
    if (!is_new) at->second = std::max(at->second, *kind);
    if (act.verb == Verb::kPost && act.object != 0) posts.emplace(act.act, true);
  }
  Made made;
  for (const OwnAct& act : acts) {
    if (!makes(act.verb)) continue;
    if (act.verb == Verb::kPost) {
      add(made, act.object, kinds.at(act.act), act.published);
    } else if (!posts.contains(act.act)) {
      add(made, act.act, kinds.at(act.act), act.published);
    }
  }
  return made;
}

}  // namespace

Result<Conduct> read_conduct(Store& store, const Slice& slice, Instant as_of) {
  Conduct conduct;
  if (slice.person == kNobody) return conduct;
  std::vector<AccountId> accounts;
  for (const AccountId account : slice.graph->accounts_of(slice.person)) {
    accounts.push_back(slice.accounts[account]);
  }
  BW_ASSIGN(conduct.acts, store.own_acts(accounts));
  std::erase_if(conduct.acts, [&](const OwnAct& act) {
    return !act.published.known() || act.published >= as_of ||
           (act.withdrawn.known() && act.withdrawn < as_of);
  });
  Made made = things_made(conduct.acts);

  std::vector<EventRow> rows;
  for (const LedgerEntry& entry : slice.received) rows.push_back(entry.row);
  BW_ASSIGN(const std::vector<uint64_t> objects, store.objects_of(rows));
  // Of each thing and person the first response.
  boost::unordered_flat_map<std::pair<uint64_t, PersonId>, Instant> first;
  for (size_t i = 0; i < rows.size(); ++i) {
    const LedgerEntry& entry = slice.received[i];
    const PersonId mover = slice.graph->persons().person_of[entry.mover];
    if (mover == slice.person) continue;
    conduct.received.push_back(entry.published);
    if (objects[i] == 0) continue;
    ++conduct.naming;
    if (!made.contains(objects[i])) continue;
    ++conduct.linked;
    const auto [at, is_new] = first.emplace(std::pair(objects[i], mover), entry.published);
    if (!is_new) at->second = std::min(at->second, entry.published);
  }
  for (const auto& [key, published] : first) made.at(key.first).responses.push_back(published);
  std::sort(conduct.received.begin(), conduct.received.end());
  // The order of a hash table is that of its keys, which are nobody's business.
  std::vector<std::pair<uint64_t, MadeThing*>> order;
  for (auto& [key, thing] : made) order.emplace_back(key, &thing);
  std::sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
    return a.second->published != b.second->published ? a.second->published < b.second->published
                                                      : a.first < b.first;
  });
  for (const auto& [key, thing] : order) {
    std::sort(thing->responses.begin(), thing->responses.end());
    conduct.made.push_back(std::move(*thing));
  }
  return conduct;
}

}  // namespace bellwether
