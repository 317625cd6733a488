// SPDX-License-Identifier: Apache-2.0
#include "ingest/adapters/stackexchange/stackexchange.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <system_error>

#include "ingest/adapters/stackexchange/mapping.h"
#include "ingest/left_alone.h"
#include "ingest/xml_rows.h"

namespace bellwether {
namespace {

constexpr size_t kRootBytes = 4096;       // of a member, to see what table it is
constexpr size_t kMembersLookedAt = 256;  // in detection; a dump of one site has eight
constexpr size_t kSiteBytesMax = 200;

bool ends_with_xml(std::string_view name) {
  if (name.size() < 4) return false;
  const std::string_view end = name.substr(name.size() - 4);
  return end[0] == '.' && (end[1] | 0x20) == 'x' && (end[2] | 0x20) == 'm' &&
         (end[3] | 0x20) == 'l';
}

std::string_view folder_of(std::string_view name) {
  const size_t slash = name.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : name.substr(0, slash);
}

// The members that may be tables: files called .xml that stand in the folder which holds all of
// them, or one below it, as a dump of one site or a collection of such dumps has it; a lone file
// whatever it is called.
std::vector<size_t> candidates(const std::vector<Member>& members) {
  std::vector<size_t> out;
  if (members.size() == 1) {
    out.push_back(0);
    return out;
  }
  if (members.empty()) return out;
  // Sorted by name, so the first and the last differ where any two do.
  const std::string_view first = members.front().name;
  const std::string_view last = members.back().name;
  size_t common = 0;
  for (size_t i = 0; i < std::min(first.size(), last.size()) && first[i] == last[i]; ++i) {
    if (first[i] == '/') common = i + 1;
  }
  for (size_t i = 0; i < members.size(); ++i) {
    const std::string_view below = std::string_view(members[i].name).substr(common);
    if (std::count(below.begin(), below.end(), '/') <= 1 && ends_with_xml(below)) out.push_back(i);
  }
  return out;
}

// A word for a site, from a name that a person gave a folder; empty where nothing is left of it.
std::string site_word(std::string_view name) {
  for (const std::string_view end :
       {".zip", ".tar", ".tar.gz", ".tgz", ".tar.zst", ".7z", ".gz", ".zst"}) {
    if (name.size() > end.size() && name.ends_with(end)) {
      name.remove_suffix(end.size());
      break;
    }
  }
  std::string out(name.substr(0, kSiteBytesMax));
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (c == ' ' || c == '/' || c == '\\' || c == ':') c = '-';
  }
  if (!is_clean_text(out)) return {};
  return out;
}

std::string_view last_part(std::string_view path) {
  while (path.ends_with('/')) path.remove_suffix(1);
  const size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

// What the folder is called in which a member lies.
std::string site_of(const Input& input, std::string_view member) {
  if (const std::string_view folder = folder_of(member); !folder.empty()) {
    return site_word(last_part(folder));
  }
  namespace fs = std::filesystem;
  std::string path = input.path();
  if (path == "-") return {};
  std::string_view name = last_part(path);
  // A lone file lies in the folder that is called for its site. Inside archives there is no such
  // file on disk, and the archive's own name stands before it in the path.
  const bool is_lone = input.members().size() == 1 && name == member;
  if (is_lone) {
    path = std::string(folder_of(path));
    if (path.empty()) path = ".";
    name = last_part(path);
  }
  if (name.empty() || name == "." || name == "..") {
    std::error_code error;
    path = fs::weakly_canonical(path, error).string();
    if (error) return {};
    name = last_part(path);
  }
  return site_word(name);
}

// The bytes at the beginning of a member, or what kept them from being read.
Result<std::string> beginning(Input& input, size_t member) {
  BW_ASSIGN(const std::unique_ptr<ByteStream> stream, input.open(member));
  std::string head(kRootBytes, '\0');
  BW_ASSIGN(const size_t got, stream->read(head.data(), head.size()));
  head.resize(got);
  return head;
}

struct Site {
  std::string word;
  std::array<std::vector<size_t>, kSiteTables> members;  // by table
};

class StackExchangeAdapter final : public Adapter {
 public:
  const AdapterInfo& info() const override {
    static const AdapterInfo kInfo{
        "stackexchange",
        "the data dump of a Stack Exchange site (Posts.xml and so on)",
        {Verb::kPost, Verb::kReply, Verb::kReact, Verb::kMention, Verb::kEndorse},
        2};
    return kInfo;
  }

  Likeness detect(const InputSample& sample) const override {
    Likeness best = Likeness::kNo;
    const std::vector<size_t> members = candidates(sample.members());
    for (size_t i = 0; i < std::min(members.size(), kMembersLookedAt); ++i) {
      const std::string_view head = sample.head(members[i]);
      const std::optional<SiteTable> table = site_table(xml_root(head));
      if (!table.has_value()) continue;
      const bool has_rows = head.find("<row ") != std::string_view::npos &&
                            head.find(telling_attribute(*table)) != std::string_view::npos;
      // <users> and <tags> are words that other documents use too; an empty table tells little.
      const Likeness likeness = !has_rows                     ? Likeness::kPossible
                                : *table <= SiteTable::kVotes ? Likeness::kCertain
                                                              : Likeness::kLikely;
      best = std::max(best, likeness);
      if (best == Likeness::kCertain) break;
    }
    return best;
  }

  Result<void> read(Input& input, const ReadOptions& options, EventSink& sink) const override {
    uint64_t others = 0;
    BW_ASSIGN(const std::vector<Site> sites, find_sites(input, options, others));
    LeftAloneCounts left_alone(sink);
    left_alone.add("file that is no table of a dump", others);
    std::optional<Error> broken;
    for (const Site& site : sites) {
      SiteMapper mapper(site.word, sink, left_alone);
      for (size_t table = 0; table < kSiteTables; ++table) {
        for (const size_t member : site.members[table]) {
          Result<void> done = read_table(input, member, static_cast<SiteTable>(table), mapper);
          if (done.ok()) continue;
          // One table that breaks off leaves the others good.
          if (done.error().code != ErrorCode::kCorrupt) return done;
          if (!broken.has_value()) broken = done.error();
        }
      }
      BW_TRY(mapper.finish());
    }
    if (broken.has_value()) return *broken;
    return {};
  }

 private:
  static Result<std::vector<Site>> find_sites(Input& input, const ReadOptions& options,
                                              uint64_t& others) {
    const std::string given = site_word(options.network);
    if (given.empty() && !options.network.empty()) {
      return Error{ErrorCode::kInvalidArgument, "--network is no name of a site"};
    }
    std::map<std::string, Site> found;  // by folder
    others = input.members().size();
    for (const size_t member : candidates(input.members())) {
      BW_ASSIGN(const std::string head, beginning(input, member));
      const std::optional<SiteTable> table = site_table(xml_root(head));
      if (!table.has_value()) continue;
      --others;
      const std::string& name = input.members()[member].name;
      Site& site = found[std::string(folder_of(name))];
      site.members[static_cast<size_t>(*table)].push_back(member);
      site.word = given.empty() ? site_of(input, name) : given;
    }
    if (found.empty()) {
      return Error{ErrorCode::kUnusable,
                   fmt::format("{}: holds none of the tables of a dump (Posts.xml, Comments.xml, "
                               "Users.xml, Votes.xml)",
                               input.path())};
    }
    if (!given.empty() && found.size() > 1) {
      return Error{ErrorCode::kUnusable,
                   fmt::format("{}: holds the dumps of {} sites, and --network names one; give "
                               "each folder by its own path",
                               input.path(), found.size())};
    }
    std::vector<Site> sites;
    for (auto& [folder, site] : found) {
      if (site.word.empty()) {
        return Error{ErrorCode::kUnusable,
                     fmt::format("{}: nothing says which site this is; name it, for example "
                                 "--network ceramics.stackexchange.com",
                                 input.path())};
      }
      sites.push_back(std::move(site));
    }
    return sites;
  }

  static Result<void> read_table(Input& input, size_t member, SiteTable table, SiteMapper& mapper) {
    Result<std::unique_ptr<ByteStream>> stream = input.open(member);
    if (!stream.ok()) return stream.error();
    return for_each_xml_row(**stream, input.limits(), input.members()[member].name,
                            [&](const XmlRow& row) { return mapper.row(table, row); });
  }
};

}  // namespace

const Adapter& stackexchange_adapter() {
  static const StackExchangeAdapter kAdapter;
  return kAdapter;
}

}  // namespace bellwether
