// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <istream>
#include <nlohmann/json.hpp>

#include "cli/output.h"
#include "workspace/query/words.h"
#include "workspace/recipes/erase.h"

namespace bellwether {
namespace {

int list_people(Context& context, const CommonOptions& common, OpenWorkspace& open,
                const std::string& text, uint32_t limit) {
  const auto found = open.query().search(text, limit, common.viewer());
  if (!found.ok()) return complain(context, found.error());
  const int code = found->people.empty() && !text.empty() ? kExitNothing : kExitDone;
  if (print_for_programs(context, common.output(), *found)) return code;
  if (found->people.empty()) {
    context.out << (text.empty() ? "Nobody to show.\n" : "Nobody here is called so.\n");
    return code;
  }
  Table table({{"person", false},
               {"name", false},
               {"score", true},
               {"state", false},
               {"shown to", false},
               {"accounts", false}});
  for (const PersonRow& row : found->people) {
    std::string accounts;
    for (const std::string& account : row.accounts) {
      accounts += (accounts.empty() ? "" : " ") + account;
    }
    table.row({row.person, row.name, row.score ? fmt::format("{:.0f}", *row.score) : "-",
               std::string(state_word(row)), row.listed ? "everybody" : "the operator", accounts});
  }
  table.print(context.out, context.columns);
  return code;
}

nlohmann::ordered_json erase_json(const EraseResult& result) {
  nlohmann::ordered_json moved = nlohmann::ordered_json::array();
  for (const auto& each : result.moved) {
    nlohmann::ordered_json after;
    if (each.after) after = *each.after;
    moved.push_back({{"account", each.account}, {"before", each.before}, {"after", after}});
  }
  nlohmann::ordered_json snapshot;
  if (result.snapshot) snapshot = result.snapshot->snapshot;
  return {{"erased", true},
          {"already", result.already},
          {"accounts", result.accounts},
          {"removed",
           {{"accounts", result.store.accounts},
            {"acts", result.store.events},
            {"objects", result.store.objects},
            {"profiles", result.store.profiles},
            {"claims", result.store.claims},
            {"rejected_contents", result.store.rejects},
            {"topics", result.store.topics},
            {"scores", result.store.scores},
            {"links", result.registry.links},
            {"consents", result.registry.consents},
            {"teleport", result.registry.teleport},
            {"hidden_topics", result.registry.hidden_topics},
            {"ontology", result.ontology},
            {"policy", result.policy},
            {"files", result.store.files}}},
          {"remainders", result.frozen},
          {"remainders_dropped", result.dropped},
          {"moved", std::move(moved)},
          {"snapshot", std::move(snapshot)}};
}

void print_erased(Context& context, const EraseResult& result) {
  if (result.already) {
    context.out << "They are erased already. Nothing was done.\n";
    return;
  }
  std::string others;
  const auto add = [&](uint64_t count, std::string_view one, std::string_view more) {
    if (count > 0) others += ", " + count_of(count, one, more);
  };
  add(result.store.objects, "object", "objects");
  add(result.store.profiles, "profile", "profiles");
  add(result.store.claims, "claim", "claims");
  add(result.store.rejects, "rejected record's content", "rejected records' contents");
  add(result.store.topics, "topic", "topics");
  add(result.store.scores, "score of past snapshots", "scores of past snapshots");
  add(result.registry.links, "link", "links");
  add(result.registry.consents, "consent", "consents");
  add(result.registry.teleport, "place in a teleport set", "places in teleport sets");
  add(result.registry.hidden_topics, "hidden topic", "hidden topics");
  add(result.ontology, "entry of the ontology", "entries of the ontology");
  if (result.policy) others += ", what policy.toml said of them";
  fmt::print(context.out, "Erased: {} by or towards them, of {}{}.\n",
             count_of(result.store.events, "act", "acts"),
             count_of(result.accounts, "account", "accounts"), others);
  for (const std::string& file : result.store.files) {
    fmt::print(context.out, "Removed {}, put aside by a repair: it may have named them.\n", file);
  }
  if (result.frozen > 0) {
    fmt::print(context.out,
               "For others there is left, without name or time, what they added to {}.\n",
               count_of(result.frozen, "person", "people"));
  }
  if (result.dropped > 0) {
    fmt::print(context.out, "Of {} not even that is left: too few others moved the same person.\n",
               count_of(result.dropped, "tie", "ties"));
  }
  if (result.moved.empty()) {
    if (result.snapshot) context.out << "Nobody else's score moved.\n";
    return;
  }
  fmt::print(context.out, "The scores of {} moved, since evidence went:\n",
             count_of(result.moved.size(), "person", "people"));
  for (const auto& each : result.moved) {
    const std::string before = fmt::format("{:.2f}", each.before);
    std::string after = each.after ? fmt::format("{:.2f}", *each.after) : "no evidence";
    if (after == before) after += ", by less than 0.01";
    fmt::print(context.out, "  {}  {} -> {}\n", each.account, before, after);
  }
}

int erase_person(Context& context, const CommonOptions& common, OpenWorkspace& open,
                 const std::string& person, bool yes) {
  if (!yes) {
    context.err << "bellwether people erase: say --yes, since nobody can be asked here; there is "
                   "no way back\n";
    return kExitUsage;
  }
  Workspace& workspace = open.workspace();
  const auto erased = workspace.registry().erased();
  if (!erased.ok()) return complain(context, erased.error());
  EraseResult result;
  std::string account = person;
  if (person.find(':') == std::string::npos) {
    if (erased->named(person)) {
      result.already = true;
    } else {
      const auto accounts = open.query().accounts_of(person);
      if (!accounts.ok()) return complain(context, accounts.error());
      account = accounts->front();
    }
  }
  if (!result.already) {
    ProgressLine line(context);
    auto done = erase(workspace, account, [&](std::string_view phase) { line.phase(phase); });
    line.clear();
    if (!done.ok()) return complain(context, done.error());
    result = std::move(*done);
    if (const auto taken_up = open.query().refresh(); !taken_up.ok()) {
      return complain(context, taken_up.error());
    }
  }
  if (common.output() == OutputForm::kTable) {
    print_erased(context, result);
  } else {
    context.out << erase_json(result).dump(2) << '\n';
  }
  return kExitDone;
}

}  // namespace

// Asks for a confirmation while the terminal is at hand: a server that runs the command for us has
// none.
std::optional<int> ask_people(Context& context, std::vector<std::string>& arguments) {
  if (arguments.empty() || arguments[0] != "erase") return std::nullopt;
  const auto says = [&](std::string_view word) {
    return std::find(arguments.begin(), arguments.end(), word) != arguments.end();
  };
  if (says("--yes") || says("-h") || arguments.size() < 2 || !context.in_is_terminal) {
    return std::nullopt;
  }
  context.err << "This takes everything about this person out of the workspace, at once and for "
                 "good.\nThere is no way back, and reading their records again brings nothing "
                 "back. Type yes to go on: ";
  context.err.flush();
  std::string answer;
  std::getline(context.in, answer);
  if (answer != "yes") {
    context.err << "Nothing was erased.\n";
    return kExitNothing;
  }
  arguments.emplace_back("--yes");
  return std::nullopt;
}

int command_people(Context& context, const std::vector<std::string>& arguments) {
  CLI::App app(
      "Which accounts are one person, and who may be shown to others.\nNobody is shown who did "
      "not ask to be: consent starts as private.",
      "bellwether people");
  app.require_subcommand(1);
  CommonOptions common;
  std::string text;
  uint32_t limit = 50;
  std::vector<std::string> accounts;
  std::string account;
  std::string consent;

  CLI::App* list =
      app.add_subcommand("list", "people and their accounts, by what is known of them");
  add_common(*list, context, common, true, true);
  list->add_option("TEXT", text, "only those whose name or account holds this");
  list->add_option("--limit", limit, "at most so many; 0: all")->capture_default_str();

  CLI::App* link = app.add_subcommand("link", "these accounts are one person, named by the first");
  add_common(*link, context, common, false, false);
  link->add_option("ACCOUNT", accounts, "network:name")->required()->expected(2, 100);

  CLI::App* unlink = app.add_subcommand("unlink", "this account is a person of its own again");
  add_common(*unlink, context, common, false, false);
  unlink->add_option("ACCOUNT", account, "network:name")->required();

  CLI::App* consents = app.add_subcommand("consent", "tell or set who may see a person");
  add_common(*consents, context, common, false, false);
  consents->add_option("ACCOUNT", account, "network:name")->required();
  consents
      ->add_option("CONSENT", consent, "listed: they asked to be shown; private: the operator only")
      ->check(CLI::IsMember({"listed", "private"}));

  CLI::App* erases = app.add_subcommand(
      "erase",
      "take a person out for good: their acts, others' acts towards them, every trace of their "
      "name, in the bytes too; nobody else's score moves");
  add_common(*erases, context, common, true, false);
  std::string person;
  bool yes = false;
  erases->add_option("PERSON", person, "network:name, the id, or a name that only one person has")
      ->required();
  erases->add_flag("--yes", yes, "do not ask");
  erases->footer(
      "All accounts linked to the person go with them, and stay away: a salted hash of their names "
      "is kept, so that\nrecords by or towards them are rejected when they are read again. What "
      "others' scores owed to them stays as an\nanonymous remainder that fades like any evidence; "
      "where too few others are left to hide among, not even that,\nand whose score moved is told. "
      "A second call says that they are erased already. Copies of the folder that you\nmade are "
      "yours to delete.\n\n"
      "Examples:\n"
      "  bellwether people erase csv:ana\n"
      "  bellwether people erase mastodon:@ana@example.social --yes --json");
  app.footer(
      "Examples:\n"
      "  bellwether people list ana\n"
      "  bellwether people link mastodon:@ana@example.social git:ana@example.org\n"
      "  bellwether people consent mastodon:@ana@example.social listed\n"
      "  bellwether people erase mastodon:@ana@example.social");
  if (const auto code = parse(app, context, arguments)) return *code;

  auto open = OpenWorkspace::open(context, common, false);
  if (!open.ok()) return complain(context, open.error());
  Registry& registry = open->workspace().registry();
  if (*list) return list_people(context, common, *open, text, limit);
  if (*erases) return erase_person(context, common, *open, person, yes);
  if (*link) {
    for (size_t i = 1; i < accounts.size(); ++i) {
      if (const auto done = registry.link(accounts[0], accounts[i]); !done.ok()) {
        return complain(context, done.error());
      }
    }
    fmt::print(context.err, "{} accounts are one person now. `bellwether score` follows.\n",
               accounts.size());
  } else if (*unlink) {
    if (const auto done = registry.unlink(account); !done.ok()) {
      return complain(context, done.error());
    }
    fmt::print(context.err, "{} is a person of its own. `bellwether score` follows.\n", account);
  } else {
    if (!consent.empty()) {
      if (const auto done = registry.set_consent(account, *parse_consent(consent)); !done.ok()) {
        return complain(context, done.error());
      }
    }
    const auto now = registry.consent(account);
    if (!now.ok()) return complain(context, now.error());
    context.out << to_string(*now) << '\n';
  }
  if (const auto done = open->query().refresh(); !done.ok()) {
    return complain(context, done.error());
  }
  return kExitDone;
}

}  // namespace bellwether
