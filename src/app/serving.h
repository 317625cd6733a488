// SPDX-License-Identifier: Apache-2.0
// How commands reach a server, and a server the commands.
#pragma once
#include "cli/cli.h"

namespace bellwether {

// Sets context.serve and context.forward.
void wire_serving(Context& context);

}  // namespace bellwether
