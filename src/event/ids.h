// SPDX-License-Identifier: Apache-2.0
// Dense numbers for the things of one scan, and the acts that a scan hands out.
//
// A scan numbers accounts in the order of the hash of `network:name`: the numbers depend on which
// accounts there are, never on the order in which they arrived, so that ties broken by number are
// broken the same way on every machine. Numbers are good within one scan only.
#pragma once
#include <cstdint>
#include <limits>
#include <vector>

#include "event/event.h"

namespace bellwether {

using AccountId = uint32_t;   // [0, accounts of the scan)
using PersonId = uint32_t;    // [0, persons of the PersonMap)
using NetworkId = uint16_t;   // [0, networks of the scan), in alphabetical order of their names
using TopicSetId = uint32_t;  // 0: no topics
using EventRow = uint64_t;    // where the store keeps the event; for receipts

inline constexpr uint32_t kNobody = std::numeric_limits<uint32_t>::max();

// Which accounts are one person. A plain argument over a ledger kept per account, so that an unlink
// restores everything.
struct PersonMap {
  std::vector<PersonId> person_of;  // by AccountId; kNobody: erased, or not to be scored
  uint32_t persons = 0;             // numbered by their smallest account
  bool one_to_one = false;  // person_of[a] == a for every account: no links, nobody left out

  static PersonMap identity(uint32_t accounts);
};

// An act with everything looked up that was known at the scan: the author of its object, when it
// was withdrawn. What ingest/ calls an event, seen from credit/.
struct ResolvedAct {
  EventRow row = 0;
  uint64_t act = 0;     // EventId::low
  uint64_t object = 0;  // object_key; 0: none
  AccountId account = kNobody;
  AccountId author = kNobody;  // of the object; for a reshare of a reshare: the nearest resharer
  AccountId target = kNobody;
  Instant published;  // unknown: gives no credit
  Instant withdrawn;  // when the account undid it; unknown: never
  uint32_t count = 1;
  TopicSetId topics = 0;  // its own; where it names none, those of the post it responds to
  NetworkId network = 0;
  Verb verb = Verb::kMention;
};

// A reshare that was itself reshared.
struct ReshareLink {
  uint64_t act;       // object_key of the reshare
  uint64_t object;    // what it passed on
  AccountId account;  // who passed it on
  AccountId author;   // of the object; kNobody: unknown
};

}  // namespace bellwether
