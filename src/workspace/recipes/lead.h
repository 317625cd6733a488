// SPDX-License-Identifier: Apache-2.0
// The lead test (score/signals/lead) on a workspace's log: who took up which topics and links,
// when.
//
// An adoption is a post, a quote, a link or an adoption (fork, install) by which somebody uses a
// topic for the first time, or a link by which they point to an object. Replies, reshares and
// reactions are none: on many networks they carry the topics of what they respond to, and what they
// say of influence the score says already. What was withdrawn within the window of followers is an
// attempt. Writes nothing.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "score/signals/lead/lead.h"
#include "workspace/query/topics.h"
#include "workspace/workspace.h"

namespace bellwether {

struct LeadQuestion {
  Instant as_of;                             // what was published at or after it is not looked at
  std::optional<std::string> network;        // only what accounts there took up
  const TopicIndex::Asked* topic = nullptr;  // only these topics; null: all, and links
  LeadOptions options;
};

// What was taken up.
struct LeadSubject {
  TopicId topic = kUnknownTopic;  // kUnknownTopic: an object
  EventRow row = 0;               // of an act that links to the object
};

struct LeadFindings {
  LeadReport report;
  std::shared_ptr<const Numbering> numbering;  // of the log
  std::vector<AccountId> first_account;        // by PersonId; kNobody: none is there
  std::vector<LeadSubject> subjects;           // by item
  uint32_t of_standing = 0;                    // people
};

// Standing is that as of question.as_of under `policy`. kNotFound too: no account is on the
// network. Errors as score(). Cost: a scoring without publishing, a pass over the log and the test.
Result<LeadFindings> find_lead(Workspace& workspace, const Policy& policy, const TopicIndex& topics,
                               const LeadQuestion& question,
                               const std::function<void(std::string_view)>& phase = {});

}  // namespace bellwether
