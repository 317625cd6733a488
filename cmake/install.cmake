# SPDX-License-Identifier: Apache-2.0
#
# `cmake --install build/release --prefix DIR` and `cmake --build build/release --target uninstall`.
#
# libduckdb goes to lib/bellwether, not lib: another program's libduckdb there must neither be
# overwritten by us nor removed by our uninstall.

set(BW_PRIVATE_LIBDIR "lib/bellwether")
if(TARGET bellwether)
  set_target_properties(bellwether PROPERTIES INSTALL_RPATH "$ORIGIN/../${BW_PRIVATE_LIBDIR}"
                                              INSTALL_RPATH_USE_LINK_PATH FALSE)
  if(NOT DuckDB_BUNDLED)
    get_filename_component(_bw_duckdb_dir "${DuckDB_LIBRARY}" DIRECTORY)
    set_target_properties(bellwether PROPERTIES INSTALL_RPATH "${_bw_duckdb_dir}")
  endif()
  install(TARGETS bellwether RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  if(DuckDB_BUNDLED)
    install(PROGRAMS "${DuckDB_LIBRARY}" DESTINATION ${BW_PRIVATE_LIBDIR})
  endif()
endif()

foreach(_bw_page LICENSE NOTICE THIRD_PARTY.md README.md CHANGELOG.md)
  if(EXISTS "${CMAKE_SOURCE_DIR}/${_bw_page}")
    install(FILES "${CMAKE_SOURCE_DIR}/${_bw_page}" DESTINATION ${CMAKE_INSTALL_DOCDIR})
  endif()
endforeach()
file(GLOB _bw_man CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/docs/man/*.1")
if(_bw_man)
  install(FILES ${_bw_man} DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
endif()
set(_bw_completions "${CMAKE_SOURCE_DIR}/docs/completions")
if(EXISTS "${_bw_completions}/bellwether.bash")
  install(FILES "${_bw_completions}/bellwether.bash" RENAME bellwether
          DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
endif()
if(EXISTS "${_bw_completions}/_bellwether")
  install(FILES "${_bw_completions}/_bellwether"
          DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
endif()
if(EXISTS "${_bw_completions}/bellwether.fish")
  install(FILES "${_bw_completions}/bellwether.fish"
          DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
endif()

add_custom_target(
  uninstall
  COMMAND ${CMAKE_COMMAND} -DMANIFEST=${CMAKE_BINARY_DIR}/install_manifest.txt
          -P ${CMAKE_SOURCE_DIR}/cmake/uninstall.cmake
  COMMENT "Removing what install_manifest.txt lists"
  USES_TERMINAL)
