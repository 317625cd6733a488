# SPDX-License-Identifier: Apache-2.0
#
# Runs one script test (tests/CMakeLists.txt) in an empty folder of its own. Exit status 77 is a
# skip; its words are printed here because CTest knows a script's skip only by its output.
file(REMOVE_RECURSE "${TMP}")
file(MAKE_DIRECTORY "${TMP}")
execute_process(COMMAND "${RUNNER}" "${SCRIPT}" RESULT_VARIABLE status)
if(status EQUAL 77)
  message(STATUS "script test skipped")
elseif(NOT status EQUAL 0)
  message(FATAL_ERROR "${SCRIPT} ended with ${status}; what it wrote is in ${TMP}")
else()
  file(REMOVE_RECURSE "${TMP}")
endif()
