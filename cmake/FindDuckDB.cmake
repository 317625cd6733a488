# SPDX-License-Identifier: Apache-2.0
#
# Finds libduckdb and its C header, version 1.4 or newer, and defines DuckDB::DuckDB.
#
# Looks first where tools/setup puts them (.deps/duckdb in the checkout), then wherever CMake looks
# for libraries, so any other 1.4+ install serves as well (-DDuckDB_ROOT=DIR names one).
# Sets DuckDB_LIBRARY, DuckDB_INCLUDE_DIR, and DuckDB_BUNDLED: true when the copy in .deps is used,
# which is then installed along with the program.

set(_bw_duckdb_deps "${CMAKE_SOURCE_DIR}/.deps/duckdb")
find_library(DuckDB_LIBRARY NAMES duckdb HINTS "${_bw_duckdb_deps}")
find_path(DuckDB_INCLUDE_DIR NAMES duckdb.h HINTS "${_bw_duckdb_deps}")

# The header does not state its version. The feature that marks 1.4 is the C call below; a library
# without it would fail only at link time, with a message that explains nothing.
set(DuckDB_NEW_ENOUGH FALSE)
if(DuckDB_INCLUDE_DIR AND EXISTS "${DuckDB_INCLUDE_DIR}/duckdb.h")
  file(STRINGS "${DuckDB_INCLUDE_DIR}/duckdb.h" _bw_duckdb_mark
       REGEX "duckdb_appender_create_query" LIMIT_COUNT 1)
  if(_bw_duckdb_mark)
    set(DuckDB_NEW_ENOUGH TRUE)
  endif()
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(
  DuckDB
  REQUIRED_VARS DuckDB_LIBRARY DuckDB_INCLUDE_DIR DuckDB_NEW_ENOUGH
  REASON_FAILURE_MESSAGE
    "DuckDB 1.4 or newer is needed. `tools/setup run` fetches it into .deps/duckdb.")

if(DuckDB_FOUND AND NOT TARGET DuckDB::DuckDB)
  add_library(DuckDB::DuckDB SHARED IMPORTED)
  set_target_properties(
    DuckDB::DuckDB PROPERTIES IMPORTED_LOCATION "${DuckDB_LIBRARY}"
                              INTERFACE_INCLUDE_DIRECTORIES "${DuckDB_INCLUDE_DIR}")
  string(FIND "${DuckDB_LIBRARY}" "${_bw_duckdb_deps}" _bw_duckdb_at)
  if(_bw_duckdb_at EQUAL 0)
    set(DuckDB_BUNDLED TRUE)
  else()
    set(DuckDB_BUNDLED FALSE)
  endif()
endif()
mark_as_advanced(DuckDB_LIBRARY DuckDB_INCLUDE_DIR)
