// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ostream.h>

#include "cli/output.h"
#include "workspace/query/words.h"

namespace bellwether {
namespace {

int list_people(Context& context, const CommonOptions& common, OpenWorkspace& open,
                const std::string& text, uint32_t limit) {
  const auto found = open.query().search(text, limit, common.viewer());
  if (!found.ok()) return complain(context, found.error());
  if (print_for_programs(context, common.output(), *found)) return kExitDone;
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
  return found->people.empty() ? kExitNothing : kExitDone;
}

}  // namespace

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
  app.footer(
      "Examples:\n"
      "  bellwether people list ana\n"
      "  bellwether people link mastodon:@ana@example.social git:ana@example.org\n"
      "  bellwether people consent mastodon:@ana@example.social listed");
  if (const auto code = parse(app, context, arguments)) return *code;

  auto open = OpenWorkspace::open(context, common, false);
  if (!open.ok()) return complain(context, open.error());
  Registry& registry = open->workspace().registry();
  if (*list) return list_people(context, common, *open, text, limit);
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
