// SPDX-License-Identifier: Apache-2.0
#include "workspace/workspace.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <sstream>

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

}  // namespace bellwether
