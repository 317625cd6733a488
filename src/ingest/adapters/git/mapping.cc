// SPDX-License-Identifier: Apache-2.0
#include "ingest/adapters/git/mapping.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/hash.h"

namespace bellwether {
namespace {

constexpr std::string_view kNetwork = "git";
constexpr std::string_view kGithubAddress = "@users.noreply.github.com";

std::string reference_of(std::string_view hash) { return fmt::format("git:{}", hash); }

// Enough of a hash to know a commit by within one repository.
uint64_t short_key(std::string_view hash) {
  uint64_t key = 0;
  std::from_chars(hash.data(), hash.data() + 16, key, 16);
  return key;
}

bool contains(const std::vector<uint32_t>& all, uint32_t one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

// The login in an address that GitHub hands out, `ana@...` or `12345+ana@...`; empty: none such.
std::string_view github_login(std::string_view address) {
  if (!address.ends_with(kGithubAddress)) return {};
  address.remove_suffix(kGithubAddress.size());
  if (const size_t plus = address.find('+'); plus != std::string_view::npos) {
    address.remove_prefix(plus + 1);
  }
  const bool plain =
      !address.empty() && address.size() <= 39 &&
      address.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
  return plain ? address : std::string_view();
}

// A site that commits for those who press its buttons, such as noreply@github.com.
bool is_service(std::string_view address) {
  const std::string_view local = address.substr(0, address.find('@'));
  return local == "noreply" || local == "no-reply";
}

// True where a merge brings the main line into a branch of somebody's, which takes nobody's work
// into use that was not in use before: "Merge branch 'main' into glaze".
bool is_catching_up(std::string_view message) {
  std::string_view title = message.substr(0, message.find('\n'));
  if (!title.starts_with("Merge ") || title.find(" into ") == std::string_view::npos) return false;
  const size_t open = title.find('\'');
  const size_t close = open == std::string_view::npos ? open : title.find('\'', open + 1);
  if (close == std::string_view::npos) return false;
  std::string_view branch = title.substr(open + 1, close - open - 1);
  if (const size_t slash = branch.rfind('/'); slash != std::string_view::npos) {
    branch.remove_prefix(slash + 1);
  }
  constexpr std::array<std::string_view, 5> kMainLines{"main", "master", "trunk", "develop",
                                                       "default"};
  return std::find(kMainLines.begin(), kMainLines.end(), branch) != kMainLines.end();
}

enum class TrailerKind { kOther, kReview, kNames, kNamesAndReview, kCoAuthor };

TrailerKind kind_of(std::string_view token) {
  struct Word {
    std::string_view token;
    TrailerKind kind;
  };
  constexpr std::array kWords{
      Word{"reviewed-by", TrailerKind::kReview},
      Word{"acked-by", TrailerKind::kReview},
      Word{"tested-by", TrailerKind::kReview},
      Word{"approved-by", TrailerKind::kReview},
      Word{"reviewed-and-tested-by", TrailerKind::kReview},
      Word{"tested-and-reviewed-by", TrailerKind::kReview},
      Word{"acked-and-tested-by", TrailerKind::kReview},
      Word{"tested-and-acked-by", TrailerKind::kReview},
      Word{"reported-by", TrailerKind::kNames},
      Word{"suggested-by", TrailerKind::kNames},
      Word{"requested-by", TrailerKind::kNames},
      Word{"reported-and-suggested-by", TrailerKind::kNames},
      Word{"reported-and-tested-by", TrailerKind::kNamesAndReview},
      Word{"co-authored-by", TrailerKind::kCoAuthor},
      Word{"co-developed-by", TrailerKind::kCoAuthor},
  };
  for (const Word& word : kWords) {
    if (word.token == token) return word.kind;
  }
  return TrailerKind::kOther;
}

}  // namespace

std::string repository_topic(std::string_view remote, std::string_view folder) {
  const auto without_end = [](std::string_view text) {
    while (text.ends_with('/')) text.remove_suffix(1);
    if (text.ends_with(".git")) text.remove_suffix(4);
    while (text.ends_with('/')) text.remove_suffix(1);
    return text;
  };
  const auto last_part = [](std::string_view text) {
    const size_t slash = text.find_last_of("/:");
    return slash == std::string_view::npos ? text : text.substr(slash + 1);
  };
  remote = without_end(remote);
  const size_t scheme = remote.find("://");
  const size_t colon = remote.find(':');
  // A path on some machine says no more than the folder's name; `host:path` is how ssh writes it.
  const bool has_host = scheme != std::string_view::npos
                            ? !remote.starts_with("file:")
                            : colon != std::string_view::npos && remote.find('/') > colon;
  if (has_host) {
    std::string_view path = scheme != std::string_view::npos ? remote.substr(scheme + 3) : remote;
    path.remove_prefix(std::min(path.find_first_of(scheme != std::string_view::npos ? "/" : ":"),
                                path.size() - 1) +
                       1);
    const std::string_view name = last_part(path);
    std::string_view owner = path.substr(0, path.size() - name.size());
    while (owner.ends_with('/')) owner.remove_suffix(1);
    owner = last_part(owner);
    return normalise_topic(owner.empty() ? std::string(name) : fmt::format("{}/{}", owner, name));
  }
  folder = without_end(folder);
  if (folder.empty() || folder == "." || folder == "..") return {};
  return normalise_topic(last_part(folder));
}

GitMapper::GitMapper(Mailmap mailmap, std::string_view topic, EventSink& sink,
                     LeftAloneCounts& left_alone)
    : mailmap_(std::move(mailmap)), topic_(topic), sink_(sink), left_alone_(left_alone) {}

bool GitMapper::account_of(std::string_view name, std::string_view address, bool by_itself,
                           Account& account) {
  GitPerson person = mailmap_.resolve(name, address);
  AccountRef ref{kNetwork, person.address};
  InteractionEvent probe;
  probe.account = ref;
  if (!problem_with(probe).empty()) return false;
  const auto [at, is_new] =
      numbers_.try_emplace(person.address, static_cast<Account>(accounts_.size()));
  if (is_new) accounts_.push_back({person.address, {}, false});
  account = at->second;
  Known& known = accounts_[account];
  if ((by_itself || !known.told_by_itself) && !person.name.empty() && is_clean_text(person.name) &&
      person.name.size() <= kNameBytesMax) {
    known.display_name = person.name;
    known.told_by_itself = by_itself;
  }
  return true;
}

// `Name <address>`, perhaps with a remark behind, or a bare address.
bool GitMapper::account_in(std::string_view value, Account& account) {
  const size_t left = value.find('<');
  const size_t right = left == std::string_view::npos ? left : value.find('>', left);
  std::string_view name;
  std::string_view address;
  if (right != std::string_view::npos) {
    name = value.substr(0, left);
    address = value.substr(left + 1, right - left - 1);
  } else {
    address = value.substr(0, value.find(' '));
  }
  while (name.ends_with(' ')) name.remove_suffix(1);
  if (name.size() >= 2 && name.front() == '"' && name.back() == '"') {
    name = name.substr(1, name.size() - 2);
  }
  if (address.find('@') == std::string_view::npos || address.find(' ') != std::string_view::npos) {
    return false;
  }
  return account_of(name, address, false, account);
}

AccountRef GitMapper::reference(Account account) const {
  return {kNetwork, accounts_[account].name};
}

void GitMapper::begin(Verb verb, Account by, Instant published) {
  event_.clear();
  event_.verb = verb;
  event_.account = reference(by);
  event_.published = published;
  event_.provenance = provenance_;
  if (!topic_.empty()) event_.topics.emplace_back(topic_);
}

Result<void> GitMapper::give(std::string_view native_id, std::string_view object) {
  event_.native_id = native_id;
  event_.object = object;
  return sink_.event(event_);
}

Result<void> GitMapper::commit(const GitObjectReader::Object& object) {
  provenance_ = {object.number, hash64(object.bytes)};
  const auto reject = [&](std::string_view reason) {
    return sink_.reject({object.number, provenance_.record_hash, reason, object.bytes});
  };
  if (!object.problem.empty()) return reject(object.problem);
  if (const std::string_view problem = commit_.parse(object.bytes); !problem.empty()) {
    return reject(problem);
  }
  if (!account_of(commit_.author.name, commit_.author.address, true, by_.author)) {
    return reject("author has no usable address");
  }
  if (!account_of(commit_.committer.name, commit_.committer.address, true, by_.committer)) {
    return reject("committer has no usable address");
  }
  makers_.try_emplace(short_key(object.hash), by_);
  reference_ = reference_of(object.hash);

  begin(Verb::kPost, by_.author, commit_.author.time);
  BW_TRY(give(reference_, reference_));
  if (by_.committer != by_.author) {
    if (is_service(accounts_[by_.committer].name)) {
      left_alone_.add("committed by a service");
    } else {
      begin(Verb::kAdopt, by_.committer, commit_.committer.time);
      event_.author = reference(by_.author);
      BW_TRY(give(reference_ + "#committed", reference_));
    }
  }
  BW_TRY(merge());
  reviewers_.clear();
  named_.clear();
  co_authors_.clear();
  for (const GitTrailer& one : trailers_of(commit_.message)) BW_TRY(trailer(one));
  const std::vector<std::string_view> reverted = reverted_by(commit_.message);
  for (const std::string_view hash : reverted) BW_TRY(revert(hash));
  if (!reverted.empty()) {
    reverts_.try_emplace(short_key(object.hash), reverted.begin(), reverted.end());
  }
  return {};
}

Result<void> GitMapper::merge() {
  if (commit_.parents.size() < 2) return {};
  if (is_catching_up(commit_.message)) {
    left_alone_.add("merge of the main line into a branch");
    return {};
  }
  for (size_t i = 1; i < commit_.parents.size(); ++i) {
    begin(Verb::kAdopt, by_.author, commit_.author.time);
    BW_TRY(give(reference_, reference_of(commit_.parents[i])));
  }
  return {};
}

Result<void> GitMapper::trailer(const GitTrailer& one) {
  const TrailerKind kind = kind_of(one.token);
  if (kind == TrailerKind::kOther) {
    left_alone_.add(fmt::format("trailer: {}", one.token));
    return {};
  }
  Account account = 0;
  if (!account_in(one.value, account)) {
    left_alone_.add(fmt::format("trailer: {} without an address", one.token));
    return {};
  }
  if (account == by_.author) {
    left_alone_.add(fmt::format("trailer: {} of the author's own", one.token));
    return {};
  }
  switch (kind) {
    case TrailerKind::kReview:
      return review(account);
    case TrailerKind::kNames:
      return name_person(account);
    case TrailerKind::kNamesAndReview:
      BW_TRY(name_person(account));
      return review(account);
    case TrailerKind::kCoAuthor:
      BW_TRY(co_author(account));
      return name_person(account);
    case TrailerKind::kOther:
      break;
  }
  return {};
}

Result<void> GitMapper::review(Account by) {
  if (contains(reviewers_, by)) return {};
  reviewers_.push_back(by);
  begin(Verb::kReview, by, commit_.committer.time);
  event_.author = reference(by_.author);
  return give(fmt::format("{}#review:{}", reference_, accounts_[by].name), reference_);
}

Result<void> GitMapper::name_person(Account whom) {
  if (contains(named_, whom)) return {};
  named_.push_back(whom);
  begin(Verb::kMention, by_.author, commit_.author.time);
  event_.target = reference(whom);
  return give(reference_, {});
}

Result<void> GitMapper::co_author(Account by) {
  if (contains(co_authors_, by)) return {};
  co_authors_.push_back(by);
  // An object has one author, so the co-author's part is an object of its own.
  const std::string part = fmt::format("{}#co-authored:{}", reference_, accounts_[by].name);
  begin(Verb::kPost, by, commit_.author.time);
  return give(part, part);
}

Result<void> GitMapper::revert(std::string_view hash) {
  const auto reverted = makers_.find(short_key(hash));
  if (reverted == makers_.end()) {
    left_alone_.add("revert of a commit that is not here");
    return {};
  }
  BW_TRY(reapply(hash));
  const Makers made = reverted->second;
  if (made.author != by_.author && made.committer != by_.author) {
    left_alone_.add("revert of somebody else's commit");
    return {};
  }
  std::string act = reference_of(hash);
  if (made.author != by_.author) act += "#committed";
  begin(Verb::kUndo, by_.author, commit_.author.time);
  return give(reference_, act);
}

// Where the commit that is reverted was a revert itself, what that took away is in use again.
Result<void> GitMapper::reapply(std::string_view hash) {
  const auto revert = reverts_.find(short_key(hash));
  if (revert == reverts_.end()) return {};
  for (const std::string& back : revert->second) {
    const auto made = makers_.find(short_key(back));
    if (made == makers_.end() || made->second.author == by_.author) continue;
    begin(Verb::kAdopt, by_.author, commit_.author.time);
    event_.author = reference(made->second.author);
    BW_TRY(give(reference_, reference_of(back)));
  }
  return {};
}

Result<void> GitMapper::finish() {
  for (const Known& known : accounts_) {
    AccountProfile profile;
    profile.account = {kNetwork, known.name};
    profile.display_name = known.display_name;
    const std::string_view login = github_login(known.name);
    const std::string url =
        login.empty() ? std::string() : fmt::format("https://github.com/{}", login);
    profile.url = url;
    if (is_service(known.name) || known.name.find("[bot]") != std::string::npos ||
        known.display_name.find("[bot]") != std::string::npos) {
      profile.kind = AccountKind::kBot;
    }
    BW_TRY(sink_.profile(profile));
    if (!login.empty()) {
      BW_TRY(sink_.claim({profile.account, {"github", login}, "address that GitHub hands out"}));
    }
  }
  accounts_.clear();
  numbers_.clear();
  return {};
}

}  // namespace bellwether
