// SPDX-License-Identifier: Apache-2.0
#include "ingest/adapters/x/x.h"

#include <fmt/core.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "ingest/acts.h"
#include "ingest/adapters/x/files.h"
#include "ingest/adapters/x/mapping.h"
#include "ingest/json.h"
#include "ingest/json_cutter.h"
#include "ingest/left_alone.h"
#include "ingest/streams.h"

namespace bellwether {
namespace {

// Members whose beginnings detection reads before it gives up.
constexpr size_t kMembersTried = 6;
constexpr std::string_view kScript = "window.";
constexpr uint64_t kMinorBelowYears = 16;
constexpr std::string_view kTooLong = "record is longer than the limit";

std::string_view without_space(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  const size_t begin = text.find_first_not_of(" \t\r\n");
  return begin == std::string_view::npos ? std::string_view{} : text.substr(begin);
}

bool holds(std::string_view text, std::string_view word) {
  return text.find(word) != std::string_view::npos;
}

bool is_json(std::string_view head) { return head.starts_with('{') || head.starts_with('['); }

// Statuses of API v1.1: these fields stand together nowhere else.
bool looks_like_v1(std::string_view head) {
  return is_json(head) && holds(head, "\"id_str\"") && holds(head, "\"created_at\"") &&
         holds(head, "\"in_reply_to_status_id_str\"") && holds(head, "\"screen_name\"");
}

bool looks_like_v2(std::string_view head) {
  return is_json(head) && holds(head, "\"data\"") && !holds(head, "\"id_str\"") &&
         (holds(head, "\"edit_history_tweet_ids\"") ||
          (holds(head, "\"author_id\"") && holds(head, "\"text\"")));
}

// One tweet or answer a line; a document that is set out over several lines ends its first one
// otherwise.
bool is_lines(std::string_view head) {
  const std::string_view text = without_space(head);
  const size_t end = text.find('\n');
  if (end == std::string_view::npos || !text.starts_with('{')) return false;
  const std::string_view line = text.substr(0, end);
  const size_t last = line.find_last_not_of(" \t\r");
  return line[last] == '}' && last > 1;
}

// The variable of an archive file that begins like this; empty: it is none.
std::string_view variable_of_head(std::string_view head) {
  const std::string_view text = without_space(head);
  return archive_variable(text.substr(0, text.find_first_of("[{")));
}

// One reading of one input.
class Reading {
 public:
  Reading(Input& input, const ReadOptions& options, EventSink& sink)
      : input_(input), options_(options), sink_(sink), left_alone_(sink) {}

  Result<void> run() {
    if (input_.members().size() != 1) return read_archive(archive_members(input_.members()));
    BW_ASSIGN(const std::string head, head_of(0));
    const std::string_view text = without_space(head);
    if (text.starts_with(kScript)) {
      const std::string_view variable = variable_of_head(text);
      const std::optional<XFile> file = file_of_variable(variable);
      if (file.has_value()) return read_archive({{0, *file, 0}});
      return Error{ErrorCode::kUnusable,
                   fmt::format("{} is a file of an X archive that states nothing for us{}{}; give "
                               "the archive's folder or .zip, or its tweets.js, like.js, "
                               "following.js or follower.js",
                               input_.path(), variable.empty() ? "" : ": ", variable)};
    }
    if (looks_like_v2(text)) {
      return Error{ErrorCode::kUnusable,
                   fmt::format("{} is an answer of X's API v2, which names users and times only "
                               "where it was asked to and is not read; an archive of X is, and so "
                               "are statuses of API v1.1",
                               input_.path())};
    }
    return read_statuses(is_lines(head));
  }

 private:
  Result<std::string> head_of(size_t member) {
    BW_ASSIGN(const std::unique_ptr<ByteStream> stream, input_.open(member));
    std::string head(kHeadBytes, '\0');
    BW_ASSIGN(const size_t got, stream->read(head.data(), head.size()));
    head.resize(got);
    return head;
  }

  std::string label(size_t member) const {
    return input_.members().size() == 1 ? input_.path() : input_.members()[member].name;
  }

  using OnElement = std::function<Result<void>(const JsonCutter::Value&)>;

  // The elements of the array that an archive file sets its variable to. False: it is no such file,
  // or holds another kind of things than `file`.
  Result<bool> for_each_in(size_t member, XFile file, const OnElement& element,
                           bool* has_more = nullptr) {
    BW_ASSIGN(const std::unique_ptr<ByteStream> stream, input_.open(member));
    JsonCutter cutter(*stream, input_.limits(), label(member));
    const Result<std::string> prefix = cutter.prefix();
    if (!prefix.ok() && prefix.error().code != ErrorCode::kUnusable) return prefix.error();
    if (!prefix.ok() || file_of_variable(archive_variable(*prefix)) != file) return false;
    BW_TRY(cutter.for_each_element(element));
    BW_ASSIGN(int next, cutter.peek());
    if (next == ';') {
      cutter.take();
      BW_ASSIGN(next, cutter.peek());
    }
    if (has_more != nullptr) *has_more = next != JsonCutter::kEnd;
    return true;
  }

  Result<void> read_archive(std::vector<XMember> files) {
    const auto accounts = std::count_if(files.begin(), files.end(), [](const XMember& file) {
      return file.file == XFile::kAccount && file.part == 0;
    });
    if (accounts > 1) {
      return Error{ErrorCode::kUnusable,
                   fmt::format("{} holds {} archives of X; give each by its own path",
                               input_.path(), accounts)};
    }
    if (files.empty()) {
      return Error{ErrorCode::kUnusable,
                   fmt::format("{} holds none of the files of an X archive that are read "
                               "(tweets.js, like.js, following.js, follower.js)",
                               input_.path())};
    }
    BW_TRY(find_owner(files));
    for (const XMember& file : files) {
      if (file.file == XFile::kAccount || file.file == XFile::kAge) continue;
      Result<void> result = read_file(file);
      if (result.ok()) continue;
      // A file that breaks off costs its own rest, not the other files.
      if (result.error().code != ErrorCode::kCorrupt) return result;
      if (!failure_.has_value()) failure_ = result.error();
    }
    count_unread(files);
    return failure_.has_value() ? Result<void>(*failure_) : Result<void>{};
  }

  // Reads whose archive it is, and gives their profile.
  Result<void> find_owner(const std::vector<XMember>& files) {
    std::optional<XOwner> owner;
    bool minor = false;
    std::vector<std::pair<uint64_t, uint64_t>> bad;  // record, hash
    for (const XMember& file : files) {
      if (file.file != XFile::kAccount && file.file != XFile::kAge) continue;
      BW_ASSIGN(const bool is_ours,
                for_each_in(file.member, file.file, [&](const JsonCutter::Value& value) {
                  ++number_;
                  const std::optional<JsonElement> element = parser_.parse(value.bytes);
                  std::optional<XOwner> named;
                  if (element.has_value() && file.file == XFile::kAccount) {
                    named = owner_of(*element);
                    if (named.has_value()) owner = named;
                  } else if (element.has_value()) {
                    const std::optional<uint64_t> age = age_of(*element);
                    minor = minor || (age.has_value() && *age < kMinorBelowYears);
                    if (age.has_value()) return Result<void>{};
                  }
                  if (!named.has_value()) bad.emplace_back(number_, hash64(value.bytes));
                  return Result<void>{};
                }));
      if (!is_ours) bad.emplace_back(++number_, 0);
    }
    if (!options_.account.empty()) {
      BW_ASSIGN(const XOwner given, parse_owner(options_.account));
      if (owner.has_value() &&
          account_name(given.id, given.screen_name) !=
              account_name(given.id.empty() ? "" : owner->id, owner->screen_name)) {
        return Error{
            ErrorCode::kInvalidArgument,
            fmt::format("{} is the archive of {} ({}), not of {}; leave --account out",
                        input_.path(), owner->display_name(), owner->id, options_.account)};
      }
      if (!owner.has_value()) {
        owner = given;
        BW_TRY(complete(files, *owner));
      }
    }
    if (!owner.has_value()) {
      return Error{ErrorCode::kUnusable,
                   fmt::format("{} does not say whose archive it is (account.js is missing or "
                               "names nobody); name its owner with --account, for example "
                               "--account ana",
                               input_.path())};
    }
    for (const auto& [number, hash] : bad) {
      BW_TRY(sink_.reject({number, hash, "account or age is not told as expected", {}}));
    }
    const std::string name = owner->display_name();
    const std::string address = owner->address();
    mapper_ = XMapper(std::move(owner));
    AccountProfile profile;
    profile.account = mapper_.owner_account();
    profile.display_name = name;
    profile.url = address;
    profile.minor = minor;
    profile.owner = true;
    return sink_.profile(profile);
  }

  // Looks in the tweets for what --account leaves out, the number or the screen name.
  Result<void> complete(const std::vector<XMember>& files, XOwner& owner) {
    // A pipe cannot be read twice.
    if (input_.path() == "-") return {};
    constexpr std::string_view kFound = "found";
    for (const XMember& file : files) {
      if (file.file != XFile::kTweets) continue;
      const Result<bool> read =
          for_each_in(file.member, file.file, [&](const JsonCutter::Value& value) -> Result<void> {
            const std::optional<JsonElement> tweet = parser_.parse(value.bytes);
            if (!tweet.has_value() || !learn_owner(*tweet, owner)) return {};
            return Error{ErrorCode::kBusy, std::string(kFound)};  // enough seen
          });
      if (read.ok()) continue;
      if (read.error().code == ErrorCode::kBusy && read.error().message == kFound) return {};
      // What is broken here is told when the file is read for its acts.
      if (read.error().code != ErrorCode::kCorrupt) return read.error();
    }
    return {};
  }

  Result<void> read_file(const XMember& file) {
    bool has_more = false;
    BW_ASSIGN(
        const bool is_ours,
        for_each_in(
            file.member, file.file,
            [&](const JsonCutter::Value& value) { return take(value, file.file); }, &has_more));
    if (!is_ours) {
      return sink_.reject({++number_, 0, "file does not hold what its name says", {}});
    }
    if (has_more) {
      return sink_.reject({++number_, 0, "something follows the end of the array", {}});
    }
    return {};
  }

  Result<void> take(const JsonCutter::Value& value, XFile file) {
    ++number_;
    if (value.too_long) return sink_.reject({number_, 0, kTooLong, {}});
    acts_.begin(number_, value.bytes);
    const std::optional<JsonElement> element = parser_.parse(value.bytes);
    if (!element.has_value()) {
      acts_.reject("not valid JSON");
    } else if (file == XFile::kTweets) {
      mapper_.map_tweet(*element, acts_);
    } else if (file == XFile::kLikes) {
      mapper_.map_like(*element, acts_);
    } else if (file == XFile::kFollowing) {
      mapper_.map_following(*element, acts_);
    } else {
      mapper_.map_follower(*element, acts_);
    }
    return acts_.deliver(sink_, known_, left_alone_);
  }

  void count_unread(const std::vector<XMember>& files) {
    std::vector<bool> read(input_.members().size());
    for (const XMember& file : files) read[file.member] = true;
    for (size_t i = 0; i < read.size(); ++i) {
      if (!read[i]) left_alone_.add(unread_kind(input_.members()[i].name));
    }
  }

  // API v1.1: tweets and search answers, one after the other or in an array.
  Result<void> read_statuses(bool lines) {
    BW_ASSIGN(const std::unique_ptr<ByteStream> stream, input_.open(0));
    if (lines) {
      return for_each_line(
          *stream, input_.limits(),
          [&](uint64_t, std::string_view line) -> Result<void> {
            if (without_space(line).empty()) return {};
            return take_value({line, false});
          },
          [&](uint64_t, uint64_t) {
            return take_value({{}, true});
          });
    }
    JsonCutter cutter(*stream, input_.limits(), input_.path());
    for (;;) {
      BW_ASSIGN(const int next, cutter.peek());
      if (next == JsonCutter::kEnd) return {};
      if (next == '[') {
        BW_TRY(cutter.for_each_element(
            [&](const JsonCutter::Value& value) { return take_value(value); }));
      } else {
        BW_ASSIGN(const JsonCutter::Value value, cutter.value());
        BW_TRY(take_value(value));
      }
    }
  }

  // A tweet, or the answer to a search, whose tweets are records of their own.
  Result<void> take_value(const JsonCutter::Value& value) {
    if (!value.too_long && holds(value.bytes, "statuses\"")) {
      const std::optional<JsonElement> element = parser_.parse(value.bytes);
      if (element.has_value() && json_array(*element, "statuses").has_value()) {
        return take_answer(value.bytes);
      }
    }
    return take(value, XFile::kTweets);
  }

  Result<void> take_answer(std::string_view bytes) {
    MemoryStream stream(std::make_shared<const std::string>(bytes));
    JsonCutter cutter(stream, input_.limits(), input_.path());
    bool found = false;
    auto walked = cutter.for_each_member([&](std::string_view key) -> Result<void> {
      BW_ASSIGN(const int next, cutter.peek());
      if (key == "statuses" && next == '[') {
        found = true;
        return cutter.for_each_element(
            [&](const JsonCutter::Value& value) { return take(value, XFile::kTweets); });
      }
      BW_TRY(cutter.value());
      return {};
    });
    if (found || !walked.ok()) return walked;
    return sink_.reject({++number_, hash64(bytes), "answer spells its keys in escapes", {}});
  }

  Input& input_;
  const ReadOptions& options_;
  EventSink& sink_;
  LeftAloneCounts left_alone_;
  KnownProfiles known_;
  RecordActs acts_;
  JsonParser parser_;
  XMapper mapper_{std::nullopt};
  uint64_t number_ = 0;  // of the last record; counted on from file to file
  std::optional<Error> failure_;
};

class XAdapter final : public Adapter {
 public:
  const AdapterInfo& info() const override {
    static const AdapterInfo kInfo{"x",
                                   "X (Twitter): a personal archive, or statuses of API v1.1",
                                   {Verb::kPost, Verb::kReply, Verb::kReshare, Verb::kQuote,
                                    Verb::kReact, Verb::kMention, Verb::kFollow},
                                   1};
    return kInfo;
  }

  Likeness detect(const InputSample& sample) const override {
    if (sample.members().size() != 1) {
      size_t tried = 0;
      for (const XMember& file : archive_members(sample.members())) {
        if (tried++ == kMembersTried) break;
        const std::string_view variable = variable_of_head(sample.head(file.member));
        if (file_of_variable(variable) == file.file) return Likeness::kCertain;
      }
      return Likeness::kNo;
    }
    const std::string_view head = without_space(sample.head(0));
    if (const std::string_view variable = variable_of_head(head); !variable.empty()) {
      // What it holds may be nothing for us; then reading it says so.
      return file_of_variable(variable).has_value() ? Likeness::kCertain : Likeness::kLikely;
    }
    if (looks_like_v1(head)) return Likeness::kCertain;
    return looks_like_v2(head) ? Likeness::kLikely : Likeness::kNo;
  }

  Result<void> read(Input& input, const ReadOptions& options, EventSink& sink) const override {
    return Reading(input, options, sink).run();
  }
};

}  // namespace

const Adapter& x_adapter() {
  static const XAdapter kAdapter;
  return kAdapter;
}

}  // namespace bellwether
