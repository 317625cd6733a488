// SPDX-License-Identifier: Apache-2.0
// What every network adapter is: a folder below ingest/adapters/, one line in adapters.inc, and one
// object that says what it reads, tells its own input by content, and turns it into events.
//
// Adapters never weigh events (weights are policy, in credit/), never touch a store, and let no
// word of their network past their door: boost, retweet, repost enter; `reshare` leaves.
#pragma once
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "event/sink.h"
#include "ingest/input.h"

namespace bellwether {

struct AdapterInfo {
  std::string_view name;     // [a-z0-9]+, the word for --source: "csv"
  std::string_view title;    // one line for people: "CSV, TSV or space-separated edges"
  std::vector<Verb> verbs;   // every verb it can produce; a fixture shows each
  uint32_t mapping_version;  // raised whenever the same bytes would give other events
};

// How surely an input is of an adapter's form. The highest wins; equal ones are an error that names
// both and asks for --source.
enum class Likeness { kNo = 0, kPossible = 1, kLikely = 2, kCertain = 3 };

inline constexpr size_t kHeadBytes = 64 << 10;

// What detection may look at: names, and the first bytes of a few members, already decompressed.
class InputSample {
 public:
  virtual ~InputSample() = default;
  virtual const std::vector<Member>& members() const = 0;
  // The first bytes of a member: kHeadBytes of them, or all if it is shorter; empty if it cannot be
  // read. Read when first asked for and then kept: ask for few members.
  virtual std::string_view head(size_t member) const = 0;
};

// What the operator asked for; an adapter ignores what does not concern it.
struct ReadOptions {
  std::string account;                       // whose archive this is, `name` or `network:name`
  std::string network;                       // network of accounts where the file names none
  std::vector<std::string> columns;          // csv: names of the columns of a file without header
  std::map<std::string, std::string> verbs;  // csv: a word of the file to one of ours; "-" to skip;
                                             // "*": rows without a word, or with no known one
  unsigned threads = 1;                      // how many may parse at once
};

class Adapter {
 public:
  virtual ~Adapter() = default;
  virtual const AdapterInfo& info() const = 0;
  virtual Likeness detect(const InputSample& sample) const = 0;

  // Reads the whole input into `sink`, in order of member and record. Bad records become rejects;
  // an error is returned only where going on makes no sense:
  // kUnusable: the input as a whole states nothing for this adapter (the message says what is
  //   missing and which option would mend it); no event was given.
  // kCorrupt: the bytes end or break in the middle; the events before are given, and good.
  // anything else: passed on from the input or the sink.
  virtual Result<void> read(Input& input, const ReadOptions& options, EventSink& sink) const = 0;
};

// Every adapter, in the order of adapters.inc. Lives as long as the program.
std::span<const Adapter* const> adapters();
const Adapter* find_adapter(std::string_view name);  // nullptr: no such adapter

// The adapter for this input. kUnusable: none, or more than one, knows it; the message says what
// the input looks like and which forms are understood. Where a member cannot be read at all and
// nothing else tells, the error is the one that reading it gave.
Result<const Adapter*> detect_adapter(Input& input);

}  // namespace bellwether
