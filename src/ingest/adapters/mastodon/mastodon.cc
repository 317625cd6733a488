// SPDX-License-Identifier: Apache-2.0
#include "ingest/adapters/mastodon/mastodon.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <optional>

#include "base/hash.h"
#include "ingest/adapters/activitystreams/account_name.h"
#include "ingest/adapters/activitystreams/reader.h"

namespace bellwether {
namespace {

constexpr std::string_view kNetwork = "mastodon";

// The files of an archive, in the order in which they are read: that of their names.
enum File : size_t { kActor, kBookmarks, kLikes, kOutbox, kFiles };
constexpr std::array<std::string_view, kFiles> kNames{"actor.json", "bookmarks.json", "likes.json",
                                                      "outbox.json"};

using Place = std::optional<size_t>;  // a member, if there is one

// The files at the top of the archive, or in the one folder that was packed.
std::array<Place, kFiles> find_files(const std::vector<Member>& members) {
  std::array<Place, kFiles> found;
  std::array<size_t, kFiles> depth{};
  for (size_t i = 0; i < members.size(); ++i) {
    const std::string_view name = members[i].name;
    const size_t slash = name.rfind('/');
    const std::string_view base = slash == std::string_view::npos ? name : name.substr(slash + 1);
    const auto file =
        static_cast<size_t>(std::find(kNames.begin(), kNames.end(), base) - kNames.begin());
    if (file == kFiles) continue;
    const auto level = static_cast<size_t>(std::count(name.begin(), name.end(), '/'));
    if (found[file].has_value() && depth[file] <= level) continue;
    found[file] = i;
    depth[file] = level;
  }
  return found;
}

bool speaks_as2(std::string_view head) {
  return head.find("\"@context\"") != std::string_view::npos &&
         head.find("www.w3.org/ns/activitystreams") != std::string_view::npos;
}

// An address in the archive's own words: "id":"outbox.json".
bool has_own_id(std::string_view head, std::string_view file) {
  for (const std::string_view between : {"\":\"", "\": \""}) {
    if (head.find(fmt::format("\"id{}{}\"", between, file)) != std::string_view::npos) return true;
  }
  return false;
}

bool is_api_answer(std::string_view head) {
  const bool recorded = head.find("/api/v1/") != std::string_view::npos ||
                        head.find("/api/v2/") != std::string_view::npos;
  return (recorded && head.find("\"response\"") != std::string_view::npos) ||
         (head.find("\"acct\"") != std::string_view::npos &&
          head.find("\"created_at\"") != std::string_view::npos &&
          (head.find("\"favourites_count\"") != std::string_view::npos ||
           head.find("\"followers_count\"") != std::string_view::npos));
}

// One address each, and the owner liked what lies there. When is not said.
class LikesReader final : public RecordReader {
 public:
  explicit LikesReader(AccountRef owner) : owner_(owner) {}

  void read(const RawRecord& record, TextArena& arena, EventSink& out) override {
    const Provenance provenance{record.number, hash64(record.bytes)};
    const auto reject = [&](std::string_view reason) {
      (void)out.reject({record.number, provenance.record_hash, reason, record.bytes});
    };
    const As2Value* value = parser_.parse(record.bytes, arena);
    if (value == nullptr) return reject(parser_.problem());
    if (value->node != nullptr && value->node->has_items) {
      return out.left_alone("collection OrderedCollection", 1);
    }
    const std::string_view address = value->node == nullptr ? value->text : value->node->id;
    if (address.empty()) return reject("a like without address");
    event_.clear();
    event_.account = owner_;
    event_.verb = Verb::kReact;
    event_.object = address;
    event_.author = author_of_address(address, owner_.network, arena);
    event_.native_id = arena.join({"like:", owner_.name, ":", address});
    event_.provenance = provenance;
    if (!is_clean_text(event_.native_id)) return reject("address holds control characters");
    if (const std::string problem = problem_with(event_); !problem.empty()) {
      return reject(arena.keep(problem));
    }
    (void)out.event(event_);
  }

 private:
  AccountRef owner_;
  As2Parser parser_;
  InteractionEvent event_;
};

// Private notes of the owner's: they state nothing towards anybody.
class BookmarksReader final : public RecordReader {
 public:
  void read(const RawRecord& record, TextArena& arena, EventSink& out) override {
    const As2Value* value = parser_.parse(record.bytes, arena);
    if (value == nullptr) {
      (void)out.reject({record.number, hash64(record.bytes), parser_.problem(), record.bytes});
      return;
    }
    const bool empty = value->node != nullptr && value->node->has_items;
    out.left_alone(empty ? "collection OrderedCollection" : "bookmark", 1);
  }

 private:
  As2Parser parser_;
};

class Archive {
 public:
  Archive(Input& input, const ReadOptions& options, std::string network, EventSink& sink)
      : input_(input),
        options_(options),
        network_(std::move(network)),
        filter_(sink),
        files_(find_files(input.members())) {}

  Result<void> read() {
    if (!has(kOutbox) && !has(kLikes)) return refusal();
    BW_TRY(read_owner());
    if (has(kBookmarks)) {
      BW_TRY(read_file(kBookmarks, [] { return std::make_unique<BookmarksReader>(); }));
    }
    if (has(kLikes)) {
      BW_TRY(read_file(kLikes, [this] { return std::make_unique<LikesReader>(owner_); }));
    }
    if (has(kOutbox)) {
      BW_TRY(read_file(kOutbox, [this] { return std::make_unique<As2RecordReader>(network_); }));
    }
    const auto known = static_cast<size_t>(
        std::count_if(files_.begin(), files_.end(), [](const Place& p) { return p.has_value(); }));
    if (input_.members().size() > known) {
      filter_.left_alone("other file", input_.members().size() - known);
    }
    return {};
  }

 private:
  bool has(File file) const { return files_[file].has_value(); }

  Error refusal() {
    if (input_.members().size() == 1) {
      const Result<std::unique_ptr<ByteStream>> stream = input_.open(0);
      std::string head(kHeadBytes, '\0');
      if (stream.ok()) {
        const Result<size_t> got = (*stream)->read(head.data(), head.size());
        head.resize(got.ok() ? *got : 0);
        if (is_api_answer(head)) {
          return Error{
              ErrorCode::kUnusable,
              fmt::format("{} is an answer of Mastodon's API, which is not read; give the archive "
                          "that the server makes (Preferences, Import and export, Request your "
                          "archive)",
                          input_.path())};
        }
      }
    }
    return Error{ErrorCode::kUnusable,
                 fmt::format("{} holds neither outbox.json nor likes.json, so it is no Mastodon "
                             "archive that states anything",
                             input_.path())};
  }

  // Whose archive it is: as its actor.json says, else as the operator does.
  Result<void> read_owner() {
    if (has(kActor)) {
      ++records_;
      BW_ASSIGN(std::string text, read_all(input_, *files_[kActor]));
      const size_t size = text.size();
      text.append(RecordReader::kPadding, ' ');
      const std::string_view bytes = std::string_view(text).substr(0, size);
      As2Parser parser;
      TextArena arena;
      const As2Value* value = parser.parse(bytes, arena);
      As2Mapper mapper(network_);
      AccountRef owner;
      std::string_view problem = "actor.json names no account";
      if (value == nullptr) {
        problem = parser.problem();
      } else {
        owner = mapper.map_owner(*value, arena, filter_);
      }
      if (owner.empty()) {
        BW_TRY(filter_.reject({records_, hash64(bytes), problem, bytes}));
      } else {
        keep_owner(owner);
        return {};
      }
    }
    if (!options_.account.empty()) {
      TextArena arena;
      const std::string_view name = options_.account;
      AccountRef owner = account_if_sure(arena.join({"acct:", name}), network_, arena);
      if (owner.empty()) owner = account_of(name, network_, arena);
      InteractionEvent probe;
      probe.account = owner;
      if (const std::string problem = problem_with(probe); !problem.empty()) {
        return Error{ErrorCode::kInvalidArgument, fmt::format("--account: {}", problem)};
      }
      AccountProfile profile;
      profile.account = owner;
      profile.owner = true;
      keep_owner(owner);
      return filter_.profile(profile);
    }
    if (has(kLikes)) {
      return Error{ErrorCode::kUnusable,
                   fmt::format("{}: whose archive it is stands nowhere, for there is no actor.json "
                               "that says; name the account with --account @name@server",
                               input_.path())};
    }
    return {};
  }

  void keep_owner(const AccountRef& owner) {
    owner_network_ = owner.network;
    owner_name_ = owner.name;
    owner_ = {owner_network_, owner_name_};
  }

  Result<void> read_file(File file,
                         const std::function<std::unique_ptr<RecordReader>()>& make_reader) {
    BW_ASSIGN(const std::unique_ptr<ByteStream> stream, input_.open(*files_[file]));
    RecordPipeline pipeline(std::max(options_.threads, 1U), make_reader, filter_);
    const std::string label =
        fmt::format("{}, {}", input_.path(), input_.members()[*files_[file]].name);
    Result<void> outcome = add_as2_records(*stream, input_.limits(), label, pipeline, records_);
    const bool broke_off = !outcome.ok() && (outcome.error().code == ErrorCode::kCorrupt ||
                                             outcome.error().code == ErrorCode::kLimit);
    if (!outcome.ok() && !broke_off) return outcome;
    // What came before the bytes broke off is good.
    BW_TRY(pipeline.finish());
    return outcome;
  }

  Input& input_;
  const ReadOptions& options_;
  std::string network_;
  As2Filter filter_;
  std::array<Place, kFiles> files_;
  std::string owner_network_;
  std::string owner_name_;
  AccountRef owner_;
  uint64_t records_ = 0;
};

class MastodonAdapter final : public Adapter {
 public:
  const AdapterInfo& info() const override {
    static const AdapterInfo kInfo{
        "mastodon",
        "a Mastodon account's archive: folder, .tar.gz or .zip",
        {Verb::kPost, Verb::kReply, Verb::kReshare, Verb::kQuote, Verb::kReact, Verb::kMention,
         Verb::kFollow, Verb::kList, Verb::kSubscribe, Verb::kMessage, Verb::kUndo},
        2};
    return kInfo;
  }

  Likeness detect(const InputSample& sample) const override {
    const std::array<Place, kFiles> files = find_files(sample.members());
    const bool alone = sample.members().size() == 1;
    for (const File file : {kOutbox, kLikes, kBookmarks}) {
      if (!files[file].has_value()) continue;
      const std::string_view head = sample.head(*files[file]);
      if (speaks_as2(head) && has_own_id(head, kNames[file])) return Likeness::kCertain;
    }
    if (!alone) return Likeness::kNo;
    const std::string_view head = sample.head(0);
    for (const std::string_view file : kNames) {
      // A file of an archive under another name: reading it says what is missing.
      if (speaks_as2(head) && has_own_id(head, file)) return Likeness::kPossible;
    }
    return is_api_answer(head) ? Likeness::kPossible : Likeness::kNo;
  }

  Result<void> read(Input& input, const ReadOptions& options, EventSink& sink) const override {
    BW_ASSIGN(std::string network, As2Mapper::network_of(options.network, kNetwork));
    return Archive(input, options, std::move(network), sink).read();
  }
};

}  // namespace

const Adapter& mastodon_adapter() {
  static const MastodonAdapter kAdapter;
  return kAdapter;
}

}  // namespace bellwether
