# SPDX-License-Identifier: Apache-2.0
#
# Writes base/version.h from VERSION and, where the sources are a git clone, from its commit.
# Run on every build; the header's time changes only with its content. Git may be missing, the
# clone may have no commit yet, or belong to somebody else: each leaves the revision empty.

set(REVISION "")
find_program(GIT git)
if(GIT AND EXISTS "${SOURCE_DIR}/.git")
  execute_process(
    COMMAND ${GIT} describe --always --dirty --tags --abbrev=10
    WORKING_DIRECTORY "${SOURCE_DIR}"
    OUTPUT_VARIABLE described
    RESULT_VARIABLE failed
    OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  if(failed EQUAL 0 AND described MATCHES "^[-+._0-9A-Za-z]+$")
    set(REVISION "${described}")
  endif()
endif()
set(VERSION_LONG "${VERSION}")
if(REVISION)
  set(VERSION_LONG "${VERSION} (${REVISION})")
endif()
configure_file("${TEMPLATE}" "${OUTPUT}" @ONLY)
