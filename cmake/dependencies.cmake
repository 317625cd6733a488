# SPDX-License-Identifier: Apache-2.0
#
# Every library from outside, one line each:
#
#   bw_library(NAME TARGET target HEADERS prefix...)
#
# NAME is the word that a room's LIBS in src/CMakeLists.txt uses, TARGET what CMake links, HEADERS
# how its #include lines begin. tests/rooms_test.py reads the same lines, so a room can include only
# what it links. Libraries that ship no CMake package become imported targets here, BW::name.

find_package(Threads REQUIRED)
find_package(fmt 9 REQUIRED)
find_package(simdjson 3 REQUIRED)
find_package(nlohmann_json 3.11 REQUIRED)
find_package(EXPAT REQUIRED)
find_package(LibArchive REQUIRED)
find_package(ZLIB REQUIRED)
find_package(ICU 72 REQUIRED COMPONENTS uc i18n)
find_package(SQLite3 3.40 REQUIRED)
find_package(date 3 REQUIRED)
find_package(CLI11 2.1 REQUIRED)
find_package(spdlog 1.10 REQUIRED)
find_package(tomlplusplus 3.3 REQUIRED)
find_package(DuckDB REQUIRED)

# Defines BW::<name> for a library found by its file and one header.
function(bw_find_plain name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "LIBRARY;HEADER" "")
  find_library(BW_${name}_LIBRARY NAMES ${ARG_LIBRARY})
  find_path(BW_${name}_INCLUDE_DIR NAMES ${ARG_HEADER})
  mark_as_advanced(BW_${name}_LIBRARY BW_${name}_INCLUDE_DIR)
  if(NOT BW_${name}_LIBRARY OR NOT BW_${name}_INCLUDE_DIR)
    message(FATAL_ERROR "${name} is missing (lib${ARG_LIBRARY}, ${ARG_HEADER}). "
                        "`tools/setup run` installs it.")
  endif()
  add_library(BW::${name} UNKNOWN IMPORTED)
  set_target_properties(
    BW::${name} PROPERTIES IMPORTED_LOCATION "${BW_${name}_LIBRARY}"
                           INTERFACE_INCLUDE_DIRECTORIES "${BW_${name}_INCLUDE_DIR}")
endfunction()
bw_find_plain(xxhash LIBRARY xxhash HEADER xxhash.h)
bw_find_plain(zstd LIBRARY zstd HEADER zstd.h)
bw_find_plain(csv LIBRARY csv HEADER csv.h)
bw_find_plain(sodium LIBRARY sodium HEADER sodium.h)

# Boost serves by its headers alone; its own CMake package is a separate Debian package.
find_path(BW_BOOST_INCLUDE_DIR NAMES boost/beast/version.hpp)
mark_as_advanced(BW_BOOST_INCLUDE_DIR)
set(_bw_boost_version 0)
if(BW_BOOST_INCLUDE_DIR)
  file(STRINGS "${BW_BOOST_INCLUDE_DIR}/boost/version.hpp" _bw_boost_line
       REGEX "^#define BOOST_VERSION [0-9]+")
  string(REGEX REPLACE "[^0-9]" "" _bw_boost_version "${_bw_boost_line}")
endif()
if(_bw_boost_version LESS 108100)
  message(FATAL_ERROR "Boost 1.81 or newer is needed. `tools/setup run` installs it.")
endif()
add_library(BW::boost INTERFACE IMPORTED)
target_include_directories(BW::boost INTERFACE "${BW_BOOST_INCLUDE_DIR}")
add_library(BW::beast INTERFACE IMPORTED)
target_link_libraries(BW::beast INTERFACE BW::boost Threads::Threads)
# Boost.Asio would otherwise pull in deprecated executors and g++ 12's coroutine warnings.
target_compile_definitions(BW::beast INTERFACE BOOST_ASIO_NO_DEPRECATED
                                               BOOST_ASIO_DISABLE_CONCEPTS)

function(bw_library name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "TARGET" "HEADERS")
  if(NOT TARGET ${ARG_TARGET})
    message(FATAL_ERROR "bw_library(${name}): there is no target ${ARG_TARGET}")
  endif()
  set_property(GLOBAL PROPERTY BW_LIBRARY_${name} ${ARG_TARGET})
endfunction()

bw_library(fmt TARGET fmt::fmt HEADERS fmt/)
bw_library(xxhash TARGET BW::xxhash HEADERS xxhash.h xxh3.h)
bw_library(simdjson TARGET simdjson::simdjson HEADERS simdjson.h)
bw_library(json TARGET nlohmann_json::nlohmann_json HEADERS nlohmann/)
bw_library(expat TARGET EXPAT::EXPAT HEADERS expat.h)
bw_library(archive TARGET LibArchive::LibArchive HEADERS archive.h archive_entry.h)
bw_library(zlib TARGET ZLIB::ZLIB HEADERS zlib.h)
bw_library(zstd TARGET BW::zstd HEADERS zstd.h zstd_errors.h)
bw_library(csv TARGET BW::csv HEADERS csv.h)
bw_library(icu TARGET ICU::uc HEADERS unicode/)
bw_library(sodium TARGET BW::sodium HEADERS sodium.h sodium/)
bw_library(date TARGET date::date-tz HEADERS date/)
bw_library(sqlite TARGET SQLite::SQLite3 HEADERS sqlite3.h)
bw_library(duckdb TARGET DuckDB::DuckDB HEADERS duckdb.h)
bw_library(boost TARGET BW::boost HEADERS boost/unordered/ boost/math/ boost/container/
           boost/graph/)
bw_library(beast TARGET BW::beast HEADERS boost/beast boost/asio boost/system/)
bw_library(cli11 TARGET CLI11::CLI11 HEADERS CLI/)
bw_library(spdlog TARGET spdlog::spdlog HEADERS spdlog/)
bw_library(toml TARGET tomlplusplus::tomlplusplus HEADERS toml++/)

if(BW_TESTS)
  find_package(GTest REQUIRED)
  find_package(rapidcheck REQUIRED)
  add_library(bw_test_libraries INTERFACE)
  target_link_libraries(bw_test_libraries INTERFACE GTest::gmock GTest::gtest rapidcheck
                                                    rapidcheck_gtest rapidcheck_gmock)
endif()
if(BW_BENCH)
  find_package(benchmark QUIET)
  if(NOT benchmark_FOUND)
    message(STATUS "Google Benchmark is not installed: no benchmarks in this build")
  endif()
endif()
