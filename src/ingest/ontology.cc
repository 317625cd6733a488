// SPDX-License-Identifier: Apache-2.0
#include "ingest/ontology.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <optional>

#include "event/event.h"
#include "ingest/adapters/csv/parse.h"

namespace bellwether {
namespace {

constexpr size_t kHeaderBytes = 64 << 10;

// "Topic_Display Name" -> "topicdisplayname"
std::string plain(std::string_view header) {
  std::string out;
  for (const char c : header) {
    if (c >= 'A' && c <= 'Z') {
      out += static_cast<char>(c - 'A' + 'a');
    } else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
      out += c;
    }
  }
  return out;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Where each column stands in a file.
struct Plan {
  enum class Kind : uint8_t { kTopics, kEdges, kNames };
  Kind kind = Kind::kTopics;
  size_t width = 0;
  std::optional<size_t> id, slug, name, wiki, freebase;
  std::optional<size_t> parent, parent_slug, child, child_slug;
  std::optional<size_t> language;
};

std::optional<Plan> plan_of(const std::vector<std::string_view>& header) {
  std::vector<std::string> words;
  for (const std::string_view word : header) words.push_back(plain(word));
  const auto find = [&](std::initializer_list<std::string_view> names) -> std::optional<size_t> {
    for (const std::string_view name : names) {
      const auto at = std::find(words.begin(), words.end(), name);
      if (at != words.end()) return static_cast<size_t>(at - words.begin());
    }
    return std::nullopt;
  };
  Plan plan;
  plan.width = words.size();
  plan.parent = find({"parenttopicid", "parentid", "parent"});
  // The published file has it so.
  plan.parent_slug = find({"parenttopicslug", "parrenttopicslug", "parentslug"});
  plan.child = find({"childtopicid", "childid", "child"});
  plan.child_slug = find({"childtopicslug", "childslug"});
  plan.id = find({"topicid", "id", "topic"});
  plan.slug = find({"topicslug", "slug"});
  plan.name = find({"topicdisplayname", "displayname", "name", "label"});
  plan.wiki = find({"wikiitemid", "wikidata", "wikidataid", "wiki"});
  plan.freebase = find({"freebasemachineid", "freebase", "freebaseid"});
  plan.language = find({"language", "lang", "locale"});
  if (plan.parent && plan.child) {
    plan.kind = Plan::Kind::kEdges;
  } else if (plan.id && plan.language && plan.name) {
    plan.kind = Plan::Kind::kNames;
  } else if (plan.id && (plan.slug || plan.name)) {
    plan.kind = Plan::Kind::kTopics;
  } else {
    return std::nullopt;
  }
  return plan;
}

// One row as the plan reads it; remembers what is wrong with it.
class Row {
 public:
  Row(const CsvRecord& record, const Plan& plan) : record_(record) {
    if (!record.problem.empty()) {
      problem_ = record.problem;
    } else if (record.fields.size() != plan.width) {
      problem_ = "the row has another number of cells than the header";
    }
  }

  std::string text(const std::optional<size_t>& column, std::string_view missing = {}) {
    if (!column || !problem_.empty()) return {};
    const std::string_view cell = trimmed(record_.fields[*column]);
    if (cell.empty() && !missing.empty()) {
      problem_ = missing;
    } else if (cell.size() > kOntologyTextBytesMax) {
      problem_ = "a cell is longer than 200 bytes";
    } else if (!is_clean_text(cell)) {
      problem_ = "a cell is not valid UTF-8 or holds control characters";
    }
    return problem_.empty() ? std::string(cell) : std::string();
  }
  void require(bool good, std::string_view problem) {
    if (problem_.empty() && !good) problem_ = problem;
  }
  std::string_view problem() const { return problem_; }

 private:
  const CsvRecord& record_;
  std::string_view problem_;
};

Error too_many(const std::string& label, std::string_view what, uint64_t most) {
  return {ErrorCode::kLimit, fmt::format("{}: there are more than {} {}", label, most, what)};
}

}  // namespace

Result<void> read_ontology_file(Input& input, size_t member, const std::string& label,
                                const OntologyLimits& limits, OntologyReading& reading) {
  BW_ASSIGN(const std::unique_ptr<ByteStream> stream, input.open(member));
  CsvReader reader(*stream, input.limits());
  BW_TRY(reader.skip_comments());
  // The separator is the one that parts the header most often.
  const std::string_view head = reader.peek(kHeaderBytes);
  const std::string_view line = head.substr(0, head.find('\n'));
  CsvDialect dialect;
  std::ptrdiff_t most = -1;
  for (const char separator : {',', ';', '\t'}) {
    const auto count = std::count(line.begin(), line.end(), separator);
    if (count > most) dialect.separator = separator;
    most = std::max(most, count);
  }
  reader.set_dialect(dialect);
  CsvRecord record;
  BW_ASSIGN(bool more, reader.next(record));
  const std::optional<Plan> plan =
      more && record.problem.empty() ? plan_of(record.fields) : std::nullopt;
  if (!plan) {
    reading.left_out.push_back(
        fmt::format("{}: its first line does not name the columns of topics (id, slug, name), "
                    "parents (parent id, child id) or names (id, language, name)",
                    label));
    return {};
  }
  const auto file = static_cast<uint32_t>(reading.files.size());
  reading.files.push_back(label);
  OntologyRows& rows = reading.rows;
  while (true) {
    BW_ASSIGN(more, reader.next(record));
    if (!more) return {};
    Row row(record, *plan);
    switch (plan->kind) {
      case Plan::Kind::kTopics: {
        OntologyTopic topic{row.text(plan->id, "the id is missing"), row.text(plan->slug),
                            row.text(plan->name), row.text(plan->wiki), row.text(plan->freebase)};
        topic.slug = normalise_topic(topic.slug.empty() ? topic.name : topic.slug);
        row.require(!topic.slug.empty(), "neither slug nor name says anything");
        if (!row.problem().empty()) break;
        if (rows.topics.size() == limits.topics_max) {
          return too_many(label, "topics", limits.topics_max);
        }
        rows.topics.push_back(std::move(topic));
        break;
      }
      case Plan::Kind::kEdges: {
        OntologyEdge edge;
        edge.parent = row.text(plan->parent, "the parent's id is missing");
        edge.child = row.text(plan->child, "the child's id is missing");
        edge.parent_slug = normalise_topic(row.text(plan->parent_slug));
        edge.child_slug = normalise_topic(row.text(plan->child_slug));
        edge.file = file;
        edge.line = record.line;
        if (!row.problem().empty()) break;
        if (rows.edges.size() == limits.edges_max) {
          return too_many(label, "parents", limits.edges_max);
        }
        rows.edges.push_back(std::move(edge));
        break;
      }
      case Plan::Kind::kNames: {
        OntologyName name;
        name.topic = row.text(plan->id, "the id is missing");
        name.language = row.text(plan->language);
        name.name = row.text(plan->name, "the name is missing");
        name.file = file;
        name.line = record.line;
        if (!row.problem().empty()) break;
        if (rows.names.size() == limits.names_max) {
          return too_many(label, "names", limits.names_max);
        }
        rows.names.push_back(std::move(name));
        break;
      }
    }
    if (row.problem().empty()) continue;
    ++reading.rejected;
    if (reading.rejects.size() < limits.rejects_kept_max) {
      reading.rejects.push_back({file, record.line, std::string(row.problem())});
    }
  }
}

Result<OntologyReading> read_ontology(const std::vector<std::string>& paths,
                                      const OntologyLimits& limits) {
  OntologyReading reading;
  for (const std::string& path : paths) {
    BW_ASSIGN(const std::unique_ptr<Input> input, open_input(path, limits.input));
    for (size_t member = 0; member < input->members().size(); ++member) {
      const std::string& name = input->members()[member].name;
      const std::string label =
          input->members().size() == 1
              ? path
              : fmt::format("{}{}{}", path, path.ends_with('/') ? "" : "/", name);
      BW_TRY(read_ontology_file(*input, member, label, limits, reading));
    }
  }
  if (reading.files.empty()) {
    return Error{ErrorCode::kUnusable,
                 reading.left_out.empty() ? "there is no file to read" : reading.left_out.front()};
  }
  return reading;
}

}  // namespace bellwether
