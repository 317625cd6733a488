// SPDX-License-Identifier: Apache-2.0
#include "ingest/adapters/csv/mapping.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "base/hash.h"

namespace bellwether {
namespace {

constexpr size_t kSeenMax = 32;  // distinct words remembered; real files hold a handful
constexpr std::string_view kDefaultNetwork = "csv";
constexpr std::string_view kEverythingElse = "*";
constexpr std::string_view kSkip = "-";

struct Alias {
  std::string_view word;
  Verb verb;
};

// What networks and researchers call our verbs, beside the verbs' own names.
constexpr Alias kAliases[] = {
    {"announce", Verb::kReshare},
    {"boost", Verb::kReshare},
    {"boosted", Verb::kReshare},
    {"repost", Verb::kReshare},
    {"reposted", Verb::kReshare},
    {"reshared", Verb::kReshare},
    {"retweet", Verb::kReshare},
    {"retweeted", Verb::kReshare},
    {"rt", Verb::kReshare},
    {"share", Verb::kReshare},
    {"shared", Verb::kReshare},

    {"at", Verb::kMention},
    {"mentioned", Verb::kMention},
    {"mentions", Verb::kMention},
    {"mt", Verb::kMention},
    // What graph programs write into the type column of an edge that has no kind.
    {"directed", Verb::kMention},

    {"answer", Verb::kReply},
    {"answered", Verb::kReply},
    {"comment", Verb::kReply},
    {"commented", Verb::kReply},
    {"re", Verb::kReply},
    {"replied", Verb::kReply},
    {"replies", Verb::kReply},

    {"qt", Verb::kQuote},
    {"quoted", Verb::kQuote},
    {"quotes", Verb::kQuote},

    {"fav", Verb::kReact},
    {"fave", Verb::kReact},
    {"favorite", Verb::kReact},
    {"favorited", Verb::kReact},
    {"favourite", Verb::kReact},
    {"favourited", Verb::kReact},
    {"heart", Verb::kReact},
    {"like", Verb::kReact},
    {"liked", Verb::kReact},
    {"likes", Verb::kReact},
    {"reacted", Verb::kReact},
    {"reaction", Verb::kReact},
    {"star", Verb::kReact},
    {"starred", Verb::kReact},
    {"upvote", Verb::kReact},
    {"upvoted", Verb::kReact},
    {"vote", Verb::kReact},
    {"voted", Verb::kReact},

    {"followed", Verb::kFollow},
    {"follows", Verb::kFollow},

    {"dm", Verb::kMessage},
    {"mail", Verb::kMessage},
    {"messaged", Verb::kMessage},
    {"msg", Verb::kMessage},

    {"create", Verb::kPost},
    {"created", Verb::kPost},
    {"posted", Verb::kPost},
    {"publish", Verb::kPost},
    {"published", Verb::kPost},
    {"status", Verb::kPost},
    {"toot", Verb::kPost},
    {"tw", Verb::kPost},
    {"tweet", Verb::kPost},
    {"tweeted", Verb::kPost},

    {"endorsed", Verb::kEndorse},
    {"endorsement", Verb::kEndorse},
    {"vouch", Verb::kEndorse},
    {"vouched", Verb::kEndorse},

    {"linked", Verb::kLink},
    {"links", Verb::kLink},
    {"pingback", Verb::kLink},
    {"trackback", Verb::kLink},
    {"webmention", Verb::kLink},

    {"listed", Verb::kList},
    {"subscribed", Verb::kSubscribe},
    {"watch", Verb::kSubscribe},
    {"watched", Verb::kSubscribe},

    {"meeting", Verb::kMeet},
    {"met", Verb::kMeet},
    {"intro", Verb::kIntroduce},
    {"introduced", Verb::kIntroduce},
    {"reviewed", Verb::kReview},
    {"adopted", Verb::kAdopt},
    {"fork", Verb::kAdopt},
    {"forked", Verb::kAdopt},
    {"install", Verb::kAdopt},
    {"installed", Verb::kAdopt},
};

// One CsvVerb a verb, for pointers to point to.
const CsvVerb* plain(Verb verb) {
  static const std::vector<CsvVerb> kPlain = [] {
    std::vector<CsvVerb> all(kVerbSlots);
    for (size_t i = 0; i < all.size(); ++i) all[i].verb = static_cast<Verb>(i);
    return all;
  }();
  return &kPlain[static_cast<size_t>(verb)];
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

bool has_upper(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

std::string_view trimmed(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::string list_of_verbs() {
  std::string out;
  for (auto v = static_cast<uint8_t>(kVerbFirst); v <= static_cast<uint8_t>(kVerbLast); ++v) {
    if (!out.empty()) out += ", ";
    out += to_string(static_cast<Verb>(v));
  }
  return out;
}

}  // namespace

Result<CsvVerbs> CsvVerbs::create(const std::map<std::string, std::string>& verbs) {
  CsvVerbs made;
  for (const auto& [word, meaning] : verbs) {
    const std::string_view key = trimmed(word);
    if (key.empty()) {
      return Error{ErrorCode::kInvalidArgument,
                   "--verbs maps an empty word; rows without a word are meant by *"};
    }
    CsvVerb verb;
    if (meaning == kSkip) {
      verb.skipped = fmt::format("verb {} skipped", key);
    } else if (const std::optional<Verb> known = parse_verb(lower(meaning)); known.has_value()) {
      verb.verb = *known;
    } else {
      return Error{ErrorCode::kInvalidArgument,
                   fmt::format("--verbs maps {} to {}, which is no verb; the verbs are {}, and - "
                               "skips such rows",
                               key, meaning, list_of_verbs())};
    }
    made.given_[lower(key)] = std::move(verb);
  }
  return made;
}

const CsvVerb* CsvVerbs::find_word(std::string_view word) const {
  const std::string key = lower(word);
  if (key == kEverythingElse) return nullptr;
  if (const auto given = given_.find(key); given != given_.end()) return &given->second;
  if (const std::optional<Verb> verb = parse_verb(key); verb.has_value()) return plain(*verb);
  for (const Alias& alias : kAliases) {
    if (alias.word == key) return plain(alias.verb);
  }
  return nullptr;
}

const CsvVerb* CsvVerbs::find(std::string_view word) const {
  if (!word.empty()) {
    if (const CsvVerb* known = find_word(word); known != nullptr) return known;
  }
  if (const auto rest = given_.find(kEverythingElse); rest != given_.end()) return &rest->second;
  return word.empty() ? plain(Verb::kMention) : nullptr;
}

std::optional<Instant> parse_csv_time(std::string_view text) {
  const std::optional<Instant> instant = parse_instant(text);
  return instant.has_value() ? instant : parse_mail_date(text);
}

CsvMapper::CsvMapper(CsvColumns columns, CsvVerbs verbs, std::string network)
    : columns_(std::move(columns)), verbs_(std::move(verbs)), network_(std::move(network)) {}

Result<CsvMapper> CsvMapper::create(const CsvColumns& columns, const ReadOptions& options) {
  BW_ASSIGN(CsvVerbs verbs, CsvVerbs::create(options.verbs));
  std::string network =
      options.network.empty() ? std::string(kDefaultNetwork) : lower(trimmed(options.network));
  InteractionEvent probe;
  probe.account = {network, "a"};
  if (!problem_with(probe).empty()) {
    return Error{ErrorCode::kInvalidArgument,
                 fmt::format("{} is no name of a network; use letters, digits, '.', '-' and '_'",
                             options.network)};
  }
  return CsvMapper(columns, std::move(verbs), std::move(network));
}

std::string_view CsvMapper::cell(const CsvRecord& record, CsvRole role) const {
  const size_t at = columns_.of(role);
  return at == CsvColumns::kAbsent ? std::string_view() : trimmed(record.fields[at]);
}

const CsvVerb* CsvMapper::verb_of(std::string_view word) {
  for (const auto& [seen, verb] : seen_) {
    if (seen == word) return verb;
  }
  const CsvVerb* verb = verbs_.find(word);
  if (seen_.size() < kSeenMax) seen_.emplace_back(word, verb);
  return verb;
}

CsvMapper::Outcome CsvMapper::reject(std::string_view reason) {
  reason_ = reason;
  return Outcome::kReject;
}

void CsvMapper::add_topic(std::string_view text) {
  text = trimmed(text);
  if (text.empty() || text == "#") return;
  std::string topic = normalise_topic(text);
  if (topic.empty() || topics_used_ == kTopicsMax) {
    ++topics_left_out_;
    return;
  }
  const auto end = topics_.begin() + static_cast<std::ptrdiff_t>(topics_used_);
  if (std::find(topics_.begin(), end, topic) != end) return;
  if (topics_used_ == topics_.size()) topics_.emplace_back();
  topics_[topics_used_++] = std::move(topic);
}

void CsvMapper::map_topics(std::string_view text) {
  topics_used_ = 0;
  topics_left_out_ = 0;
  if (text.empty()) return;
  // Where nothing else separates them, every '#' after a space begins a topic.
  const bool separated = text.find_first_of(";|,") != std::string_view::npos;
  const bool hashes = !separated && text.find('#') != std::string_view::npos;
  const std::string_view separators = separated ? ";|," : " ";
  if (separated || hashes) {
    while (!text.empty()) {
      const size_t end = text.find_first_of(separators);
      add_topic(text.substr(0, end));
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
  } else {
    add_topic(text);
  }
  // Only now, because strings move while the list grows.
  for (size_t i = 0; i < topics_used_; ++i) event_.topics.emplace_back(topics_[i]);
}

CsvMapper::Outcome CsvMapper::map(const CsvRecord& record) {
  if (!record.problem.empty()) return reject(record.problem);
  if (record.fields.size() < columns_.width) return reject("row has too few fields");
  if (record.fields.size() > columns_.width) return reject("row has too many fields");

  const CsvVerb* verb = verb_of(cell(record, CsvRole::kVerb));
  if (verb == nullptr) return reject("verb is not known");
  if (!verb->skipped.empty()) {
    skipped_ = verb->skipped;
    return Outcome::kSkip;
  }
  event_.clear();
  event_.verb = verb->verb;

  std::string_view network = network_;
  if (const std::string_view own = cell(record, CsvRole::kNetwork); !own.empty()) {
    network = own;
    if (has_upper(own)) {
      row_network_ = lower(own);
      network = row_network_;
    }
  }
  event_.account = {network, cell(record, CsvRole::kActor)};
  if (event_.account.empty()) return reject("actor is missing");
  event_.native_id = cell(record, CsvRole::kId);
  event_.object = cell(record, CsvRole::kObject);
  if (const std::string_view name = cell(record, CsvRole::kTarget); !name.empty()) {
    event_.target = {network, name};
  }
  if (const std::string_view name = cell(record, CsvRole::kAuthor); !name.empty()) {
    event_.author = {network, name};
  }
  if (const std::string_view text = cell(record, CsvRole::kTime); !text.empty()) {
    const std::optional<Instant> time = parse_csv_time(text);
    if (!time.has_value()) return reject("time is not an instant");
    event_.published = *time;
  }
  if (const std::string_view text = cell(record, CsvRole::kCount); !text.empty()) {
    uint32_t count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc{} || end != text.data() + text.size() || count < 1 ||
        count > kCountMax) {
      return reject("count is not a number from 1 to 100000");
    }
    event_.count = count;
  }
  if (event_.verb == Verb::kPost) {
    // A table has one column for the act and what it made; answers name that.
    if (event_.object.empty()) event_.object = event_.native_id;
  } else if (event_.target.empty() && event_.object.empty()) {
    return reject("neither target nor object");
  }
  if (!is_clean_text(event_.native_id)) {
    return reject("id is not valid UTF-8 or holds control characters");
  }
  map_topics(cell(record, CsvRole::kTopics));
  event_.provenance = {record.line, hash64(record.bytes)};
  if (std::string problem = problem_with(event_); !problem.empty()) {
    reason_ = std::move(problem);
    return Outcome::kReject;
  }
  return Outcome::kEvent;
}

}  // namespace bellwether
