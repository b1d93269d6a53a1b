# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# crosslane::checked replaces crosslane::host. The compiler then inserts a call at each access to memory, at each cast of a number to an
# integer type that cannot hold it, and at each shift by the width of its type or more. The host backend checks these. The flags are those
# of the compiler's sanitizers, but their runtimes are not linked: src/checker.cpp has the functions instead. The project that uses the
# target compiles this one file without the flags.
#
# CROSSLANE_CHECKER_SOURCE is that file. The file you read is also part of the installed package.
if(TARGET crosslane_checked)
  return()
endif()

add_library(crosslane_checker STATIC EXCLUDE_FROM_ALL ${CROSSLANE_CHECKER_SOURCE})
target_compile_definitions(crosslane_checker PUBLIC CROSSLANE_CONFIG_ACCESS_CHECKS=1)
target_link_libraries(crosslane_checker PUBLIC crosslane::host PRIVATE ${CMAKE_DL_LIBS})
set_target_properties(crosslane_checker PROPERTIES POSITION_INDEPENDENT_CODE ON)
# Calls of memcpy by the checker and by code without the flag go through these functions too. They only call the C library.
target_link_options(crosslane_checker INTERFACE "LINKER:--wrap=memcpy,--wrap=memmove,--wrap=memset")

add_library(crosslane_checked INTERFACE)
add_library(crosslane::checked ALIAS crosslane_checked)
target_link_libraries(crosslane_checked INTERFACE crosslane_checker)
# -U_FORTIFY_SOURCE: some distributions set this macro. Findings would name its inline wrappers of memcpy and memset, not the program's lines.
# -g1: source lines of accesses. Two further options: clang would leave out the read of `x += 1`, g++ the accesses of an expanded memset.
# -O2: g++ inserts no call for the store of `x[i] = f()` if f returns an object of class type and is not inlined.
target_compile_options(crosslane_checked INTERFACE
  "$<$<COMPILE_LANGUAGE:CXX>:-fsanitize=thread;-fsanitize=float-cast-overflow,shift-exponent;-g1;-U_FORTIFY_SOURCE>"
  "$<$<AND:$<COMPILE_LANG_AND_ID:CXX,GNU>,$<NOT:$<CONFIG:Release,RelWithDebInfo>>>:-O2>"
  "$<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fno-builtin-memcpy;-fno-builtin-memmove;-fno-builtin-memset>"
  "$<$<COMPILE_LANG_AND_ID:CXX,Clang>:SHELL:-mllvm -tsan-compound-read-before-write>")
