# SPDX-License-Identifier: Apache-2.0
#
# A room is a folder of src/. bw_room() turns it into targets by the names of its files alone, so
# that adding a file needs no edit here:
#
#   x.cc            part of the static library bw_<room>
#   x_testing.cc    helpers for tests, here and in rooms above: bw_<room>_testing
#   x_test.cc       part of <room>_test, one GoogleTest program a room
#   x_check.cc      a slow proof: part of <room>_test and of the room's benchmarks
#   x_fuzz.cc       a libFuzzer program of its own, when BW_FUZZ is on
#   x_bench.cc      a Google Benchmark program of its own
#
# Fuzz targets and benchmarks are named <folder>_<x>_fuzz: adapters/csv/parse_fuzz.cc becomes
# csv_parse_fuzz, whose seeds and finds are in tests/corpus/csv_parse_fuzz.
#
# src/app becomes the program `bellwether`. `serve/local` becomes bw_serve_local, and its files are
# left out of bw_serve.

include(GoogleTest)

set(BW_GENERATED_DIR "${CMAKE_BINARY_DIR}/generated")

# base/version.h follows the commit, so it is looked at on every build and rewritten only on change.
add_custom_target(
  bw_version
  COMMAND ${CMAKE_COMMAND} -DVERSION=${PROJECT_VERSION} -DSOURCE_DIR=${CMAKE_SOURCE_DIR}
          -DOUTPUT=${BW_GENERATED_DIR}/base/version.h
          -DTEMPLATE=${CMAKE_SOURCE_DIR}/cmake/version.h.in
          -P ${CMAKE_SOURCE_DIR}/cmake/version.cmake
  BYPRODUCTS ${BW_GENERATED_DIR}/base/version.h
  COMMENT "Version")

add_custom_target(fuzz_targets)
# What the thread sanitizer has to run: tests of rooms that start threads, and the program.
add_custom_target(threaded_tests)

# The name of a fuzz target or benchmark: see the head of this file.
function(bw_target_name out file)
  get_filename_component(stem "${file}" NAME_WE)
  get_filename_component(folder "${file}" DIRECTORY)
  get_filename_component(folder "${folder}" NAME)
  if(stem MATCHES "^${folder}_")
    set(${out} "${stem}" PARENT_SCOPE)
  else()
    set(${out} "${folder}_${stem}" PARENT_SCOPE)
  endif()
endfunction()

# Adds one test per TEST() of a GoogleTest program, each under the one label given:
# gtest_discover_tests() loses all but the first of a list.
function(bw_add_gtest program label)
  gtest_discover_tests(
    ${program}
    TEST_PREFIX "${program}."
    DISCOVERY_MODE PRE_TEST
    WORKING_DIRECTORY "${CMAKE_SOURCE_DIR}"
    PROPERTIES LABELS ${label} TIMEOUT 300)
endfunction()

function(bw_room room)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "THREADED" "" "ROOMS;LIBS")
  string(REPLACE "/" "_" name "${room}")
  set(dir "${CMAKE_CURRENT_SOURCE_DIR}/${room}")

  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${dir}/*.cc")
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS "${dir}/*.h")
  if(room STREQUAL "serve")
    list(FILTER sources EXCLUDE REGEX "^${dir}/local/")
    list(FILTER headers EXCLUDE REGEX "^${dir}/local/")
  endif()
  if(NOT sources AND NOT headers)
    return()
  endif()
  set(tests ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  set(testing ${sources})
  list(FILTER testing INCLUDE REGEX "_testing\\.cc$")
  set(checks ${sources})
  list(FILTER checks INCLUDE REGEX "_check\\.cc$")
  set(fuzzers ${sources})
  list(FILTER fuzzers INCLUDE REGEX "_fuzz\\.cc$")
  set(benches ${sources})
  list(FILTER benches INCLUDE REGEX "_bench\\.cc$")
  list(FILTER sources EXCLUDE REGEX "_(test|testing|check|fuzz|bench)\\.cc$")

  set(libraries Threads::Threads)
  foreach(library IN LISTS ARG_LIBS)
    get_property(target GLOBAL PROPERTY BW_LIBRARY_${library})
    if(NOT target)
      message(FATAL_ERROR "bw_room(${room}): cmake/dependencies.cmake knows no '${library}'")
    endif()
    list(APPEND libraries ${target})
  endforeach()
  set(rooms)
  set(testing_below)
  foreach(below IN LISTS ARG_ROOMS)
    string(REPLACE "/" "_" below "${below}")
    if(TARGET bw_${below})
      list(APPEND rooms bw_${below})
    endif()
    if(TARGET bw_${below}_testing)
      list(APPEND testing_below bw_${below}_testing)
    endif()
  endforeach()

  # What is linked is private where it can be, so that a room which should not see a library's
  # headers does not find them either.
  if(room STREQUAL "app")
    set(target bellwether)
    add_executable(bellwether ${sources})
    target_link_libraries(bellwether PRIVATE ${rooms} ${libraries})
    target_include_directories(bellwether PRIVATE "${CMAKE_SOURCE_DIR}/src" "${BW_GENERATED_DIR}")
    set_target_properties(bellwether PROPERTIES RUNTIME_OUTPUT_DIRECTORY
                                                "${CMAKE_BINARY_DIR}/src/app")
    add_dependencies(threaded_tests bellwether)
  elseif(sources)
    set(target bw_${name})
    add_library(${target} STATIC ${sources})
    target_link_libraries(${target} PUBLIC ${rooms} PRIVATE ${libraries})
    target_include_directories(${target} PUBLIC "${CMAKE_SOURCE_DIR}/src" "${BW_GENERATED_DIR}")
  else()
    set(target bw_${name})
    add_library(${target} INTERFACE)
    target_link_libraries(${target} INTERFACE ${rooms} ${libraries})
    target_include_directories(${target} INTERFACE "${CMAKE_SOURCE_DIR}/src" "${BW_GENERATED_DIR}")
  endif()
  add_dependencies(${target} bw_version)

  # `ctest -L base` takes a room, `ctest -L threaded` those of all rooms that start threads.
  set(label ${name})
  if(ARG_THREADED)
    set(label ${name}-threaded)
  endif()

  if(BW_TESTS AND testing)
    add_library(bw_${name}_testing STATIC ${testing})
    target_link_libraries(bw_${name}_testing PUBLIC bw_${name} ${testing_below} bw_test_libraries
                          PRIVATE ${libraries})
    list(APPEND testing_below bw_${name}_testing)
  endif()
  if(BW_TESTS AND tests)
    if(room STREQUAL "app")
      message(FATAL_ERROR "src/app is only wiring; its tests are in tests/, from outside")
    endif()
    add_executable(${name}_test ${tests} ${checks})
    target_link_libraries(${name}_test PRIVATE ${testing_below} bw_${name} ${libraries}
                                               bw_test_libraries GTest::gmock_main)
    bw_add_gtest(${name}_test ${label})
    if(ARG_THREADED)
      add_dependencies(threaded_tests ${name}_test)
    endif()
  endif()

  if(BW_FUZZ)
    foreach(file IN LISTS fuzzers)
      bw_target_name(fuzzer "${file}")
      add_executable(${fuzzer} "${file}")
      target_link_libraries(${fuzzer} PRIVATE bw_${name} ${libraries})
      target_link_options(${fuzzer} PRIVATE -fsanitize=fuzzer)
      set_target_properties(${fuzzer} PROPERTIES RUNTIME_OUTPUT_DIRECTORY
                                                 "${CMAKE_BINARY_DIR}/fuzz")
      add_dependencies(fuzz_targets ${fuzzer})
      # ./test also seeds a target with the fixtures that lie beside its source.
      get_filename_component(folder "${file}" DIRECTORY)
      file(WRITE "${CMAKE_BINARY_DIR}/fuzz/${fuzzer}.seeds" "${folder}/fixtures\n")
    endforeach()
  endif()

  if(BW_BENCH AND benchmark_FOUND)
    foreach(file IN LISTS benches)
      bw_target_name(bench "${file}")
      add_executable(${bench} "${file}" ${checks})
      target_link_libraries(${bench} PRIVATE bw_${name} ${testing_below} ${libraries}
                                             benchmark::benchmark benchmark::benchmark_main)
      set_target_properties(${bench} PROPERTIES RUNTIME_OUTPUT_DIRECTORY
                                                "${CMAKE_BINARY_DIR}/bench")
      # Run small inside the tests, so that a benchmark cannot rot.
      if(BW_TESTS)
        add_test(NAME bench.${bench} COMMAND ${bench} --benchmark_min_time=0.001)
        set_tests_properties(
          bench.${bench} PROPERTIES LABELS "bench" TIMEOUT 300 WORKING_DIRECTORY
                                    "${CMAKE_SOURCE_DIR}" ENVIRONMENT "BELLWETHER_BENCH_SMALL=1")
      endif()
    endforeach()
  endif()

  # For tests/ and bench/, which see every room.
  set_property(GLOBAL APPEND PROPERTY BW_ROOM_TARGETS bw_${name})
  if(room STREQUAL "app")
    get_property(all GLOBAL PROPERTY BW_ROOM_TARGETS)
    list(REMOVE_ITEM all bw_app)
    set_property(GLOBAL PROPERTY BW_ROOM_TARGETS ${all})
  endif()
endfunction()
