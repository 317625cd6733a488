// SPDX-License-Identifier: Apache-2.0
#include "workspace/workspace.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "people/ontology_file.h"

namespace bellwether {
namespace {

namespace fs = std::filesystem;

// Written beside and renamed, so that a crash leaves the old file or the new one.
Result<void> write_file(const fs::path& path, const std::string& text) {
  const fs::path beside = path.string() + ".new";
  {
    std::ofstream file(beside, std::ios::binary);
    file << text;
    file.flush();
    if (!file) return Error{ErrorCode::kIo, fmt::format("cannot write {}", beside.string())};
  }
  std::error_code error;
  fs::rename(beside, path, error);
  if (error) {
    return Error{ErrorCode::kIo,
                 fmt::format("cannot write {}: {}", path.string(), error.message())};
  }
  return {};
}

Result<Policy> read_policy(const fs::path& path) {
  if (!fs::exists(path)) {
    const Policy defaults;
    BW_TRY(write_file(path, to_toml(defaults)));
    return defaults;
  }
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) return Error{ErrorCode::kIo, fmt::format("cannot read {}", path.string())};
  auto policy = parse_policy(text.str());
  if (!policy.ok()) {
    return Error{policy.error().code, fmt::format("{}: {}", path.string(), policy.error().message)};
  }
  return policy;
}

}  // namespace

Result<std::unique_ptr<Workspace>> Workspace::open(WorkspaceOptions options) {
  const fs::path home(options.home);
  std::error_code error;
  if (options.create) fs::create_directories(home, error);
  if (error) {
    return Error{ErrorCode::kIo,
                 fmt::format("cannot make the folder {}: {}", options.home, error.message())};
  }
  if (!fs::is_directory(home, error) || (!options.create && !fs::exists(home / "log.duckdb"))) {
    return Error{ErrorCode::kNotFound,
                 fmt::format("no workspace at {}: `bellwether ingest FILE` makes one there, --home "
                             "names another",
                             options.home)};
  }
  auto workspace = std::make_unique<Workspace>();
  StoreOptions store_options;
  store_options.threads = options.threads;
  store_options.keep_rejects = options.keep_rejects;
  BW_ASSIGN(workspace->store_, Store::open(options.home, store_options, options.create));
  BW_ASSIGN(workspace->registry_, Registry::open(options.home));
  BW_ASSIGN(workspace->policy_, read_policy(home / "policy.toml"));
  workspace->options_ = std::move(options);
  return workspace;
}

Result<void> Workspace::reload_policy() {
  BW_ASSIGN(policy_, read_policy(fs::path(options_.home) / "policy.toml"));
  return {};
}

Result<std::shared_ptr<const Ontology>> Workspace::ontology() {
  const std::lock_guard lock(ontology_mutex_);
  if (!ontology_) {
    BW_ASSIGN(Ontology loaded, load_ontology(options_.home));
    ontology_ = std::make_shared<const Ontology>(std::move(loaded));
  }
  return ontology_;
}

Result<void> Workspace::replace_ontology(Ontology ontology) {
  const std::lock_guard lock(ontology_mutex_);
  BW_TRY(save_ontology(options_.home, ontology, now()));
  ontology_ = std::make_shared<const Ontology>(std::move(ontology));
  return {};
}

Result<bool> Workspace::forget_in_policy(const std::vector<std::string>& accounts) {
  const fs::path path = fs::path(options_.home) / "policy.toml";
  std::ostringstream bytes;
  bytes << std::ifstream(path, std::ios::binary).rdbuf();
  std::string text = bytes.str();
  const auto named = [&](const std::string& name) {
    return std::find(accounts.begin(), accounts.end(), name) != accounts.end();
  };
  Policy wanted = policy_;
  const size_t members = wanted.teleport.size();
  std::erase_if(wanted.teleport, named);
  if (wanted.teleport.size() < members) {
    // An empty set would mean an automatic one, which is not what the operator chose.
    if (wanted.teleport.empty()) wanted.teleport.emplace_back(kNobodyLeft);
    text = to_toml(wanted);
  }
  bool found = wanted.teleport.size() < members || wanted.teleport != policy_.teleport;
  // A comment may speak of them too.
  for (const std::string& account : accounts) {
    for (size_t at = text.find(account); at != std::string::npos; at = text.find(account, at)) {
      text.replace(at, account.size(), "erased");
      found = true;
    }
  }
  if (!found) return false;
  BW_TRY(write_file(path, text));
  BW_TRY(reload_policy());
  return true;
}

}  // namespace bellwether
