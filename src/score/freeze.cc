// SPDX-License-Identifier: Apache-2.0
#include "score/freeze.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <map>
#include <set>
#include <tuple>

namespace bellwether {
namespace {

constexpr int64_t kWeekMs = 7 * kMsPerDay;
constexpr double kYearMs = 365.0 * static_cast<double>(kMsPerDay);

// All the half-lives at which anything is ever asked of a pair.
std::vector<double> half_lives(const Policy& policy) {
  std::set<double> all{kEndlessMs, kYearMs,
                       policy.vouch_half_life_days * static_cast<double>(kMsPerDay)};
  for (const double days : policy.half_life_days) all.insert(days * static_cast<double>(kMsPerDay));
  for (const double hours : policy.momentum_half_life_hours) {
    all.insert(hours * static_cast<double>(kMsPerHour));
  }
  return {all.begin(), all.end()};
}

bool same_acts(std::span<const FoldEntry> a, std::span<const FoldEntry> b) {
  // Networks may have been numbered anew.
  constexpr uint64_t kNetworkBits = uint64_t{0xFFFF} << 8;
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const FoldEntry& x, const FoldEntry& y) {
                      return x.published_ms == y.published_ms &&
                             (x.packed & ~kNetworkBits) == (y.packed & ~kNetworkBits);
                    });
}

class Freezing {
 public:
  explicit Freezing(const FreezeRequest& request)
      : r_(request), half_life_ms_(half_lives(request.policy)), at_(request.before.as_of()) {
    assert(r_.after.as_of() == at_ && r_.after_of.size() == r_.before.accounts());
    before_of_.assign(r_.after.accounts(), kNobody);
    for (AccountId a = 0; a < r_.after_of.size(); ++a) {
      if (r_.after_of[a] != kNobody) before_of_[r_.after_of[a]] = a;
    }
    teleport_.assign(r_.before.accounts(), 0);
    for (const AccountId account : r_.teleport_set) teleport_[account] = 1;
    for (size_t i = 0; i < r_.before.remainder().pairs.size(); ++i) {
      const FrozenPair& row = r_.before.remainder().pairs[i];
      rows_[row.receiver][row.mover].push_back(static_cast<uint32_t>(i));
    }
  }

  Frozen run() {
    for (AccountId after = 0; after < before_of_.size(); ++after) look_at(after);
    use_up_vouches();
    drop_the_few();
    std::set<std::pair<uint64_t, uint64_t>> kept;
    for (const FrozenPair& pair : result_.remainder.pairs) {
      if (pair.mover == kNobody && pair.at == at_)
        kept.insert({side_of(pair.receiver), pair.token});
    }
    result_.pairs = static_cast<uint32_t>(kept.size());
    return std::move(result_);
  }

 private:
  using Rows = std::vector<uint32_t>;

  void look_at(AccountId after) {
    const AccountId receiver = before_of_[after];
    assert(receiver != kNobody);
    const auto old = rows_.find(receiver);
    carry_over(after, old == rows_.end() ? nullptr : &old->second);
    // Every mover there was or is, by its number before.
    const auto was = r_.before.received(receiver);
    const auto is = r_.after.received(after);
    if (old == rows_.end() && same_movers(was, is)) return;
    std::map<AccountId, std::pair<std::span<const FoldEntry>, std::span<const FoldEntry>>> pairs;
    for (size_t i = 0; i < was.size();) {
      size_t end = i;
      while (end < was.size() && was[end].mover == was[i].mover) ++end;
      pairs[was[i].mover].first = was.subspan(i, end - i);
      i = end;
    }
    for (size_t i = 0; i < is.size();) {
      size_t end = i;
      while (end < is.size() && is[end].mover == is[i].mover) ++end;
      pairs[before_of_[is[i].mover]].second = is.subspan(i, end - i);
      i = end;
    }
    static const Rows kNone;
    if (old != rows_.end()) {
      for (const auto& [mover, rows] : old->second) {
        if (mover != kNobody) pairs.try_emplace(mover);
      }
    }
    for (const auto& [mover, acts] : pairs) {
      const Rows* rows = &kNone;
      if (old != rows_.end()) {
        if (const auto own = old->second.find(mover); own != old->second.end()) rows = &own->second;
      }
      if (r_.after_of[mover] == kNobody) {
        freeze_erased(after, mover, acts.first, *rows);
      } else if (!same_acts(acts.first, acts.second)) {
        freeze_named(after, mover, acts.first, acts.second, *rows);
      }
    }
  }

  // Whether the same people responded with the same acts; then there is nothing to look for.
  bool same_movers(std::span<const FoldEntry> was, std::span<const FoldEntry> is) const {
    if (was.size() != is.size() || !same_acts(was, is)) return false;
    for (size_t i = 0; i < was.size(); ++i) {
      if (r_.after_of[was[i].mover] != is[i].mover) return false;
    }
    return true;
  }

  // Rows of earlier erasures stay as they are, unless they name somebody who is erased now.
  void carry_over(AccountId after, const std::map<AccountId, Rows>* old) {
    if (old == nullptr) return;
    for (const auto& [mover, rows] : *old) {
      if (mover != kNobody && r_.after_of[mover] == kNobody) continue;
      for (const uint32_t row : rows) {
        FrozenPair pair = r_.before.remainder().pairs[row];
        pair.receiver = after;
        if (mover != kNobody) pair.mover = r_.after_of[mover];
        std::erase_if(pair.from, [&](const PassedToErased& from) {
          return r_.after_of[from.account] == kNobody;
        });
        for (PassedToErased& from : pair.from) from.account = r_.after_of[from.account];
        result_.remainder.pairs.push_back(std::move(pair));
      }
    }
  }

  void add(std::vector<FrozenSum>& sums, std::span<const FoldEntry> acts, Instant until,
           double sign) const {
    for (const FoldEntry& e : acts) {
      if (e.published_ms >= until.ms) break;
      const double credit = static_cast<double>(e.credit()) / static_cast<double>(kCreditOne);
      const auto age_ms = static_cast<double>(until.ms - e.published_ms);
      for (FrozenSum& sum : sums) {
        const double decayed = sign * credit * std::exp2(age_ms * (-1 / sum.half_life_ms));
        sum.x += decayed;
        if (!e.courted()) sum.free += decayed;
      }
    }
  }

  std::vector<FrozenSum> no_sums() const {
    std::vector<FrozenSum> sums;
    for (const double half_life : half_life_ms_) sums.push_back({half_life, 0, 0});
    return sums;
  }

  FrozenPair pair_of(AccountId after, AccountId mover, std::span<const FoldEntry> was,
                     const Rows& rows) const {
    const AccountId receiver = before_of_[after];
    FrozenPair pair;
    pair.receiver = after;
    pair.at = at_;
    pair.sums = no_sums();
    pair.week_before = no_sums();
    add(pair.sums, was, at_, 1);
    add(pair.week_before, was, Instant{at_.ms - kWeekMs}, 1);
    pair.moved = !was.empty();
    const int64_t recent_from = at_.ms - int64_t{r_.policy.reach_days} * kMsPerDay;
    pair.recent = !was.empty() && was.back().published_ms >= recent_from;
    for (const uint32_t row : rows) {
      const FrozenPair& old = r_.before.remainder().pairs[row];
      pair.moved = pair.moved || old.moved;
      pair.recent = pair.recent || (old.recent && old.at.ms - 1 >= recent_from);
    }
    pair.vouches = r_.standing.vouches().holds(mover, receiver);
    return pair;
  }

  void freeze_erased(AccountId after, AccountId mover, std::span<const FoldEntry> was,
                     const Rows& rows) {
    const AccountId receiver = before_of_[after];
    FrozenPair pair = pair_of(after, mover, was, rows);
    for (const uint32_t row : rows) {
      const FrozenPair& old = r_.before.remainder().pairs[row];
      const double since_ms = static_cast<double>(at_.ms - old.at.ms);
      for (size_t h = 0; h < half_life_ms_.size(); ++h) {
        const FrozenSum sum = sum_at(old.sums, half_life_ms_[h]);
        const double left = std::exp2(-since_ms / half_life_ms_[h]);
        pair.sums[h].x += sum.x * left;
        pair.sums[h].free += sum.free * left;
        const bool known = since_ms >= static_cast<double>(kWeekMs);
        const FrozenSum before = known ? sum : sum_at(old.week_before, half_life_ms_[h]);
        const double shift_ms = known ? since_ms - static_cast<double>(kWeekMs) : since_ms;
        const double left_before = std::exp2(-shift_ms / half_life_ms_[h]);
        pair.week_before[h].x += before.x * left_before;
        pair.week_before[h].free += before.free * left_before;
      }
    }
    const PersonMap& persons = r_.before.persons();
    const PersonId person = persons.person_of[receiver];
    const PersonId erased = persons.person_of[mover];
    // Who was not to be scored counted for nobody, but for the vouch of the account.
    pair.moved = pair.moved && person != kNobody && erased != kNobody && person != erased;
    if (pair.vouches) {
      pair.teleport = teleport_[mover];
      pair.mass_one = r_.standing.mass_one()[mover];
      pair.from = passed_to(mover);
    }
    if (!pair.moved && !pair.vouches) return;
    if (pair.moved) {
      pair.standing = r_.standing.for_receiver(r_.before, erased, person);
      pair.dealings = r_.before.dealings(person, erased);
    }
    // Accounts of nobody are each their own.
    const uint64_t who = erased == kNobody ? (uint64_t{1} << 32) + mover : erased;
    const auto [token, fresh] = tokens_.try_emplace({side_of(after), who}, 0);
    if (fresh) token->second = r_.random();
    pair.token = token->second;
    result_.remainder.pairs.push_back(std::move(pair));
  }

  // What those of the teleport set who remain had passed on to `account`, in one step.
  std::vector<PassedToErased> passed_to(AccountId account) const {
    std::vector<PassedToErased> from;
    const VouchGraph& vouches = r_.standing.vouches();
    for (uint64_t i = vouches.row[account]; i < vouches.row[account + size_t{1}]; ++i) {
      const AccountId voucher = vouches.voucher[i];
      const AccountId after = r_.after_of[voucher];
      if (teleport_[voucher] == 0 || after == kNobody || vouches.vouch[i] == 0) continue;
      from.push_back({after, r_.policy.damping * static_cast<double>(vouches.vouch[i])});
    }
    return from;
  }

  void freeze_named(AccountId after, AccountId mover, std::span<const FoldEntry> was,
                    std::span<const FoldEntry> is, const Rows& rows) {
    FrozenPair pair = pair_of(after, mover, was, rows);
    pair.mover = r_.after_of[mover];
    add(pair.sums, is, at_, -1);
    add(pair.week_before, is, Instant{at_.ms - kWeekMs}, -1);
    int64_t settled_until = INT64_MIN;
    for (const uint32_t row : rows) {
      pair.dealings = r_.before.remainder().pairs[row].dealings;
      settled_until = r_.before.remainder().pairs[row].at.ms;
    }
    for (const FoldEntry& e : was) {
      if (e.published_ms < settled_until) continue;
      pair.dealings =
          std::max(pair.dealings, e.prompted() ? Dealings::kAnswered : Dealings::kApproached);
    }
    result_.remainder.pairs.push_back(std::move(pair));
  }

  void use_up_vouches() {
    std::map<AccountId, uint32_t> used;
    for (AccountId receiver = 0; receiver < r_.after_of.size(); ++receiver) {
      if (r_.after_of[receiver] != kNobody) continue;
      const VouchGraph& vouches = r_.standing.vouches();
      for (uint64_t i = vouches.row[receiver]; i < vouches.row[receiver + 1]; ++i) {
        const AccountId voucher = r_.after_of[vouches.voucher[i]];
        if (voucher != kNobody) ++used[voucher];
      }
    }
    for (const UsedVouches& old : r_.before.remainder().used) {
      const AccountId account = r_.after_of[old.account];
      if (account != kNobody) result_.remainder.used.push_back({account, old.count, old.at});
    }
    for (const auto& [account, count] : used) {
      result_.remainder.used.push_back({account, count, at_});
    }
  }

  // Whom a receiver's account stands for: the person, or the account itself.
  uint64_t side_of(AccountId after) const {
    const PersonId person = r_.after.persons().person_of[after];
    return person == kNobody ? (uint64_t{1} << 32) + after : person;
  }

  void drop_the_few() {
    std::map<uint64_t, bool> few;
    const auto is_few = [&](AccountId receiver) {
      const uint64_t side = side_of(receiver);
      const auto known = few.find(side);
      if (known != few.end()) return known->second;
      std::set<uint64_t> movers;
      const PersonId person = r_.after.persons().person_of[receiver];
      const auto look = [&](AccountId account) {
        for (const FoldEntry& e : r_.after.received(account)) {
          const uint64_t mover = side_of(e.mover);
          if (mover != side) movers.insert(mover);
        }
      };
      if (person == kNobody) {
        look(receiver);
      } else {
        for (const AccountId account : r_.after.accounts_of(person)) look(account);
      }
      return few[side] = movers.size() < r_.among_min;
    };
    std::set<std::pair<uint64_t, uint64_t>> dropped;
    std::erase_if(result_.remainder.pairs, [&](const FrozenPair& pair) {
      if (pair.mover != kNobody || !is_few(pair.receiver)) return false;
      dropped.insert({side_of(pair.receiver), pair.token});
      return true;
    });
    result_.dropped = static_cast<uint32_t>(dropped.size());
  }

  const FreezeRequest& r_;
  const std::vector<double> half_life_ms_;
  const Instant at_;
  std::vector<AccountId> before_of_;
  std::vector<double> teleport_;
  std::map<AccountId, std::map<AccountId, Rows>> rows_;  // of earlier erasures: receiver, mover
  std::map<std::pair<uint64_t, uint64_t>, uint64_t> tokens_;
  Frozen result_;
};

}  // namespace

Frozen freeze(const FreezeRequest& request) { return Freezing(request).run(); }

}  // namespace bellwether
