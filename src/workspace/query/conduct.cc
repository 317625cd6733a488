// SPDX-License-Identifier: Apache-2.0
#include "workspace/query/conduct.h"

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <optional>
#include <string>

#include "base/hash.h"
#include "event/topic.h"

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
    conduct.received.push_back({entry.published, mover});
    if (objects[i] == 0) continue;
    ++conduct.naming;
    if (!made.contains(objects[i])) continue;
    ++conduct.linked;
    const auto [at, is_new] = first.emplace(std::pair(objects[i], mover), entry.published);
    if (!is_new) at->second = std::min(at->second, entry.published);
  }
  for (const auto& [key, published] : first) made.at(key.first).responses.push_back(published);
  std::sort(conduct.received.begin(), conduct.received.end(),
            [](const ReceivedResponse& a, const ReceivedResponse& b) {
              return a.published != b.published ? a.published < b.published : a.mover < b.mover;
            });
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

std::vector<HourOutcome> post_outcomes(const Conduct& conduct, Instant as_of,
                                       const TimeZone& zone) {
  constexpr int64_t kWindow = kPostingWindowDays * kMsPerDay;
  std::vector<HourOutcome> outcomes;
  for (const MadeThing& made : conduct.made) {
    if (made.kind == MadeThing::Kind::kPassed) continue;
    if (made.published.ms > as_of.ms - kWindow) continue;
    if (made.published.ms < as_of.ms - kPostingMemoryDays * kMsPerDay) continue;
    const auto responders =
        std::count_if(made.responses.begin(), made.responses.end(), [&](Instant response) {
          return response >= made.published && response.ms < made.published.ms + kWindow;
        });
    outcomes.push_back({made.published, zone.hour_of_week(made.published),
                        static_cast<uint8_t>(made.kind), static_cast<uint32_t>(responders)});
  }
  return outcomes;
}

std::vector<HourOutcome> arrival_outcomes(const Conduct& conduct, Instant as_of,
                                          const TimeZone& zone) {
  std::vector<HourOutcome> outcomes;
  const int64_t from_ms = as_of.ms - kPostingMemoryDays * kMsPerDay;
  auto next =
      std::find_if(conduct.received.begin(), conduct.received.end(),
                   [&](const ReceivedResponse& each) { return each.published.ms >= from_ms; });
  if (next == conduct.received.end()) return outcomes;
  // Whole hours that are over.
  int64_t hour = next->published.ms / kMsPerHour;
  std::vector<PersonId> who;
  for (; (hour + 1) * kMsPerHour <= as_of.ms; ++hour) {
    who.clear();
    for (; next != conduct.received.end() && next->published.ms < (hour + 1) * kMsPerHour; ++next) {
      who.push_back(next->mover);
    }
    std::sort(who.begin(), who.end());
    const auto people = std::unique(who.begin(), who.end()) - who.begin();
    const Instant at{hour * kMsPerHour};
    outcomes.push_back({at, zone.hour_of_week(at), 0, static_cast<uint32_t>(people)});
  }
  return outcomes;
}

Result<std::vector<StyleAct>> style_acts(Store& store, const Conduct& conduct, const Slice& slice) {
  std::vector<TopicSetId> sets;
  for (const OwnAct& own : conduct.acts) {
    if (own.topics != 0) sets.push_back(own.topics);
  }
  std::sort(sets.begin(), sets.end());
  sets.erase(std::unique(sets.begin(), sets.end()), sets.end());
  BW_ASSIGN(const auto names, store.topic_sets(sets));
  boost::unordered_flat_map<TopicSetId, std::vector<uint64_t>> topics_of;
  for (size_t i = 0; i < sets.size(); ++i) {
    std::vector<uint64_t>& topics = topics_of[sets[i]];
    for (const std::string& name : names[i]) {
      if (phrase_of(name).empty()) topics.push_back(hash64(name));
    }
    std::sort(topics.begin(), topics.end());
    topics.erase(std::unique(topics.begin(), topics.end()), topics.end());
  }

  boost::unordered_flat_map<EventRow, PersonId> towards;  // the first whom the act concerned
  for (const LedgerEntry& entry : slice.given) {
    const PersonId person = slice.graph->persons().person_of[entry.receiver];
    if (person != slice.person) towards.emplace(entry.row, person);
  }
  boost::unordered_flat_map<uint64_t, size_t> place;  // of an act, in what follows
  std::vector<StyleAct> acts;
  for (const OwnAct& own : conduct.acts) {
    const auto kind = style_kind(own.verb);
    if (!kind) continue;
    const auto [at, is_new] = place.emplace(own.act, acts.size());
    if (is_new) acts.push_back({own.published, *kind, {}, 0});
    StyleAct& act = acts[at->second];
    // A record that makes something in answer to somebody says something to them.
    if (!is_new && act.kind == StyleAct::Kind::kCreated) act.kind = *kind;
    if (act.towards == 0) {
      const auto whom = towards.find(own.row);
      if (whom != towards.end()) act.towards = uint64_t{whom->second} + 1;
    }
    if (act.topics.empty() && own.topics != 0) act.topics = topics_of.at(own.topics);
  }
  return acts;
}

}  // namespace bellwether
