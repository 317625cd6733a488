// SPDX-License-Identifier: Apache-2.0
#include "ingest/adapter.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <optional>
#include <unordered_map>

namespace bellwether {

#define ADAPTER(name) const Adapter& name##_adapter();
#include "ingest/adapters/adapters.inc"
#undef ADAPTER

namespace {

constexpr size_t kNamesShown = 4;
constexpr size_t kTextShownMax = 60;

// Reads heads when they are asked for.
class LazySample final : public InputSample {
 public:
  explicit LazySample(Input& input) : input_(input) {}

  const std::vector<Member>& members() const override { return input_.members(); }

  std::string_view head(size_t member) const override {
    const auto [at, is_new] = heads_.try_emplace(member);
    if (is_new) at->second = read_head(member);
    return at->second;
  }

  // The first failure that left a head empty.
  const std::optional<Error>& failure() const { return failure_; }

 private:
  std::string read_head(size_t member) const {
    Result<std::unique_ptr<ByteStream>> stream = input_.open(member);
    if (!stream.ok()) {
      remember(stream.error());
      return {};
    }
    std::string head(kHeadBytes, '\0');
    const Result<size_t> got = (*stream)->read(head.data(), head.size());
    if (!got.ok()) {
      remember(got.error());
      return {};
    }
    head.resize(*got);
    return head;
  }
  void remember(const Error& error) const {
    if (!failure_.has_value()) failure_ = error;
  }

  Input& input_;
  // References into it stay good while others are added, as head() promises.
  mutable std::unordered_map<size_t, std::string> heads_;
  mutable std::optional<Error> failure_;
};

bool is_text(std::string_view head) {
  // The last character may be cut.
  for (size_t cut = 0; cut < 4 && cut <= head.size(); ++cut) {
    std::string text(head.substr(0, head.size() - cut));
    std::replace_if(
        text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r' || c == '\t'; }, ' ');
    if (is_clean_text(text)) return true;
  }
  return false;
}

// The first line, as far as a message can hold it.
std::string first_line(std::string_view head) {
  const size_t begin = head.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  std::string line(head.substr(begin));
  line.resize(std::min(line.find_first_of("\r\n"), line.size()));
  std::replace(line.begin(), line.end(), '\t', ' ');
  if (line.size() > kTextShownMax) {
    size_t end = kTextShownMax;
    while (end > 0 && (static_cast<unsigned char>(line[end]) & 0xc0) == 0x80) --end;
    line.resize(end);
    line += "...";
  }
  return line;
}

std::string describe_head(std::string_view head) {
  if (head.empty()) return "is empty";
  if (head.starts_with("\xff\xfe") || head.starts_with("\xfe\xff")) {
    return "looks like UTF-16 text, which has to be saved as UTF-8 first";
  }
  if (head.starts_with("\xef\xbb\xbf")) head.remove_prefix(3);
  if (!is_text(head)) {
    std::string bytes;
    for (const char c : head.substr(0, 8)) {
      bytes += fmt::format("{}{:02x}", bytes.empty() ? "" : " ", static_cast<unsigned char>(c));
    }
    return fmt::format("looks like binary data (it begins with {})", bytes);
  }
  const std::string line = first_line(head);
  if (line.empty()) return "holds nothing but white space";
  const std::string_view kind = line[0] == '{' || line[0] == '[' ? "JSON"
                                : line[0] == '<'                 ? "XML or HTML"
                                                                 : "text";
  return fmt::format("looks like {} (it begins with: {})", kind, line);
}

std::string describe(const LazySample& sample) {
  const std::vector<Member>& members = sample.members();
  if (members.empty()) return "holds no files";
  if (members.size() == 1) return describe_head(sample.head(0));
  std::string names;
  for (size_t i = 0; i < std::min(kNamesShown, members.size()); ++i) {
    names += fmt::format("{}{}", names.empty() ? "" : ", ", members[i].name);
  }
  return fmt::format("holds {} files ({}{})", members.size(), names,
                     members.size() > kNamesShown ? ", ..." : "");
}

std::string list_of_forms() {
  std::string out;
  for (const Adapter* adapter : adapters()) {
    if (!out.empty()) out += ", ";
    out += adapter->info().name;
  }
  return out;
}

}  // namespace

std::span<const Adapter* const> adapters() {
#define ADAPTER(name) &name##_adapter(),
  static const std::array kAdapters{
#include "ingest/adapters/adapters.inc"
  };
#undef ADAPTER
  return kAdapters;
}

const Adapter* find_adapter(std::string_view name) {
  for (const Adapter* adapter : adapters()) {
    if (adapter->info().name == name) return adapter;
  }
  return nullptr;
}

Result<const Adapter*> detect_adapter(Input& input) {
  const LazySample sample(input);
  Likeness best = Likeness::kNo;
  std::vector<const Adapter*> found;
  for (const Adapter* adapter : adapters()) {
    const Likeness likeness = adapter->detect(sample);
    if (likeness == Likeness::kNo || likeness < best) continue;
    if (likeness > best) found.clear();
    best = likeness;
    found.push_back(adapter);
  }
  if (found.size() == 1) return found.front();
  if (found.size() > 1) {
    std::string names;
    for (const Adapter* adapter : found) {
      names += fmt::format("{}{}", names.empty() ? "" : " and ", adapter->info().name);
    }
    return Error{ErrorCode::kUnusable,
                 fmt::format("{} may be of more than one form: {}; choose with --source, for "
                             "example --source {}",
                             input.path(), names, found.front()->info().name)};
  }
  const std::string seen = describe(sample);
  if (sample.failure().has_value()) return *sample.failure();
  return Error{ErrorCode::kUnusable, fmt::format("{} {}; that is none of the forms understood: {}",
                                                 input.path(), seen, list_of_forms())};
}

}  // namespace bellwether
