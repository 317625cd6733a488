// SPDX-License-Identifier: Apache-2.0
// The command line: every command is a function of arguments and streams, hence testable in process
// and runnable by a server on behalf of a client that could not open the workspace itself.
//
// Results go to `out`, progress and complaints to `err`. Exit codes: 0 done (rejects are counted on
// stderr); 1 nothing usable in the input, what was named or searched for is not there, or with
// --strict any reject; 2 usage; 3 the system or the workspace refused. "Nobody" and "not known" are
// answers, hence 0. The form of the output changes nothing.
#pragma once
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/instant.h"
#include "base/result.h"

namespace bellwether {

class Workspace;
class Query;

inline constexpr int kExitDone = 0;
inline constexpr int kExitNothing = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitRefused = 3;

// What `serve` and `start` ask of the program around them.
struct ServeRequest {
  std::string home;
  std::string listen;  // address:port; port 0: any free one
  unsigned threads = 1;
};

struct Context {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  bool in_is_terminal = false;  // somebody can be asked
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  bool color = false;     // escape sequences on `out` are welcome
  int columns = 100;      // width of the terminal
  std::string home = {};  // default of --home
  std::string cwd = {};   // relative paths are relative to this
  unsigned threads = 1;
  std::function<Instant()> now = {};

  // Set by a command that only read and left its workspace open: the process ends without further
  // ado once its output is written.
  bool left_open = false;

  // Set inside a server: the workspace it holds open, and what answers from it.
  Workspace* workspace = nullptr;
  Query* query = nullptr;

  // Serves until told to stop; told once it listens, with the address to open. Set by app/.
  std::function<Result<void>(const ServeRequest&, Workspace&, Query&,
                             const std::function<void(const std::string& address)>& listening)>
      serve = {};
  // Hands a command to the server that holds `home`, if there is one; empty: nobody does. Set by
  // app/.
  std::function<Result<std::optional<int>>(const std::string& home,
                                           const std::vector<std::string>& arguments)>
      forward = {};
};

struct Command {
  std::string name;          // as it is typed
  std::string_view summary;  // one line for the list of commands
  int (*run)(Context& context, const std::vector<std::string>& arguments);
  bool forwards = true;  // may run inside the server that holds the workspace
  // Called before that, where the terminal still is: asks what must be asked, and may add to the
  // arguments. An exit code ends the command.
  std::optional<int> (*ask)(Context& context, std::vector<std::string>& arguments) = nullptr;
};

// Every command, in the order of commands.inc.
const std::vector<Command>& commands();

// Runs `bellwether ARGUMENTS...`; `arguments` without the program's name. Never throws.
int run_command(Context& context, const std::vector<std::string>& arguments);

}  // namespace bellwether
