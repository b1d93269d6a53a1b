# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Compiles through ccache if it is installed and no other launcher is set. ccache sees paths below the project as relative ones, so that a
# clone in another folder finds what this one has compiled. This file is not installed.
option(CROSSLANE_CCACHE "Compile through ccache if it is found" ON)
find_program(CROSSLANE_CCACHE_PROGRAM ccache)
mark_as_advanced(CROSSLANE_CCACHE_PROGRAM)
if(CROSSLANE_CCACHE AND CROSSLANE_CCACHE_PROGRAM)
  set(ccache ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1)
  foreach(language IN ITEMS CXX CUDA HIP)
    if(NOT DEFINED CMAKE_${language}_COMPILER_LAUNCHER)
      # The list of headers that the compiler writes replaces a run of the preprocessor. clang's list for HIP lacks those that only device
      # code includes.
      set(depend CCACHE_DEPEND=1)
      if(language STREQUAL "HIP")
        set(depend "")
      endif()
      set(CMAKE_${language}_COMPILER_LAUNCHER ${ccache} ${depend} ${CROSSLANE_CCACHE_PROGRAM})
    endif()
  endforeach()
endif()
