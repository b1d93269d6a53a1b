# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# find_package(crosslane [COMPONENTS host cuda hip]). All targets are always defined; the component host asks that what it
# links is there too. Toolchains are found by crosslane_enable_backends() or by the project itself, which enables CUDA or HIP.
cmake_minimum_required(VERSION 3.25)

# Boost's package fails without the language, with a message about something else. CUDA and HIP need nothing of it.
if(CMAKE_CXX_COMPILER_LOADED)
  include(${CMAKE_CURRENT_LIST_DIR}/crosslane_dependencies.cmake)
elseif(NOT CMAKE_CUDA_COMPILER_LOADED AND NOT CMAKE_HIP_COMPILER_LOADED)
  set(crosslane_FOUND FALSE)
  set(crosslane_NOT_FOUND_MESSAGE "the language CXX is not enabled: name it in project(), or call enable_language(CXX) before")
  return()
endif()
foreach(component IN LISTS crosslane_FIND_COMPONENTS)
  if(component MATCHES "^(cuda|hip)$" OR (component STREQUAL "host" AND TARGET Boost::context AND TARGET Threads::Threads))
    set(crosslane_${component}_FOUND TRUE)
  elseif(crosslane_FIND_REQUIRED_${component})
    set(crosslane_FOUND FALSE)
    set(crosslane_NOT_FOUND_MESSAGE "component ${component}: unknown, or Boost.Context (libboost-context-dev) is missing")
    return()
  endif()
endforeach()

include(${CMAKE_CURRENT_LIST_DIR}/crosslane-targets.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/crosslane_backends.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/crosslane_executables.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/crosslane_report_kernels.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/crosslane_amd_emulator.cmake)
if(TARGET Boost::context AND TARGET Threads::Threads)
  set(CROSSLANE_CHECKER_SOURCE ${CMAKE_CURRENT_LIST_DIR}/src/checker.cpp)
  include(${CMAKE_CURRENT_LIST_DIR}/crosslane_checked.cmake)
endif()
