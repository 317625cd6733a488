// SPDX-License-Identifier: Apache-2.0
#include "cli/cli.h"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <exception>
#include <ostream>

#include "base/version.h"

namespace bellwether {

#define COMMAND(name, summary, forwards, ask) \
  int command_##name(Context& context, const std::vector<std::string>& arguments);
#include "cli/commands/commands.inc"
#undef COMMAND
std::optional<int> ask_people(Context& context, std::vector<std::string>& arguments);

namespace {

// A function's name has no hyphen where a command's has.
std::string typed(std::string_view function) {
  std::string name(function);
  std::replace(name.begin(), name.end(), '_', '-');
  return name;
}

void print_help(std::ostream& out) {
  out << "Bellwether measures who really moves whom in a community, and shows the evidence.\n\n"
         "Usage: bellwether COMMAND [OPTIONS]\n\nCommands:\n";
  for (const Command& command : commands()) {
    fmt::print(out, "  {:<10} {}\n", command.name, command.summary);
  }
  out << "\nFirst steps:\n"
         "  bellwether ingest tweets.csv.gz     read what people did\n"
         "  bellwether score                    work out who moves whom\n"
         "  bellwether rank                     see the top, with a reason each\n"
         "  bellwether explain @ana             why, in parts that add up\n\n"
         "`bellwether COMMAND --help` tells all of one command. The workspace is "
         "./bellwether.home\n"
         "unless --home or $BELLWETHER_HOME names another.\n\n"
         "Exit status: 0 done, refused records being counted on standard error, and also where the "
         "answer\n"
         "is nobody; 1 nothing usable in the input, what was named or searched for is not there, "
         "or "
         "with\n"
         "--strict anything refused; 2 wrong usage; 3 the system or the workspace refused: no "
         "rights, "
         "no\n"
         "space, somebody else at work, damage.\n";
}

// The value of --home among a command's arguments, before the command parses them itself.
std::string home_of(const Context& context, const std::vector<std::string>& arguments) {
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == "--home" && i + 1 < arguments.size()) return arguments[i + 1];
    if (arguments[i].starts_with("--home=")) return arguments[i].substr(7);
  }
  return context.home;
}

}  // namespace

const std::vector<Command>& commands() {
  static const std::vector<Command> kCommands{
#define COMMAND(name, summary, forwards, ask) \
  {typed(#name), summary, command_##name, forwards, ask},
#include "cli/commands/commands.inc"
#undef COMMAND
  };
  return kCommands;
}

int run_command(Context& context, const std::vector<std::string>& arguments) {
  if (arguments.empty() || arguments[0] == "--help" || arguments[0] == "-h" ||
      arguments[0] == "help") {
    print_help(arguments.empty() ? context.err : context.out);
    return arguments.empty() ? kExitUsage : kExitDone;
  }
  if (arguments[0] == "--version" || arguments[0] == "-V") {
    context.out << "bellwether " << kVersionLong << '\n';
    return kExitDone;
  }
  const auto found = std::find_if(commands().begin(), commands().end(),
                                  [&](const Command& c) { return c.name == arguments[0]; });
  if (found == commands().end()) {
    fmt::print(context.err,
               "bellwether: there is no command '{}'. `bellwether --help` lists them.\n",
               arguments[0]);
    return kExitUsage;
  }
  std::vector<std::string> rest(arguments.begin() + 1, arguments.end());
  const bool asks_help = std::find(rest.begin(), rest.end(), "--help") != rest.end();
  if (found->ask != nullptr && context.workspace == nullptr && !asks_help) {
    if (const auto code = found->ask(context, rest)) return *code;
  }
  if (found->forwards && context.workspace == nullptr && context.forward && !asks_help) {
    std::vector<std::string> whole{arguments[0]};
    whole.insert(whole.end(), rest.begin(), rest.end());
    const auto code = context.forward(home_of(context, rest), whole);
    if (!code.ok()) {
      context.err << "bellwether: " << code.error().message << '\n';
      return kExitRefused;
    }
    if (*code) return **code;
  }
  try {
    return found->run(context, rest);
  } catch (const std::exception& error) {
    // No room lets an exception out; this is memory running out, or a broken promise.
    context.err << "bellwether: " << error.what() << '\n';
    return kExitRefused;
  }
}

}  // namespace bellwether
