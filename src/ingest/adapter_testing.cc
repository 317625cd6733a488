// SPDX-License-Identifier: Apache-2.0
#include "ingest/adapter_testing.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <sstream>

namespace bellwether {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kEvents = ".events";
constexpr std::string_view kOptions = ".options";

// One field of a line, so that splitting the line at spaces gives the fields again.
std::string field(std::string_view text, bool in_list = false) {
  if (text.empty()) return "-";
  if (text == "-") return "%2D";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte == 0x7f || c == '%' || (in_list && c == ',')) {
      out += fmt::format("%{:02X}", byte);
    } else {
      out += c;
    }
  }
  return out;
}

std::string account(const AccountRef& ref) {
  if (ref.empty()) return "-";
  return fmt::format("{}:{}", ref.network, field(ref.name));
}

std::string topics(const std::vector<std::string_view>& all) {
  if (all.empty()) return "-";
  std::string out;
  for (const std::string_view topic : all) {
    if (!out.empty()) out += ',';
    out += field(topic, true);
  }
  return out;
}

std::string_view word(Visibility visibility) {
  switch (visibility) {
    case Visibility::kPublic:
      return "public";
    case Visibility::kUnlisted:
      return "unlisted";
    case Visibility::kFollowers:
      return "followers";
    case Visibility::kPrivate:
      return "private";
  }
  return "?";
}

std::string_view word(AccountKind kind) {
  switch (kind) {
    case AccountKind::kUnknown:
      return "-";
    case AccountKind::kPerson:
      return "person";
    case AccountKind::kOrganisation:
      return "organisation";
    case AccountKind::kBot:
      return "bot";
  }
  return "?";
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> out;
  while (true) {
    const size_t end = text.find(separator);
    out.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return out;
    text.remove_prefix(end + 1);
  }
}

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

fs::path fixtures_of(std::string_view adapter) {
  return fs::path("src/ingest/adapters") / adapter / "fixtures";
}

struct Fixture {
  std::string name;
  fs::path input;
};

// One for each file or folder that is neither .events nor .options, so that a missing .events is
// seen, and can be made by approving.
std::vector<Fixture> list_fixtures(std::string_view adapter) {
  std::vector<Fixture> out;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(fixtures_of(adapter), error)) {
    const std::string extension = entry.path().extension().string();
    if (extension == kEvents || extension == kOptions) continue;
    std::string name = entry.path().filename().string();
    name.resize(std::min(name.find('.'), name.size()));
    out.push_back({std::move(name), entry.path()});
  }
  std::sort(out.begin(), out.end(),
            [](const Fixture& a, const Fixture& b) { return a.input < b.input; });
  return out;
}

struct FixtureOptions {
  ReadOptions read;
  bool source_given = false;
  std::string problem;
};

FixtureOptions read_options(const fs::path& path) {
  FixtureOptions out;
  std::istringstream lines(read_file(path));
  for (std::string line; std::getline(lines, line);) {
    const size_t space = line.find(' ');
    const std::string key = line.substr(0, space);
    const std::string value = space == std::string::npos ? "" : line.substr(space + 1);
    if (key == "columns") {
      out.read.columns = split(value, ',');
    } else if (key == "verbs") {
      for (const std::string& pair : split(value, ',')) {
        const size_t equals = pair.find('=');
        if (equals == std::string::npos) {
          out.problem = "no '=' in verbs";
          return out;
        }
        out.read.verbs[pair.substr(0, equals)] = pair.substr(equals + 1);
      }
    } else if (key == "network") {
      out.read.network = value;
    } else if (key == "account") {
      out.read.account = value;
    } else if (line == "source given") {
      out.source_given = true;
    } else if (!line.empty()) {
      out.problem = fmt::format("the options have a line that means nothing: {}", line);
    }
  }
  return out;
}

// The first line in which two texts differ, shown from both.
std::string first_difference(const std::string& expected, const std::string& actual) {
  const std::vector<std::string> a = split(expected, '\n');
  const std::vector<std::string> b = split(actual, '\n');
  for (size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
    const std::string left = i < a.size() ? a[i] : "(no more lines)";
    const std::string right = i < b.size() ? b[i] : "(no more lines)";
    if (left != right) {
      return fmt::format("line {}\n  expected: {}\n  actual:   {}\n", i + 1, left, right);
    }
  }
  return {};
}

std::string check_fixture(const Adapter& adapter, const Fixture& fixture, bool approve) {
  const fs::path folder = fixture.input.parent_path();
  const fs::path expected = folder / (fixture.name + std::string(kEvents));
  const FixtureOptions options = read_options(folder / (fixture.name + std::string(kOptions)));
  if (!options.problem.empty()) {
    return fmt::format("{}: {}\n", fixture.input.string(), options.problem);
  }
  const Result<std::unique_ptr<Input>> input = open_input(fixture.input.string(), {});
  if (!input.ok()) {
    return fmt::format("{}: {}\n", fixture.input.string(), input.error().message);
  }
  if (!options.source_given) {
    const Result<const Adapter*> detected = detect_adapter(**input);
    if (!detected.ok()) return detected.error().message + "\n";
    if (*detected != &adapter) {
      return fmt::format("{}: is taken for {}\n", fixture.input.string(), (*detected)->info().name);
    }
  }
  const std::string actual = events_text(adapter, **input, options.read);
  if (approve) {
    std::ofstream(expected, std::ios::binary) << actual;
    return {};
  }
  if (!fs::exists(expected)) {
    return fmt::format("{}: {} is missing\n", fixture.input.string(), expected.string());
  }
  const std::string difference = first_difference(read_file(expected), actual);
  if (difference.empty()) return {};
  return fmt::format("{}: {}", expected.string(), difference);
}

}  // namespace

Result<void> CollectingSink::event(const InteractionEvent& event) {
  if (const std::string problem = problem_with(event); !problem.empty()) {
    return Error{ErrorCode::kInvalidArgument, "an event that should be a reject: " + problem};
  }
  ++events_;
  ++by_verb_[static_cast<size_t>(event.verb)];
  hashes_.push_back(event.provenance.record_hash);
  lines_ +=
      fmt::format("{} {} {} {} {} {} {} {} {} {} {}\n", event.provenance.record,
                  to_string(event.published), account(event.account), to_string(event.verb),
                  field(event.object), account(event.author), account(event.target), event.count,
                  topics(event.topics), word(event.visibility), field(event.native_id));
  return {};
}

Result<void> CollectingSink::reject(const Reject& reject) {
  if (reject.reason.empty()) return Error{ErrorCode::kInvalidArgument, "a reject without a reason"};
  ++rejects_;
  ++reasons_[std::string(reject.reason)];
  hashes_.push_back(reject.record_hash);
  lines_ += fmt::format("reject {} {}\n", reject.record, reject.reason);
  return {};
}

Result<void> CollectingSink::profile(const AccountProfile& profile) {
  lines_ += fmt::format("profile {} {} {} {}{}{}\n", account(profile.account),
                        field(profile.display_name), field(profile.url), word(profile.kind),
                        profile.indexable ? "" : " unlisted", profile.minor ? " minor" : "");
  return {};
}

Result<void> CollectingSink::claim(const IdentityClaim& claim) {
  lines_ += fmt::format("claim {} {} {}\n", account(claim.account), account(claim.same_as),
                        claim.evidence);
  return {};
}

void CollectingSink::left_alone(std::string_view kind, uint64_t records) {
  left_alone_[std::string(kind)] += records;
}

std::string CollectingSink::text() const {
  std::string out = lines_;
  for (const auto& [kind, records] : left_alone_) {
    out += fmt::format("left alone {} {}\n", records, kind);
  }
  return out;
}

Result<void> CountingSink::event(const InteractionEvent& event) {
  if (const std::string problem = problem_with(event); !problem.empty()) {
    return Error{ErrorCode::kInvalidArgument, "an event that should be a reject: " + problem};
  }
  ++events;
  ++by_verb[static_cast<size_t>(event.verb)];
  return {};
}

Result<void> CountingSink::reject(const Reject& reject) {
  const auto at = rejects.find(reject.reason);
  if (at != rejects.end()) {
    ++at->second;
  } else {
    rejects.emplace(reject.reason, 1);
  }
  return {};
}

Result<void> CountingSink::profile(const AccountProfile& /*profile*/) {
  ++profiles;
  return {};
}

Result<void> CountingSink::claim(const IdentityClaim& /*claim*/) {
  ++claims;
  return {};
}

void CountingSink::left_alone(std::string_view kind, uint64_t records) {
  kinds_left_alone[std::string(kind)] += records;
}

std::string_view error_word(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return "kInvalidArgument";
    case ErrorCode::kNotFound:
      return "kNotFound";
    case ErrorCode::kBusy:
      return "kBusy";
    case ErrorCode::kUnusable:
      return "kUnusable";
    case ErrorCode::kCorrupt:
      return "kCorrupt";
    case ErrorCode::kUnsupported:
      return "kUnsupported";
    case ErrorCode::kIo:
      return "kIo";
    case ErrorCode::kLimit:
      return "kLimit";
    case ErrorCode::kDenied:
      return "kDenied";
  }
  return "?";
}

std::string events_text(const Adapter& adapter, Input& input, const ReadOptions& options) {
  CollectingSink sink;
  const Result<void> result = adapter.read(input, options, sink);
  std::string text = sink.text();
  if (!result.ok()) {
    text += fmt::format("error {} {}\n", error_word(result.error().code), result.error().message);
  }
  return text;
}

std::string events_text(const Adapter& adapter, std::string name, std::string text,
                        const ReadOptions& options) {
  const std::unique_ptr<Input> input = memory_input(std::move(name), std::move(text), {});
  return events_text(adapter, *input, options);
}

std::string check_fixtures(std::string_view adapter) {
  const Adapter* found = find_adapter(adapter);
  if (found == nullptr) return fmt::format("there is no adapter {}\n", adapter);
  const std::vector<Fixture> fixtures = list_fixtures(adapter);
  if (fixtures.empty()) return fmt::format("{} holds no fixtures\n", fixtures_of(adapter).string());
  const char* asked = std::getenv("BW_APPROVE");
  const bool approve = asked != nullptr && std::string_view(asked) == "1";
  std::string problems;
  std::map<std::string, fs::path> names;
  for (const Fixture& fixture : fixtures) {
    const auto [at, is_new] = names.emplace(fixture.name, fixture.input);
    if (!is_new) {
      problems += fmt::format("{} and {} share one {}\n", at->second.string(),
                              fixture.input.string(), kEvents);
      continue;
    }
    problems += check_fixture(*found, fixture, approve);
  }
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(fixtures_of(adapter), error)) {
    const std::string extension = entry.path().extension().string();
    if (extension != kEvents && extension != kOptions) continue;
    if (!names.contains(entry.path().stem().string())) {
      problems += fmt::format("{} stands beside no input\n", entry.path().string());
    }
  }
  return problems;
}

std::vector<Verb> verbs_in_fixtures(std::string_view adapter) {
  std::array<bool, kVerbSlots> seen{};
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(fixtures_of(adapter), error)) {
    if (entry.path().extension() != kEvents) continue;
    std::istringstream lines(read_file(entry.path()));
    for (std::string line; std::getline(lines, line);) {
      const std::vector<std::string> fields = split(line, ' ');
      if (fields.size() != 11 || fields[0].find_first_not_of("0123456789") != std::string::npos) {
        continue;
      }
      if (const std::optional<Verb> verb = parse_verb(fields[3]); verb.has_value()) {
        seen[static_cast<size_t>(*verb)] = true;
      }
    }
  }
  std::vector<Verb> out;
  for (size_t i = 0; i < seen.size(); ++i) {
    if (seen[i]) out.push_back(static_cast<Verb>(i));
  }
  return out;
}

std::string real_data(std::string_view below) {
  std::string path = fmt::format("../shared/data/{}", below);
  std::error_code error;
  if (fs::exists(path, error)) return path;
  fmt::print("skipped: {} is not here\n", path);
  return {};
}

}  // namespace bellwether
