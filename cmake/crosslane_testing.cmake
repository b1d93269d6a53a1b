# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Functions that declare tests. This file is not installed.

set(CROSSLANE_HIP_TEST_LAUNCHER "" CACHE STRING "Command (a list) that HIP tests are run under")
# OFF for a build with a sanitizer, which would only repeat these tests.
option(CROSSLANE_TEST_COMPILATION "Also test what compiles and what does not: headers, wrong code, other projects" ON)

option(CROSSLANE_TEST_CHECKED "Also run tests of kernels with the access checker: not together with a sanitizer" ON)
# OFF if a build of the same compiler with sanitizers runs the others.
option(CROSSLANE_TEST_PLAIN "Run all tests on the host, not only those of the access checker" ON)
option(CROSSLANE_TEST_TSAN "Leave out tests that hold nothing for the thread sanitizer: of one lane, of signals and fork(), or like other tests" OFF)
option(CROSSLANE_TEST_ALL "Every combination of types and sizes, not only representatives: takes long to compile" OFF)
option(CROSSLANE_HIP_REPRESENTATIVES "Build only the tests in CROSSLANE_REPRESENTATIVE_TESTS for HIP: to try a compiler" OFF)
option(CROSSLANE_CUDA_PTX "Compile the tests that are not in CROSSLANE_REPRESENTATIVE_TESTS for CUDA to PTX only: no GPU runs them" OFF)
option(CROSSLANE_TEST_ALL_CHECKED "With the access checker, also those that take long to compile" OFF)

# crosslane_add_test(NAME <name> SOURCES <file.cpp>... [BACKENDS <backend>...] [LIBRARIES <target>...] [ARGUMENTS <a>...]
#                    [NO_TSAN] [CHECKED [ONE_ORDER] [LONG]])
#
# Adds executables <name>.<backend>, which also link crosslane::host and CROSSLANE_TEST_LIBRARIES. Adds for each a test of the same name,
# labelled with its backend. The test is skipped if the executable returns 77: it found no device for any of its tests.
# To save time, executables with the access checker and host tests that are not in CROSSLANE_REPRESENTATIVE_TESTS are compiled with -O1: it
# takes two thirds of the time of -O3. CROSSLANE_TEST_ALL=ON compiles them as the build type says.
# NO_TSAN adds nothing if CROSSLANE_TEST_TSAN is ON.
# CHECKED also adds the tests <name>.checked and <name>.orders. In <name>.checked the access checker must find nothing that the test does
# not expect. <name>.orders runs it in other orders of threads. ONE_ORDER, for tests that choose their orders themselves, leaves
# <name>.orders out. LONG leaves both out unless CROSSLANE_TEST_ALL_CHECKED is ON.
function(crosslane_add_test)
  cmake_parse_arguments(PARSE_ARGV 0 arg "NO_TSAN;CHECKED;ONE_ORDER;LONG" "NAME" "SOURCES;BACKENDS;LIBRARIES;ARGUMENTS")
  if(arg_NO_TSAN AND CROSSLANE_TEST_TSAN)
    return()
  endif()
  if(NOT arg_BACKENDS)
    set(arg_BACKENDS ${CROSSLANE_ENABLED_BACKENDS})
  endif()
  if(NOT CROSSLANE_TEST_PLAIN)
    if(NOT arg_BACKENDS STREQUAL "none")
      set(arg_CHECKED FALSE)
    endif()
    list(REMOVE_ITEM arg_BACKENDS host)
  endif()
  set(libraries crosslane::host crosslane_warnings ${CROSSLANE_TEST_LIBRARIES} ${arg_LIBRARIES})
  if(NOT arg_NAME IN_LIST CROSSLANE_REPRESENTATIVE_TESTS)
    if(CROSSLANE_HIP_REPRESENTATIVES)
      list(REMOVE_ITEM arg_BACKENDS hip)
    endif()
    if(CROSSLANE_CUDA_PTX AND "cuda" IN_LIST CROSSLANE_ENABLED_BACKENDS AND "cuda" IN_LIST arg_BACKENDS)
      list(REMOVE_ITEM arg_BACKENDS cuda)
      _crosslane_sources_for(cuda sources ${arg_SOURCES})
      add_library(${arg_NAME}.ptx OBJECT ${sources})
      set_target_properties(${arg_NAME}.ptx PROPERTIES CUDA_PTX_COMPILATION ON CUDA_ARCHITECTURES 90-virtual)
      target_link_libraries(${arg_NAME}.ptx PRIVATE crosslane::cuda ${libraries})
    endif()
  endif()
  list(APPEND arg_BACKENDS none) # an empty list would mean all
  crosslane_add_executables(NAME ${arg_NAME} SOURCES ${arg_SOURCES} BACKENDS ${arg_BACKENDS} LIBRARIES ${libraries})
  if(TARGET ${arg_NAME}.host AND NOT arg_NAME IN_LIST CROSSLANE_REPRESENTATIVE_TESTS)
    _crosslane_compile_quickly(${arg_NAME}.host)
  endif()
  foreach(backend IN LISTS CROSSLANE_ENABLED_BACKENDS)
    set(target ${arg_NAME}.${backend})
    if(TARGET ${target} AND backend STREQUAL "hip" AND CROSSLANE_BUILD_AMD_EMULATOR)
      _crosslane_add_emulated_tests(${target} ${arg_ARGUMENTS})
      _crosslane_add_weak_tests(${target} ${arg_ARGUMENTS})
    elseif(TARGET ${target})
      set(launcher "")
      if(backend STREQUAL "hip")
        set(launcher ${CROSSLANE_HIP_TEST_LAUNCHER})
      endif()
      add_test(NAME ${target} COMMAND ${launcher} $<TARGET_FILE:${target}> ${arg_ARGUMENTS})
      set_tests_properties(${target} PROPERTIES LABELS ${backend} SKIP_RETURN_CODE 77 TIMEOUT 300)
    endif()
  endforeach()
  if(arg_LONG AND NOT CROSSLANE_TEST_ALL_CHECKED)
    set(arg_CHECKED FALSE)
  endif()
  if(arg_CHECKED AND CROSSLANE_TEST_CHECKED AND "host" IN_LIST CROSSLANE_ENABLED_BACKENDS)
    set(target ${arg_NAME}.checked)
    add_executable(${target} ${arg_SOURCES})
    target_link_libraries(${target} PRIVATE crosslane::checked ${CROSSLANE_TEST_LIBRARIES} ${arg_LIBRARIES})
    if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "GNU") # g++ warns of accesses that cannot be in code that the checker instruments
      target_link_libraries(${target} PRIVATE crosslane_warnings)
    endif()
    _crosslane_compile_quickly(${target})
    crosslane_add_checked_tests(${arg_NAME} ${arg_ONE_ORDER} ${arg_ARGUMENTS})
  endif()
endfunction()

# _crosslane_compile_quickly(<target>)
#
# Compiles the target with -O1 instead of a higher level.
function(_crosslane_compile_quickly target)
  string(TOUPPER "${CMAKE_BUILD_TYPE}" configuration)
  if(NOT CROSSLANE_TEST_ALL AND CMAKE_CXX_FLAGS_${configuration} MATCHES "-O[23]")
    target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-O1>)
  endif()
endfunction()

# _crosslane_add_emulated_tests(<target> [argument...])
#
# Adds a test <target>.<architecture> on the AMD emulator for each architecture that the executable <target> is compiled for.
function(_crosslane_add_emulated_tests target)
  foreach(architecture IN LISTS CMAKE_HIP_ARCHITECTURES)
    add_test(NAME ${target}.${architecture} COMMAND ${target} ${ARGN})
    _crosslane_set_emulated(${target}.${architecture} ${architecture})
  endforeach()
endfunction()

# _crosslane_add_weak_tests(<target> [argument...])
#
# Adds a second test <target>.<architecture>.weak, in which memory is as weak as the hardware allows. Races are the first one's subject.
function(_crosslane_add_weak_tests target)
  foreach(architecture IN LISTS CMAKE_HIP_ARCHITECTURES)
    set(test ${target}.${architecture}.weak)
    add_test(NAME ${test} COMMAND ${target} ${ARGN})
    set_tests_properties(${test} PROPERTIES LABELS "hip;emulated" SKIP_RETURN_CODE 77 TIMEOUT 300)
    crosslane_use_amd_emulator(${test} ARCHITECTURE ${architecture})
    set_property(TEST ${test} APPEND PROPERTY ENVIRONMENT AMDEMU_WEAK=1 AMDEMU_RACE=0)
  endforeach()
endfunction()

# _crosslane_set_emulated(<test> <architecture>)
#
# Runs a test on the AMD emulator, which appends the kernels to the file that test/summary.py reads.
function(_crosslane_set_emulated test architecture)
  set_tests_properties(${test} PROPERTIES LABELS "hip;emulated" SKIP_RETURN_CODE 77 TIMEOUT 300)
  crosslane_use_amd_emulator(${test} ARCHITECTURE ${architecture})
  set_property(TEST ${test} APPEND PROPERTY ENVIRONMENT AMDEMU_REPORT=${PROJECT_BINARY_DIR}/amd-kernels.tsv)
endfunction()

# crosslane_add_checked_tests(<name> <one_order> [argument...])
#
# Adds the tests of an executable <name>.checked. The target `checked_tests` builds all such executables.
function(crosslane_add_checked_tests name one_order)
  add_test(NAME ${name}.checked COMMAND ${name}.checked ${ARGN})
  set_tests_properties(${name}.checked PROPERTIES LABELS host TIMEOUT 600)
  if(NOT one_order)
    add_test(NAME ${name}.orders COMMAND ${PROJECT_SOURCE_DIR}/test/orders.sh $<TARGET_FILE:${name}.checked> ${ARGN})
    set_tests_properties(${name}.orders PROPERTIES LABELS host TIMEOUT 1800)
  endif()
  if(NOT TARGET checked_tests)
    add_custom_target(checked_tests)
  endif()
  add_dependencies(checked_tests ${name}.checked)
endfunction()

# Sets <out> to the command that compiles one file for a backend without making code. It repeats the flags of the targets in
# crosslane_targets.cmake, because a test's command cannot ask for the flags of a language.
function(_crosslane_syntax_command backend out)
  set(include_dirs ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/test)
  get_target_property(boost_dirs Boost::headers INTERFACE_INCLUDE_DIRECTORIES)
  foreach(dir IN LISTS boost_dirs)
    if(NOT dir IN_LIST CMAKE_CXX_IMPLICIT_INCLUDE_DIRECTORIES)
      list(APPEND include_dirs ${dir})
    endif()
  endforeach()
  list(TRANSFORM include_dirs PREPEND -I)

  if(backend STREQUAL "host")
    set(command ${CMAKE_CXX_COMPILER} -fsyntax-only)
  elseif(backend STREQUAL "cuda")
    # Down to PTX: nvcc has no syntax check, and the host pass alone would not instantiate kernels as the device pass does.
    set(command ${CMAKE_CUDA_COMPILER} -x cu --extended-lambda --expt-relaxed-constexpr -cuda -o /dev/null -gencode arch=compute_90,code=compute_90)
  else()
    set(command ${CMAKE_HIP_COMPILER} -x hip -fsyntax-only -nogpulib ${CROSSLANE_HIP_FLAGS})
    foreach(architecture IN LISTS CMAKE_HIP_ARCHITECTURES)
      list(APPEND command --offload-arch=${architecture})
    endforeach()
  endif()
  set(${out} ${command} -std=c++20 ${include_dirs} PARENT_SCOPE)
endfunction()

# crosslane_add_compile_failure(NAME <name> SOURCE <file.cpp> EXPECT <regex>... [BACKENDS <backend>...] [WHOLE] [AT_ONCE])
#
# Adds a test for each backend. <file> must compile as it stands. With -DCROSSLANE_TEST_WRONG=1 it must not compile, and a message must match
# the first <regex>; with =2 the second, and so on. @<file> stands for the line in that file.
# BACKENDS is host by default, because all backends reject what the language rejects. WHOLE also compiles the output of nvcc for the host
# compiler, for errors that only the host compiler finds. AT_ONCE compiles the wrong code once, with -DCROSSLANE_TEST_WRONG=1 and
# -DCROSSLANE_TEST_AT_ONCE=1; the messages must match every <regex>, and no two may be equal.
function(crosslane_add_compile_failure)
  cmake_parse_arguments(PARSE_ARGV 0 arg "WHOLE;AT_ONCE" "NAME;SOURCE" "EXPECT;BACKENDS")
  if(NOT arg_NAME OR NOT arg_SOURCE OR NOT arg_EXPECT OR arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "crosslane_add_compile_failure: NAME, SOURCE and EXPECT are needed")
  endif()
  if(NOT CROSSLANE_TEST_COMPILATION)
    return()
  endif()
  if(NOT arg_BACKENDS)
    set(arg_BACKENDS host)
  endif()
  cmake_path(ABSOLUTE_PATH arg_SOURCE)
  foreach(backend IN LISTS CROSSLANE_ENABLED_BACKENDS)
    if(backend IN_LIST arg_BACKENDS)
      _crosslane_syntax_command(${backend} command)
      if(arg_WHOLE)
        list(TRANSFORM command REPLACE "^-cuda$" "-c")
      endif()
      set(at_once "")
      if(arg_AT_ONCE)
        set(at_once --at-once)
      endif()
      add_test(NAME ${arg_NAME}.${backend}
        COMMAND ${PROJECT_SOURCE_DIR}/test/must_not_compile.sh ${at_once} ${arg_EXPECT} -- ${command} ${arg_SOURCE})
      set_tests_properties(${arg_NAME}.${backend} PROPERTIES LABELS ${backend} TIMEOUT 300)
    endif()
  endforeach()
endfunction()

# crosslane_add_header_tests()
#
# Adds libraries that compile the headers. headers.host has one object for each header, which includes only this header, twice. headers.cuda
# and headers.hip have one object with all headers in reverse order, so that a header fails if it needs another one that sorts before it.
function(crosslane_add_header_tests)
  if(NOT CROSSLANE_TEST_COMPILATION)
    return()
  endif()
  foreach(backend IN LISTS CROSSLANE_ENABLED_BACKENDS)
    set(others host cuda hip)
    list(REMOVE_ITEM others ${backend})
    if(backend STREQUAL "host")
      list(APPEND others gpu)
    endif()
    list(JOIN others "|" others)
    file(GLOB_RECURSE headers CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/include/*.hpp)
    list(FILTER headers EXCLUDE REGEX "^crosslane/backend/(native/)?(${others})/")
    if(backend STREQUAL "hip") # clang 15 crashes on GoogleTest's header
      list(REMOVE_ITEM headers crosslane/gtest.hpp)
    endif()
    list(SORT headers ORDER DESCENDING)

    set(sources "")
    set(all "")
    foreach(header IN LISTS headers)
      string(APPEND all "#include <${header}>\n")
      if(backend STREQUAL "host")
        set(source ${CMAKE_CURRENT_BINARY_DIR}/headers/${header}.cpp)
        file(CONFIGURE OUTPUT ${source} CONTENT "#include <${header}>\n#include <${header}>\n" @ONLY)
        list(APPEND sources ${source})
      endif()
    endforeach()
    if(NOT backend STREQUAL "host")
      set(source ${CMAKE_CURRENT_BINARY_DIR}/headers/all.${backend}.cpp)
      file(CONFIGURE OUTPUT ${source} CONTENT "${all}" @ONLY)
      _crosslane_sources_for(${backend} sources ${source})
    endif()
    add_library(headers.${backend} OBJECT ${sources})
    target_link_libraries(headers.${backend} PRIVATE crosslane::${backend} crosslane::host crosslane_warnings)
  endforeach()
endfunction()
