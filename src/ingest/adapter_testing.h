// SPDX-License-Identifier: Apache-2.0
// What tests of adapters share: a sink that writes down what it is given, and fixtures.
//
// A fixture of adapter x is a file or folder `src/ingest/adapters/x/fixtures/NAME` or `NAME.*`
// beside `NAME.events`, the text that reading it must give, and perhaps `NAME.options`, lines of
//
//   columns actor,target,time,verb
//   verbs RT=-,*=message
//   network mail
//   account ana
//   source given           (do not ask whether detection finds the adapter)
//
// With BW_APPROVE=1 in the environment the .events files are written anew; look at the difference.
// Tests run in the root of the checkout.
#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "event/sink.h"
#include "ingest/adapter.h"
#include "ingest/input.h"

namespace bellwether {

// Writes one line for each thing given to it, in the order of arrival:
//
//   RECORD TIME network:actor VERB OBJECT AUTHOR TARGET COUNT TOPICS VISIBILITY ID
//   reject RECORD REASON
//   profile network:name NAME URL KIND [unlisted] [minor]
//   claim network:name network:name EVIDENCE
//
// and last, sorted, `left alone COUNT KIND`. Fields are separated by one space; '-' stands for an
// empty one; in names, objects, topics and ids a space is written %20, ',' in a topic %2C, a
// control character, '%' and a lone '-' likewise. Reasons, evidence and kinds come last on their
// line, as they are.
//
// Refuses what a store refuses: kInvalidArgument where problem_with(event) is not empty.
class CollectingSink final : public EventSink {
 public:
  Result<void> event(const InteractionEvent& event) override;
  Result<void> reject(const Reject& reject) override;
  Result<void> profile(const AccountProfile& profile) override;
  Result<void> claim(const IdentityClaim& claim) override;
  void left_alone(std::string_view kind, uint64_t records) override;

  std::string text() const;

  uint64_t events() const { return events_; }
  uint64_t events(Verb verb) const { return by_verb_[static_cast<size_t>(verb)]; }
  uint64_t rejects() const { return rejects_; }
  const std::map<std::string, uint64_t>& rejects_by_reason() const { return reasons_; }
  const std::map<std::string, uint64_t>& left_alone() const { return left_alone_; }
  // Hash of every record that was given, in order.
  const std::vector<uint64_t>& record_hashes() const { return hashes_; }

 private:
  std::string lines_;
  uint64_t events_ = 0;
  std::array<uint64_t, kVerbSlots> by_verb_{};
  uint64_t rejects_ = 0;
  std::map<std::string, uint64_t> reasons_;
  std::map<std::string, uint64_t> left_alone_;
  std::vector<uint64_t> hashes_;
};

// Only counts, for real data and for measuring.
class CountingSink final : public EventSink {
 public:
  Result<void> event(const InteractionEvent& event) override;
  Result<void> reject(const Reject& reject) override;
  Result<void> profile(const AccountProfile& profile) override;
  Result<void> claim(const IdentityClaim& claim) override;
  void left_alone(std::string_view kind, uint64_t records) override;

  uint64_t events = 0;
  std::array<uint64_t, kVerbSlots> by_verb{};
  uint64_t profiles = 0;
  uint64_t claims = 0;
  std::map<std::string, uint64_t, std::less<>> rejects;  // by reason
  std::map<std::string, uint64_t, std::less<>> kinds_left_alone;
};

// The kind of an error as tests write it: "kUnusable".
std::string_view error_word(ErrorCode code);

// What the adapter makes of the input, with `error CODE MESSAGE` as the last line if it fails.
std::string events_text(const Adapter& adapter, Input& input, const ReadOptions& options);

// Reads `text`, given under the name `name`, as events_text does.
std::string events_text(const Adapter& adapter, std::string name, std::string text,
                        const ReadOptions& options = {});

// Holds every fixture of the adapter against its .events. Returns one paragraph for each that
// differs or is incomplete; empty: all are as they should be. No fixtures at all is a difference.
std::string check_fixtures(std::string_view adapter);

// The verbs that occur in the .events files of the adapter.
std::vector<Verb> verbs_in_fixtures(std::string_view adapter);

// The path of real data below ../shared/data; empty where it is not there, and then a line saying
// so has been printed and the test should GTEST_SKIP().
std::string real_data(std::string_view below);

}  // namespace bellwether
