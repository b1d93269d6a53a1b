# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Which backends can be built here, and why the others can't.

set(CROSSLANE_BACKENDS "auto" CACHE STRING
  "Backends to build: a list of host, cuda and hip, or auto for all whose toolchain is found")

include(${CMAKE_CURRENT_LIST_DIR}/crosslane_find_cuda.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/crosslane_find_hip.cmake)

# Sets <found>, and <detail>: what was found, or what is missing and what brings it. Like it the finders of the other files;
# they also set what enable_language() reads.
function(_crosslane_find_host found detail)
  if(NOT TARGET Boost::context)
    set(${found} FALSE PARENT_SCOPE)
    set(${detail} "Boost.Context not found (Debian, Ubuntu: libboost-context-dev)" PARENT_SCOPE)
  else()
    set(${found} TRUE PARENT_SCOPE)
    set(${detail} "${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}" PARENT_SCOPE)
  endif()
endfunction()

# crosslane_enable_backends([backend...])
#
# Enables the languages of the backends given, else of those in CROSSLANE_BACKENDS, and sets CROSSLANE_ENABLED_BACKENDS, which
# crosslane_add_executables() builds for. A backend that is named must be there; with auto, one that is not found is left out.
# To be called once, outside of functions, in a folder above all that use it: there CMake enables the languages.
macro(crosslane_enable_backends)
  set(_crosslane_asked ${ARGN})
  if(NOT _crosslane_asked)
    set(_crosslane_asked ${CROSSLANE_BACKENDS})
  endif()
  foreach(_crosslane_backend IN LISTS _crosslane_asked)
    if(NOT _crosslane_backend MATCHES "^(auto|host|cuda|hip)$")
      message(FATAL_ERROR "Crosslane has no backend '${_crosslane_backend}'; the names are host, cuda, hip and auto")
    endif()
  endforeach()

  set(CROSSLANE_ENABLED_BACKENDS "")
  set(_crosslane_summary "")
  foreach(_crosslane_backend IN ITEMS host cuda hip)
    set(_crosslane_found FALSE)
    if(_crosslane_asked STREQUAL "auto" OR _crosslane_backend IN_LIST _crosslane_asked)
      cmake_language(CALL _crosslane_find_${_crosslane_backend} _crosslane_found _crosslane_detail)
    else()
      set(_crosslane_detail "not requested")
    endif()
    if(_crosslane_found)
      list(APPEND CROSSLANE_ENABLED_BACKENDS ${_crosslane_backend})
      list(APPEND _crosslane_summary "${_crosslane_backend}: on, ${_crosslane_detail}")
      if(NOT _crosslane_backend STREQUAL "host")
        string(TOUPPER ${_crosslane_backend} _crosslane_language)
        enable_language(${_crosslane_language})
      endif()
    elseif(_crosslane_backend IN_LIST _crosslane_asked)
      message(FATAL_ERROR "Crosslane's backend ${_crosslane_backend} was requested but is not available: ${_crosslane_detail}")
    else()
      list(APPEND _crosslane_summary "${_crosslane_backend}: off, ${_crosslane_detail}")
    endif()
  endforeach()
  foreach(_crosslane_line IN LISTS _crosslane_summary)
    message(STATUS "Crosslane ${_crosslane_line}")
  endforeach()
endmacro()
