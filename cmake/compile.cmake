# SPDX-License-Identifier: Apache-2.0
#
# How every room is compiled. Included once, before any target exists.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

# Asserts stay in the release build: a broken belief must stop the program before it publishes a
# wrong score, and the asserts stand outside the innermost loops. Hence no -DNDEBUG anywhere.
set(CMAKE_CXX_FLAGS_RELEASE "-O2")
set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g -D_GLIBCXX_ASSERTIONS")
# -O1 -g1 halves the time the sanitized tests take and still gives readable stacks.
set(CMAKE_CXX_FLAGS_SANITIZED
    "-O1 -g1 -fno-omit-frame-pointer -fno-optimize-sibling-calls -D_GLIBCXX_ASSERTIONS")
set(CMAKE_EXE_LINKER_FLAGS_SANITIZED "" CACHE STRING "" FORCE)
set(CMAKE_SHARED_LINKER_FLAGS_SANITIZED "" CACHE STRING "" FORCE)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Release, Debug or Sanitized" FORCE)
endif()

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion)
if(BW_WERROR)
  add_compile_options(-Werror)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 reports these inside its own std::string and std::vector at -O2 (gcc bugs 105329,
  # 105562 and their like); clang and the sanitizers look for the same mistakes.
  add_compile_options(-Wno-restrict -Wno-stringop-overflow -Wno-array-bounds
                      -Wno-maybe-uninitialized)
endif()

# A fused multiply-add rounds once where the plain one rounds twice. Some processors would fuse,
# and the same events would then give other bits there.
add_compile_options(-ffp-contract=off)

# A library that a program does not call is not loaded with it; starting up is part of every answer.
add_link_options(-Wl,--as-needed)

if(BW_SANITIZE)
  add_compile_options(-fsanitize=${BW_SANITIZE})
  add_link_options(-fsanitize=${BW_SANITIZE})
  if(BW_SANITIZE MATCHES "undefined")
    add_compile_options(-fno-sanitize-recover=undefined)
    if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
      # Its words before each function end up in the parts a coroutine is split into, which the
      # assembler refuses: "Cannot represent a difference across sections" (LLVM issue 49689).
      add_compile_options(-fno-sanitize=function)
    endif()
  endif()
endif()
if(BW_SANITIZE MATCHES "thread")
  # The thread sanitizer knows no fences; asio's queues are guarded by their mutexes all the same.
  add_compile_definitions(BOOST_ASIO_DISABLE_FENCED_BLOCK)
endif()
if(BW_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "BW_FUZZ needs clang (libFuzzer): use the preset asan or fuzz.")
  endif()
  # Every room is instrumented for coverage; only the x_fuzz programs get libFuzzer's main.
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

if(NOT CMAKE_CXX_COMPILER_LAUNCHER)
  find_program(BW_CCACHE ccache)
  if(BW_CCACHE)
    set(CMAKE_CXX_COMPILER_LAUNCHER "${BW_CCACHE}")
  endif()
endif()
