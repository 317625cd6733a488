// SPDX-License-Identifier: Apache-2.0
// Questions asked of a workspace, answered as plain structs. Consent is applied here, once: no
// command, endpoint or page can forget it.
//
// To everybody but the operator a person who is not listed does not exist: not by name, not by id,
// not in a count, not as somebody's mover. Their effect on others' scores stays, without saying
// whose.
#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/zone.h"
#include "event/ontology.h"
#include "explain/explain.h"
#include "explain/what_if.h"
#include "score/agreement.h"
#include "score/signals/half_life/half_life.h"
#include "score/signals/style/style.h"
#include "score/signals/when_to_post/when_to_post.h"
#include "workspace/workspace.h"

namespace bellwether {

// Who asks.
enum class Viewer : uint8_t {
  kOperator,  // whoever holds the workspace: sees all but the erased
  kPublic,    // everybody else: listed persons only
};

inline constexpr std::string_view kErasedLabel = "people who were erased";

inline constexpr std::string_view kNotAVerdict =
    "A score describes responses that were seen; it is no verdict on a person and no proof of "
    "cause.";

// What every answer carries.
struct Meta {
  Instant as_of;
  Instant computed;
  uint32_t snapshot = 0;
  std::string method;
  std::string policy;  // hash
  std::string policy_name;
  bool simulated = false;       // some of the acts were made by `simulate`
  bool stale = false;           // the log has changed since; `score` again
  uint32_t sources = 0;         // read and not undone
  uint32_t sources_broken = 0;  // of these, not read to their end
};

// How many different people somebody will move, with the 90 % interval.
struct ForecastRow {
  double mean = 0;             // people, above 0
  uint32_t low = 0, high = 0;  // people
};

struct PersonRow {
  std::string person;                 // 16 hexadecimal digits; stable, names the person everywhere
  std::string name;                   // as they call themselves, else their account's name
  std::vector<std::string> accounts;  // network:name, the first one first
  uint32_t rank = 0;      // among the settled, from 1, by the order asked for; 0: not ranked
  uint32_t rank_low = 0;  // the ranks the margin allows: low <= rank <= high; 0: not ranked
  uint32_t rank_high = 0;
  std::optional<double> score;  // points, [1, 100]; empty: no evidence, and nothing below but
                                // `listed` and `standing` says anything
  double low = 0, high = 0;     // the margin, points
  bool settled = false;
  double people_moved = 0;  // the number the score stands for
  uint32_t reach = 0;
  std::optional<double> amplification;       // empty: no posts known
  std::optional<double> audience;            // empty: reached nobody in that time
  double momentum = 0, momentum_before = 0;  // points
  std::array<std::optional<ForecastRow>, kForecastDays.size()> forecast;  // empty: the log is too
                                                                          // short for one
  double percentile = 0;  // share of all with evidence that score lower, [0, 100]
  double standing = 0;
  std::vector<std::string> topics;  // on evidence only
  uint32_t movers = 0, vouched_movers = 0, independent_movers = 0, acts = 0;
  Instant last_evidence;
  std::string reason;  // one line: why
  bool listed = false;
  bool topic_hidden = false;  // in a ranking by topic: they do not want to be shown with it; such
                              // rows are the operator's only
};

enum class RankBy : uint8_t { kScore, kMomentum, kForecast };

struct RankRequest {
  RankBy by = RankBy::kScore;
  std::optional<std::string> topic;    // scores on the ledger restricted to it
  std::optional<std::string> network;  // likewise
  std::optional<Instant> as_of;        // a snapshot of that instant; empty: the newest
  uint32_t offset = 0;
  uint32_t limit = 20;  // 0: all
  bool all = false;     // the provisional too, after the settled
  bool reasons = true;  // fill PersonRow::reason and topics; costs a ledger slice a person
};

struct Ranking {
  Meta meta;
  RankBy by = RankBy::kScore;  // what the order follows
  std::string topic;           // as it is called here, where one was asked for
  std::vector<PersonRow> people;
  uint32_t settled = 0;  // how many could be listed; of those the viewer may see
  uint32_t provisional = 0;
};

// What an act's points are computed from; docs/methods/explanation.md says how.
struct ActTerms {
  double weight = 0;    // of the verb, as the policy has it
  double credit = 0;    // what of it came to this person, times the act's count
  double standing = 0;  // of the mover, for this person, [0, 1]
  bool courted = false;
  double age_days = 0;        // as of the snapshot
  std::vector<double> decay;  // what is left of it at each half-life of the policy, [0, 1]
};

// A topic of one person, with what it rests on: acts of vouched people on it or a topic below it.
struct TopicRow {
  std::string topic;    // as `topics` of a person and `rank --topic` name it
  std::string id;       // in the ontology; empty: not there
  bool theirs = false;  // named as theirs; else `missing` says why not
  bool hidden = false;  // they do not want to be shown with it; for the operator only
  double points = 0;    // of these acts, each whole: those of several topics do not add up
  uint32_t vouched_movers = 0;
  uint32_t days = 0;
  uint32_t acts = 0;
  std::vector<std::string> missing;
  std::vector<Receipt> receipts;  // at most three, the largest first; empty for the public
};

// One group of contributions, in words.
struct ContributionRow {
  std::string label;  // "@bo", "reshare", "rust", "2012-07"; for an act: what happened
  double points = 0;
  uint32_t acts = 0;
  uint32_t people = 0;
  std::vector<std::string> names;  // of the largest movers, those the viewer may see
  std::vector<Receipt> receipts;   // as many as asked for; empty for the public
  // Of the peers: of the same group; of people and acts, of the one in the same place. Empty: there
  // are too few peers, or it is what erased people left.
  std::optional<double> median;
  std::string person;             // who moved: id; only by person and by act
  std::optional<ActTerms> terms;  // only by act; empty for the public
  bool hidden = false;  // a topic that the person does not want to be shown with; to the operator
};

// People of like activity: with a score, and with at least half and at most twice as many responses
// given within the policy's reach_days (none where the person gave none). The hundred nearest, of
// those whom the viewer may see.
struct Peers {
  uint32_t people = 0;  // at least kPeersMin
  uint32_t given = 0;   // responses that the person gave within that time
  double score = 0;     // their median
};
inline constexpr uint32_t kPeersMin = 5;  // fewer, and a median would speak of somebody
inline constexpr uint32_t kPeersMax = 100;

struct Reason {
  double points = 0;  // what it adds, or how much higher the score would be without it
  std::string text;   // a sentence without a final period
};

// One cause of a change, and who had most to do with it.
struct ChangePart {
  std::string cause;  // evidence, withdrawn, fading, standing, policy, late
  double points = 0;
  std::string text;  // a sentence without a final period; empty: it had no part in it
  struct Mover {
    std::string name;
    double points = 0;  // taken alone, so these do not sum to the part
    uint32_t acts = 0;
  };
  std::vector<Mover> movers;  // at most three, those the viewer may see
};

// Why a score is another one than in an earlier snapshot (explain/change.h).
struct ScoreChange {
  uint32_t snapshot = 0;  // the earlier one
  Instant as_of;
  Instant computed;
  std::string method;
  std::string policy;  // hash
  std::string policy_name;
  std::optional<double> score;  // then; empty: there was no evidence
  double points = 0;            // score of now - score of then, 1 standing for no evidence
  std::string sentence;
  std::vector<ChangePart> parts;  // every cause, in the order above; points sum to `points`
};

// What somebody is in the habit of, computed when it is asked for. Each is empty where there is too
// little to tell it from; beside it then stands why, a clause without a period.
struct Habits {
  std::optional<HalfLife> half_life;  // of a post
  std::string half_life_unknown;
  std::optional<PostingHours> hours;
  bool hours_by_arrival = false;  // `hours` is of when people came, each "post" an hour of the
                                  // calendar: the sources do not say what they responded to
  std::string zone = "UTC";       // of `hours`
  std::string hours_unknown;
  std::optional<Style> style;
  std::string style_unknown;
};

struct PersonExplanation {
  Meta meta;
  PersonRow person;
  std::string sentence;
  Grouping grouping = Grouping::kMover;
  // Largest first, months newest first. Points sum to score - 1, see `others`; what acts of erased
  // people left is one row, without acts.
  std::vector<ContributionRow> contributions;
  ContributionRow others;   // what `limit` cut off or consent hides, summed
  double points_total = 0;  // of contributions and others
  std::vector<Reason> reasons_up;
  std::vector<Reason> reasons_down;
  std::vector<std::string> missing;                      // what a settled score still needs
  std::vector<std::pair<double, PeopleMoved>> horizons;  // half-life in days
  std::vector<double> horizon_shares;  // how much each of them weighs in the score; sum to 1
  std::optional<ScoreChange> changed;  // empty: not asked for, or there is no earlier snapshot
  std::optional<Peers> peers;          // empty: not asked for, or too few
  std::optional<Habits> habits;        // empty: not asked for
  // With `horizons` and the terms of every act, all that the score is computed from.
  double points_per_doubling = 0;
  double crowd_share = 0;
  double courtesy_share = 0;
  std::vector<TopicRow> topic_evidence;  // theirs first; of the others those with most points
};

struct Neighbour {
  std::string person;  // empty: an account without a score of its own
  std::string name;
  std::string account;
  uint32_t acts = 0;
  double points = 0;  // who moves: their share of the score; who is moved by: 0
  double chance = 0;  // moved lately, by the one-year horizon, [0, 1]
  Instant last;
};

// A forecast of an earlier snapshot whose time has passed, and what came.
struct PastForecast {
  Instant as_of;
  int days = 0;
  ForecastRow said;
  uint32_t came = 0;  // different people who responded within that time
};

struct PersonCard {
  Meta meta;
  PersonRow person;
  std::string sentence;
  std::vector<Neighbour> moves;     // whom they move, largest first, at most ten
  std::vector<Neighbour> moved_by;  // who moves them, likewise
  std::vector<Store::HistoryPoint> history;
  std::vector<PastForecast> forecasts;  // oldest first
  std::vector<Reason> reasons_up, reasons_down;
  std::vector<std::string> missing;
  std::vector<TopicRow> topic_evidence;  // ten of theirs, then three others, by points
  Habits habits;
};

struct Comparison {
  Meta meta;
  std::vector<PersonRow> people;  // as asked
  struct Pair {
    uint32_t first, second;  // places in `people`
    double first_higher;     // probability that the first one's score is higher, [0, 1]
    std::string sentence;
  };
  std::vector<Pair> pairs;  // every first < second
};

inline constexpr std::string_view kSinceLast = "last";  // the snapshot before, if there is one
inline constexpr std::string_view kSinceNone = "none";  // not asked for

struct ExplainRequest {
  Grouping grouping = Grouping::kMover;
  uint32_t limit = 0;     // groups shown; the others are summed; 0: all
  uint32_t receipts = 3;  // of each group at most, the largest first; [0, 3]; each costs a look-up
  bool peers = true;  // beside each group the median of people of like activity; costs their slices
  // Since when to say what changed: the number of a snapshot, an instant (the snapshot that spoke
  // then), or one of these. The first question about a pair of snapshots costs a pass over the
  // ledger, with another policy two scorings; the answer is kept for the next ones.
  std::string since = std::string(kSinceLast);
  bool habits = false;  // what they are in the habit of; costs two passes over the log
  TimeZone zone = {};   // by whose hours these are counted
};

// What became of one snapshot's forecasts of one length.
struct KeptGrade {
  SnapshotInfo snapshot;  // without policy_toml
  SnapshotGrade grade;
};

// What is taken out of, or added to, what a person received. What is taken out is whatever any of
// these names.
struct WhatIfQuestion {
  std::vector<std::string> without_acts;  // the number of a receipt, or the reference of an object:
                                          // every response to it. For the operator only
  std::vector<std::string> without_people;  // as in explain(): they had not responded
  std::vector<Verb> without_verbs;
  std::optional<Instant> after;  // only what was published at or after it: as if they had stopped
  struct More {
    Verb verb = Verb::kReshare;
    uint32_t count = 0;
  };
  std::vector<More> more;  // from that many new people each
  bool vouched = true;     // these have the usual standing of those who move the person; else none
};

// A simulation, and marked as one wherever it shows. Nothing of it is kept.
struct Simulation {
  Meta meta;
  std::string person;
  std::string name;
  std::vector<std::string> accounts;
  std::string sentence;  // begins with "Simulation"
  struct State {
    std::optional<double> score;  // empty: no evidence, and the others say nothing
    double low = 0, high = 0;
    bool settled = false;
    double people_moved = 0;
    uint32_t movers = 0, independent_movers = 0;
  };
  State now;              // as it is
  State then;             // as it would be
  double difference = 0;  // points; no evidence is counted as 1, where every score begins
  uint32_t acts_taken = 0, people_taken = 0, acts_added = 0;
  double standing_added = 0;             // of each who was added, [0, 1]
  std::vector<std::string> assumptions;  // what is held as it is, in sentences without period
};

inline constexpr std::string_view kPolicyCurrent = "current";

// A policy as somebody named it.
struct PolicyChoice {
  std::string asked;  // "current" (the workspace's own), a kept snapshot's number or its policy's
                      // hash, or what `text` is called
  std::optional<std::string> text;  // TOML; empty: it is one of these
};

// The same acts under two policies, as of one instant. Nothing of it is published or kept.
struct PolicyComparison {
  Meta meta;  // of the newest snapshot, as of whose instant it speaks
  struct Side {
    std::string asked;
    std::string name;
    std::string policy;  // hash
    std::string method;
    uint32_t people = 0;   // with evidence, whom the viewer may see
    uint32_t settled = 0;  // of these
  };
  std::array<Side, 2> sides;
  Agreement agreement;  // of all whom the viewer may see
  struct Person {
    std::string person;
    std::string name;
    std::vector<std::string> accounts;
    struct Under {
      std::optional<double> score;  // empty: no evidence under this policy
      double low = 0, high = 0;
      bool settled = false;
      uint32_t rank = 0, rank_low = 0, rank_high = 0;  // 0: not ranked
    };
    std::array<Under, 2> under;
  };
  std::vector<Person> people;  // those asked about, as asked; else those who move most
};

struct TopicsRequest {
  std::string search;   // only those whose name holds these words, in any language; empty: all
  uint32_t limit = 50;  // 0: all
};

// A topic of the log, all below it included, as the ledger has it.
struct TopicSummary {
  std::string topic;       // as `rank --topic` names it
  std::string name;        // as the ontology shows it; empty: not there
  std::string id;          // likewise
  uint64_t responses = 0;  // ledger entries on it
  uint32_t people = 0;     // distinct people who were responded to on it
};

struct TopicList {
  Meta meta;
  std::vector<TopicSummary> topics;  // most people first, then responses, then by name
  uint64_t found = 0;                // before `limit`
  uint64_t in_ontology = 0;          // topics that the ontology has, in the log or not
};

struct TopicCard {
  struct Relative {
    std::string topic;       // as TopicSummary::topic
    std::string name;        // as it is shown
    uint64_t responses = 0;  // 0: not in the log
    uint32_t people = 0;
  };
  Meta meta;
  TopicSummary summary;                // counts are 0 to the public, whom they would tell of others
  bool in_log = true;                  // false: no act is about it or anything below it
  std::string wiki;                    // of Wikidata; empty: unknown
  std::vector<std::string> spellings;  // in the log; those of titles too, at most 20
  std::vector<Ontology::Name> names;   // by language
  std::vector<Relative> parents, children;
  std::vector<Relative> also;     // other topics that the words asked for may mean
  std::vector<PersonRow> people;  // who moves most on it, the settled first; at most ten
  uint32_t settled = 0, provisional = 0;
};

struct LeadRequest {
  std::optional<std::string> person;   // as in show(); only them, leading or not
  std::optional<std::string> topic;    // only what is taken up of it and all below it
  std::optional<std::string> network;  // only what is taken up there
  std::optional<Instant> as_of;        // empty: that of the newest snapshot
  double false_discovery = 0.1;        // share of those said to lead who do not, (0, 1)
  uint32_t limit = 20;                 // people; 0: all
  uint32_t items = 3;                  // of each at most
  bool all = false;                    // those who were tested and do not lead, too
};

// Who takes things up before others do, more often than chance allows (score/signals/lead).
struct LeadAnswer {
  Meta meta;                   // as of the instant asked for
  std::string topic, network;  // empty: not asked for
  double false_discovery = 0.1;
  int window_days = 0;       // within which others follow
  uint32_t leading = 0;      // whom the viewer may see
  uint32_t tested = 0;       // likewise
  uint32_t of_standing = 0;  // people who could be tested; 0 to the public
  uint32_t items = 0;        // that count: new, and taken up by enough people of standing
  uint32_t items_old = 0, items_few = 0;  // that do not, being in use before, or by too few
  double haste = 0, habit = 1;            // as in LeadReport

  struct Item {
    std::string name;   // of the topic; of a link, where it points
    bool link = false;  // else a topic
    Instant published;
    uint32_t position = 0;  // among its adopters of standing, from 1
    uint32_t adopters = 0;  // of standing
    uint32_t followed = 0;  // within the window
    double expected = 0;    // of these, by chance
    std::vector<std::string>
        next;             // the first who followed, at most three, whom the viewer may see
    bool hidden = false;  // the person does not want to be shown with it; operator only
  };
  struct Person {
    std::string person;  // id
    std::string name;
    std::vector<std::string> accounts;
    bool leads = false;
    uint32_t items = 0, occasions = 0, first = 0;  // as in PersonLead
    double followed = 0, expected = 0;             // shares, [0, 1]
    double p = 1, q = 1;
    uint32_t followers = 0;  // different people; 0 where q is above the level
    struct Follower {
      std::string name;
      uint32_t items = 0;
    };
    std::vector<Follower> most;  // of followers, those who follow most often; at most three, whom
                                 // the viewer may see
    std::vector<Item> evidence;  // the most telling first
  };
  std::vector<Person> people;  // who lead, the surest first; then, if asked for, the others
  std::string missing;  // why there is nobody, or why the person asked about was not tested; a
                        // sentence without period; empty: there is somebody
};

class SnapshotView;

// Answers from the newest snapshot, which it keeps in memory; safe to share between threads. A
// reader holds the view it began with; refresh() swaps in a newer one.
class Query {
 public:
  explicit Query(Workspace& workspace);
  ~Query();

  // Looks whether a newer snapshot has been published and takes it up.
  Result<void> refresh();

  // kNotFound everywhere: nothing has been scored yet (the message says how), no such person, or a
  // person the viewer may not see: the same words, so that absence tells nothing.
  Result<Ranking> rank(const RankRequest& request, Viewer viewer);
  // `person`: the id, network:name, or a name that only one person has (kInvalidArgument: more than
  // one; the message lists them, as far as the viewer may see them).
  // `zone`: by whose hours habits are counted.
  Result<PersonCard> show(const std::string& person, Viewer viewer, const TimeZone& zone = {});
  // kNotFound, kInvalidArgument too: there is no such earlier snapshot; the message says which are.
  Result<PersonExplanation> explain(const std::string& person, const ExplainRequest& request,
                                    Viewer viewer);
  // What the person's score would be. kInvalidArgument too: nothing is asked for, or more than
  // kMoreActsMax acts, or a verb that gives no credit. kNotFound too: no act that counts is meant.
  Result<Simulation> what_if(const std::string& person, const WhatIfQuestion& question,
                             Viewer viewer);
  // What the log is about. For the operator: counts are over everybody.
  Result<TopicList> topics(const TopicsRequest& request);
  // kNotFound too where no act is about it or anything below it.
  Result<TopicCard> topic(const std::string& topic, Viewer viewer);
  // How a topic is called here, for what is kept: its label, else the words normalised.
  // kInvalidArgument: they name nothing.
  Result<std::string> topic_called(const std::string& topic);
  Result<Comparison> compare(const std::vector<std::string>& people, Viewer viewer);
  // Scores everybody under both, in memory. `people` empty: the `limit` whose rank moves most, then
  // those ranked under one only, then those whose score moves most. The public's ranks are among
  // the listed. kNotFound too: no snapshot has such a number or policy. kInvalidArgument too: the
  // text is no policy. What erased people left is what it was under the policy of its time.
  // Cost: two scorings, each with a ledger of its own where its weights are others.
  Result<PolicyComparison> compare_policies(const std::array<PolicyChoice, 2>& policies,
                                            const std::vector<std::string>& people, uint32_t limit,
                                            Viewer viewer,
                                            const std::function<void(std::string_view)>& phase);
  // kInvalidArgument too: the share is out of range. Cost: a scoring without publishing, and a pass
  // over the log.
  Result<LeadAnswer> lead(const LeadRequest& request, Viewer viewer,
                          const std::function<void(std::string_view)>& phase);
  // All accounts of one person, `network:name`, the first one first. For the operator.
  Result<std::vector<std::string>> accounts_of(const std::string& person);
  // People whose name or account holds `text`, by score; at most `limit`. Empty text: all by score.
  Result<Ranking> search(const std::string& text, uint32_t limit, Viewer viewer);
  Result<Meta> meta();
  // What became of the forecasts kept with snapshots, oldest first; sums over everybody, hence for
  // all viewers. Empty: none has come due yet.
  Result<std::vector<KeptGrade>> grades();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace bellwether
