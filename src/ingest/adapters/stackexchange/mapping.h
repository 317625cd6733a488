// SPDX-License-Identifier: Apache-2.0
// Maps the rows of one site's tables to events and profiles. README.md has the tables.
//
// Whole tables go in one after the other: users, posts, comments, votes, then the rest. A table may
// be missing; what only it tells is then unknown.
#pragma once
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "event/sink.h"
#include "ingest/adapters/stackexchange/tables.h"
#include "ingest/left_alone.h"
#include "ingest/xml_rows.h"

namespace bellwether {

// In the order in which they are read.
enum class SiteTable : uint8_t {
  kUsers,
  kPosts,
  kComments,
  kVotes,
  kBadges,
  kPostLinks,
  kPostHistory,
  kTags,
};
inline constexpr size_t kSiteTables = 8;

// The table whose outermost element has this name; empty: none.
std::optional<SiteTable> site_table(std::string_view root);
// An attribute that every row of it has, so that other documents with that root are not taken for
// it.
std::string_view telling_attribute(SiteTable table);

class SiteMapper {
 public:
  // `site` stands in names of accounts and references: a host name, "ceramics.stackexchange.com",
  // or any other word. `sink` and `left_alone` are borrowed.
  SiteMapper(std::string site, EventSink& sink, LeftAloneCounts& left_alone);

  // Gives what one row states.
  Result<void> row(SiteTable table, const XmlRow& row);
  // Gives what could only be told once all tables are read; call it last, also where one broke off.
  Result<void> finish();

 private:
  // An answer that its asker accepted, said by the question.
  struct Acceptance {
    SitePost answer;
    SitePost question;
    uint64_t record;
    uint64_t record_hash;
    bool timed;  // a vote said when
  };
  // An answer that stands before its question.
  struct EarlyAnswer {
    SitePost id;
    SiteUser owner;
    SitePost question;
    Instant published;
    Provenance provenance;
  };

  Result<void> user(const XmlRow& row);
  Result<void> post(const XmlRow& row);
  Result<void> question(const XmlRow& row, SitePost id, SiteUser owner, SiteUser editor);
  Result<void> answer(const XmlRow& row, SitePost id, SiteUser owner, SiteUser editor);
  Result<void> give_answer(const EarlyAnswer& answer);
  Result<void> give_post(SitePost id, SiteUser owner, Instant published,
                         const Provenance& provenance);
  Result<void> comment(const XmlRow& row);
  Result<void> vote(const XmlRow& row);
  Result<void> accepted(SitePost answer, SiteUser asker, Instant published,
                        const Provenance& provenance);

  Result<void> reject(const XmlRow& row, std::string_view reason);
  Result<void> leave(std::string_view kind);
  // Empties event_ and fills what most acts have.
  void begin(Verb verb, SiteUser by, Instant published, const Provenance& provenance);
  Result<void> give();
  AccountRef account(SiteUser user, std::string& name) const;
  std::string post_reference(SitePost id) const;

  const std::string site_;
  const std::string references_;  // what references begin with
  const bool has_host_;
  EventSink& sink_;
  LeftAloneCounts& left_alone_;
  SiteTables tables_;
  std::vector<EarlyAnswer> early_;
  std::vector<Acceptance> acceptances_;
  boost::unordered_flat_map<SitePost, uint32_t> acceptance_of_;  // by answer

  InteractionEvent event_;
  std::string account_name_;
  std::string target_name_;
  std::string object_;
  std::string native_id_;
};

}  // namespace bellwether
