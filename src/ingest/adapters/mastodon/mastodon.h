// SPDX-License-Identifier: Apache-2.0
// The mastodon adapter: the archive that an account's owner can ask their server for. README.md
// says what is read.
#pragma once
#include "ingest/adapter.h"

namespace bellwether {

const Adapter& mastodon_adapter();

}  // namespace bellwether
