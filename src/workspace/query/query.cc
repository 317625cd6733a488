// SPDX-License-Identifier: Apache-2.0
#include "workspace/query/query.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <map>
#include <mutex>
#include <numeric>
#include <set>
#include <unordered_set>

#include "event/topic.h"
#include "workspace/persons.h"
#include "workspace/query/conduct.h"
#include "workspace/query/past.h"
#include "workspace/query/slice.h"
#include "workspace/query/topics.h"
#include "workspace/query/words.h"
#include "workspace/recipes/lead.h"
#include "workspace/recipes/rescore.h"

namespace bellwether {
namespace {

Error nothing_scored() {
  return {ErrorCode::kNotFound,
          "nothing has been scored yet: `bellwether ingest FILE`, then `bellwether score`"};
}

Error no_such_person(const std::string& person) {
  return {ErrorCode::kNotFound,
          fmt::format("nobody here is called '{}': `bellwether rank` lists people", person)};
}

// Topics shown with what they rest on, and topics that are not (yet) the person's, with what they
// lack.
constexpr size_t kTheirsOnCard = 10;
constexpr size_t kOthersOnCard = 3;
constexpr size_t kOthersExplained = 20;

ForecastRow forecast_row(const CountForecast& forecast) {
  const double tail = (1 - kForecastMass) / 2;
  return {forecast.mean, forecast.quantile(tail), forecast.quantile(1 - tail)};
}

}  // namespace

// Who the accounts of a slice are; looked up in few calls, and only those that are named.
class NameBook {
 public:
  explicit NameBook(Store& store) : store_(store) {}

  Result<void> learn(const std::vector<AccountId>& ids) {
    std::vector<AccountId> unknown;
    for (const AccountId id : ids) {
      if (!entries_.contains(id)) unknown.push_back(id);
    }
    if (unknown.empty()) return {};
    BW_ASSIGN(auto entries, store_.ledger_accounts(unknown));
    for (AccountEntry& entry : entries) {
      const AccountId id = entry.id;
      entries_.insert_or_assign(id, std::move(entry));
    }
    return {};
  }
  // One of those learnt.
  const AccountEntry& at(AccountId id) const { return entries_.at(id); }

 private:
  Store& store_;
  std::map<AccountId, AccountEntry> entries_;
};

// The topics of each set, looked up in few calls.
class TopicBook {
 public:
  explicit TopicBook(Store& store) : store_(store) {}

  Result<void> learn(std::vector<TopicSetId> sets) {
    std::erase_if(sets, [&](TopicSetId set) { return topics_.contains(set); });
    std::sort(sets.begin(), sets.end());
    sets.erase(std::unique(sets.begin(), sets.end()), sets.end());
    if (sets.empty()) return {};
    BW_ASSIGN(auto names, store_.topic_sets(sets));
    for (size_t i = 0; i < sets.size(); ++i) topics_.emplace(sets[i], std::move(names[i]));
    return {};
  }
  // One of those learnt.
  const std::vector<std::string>& at(TopicSetId set) const { return topics_.at(set); }

 private:
  Store& store_;
  std::map<TopicSetId, std::vector<std::string>> topics_;
};

// One snapshot and what is needed to speak of it. Immutable once made but for the parts that are
// read at first use.
class SnapshotView {
 public:
  SnapshotInfo info;
  Policy policy;
  Meta meta;
  LinkGroups links;
  std::set<AccountId> listed;  // first accounts, in the ledger's numbering
  std::map<AccountId, std::vector<std::string>> hidden_topics;  // by first account

  // All scores, by rank: the settled first, then the provisional by independent evidence.
  struct Everybody {
    std::vector<PersonScore> scores;
    std::vector<uint32_t> order;
    uint32_t settled = 0;
    std::shared_ptr<const Numbering> numbering;
    LedgerRestriction only;  // what these are scores of
    bool restricted() const { return only.topics || only.network; }
  };
  Result<std::shared_ptr<const Everybody>> everybody(Store& store) {
    const std::lock_guard lock(mutex_);
    if (everybody_) return everybody_;
    auto all = std::make_shared<Everybody>();
    BW_ASSIGN(all->scores, store.scores(info.snapshot));
    BW_ASSIGN(all->numbering, store.ledger_numbering());
    const auto& scores = all->scores;
    for (uint32_t i = 0; i < scores.size(); ++i) {
      if (scores[i].person == kNobody) continue;
      all->order.push_back(i);
      if (scores[i].settled) ++all->settled;
    }
    std::sort(all->order.begin(), all->order.end(),
              [&](uint32_t a, uint32_t b) { return comes_first(scores[a], scores[b]); });
    everybody_ = std::move(all);
    return everybody_;
  }

  // How many responses each person gave within the policy's reach_days, by their first account.
  Result<std::shared_ptr<const std::vector<uint32_t>>> given(Store& store) {
    const std::lock_guard lock(given_mutex_);
    if (given_) return given_;
    BW_ASSIGN(const auto numbering, store.ledger_numbering());
    std::vector<AccountId> first(numbering->accounts());
    std::iota(first.begin(), first.end(), AccountId{0});
    for (const auto& group : links) {
      const AccountId smallest = *std::min_element(group.begin(), group.end());
      for (const AccountId account : group) first[account] = smallest;
    }
    auto counts = std::make_shared<std::vector<uint32_t>>(numbering->accounts(), 0);
    const Instant from{info.as_of.ms - int64_t{policy.reach_days} * kMsPerDay};
    BW_TRY(store.scan_ledger([&](std::span<const LedgerEntry> piece) {
      for (const LedgerEntry& e : piece) {
        if (e.published >= from && e.counts_as_of(info.as_of) &&
            first[e.mover] != first[e.receiver]) {
          ++(*counts)[first[e.mover]];
        }
      }
    }));
    given_ = std::move(counts);
    return given_;
  }

  // How things stood at an earlier snapshot. Whoever asks first about one makes the others wait.
  Result<std::shared_ptr<const Past>> past(Workspace& workspace, const SnapshotInfo& then) {
    const std::lock_guard lock(past_mutex_);
    const auto known = std::find_if(past_.begin(), past_.end(), [&](const auto& kept) {
      return kept->snapshot.snapshot == then.snapshot;
    });
    if (known != past_.end()) return *known;
    BW_ASSIGN(Past looked, look_back(workspace, then, info, policy));
    constexpr size_t kKept = 4;  // each has a number for every account of standing
    if (past_.size() == kKept) past_.erase(past_.begin());
    past_.push_back(std::make_shared<const Past>(std::move(looked)));
    return past_.back();
  }

  Result<std::shared_ptr<const TopicIndex>> topics(Workspace& workspace) const {
    const std::lock_guard lock(mutex_);
    if (topics_) return topics_;
    BW_ASSIGN(auto ontology, workspace.ontology());
    BW_ASSIGN(topics_, TopicIndex::make(workspace.store(), std::move(ontology)));
    return topics_;
  }

  static bool comes_first(const PersonScore& a, const PersonScore& b) {
    if (a.settled != b.settled) return a.settled;
    if (a.settled) return a.rank < b.rank;
    // The provisional stand in the order of what is known of them, not of a score that may turn.
    const auto evidence = [](const PersonScore& s) {
      return std::tuple(s.independent_movers, s.vouched_movers, s.movers, s.value);
    };
    if (evidence(a) != evidence(b)) return evidence(a) > evidence(b);
    return a.person < b.person;
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const Everybody> everybody_;
  std::mutex given_mutex_;
  std::shared_ptr<const std::vector<uint32_t>> given_;
  std::mutex past_mutex_;
  std::vector<std::shared_ptr<const Past>> past_;  // oldest question first
  mutable std::shared_ptr<const TopicIndex> topics_;
};

struct Query::Impl {
  Workspace& workspace;
  std::mutex mutex;
  std::shared_ptr<SnapshotView> newest;

  explicit Impl(Workspace& w) : workspace(w) {}
  Store& store() { return workspace.store(); }

  Result<std::shared_ptr<SnapshotView>> load(const SnapshotInfo& info) {
    auto view = std::make_shared<SnapshotView>();
    view->info = info;
    BW_ASSIGN(view->policy, parse_policy(info.policy_toml));
    BW_ASSIGN(view->links, link_groups(workspace));
    BW_ASSIGN(const auto listed, workspace.registry().listed());
    BW_ASSIGN(const std::vector<AccountId> listed_ids, store().ledger_ids(listed));
    for (const AccountId id : listed_ids) {
      if (id != kNobody) view->listed.insert(group_of(*view, id).front());
    }
    BW_ASSIGN(const auto hidden, workspace.registry().hidden_topics());
    std::vector<std::string> hiding;
    for (const HiddenTopic& each : hidden) hiding.push_back(each.person);
    BW_ASSIGN(const std::vector<AccountId> hiding_ids, store().ledger_ids(hiding));
    for (size_t i = 0; i < hidden.size(); ++i) {
      if (hiding_ids[i] == kNobody) continue;
      view->hidden_topics[group_of(*view, hiding_ids[i]).front()].push_back(hidden[i].topic);
    }
    BW_ASSIGN(const LogSummary summary, store().summary());
    Meta& meta = view->meta;
    meta = {info.as_of,       info.computed,
            info.snapshot,    info.method,
            info.policy_hash, info.policy_name,
            info.simulated,   summary.generation != info.generation,
            summary.sources,  summary.sources_broken};
    return view;
  }

  Result<std::shared_ptr<SnapshotView>> view() {
    {
      const std::lock_guard lock(mutex);
      if (newest) return newest;
    }
    BW_TRY(refresh());
    const std::lock_guard lock(mutex);
    if (!newest) return nothing_scored();
    return newest;
  }

  Result<void> refresh() {
    BW_ASSIGN(const auto snapshots, store().snapshots());
    if (snapshots.empty()) return {};
    BW_ASSIGN(auto loaded, load(snapshots.back()));
    const std::lock_guard lock(mutex);
    newest = std::move(loaded);
    return {};
  }

  // `account`: any of the person's, in the ledger's numbering.
  bool may_see(const SnapshotView& view, AccountId account, Viewer viewer) const {
    return viewer == Viewer::kOperator || view.listed.contains(group_of(view, account).front());
  }

  // The accounts of the person that a ledger account belongs to, the first one first.
  static std::vector<AccountId> group_of(const SnapshotView& view, AccountId account) {
    for (const auto& group : view.links) {
      if (std::find(group.begin(), group.end(), account) != group.end()) return group;
    }
    return {account};
  }

  // Whom the words name: their accounts in the ledger's numbering, the first one first.
  Result<std::vector<AccountEntry>> find_person(const SnapshotView& view, const std::string& person,
                                                Viewer viewer) {
    std::optional<AccountEntry> found;
    if (const auto key = parse_person_id(person)) {
      BW_ASSIGN(found, store().ledger_account_by_key(*key));
    }
    if (!found && person.find(':') != std::string::npos) {
      const AccountRef account = split_reference(person);
      BW_ASSIGN(found, store().ledger_account(account.network, account.name));
    }
    if (!found) {
      BW_ASSIGN(auto same, called(view, person, viewer));
      if (same.empty()) {
        BW_ASSIGN(same, named(view, person, viewer));
      }
      if (same.size() > 1) {
        std::string list;
        for (size_t i = 0; i < std::min<size_t>(same.size(), 5); ++i) {
          list += (i == 0 ? "" : ", ") + same[i].ref();
        }
        return Error{ErrorCode::kInvalidArgument,
                     fmt::format("'{}' may be {}{}: name one of them", person, list,
                                 same.size() > 5 ? " and others" : "")};
      }
      if (same.size() == 1) found = same.front();
    }
    if (!found) {
      BW_ASSIGN(const Erased erased, workspace.registry().erased());
      if (viewer == Viewer::kOperator && erased.named(person)) {
        return Error{ErrorCode::kNotFound,
                     fmt::format("'{}' was erased: nothing about them is kept", person)};
      }
      return no_such_person(person);
    }
    const std::vector<AccountId> group = group_of(view, found->id);
    std::vector<AccountEntry> accounts;
    if (group.size() == 1) {
      accounts.push_back(*found);
    } else {
      BW_ASSIGN(accounts, store().ledger_accounts(group));
    }
    if (accounts.empty() || !may_see(view, accounts.front().id, viewer)) {
      return no_such_person(person);
    }
    return accounts;
  }

  // The people one of whose accounts has this name, `@` or not, on some network; one account each.
  // Found by their keys, which takes no pass over all names.
  Result<std::vector<AccountEntry>> called(const SnapshotView& view, const std::string& name,
                                           Viewer viewer) {
    std::vector<AccountEntry> same;
    BW_ASSIGN(const auto networks, store().ledger_network_names());
    for (const std::string& network : networks) {
      for (const std::string& spelt : {name, "@" + name}) {
        BW_ASSIGN(const auto entry, store().ledger_account(network, spelt));
        if (entry) BW_TRY(add_person(view, entry->id, viewer, same));
      }
    }
    return same;
  }

  // Adds the first account of whom `account` belongs to, unless it is there or may not be seen.
  Result<void> add_person(const SnapshotView& view, AccountId account, Viewer viewer,
                          std::vector<AccountEntry>& people) {
    const auto group = group_of(view, account);
    if (!may_see(view, group.front(), viewer)) return {};
    const bool known = std::any_of(people.begin(), people.end(), [&](const AccountEntry& each) {
      return each.id == group.front();
    });
    if (known) return {};
    BW_ASSIGN(const auto first, store().ledger_accounts(std::span(group).first(1)));
    if (!first.empty()) people.push_back(first.front());
    return {};
  }

  // The people whose name, as one word, is exactly this; one account each.
  Result<std::vector<AccountEntry>> named(const SnapshotView& view, const std::string& name,
                                          Viewer viewer) {
    BW_ASSIGN(const auto like, store().search_accounts(name, 50));
    std::vector<AccountEntry> same;
    for (const AccountEntry& account : like) {
      const bool exact =
          account.name == name || account.display_name == name || account.name == "@" + name;
      if (!exact) continue;
      BW_ASSIGN(const auto entry, store().ledger_account(account.network, account.name));
      if (entry) BW_TRY(add_person(view, entry->id, viewer, same));
    }
    return same;
  }

  // The key under which a snapshot keeps a person: that of their account with the smallest number,
  // and accounts are numbered in the order of their keys. By whom they were linked plays no part.
  static uint64_t score_key(const std::vector<AccountEntry>& accounts) {
    uint64_t key = hash64(accounts.front().ref());
    for (const AccountEntry& account : accounts) key = std::min(key, hash64(account.ref()));
    return key;
  }

  static std::vector<AccountId> ids_of(const std::vector<AccountEntry>& accounts) {
    std::vector<AccountId> ids;
    for (const AccountEntry& account : accounts) ids.push_back(account.id);
    return ids;
  }

  PersonRow row_of(const SnapshotView& view, const std::vector<AccountEntry>& accounts,
                   const std::optional<PersonScore>& score) const {
    PersonRow row;
    const AccountEntry& first = accounts.front();
    row.person = person_id(hash64(first.ref()));
    row.name = shown_name(first);
    for (const AccountEntry& account : accounts) row.accounts.push_back(account.ref());
    row.listed = view.listed.contains(first.id);
    if (!score) return row;
    row.score = score->value;
    row.low = score->interval.low;
    row.high = score->interval.high;
    row.settled = score->settled;
    row.people_moved = people_moved(score->value, view.policy);
    row.reach = score->reach;
    if (score->amplification >= 0) row.amplification = score->amplification;
    if (score->audience >= 0) row.audience = score->audience;
    row.momentum = score->momentum;
    row.momentum_before = score->momentum_before;
    for (size_t w = 0; w < row.forecast.size(); ++w) {
      if (score->forecast[w].size > 0) row.forecast[w] = forecast_row(score->forecast[w]);
    }
    row.percentile = score->percentile;
    row.standing = score->standing;
    row.movers = score->movers;
    row.vouched_movers = score->vouched_movers;
    row.independent_movers = score->independent_movers;
    row.acts = score->acts;
    row.last_evidence = score->last_evidence;
    row.rank = score->rank;
    row.rank_low = score->rank_low;
    row.rank_high = score->rank_high;
    return row;
  }

  // Names that several answers share.
  struct Books {
    explicit Books(Store& store) : names(store), topics(store) {}
    NameBook names;
    TopicBook topics;
    std::shared_ptr<const TopicIndex> index;  // null: nobody's acts have topics

    std::vector<TopicId> topics_of(TopicSetId set) const {
      return index ? index->of_names(topics.at(set)) : std::vector<TopicId>{};
    }
    std::vector<std::string> labels_of(TopicSetId set) const {
      std::vector<std::string> labels;
      for (const TopicId topic : topics_of(set)) labels.push_back(index->label(topic));
      return labels;
    }
  };

  // Everything about one person that takes their slice of the ledger.
  struct Told {
    PersonRow row;
    Slice slice;
    std::optional<Explanation> explanation;
    std::shared_ptr<Books> books;
    std::vector<TopicEvidence> evidence;  // set by learn_topics
    std::set<TopicId> hidden;             // likewise: topics not to be shown with them
  };

  // The topics that the person with this first account is not to be shown with.
  static std::set<TopicId> hidden_of(const SnapshotView& view, AccountId first_account,
                                     const TopicIndex& index) {
    std::set<TopicId> hidden;
    const auto named = view.hidden_topics.find(first_account);
    if (named == view.hidden_topics.end()) return hidden;
    for (const std::string& name : named->second) {
      if (const TopicId topic = index.find(name); topic != kUnknownTopic) hidden.insert(topic);
    }
    return hidden;
  }

  // Without topics and names, which learn_topics() and learn_names() fill in.
  Result<Told> begin_telling(const SnapshotView& view, const std::vector<AccountEntry>& accounts) {
    BW_ASSIGN(const auto score, store().score_of(view.info.snapshot, score_key(accounts)));
    const auto ledger = stored_ledger(store());
    return begin_telling(view, *ledger, accounts, score);
  }
  Result<Told> begin_telling(const SnapshotView& view, LedgerSource& ledger,
                             const std::vector<AccountEntry>& accounts,
                             const std::optional<PersonScore>& score) {
    Told told;
    told.row = row_of(view, accounts, score);
    BW_ASSIGN(told.slice,
              read_slice(ledger, view.links, ids_of(accounts), view.info.as_of, view.policy));
    if (!score || told.slice.person == kNobody) return told;
    told.explanation = bellwether::explain(*told.slice.graph, *told.slice.standing, view.policy,
                                           PostRecord{}, told.slice.person, told.slice.received);
    return told;
  }

  // Of one or many at once: every statement costs more than what it answers.
  Result<void> learn_topics(const SnapshotView& view, std::span<Told> all,
                            TopicDetail detail = TopicDetail::kAll) {
    const auto books = std::make_shared<Books>(store());
    std::vector<TopicSetId> sets;
    for (Told& told : all) {
      told.books = books;
      if (!told.explanation) continue;
      for (const Contribution& act : told.explanation->acts) {
        if (act.entry.topics != 0) sets.push_back(act.entry.topics);
      }
    }
    if (sets.empty()) return {};
    BW_ASSIGN(books->index, view.topics(workspace));
    const TopicIndex& index = *books->index;
    BW_TRY(books->topics.learn(std::move(sets)));
    // What a set means is asked for once.
    std::map<TopicSetId, std::vector<TopicId>> meaning;
    const auto topics_of = [&](TopicSetId set) -> std::span<const TopicId> {
      const auto [at, fresh] = meaning.try_emplace(set);
      if (fresh) at->second = books->topics_of(set);
      return at->second;
    };
    for (Told& told : all) {
      if (!told.explanation) continue;
      told.evidence =
          topic_evidence(told.explanation->acts, view.policy, index.tree(), topics_of, detail);
      told.hidden = hidden_of(
          view,
          told.slice.accounts.empty() ? kNobody : first_account(told.slice, told.slice.person),
          index);
      for (const TopicEvidence& each : told.evidence) {
        if (each.state != TopicState::kTheirs || told.hidden.contains(each.topic)) continue;
        told.row.topics.push_back(index.label(each.topic));
      }
    }
    return {};
  }

  struct TopicRowsMax {
    size_t theirs, others;
    bool within;  // also those that more specific topics of theirs hold
  };
  // The evidence behind a person's topics: theirs, then others; those with most points.
  Result<std::vector<TopicRow>> topic_rows(const SnapshotView& view, const Told& told,
                                           TopicRowsMax most, Viewer viewer) {
    std::vector<TopicRow> rows;
    std::vector<const TopicEvidence*> shown;
    std::vector<EventRow> wanted;
    for (const TopicEvidence& each : told.evidence) {
      const bool theirs = each.state == TopicState::kTheirs;
      const bool hidden = told.hidden.contains(each.topic);
      if (hidden && viewer == Viewer::kPublic) continue;
      if (each.state == TopicState::kWithin && !most.within) continue;
      size_t& left = theirs ? most.theirs : most.others;
      if (left == 0) continue;
      --left;
      shown.push_back(&each);
      TopicRow& row = rows.emplace_back();
      row.topic = told.books->index->label(each.topic);
      if (const auto known = told.books->index->in_ontology(each.topic); known != Ontology::kNone) {
        row.id = told.books->index->ontology().at(known).stated.id;
      }
      row.theirs = theirs;
      row.hidden = hidden;
      row.points = each.points;
      row.vouched_movers = each.movers;
      row.days = each.days;
      row.acts = each.acts;
      row.missing = topic_missing_words(each, view.policy);
      if (viewer == Viewer::kOperator) {
        wanted.insert(wanted.end(), each.receipts().begin(), each.receipts().end());
      }
    }
    if (wanted.empty()) return rows;
    std::sort(wanted.begin(), wanted.end());
    wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
    BW_ASSIGN(const auto receipts, store().receipts(wanted));
    std::map<EventRow, const Receipt*> by_row;
    for (const Receipt& receipt : receipts) by_row[receipt.row] = &receipt;
    for (size_t i = 0; i < rows.size(); ++i) {
      for (const EventRow event : shown[i]->receipts()) {
        if (const auto at = by_row.find(event); at != by_row.end()) {
          rows[i].receipts.push_back(plain_receipt(*at->second, told.books->index.get()));
        }
      }
    }
    return rows;
  }

  // As people read it: phrases without their mark, and none that stands for no topic.
  static Receipt plain_receipt(Receipt receipt, const TopicIndex* index) {
    std::set<std::string> topics;
    for (const std::string& topic : receipt.topics) {
      if (phrase_of(topic).empty() || (index != nullptr && !index->of_names({topic}).empty())) {
        topics.emplace(without_mark(topic));
      }
    }
    receipt.topics.assign(topics.begin(), topics.end());
    return receipt;
  }

  // After learn_topics: the names of those who held them up most, and of whoever else is `named`.
  static Result<void> learn_names(std::span<Told> all, std::vector<AccountId> named) {
    for (const Told& told : all) {
      if (!told.explanation) continue;
      for (const ContributionGroup& group : told.explanation->up) {
        for (const PersonId mover : group.top_movers) {
          named.push_back(first_account(told.slice, mover));
        }
      }
    }
    std::sort(named.begin(), named.end());
    named.erase(std::unique(named.begin(), named.end()), named.end());
    return all.empty() ? Result<void>() : all.front().books->names.learn(named);
  }

  // The first account of a person of a slice, in the ledger's numbering.
  static AccountId first_account(const Slice& slice, PersonId person) {
    return slice.accounts[slice.graph->accounts_of(person).front()];
  }

  // `people` are learnt.
  std::vector<std::string> names_of(const SnapshotView& view, const Told& told,
                                    const std::vector<PersonId>& people, Viewer viewer) const {
    std::vector<std::string> names;
    for (const PersonId person : people) {
      const AccountId account = first_account(told.slice, person);
      if (may_see(view, account, viewer))
        names.push_back(shown_name(told.books->names.at(account)));
    }
    return names;
  }

  static ActTerms terms_of(const SnapshotView& view, const Contribution& act) {
    ActTerms terms;
    terms.weight = view.policy.credit.weight[static_cast<size_t>(act.entry.verb)];
    terms.credit = static_cast<double>(act.entry.credit) / static_cast<double>(kCreditOne);
    terms.standing = act.standing;
    terms.courted = act.courted;
    terms.age_days = static_cast<double>(view.info.as_of.ms - act.entry.published.ms) /
                     static_cast<double>(kMsPerDay);
    for (const double half_life_days : view.policy.half_life_days) {
      terms.decay.push_back(std::exp2(-terms.age_days / half_life_days));
    }
    return terms;
  }

  void reasons(const SnapshotView& view, const Told& told, Viewer viewer, std::vector<Reason>& up,
               std::vector<Reason>& down, std::vector<std::string>& missing) const {
    if (!told.explanation) return;
    for (const ContributionGroup& group : told.explanation->up) {
      up.push_back(
          {group.points, reason_up(group, names_of(view, told, group.top_movers, viewer))});
    }
    for (const Restraint& restraint : told.explanation->down) {
      down.push_back({restraint.points, reason_down(restraint, view.policy)});
    }
    missing = missing_words(told.explanation->missing, told.row, view.policy);
  }

  // One line: by how many, in which ways that matter, and by whom most.
  std::string one_line(const SnapshotView& view, const Told& told, Viewer viewer) const {
    if (!told.explanation || told.explanation->up.empty()) return {};
    const auto& up = told.explanation->up;
    std::string line;
    for (const ContributionGroup& group : up) {
      if (group.points < up[0].points / 4) break;
      const auto who = names_of(view, told, group.top_movers, viewer);
      line += fmt::format("{}{} by ", line.empty() ? "" : ", ", passive(group.verb));
      if (group.movers > 1) {
        line += grouped(group.movers) + " people";
      } else {
        // Of a single person it is worth knowing who, and how often.
        line += who.empty() ? "one person" : who.front();
        if (group.acts > 1) line += fmt::format(" {} times", grouped(group.acts));
      }
    }
    const auto names = names_of(view, told, up[0].top_movers, viewer);
    if (!names.empty() && up[0].movers > names.size()) {
      line += fmt::format(", most of all {}", name_list(names, names.size()));
    }
    return line;
  }

  // What each of the peers is made of, in the groups that were asked for.
  struct PeerParts {
    Peers peers;
    std::vector<double> totals;                         // score - 1
    std::vector<std::map<std::string, double>> by_key;  // of the groups that have a common name
    std::vector<std::vector<double>> by_place;          // of people and acts, largest first
  };

  static double median(std::vector<double> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    if (values.size() % 2 == 1) return *middle;
    return (*middle + *std::max_element(values.begin(), middle)) / 2;
  }

  static bool is_personal(Grouping grouping) {
    return grouping == Grouping::kMover || grouping == Grouping::kAct;
  }

  // What groups of different people are held against each other by.
  static std::string common_key(const ContributionGroup& group, Grouping grouping) {
    switch (grouping) {
      case Grouping::kVerb:
        return std::string(to_string(group.verb));
      case Grouping::kTopic:
        return group.topic;
      case Grouping::kNetwork:
        return std::to_string(group.network);
      case Grouping::kMonth:
        return group.month;
      case Grouping::kMover:
      case Grouping::kAct:
        break;
    }
    return {};
  }

  Result<std::optional<PeerParts>> peers(SnapshotView& view, AccountId person, Grouping grouping,
                                         Viewer viewer) {
    BW_ASSIGN(const auto all, view.everybody(store()));
    BW_ASSIGN(const auto given, view.given(store()));
    const double own = (*given)[person];
    // Nearest first; those as near in the order of their hashed ids, which is no order of anything.
    std::vector<std::pair<double, uint32_t>> near;
    for (const uint32_t i : all->order) {
      const AccountId other = all->scores[i].person;
      const double count = (*given)[other];
      if (other == person || 2 * count < own || count > 2 * own) continue;
      if (!may_see(view, other, viewer)) continue;
      near.emplace_back(std::abs(std::log2((count + 1) / (own + 1))), i);
    }
    if (near.size() < kPeersMin) return std::optional<PeerParts>();
    const auto nearer = [&](const auto& a, const auto& b) {
      return a.first != b.first ? a.first < b.first
                                : all->scores[a.second].person < all->scores[b.second].person;
    };
    const size_t count = std::min<size_t>(near.size(), kPeersMax);
    std::partial_sort(near.begin(), near.begin() + static_cast<std::ptrdiff_t>(count), near.end(),
                      nearer);
    near.resize(count);

    PeerParts parts;
    parts.peers.people = static_cast<uint32_t>(count);
    parts.peers.given = (*given)[person];
    std::vector<std::vector<AccountId>> groups;
    std::vector<AccountId> ids;
    for (const auto& [distance, place] : near) {
      groups.push_back(group_of(view, all->scores[place].person));
      ids.insert(ids.end(), groups.back().begin(), groups.back().end());
    }
    std::sort(ids.begin(), ids.end());
    BW_ASSIGN(const auto ledger, loaded_ledger(store(), view.links, ids));
    BW_ASSIGN(const auto entries, store().ledger_accounts(ids));
    std::map<AccountId, const AccountEntry*> by_id;
    for (const AccountEntry& entry : entries) by_id[entry.id] = &entry;
    std::vector<Told> told;
    for (size_t i = 0; i < near.size(); ++i) {
      std::vector<AccountEntry> accounts;
      for (const AccountId id : groups[i]) {
        if (const auto found = by_id.find(id); found != by_id.end()) {
          accounts.push_back(*found->second);
        }
      }
      if (accounts.empty()) continue;
      BW_ASSIGN(Told one, begin_telling(view, *ledger, accounts, all->scores[near[i].second]));
      if (one.explanation) told.push_back(std::move(one));
    }
    if (told.size() < kPeersMin) return std::optional<PeerParts>();
    if (grouping == Grouping::kTopic) BW_TRY(learn_topics(view, told));
    std::vector<double> scores;
    for (const Told& one : told) {
      scores.push_back(one.explanation->score.value);
      parts.totals.push_back(one.explanation->score.value - 1);
      auto& by_key = parts.by_key.emplace_back();
      auto& by_place = parts.by_place.emplace_back();
      for (const ContributionGroup& group :
           bellwether::group(one.explanation->acts, grouping,
                             [&](TopicSetId set) { return one.books->topics.at(set); })) {
        if (is_personal(grouping)) {
          by_place.push_back(group.points);
        } else {
          by_key[common_key(group, grouping)] += group.points;
        }
      }
    }
    parts.peers.people = static_cast<uint32_t>(told.size());
    parts.peers.score = median(std::move(scores));
    return std::optional<PeerParts>(std::move(parts));
  }

  // The medians of these groups (by their places), and of all that the peers have beside them.
  static double medians(const PeerParts& parts, const std::vector<ContributionGroup>& groups,
                        const std::vector<size_t>& shown, Grouping grouping,
                        std::vector<ContributionRow>& rows) {
    std::vector<double> rest = parts.totals;
    for (size_t r = 0; r < shown.size(); ++r) {
      std::vector<double> values;
      const std::string key = common_key(groups[shown[r]], grouping);
      for (size_t p = 0; p < parts.totals.size(); ++p) {
        double points = 0;
        if (is_personal(grouping)) {
          if (shown[r] < parts.by_place[p].size()) points = parts.by_place[p][shown[r]];
        } else if (const auto found = parts.by_key[p].find(key); found != parts.by_key[p].end()) {
          points = found->second;
        }
        rest[p] -= points;
        values.push_back(points);
      }
      rows[r].median = median(std::move(values));
    }
    return std::max(0.0, median(std::move(rest)));
  }

  Result<Policy> policy_of(const PolicyChoice& choice) {
    if (choice.text) {
      auto policy = parse_policy(*choice.text);
      if (policy.ok()) return policy;
      return Error{policy.error().code, choice.asked + ": " + policy.error().message};
    }
    if (choice.asked == kPolicyCurrent) {
      BW_TRY(workspace.reload_policy());
      return workspace.policy();
    }
    BW_ASSIGN(const auto snapshots, store().snapshots());
    for (auto s = snapshots.rbegin(); s != snapshots.rend(); ++s) {
      if (s->policy_hash == choice.asked || std::to_string(s->snapshot) == choice.asked) {
        return parse_policy(s->policy_toml);
      }
    }
    return Error{ErrorCode::kNotFound,
                 fmt::format("'{}' is neither a policy file, nor `current`, nor the number or the "
                             "policy hash of a snapshot",
                             choice.asked)};
  }

  // The snapshot that `since` means; empty: none was asked for, or there is none before.
  Result<std::optional<SnapshotInfo>> earlier(const SnapshotView& view, const std::string& since) {
    if (since == kSinceNone) return std::optional<SnapshotInfo>();
    BW_ASSIGN(const auto snapshots, store().snapshots());
    const SnapshotInfo& now = view.info;
    std::optional<SnapshotInfo> found;
    if (since == kSinceLast) {
      for (const SnapshotInfo& s : snapshots) {
        const bool same = s.as_of == now.as_of && s.policy_hash == now.policy_hash &&
                          s.generation == now.generation;
        if (s.snapshot != now.snapshot && s.as_of <= now.as_of && !same) found = s;
      }
      return found;
    }
    constexpr size_t kDigitsMax = 6;  // of a snapshot's number; more are seconds of an instant
    const bool is_number = !since.empty() && since.size() <= kDigitsMax &&
                           since.find_first_not_of("0123456789") == std::string::npos;
    const auto instant = is_number ? std::nullopt : parse_instant(since);
    if (!is_number && !instant) {
      return Error{ErrorCode::kInvalidArgument,
                   fmt::format("'{}' is neither the number of a snapshot nor a time: write 3, "
                               "2012-07-03T12:00:00Z, last or none",
                               since)};
    }
    for (const SnapshotInfo& s : snapshots) {
      if (is_number ? s.snapshot == std::stoul(since)
                    : s.as_of <= *instant && (!found || found->as_of <= s.as_of)) {
        found = s;
      }
    }
    if (!found) {
      return Error{
          ErrorCode::kNotFound,
          is_number ? fmt::format("there is no snapshot {}: the newest is {}", since, now.snapshot)
                    : fmt::format("no snapshot is as old as {0}: `bellwether score --as-of "
                                  "{0}` makes one",
                                  to_string(*instant))};
    }
    if (found->as_of > now.as_of) {
      return Error{ErrorCode::kInvalidArgument,
                   fmt::format("snapshot {} speaks for a later instant than the newest snapshot, "
                               "which is as of {}",
                               found->snapshot, to_string(now.as_of))};
    }
    return found;
  }

  Result<ScoreChange> changed(SnapshotView& view, const Told& told,
                              const std::vector<AccountEntry>& accounts, const SnapshotInfo& then,
                              Viewer viewer) {
    BW_ASSIGN(const auto past, view.past(workspace, then));
    const auto ledger = past_ledger(store(), *past);
    BW_ASSIGN(const Slice slice,
              read_slice(*ledger, view.links, ids_of(accounts), then.as_of, view.policy));
    const uint64_t key = score_key(accounts);
    BW_ASSIGN(const auto score_then, store().score_of(then.snapshot, key));
    std::optional<Restated> restated;
    if (past->restated) {
      const auto known = past->restated->find(key);
      restated = known == past->restated->end() ? Restated{} : known->second;
    }
    const Change change =
        what_changed({*slice.graph, *slice.standing, slice.received,
                      score_then ? std::optional<double>(score_then->value) : std::nullopt},
                     {*told.slice.graph, *told.slice.standing, told.slice.received, told.row.score},
                     view.policy, told.slice.person, restated);

    ScoreChange result;
    result.snapshot = then.snapshot;
    result.as_of = then.as_of;
    result.computed = then.computed;
    result.method = then.method;
    result.policy = then.policy_hash;
    result.policy_name = then.policy_name;
    if (score_then) result.score = score_then->value;
    result.points = change.difference();
    ChangeWords words{change, then.as_of, view.info.as_of, {}, {}, {}};
    // The name is no part of what a policy means.
    if (then.policy_hash != view.info.policy_hash) {
      const auto named = [](const SnapshotInfo& s) {
        return fmt::format("{} ({}, {})", s.policy_name, s.policy_hash, s.method);
      };
      words.policy_then = named(then);
      words.policy_now = named(view.info);
    }
    for (const AccountEntry& account : accounts) {
      const uint64_t own = hash64(account.ref());
      if (own == key) continue;
      BW_ASSIGN(const auto apart, store().score_of(then.snapshot, own));
      if (apart) words.linked.push_back(account.ref());
    }
    result.sentence = change_sentence(words);

    std::vector<AccountId> named;
    for (const auto* list : {&change.came, &change.faded}) {
      for (const ChangeMover& each : *list) {
        if (!told.slice.graph->is_erased(each.mover)) {
          named.push_back(first_account(told.slice, each.mover));
        }
      }
    }
    std::sort(named.begin(), named.end());
    named.erase(std::unique(named.begin(), named.end()), named.end());
    BW_TRY(told.books->names.learn(named));
    const auto add = [&](std::string_view cause, double points,
                         const std::vector<ChangeMover>& movers) -> ChangePart& {
      ChangePart& part = result.parts.emplace_back();
      part.cause = cause;
      part.points = points;
      for (const ChangeMover& each : movers) {
        if (told.slice.graph->is_erased(each.mover)) continue;
        const AccountId account = first_account(told.slice, each.mover);
        if (!may_see(view, account, viewer)) continue;
        part.movers.push_back({shown_name(told.books->names.at(account)), each.points, each.acts});
      }
      return part;
    };
    const auto names = [](const ChangePart& part) {
      std::vector<std::string> list;
      for (const ChangePart::Mover& mover : part.movers) {
        list.push_back(fmt::format("{} ({})", mover.name, signed_points(mover.points)));
      }
      return list;
    };
    ChangePart& came = add("evidence", change.evidence, change.came);
    came.text = evidence_words(words, names(came));
    add("withdrawn", change.withdrawn, {}).text = withdrawn_words(words);
    ChangePart& faded = add("fading", change.fading, change.faded);
    faded.text = fading_words(words, names(faded));
    add("standing", change.standing, {}).text = standing_words(words);
    add("policy", change.policy, {}).text = policy_words(words);
    add("late", change.late, {}).text = late_words(words);
    return result;
  }

  Result<Habits> habits(const SnapshotView& view, const Told& told, const TimeZone& zone) {
    const Instant as_of = view.info.as_of;
    BW_ASSIGN(const Conduct conduct, read_conduct(store(), told.slice, as_of));
    Habits habits;
    std::vector<PostAnswers> posts;
    for (const MadeThing& made : conduct.made) posts.push_back({made.published, made.responses});
    habits.half_life = half_life(posts, as_of);
    if (!habits.half_life) habits.half_life_unknown = half_life_unknown_words(conduct);

    habits.zone = zone.name();
    habits.hours_by_arrival = conduct.naming == 0;
    habits.hours = when_to_post(habits.hours_by_arrival ? arrival_outcomes(conduct, as_of, zone)
                                                        : post_outcomes(conduct, as_of, zone));
    if (!habits.hours) habits.hours_unknown = hours_unknown_words(conduct);

    BW_ASSIGN(const auto acts, style_acts(store(), conduct, told.slice));
    habits.style = style_of(acts, as_of);
    if (!habits.style) habits.style_unknown = style_unknown_words(acts.size());
    return habits;
  }

  // Whom a person moves and is moved by most, each with their first account and still without a
  // name.
  using Found = std::pair<AccountId, Neighbour>;
  struct Neighbours {
    std::vector<Found> moves;
    std::vector<Found> moved_by;
  };
  Neighbours neighbours(const SnapshotView& view, const Told& told, Viewer viewer) const {
    Neighbours out;
    const Slice& slice = told.slice;
    if (slice.person == kNobody) return out;
    constexpr size_t kShown = 10;
    const std::array<double, 1> year{365.0 * static_cast<double>(kMsPerDay)};
    const auto visible = [&](PersonId other) {
      return may_see(view, first_account(slice, other), viewer);
    };
    const auto found = [&](PersonId other, const MoverFold& fold, double points) {
      return Found{first_account(slice, other), Neighbour{{},
                                                          {},
                                                          {},
                                                          fold.entries,
                                                          points,
                                                          moved_probability(fold.x[0]),
                                                          Instant{fold.last_ms}}};
    };
    std::vector<MoverFold> fold;
    if (told.explanation) {
      slice.graph->fold(slice.person, year, slice.graph->as_of(), fold);
      for (const ContributionGroup& group :
           bellwether::group(told.explanation->acts, Grouping::kMover, {})) {
        if (out.moves.size() == kShown) break;
        if (!visible(group.mover)) continue;
        const auto own =
            std::lower_bound(fold.begin(), fold.end(), group.mover,
                             [](const MoverFold& m, PersonId mover) { return m.mover < mover; });
        if (own == fold.end() || own->mover != group.mover) continue;
        out.moves.push_back(found(group.mover, *own, group.points));
      }
    }
    std::vector<PersonId> others;
    for (const LedgerEntry& e : slice.given) {
      others.push_back(slice.graph->persons().person_of[e.receiver]);
    }
    std::sort(others.begin(), others.end());
    others.erase(std::unique(others.begin(), others.end()), others.end());
    std::vector<std::pair<PersonId, MoverFold>> movers;  // who moved them, and how
    for (const PersonId other : others) {
      if (other == kNobody || other == slice.person || !visible(other)) continue;
      slice.graph->fold(other, year, slice.graph->as_of(), fold);
      const auto own = std::find_if(fold.begin(), fold.end(), [&](const MoverFold& m) {
        return m.mover == slice.person && m.entries > 0;
      });
      if (own != fold.end()) movers.emplace_back(other, *own);
    }
    const auto shown =
        movers.begin() + static_cast<std::ptrdiff_t>(std::min(kShown, movers.size()));
    std::partial_sort(movers.begin(), shown, movers.end(), [](const auto& a, const auto& b) {
      return a.second.x[0] != b.second.x[0] ? a.second.x[0] > b.second.x[0] : a.first < b.first;
    });
    for (auto at = movers.begin(); at != shown; ++at) {
      out.moved_by.push_back(found(at->first, at->second, 0));
    }
    return out;
  }

  static std::vector<PastForecast> past_forecasts(const SnapshotView& view, const Told& told,
                                                  const std::vector<Store::HistoryPoint>& history) {
    std::vector<PastForecast> out;
    if (told.slice.person == kNobody) return out;
    std::vector<FoldEntry> scratch;
    const auto received = told.slice.graph->received_by(told.slice.person, scratch);
    for (const Store::HistoryPoint& point : history) {
      for (size_t w = 0; w < kForecastDays.size(); ++w) {
        const Instant from = point.snapshot.as_of;
        const Instant end{from.ms + kForecastDays[w] * kMsPerDay};
        if (point.forecast[w].size <= 0 || end > view.info.as_of) continue;
        out.push_back({from, kForecastDays[w], forecast_row(point.forecast[w]),
                       movers_within(received, from, end)});
      }
    }
    return out;
  }

  // Scores of everybody on the ledger restricted to a topic or a network.
  Result<std::shared_ptr<const SnapshotView::Everybody>> restricted(
      const SnapshotView& view, const RankRequest& request, const TopicIndex::Asked& topic) {
    auto all = std::make_shared<SnapshotView::Everybody>();
    BW_ASSIGN(all->numbering, store().ledger_numbering());
    const Numbering& numbering = *all->numbering;
    LedgerRestriction& only = all->only;
    if (request.topic) {
      only.topics.emplace();
      BW_TRY(store().each_topic_of_sets([&](TopicSetId set, uint32_t number) {
        if (topic.holds(number)) only.topics->insert(set);
      }));
    }
    if (request.network) {
      BW_ASSIGN(only.network, find_network(numbering, *request.network));
    }
    std::vector<FoldEntry> entries;
    BW_TRY(store().scan_ledger([&](std::span<const LedgerEntry> piece) {
      for (const LedgerEntry& e : piece) {
        if (e.counts_as_of(view.info.as_of) && only.holds(e)) {
          entries.push_back(FoldEntry::from(e));
        }
      }
    }));
    BW_ASSIGN(const PersonMap everybody, person_map(workspace.registry(), store(), numbering));
    PersonMap persons = numbered_within(everybody, entries);
    std::vector<double> mass(numbering.accounts(), 0);
    BW_ASSIGN(const auto standings, store().standings({}));
    for (const StandingRow& row : standings) {
      if (!only.holds_standing(numbering.account_network[row.account])) continue;
      mass[row.account] = row.mass;
    }
    BW_ASSIGN(std::vector<PassedOn> passed_on, store().passed_on({}));
    BW_ASSIGN(Remainder remainder, store().remainder(numbering));
    only.restrict(remainder, [&](AccountId id) { return numbering.account_network[id]; });
    const GraphSnapshot graph(std::move(entries), numbering.account_network, std::move(persons),
                              view.info.as_of, 1, std::move(remainder));
    const Standing standing(mass, std::move(passed_on), view.policy);
    all->scores = score_everybody(graph, standing, view.policy, {}, workspace.threads());
    rank_everybody(all->scores);
    look_ahead(graph, all->scores, workspace.threads());
    for (uint32_t i = 0; i < all->scores.size(); ++i) {
      all->scores[i].person = graph.accounts_of(all->scores[i].person).front();
      all->order.push_back(i);
      if (all->scores[i].settled) ++all->settled;
    }
    std::sort(all->order.begin(), all->order.end(), [&](uint32_t a, uint32_t b) {
      return SnapshotView::comes_first(all->scores[a], all->scores[b]);
    });
    return std::shared_ptr<const SnapshotView::Everybody>(std::move(all));
  }

  // The rows at these places of `all`, in this order, as far as the viewer may see them.
  Result<std::vector<PersonRow>> rows(const SnapshotView& view, const SnapshotView::Everybody& all,
                                      std::span<const uint32_t> places, bool with_reasons,
                                      Viewer viewer) {
    std::vector<AccountId> firsts;
    for (const uint32_t place : places) firsts.push_back(all.scores[place].person);
    std::vector<std::vector<AccountId>> groups;
    std::vector<AccountId> ids;
    for (const AccountId account : firsts) {
      groups.push_back(view.links.empty() ? std::vector<AccountId>{account}
                                          : group_of(view, account));
      ids.insert(ids.end(), groups.back().begin(), groups.back().end());
    }
    BW_ASSIGN(const auto entries, store().ledger_accounts(ids));
    std::map<AccountId, const AccountEntry*> by_id;
    for (const AccountEntry& entry : entries) by_id[entry.id] = &entry;
    std::vector<PersonRow> result;
    std::vector<std::pair<std::vector<AccountEntry>, uint32_t>> people;
    for (size_t i = 0; i < places.size(); ++i) {
      std::vector<AccountEntry> accounts;
      for (const AccountId id : groups[i]) {
        if (const auto found = by_id.find(id); found != by_id.end()) {
          accounts.push_back(*found->second);
        }
      }
      if (accounts.empty()) continue;
      result.push_back(row_of(view, accounts, all.scores[places[i]]));
      people.emplace_back(std::move(accounts), places[i]);
    }
    if (!with_reasons) return result;
    // Part by part, so that a long list is read in a few passes over the ledger and does not keep
    // everybody's evidence at once.
    constexpr size_t kPart = 500;
    for (size_t begin = 0; begin < people.size(); begin += kPart) {
      const size_t end = std::min(people.size(), begin + kPart);
      std::vector<AccountId> part;
      for (size_t i = begin; i < end; ++i) {
        for (const AccountEntry& account : people[i].first) part.push_back(account.id);
      }
      std::sort(part.begin(), part.end());
      BW_ASSIGN(const auto ledger, loaded_ledger(store(), view.links, part));
      std::vector<Told> told;
      for (size_t i = begin; i < end; ++i) {
        BW_ASSIGN(Told one,
                  begin_telling(view, *ledger, people[i].first, all.scores[people[i].second]));
        told.push_back(std::move(one));
      }
      BW_TRY(learn_topics(view, told, TopicDetail::kEnough));
      for (size_t i = begin; i < end; ++i) result[i].topics = told[i - begin].row.topics;
      if (all.restricted()) {
        // Their topics are what they are known for; the reason is why they stand in this list.
        const auto only = restricted_ledger(*ledger, all.only);
        for (size_t i = begin; i < end; ++i) {
          BW_ASSIGN(Told here,
                    begin_telling(view, *only, people[i].first, all.scores[people[i].second]));
          here.books = told[i - begin].books;
          told[i - begin] = std::move(here);
        }
      }
      BW_TRY(learn_names(told, {}));
      for (size_t i = begin; i < end; ++i)
        result[i].reason = one_line(view, told[i - begin], viewer);
    }
    return result;
  }

  // First accounts of those who do not want to be shown with the topic.
  static std::set<AccountId> hiding(const SnapshotView& view, const TopicIndex& index,
                                    const TopicIndex::Asked& asked) {
    std::set<AccountId> first_accounts;
    const std::string key = topic_key(asked.label);
    for (const auto& [first, topics] : view.hidden_topics) {
      for (const std::string& name : topics) {
        const bool same =
            asked.topic != kUnknownTopic ? index.find(name) == asked.topic : topic_key(name) == key;
        if (same) first_accounts.insert(first);
      }
    }
    return first_accounts;
  }

  // By TopicId, all below included. Empty: not counted.
  struct TopicCounts {
    std::vector<uint64_t> responses;
    std::vector<uint32_t> people;
  };
  // One pass over the ledger.
  Result<TopicCounts> count_topics(const SnapshotView& view, const TopicIndex& index) {
    TopicCounts counts;
    counts.responses.assign(index.tree().topics(), 0);
    counts.people.assign(index.tree().topics(), 0);
    BW_ASSIGN(const auto numbering, store().ledger_numbering());
    BW_ASSIGN(const PersonMap persons, person_map(workspace.registry(), store(), *numbering));
    std::map<TopicSetId, std::vector<TopicId>> topics_of;
    BW_TRY(store().each_topic_of_sets([&](TopicSetId set, uint32_t number) {
      if (const TopicId topic = index.of_number(number); topic != kUnknownTopic) {
        topics_of[set].push_back(topic);
      }
    }));
    for (auto& [set, topics] : topics_of) {
      std::set<TopicId> all(topics.begin(), topics.end());
      std::vector<TopicId> next(all.begin(), all.end());
      while (!next.empty()) {
        const TopicId topic = next.back();
        next.pop_back();
        for (const TopicId parent : index.tree().parents[topic]) {
          if (all.insert(parent).second) next.push_back(parent);
        }
      }
      topics.assign(all.begin(), all.end());
    }
    // Entries stand by receiver; of people with several accounts each pair is remembered.
    std::vector<PersonId> last(index.tree().topics(), kNobody);
    std::set<std::pair<PersonId, TopicId>> seen;
    const bool linked = !view.links.empty();
    BW_TRY(store().scan_ledger([&](std::span<const LedgerEntry> piece) {
      for (const LedgerEntry& e : piece) {
        if (e.topics == 0 || !e.counts_as_of(view.info.as_of)) continue;
        const PersonId person = persons.person_of[e.receiver];
        const auto topics = topics_of.find(e.topics);
        if (person == kNobody || topics == topics_of.end()) continue;
        for (const TopicId topic : topics->second) {
          ++counts.responses[topic];
          if (last[topic] == person) continue;
          last[topic] = person;
          if (!linked || seen.emplace(person, topic).second) ++counts.people[topic];
        }
      }
    }));
    return counts;
  }

  static TopicSummary summary_of(const TopicIndex& index, TopicId topic,
                                 const TopicCounts& counts) {
    TopicSummary summary;
    summary.topic = index.label(topic);
    if (const auto known = index.in_ontology(topic); known != Ontology::kNone) {
      summary.name = index.ontology().shown_name(known);
      summary.id = index.ontology().at(known).stated.id;
    }
    if (!counts.responses.empty()) {
      summary.responses = counts.responses[topic];
      summary.people = counts.people[topic];
    }
    return summary;
  }

  // The order asked for, cut down to those the viewer may see and has asked about.
  // `hiding`: first accounts of those who do not want to be shown with its topic.
  Result<Ranking> ranking(SnapshotView& view, const SnapshotView::Everybody& all,
                          std::vector<uint32_t> order, const RankRequest& request, Viewer viewer,
                          const std::set<AccountId>& hiding = {}) {
    Ranking ranking;
    ranking.meta = view.meta;
    ranking.by = request.by;
    if (viewer == Viewer::kPublic) {
      std::erase_if(order, [&](uint32_t i) {
        const AccountId first = group_of(view, all.scores[i].person).front();
        return !may_see(view, first, viewer) || hiding.contains(first);
      });
    }
    for (const uint32_t i : order) {
      if (all.scores[i].settled) {
        ++ranking.settled;
      } else {
        ++ranking.provisional;
      }
    }
    if (!request.all) {
      std::erase_if(order, [&](uint32_t i) { return !all.scores[i].settled; });
    }
    if (request.by == RankBy::kMomentum) {
      std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
        const PersonScore& x = all.scores[a];
        const PersonScore& y = all.scores[b];
        return std::tuple(x.settled, x.momentum) > std::tuple(y.settled, y.momentum);
      });
    }
    if (request.by == RankBy::kForecast) {
      std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
        const PersonScore& x = all.scores[a];
        const PersonScore& y = all.scores[b];
        return std::tuple(x.settled, x.forecast[0].mean) >
               std::tuple(y.settled, y.forecast[0].mean);
      });
      const bool none = std::none_of(order.begin(), order.end(), [&](uint32_t i) {
        return all.scores[i].forecast[0].size > 0;
      });
      if (none && !order.empty()) {
        return Error{ErrorCode::kNotFound,
                     fmt::format("there is no forecast: the log has to hold more than {} days",
                                 kForecastDays[0] * (1 + kForecastKnownShare))};
      }
    }
    const size_t begin = std::min<size_t>(request.offset, order.size());
    const size_t count = request.limit == 0 ? order.size() - begin
                                            : std::min<size_t>(request.limit, order.size() - begin);
    BW_ASSIGN(ranking.people,
              rows(view, all, std::span(order).subspan(begin, count), request.reasons, viewer));
    for (PersonRow& row : ranking.people) {
      if (hiding.empty()) break;
      const AccountRef account = split_reference(row.accounts.front());
      row.topic_hidden = hiding.contains(all.numbering->find(account.network, account.name));
    }
    if (viewer == Viewer::kPublic || request.by != RankBy::kScore) {
      // A rank among all would tell how many there are who did not ask to be shown; and one by
      // score would not be the order of this list.
      uint32_t place = request.offset;
      for (PersonRow& row : ranking.people) {
        if (!row.settled) continue;
        row.rank = row.rank_low = row.rank_high = ++place;
        if (viewer == Viewer::kPublic) row.percentile = 0;
      }
      if (viewer == Viewer::kPublic && request.by == RankBy::kScore)
        public_ranges(all, order, ranking);
    }
    return ranking;
  }

  // Rank ranges and percentiles among those whom the public may see.
  static void public_ranges(const SnapshotView::Everybody& all, const std::vector<uint32_t>& order,
                            Ranking& ranking) {
    for (PersonRow& row : ranking.people) {
      uint32_t surely = 0;
      uint32_t maybe = 0;
      uint32_t lower = 0;
      for (const uint32_t i : order) {
        const PersonScore& other = all.scores[i];
        if (other.value < *row.score) ++lower;
        if (!other.settled) continue;
        if (other.interval.low > row.high) ++surely;
        if (other.interval.high >= row.low) ++maybe;
      }
      row.percentile = order.empty() ? 0 : 100.0 * lower / static_cast<double>(order.size());
      if (!row.settled) continue;
      row.rank_low = surely + 1;
      row.rank_high = maybe;
    }
  }
};

Query::Query(Workspace& workspace) : impl_(std::make_unique<Impl>(workspace)) {}
Query::~Query() = default;

Result<void> Query::refresh() { return impl_->refresh(); }

Result<Meta> Query::meta() {
  BW_ASSIGN(const auto view, impl_->view());
  return view->meta;
}

Result<std::vector<KeptGrade>> Query::grades() {
  BW_ASSIGN(const auto snapshots, impl_->store().snapshots());
  BW_ASSIGN(const auto grades, impl_->store().grades());
  std::vector<KeptGrade> out;
  for (const SnapshotGrade& grade : grades) {
    const auto of = std::find_if(snapshots.begin(), snapshots.end(), [&](const SnapshotInfo& s) {
      return s.snapshot == grade.snapshot;
    });
    if (of == snapshots.end() || grade.calibration.people == 0) continue;
    KeptGrade& kept = out.emplace_back(KeptGrade{*of, grade});
    kept.snapshot.policy_toml.clear();
  }
  std::stable_sort(out.begin(), out.end(), [](const KeptGrade& a, const KeptGrade& b) {
    return a.snapshot.as_of < b.snapshot.as_of;
  });
  return out;
}

Result<Ranking> Query::rank(const RankRequest& request, Viewer viewer) {
  BW_ASSIGN(auto view, impl_->view());
  if (request.as_of && *request.as_of != view->info.as_of) {
    BW_ASSIGN(const auto snapshots, impl_->store().snapshots());
    const auto found =
        std::find_if(snapshots.rbegin(), snapshots.rend(),
                     [&](const SnapshotInfo& s) { return s.as_of == *request.as_of; });
    if (found == snapshots.rend()) {
      // The nearest, since tables show days and --as-of wants the instant.
      const auto apart = [&](const SnapshotInfo& s) {
        return std::abs(s.as_of.ms - request.as_of->ms);
      };
      const auto nearest = std::min_element(
          snapshots.begin(), snapshots.end(),
          [&](const SnapshotInfo& a, const SnapshotInfo& b) { return apart(a) < apart(b); });
      return Error{ErrorCode::kNotFound,
                   fmt::format("no snapshot speaks for {0}, the nearest for {1}: `bellwether score "
                               "--as-of {0}` makes one",
                               to_string(*request.as_of), to_string(nearest->as_of))};
    }
    BW_ASSIGN(view, impl_->load(*found));
  }
  std::shared_ptr<const SnapshotView::Everybody> all;
  TopicIndex::Asked topic;
  std::set<AccountId> hiding;
  if (request.topic) {
    BW_ASSIGN(const auto index, view->topics(impl_->workspace));
    BW_ASSIGN(topic, index->asked(*request.topic));
    hiding = Impl::hiding(*view, *index, topic);
  }
  if (request.topic || request.network) {
    BW_ASSIGN(all, impl_->restricted(*view, request, topic));
  } else {
    BW_ASSIGN(all, view->everybody(impl_->store()));
  }
  BW_ASSIGN(Ranking ranking, impl_->ranking(*view, *all, all->order, request, viewer, hiding));
  ranking.topic = topic.label;
  return ranking;
}

Result<std::string> Query::topic_called(const std::string& topic) {
  BW_ASSIGN(const auto view, impl_->view());
  BW_ASSIGN(const auto index, view->topics(impl_->workspace));
  if (const TopicId known = index->find(topic); known != kUnknownTopic) return index->label(known);
  std::string name = normalise_topic(topic);
  if (name.empty()) {
    return Error{ErrorCode::kInvalidArgument, fmt::format("'{}' is no topic", topic)};
  }
  return name;
}

Result<TopicList> Query::topics(const TopicsRequest& request) {
  BW_ASSIGN(const auto view, impl_->view());
  BW_ASSIGN(const auto index, view->topics(impl_->workspace));
  BW_ASSIGN(const auto counts, impl_->count_topics(*view, *index));
  TopicList list;
  list.meta = view->meta;
  list.in_ontology = index->ontology().size();
  const std::string wanted = topic_key(normalise_topic(request.search));
  const auto holds = [&](std::string_view name) {
    return topic_key(name).find(wanted) != std::string::npos;
  };
  for (TopicId topic = 0; topic < index->tree().topics(); ++topic) {
    TopicSummary summary = Impl::summary_of(*index, topic, counts);
    if (!request.search.empty() && !holds(summary.topic) && !holds(summary.name)) {
      const auto known = index->in_ontology(topic);
      if (known == Ontology::kNone) continue;
      const auto& names = index->ontology().at(known).names;
      if (std::none_of(names.begin(), names.end(),
                       [&](const Ontology::Name& name) { return holds(name.name); })) {
        continue;
      }
    }
    list.topics.push_back(std::move(summary));
  }
  std::sort(list.topics.begin(), list.topics.end(),
            [](const TopicSummary& a, const TopicSummary& b) {
              return std::tuple(b.people, b.responses, a.topic) <
                     std::tuple(a.people, a.responses, b.topic);
            });
  list.found = list.topics.size();
  if (request.limit > 0 && list.topics.size() > request.limit) list.topics.resize(request.limit);
  return list;
}

Result<TopicCard> Query::topic(const std::string& topic, Viewer viewer) {
  BW_ASSIGN(const auto view, impl_->view());
  BW_ASSIGN(const auto index, view->topics(impl_->workspace));
  auto looked_for = index->asked(topic);
  // One that the ontology alone knows can be shown all the same.
  const Ontology::Index meant = index->find_in_ontology(topic);
  if (!looked_for.ok() && meant == Ontology::kNone) return looked_for.error();
  TopicCard card;
  card.in_log = looked_for.ok();
  const TopicIndex::Asked asked = card.in_log ? std::move(*looked_for) : TopicIndex::Asked{};
  card.meta = view->meta;
  Impl::TopicCounts counts;
  if (viewer == Viewer::kOperator) {
    BW_ASSIGN(counts, impl_->count_topics(*view, *index));
  }
  card.summary.topic = asked.label;
  if (asked.topic != kUnknownTopic) {
    card.summary = Impl::summary_of(*index, asked.topic, counts);
    card.spellings = index->spellings(asked.topic, 20);
  }
  const Ontology& ontology = index->ontology();
  const Ontology::Index in_ontology =
      asked.topic == kUnknownTopic ? meant : index->in_ontology(asked.topic);
  const auto relative = [&](Ontology::Index each) {
    const TopicId known = index->find_in_log(each);
    const TopicSummary summary =
        known == kUnknownTopic ? TopicSummary{} : Impl::summary_of(*index, known, counts);
    return TopicCard::Relative{ontology.at(each).stated.slug, ontology.shown_name(each),
                               summary.responses, summary.people};
  };
  if (in_ontology != Ontology::kNone) {
    const Ontology::Topic& known = ontology.at(in_ontology);
    if (asked.topic == kUnknownTopic) {
      card.summary.topic = known.stated.slug;
      card.summary.name = ontology.shown_name(in_ontology);
      card.summary.id = known.stated.id;
    }
    card.wiki = known.stated.wiki;
    card.names = known.names;
    for (const Ontology::Index each : known.parents) card.parents.push_back(relative(each));
    for (const Ontology::Index each : known.children) card.children.push_back(relative(each));
    // The largest first; what nobody speaks of by name.
    std::sort(card.children.begin(), card.children.end(),
              [](const TopicCard::Relative& a, const TopicCard::Relative& b) {
                return std::tuple(b.people, b.responses, a.topic) <
                       std::tuple(a.people, a.responses, b.topic);
              });
    for (const Ontology::Index each : ontology.all_called(topic)) {
      if (each != in_ontology) card.also.push_back(relative(each));
    }
  }
  if (!card.in_log) return card;
  RankRequest request;
  request.topic = topic;
  request.all = true;
  request.limit = 10;
  BW_ASSIGN(const auto all, impl_->restricted(*view, request, asked));
  BW_ASSIGN(Ranking ranking, impl_->ranking(*view, *all, all->order, request, viewer,
                                            Impl::hiding(*view, *index, asked)));
  card.people = std::move(ranking.people);
  card.settled = ranking.settled;
  card.provisional = ranking.provisional;
  return card;
}

Result<Ranking> Query::search(const std::string& text, uint32_t limit, Viewer viewer) {
  BW_ASSIGN(const auto view, impl_->view());
  BW_ASSIGN(const auto all, view->everybody(impl_->store()));
  RankRequest request;
  request.all = true;
  request.limit = limit;
  request.reasons = false;
  if (text.empty()) return impl_->ranking(*view, *all, all->order, request, viewer);
  BW_ASSIGN(const auto like, impl_->store().search_accounts(text, 1000));
  std::set<AccountId> wanted;
  for (const AccountEntry& account : like) {
    const AccountId id = all->numbering->find(account.network, account.name);
    if (id == kNobody) continue;
    const auto group = Impl::group_of(*view, id);
    wanted.insert(group.begin(), group.end());
  }
  std::vector<uint32_t> order = all->order;
  std::erase_if(order, [&](uint32_t i) { return !wanted.contains(all->scores[i].person); });
  return impl_->ranking(*view, *all, std::move(order), request, viewer);
}

Result<PersonCard> Query::show(const std::string& person, Viewer viewer, const TimeZone& zone) {
  BW_ASSIGN(const auto view, impl_->view());
  BW_ASSIGN(const auto accounts, impl_->find_person(*view, person, viewer));
  BW_ASSIGN(auto told, impl_->begin_telling(*view, accounts));
  BW_TRY(impl_->learn_topics(*view, std::span(&told, 1)));
  const Impl::Neighbours neighbours = impl_->neighbours(*view, told, viewer);
  std::vector<AccountId> named;
  for (const auto* list : {&neighbours.moves, &neighbours.moved_by}) {
    for (const Impl::Found& each : *list) named.push_back(each.first);
  }
  BW_TRY(Impl::learn_names(std::span(&told, 1), std::move(named)));
  PersonCard card;
  card.meta = view->meta;
  card.person = told.row;
  BW_ASSIGN(card.topic_evidence,
            impl_->topic_rows(*view, told, {kTheirsOnCard, kOthersOnCard, false}, viewer));
  if (viewer == Viewer::kPublic) {
    card.person.rank = card.person.rank_low = card.person.rank_high = 0;
  }
  card.sentence = score_sentence(told.row, view->policy);
  BW_ASSIGN(card.history, impl_->store().history(Impl::score_key(accounts)));
  card.forecasts = Impl::past_forecasts(*view, told, card.history);
  impl_->reasons(*view, told, viewer, card.reasons_up, card.reasons_down, card.missing);
  card.person.reason = impl_->one_line(*view, told, viewer);
  const auto name_them = [&](const std::vector<Impl::Found>& list, std::vector<Neighbour>& out) {
    for (const Impl::Found& each : list) {
      const AccountEntry& account = told.books->names.at(each.first);
      Neighbour& neighbour = out.emplace_back(each.second);
      neighbour.person = person_id(hash64(account.ref()));
      neighbour.name = shown_name(account);
      neighbour.account = account.ref();
    }
  };
  name_them(neighbours.moves, card.moves);
  name_them(neighbours.moved_by, card.moved_by);
  BW_ASSIGN(card.habits, impl_->habits(*view, told, zone));
  return card;
}
Result<PersonExplanation> Query::explain(const std::string& person, const ExplainRequest& request,
                                         Viewer viewer) {
  BW_ASSIGN(const auto view, impl_->view());
  BW_ASSIGN(const auto accounts, impl_->find_person(*view, person, viewer));
  BW_ASSIGN(auto told, impl_->begin_telling(*view, accounts));
  BW_TRY(impl_->learn_topics(*view, std::span(&told, 1)));
  PersonExplanation result;
  result.meta = view->meta;
  result.person = told.row;
  if (viewer == Viewer::kPublic) {
    result.person.rank = result.person.rank_low = result.person.rank_high = 0;
  }
  result.sentence = score_sentence(told.row, view->policy);
  result.grouping = request.grouping;
  BW_ASSIGN(const auto then, impl_->earlier(*view, request.since));
  if (then) {
    BW_ASSIGN(ScoreChange changed, impl_->changed(*view, told, accounts, *then, viewer));
    result.changed = std::move(changed);
  }
  if (request.habits) {
    BW_ASSIGN(Habits habits, impl_->habits(*view, told, request.zone));
    result.habits = std::move(habits);
  }
  if (!told.explanation) return result;
  result.points_per_doubling = view->policy.points_per_doubling;
  result.crowd_share = view->policy.crowd_share;
  result.courtesy_share = view->policy.courtesy_share;
  for (size_t h = 0; h < view->policy.half_life_days.size(); ++h) {
    result.horizons.emplace_back(view->policy.half_life_days[h], told.explanation->horizons[h]);
    result.horizon_shares.push_back(horizon_weights(view->policy)[h] /
                                    static_cast<double>(view->policy.half_life_days.size()));
  }

  BW_ASSIGN(result.topic_evidence,
            impl_->topic_rows(*view, told, {SIZE_MAX, kOthersExplained, true}, viewer));
  std::set<std::string> hidden_labels;
  for (const TopicId topic : told.hidden) hidden_labels.insert(told.books->index->label(topic));

  const auto groups = bellwether::group(told.explanation->acts, request.grouping,
                                        [&](TopicSetId set) { return told.books->labels_of(set); });
  std::vector<EventRow> wanted;
  std::vector<AccountId> named;
  result.others.label = "others";
  std::vector<const ContributionGroup*> shown;
  std::vector<size_t> places;  // of those shown
  const bool personal = Impl::is_personal(request.grouping);
  const auto receipts_of = [&](const ContributionGroup& group) {
    const size_t most = viewer == Viewer::kOperator ? request.receipts : 0;
    return std::span(group.receipts).first(std::min(most, group.receipts.size()));
  };
  for (const ContributionGroup& group : groups) {
    result.points_total += group.points;
    const bool cut = request.limit > 0 && shown.size() == request.limit;
    const bool hidden =
        personal ? !impl_->may_see(*view, Impl::first_account(told.slice, group.mover), viewer)
                 : viewer == Viewer::kPublic && request.grouping == Grouping::kTopic &&
                       hidden_labels.contains(group.topic);
    if (cut || hidden) {
      result.others.points += group.points;
      result.others.acts += group.acts;
      result.others.people += group.movers;
      continue;
    }
    shown.push_back(&group);
    places.push_back(static_cast<size_t>(&group - groups.data()));
    if (personal) named.push_back(Impl::first_account(told.slice, group.mover));
    for (const PersonId mover : group.top_movers) {
      named.push_back(Impl::first_account(told.slice, mover));
    }
    for (const EventRow event : receipts_of(group)) wanted.push_back(event);
  }
  std::sort(wanted.begin(), wanted.end());
  wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
  BW_ASSIGN(const auto receipts, impl_->store().receipts(wanted));
  BW_TRY(Impl::learn_names(std::span(&told, 1), std::move(named)));
  impl_->reasons(*view, told, viewer, result.reasons_up, result.reasons_down, result.missing);
  result.person.reason = impl_->one_line(*view, told, viewer);
  BW_ASSIGN(const auto network_names, impl_->store().ledger_network_names());
  std::map<EventRow, const Receipt*> receipt_of;
  for (const Receipt& receipt : receipts) receipt_of[receipt.row] = &receipt;
  for (const ContributionGroup* group : shown) {
    ContributionRow row;
    row.points = group->points;
    row.acts = group->acts;
    row.people = group->movers;
    row.names = impl_->names_of(*view, told, group->top_movers, viewer);
    for (const EventRow event : receipts_of(*group)) {
      if (const auto found = receipt_of.find(event); found != receipt_of.end()) {
        row.receipts.push_back(Impl::plain_receipt(*found->second, told.books->index.get()));
      }
    }
    if (personal) {
      const AccountId mover = Impl::first_account(told.slice, group->mover);
      row.person = person_id(hash64(told.books->names.at(mover).ref()));
    }
    if (request.grouping == Grouping::kAct && viewer == Viewer::kOperator) {
      // Groups of one act each stand in the order of the acts.
      row.terms =
          Impl::terms_of(*view, told.explanation->acts[places[result.contributions.size()]]);
    }
    switch (request.grouping) {
      case Grouping::kMover:
        row.label = shown_name(told.books->names.at(Impl::first_account(told.slice, group->mover)));
        break;
      case Grouping::kVerb:
        row.label = to_string(group->verb);
        break;
      case Grouping::kTopic:
        row.label = group->topic.empty() ? "(no topic)" : group->topic;
        row.hidden = hidden_labels.contains(group->topic);
        break;
      case Grouping::kNetwork:
        row.label = network_names[group->network];
        break;
      case Grouping::kMonth:
        row.label = group->month;
        break;
      case Grouping::kAct:
        row.label = fmt::format(
            "{} by {}", to_string(group->verb),
            shown_name(told.books->names.at(Impl::first_account(told.slice, group->mover))));
        break;
    }
    result.contributions.push_back(std::move(row));
  }
  if (request.peers) {
    const AccountId smallest = Impl::first_account(told.slice, told.slice.person);
    BW_ASSIGN(const auto peers, impl_->peers(*view, smallest, request.grouping, viewer));
    if (peers) {
      result.peers = peers->peers;
      result.others.median =
          Impl::medians(*peers, groups, places, request.grouping, result.contributions);
    }
  }
  if (told.explanation->erased) {
    ContributionRow row;
    row.label = kErasedLabel;
    row.points = told.explanation->erased_points;
    row.people = told.explanation->erased_people;
    result.points_total += row.points;
    // It has no month, and stands after them.
    const auto place =
        request.grouping == Grouping::kMonth
            ? result.contributions.end()
            : std::find_if(result.contributions.begin(), result.contributions.end(),
                           [&](const ContributionRow& other) { return other.points < row.points; });
    result.contributions.insert(place, std::move(row));
  }
  return result;
}

namespace {

Simulation::State state_of(const std::optional<PersonScore>& score, const Policy& policy) {
  Simulation::State state;
  if (!score) return state;
  state.score = score->value;
  state.low = score->interval.low;
  state.high = score->interval.high;
  state.settled = score->settled;
  state.people_moved = people_moved(score->value, policy);
  state.movers = score->movers;
  state.independent_movers = score->independent_movers;
  return state;
}

}  // namespace

Result<Simulation> Query::what_if(const std::string& person, const WhatIfQuestion& question,
                                  Viewer viewer) {
  BW_ASSIGN(const auto view, impl_->view());
  BW_ASSIGN(const auto accounts, impl_->find_person(*view, person, viewer));
  const bool takes = !question.without_acts.empty() || !question.without_people.empty() ||
                     !question.without_verbs.empty();
  uint64_t added = 0;
  for (const WhatIfQuestion::More& more : question.more) {
    added += more.count;
    if (view->policy.credit.weight[static_cast<size_t>(more.verb)] <= 0) {
      return Error{ErrorCode::kInvalidArgument,
                   fmt::format("under this policy {} gives nobody credit, so more of it changes "
                               "nothing",
                               to_string(more.verb))};
    }
  }
  if (added > kMoreActsMax) {
    return Error{ErrorCode::kInvalidArgument,
                 fmt::format("at most {} acts can be added", kMoreActsMax)};
  }
  if (!takes && added == 0) {
    return Error{
        ErrorCode::kInvalidArgument,
        "say what is to be taken out (acts, people, verbs), or what there is to be more of"};
  }
  if (viewer == Viewer::kPublic && !question.without_acts.empty()) {
    return Error{ErrorCode::kInvalidArgument, "single acts are for the operator alone"};
  }

  for (const AccountEntry& account : accounts) {
    if (account.minor) {
      return Error{ErrorCode::kNotFound, "nobody known to be under 16 is scored, not even so"};
    }
  }
  const auto ledger = stored_ledger(impl_->store());
  BW_ASSIGN(const Slice slice, read_slice(*ledger, view->links, Impl::ids_of(accounts),
                                          view->info.as_of, view->policy));
  std::set<EventRow> rows;
  std::set<std::string> objects;
  for (const std::string& act : question.without_acts) {
    if (!act.empty() && act.size() <= 18 &&
        act.find_first_not_of("0123456789") == std::string::npos) {
      rows.insert(std::stoull(act));
    } else {
      objects.insert(act);
    }
  }
  if (!objects.empty()) {
    std::vector<EventRow> all;
    for (const LedgerEntry& e : slice.received) all.push_back(e.row);
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    BW_ASSIGN(const auto receipts, impl_->store().receipts(all));
    for (const Receipt& receipt : receipts) {
      if (objects.contains(receipt.object)) rows.insert(receipt.row);
    }
  }
  std::set<PersonId> people;
  for (const std::string& other : question.without_people) {
    BW_ASSIGN(const auto theirs, impl_->find_person(*view, other, viewer));
    for (const AccountEntry& account : theirs) {
      const auto at = std::lower_bound(slice.accounts.begin(), slice.accounts.end(), account.id);
      if (at == slice.accounts.end() || *at != account.id) continue;
      people.insert(
          slice.graph->persons().person_of[static_cast<size_t>(at - slice.accounts.begin())]);
    }
  }
  const std::set<Verb> verbs(question.without_verbs.begin(), question.without_verbs.end());
  const auto without = [&](const LedgerEntry& e) {
    if (question.after && e.published < *question.after) return false;
    return rows.contains(e.row) || verbs.contains(e.verb) ||
           people.contains(slice.graph->persons().person_of[e.mover]);
  };

  Simulation result;
  std::vector<LedgerEntry> entries = slice.received;
  entries.insert(entries.end(), slice.given.begin(), slice.given.end());
  entries.insert(entries.end(), slice.withdrawn.begin(), slice.withdrawn.end());
  WhatIfRequest request{
      *slice.graph, *slice.standing, view->policy, slice.person, entries, without, {}};
  if (question.vouched && added > 0) {
    result.standing_added =
        usual_standing(*slice.graph, *slice.standing, view->policy, slice.person);
  }
  for (const WhatIfQuestion::More& more : question.more) {
    request.more.push_back({more.verb, more.count, result.standing_added});
  }
  const WhatIf found = bellwether::what_if(request);
  if (takes && found.acts_taken == 0) {
    return Error{ErrorCode::kNotFound,
                 "no act that counts for this person is among those to be taken out: `bellwether "
                 "explain PERSON --by act` lists them"};
  }
  result.meta = view->meta;
  result.person = person_id(hash64(accounts.front().ref()));
  result.name = shown_name(accounts.front());
  for (const AccountEntry& account : accounts) result.accounts.push_back(account.ref());
  result.now = state_of(found.now, view->policy);
  result.then = state_of(found.then, view->policy);
  result.difference = result.then.score.value_or(1) - result.now.score.value_or(1);
  result.acts_taken = found.acts_taken;
  result.people_taken = found.people_taken;
  result.acts_added = found.acts_added;
  result.sentence = simulation_sentence(result, question);
  result.assumptions = simulation_assumptions(result, question);
  return result;
}

Result<std::vector<std::string>> Query::accounts_of(const std::string& person) {
  BW_ASSIGN(const auto view, impl_->view());
  BW_ASSIGN(const auto accounts, impl_->find_person(*view, person, Viewer::kOperator));
  std::vector<std::string> refs;
  for (const AccountEntry& account : accounts) refs.push_back(account.ref());
  return refs;
}

Result<Comparison> Query::compare(const std::vector<std::string>& people, Viewer viewer) {
  BW_ASSIGN(const auto view, impl_->view());
  if (people.size() < 2 || people.size() > 5) {
    return Error{ErrorCode::kInvalidArgument, "compare takes two to five people"};
  }
  Comparison comparison;
  comparison.meta = view->meta;
  for (const std::string& person : people) {
    BW_ASSIGN(const auto accounts, impl_->find_person(*view, person, viewer));
    BW_ASSIGN(auto told, impl_->begin_telling(*view, accounts));
    BW_TRY(impl_->learn_topics(*view, std::span(&told, 1)));
    BW_TRY(Impl::learn_names(std::span(&told, 1), {}));
    PersonRow row = told.row;
    row.reason = impl_->one_line(*view, told, viewer);
    if (viewer == Viewer::kPublic) row.rank = row.rank_low = row.rank_high = 0;
    comparison.people.push_back(std::move(row));
  }
  for (uint32_t a = 0; a < comparison.people.size(); ++a) {
    for (uint32_t b = a + 1; b < comparison.people.size(); ++b) {
      const PersonRow& first = comparison.people[a];
      const PersonRow& second = comparison.people[b];
      Comparison::Pair pair{a, b, 0.5, {}};
      if (first.score && second.score) {
        // Both margins as normal and independent: the margins are log-gamma, near enough to it, and
        // movers in common would only make the difference surer.
        const double z_mass = 2 * 1.6448536269514722;
        const double spread =
            std::hypot((first.high - first.low) / z_mass, (second.high - second.low) / z_mass);
        const double z = spread > 0 ? (*first.score - *second.score) / spread
                                    : 1e9 * (*first.score - *second.score);
        pair.first_higher = 0.5 * std::erfc(-z / std::sqrt(2.0));
        const bool up = pair.first_higher >= 0.5;
        pair.sentence = fmt::format("{} moves more people than {} with probability {:.2f}",
                                    up ? first.name : second.name, up ? second.name : first.name,
                                    up ? pair.first_higher : 1 - pair.first_higher);
      } else {
        const PersonRow& without = first.score ? second : first;
        pair.sentence = fmt::format("There is no evidence about {} to compare with", without.name);
      }
      comparison.pairs.push_back(std::move(pair));
    }
  }
  return comparison;
}

namespace {

// One person's scores under both policies.
struct Twice {
  std::array<const PersonScore*, 2> scores{};

  bool ranked(size_t side) const { return scores[side] != nullptr && scores[side]->rank > 0; }
  // Largest first: how far the rank moves; who has one under one policy only; how far the score
  // does.
  std::tuple<int, double> movement() const {
    if (ranked(0) && ranked(1) && scores[0]->rank != scores[1]->rank) {
      return {2, std::abs(static_cast<double>(scores[0]->rank) - scores[1]->rank)};
    }
    const auto points = [&](size_t side) {
      return scores[side] == nullptr ? 1.0 : scores[side]->value;
    };
    return {ranked(0) != ranked(1) ? 1 : 0, std::abs(points(0) - points(1))};
  }
};

}  // namespace

Result<LeadAnswer> Query::lead(const LeadRequest& request, Viewer viewer,
                               const std::function<void(std::string_view)>& phase) {
  BW_ASSIGN(const auto view, impl_->view());
  BW_ASSIGN(const auto index, view->topics(impl_->workspace));
  LeadAnswer answer;
  answer.meta = view->meta;
  answer.meta.as_of = request.as_of.value_or(view->info.as_of);
  answer.false_discovery = request.false_discovery;
  answer.network = request.network.value_or("");
  LeadQuestion question;
  question.as_of = answer.meta.as_of;
  question.network = request.network;
  question.options.false_discovery = request.false_discovery;
  answer.window_days = question.options.window_days;
  TopicIndex::Asked asked;
  if (request.topic) {
    BW_ASSIGN(asked, index->asked(*request.topic));
    answer.topic = asked.label;
    question.topic = &asked;
  }
  AccountId wanted = kNobody;
  if (request.person) {
    BW_ASSIGN(const auto accounts, impl_->find_person(*view, *request.person, viewer));
    wanted = accounts.front().id;
  }
  BW_ASSIGN(LeadFindings found, find_lead(impl_->workspace, view->policy, *index, question, phase));
  answer.items = found.report.items;
  answer.items_old = found.report.items_old;
  answer.items_few = found.report.items_few;
  answer.haste = found.report.haste;
  answer.habit = found.report.habit;
  if (viewer == Viewer::kOperator) answer.of_standing = found.of_standing;

  // The log may be ahead of the ledger that names are read from.
  BW_ASSIGN(const auto ledger, impl_->store().ledger_numbering());
  const auto first_of = [&](PersonId person) {
    const AccountId account = found.first_account[person];
    if (account == kNobody) return kNobody;
    const auto at = std::lower_bound(ledger->account_key.begin(), ledger->account_key.end(),
                                     found.numbering->account_key[account]);
    if (at == ledger->account_key.end() || *at != found.numbering->account_key[account]) {
      return kNobody;
    }
    return Impl::group_of(*view, static_cast<AccountId>(at - ledger->account_key.begin())).front();
  };
  const auto visible = [&](AccountId account) {
    return account != kNobody && impl_->may_see(*view, account, viewer);
  };
  std::vector<std::pair<const PersonLead*, AccountId>> shown;
  for (const PersonLead& lead : found.report.people) {
    const AccountId first = first_of(lead.person);
    if (!visible(first)) continue;
    ++answer.tested;
    if (lead.leads) ++answer.leading;
    if (request.person ? first != wanted : !lead.leads && !request.all) continue;
    shown.emplace_back(&lead, first);
  }
  std::stable_partition(shown.begin(), shown.end(),
                        [](const auto& each) { return each.first->leads; });
  if (request.limit > 0 && shown.size() > request.limit) shown.resize(request.limit);

  // Everybody and everything that will be named, looked up at once.
  std::set<AccountId> named;
  std::map<PersonId, AccountId> first_account;
  std::set<EventRow> rows;
  const auto meet = [&](PersonId person) {
    const AccountId first = first_of(person);
    if (!visible(first)) return;
    first_account.emplace(person, first);
    named.insert(first);
  };
  const auto is_hidden = [&](AccountId first, const LeadItem& item) {
    const auto hidden = view->hidden_topics.find(first);
    const TopicId topic = found.subjects[item.item].topic;
    if (hidden == view->hidden_topics.end() || topic == kUnknownTopic) return false;
    return std::any_of(hidden->second.begin(), hidden->second.end(),
                       [&](const std::string& name) { return index->find(name) == topic; });
  };
  std::vector<std::vector<const LeadItem*>> evidence(shown.size());
  for (size_t i = 0; i < shown.size(); ++i) {
    const PersonLead& lead = *shown[i].first;
    for (const AccountId account : Impl::group_of(*view, shown[i].second)) named.insert(account);
    for (const LeadItem& item : lead.evidence) {
      if (evidence[i].size() == request.items) break;
      if (viewer == Viewer::kPublic && is_hidden(shown[i].second, item)) continue;
      evidence[i].push_back(&item);
      const LeadSubject& subject = found.subjects[item.item];
      if (subject.topic == kUnknownTopic) rows.insert(subject.row);
      for (const PersonId next : item.next) {
        if (next != kNobody) meet(next);
      }
    }
    for (const LeadFollower& follower : lead.followers) meet(follower.person);
  }
  NameBook names(impl_->store());
  BW_TRY(names.learn({named.begin(), named.end()}));
  std::map<EventRow, std::string> linked;
  BW_ASSIGN(const auto receipts,
            impl_->store().receipts(std::vector<EventRow>(rows.begin(), rows.end())));
  for (const Receipt& receipt : receipts) linked[receipt.row] = receipt.object;

  for (size_t i = 0; i < shown.size(); ++i) {
    const auto& [lead, first] = shown[i];
    LeadAnswer::Person person;
    person.person = person_id(hash64(names.at(first).ref()));
    person.name = shown_name(names.at(first));
    for (const AccountId account : Impl::group_of(*view, first)) {
      person.accounts.push_back(names.at(account).ref());
    }
    person.leads = lead->leads;
    person.items = lead->items;
    person.occasions = lead->occasions;
    person.first = lead->first;
    person.followed = lead->followed;
    person.expected = lead->expected;
    person.p = lead->p;
    person.q = lead->q;
    person.followers = static_cast<uint32_t>(lead->followers.size());
    for (const LeadFollower& follower : lead->followers) {
      const auto at = first_account.find(follower.person);
      if (at == first_account.end()) continue;
      person.most.push_back({shown_name(names.at(at->second)), follower.items});
      if (person.most.size() == 3) break;
    }
    for (const LeadItem* item : evidence[i]) {
      const LeadSubject& subject = found.subjects[item->item];
      LeadAnswer::Item told;
      told.link = subject.topic == kUnknownTopic;
      told.name = told.link ? linked[subject.row] : index->label(subject.topic);
      told.published = item->published;
      told.position = item->position;
      told.adopters = item->adopters;
      told.followed = item->followed;
      told.expected = item->expected;
      told.hidden = is_hidden(first, *item);
      for (const PersonId next : item->next) {
        const auto at = first_account.find(next);
        if (at != first_account.end()) told.next.push_back(shown_name(names.at(at->second)));
      }
      person.evidence.push_back(std::move(told));
    }
    answer.people.push_back(std::move(person));
  }
  answer.missing = lead_missing(answer, request.person.has_value(), viewer, question.options);
  return answer;
}

Result<PolicyComparison> Query::compare_policies(
    const std::array<PolicyChoice, 2>& policies, const std::vector<std::string>& people,
    uint32_t limit, Viewer viewer, const std::function<void(std::string_view)>& phase) {
  BW_ASSIGN(const auto view, impl_->view());
  PolicyComparison result;
  result.meta = view->meta;
  std::vector<std::vector<AccountEntry>> asked;
  for (const std::string& person : people) {
    BW_ASSIGN(auto accounts, impl_->find_person(*view, person, viewer));
    asked.push_back(std::move(accounts));
  }
  // The listed, by the keys under which their scores are kept.
  std::set<uint64_t> listed;
  BW_ASSIGN(const auto numbering, impl_->store().ledger_numbering());
  for (const AccountId account : view->listed) {
    const auto group = Impl::group_of(*view, account);
    listed.insert(numbering->account_key[*std::min_element(group.begin(), group.end())]);
  }

  std::array<Rescored, 2> rescored;
  std::map<uint64_t, Twice> everybody;
  for (size_t side = 0; side < 2; ++side) {
    BW_ASSIGN(const Policy policy, impl_->policy_of(policies[side]));
    BW_ASSIGN(rescored[side], rescore(impl_->workspace, policy, view->info.as_of, phase));
    Rescored& scored = rescored[side];
    const auto key_of = [&](const PersonScore& score) {
      return scored.numbering->account_key[scored.first_account[score.person]];
    };
    if (viewer == Viewer::kPublic) {
      std::erase_if(scored.scores,
                    [&](const PersonScore& score) { return !listed.contains(key_of(score)); });
      rank_everybody(scored.scores);
    }
    PolicyComparison::Side& told = result.sides[side];
    told = {policies[side].asked,       policy.name, scored.policy_hash,
            method_name(policy.method), 0,           0};
    for (const PersonScore& score : scored.scores) {
      everybody[key_of(score)].scores[side] = &score;
      ++told.people;
      if (score.settled) ++told.settled;
    }
  }

  std::vector<ScoredTwice> both;
  std::vector<std::pair<std::tuple<int, double>, uint64_t>> movements;
  for (const auto& [key, twice] : everybody) {
    if (twice.scores[0] != nullptr && twice.scores[1] != nullptr) {
      both.push_back({twice.scores[0]->value, twice.scores[1]->value, twice.scores[0]->rank,
                      twice.scores[1]->rank});
    }
    movements.emplace_back(twice.movement(), key);
  }
  result.agreement = agreement_of(both, result.sides[0].settled, result.sides[1].settled);

  const auto add = [&](const std::vector<AccountEntry>& accounts, const Twice& twice) {
    PolicyComparison::Person person;
    person.person = person_id(hash64(accounts.front().ref()));
    person.name = shown_name(accounts.front());
    for (const AccountEntry& account : accounts) person.accounts.push_back(account.ref());
    for (size_t side = 0; side < 2; ++side) {
      const PersonScore* score = twice.scores[side];
      if (score == nullptr) continue;
      person.under[side] = {score->value, score->interval.low, score->interval.high, score->settled,
                            score->rank,  score->rank_low,     score->rank_high};
    }
    result.people.push_back(std::move(person));
  };
  for (const auto& accounts : asked) {
    const auto found = everybody.find(Impl::score_key(accounts));
    add(accounts, found == everybody.end() ? Twice{} : found->second);
  }
  if (!people.empty()) return result;
  std::sort(movements.begin(), movements.end(), [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : a.second < b.second;
  });
  for (const auto& [movement, key] : movements) {
    if (result.people.size() == limit) break;
    // Nobody whose score is the same has moved.
    if (std::get<1>(movement) == 0) continue;
    BW_ASSIGN(const auto entry, impl_->store().ledger_account_by_key(key));
    if (!entry) continue;  // read since the ledger of the newest snapshot was made
    BW_ASSIGN(auto accounts, impl_->store().ledger_accounts(Impl::group_of(*view, entry->id)));
    add(accounts, everybody.at(key));
  }
  return result;
}

}  // namespace bellwether
