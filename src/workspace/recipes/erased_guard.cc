// SPDX-License-Identifier: Apache-2.0
#include "workspace/recipes/erased_guard.h"

#include <algorithm>

#include "event/topic.h"

namespace bellwether {
namespace {

constexpr std::string_view kReason = "by or towards somebody who was erased";
constexpr size_t kKnownMax = 1'000'000;  // accounts remembered, so that memory stays bounded

}  // namespace

bool ErasedGuard::is_erased(const AccountRef& account) {
  if (account.empty()) return false;
  std::string ref(account.network);
  ref += ':';
  ref += account.name;
  if (const auto known = known_.find(ref); known != known_.end()) return known->second;
  if (known_.size() >= kKnownMax) known_.clear();
  const bool erased = erased_.account(account.network, account.name);
  known_.emplace(std::move(ref), erased);
  return erased;
}

Result<void> ErasedGuard::event(const InteractionEvent& event) {
  if (erased_.empty()) return sink_.event(event);
  if (is_erased(event.account) || is_erased(event.author) || is_erased(event.target) ||
      erased_.mentioned_in(event.object)) {
    return sink_.reject({event.provenance.record, 0, kReason, {}});
  }
  const auto names_them = [&](std::string_view topic) {
    return erased_.mentioned_in(without_mark(topic));
  };
  if (std::none_of(event.topics.begin(), event.topics.end(), names_them)) return sink_.event(event);
  InteractionEvent without = event;
  std::erase_if(without.topics, names_them);
  return sink_.event(without);
}

Result<void> ErasedGuard::reject(const Reject& reject) {
  if (erased_.empty() || !erased_.maybe_mentioned_in(reject.content)) return sink_.reject(reject);
  return sink_.reject({reject.record, 0, reject.reason, {}});
}

Result<void> ErasedGuard::profile(const AccountProfile& profile) {
  if (erased_.empty()) return sink_.profile(profile);
  if (is_erased(profile.account)) {
    sink_.left_alone("profile of somebody who was erased", 1);
    return {};
  }
  AccountProfile without = profile;
  if (erased_.mentioned_in(profile.display_name)) without.display_name = {};
  if (erased_.mentioned_in(profile.url)) without.url = {};
  return sink_.profile(without);
}

Result<void> ErasedGuard::claim(const IdentityClaim& claim) {
  if (!erased_.empty() && (is_erased(claim.account) || is_erased(claim.same_as) ||
                           erased_.mentioned_in(claim.evidence))) {
    sink_.left_alone("claim about somebody who was erased", 1);
    return {};
  }
  return sink_.claim(claim);
}

}  // namespace bellwether
