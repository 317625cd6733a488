// SPDX-License-Identifier: Apache-2.0
#include "plan/pair_chances.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/math/special_functions/beta.hpp>

#include "base/parallel.h"
#include "plan/pair_fit.h"
#include "plan/pair_replay.h"

namespace bellwether {
namespace {

// Exposures at everybody's rate that a topic's is shrunk by.
constexpr double kTopicShrinkage = 20;

}  // namespace

Result<int64_t> occasion_length(std::span<const LedgerEntry> ledger,
                                std::span<const PersonAct> acts, Instant as_of,
                                const PairChanceOptions& options) {
  if (options.active_days < 1) {
    return Error{ErrorCode::kInvalidArgument, "somebody stays active for a day at least"};
  }
  Instant first = as_of;
  for (const LedgerEntry& entry : ledger) first = std::min(first, entry.published);
  for (const PersonAct& act : acts) {
    if (act.published.known()) first = std::min(first, act.published);
  }
  if (options.occasion_ms > 0) {
    if ((as_of.ms - first.ms) / options.occasion_ms >= kSlotsMax) {
      return Error{ErrorCode::kInvalidArgument,
                   fmt::format("slots of {} ms would be more than {} in this log: take longer ones",
                               options.occasion_ms, kSlotsMax)};
    }
    return options.occasion_ms;
  }
  for (const int64_t length : kOccasionMs) {
    if (as_of.ms - first.ms >= kOccasionsKnownMin * length) return length;
  }
  return kOccasionMs.back();
}

ChanceInterval interval_of(const PairChance& pair, const ChanceModel& model, double mass) {
  // Long doubles would take four times as long for digits that nobody reads.
  using Precision = boost::math::policies::policy<boost::math::policies::promote_double<false>>;
  const auto prior = static_cast<double>(pair.prior);
  const auto answered = static_cast<double>(pair.answered);
  const auto exposures = static_cast<double>(pair.exposures);
  const double a = model.strength * prior + answered;
  const double b = model.strength * (1 - prior) + std::max(0.0, exposures - answered);
  const double tail = (1 - mass) / 2;
  return {boost::math::ibeta_inv(a, b, tail, Precision()),
          boost::math::ibetac_inv(a, b, tail, Precision())};
}

Result<PairChances> pair_chances(std::span<const LedgerEntry> ledger,
                                 std::span<const PersonAct> acts, const PersonMap& persons,
                                 Instant as_of, const PairChanceOptions& options,
                                 const std::unordered_set<TopicSetId>* topics) {
  BW_ASSIGN(const int64_t length, occasion_length(ledger, acts, as_of, options));
  PairChances out;
  SlotGrid grid{as_of, length};
  const PairHistory history =
      pair_history(ledger, acts, persons, as_of, options.active_days, nullptr, grid);
  PairReplay replay(history);
  ChanceFitter fitter(length);
  replay.advance(history.slots(), [&](const Exposure& exposure) { fitter.see(exposure); });
  const std::optional<ChanceFit> fit = fitter.fit(history.slots(), options.threads);
  if (!fit) return out;
  out.model = fit->model;
  const size_t h = fit->horizon;
  out.pairs.resize(history.pairs.size());
  for (size_t i = 0; i < history.pairs.size(); ++i) {
    const MetPair& pair = history.pairs[i];
    const ExposureCounts& own = replay.own(i);
    const double prior =
        logistic(fit->prior_log_odds(replay.from(pair.from), replay.to(pair.to), replay.all()));
    out.pairs[i] = {
        .from = pair.from,
        .to = pair.to,
        .chance = static_cast<float>(fit->chance(prior, static_cast<double>(own.answered[h]),
                                                 static_cast<double>(own.exposures[h]))),
        .prior = static_cast<float>(prior),
        .answered = own.answered[h],
        .exposures = own.exposures[h],
        .occasions = replay.exposures(i),
        .responses = replay.responses(i)};
  }
  if (topics != nullptr) {
    SlotGrid about_grid{as_of, length};
    const PairHistory about =
        pair_history(ledger, acts, persons, as_of, options.active_days, topics, about_grid);
    PairReplay replay_about(about);
    replay_about.advance(about.slots(), [](const Exposure&) {});
    std::vector<bool> known(persons.persons, false);  // to have had an occasion about it
    for (const Occasion& occasion : about.occasions.items) known[occasion.person] = true;
    const double everybody = rate_of_all(replay.all(), h);
    const double topic =
        (static_cast<double>(replay_about.all().answered[h]) + kTopicShrinkage * everybody) /
        (static_cast<double>(replay_about.all().exposures[h]) + kTopicShrinkage);
    const double lift = log_odds_of(topic) - log_odds_of(everybody);
    size_t kept = 0;
    for (size_t i = 0; i < out.pairs.size(); ++i) {
      PairChance pair = out.pairs[i];
      if (!known[pair.from]) continue;
      const ExposureCounts& own = replay_about.own(i);
      const double prior = logistic(log_odds_of(static_cast<double>(pair.chance)) + lift);
      pair.prior = static_cast<float>(prior);
      pair.answered = own.answered[h];
      pair.exposures = own.exposures[h];
      pair.occasions = replay_about.exposures(i);
      pair.responses = replay_about.responses(i);
      pair.chance = static_cast<float>(fit->chance(prior, static_cast<double>(pair.answered),
                                                   static_cast<double>(pair.exposures)));
      out.pairs[kept++] = pair;
    }
    out.pairs.resize(kept);
  }
  std::sort(out.pairs.begin(), out.pairs.end(), [](const PairChance& a, const PairChance& b) {
    return a.from != b.from ? a.from < b.from : a.to < b.to;
  });
  return out;
}

}  // namespace bellwether
