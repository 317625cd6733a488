// SPDX-License-Identifier: Apache-2.0
#include "simulate/community.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include "base/hash.h"
#include "simulate/draw.h"

namespace bellwether {
namespace {

Community make(const CommunityOptions& options) {
  auto community = Community::create(options);
  EXPECT_TRUE(community.ok());
  return std::move(*community);
}

const Community& usual() {
  static const Community community = make({});
  return community;
}
const std::vector<SimulatedAct>& usual_acts() {
  static const std::vector<SimulatedAct> acts = usual().acts();
  return acts;
}

PersonId who(const Community& community, AccountId account) {
  return community.accounts()[account].person;
}

uint64_t fingerprint(const Community& community) {
  std::string all;
  for (const SimulatedAct& act : community.acts()) {
    all += std::to_string(act.published.ms) + ' ' + std::to_string(act.account) + ' ' +
           std::to_string(act.towards) + ' ' + std::to_string(act.object) + ' ' +
           std::to_string(static_cast<int>(act.verb)) + ' ' +
           std::to_string(static_cast<int>(act.cause)) + '\n';
  }
  return hash64(all);
}

TEST(Community, IsTheSameForTheSameOptions) {
  CommunityOptions options;
  options.people = 300;
  options.days = 40;
  EXPECT_EQ(fingerprint(make(options)), fingerprint(make(options)));
  const Community community = make(options);
  EXPECT_EQ(fingerprint(community), fingerprint(community)) << "acted out twice";
  CommunityOptions other = options;
  other.rng_seed = 2;
  EXPECT_NE(fingerprint(make(options)), fingerprint(make(other)));
}

TEST(Community, ActsComeInTheOrderOfTimeAndSpeakOfEarlierOnes) {
  Instant last = kCommunityBegin;
  uint32_t number = 0;
  for (const SimulatedAct& act : usual_acts()) {
    EXPECT_EQ(act.number, ++number);
    EXPECT_GE(act.published, last);
    EXPECT_LT(act.published, usual().end());
    EXPECT_LT(act.object, act.number);
    last = act.published;
    EXPECT_EQ(act.towards == kNobody, act.verb == Verb::kPost);
    if (act.verb == Verb::kPost) continue;
    EXPECT_NE(who(usual(), act.account), who(usual(), act.towards));
    EXPECT_EQ(usual().accounts()[act.account].network, usual().accounts()[act.towards].network);
    if (act.object != 0) {
      EXPECT_EQ(usual_acts()[act.object - 1].account, act.towards);
    }
    const CommunityPerson& person = usual().people()[who(usual(), act.account)];
    EXPECT_GE(act.published, person.arrival);
  }
}

TEST(Community, OptionsHaveTheirBounds) {
  const auto fits = [](const auto& change) {
    CommunityOptions options;
    options.people = 20;
    change(options);
    return Community::create(options).ok();
  };
  EXPECT_FALSE(fits([](auto& o) { o.people = 1; }));
  EXPECT_TRUE(fits([](auto& o) { o.people = 2; }));
  EXPECT_FALSE(fits([](auto& o) { o.people = 1'000'001; }));
  EXPECT_FALSE(fits([](auto& o) { o.days = 0; }));
  EXPECT_TRUE(fits([](auto& o) { o.days = 1; }));
  EXPECT_TRUE(fits([](auto& o) { o.days = 3650; }));
  EXPECT_FALSE(fits([](auto& o) { o.days = 3651; }));
  EXPECT_FALSE(fits([](auto& o) { o.acts_per_person_day = 0; }));
  EXPECT_TRUE(fits([](auto& o) { o.acts_per_person_day = 100; }));
  EXPECT_FALSE(fits([](auto& o) { o.acts_per_person_day = 100.5; }));
  EXPECT_FALSE(fits([](auto& o) { o.acts_per_person_day = std::nan(""); }));
  EXPECT_FALSE(fits([](auto& o) { o.fashions_per_day = 1.5; }));
  EXPECT_FALSE(fits([](auto& o) { o.arriving_share = -0.1; }));
}

TEST(Community, TwoPeopleAreACommunityToo) {
  for (uint64_t rng_seed = 1; rng_seed <= 50; ++rng_seed) {
    CommunityOptions options;
    options.people = 2;
    options.days = 30;
    options.rng_seed = rng_seed;
    const Community community = make(options);
    (void)community.acts();
    EXPECT_EQ(community.planted_persuasion().size(), 2U);
  }
}

// ---- the distributions that the page states
// ------------------------------------------------------

TEST(Community, PeopleDoAboutAsMuchAsAskedFor) {
  std::map<Cause, double> done;
  for (const SimulatedAct& act : usual_acts()) ++done[act.cause];
  const double all = 2000 * 120 * 0.5;
  const double own = done[Cause::kOwn] + done[Cause::kSeeking] + done[Cause::kHabit];
  EXPECT_GT(own, 0.4 * all);
  EXPECT_LT(own, 0.65 * all);
  // Of the two fifths, less what the bound and what late comers take.
  EXPECT_GT(done[Cause::kPersuasion], 0.12 * all);
  EXPECT_LT(done[Cause::kPersuasion], 0.45 * all);
  for (const Cause cause : {Cause::kFashion, Cause::kCourtesy, Cause::kFame}) {
    EXPECT_GT(done[cause], 0.01 * all);
    EXPECT_LT(done[cause], 0.2 * all);
  }
  EXPECT_EQ(done.count(Cause::kAttack), 0U);
}

TEST(Community, ActivityIsHeavyTailed) {
  std::vector<double> acts(usual().people().size(), 0);
  for (const SimulatedAct& act : usual_acts()) ++acts[who(usual(), act.account)];
  std::sort(acts.rbegin(), acts.rend());
  const double all = std::accumulate(acts.begin(), acts.end(), 0.0);
  const double first = std::accumulate(acts.begin(), acts.begin() + 100, 0.0);
  EXPECT_GT(first, 0.25 * all) << "a twentieth of the people do a quarter of all";
}

TEST(Community, PersuasionIsHeavyTailedAndNotOfTheMostActiveAlone) {
  std::vector<double> planted = usual().planted_persuasion();
  double product = 0;
  double appealing = 0;
  for (PersonId p = 0; p < planted.size(); ++p) {
    EXPECT_GE(planted[p], 0);
    EXPECT_LE(planted[p], 1999);
    if (usual().people()[p].kind == PersonKind::kLurker) {
      EXPECT_EQ(planted[p], 0);
    }
    product += planted[p] * std::min(1.0, usual().people()[p].activity);
    appealing += planted[p] * std::min(1.0, usual().people()[p].appeal);
  }
  std::sort(planted.rbegin(), planted.rend());
  const double all = std::accumulate(planted.begin(), planted.end(), 0.0);
  EXPECT_GT(all, 500);
  EXPECT_GT(std::accumulate(planted.begin(), planted.begin() + 100, 0.0), 0.3 * all);
  EXPECT_GT(product, 0);
  EXPECT_GT(appealing, 0);
}

TEST(Community, PeopleAttendToThoseOfLikeTopics) {
  double alike = 0;
  double ties = 0;
  for (PersonId v = 0; v < usual().people().size(); ++v) {
    for (const Attention& attention : usual().audience(v)) {
      const auto& a = usual().people()[v].topics;
      const auto& b = usual().people()[attention.by].topics;
      ++ties;
      alike += a[0] == b[0] || a[0] == b[1] || a[1] == b[0] || a[1] == b[1] ? 1 : 0;
      EXPECT_GT(attention.chance, 0);
      EXPECT_LE(attention.chance, 0.5F);
    }
  }
  EXPECT_GT(ties / 1200, 12);
  EXPECT_LT(ties / 1200, 20);
  // By chance it were 1 - (10 * 9) / (12 * 11), about a third.
  EXPECT_GT(alike / ties, 0.65);
}

TEST(Community, LurkersFollowAndDoNothingElse) {
  uint32_t lurkers = 0;
  for (const CommunityPerson& person : usual().people()) {
    lurkers += person.kind == PersonKind::kLurker ? 1 : 0;
  }
  EXPECT_NEAR(lurkers, 800, 80);
  uint32_t followed = 0;
  for (const SimulatedAct& act : usual_acts()) {
    if (usual().people()[who(usual(), act.account)].kind != PersonKind::kLurker) continue;
    EXPECT_EQ(act.verb, Verb::kFollow);
    EXPECT_EQ(act.cause, Cause::kFame);
    ++followed;
  }
  EXPECT_GT(followed, 500U);
}

TEST(Community, MostFollowersOfCelebritiesNeverActOnThem) {
  std::map<PersonId, std::set<PersonId>> followed;
  std::map<PersonId, std::set<PersonId>> responded;
  for (const SimulatedAct& act : usual_acts()) {
    if (act.towards == kNobody) continue;
    const PersonId of = who(usual(), act.towards);
    if (usual().people()[of].kind != PersonKind::kCelebrity) continue;
    (act.verb == Verb::kFollow ? followed : responded)[of].insert(who(usual(), act.account));
  }
  EXPECT_EQ(followed.size(), 10U);
  size_t followers = 0;
  size_t silent = 0;
  for (const auto& [celebrity, people] : followed) {
    followers += people.size();
    for (const PersonId p : people) silent += responded[celebrity].contains(p) ? 0 : 1;
  }
  EXPECT_GT(followers, 1000U);
  EXPECT_GT(static_cast<double>(silent), 0.85 * static_cast<double>(followers));
}

TEST(Community, AboutAQuarterHaveTwoAccounts) {
  size_t two = 0;
  std::set<std::string> names;
  for (const CommunityAccount& account : usual().accounts()) {
    names.insert(std::string(network_name(account.network)) + ':' + account.name);
  }
  EXPECT_EQ(names.size(), usual().accounts().size()) << "no name is used twice on a network";
  two = usual().accounts().size() - usual().people().size();
  EXPECT_NEAR(static_cast<double>(two), 500, 60);
}

TEST(Community, AFashionMakesEverybodyActAboutItsTopic) {
  CommunityOptions options;
  options.fashions_per_day = 0;
  EXPECT_THAT(make(options).acts(),
              testing::Each(testing::Field(&SimulatedAct::cause, testing::Ne(Cause::kFashion))));
  std::map<int64_t, std::set<PersonId>> takers;  // by day
  for (const SimulatedAct& act : usual_acts()) {
    if (act.cause != Cause::kFashion) continue;
    takers[(act.published.ms - kCommunityBegin.ms) / kMsPerDay].insert(who(usual(), act.account));
  }
  ASSERT_FALSE(takers.empty());
  size_t most = 0;
  for (const auto& [day, people] : takers) most = std::max(most, people.size());
  EXPECT_GT(most, 80U);
  EXPECT_LT(takers.size(), 40U) << "there are days without";
}

TEST(Community, WeekendsAndTheQuietWeekAreSlower) {
  std::vector<double> by_day(120, 0);
  for (const SimulatedAct& act : usual_acts()) {
    if (act.verb == Verb::kPost) {
      ++by_day[static_cast<size_t>((act.published.ms - kCommunityBegin.ms) / kMsPerDay)];
    }
  }
  double week = 0;
  double weekend = 0;
  for (size_t day = 0; day < by_day.size(); ++day) {
    (day % 7 < 5 ? week : weekend) += by_day[day] / (day % 7 < 5 ? 5 : 2);
  }
  EXPECT_NEAR(weekend / week, 0.6, 0.1);
  double quietest = 1e9;
  for (size_t day = 0; day + 7 <= by_day.size(); ++day) {
    quietest = std::min(
        quietest, std::accumulate(by_day.begin() + static_cast<std::ptrdiff_t>(day),
                                  by_day.begin() + static_cast<std::ptrdiff_t>(day) + 7, 0.0));
  }
  EXPECT_LT(quietest, 0.6 * std::accumulate(by_day.begin(), by_day.end(), 0.0) / 120 * 7);
}

TEST(Community, MostOfTheHabitIsAmongFew) {
  std::map<std::pair<PersonId, PersonId>, int> pairs;
  int chatter = 0;
  for (const SimulatedAct& act : usual_acts()) {
    if (act.cause != Cause::kHabit) continue;
    ++chatter;
    const PersonId from = who(usual(), act.account);
    const PersonId to = who(usual(), act.towards);
    EXPECT_EQ(usual().people()[from].circle, usual().people()[to].circle);
    ++pairs[{from, to}];
  }
  EXPECT_GT(chatter, 5000);
  EXPECT_GT(chatter / static_cast<int>(pairs.size()), 3) << "responses of few people";
}

TEST(Community, MostCourtesiesComeWithinADay) {
  double within = 0;
  double all = 0;
  for (const SimulatedAct& act : usual_acts()) {
    // Only answers in words name what they answer.
    if (act.cause != Cause::kCourtesy || act.verb == Verb::kFollow || act.object == 0) continue;
    const SimulatedAct& object = usual_acts()[act.object - 1];
    if (object.verb == Verb::kPost) continue;
    ++all;
    within += act.published.ms - object.published.ms <= kMsPerDay ? 1 : 0;
  }
  EXPECT_GT(all, 500);
  EXPECT_NEAR(within / all, 0.9, 0.05);
}

TEST(Community, ResharesFormChains) {
  std::map<int, int> chains;
  for (const SimulatedAct& act : usual_acts()) {
    int length = 0;
    for (const SimulatedAct* at = &act; at->verb == Verb::kReshare;
         at = &usual_acts()[at->object - 1]) {
      ++length;
    }
    ++chains[length];
  }
  EXPECT_GT(chains[1], 1000);
  EXPECT_GT(chains[2], 20);
  EXPECT_EQ(chains.count(5), 0U);
}

// ---- the truth
// -------------------------------------------------------------------------------------

// Who was brought to act by whom in [from, to): read off the causes, along chains of reshares.
// Responses to the original of a reshare do not say who showed it; so only those that do count
// towards resharers here.
std::vector<std::set<PersonId>> brought(const Community& community,
                                        const std::vector<SimulatedAct>& acts, Instant from,
                                        Instant to) {
  std::vector<std::set<PersonId>> out(community.people().size());
  for (const SimulatedAct& act : acts) {
    if (act.cause != Cause::kPersuasion || act.published < from || act.published >= to) continue;
    const PersonId mover = who(community, act.account);
    const SimulatedAct* at = &act;
    while (at->object != 0) {
      const PersonId by = who(community, at->towards);
      if (by != mover) out[by].insert(mover);
      at = &acts[at->object - 1];
    }
  }
  return out;
}

TEST(Truth, IsWhatIsCountedByCause) {
  // Every day is ordinary, so that a month's count has the planted persuasion as expectation.
  CommunityOptions options;
  options.people = 1000;
  options.days = 332;
  options.fashions_per_day = 0;
  options.holidays = false;
  options.arriving_share = 0;
  options.new_ties_share = 0;
  const Community community = make(options);
  const std::vector<double> planted = community.planted_persuasion();
  const std::vector<SimulatedAct> acts = community.acts();
  std::vector<double> counted(planted.size(), 0);
  constexpr int kMonths = 10;
  // 30 days have up to two weekends more or less than their share, so months begin on all weekdays.
  for (int month = 0; month < kMonths; ++month) {
    const Instant from{kCommunityBegin.ms + (3 + month * 31) * kMsPerDay};
    const Instant to{from.ms + 30 * kMsPerDay};
    const auto people = brought(community, acts, from, to);
    for (size_t p = 0; p < planted.size(); ++p) {
      counted[p] += static_cast<double>(people[p].size()) / kMonths;
    }
  }
  double planted_sum = 0;
  double counted_sum = 0;
  for (size_t p = 0; p < planted.size(); ++p) {
    planted_sum += planted[p];
    counted_sum += counted[p];
    // Of the least, one lucky reshare by somebody prominent would be all.
    if (planted[p] < 1) continue;
    // Five standard errors of ten months' counts, more where few posts bring many each; and what
    // only the truth sees, those to whom a resharer showed what they then answered.
    const double posts = 30 * posts_per_day(community.people()[p]) + 1e-9;
    const double variance = planted[p] * (1 + planted[p] / posts);
    const double error = 5 * std::sqrt(variance / kMonths);
    EXPECT_LT(counted[p], planted[p] + error + 0.02 * planted[p]) << p;
    EXPECT_GT(counted[p], 0.75 * planted[p] - error) << p;
  }
  EXPECT_LT(counted_sum, planted_sum * 1.01);
  EXPECT_GT(counted_sum, planted_sum * 0.9);
}

TEST(Truth, DoesNotDependOnFashionsOrHolidays) {
  CommunityOptions plain;
  plain.people = 300;
  CommunityOptions quiet = plain;
  quiet.fashions_per_day = 0;
  quiet.holidays = false;
  EXPECT_EQ(make(plain).planted_persuasion(), make(quiet).planted_persuasion());
}

TEST(Truth, OfASinglePairIsTheFormulaOfThePage) {
  // Found by hand: somebody with exactly one attending, who does not pass anything on to others.
  const Community& community = usual();
  const std::vector<double> planted = community.planted_persuasion();
  int checked = 0;
  for (PersonId v = 0; v < planted.size(); ++v) {
    const auto audience = community.audience(v);
    if (audience.size() != 1) continue;
    const CommunityPerson& author = community.people()[v];
    const CommunityPerson& reader = community.people()[audience[0].by];
    bool attends = false;  // then v may pass on what others post
    for (PersonId other = 0; other < planted.size() && !attends; ++other) {
      for (const Attention& a : community.audience(other)) attends = attends || a.by == v;
    }
    if (attends || !community.audience(audience[0].by).empty()) continue;
    const auto cares = [&](uint8_t topic) {
      return reader.topics[0] == topic || reader.topics[1] == topic ? 1 : 0.3;
    };
    double share = 0;
    double accounts = 0;
    for (size_t n = 0; n < kCommunityNetworks; ++n) {
      if (author.accounts[n] == kNobody) continue;
      ++accounts;
      share += reader.accounts[n] == kNobody ? 0 : 1;
    }
    const double r = posts_per_day(author) * share / accounts *
                     static_cast<double>(audience[0].chance) *
                     (0.7 * cares(author.topics[0]) + 0.3 * cares(author.topics[1]));
    EXPECT_NEAR(planted[v], 1 - std::exp(-30 * r), 1e-12);
    ++checked;
  }
  RecordProperty("checked", checked);
}

TEST(Draw, HasTheMomentsOfItsDistributions) {
  Draw draw(7);
  double normal = 0;
  double squares = 0;
  double exponential = 0;
  double poisson = 0;
  constexpr int kTimes = 200'000;
  for (int i = 0; i < kTimes; ++i) {
    const double z = draw.normal();
    normal += z;
    squares += z * z;
    exponential += draw.exponential(6);
    poisson += draw.poisson(47.5);
  }
  EXPECT_NEAR(normal / kTimes, 0, 0.01);
  EXPECT_NEAR(squares / kTimes, 1, 0.02);
  EXPECT_NEAR(exponential / kTimes, 6, 0.06);
  EXPECT_NEAR(poisson / kTimes, 47.5, 0.1);
  const std::vector<double> weight{0, 1, 0, 3, 0};
  const Urn urn(weight);
  std::vector<int> picked(5, 0);
  for (int i = 0; i < 40'000; ++i) ++picked[urn.pick(draw)];
  EXPECT_EQ(picked[0] + picked[2] + picked[4], 0);
  EXPECT_NEAR(picked[3], 30'000, 500);
  EXPECT_TRUE(Urn(std::vector<double>{0, 0}).empty());
}

}  // namespace
}  // namespace bellwether
