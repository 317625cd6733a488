// SPDX-License-Identifier: Apache-2.0
#include "workspace/recipes/erase.h"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "score/freeze.h"
#include "workspace/persons.h"
#include "workspace/recipes/ontology.h"
#include "workspace/recipes/scoring.h"

namespace bellwether {
namespace {

constexpr double kMovedMin = 1e-9;  // points; below it is rounding

uint64_t random_token() {
  uint64_t token = 0;
  while (token == 0) randombytes_buf(&token, sizeof token);
  return token;
}

class Erasing {
 public:
  Erasing(Workspace& workspace, const Scoring::Phase& phase)
      : workspace_(workspace), phase_(phase) {}

  Result<EraseResult> run(const std::string& account) {
    if (sodium_init() < 0) return Error{ErrorCode::kIo, "no source of random numbers"};
    Registry& registry = workspace_.registry();
    BW_ASSIGN(const Erased erased, registry.erased());
    BW_ASSIGN(const bool unfinished, registry.unfinished(account));
    const AccountRef asked = split_reference(account);
    const bool buried = erased.account(asked.network, asked.name);
    if (buried && !unfinished) {
      result_.already = true;
      return std::move(result_);
    }
    BW_ASSIGN(accounts_, registry.accounts_of(account));
    if (!buried) {
      BW_ASSIGN(const bool known, anybody());
      if (!known) {
        return Error{
            ErrorCode::kNotFound,
            fmt::format("nobody here is called '{}': `bellwether people list` lists people",
                        account)};
      }
    }
    result_.accounts = static_cast<uint32_t>(accounts_.size());
    BW_TRY(workspace_.reload_policy());
    // From here on they stay away, whatever happens; what is left is done by another call.
    BW_TRY(registry.bury(accounts_));
    BW_TRY(rewrite());
    begin("forgetting");
    BW_ASSIGN(result_.policy, workspace_.forget_in_policy(accounts_));
    BW_TRY(forget_in_ontology());
    BW_ASSIGN(result_.registry, registry.forget(accounts_));
    return std::move(result_);
  }

 private:
  void begin(std::string_view name) {
    if (phase_) phase_(name);
  }

  // A topic may be called like them.
  Result<void> forget_in_ontology() {
    BW_ASSIGN(const auto ontology, workspace_.ontology());
    if (ontology->empty()) return {};
    BW_ASSIGN(const Erased erased, workspace_.registry().erased());
    OntologyRows rows = without_erased(ontology->rows(), erased, result_.ontology);
    if (result_.ontology == 0) return {};
    Ontology::Report report;
    return workspace_.replace_ontology(Ontology::build(std::move(rows), report));
  }

  Result<bool> anybody() {
    for (const std::string& each : accounts_) {
      const AccountRef account = split_reference(each);
      BW_ASSIGN(const bool known, workspace_.store().knows(account.network, account.name));
      if (known) return true;
    }
    BW_ASSIGN(const Consent consent, workspace_.registry().consent(accounts_.front()));
    return accounts_.size() > 1 || consent != Consent::kPrivate;
  }

  // As of when the remainder counts; empty: nothing can be scored.
  Result<std::optional<Instant>> instant(Scoring& scoring) {
    const auto newest = scoring.newest();
    if (!newest.ok()) {
      if (newest.error().code == ErrorCode::kNotFound) return std::optional<Instant>();
      return newest.error();
    }
    // A snapshot of a later instant is what people look at; so the next one is of no earlier one.
    BW_ASSIGN(const auto snapshots, workspace_.store().snapshots());
    return std::optional(snapshots.empty() ? *newest : std::max(*newest, snapshots.back().as_of));
  }

  Result<void> rewrite() {
    Scoring before(workspace_, workspace_.store(), phase_);
    BW_ASSIGN(const auto as_of, instant(before));
    bool scored = as_of.has_value();
    if (scored) {
      Result<void> read = before.read(*as_of);
      if (!read.ok() && read.error().code != ErrorCode::kNotFound) return read;
      scored = read.ok();
    }
    if (scored) {
      BW_TRY(before.fold());
      before.count();
    }
    begin("writing the store without them");
    BW_ASSIGN(const auto erasure, workspace_.store().begin_erasure(accounts_));
    if (scored) BW_TRY(score_without(before, *as_of, *erasure));
    begin("putting it in place");
    BW_ASSIGN(result_.store, erasure->take_place());
    return {};
  }

  Result<void> score_without(const Scoring& before, Instant as_of, Erasure& erasure) {
    Scoring after(workspace_, erasure.store(), phase_);
    Result<void> read = after.read(as_of);
    if (!read.ok()) {
      if (read.error().code != ErrorCode::kNotFound) return read;
      return compare(before, nullptr);  // nobody is left who was moved by anybody
    }
    BW_TRY(after.fold(true));
    const std::vector<AccountId> after_of = match(before.numbering(), after.numbering());
    Frozen frozen = freeze({before.graph(), before.standing(), before.teleport_set(), after.graph(),
                            after_of, workspace_.policy(), random_token});
    result_.frozen = frozen.pairs;
    result_.dropped = frozen.dropped;
    BW_TRY(erasure.keep(after.numbering(), frozen.remainder));
    after.set_remainder(std::move(frozen.remainder));
    BW_TRY(after.fold());
    after.count();
    BW_TRY(compare(before, &after));
    BW_ASSIGN(const ScoreResult published, after.publish());
    result_.snapshot = published.snapshot;
    return {};
  }

  // Both numberings ascend by key, and the one after lacks some.
  static std::vector<AccountId> match(const Numbering& before, const Numbering& after) {
    std::vector<AccountId> after_of(before.accounts(), kNobody);
    AccountId next = 0;
    for (AccountId a = 0; a < before.accounts() && next < after.accounts(); ++a) {
      if (before.account_key[a] == after.account_key[next]) after_of[a] = next++;
    }
    return after_of;
  }

  static AccountId first_account(const Scoring& scoring, const PersonScore& score) {
    return scoring.graph().accounts_of(score.person).front();
  }

  Result<void> compare(const Scoring& before, const Scoring* after) {
    std::map<uint64_t, double> now;
    if (after != nullptr) {
      for (const PersonScore& score : after->scores()) {
        now[after->numbering().account_key[first_account(*after, score)]] = score.value;
      }
    }
    std::vector<AccountId> ids;
    std::map<AccountId, EraseResult::Moved> moved;
    const std::set<std::string> erased(accounts_.begin(), accounts_.end());
    for (const PersonScore& score : before.scores()) {
      const AccountId account = first_account(before, score);
      const auto value = now.find(before.numbering().account_key[account]);
      const bool there = value != now.end();
      if (there && std::abs(value->second - score.value) <= kMovedMin) continue;
      ids.push_back(account);
      moved[account] = {{}, score.value, there ? std::optional(value->second) : std::nullopt};
    }
    BW_ASSIGN(const auto names, workspace_.store().accounts(before.numbering(), ids));
    for (const AccountEntry& name : names) {
      if (erased.contains(name.ref())) continue;
      EraseResult::Moved& each = moved[name.id];
      each.account = name.ref();
      result_.moved.push_back(std::move(each));
    }
    std::sort(result_.moved.begin(), result_.moved.end(),
              [](const auto& a, const auto& b) { return a.account < b.account; });
    return {};
  }

  Workspace& workspace_;
  const Scoring::Phase& phase_;
  std::vector<std::string> accounts_;
  EraseResult result_;
};

}  // namespace

Result<EraseResult> erase(Workspace& workspace, const std::string& account,
                          const std::function<void(std::string_view)>& phase) {
  return Erasing(workspace, phase).run(account);
}

}  // namespace bellwether
