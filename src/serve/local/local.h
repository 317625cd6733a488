// SPDX-License-Identifier: Apache-2.0
// The socket in a workspace's folder by which a command reaches the server that holds the
// workspace, both ends: one process writes a workspace, so while a server runs, commands run inside
// it.
//
// `<home>/bellwether.sock`, mode 0600, and only processes of the same user or of root are answered.
// The client sends its arguments and what a command has to know of its surroundings; what the
// command writes comes back as it is written, and at the end its exit code. The frames are
// described in frame.h.
//
// A client that goes away ends nothing in the server: its command goes on, and may ask whether
// anybody is still there.
#pragma once
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace bellwether {

// A command as the client would have run it itself.
struct LocalRequest {
  std::vector<std::string> arguments;  // without the program's name; any bytes but NUL
  std::string cwd;                     // absolute: relative paths are relative to this
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  bool no_color = false;     // $NO_COLOR is set
  uint32_t columns = 0;      // width of the terminal; 0: unknown
  bool wants_input = false;  // standard input is to be read ("-" is among the arguments)

  // In the server alone: the client's standard input, or -1; closed after the handler. It is the
  // client's own file or pipe, so what is still in it is read even when the client is gone. As a
  // path: /dev/fd/N.
  int input = -1;
  // In the server alone: true once the client is gone or the server is to stop. A long command may
  // then end early.
  std::function<bool()> abandoned;
};

// Runs one command; returns its exit code. Called from a thread of its own for each command, so
// that several may run at once: who writes takes turns with the others there.
using LocalHandler =
    std::function<int(const LocalRequest& request, std::ostream& out, std::ostream& err)>;

class LocalServer {
 public:
  // Listens in the folder `home`. The socket of a server that died is replaced.
  // kBusy: a server that lives listens there; the message names its process. kIo: the system
  // refused.
  static Result<std::unique_ptr<LocalServer>> start(const std::string& home, LocalHandler handler);

  // Stops and waits.
  virtual ~LocalServer() = default;

  // Takes no more commands and removes the socket; those that run go on to their end, which the
  // destructor waits for. Any number of times, from any thread.
  virtual void stop() = 0;
};

// Runs the command in the server that holds `home`; what it writes goes to `out` and `err` as it
// comes. Empty: nobody listens there, so the caller opens the workspace itself.
// With wants_input this process's standard input is handed over.
// kUnsupported: that server is of another version. kDenied: it is another user's. kIo: it ended
// before the command did.
Result<std::optional<int>> run_remotely(const std::string& home, const LocalRequest& request,
                                        std::ostream& out, std::ostream& err);

}  // namespace bellwether
