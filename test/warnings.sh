#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# warnings.sh INCLUDE_FOLDER COMMAND...: compiles all public headers that need no GPU compiler in one file by the command, which takes a
# file and options. The warnings that users turn on are errors, in each C++ standard, beside <complex.h>, which has a macro named I, and
# without run-time type information.
set -eu
include=$1
shift

headers=$(cd "$include" && find crosslane -name '*.hpp' ! -path '*/cuda/*' ! -path '*/hip/*' ! -path '*/gpu/*' \
  ! -name gtest.hpp | sort)
[ "$(echo "$headers" | wc -l)" -gt 50 ]
{ echo '#include <complex.h>' && echo "$headers" | sed 's/.*/#include <&>/'; } >warnings.cpp
for standard in c++20 c++2b gnu++20; do
  "$@" -std=$standard -fno-rtti -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast -Werror warnings.cpp
done

# Without exceptions the first error says so.
if "$@" -fno-exceptions warnings.cpp 2>errors.txt; then
  echo "compiles without exceptions"
  exit 1
fi
grep -m 1 'error:' errors.txt | grep 'crosslane needs exceptions'
