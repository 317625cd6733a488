// SPDX-License-Identifier: Apache-2.0
// A workspace: one folder that holds a community's log, registry and policy. Copying it is a
// backup.
//
//   <home>/log.duckdb        event log, ledger, snapshots (store/)
//   <home>/registry.sqlite   persons, links, consent (people/)
//   <home>/topics.sqlite     an ontology of topics, if one was imported (people/)
//   <home>/policy.toml       how this community is scored; written with the defaults at first use
//
// One process writes it. recipes/ holds what changes it, query/ what reads it.
#pragma once
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/instant.h"
#include "base/result.h"
#include "event/ontology.h"
#include "people/people.h"
#include "score/policy.h"
#include "store/store.h"

namespace bellwether {

struct WorkspaceOptions {
  std::string home;
  bool create = false;  // make the folder and its files if they are not there
  unsigned threads = 1;
  bool keep_rejects = false;     // keep the content of rejected records
  std::function<Instant()> now;  // our clock; the one place below app/ where time comes in
};

class Workspace {
 public:
  // kNotFound: no workspace at `home` and not `create`. Otherwise as Store::open and
  // Registry::open; kInvalidArgument: the policy file is wrong; the message says where.
  static Result<std::unique_ptr<Workspace>> open(WorkspaceOptions options);

  Store& store() { return *store_; }
  Registry& registry() { return *registry_; }
  // As last read; a scoring reads it anew.
  const Policy& policy() const { return policy_; }
  // kInvalidArgument: the file is wrong; the policy stays as it was.
  Result<void> reload_policy();
  // Takes these accounts out of the operator's own teleport set, in the file too. True: the file
  // named one of them. kIo: it cannot be written.
  Result<bool> forget_in_policy(const std::vector<std::string>& accounts);
  // The ontology of topics, empty if none was imported; read at first use and then kept. Safe to
  // call from several threads. Errors as load_ontology.
  Result<std::shared_ptr<const Ontology>> ontology();
  // Puts another one in its place, on disk too. An empty one removes it. Errors as save_ontology.
  Result<void> replace_ontology(Ontology ontology);
  const std::string& home() const { return options_.home; }
  unsigned threads() const { return options_.threads; }
  Instant now() const { return options_.now(); }

 private:
  WorkspaceOptions options_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Registry> registry_;
  Policy policy_;
  std::mutex ontology_mutex_;
  std::shared_ptr<const Ontology> ontology_;  // null: not read yet
};

}  // namespace bellwether
