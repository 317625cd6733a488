// SPDX-License-Identifier: Apache-2.0
#include "workspace/recipes/lead.h"

#include <algorithm>
#include <array>
#include <unordered_map>

#include "workspace/persons.h"
#include "workspace/recipes/scoring.h"

namespace bellwether {
namespace {

constexpr std::array kTakingUp{Verb::kPost, Verb::kQuote, Verb::kLink, Verb::kAdopt};

// Who holds their standing by somebody's vouch alone.
std::vector<NotFor> vouched_by_one(const Scoring& scoring, const Policy& policy,
                                   const std::vector<uint8_t>& has_standing) {
  const PersonMap& persons = scoring.persons();
  const VouchGraph& vouches = scoring.standing().vouches();
  std::vector<NotFor> out;
  for (AccountId to = 0; to + size_t{1} < vouches.row.size(); ++to) {
    const PersonId other = persons.person_of[to];
    if (other == kNobody || has_standing[other] == 0) continue;
    for (uint64_t i = vouches.row[to]; i < vouches.row[to + size_t{1}]; ++i) {
      const PersonId receiver = persons.person_of[vouches.voucher[i]];
      if (receiver == kNobody || receiver == other || has_standing[receiver] == 0) continue;
      if (scoring.standing().for_receiver(scoring.graph(), other, receiver) < policy.vouched_min) {
        out.push_back({receiver, other});
      }
    }
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

}  // namespace

Result<LeadFindings> find_lead(Workspace& workspace, const Policy& policy, const TopicIndex& topics,
                               const LeadQuestion& question,
                               const std::function<void(std::string_view)>& phase) {
  Scoring scoring(workspace, policy, phase);
  BW_TRY(scoring.read(question.as_of));
  BW_TRY(scoring.fold());
  LeadFindings found;
  found.numbering = scoring.shared_numbering();
  const Numbering& numbering = *found.numbering;
  const PersonMap& persons = scoring.persons();
  std::vector<uint8_t> has_standing(persons.persons);
  found.first_account = first_accounts(persons);
  for (PersonId p = 0; p < persons.persons; ++p) {
    const bool known = scoring.standing().of(scoring.graph(), p) >= policy.vouched_min;
    has_standing[p] = known ? 1 : 0;
    found.of_standing += known ? 1 : 0;
  }
  std::optional<NetworkId> network;
  if (question.network) {
    BW_ASSIGN(network, find_network(numbering, *question.network));
  }

  if (phase) phase("who took up what");
  std::unordered_map<TopicSetId, std::vector<TopicId>> topics_of;
  BW_TRY(workspace.store().each_topic_of_sets([&](TopicSetId set, uint32_t number) {
    std::vector<TopicId>& wanted = topics_of[set];
    if (question.topic != nullptr && !question.topic->holds(number)) return;
    const TopicId topic = topics.of_number(number);
    if (topic != kUnknownTopic) wanted.push_back(topic);
  }));
  const int64_t window_ms = int64_t{question.options.window_days} * kMsPerDay;
  std::vector<Adoption> uses;
  struct Linked {
    uint64_t object;
    EventRow row;
    Adoption use;  // without its item
  };
  std::vector<Linked> links;
  Instant begin;
  BW_TRY(workspace.store().scan_uses(
      numbering, kTakingUp, UseScope::kOfSomething, [&](std::span<const Use> piece) {
        for (const Use& use : piece) {
          if (use.published >= question.as_of) continue;
          if (network && numbering.account_network[use.account] != *network) continue;
          const PersonId person = persons.person_of[use.account];
          if (person == kNobody || has_standing[person] == 0) continue;
          if (!begin.known() || use.published < begin) begin = use.published;
          const bool taken_back = use.withdrawn.known() && use.withdrawn < question.as_of &&
                                  use.withdrawn.ms < use.published.ms + window_ms;
          if (const auto at = topics_of.find(use.topics); at != topics_of.end()) {
            for (const TopicId topic : at->second) {
              uses.push_back({person, taken_back ? kNoItem : topic, use.published});
            }
          }
          if (use.verb == Verb::kLink && use.object != 0 && question.topic == nullptr) {
            links.push_back(
                {use.object, use.row, {person, taken_back ? kNoItem : 0, use.published}});
          }
        }
      }));
  found.subjects.resize(topics.tree().topics());
  for (TopicId topic = 0; topic < found.subjects.size(); ++topic) {
    found.subjects[topic].topic = topic;
  }
  std::sort(links.begin(), links.end(), [](const Linked& a, const Linked& b) {
    return a.object != b.object ? a.object < b.object : a.row < b.row;
  });
  for (size_t i = 0; i < links.size(); ++i) {
    if (i == 0 || links[i].object != links[i - 1].object) {
      found.subjects.push_back({kUnknownTopic, links[i].row});
    }
    if (links[i].use.item != kNoItem) {
      links[i].use.item = static_cast<uint32_t>(found.subjects.size() - 1);
    }
    uses.push_back(links[i].use);
  }

  if (phase) phase("who was ahead");
  LeadOptions options = question.options;
  options.threads = workspace.threads();
  options.begin = begin;
  BW_ASSIGN(found.report,
            test_lead(uses, has_standing, vouched_by_one(scoring, policy, has_standing), options));
  return found;
}

}  // namespace bellwether
