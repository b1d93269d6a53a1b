# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

# crosslane_add_executables(NAME <name> SOURCES <file.cpp>... [BACKENDS <backend>...] [LIBRARIES <target>...])
#
# One executable for each enabled backend (or for those of BACKENDS that are enabled) from one set of sources: targets
# <name>.host, <name>.cuda and <name>.hip, each linked to its crosslane::<backend> and to LIBRARIES. Call
# crosslane_enable_backends() first.
function(crosslane_add_executables)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "NAME" "SOURCES;BACKENDS;LIBRARIES")
  if(NOT DEFINED CROSSLANE_ENABLED_BACKENDS)
    message(FATAL_ERROR "crosslane_add_executables: call crosslane_enable_backends() first")
  endif()
  if(NOT arg_NAME OR NOT arg_SOURCES OR arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "crosslane_add_executables: NAME and SOURCES are needed; not understood: ${arg_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT arg_BACKENDS)
    set(arg_BACKENDS ${CROSSLANE_ENABLED_BACKENDS})
  endif()

  foreach(backend IN LISTS CROSSLANE_ENABLED_BACKENDS)
    if(backend IN_LIST arg_BACKENDS)
      _crosslane_sources_for(${backend} sources ${arg_SOURCES})
      add_executable(${arg_NAME}.${backend} ${sources})
      target_link_libraries(${arg_NAME}.${backend} PRIVATE crosslane::${backend} ${arg_LIBRARIES})
    endif()
  endforeach()
endfunction()

# Sets <out> to the files to compile. CMake knows a source file in one language per folder, hence for the GPUs a file in the
# build folder, named for the language, that includes the source: by its whole path, or by its path in CROSSLANE_SOURCE_ROOT if that is set.
function(_crosslane_sources_for backend out)
  set(extension_cuda cu)
  set(extension_hip hip)
  set(${out} "")
  foreach(source IN LISTS ARGN)
    cmake_path(ABSOLUTE_PATH source)
    if(NOT backend STREQUAL "host")
      cmake_path(GET source FILENAME name)
      set(included ${source})
      if(DEFINED CROSSLANE_SOURCE_ROOT)
        cmake_path(RELATIVE_PATH included BASE_DIRECTORY ${CROSSLANE_SOURCE_ROOT})
      endif()
      string(SHA1 folder ${included}) # sources of one name in different folders
      string(SUBSTRING ${folder} 0 8 folder)
      set(wrapper ${CMAKE_CURRENT_BINARY_DIR}/${folder}/${name}.${extension_${backend}})
      file(CONFIGURE OUTPUT ${wrapper} CONTENT "#include \"${included}\"\n" @ONLY)
      if(DEFINED CROSSLANE_SOURCE_ROOT)
        set_source_files_properties(${wrapper} PROPERTIES INCLUDE_DIRECTORIES ${CROSSLANE_SOURCE_ROOT})
      endif()
      set(source ${wrapper})
    endif()
    list(APPEND ${out} ${source})
  endforeach()
  return(PROPAGATE ${out})
endfunction()
