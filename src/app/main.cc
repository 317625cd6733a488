// SPDX-License-Identifier: Apache-2.0
// The program: the only place where rooms are wired together, and where time comes in.
#include <sys/ioctl.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <iostream>

#include "app/serving.h"
#include "base/parallel.h"
#include "cli/cli.h"

namespace bellwether {
namespace {

std::string environment(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr || *value == '\0' ? otherwise : value;
}

int terminal_columns() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  // A file or a pipe has no width of its own.
  const int columns = std::atoi(environment("COLUMNS", "140").c_str());
  return columns > 0 ? columns : 140;
}

int run(int argc, char** argv) {
  Context context{std::cin, std::cout, std::cerr};
  context.in_is_terminal = isatty(STDIN_FILENO) == 1;
  context.out_is_terminal = isatty(STDOUT_FILENO) == 1;
  context.err_is_terminal = isatty(STDERR_FILENO) == 1;
  context.color = context.out_is_terminal && std::getenv("NO_COLOR") == nullptr;
  context.columns = terminal_columns();
  context.home = environment("BELLWETHER_HOME", "bellwether.home");
  std::error_code error;
  context.cwd = std::filesystem::current_path(error).string();
  context.threads = hardware_threads();
  context.now = [] {
    const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
    return Instant{std::chrono::duration_cast<std::chrono::milliseconds>(since_1970).count()};
  };
  // A limit on the size of files is told like a full disk: by the write that fails.
  std::signal(SIGXFSZ, SIG_IGN);
  wire_serving(context);
  const int code = run_command(context, std::vector<std::string>(argv + 1, argv + argc));
  std::cout.flush();
  if (!std::cout) {
    std::cerr << "bellwether: the output could not be written\n";
    return kExitRefused;
  }
  // Its threads still run, so that nothing they use may be taken apart.
  if (context.left_open) std::_Exit(code);
  return code;
}

}  // namespace
}  // namespace bellwether

int main(int argc, char** argv) { return bellwether::run(argc, argv); }
