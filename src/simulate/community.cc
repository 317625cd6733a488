// SPDX-License-Identifier: Apache-2.0
#include "simulate/community.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <deque>
#include <queue>

#include "simulate/draw.h"

namespace bellwether {
namespace {

// The numbers of docs/methods/simulate.md, in its order.
constexpr double kLurkers = 0.4;
constexpr double kCelebrities = 0.005;
constexpr uint32_t kCelebritiesFrom = 50;  // people
constexpr double kCelebrityActivity = 3;
constexpr double kActivitySigma = 1.2;
constexpr double kProminenceSigma = 1.3;
constexpr double kProminenceCorrelation = 0.5;
constexpr double kCourtesyMost = 0.5;
constexpr double kFirstTopic = 0.7;
constexpr std::array kHome{0.6, 0.25, 0.15};
constexpr double kSecondAccount = 0.25;
constexpr double kInCircle = 0.3;
constexpr double kSeekers = 0.15;

constexpr double kAttentionLeast = 3;
constexpr double kAttentionMore = 12;
constexpr double kHomophily = 0.7;
constexpr int kAttentionTries = 20;
constexpr double kAttendedBack = 0.25;
constexpr double kLurkerFollows = 4;
constexpr double kCelebrityFollows = 1.5;

constexpr double kWeekend = 0.6;
constexpr double kOrdinaryDay = (5 + 2 * kWeekend) / 7;
constexpr double kAwayEveryDays = 120;
constexpr double kQuietWeek = 1.0 / 3;
constexpr uint32_t kQuietEveryDays = 120;

constexpr double kOwnAccord = 0.6;
constexpr double kPostWeight = 1;
constexpr double kChatterWeight = 0.8;
constexpr double kSeekingWeight = 0.1;
constexpr double kSeekerWeight = 1.5;
constexpr size_t kLastPosts = 200;

constexpr double kPersuaded = 0.4;
constexpr double kChanceMost = 0.5;
constexpr double kTieSigma = 0.8;
constexpr double kForeignTopic = 0.3;
constexpr double kReshares = 0.2;
constexpr double kQuotes = 0.05;
constexpr double kReplies = 0.35;
constexpr double kReshareShows = 0.5;
constexpr int kResharesMost = 3;
constexpr double kPersuasionHours = 6;
constexpr double kPersuasionHoursMost = 72;

constexpr double kCircleAnswers = 0.5;
constexpr double kFloodedBy = 3;

constexpr double kFashionDays = 2;
constexpr double kFashionForFriends = 0.8;
constexpr double kFashionForOthers = 0.4;
constexpr double kFashionPosts = 0.3;

constexpr std::array<std::string_view, kCommunityTopics> kTopics{
    "databases", "gardening", "typography", "astronomy", "compilers",   "cycling",
    "baking",    "maps",      "birds",      "chess",     "electronics", "translation"};
// In alphabetical order, as NetworkId wants it.
constexpr std::array<std::string_view, kCommunityNetworks> kNetworks{"simulated", "simulated.code",
                                                                     "simulated.forum"};
constexpr std::array<std::string_view, 16> kSyllables{"ba",  "ri", "no", "ka", "lu", "me",
                                                      "so",  "ti", "va", "do", "pe", "ru",
                                                      "shi", "an", "el", "mo"};

int64_t of_days(double days) { return static_cast<int64_t>(days * static_cast<double>(kMsPerDay)); }
int64_t of_hours(double hours) {
  return static_cast<int64_t>(hours * static_cast<double>(kMsPerHour));
}

// A person's name is spelled a little differently on every network, as people do.
std::string make_name(size_t number, NetworkId network) {
  std::string name = network == 0 ? "@" : "";
  for (size_t n = number + 256, i = 0; n > 0 && i < 8; n /= 16, ++i) name += kSyllables[n % 16];
  return network == 1 ? name + ".dev" : name;
}

double interest(const CommunityPerson& person, uint8_t topic) {
  return person.topics[0] == topic || person.topics[1] == topic ? 1 : kForeignTopic;
}

uint32_t networks_of(const CommunityPerson& person) {
  uint32_t count = 0;
  for (const AccountId account : person.accounts) count += account == kNobody ? 0 : 1;
  return count;
}

// The share of what `author` posts that is posted where `reader` is.
double shared_networks(const CommunityPerson& author, const CommunityPerson& reader) {
  uint32_t shared = 0;
  for (size_t n = 0; n < kCommunityNetworks; ++n) {
    shared += author.accounts[n] != kNobody && reader.accounts[n] != kNobody ? 1 : 0;
  }
  return static_cast<double>(shared) / networks_of(author);
}

struct Weights {
  double post = kPostWeight, chatter = 0, seeking = kSeekingWeight;
  double sum() const { return post + chatter + seeking; }
};
Weights weights_of(const CommunityPerson& person) {
  Weights weights;
  if (person.circle != kNobody) weights.chatter = kChatterWeight;
  if (person.seeker) weights.seeking = kSeekerWeight;
  return weights;
}

}  // namespace

std::string_view topic_name(uint8_t topic) { return kTopics[topic]; }
std::string_view network_name(NetworkId network) { return kNetworks[network]; }

double posts_per_day(const CommunityPerson& person) {
  const Weights weights = weights_of(person);
  return person.activity * kOwnAccord * kOrdinaryDay * weights.post / weights.sum();
}

Result<Community> Community::create(const CommunityOptions& options) {
  if (options.people < 2 || options.people > 1'000'000) {
    return Error{ErrorCode::kInvalidArgument, "a community has 2 to 1,000,000 people"};
  }
  if (options.days < 1 || options.days > 3650) {
    return Error{ErrorCode::kInvalidArgument, "a community's calendar has 1 to 3,650 days"};
  }
  if (!(options.acts_per_person_day > 0 && options.acts_per_person_day <= 100)) {
    return Error{ErrorCode::kInvalidArgument, "acts of a person a day are above 0 and at most 100"};
  }
  if (!(options.fashions_per_day >= 0 && options.fashions_per_day <= 1 &&
        options.arriving_share >= 0 && options.arriving_share <= 1 && options.new_ties_share >= 0 &&
        options.new_ties_share <= 1)) {
    return Error{ErrorCode::kInvalidArgument, "shares lie between 0 and 1"};
  }
  Community community;
  community.options_ = options;
  Draw draw(options.rng_seed);
  community.make_people(draw);
  community.make_circles(draw);
  community.make_attention(draw);
  community.follow_famous(draw);
  return community;
}

void Community::make_people(Draw& draw) {
  const size_t celebrities =
      options_.people < kCelebritiesFrom
          ? 0
          : std::max<size_t>(1, static_cast<size_t>(kCelebrities * options_.people));
  const Urn home(kHome);
  people_.resize(options_.people);
  for (PersonId p = 0; p < options_.people; ++p) {
    CommunityPerson& person = people_[p];
    // Names are drawn at random too, so the first people may be the celebrities.
    person.kind = p < celebrities         ? PersonKind::kCelebrity
                  : draw.chance(kLurkers) ? PersonKind::kLurker
                                          : PersonKind::kOrdinary;
    const double activity = draw.normal();
    const double appeal = draw.normal();
    const double own = std::sqrt(1 - kProminenceCorrelation * kProminenceCorrelation);
    const double prominence = kProminenceCorrelation * appeal + own * draw.normal();
    if (person.kind != PersonKind::kLurker) {
      // The lurkers' share is done by the others, so that the mean is over everybody.
      person.activity = options_.acts_per_person_day / (1 - kLurkers) *
                        std::exp(kActivitySigma * activity - kActivitySigma * kActivitySigma / 2);
    }
    if (person.kind == PersonKind::kCelebrity) person.activity *= kCelebrityActivity;
    person.appeal = std::exp(appeal);
    person.prominence = std::exp(kProminenceSigma * prominence);
    person.courtesy = kCourtesyMost * draw.uniform();
    person.seeker = draw.chance(kSeekers) && person.kind == PersonKind::kOrdinary;
    person.topics[0] = static_cast<uint8_t>(draw.below(kCommunityTopics));
    person.topics[1] = static_cast<uint8_t>(
        (person.topics[0] + 1 + draw.below(kCommunityTopics - 1)) % kCommunityTopics);
    const double when = draw.uniform();
    person.arrival = draw.chance(options_.arriving_share)
                         ? Instant{kCommunityBegin.ms + of_days(when * options_.days)}
                         : Instant{kCommunityBegin.ms - kMsPerDay};
    person.home = static_cast<NetworkId>(home.pick(draw));
    person.accounts.fill(kNobody);
    person.accounts[person.home] = 0;
    const size_t other =
        (person.home + 1 + draw.below(kCommunityNetworks - 1)) % kCommunityNetworks;
    if (draw.chance(kSecondAccount)) person.accounts[other] = 0;
    for (NetworkId n = 0; n < kCommunityNetworks; ++n) {
      if (person.accounts[n] == kNobody) continue;
      person.accounts[n] = static_cast<AccountId>(accounts_.size());
      accounts_.push_back({make_name(p, n), n, p});
    }
  }
}

void Community::make_circles(Draw& draw) {
  // Circles are of one network: people are taken in their order, which says nothing about them.
  std::array<std::vector<PersonId>, kCommunityNetworks> open;
  std::array<size_t, kCommunityNetworks> wanted{};
  for (PersonId p = 0; p < people_.size(); ++p) {
    if (people_[p].kind == PersonKind::kLurker || !draw.chance(kInCircle)) continue;
    const NetworkId home = people_[p].home;
    if (open[home].empty()) wanted[home] = 3 + draw.below(6);
    open[home].push_back(p);
    if (open[home].size() < wanted[home]) continue;
    for (const PersonId member : open[home]) {
      people_[member].circle = static_cast<uint32_t>(circles_.size());
    }
    circles_.push_back(std::move(open[home]));
    open[home].clear();
  }
}

void Community::make_attention(Draw& draw) {
  // One urn over all, and one for each topic over those who have it.
  std::vector<double> weight(people_.size());
  for (PersonId p = 0; p < people_.size(); ++p) {
    weight[p] = people_[p].kind == PersonKind::kLurker ? 0 : people_[p].prominence;
  }
  const Urn all(weight);
  if (all.empty()) {
    audience_row_.assign(people_.size() + 1, 0);
    return;
  }
  std::array<std::vector<PersonId>, kCommunityTopics> of_topic;
  std::array<Urn, kCommunityTopics> urn_of;
  for (uint8_t topic = 0; topic < kCommunityTopics; ++topic) {
    std::vector<double> own;
    for (PersonId p = 0; p < people_.size(); ++p) {
      if (weight[p] == 0 || interest(people_[p], topic) < 1) continue;
      of_topic[topic].push_back(p);
      own.push_back(weight[p]);
    }
    urn_of[topic] = Urn(own);
  }

  struct Tie {
    PersonId by, of;
  };
  std::vector<Tie> ties;
  for (PersonId p = 0; p < people_.size(); ++p) {
    const CommunityPerson& person = people_[p];
    if (person.kind == PersonKind::kLurker) continue;
    const auto wanted = static_cast<uint32_t>(kAttentionLeast) + draw.poisson(kAttentionMore);
    for (uint32_t i = 0; i < wanted; ++i) {
      const uint8_t topic = person.topics[draw.chance(kFirstTopic) ? 0 : 1];
      const bool alike = draw.chance(kHomophily);
      PersonId other = p;
      // Among those with whom a network is shared: drawn until it is, or given up.
      for (int tries = 0; tries < kAttentionTries; ++tries) {
        other = alike ? of_topic[topic][urn_of[topic].pick(draw)]
                      : static_cast<PersonId>(all.pick(draw));
        if (other != p && shared_networks(people_[other], person) > 0) break;
      }
      if (other == p || shared_networks(people_[other], person) == 0) continue;
      ties.push_back({p, other});
      if (draw.chance(kAttendedBack)) ties.push_back({other, p});
    }
  }
  std::sort(ties.begin(), ties.end(),
            [](const Tie& a, const Tie& b) { return a.of != b.of ? a.of < b.of : a.by < b.by; });
  ties.erase(std::unique(ties.begin(), ties.end(),
                         [](const Tie& a, const Tie& b) { return a.of == b.of && a.by == b.by; }),
             ties.end());

  // What would be done for persuasion's sake, were kappa 1.
  std::vector<double> raw(ties.size());
  double acts_a_day = 0;
  for (size_t i = 0; i < ties.size(); ++i) {
    const CommunityPerson& author = people_[ties[i].of];
    const CommunityPerson& reader = people_[ties[i].by];
    raw[i] = author.appeal * std::sqrt(reader.activity) * std::exp(kTieSigma * draw.normal());
    acts_a_day += posts_per_day(author) * shared_networks(author, reader) * raw[i] *
                  (kFirstTopic * interest(reader, author.topics[0]) +
                   (1 - kFirstTopic) * interest(reader, author.topics[1]));
  }
  const double wanted = kPersuaded * options_.acts_per_person_day * kOrdinaryDay * options_.people;
  const double kappa = acts_a_day > 0 ? wanted / acts_a_day : 0;

  audience_row_.assign(people_.size() + 1, 0);
  for (size_t i = 0; i < ties.size(); ++i) {
    const Tie& tie = ties[i];
    const Instant both = std::max(people_[tie.by].arrival, people_[tie.of].arrival);
    Instant since = both;
    if (draw.chance(options_.new_ties_share)) {
      const Instant from = std::max(both, kCommunityBegin);
      const double left = static_cast<double>(end().ms - from.ms);
      since = {from.ms + static_cast<int64_t>(left * draw.uniform())};
    }
    audience_.push_back({tie.by, static_cast<float>(std::min(kChanceMost, kappa * raw[i])), since});
    ++audience_row_[tie.of + size_t{1}];
    if (since < kCommunityBegin) continue;
    for (size_t n = 0; n < kCommunityNetworks; ++n) {
      const AccountId by = people_[tie.by].accounts[n];
      const AccountId of = people_[tie.of].accounts[n];
      if (by == kNobody || of == kNobody) continue;
      follows_.push_back({since, by, of});
      break;
    }
  }
  for (size_t p = 0; p < people_.size(); ++p) audience_row_[p + 1] += audience_row_[p];
}

void Community::follow_famous(Draw& draw) {
  std::vector<PersonId> famous;
  std::vector<double> weight;
  for (PersonId p = 0; p < people_.size(); ++p) {
    if (people_[p].kind == PersonKind::kCelebrity) famous.push_back(p);
    weight.push_back(people_[p].kind == PersonKind::kLurker ? 0 : people_[p].prominence);
  }
  const Urn all(weight);
  const auto follow = [&](PersonId by, PersonId of) {
    // As likely before the first day as within the calendar.
    const double when = 2 * draw.uniform() - 1;
    const Instant at{std::max({kCommunityBegin.ms + of_days(when * options_.days),
                               people_[by].arrival.ms, people_[of].arrival.ms})};
    for (size_t n = 0; n < kCommunityNetworks && by != of && at >= kCommunityBegin; ++n) {
      const AccountId own = people_[by].accounts[n];
      const AccountId other = people_[of].accounts[n];
      if (own == kNobody || other == kNobody) continue;
      follows_.push_back({at, own, other});
      break;
    }
  };
  for (PersonId p = 0; p < people_.size(); ++p) {
    const bool lurks = people_[p].kind == PersonKind::kLurker;
    const uint32_t wanted =
        lurks ? 1 + draw.poisson(kLurkerFollows) : draw.poisson(kCelebrityFollows);
    for (uint32_t i = 0; i < wanted; ++i) {
      const bool celebrity = !lurks || draw.chance(0.5);
      if (celebrity && !famous.empty()) {
        follow(p, famous[draw.below(famous.size())]);
      } else if (lurks && !all.empty()) {
        follow(p, static_cast<PersonId>(all.pick(draw)));
      }
    }
  }
  std::sort(follows_.begin(), follows_.end(), [](const Follow& a, const Follow& b) {
    if (a.at != b.at) return a.at < b.at;
    return a.by != b.by ? a.by < b.by : a.of < b.of;
  });
  // Nobody begins to follow the same one twice.
  std::vector<std::pair<uint64_t, size_t>> pairs;
  for (size_t i = 0; i < follows_.size(); ++i) {
    pairs.emplace_back(uint64_t{follows_[i].by} << 32 | follows_[i].of, i);
  }
  std::sort(pairs.begin(), pairs.end());
  std::vector<bool> again(follows_.size(), false);
  for (size_t i = 1; i < pairs.size(); ++i) {
    if (pairs[i].first == pairs[i - 1].first) again[pairs[i].second] = true;
  }
  size_t kept = 0;
  for (size_t i = 0; i < follows_.size(); ++i) {
    if (!again[i]) follows_[kept++] = follows_[i];
  }
  follows_.resize(kept);
}

// ---- days
// -----------------------------------------------------------------------------------------

// Acts a community out. What is about to happen waits in a queue; doing one thing may put more into
// it, always later.
class Acting {
 public:
  Acting(const Community& community, const std::function<Result<void>(const SimulatedAct&)>& sink)
      : community_(community),
        sink_(sink),
        // Not the numbers that the people were drawn with.
        draw_(community.options().rng_seed ^ 0x9e3779b97f4a7c15),
        last_post_(community.people().size()),
        last_object_(community.people().size()),
        lately_(community.people().size()) {}

  Result<void> run();

 private:
  enum class Kind : uint8_t { kOwnAccord, kFashion, kResponse };
  // Somebody's object that can be acted on.
  struct Object {
    uint32_t number = 0;  // 0: none
    AccountId account = kNobody;
    uint8_t topic = kNoTopic;
  };
  struct Coming {
    int64_t ms = 0;
    uint64_t sequence = 0;
    PersonId person = kNobody;
    Kind kind = Kind::kOwnAccord;
    uint8_t turn = 0;  // of an exchange, or of a chain of reshares
    uint8_t topic = kNoTopic;
    Verb verb = Verb::kPost;
    Cause cause = Cause::kOwn;
    AccountId account = kNobody;
    Object object;                // what is acted on
    Object original;              // of a chain of reshares
    AccountId towards = kNobody;  // where there is no object

    bool operator<(const Coming& other) const {  // a queue hands out its greatest first
      return ms != other.ms ? ms > other.ms : sequence > other.sequence;
    }
  };
  struct Times {
    int64_t from_ms, to_ms;
  };
  // How many responses somebody lately received: halves in a day.
  struct Lately {
    double count = 0;
    int64_t ms = kCommunityBegin.ms;
  };

  const CommunityPerson& person(PersonId p) const { return community_.people()[p]; }
  const CommunityAccount& account(AccountId a) const { return community_.accounts()[a]; }
  bool away(PersonId p, int64_t ms) const;
  int64_t moment_of(int64_t day_ms);
  void put(Coming coming) {
    coming.sequence = ++sequence_;
    coming_.push(coming);
  }

  void plan_holidays();
  void plan_fashions();
  void plan_day(uint32_t day);
  Result<void> do_of_own_accord(const Coming& now);
  Result<void> do_for_fashion(const Coming& now);
  Result<void> post(PersonId p, AccountId a, uint8_t topic, int64_t ms);
  Result<void> respond(const Coming& now);
  void expose(const Object& shown, const Object& original, int64_t ms, uint8_t reshares);
  void answer(const Coming& now, uint32_t number);
  double responses_lately(PersonId p, int64_t ms);

  const Community& community_;
  const std::function<Result<void>(const SimulatedAct&)>& sink_;
  Draw draw_;
  std::priority_queue<Coming> coming_;
  uint64_t sequence_ = 0;
  uint32_t number_ = 0;
  std::vector<std::pair<PersonId, Times>> holidays_;  // by person
  std::vector<uint32_t> quiet_from_;                  // days, one for every 120
  struct Fashion {
    uint32_t day;
    uint8_t topic;
  };
  std::vector<Fashion> fashions_;
  std::vector<Object> last_post_;    // by person
  std::vector<Object> last_object_;  // by person: post, reply or quote
  std::vector<Lately> lately_;       // by person
  std::array<std::deque<Object>, kCommunityNetworks> last_posts_;
  struct Dated {
    int64_t ms;
    Object object;
  };
  std::array<std::array<std::deque<Dated>, kCommunityNetworks>, kCommunityTopics> of_topic_;
};

bool Acting::away(PersonId p, int64_t ms) const {
  auto it = std::lower_bound(holidays_.begin(), holidays_.end(), p,
                             [](const auto& holiday, PersonId who) { return holiday.first < who; });
  for (; it != holidays_.end() && it->first == p; ++it) {
    if (ms >= it->second.from_ms && ms < it->second.to_ms) return true;
  }
  return false;
}

int64_t Acting::moment_of(int64_t day_ms) {
  return day_ms + of_hours(std::clamp(14 + 4 * draw_.normal(), 0.0, 23.999));
}

void Acting::plan_holidays() {
  if (!community_.options().holidays) return;
  const uint32_t days = community_.options().days;
  for (PersonId p = 0; p < community_.people().size(); ++p) {
    for (uint32_t n = draw_.poisson(days / kAwayEveryDays); n > 0; --n) {
      const int64_t from = kCommunityBegin.ms + static_cast<int64_t>(draw_.below(days)) * kMsPerDay;
      const auto lasts = static_cast<int64_t>(7 + draw_.below(8));
      holidays_.push_back({p, {from, from + lasts * kMsPerDay}});
    }
  }
  for (uint32_t day = 0; day < days; day += kQuietEveryDays) {
    quiet_from_.push_back(day + static_cast<uint32_t>(draw_.below(kQuietEveryDays - 7)));
  }
}

void Acting::plan_fashions() {
  for (uint32_t day = 0; day < community_.options().days; ++day) {
    if (draw_.chance(community_.options().fashions_per_day)) {
      fashions_.push_back({day, static_cast<uint8_t>(draw_.below(kCommunityTopics))});
    }
  }
}

void Acting::plan_day(uint32_t day) {
  const int64_t begin = kCommunityBegin.ms + int64_t{day} * kMsPerDay;
  double pace = day % 7 < 5 ? 1 : kWeekend;
  for (const uint32_t quiet : quiet_from_) {
    if (day >= quiet && day < quiet + 7) pace *= kQuietWeek;
  }
  for (PersonId p = 0; p < community_.people().size(); ++p) {
    if (person(p).activity == 0) continue;
    for (uint32_t n = draw_.poisson(person(p).activity * kOwnAccord * pace); n > 0; --n) {
      Coming coming;
      coming.ms = moment_of(begin);
      coming.person = p;
      put(coming);
    }
  }
  for (const Fashion& fashion : fashions_) {
    if (fashion.day != day) continue;
    for (PersonId p = 0; p < community_.people().size(); ++p) {
      if (person(p).activity == 0) continue;
      const bool cares = interest(person(p), fashion.topic) == 1;
      if (!draw_.chance(cares ? kFashionForFriends : kFashionForOthers)) continue;
      for (uint32_t n = 1 + draw_.poisson(1); n > 0; --n) {
        Coming coming;
        coming.ms =
            moment_of(begin + static_cast<int64_t>(draw_.below(static_cast<size_t>(kFashionDays))) *
                                  kMsPerDay);
        coming.person = p;
        coming.kind = Kind::kFashion;
        coming.topic = fashion.topic;
        put(coming);
      }
    }
  }
}

Result<void> Acting::run() {
  plan_holidays();
  plan_fashions();
  for (const Community::Follow& follow : community_.follows()) {
    Coming coming;
    coming.ms = follow.at.ms;
    coming.person = account(follow.by).person;
    coming.kind = Kind::kResponse;
    coming.verb = Verb::kFollow;
    coming.cause = Cause::kFame;
    coming.account = follow.by;
    coming.towards = follow.of;
    put(coming);
  }
  for (uint32_t day = 0; day < community_.options().days; ++day) {
    plan_day(day);
    const int64_t evening = kCommunityBegin.ms + (int64_t{day} + 1) * kMsPerDay;
    while (!coming_.empty() && coming_.top().ms < evening) {
      const Coming now = coming_.top();
      coming_.pop();
      if (now.ms < person(now.person).arrival.ms) continue;
      // Following somebody is done in passing.
      if (now.cause != Cause::kFame && away(now.person, now.ms)) continue;
      switch (now.kind) {
        case Kind::kOwnAccord:
          BW_TRY(do_of_own_accord(now));
          break;
        case Kind::kFashion:
          BW_TRY(do_for_fashion(now));
          break;
        case Kind::kResponse:
          BW_TRY(respond(now));
          break;
      }
    }
  }
  return {};
}

Result<void> Acting::do_of_own_accord(const Coming& now) {
  const CommunityPerson& self = person(now.person);
  std::array<AccountId, kCommunityNetworks> own{};
  size_t accounts = 0;
  for (const AccountId a : self.accounts) {
    if (a != kNobody) own[accounts++] = a;
  }
  const AccountId somewhere = own[draw_.below(accounts)];
  const Weights weights = weights_of(self);
  double what = draw_.uniform() * weights.sum();
  what -= weights.post;
  if (what < 0) {
    return post(now.person, somewhere, self.topics[draw_.chance(kFirstTopic) ? 0 : 1], now.ms);
  }
  Coming act = now;
  act.kind = Kind::kResponse;
  what -= weights.chatter;
  if (what < 0) {
    const std::vector<PersonId>& circle = community_.circles()[self.circle];
    PersonId mate = circle[draw_.below(circle.size() - 1)];
    if (mate == now.person) mate = circle.back();
    if (person(mate).arrival.ms > now.ms) return {};
    const NetworkId home = self.home;
    act.account = self.accounts[home];
    act.towards = person(mate).accounts[home];
    act.cause = Cause::kHabit;
    const Object& object = last_object_[mate];
    const double kind = draw_.uniform();
    if (object.number == 0 || object.account != act.towards || kind < 0.1) {
      act.verb = Verb::kMention;
    } else {
      act.verb = kind < 0.7 ? Verb::kReply : Verb::kReact;
      act.object = object;
    }
    return respond(act);
  }
  const std::deque<Object>& posts = last_posts_[account(somewhere).network];
  if (posts.empty()) return {};
  act.account = somewhere;
  act.object = posts[draw_.below(posts.size())];
  act.cause = Cause::kSeeking;
  act.verb = Verb::kReply;
  return respond(act);
}

Result<void> Acting::do_for_fashion(const Coming& now) {
  const CommunityPerson& self = person(now.person);
  AccountId somewhere = self.accounts[self.home];
  if (!draw_.chance(kFashionPosts)) {
    std::deque<Dated>& posts = of_topic_[now.topic][self.home];
    while (!posts.empty() && posts.front().ms < now.ms - kMsPerDay) posts.pop_front();
    if (!posts.empty()) {
      Coming act = now;
      act.kind = Kind::kResponse;
      act.account = somewhere;
      act.object = posts[draw_.below(posts.size())].object;
      act.cause = Cause::kFashion;
      const double kind = draw_.uniform();
      act.verb = kind < 0.5 ? Verb::kReact : kind < 0.75 ? Verb::kReply : Verb::kReshare;
      return respond(act);
    }
  }
  return post(now.person, somewhere, now.topic, now.ms);
}

Result<void> Acting::post(PersonId p, AccountId a, uint8_t topic, int64_t ms) {
  SimulatedAct act;
  act.published = {ms};
  act.number = ++number_;
  act.account = a;
  act.topic = topic;
  BW_TRY(sink_(act));
  const Object object{act.number, a, topic};
  last_post_[p] = last_object_[p] = object;
  std::deque<Object>& last = last_posts_[account(a).network];
  last.push_back(object);
  if (last.size() > kLastPosts) last.pop_front();
  std::deque<Dated>& dated = of_topic_[topic][account(a).network];
  dated.push_back({ms, object});
  while (dated.front().ms < ms - kMsPerDay) dated.pop_front();
  expose(object, object, ms, 0);
  return {};
}

void Acting::expose(const Object& shown, const Object& original, int64_t ms, uint8_t reshares) {
  const NetworkId network = account(shown.account).network;
  const PersonId author = account(original.account).person;
  for (const Attention& attention : community_.audience(account(shown.account).person)) {
    const CommunityPerson& reader = person(attention.by);
    const AccountId own = reader.accounts[network];
    if (own == kNobody || attention.by == author || attention.since.ms > ms) continue;
    const double chance = static_cast<double>(attention.chance) * interest(reader, original.topic) *
                          (reshares > 0 ? kReshareShows : 1);
    if (!draw_.chance(chance)) continue;
    Coming coming;
    coming.ms =
        ms + of_hours(std::min(kPersuasionHoursMost, draw_.exponential(kPersuasionHours))) + 1;
    coming.person = attention.by;
    coming.kind = Kind::kResponse;
    coming.account = own;
    coming.cause = Cause::kPersuasion;
    coming.turn = reshares;
    coming.original = original;
    const double kind = draw_.uniform();
    coming.verb = kind < kReshares                        ? Verb::kReshare
                  : kind < kReshares + kQuotes            ? Verb::kQuote
                  : kind < kReshares + kQuotes + kReplies ? Verb::kReply
                                                          : Verb::kReact;
    // Only a reshare of a reshare names who passed it on.
    coming.object = coming.verb == Verb::kReshare ? shown : original;
    put(coming);
  }
}

Result<void> Acting::respond(const Coming& now) {
  SimulatedAct act;
  act.published = {now.ms};
  act.account = now.account;
  act.towards = now.object.number == 0 ? now.towards : now.object.account;
  if (account(act.towards).person == now.person) return {};  // to oneself
  act.number = ++number_;
  act.object = now.object.number;
  act.verb = now.verb;
  act.cause = now.cause;
  act.topic = now.object.topic;
  BW_TRY(sink_(act));
  if (act.verb == Verb::kReply || act.verb == Verb::kQuote) {
    last_object_[now.person] = {act.number, act.account, act.topic};
  }
  if (act.verb == Verb::kReshare && act.cause == Cause::kPersuasion && now.turn < kResharesMost) {
    expose({act.number, act.account, act.topic}, now.original, now.ms,
           static_cast<uint8_t>(now.turn + 1));
  }
  answer(now, act.number);
  return {};
}

double Acting::responses_lately(PersonId p, int64_t ms) {
  Lately& lately = lately_[p];
  lately.count *= std::exp2(-static_cast<double>(ms - lately.ms) / static_cast<double>(kMsPerDay));
  lately.ms = ms;
  return lately.count++;
}

void Acting::answer(const Coming& now, uint32_t number) {
  const AccountId addressed = now.object.number == 0 ? now.towards : now.object.account;
  const PersonId p = account(addressed).person;
  const CommunityPerson& self = person(p);
  const double flooded = responses_lately(p, now.ms);
  if (self.activity == 0) return;
  const bool in_circle = now.cause == Cause::kHabit;
  double chance = in_circle ? kCircleAnswers : self.courtesy / (1 + flooded / kFloodedBy);
  switch (now.verb) {
    case Verb::kReshare:
      chance *= 0.5;
      break;
    case Verb::kFollow:
      chance *= 0.3;
      break;
    case Verb::kReact:
      chance *= 0.2;
      break;
    default:
      break;
  }
  // A chain of reshares is no exchange.
  const int turn = now.cause == Cause::kCourtesy || in_circle ? now.turn : 0;
  chance *= std::exp2(-turn);
  if (!draw_.chance(chance)) return;
  Coming coming;
  coming.ms = now.ms + of_hours(draw_.exponential(draw_.chance(0.8) ? 4 : 30)) + 1;
  coming.person = p;
  coming.kind = Kind::kResponse;
  coming.account = addressed;
  coming.cause = in_circle ? Cause::kHabit : Cause::kCourtesy;
  coming.turn = static_cast<uint8_t>(turn + 1);
  const Object& last = last_post_[now.person];
  const bool visit =
      last.number != 0 && account(last.account).network == account(addressed).network;
  const bool words =
      now.verb == Verb::kReply || now.verb == Verb::kQuote || now.verb == Verb::kMention;
  if (now.verb == Verb::kFollow && draw_.chance(0.5)) {
    coming.verb = Verb::kFollow;
    coming.towards = now.account;
  } else if (words) {
    coming.verb = draw_.chance(0.5) ? Verb::kReply : Verb::kReact;
    coming.object = {number, now.account, now.object.topic};
  } else if (visit) {
    coming.verb = now.verb == Verb::kReshare && draw_.chance(0.5) ? Verb::kReply : Verb::kReact;
    coming.object = last;
  } else {
    return;
  }
  put(coming);
}

Result<void> Community::act_out(
    const std::function<Result<void>(const SimulatedAct&)>& sink) const {
  return Acting(*this, sink).run();
}

std::vector<SimulatedAct> Community::acts() const {
  std::vector<SimulatedAct> out;
  // Taking an act into memory cannot fail.
  (void)act_out([&](const SimulatedAct& act) -> Result<void> {
    out.push_back(act);
    return {};
  });
  return out;
}

// ---- truth
// ----------------------------------------------------------------------------------------

std::vector<double> Community::planted_persuasion() const {
  // What is posted, and what is reshared by way of persuasion, is counted by network and topic,
  // since both decide who acts on it.
  constexpr size_t kCells = kCommunityNetworks * kCommunityTopics;
  const auto cell_of = [](size_t network, uint8_t topic) {
    return network * kCommunityTopics + topic;
  };
  struct Rate {
    size_t network;
    uint8_t topic;
    double a_day;
  };
  const auto posts_of = [&](const CommunityPerson& author) {
    std::vector<Rate> rates;
    if (author.activity == 0) return rates;
    const double each = posts_per_day(author) / networks_of(author);
    for (size_t n = 0; n < kCommunityNetworks; ++n) {
      if (author.accounts[n] == kNobody) continue;
      rates.push_back({n, author.topics[0], each * kFirstTopic});
      rates.push_back({n, author.topics[1], each * (1 - kFirstTopic)});
    }
    return rates;
  };
  const auto acts_on = [&](const Attention& attention, const Rate& rate) {
    const CommunityPerson& reader = people_[attention.by];
    if (reader.accounts[rate.network] == kNobody) return 0.0;
    return rate.a_day * static_cast<double>(attention.chance) * interest(reader, rate.topic);
  };

  std::vector<double> reshares(people_.size() * kCells, 0);  // a day, by person and cell
  for (PersonId v = 0; v < people_.size(); ++v) {
    for (const Rate& rate : posts_of(people_[v])) {
      for (const Attention& u : audience(v)) {
        reshares[u.by * kCells + cell_of(rate.network, rate.topic)] += kReshares * acts_on(u, rate);
      }
    }
  }
  std::vector<double> persuasion(people_.size(), 0);
  std::vector<double> brought(people_.size(), 0);  // acts a day of everybody, by one author
  std::vector<PersonId> touched;
  const auto bring = [&](PersonId w, double acts) {
    if (acts == 0) return;
    if (brought[w] == 0) touched.push_back(w);
    brought[w] += acts;
  };
  for (PersonId v = 0; v < people_.size(); ++v) {
    const std::vector<Rate> posts = posts_of(people_[v]);
    for (const Attention& u : audience(v)) {
      // By one's own posts, by what one passes on, and by what others pass on of one's own.
      for (const Rate& rate : posts) {
        const double acts = acts_on(u, rate);
        bring(u.by, acts);
        if (acts == 0) continue;
        const Rate passed_on{rate.network, rate.topic, kReshares * kReshareShows * acts};
        for (const Attention& w : audience(u.by)) {
          if (w.by != v) bring(w.by, acts_on(w, passed_on));
        }
      }
      for (size_t n = 0; n < kCommunityNetworks; ++n) {
        for (uint8_t topic = 0; topic < kCommunityTopics; ++topic) {
          const double a_day = kReshareShows * reshares[v * kCells + cell_of(n, topic)];
          if (a_day > 0) bring(u.by, acts_on(u, {n, topic, a_day}));
        }
      }
    }
    for (const PersonId w : touched) {
      persuasion[v] += 1 - std::exp(-kPersuasionDays * brought[w]);
      brought[w] = 0;
    }
    touched.clear();
  }
  return persuasion;
}

}  // namespace bellwether
