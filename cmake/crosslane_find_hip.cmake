# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# HIP, as CMake's language of that name. An installation of ROCm brings the CMake package (hip-lang) that this language loads.
# Other setups, Debian's and Ubuntu's hipcc or a clang of one's own with HIP headers from elsewhere, lack it or have it where
# CMake does not look: for them a small one is made in the build folder.

set(CROSSLANE_HIP_INCLUDE_DIR "" CACHE PATH "Folder of hip/hip_runtime.h, where not the installed HIP's")
set(CROSSLANE_HIP_LIBRARY "" CACHE FILEPATH "libamdhip64.so to link, where not the installed HIP's")
set(CROSSLANE_HIP_DEVICE_LIBRARY_DIR "" CACHE PATH "Folder of ockl.bc and its like, where not the installed HIP's")

# The clang that hipcc calls; empty where there is no hipcc.
function(_crosslane_clang_of_hipcc compiler)
  set(${compiler} "" PARENT_SCOPE)
  find_program(hipcc hipcc NO_CACHE HINTS ENV ROCM_PATH ENV HIP_PATH PATHS /opt/rocm PATH_SUFFIXES bin)
  if(hipcc)
    execute_process(COMMAND ${hipcc} --version OUTPUT_VARIABLE output ERROR_QUIET)
    string(REGEX MATCH "clang version ([0-9]+)" _ "${output}")
    set(major ${CMAKE_MATCH_1})
    string(REGEX MATCH "InstalledDir: ([^\n]+)" _ "${output}")
    find_program(clang NAMES clang++-${major} clang++ PATHS ${CMAKE_MATCH_1} NO_DEFAULT_PATH NO_CACHE)
    if(clang)
      set(${compiler} ${clang} PARENT_SCOPE)
    endif()
  endif()
endfunction()

# See crosslane_backends.cmake. Sets CMAKE_HIP_COMPILER and, where it makes the package, CMAKE_HIP_COMPILER_ROCM_ROOT and the
# flags with which CMake can identify the compiler; CROSSLANE_HIP_FLAGS, what a command of one's own has to give clang so that
# it finds HIP; CMAKE_HIP_ARCHITECTURES where the caller has not and there is no AMD GPU.
function(_crosslane_find_hip found detail)
  set(${found} FALSE PARENT_SCOPE)
  get_property(languages GLOBAL PROPERTY ENABLED_LANGUAGES)
  if("HIP" IN_LIST languages)
    set(${found} TRUE PARENT_SCOPE)
    set(${detail} "as the project enabled it" PARENT_SCOPE)
    return()
  endif()

  set(clang ${CMAKE_HIP_COMPILER})
  if(NOT clang)
    set(clang $ENV{HIPCXX})
  endif()
  if(NOT clang)
    _crosslane_clang_of_hipcc(clang)
  endif()
  if(NOT clang)
    set(${detail} "no hipcc on PATH, in ROCM_PATH or in /opt/rocm (Debian, Ubuntu: hipcc)" PARENT_SCOPE)
    return()
  endif()
  find_program(compiler ${clang} NO_CACHE)
  if(NOT compiler)
    set(${detail} "no compiler ${clang}" PARENT_SCOPE)
    return()
  endif()
  set(CMAKE_HIP_COMPILER ${compiler} PARENT_SCOPE)
  set(CROSSLANE_HIP_FLAGS "" PARENT_SCOPE)

  if(NOT DEFINED CMAKE_HIP_ARCHITECTURES AND NOT EXISTS /sys/class/kfd/kfd)
    set(CMAKE_HIP_ARCHITECTURES "gfx90a;gfx1030" PARENT_SCOPE) # one of each wave width
  endif()

  execute_process(COMMAND ${compiler} -v -print-targets OUTPUT_QUIET ERROR_VARIABLE output)
  string(REGEX MATCH "clang version [0-9.]+" version "${output}")
  string(REGEX MATCH "Found HIP installation: *([^,\n]*)" known "${output}")
  set(root ${CMAKE_MATCH_1})
  set(native FALSE)
  if(CMAKE_HIP_COMPILER_ROCM_ROOT OR (root AND EXISTS ${root}/lib/cmake/hip-lang/hip-lang-config.cmake))
    set(native TRUE)
  endif()
  if(native AND NOT CROSSLANE_HIP_INCLUDE_DIR AND NOT CROSSLANE_HIP_LIBRARY AND NOT CROSSLANE_HIP_DEVICE_LIBRARY_DIR)
    set(${found} TRUE PARENT_SCOPE)
    set(${detail} "${version} (${compiler})" PARENT_SCOPE)
    return()
  endif()

  # Not an installation that CMake knows.
  set(include_dir ${CROSSLANE_HIP_INCLUDE_DIR})
  find_path(include_dir hip/hip_runtime.h NO_CACHE HINTS ${root}/include)
  set(library ${CROSSLANE_HIP_LIBRARY})
  find_library(library amdhip64 NO_CACHE HINTS ${root}/lib)
  set(bitcode_dir ${CROSSLANE_HIP_DEVICE_LIBRARY_DIR})
  find_path(bitcode_dir ockl.bc NO_CACHE HINTS ${root}/amdgcn/bitcode
    PATHS /usr/lib/${CMAKE_LIBRARY_ARCHITECTURE}/amdgcn/bitcode NO_DEFAULT_PATH)
  foreach(part IN ITEMS include_dir library bitcode_dir)
    string(REGEX REPLACE "/$" "" ${part} "${${part}}")
    if(NOT EXISTS "${${part}}")
      set(${detail} "${compiler} has no HIP ${part} (Debian, Ubuntu: libamdhip64-dev, rocm-device-libs)" PARENT_SCOPE)
      return()
    endif()
  endforeach()

  # Folders as options: CMake would take a property's for the compiler's own and drop them.
  set(options --rocm-device-lib-path=${bitcode_dir})
  if(NOT known)
    # hipcc passes these options too. With a version clang also includes its own HIP header first.
    string(REGEX REPLACE "/[^/]+$" "" root ${include_dir})
    file(STRINGS ${include_dir}/hip/hip_version.h numbers REGEX "define HIP_VERSION_(MAJOR|MINOR|PATCH) +[0-9]+")
    list(TRANSFORM numbers REPLACE "^.* " "")
    list(JOIN numbers "." numbers)
    list(APPEND options --rocm-path=${root} --hip-version=${numbers})
  endif()
  if(CROSSLANE_HIP_INCLUDE_DIR)
    list(APPEND options -isystem${include_dir} -D__HIP_PLATFORM_AMD__=1)
  endif()
  set(made ${CMAKE_BINARY_DIR}/crosslane-hip)
  configure_file(${CMAKE_CURRENT_FUNCTION_LIST_DIR}/hip-lang-config.cmake.in
    ${made}/lib/cmake/hip-lang/hip-lang-config.cmake @ONLY)
  list(JOIN options " " flags)
  set(CROSSLANE_HIP_FLAGS ${options} PARENT_SCOPE)
  set(CMAKE_HIP_COMPILER_ROCM_ROOT ${made} PARENT_SCOPE)
  set(CMAKE_HIP_COMPILER_ID_TEST_FLAGS_FIRST "-v ${flags}" PARENT_SCOPE)
  set(${found} TRUE PARENT_SCOPE)
  set(${detail} "${version} (${compiler}), HIP of ${include_dir}, ${library}" PARENT_SCOPE)
endfunction()
