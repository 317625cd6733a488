// SPDX-License-Identifier: Apache-2.0
// Maps rows to events: the words for verbs, times, counts and topics. Pure; README.md has the
// tables.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "event/event.h"
#include "ingest/adapter.h"
#include "ingest/adapters/csv/columns.h"

namespace bellwether {

// What a word of the file stands for.
struct CsvVerb {
  Verb verb = Verb::kMention;
  std::string skipped;  // the kind under which rows with this word are left alone; empty: read
};

// The words for verbs: the operator's, then ours, then the operator's "*". Case does not matter.
class CsvVerbs {
 public:
  // kInvalidArgument: a word is mapped to what is neither a verb nor "-"; the message lists them.
  static Result<CsvVerbs> create(const std::map<std::string, std::string>& verbs);

  // What a row with this word does; an empty word is that of a row without one. nullptr: not known.
  // Lives as long as this does, wherever it is moved to.
  const CsvVerb* find(std::string_view word) const;
  // True for a word that stands for a verb by itself, not only by "*".
  bool knows(std::string_view word) const { return find_word(word) != nullptr; }

 private:
  const CsvVerb* find_word(std::string_view word) const;

  std::map<std::string, CsvVerb, std::less<>> given_;  // by lower-case word, "*" among them
};

// ISO 8601, a count since 1970, or the form of mail and of X's archive.
std::optional<Instant> parse_csv_time(std::string_view text);

class CsvMapper {
 public:
  // kInvalidArgument: options.network is no network name, or options.verbs are wrong.
  static Result<CsvMapper> create(const CsvColumns& columns, const ReadOptions& options);

  // What became of a row.
  enum class Outcome { kEvent, kReject, kSkip };

  // Fills event(), or says in reason() why there is none, or in skipped() what kind was skipped.
  // All of them borrow from `record` and this, until the next call.
  Outcome map(const CsvRecord& record);

  const InteractionEvent& event() const { return event_; }
  std::string_view reason() const { return reason_; }
  std::string_view skipped() const { return skipped_; }
  // Topics of the last event that could not be read and were left out.
  size_t topics_left_out() const { return topics_left_out_; }

 private:
  CsvMapper(CsvColumns columns, CsvVerbs verbs, std::string network);

  std::string_view cell(const CsvRecord& record, CsvRole role) const;
  const CsvVerb* verb_of(std::string_view word);
  void map_topics(std::string_view text);
  void add_topic(std::string_view text);
  Outcome reject(std::string_view reason);

  CsvColumns columns_;
  CsvVerbs verbs_;
  std::string network_;

  InteractionEvent event_;
  std::string reason_;
  std::string skipped_;
  std::string row_network_;          // lower-cased, where the row has it otherwise
  std::vector<std::string> topics_;  // what event_.topics shows
  size_t topics_used_ = 0;
  size_t topics_left_out_ = 0;
  std::vector<std::pair<std::string, const CsvVerb*>> seen_;  // words met, as written
};

}  // namespace bellwether
