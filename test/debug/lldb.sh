#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# lldb.sh FORMATTERS PROGRAM: LLDB prints the values of values.cpp as expected_lldb.txt says. Returns 77 without an LLDB that has Python and
# may trace.
set -eu
formatters=$1 program=$2

lldb=$(command -v lldb || command -v lldb-19 || true)
if [ -z "$lldb" ] || ! "$lldb" --no-lldbinit --batch -o 'script print("python")' 2>/dev/null | grep -qx python; then
  echo "no lldb with Python"
  exit 77
fi
printed=$(mktemp)
trap 'rm "$printed"' EXIT
"$lldb" --no-lldbinit --batch -o "command script import $formatters" -o 'breakpoint set --name stop' -o run -o up \
  -o 'frame variable numbers s empty v h e m none b t tv' "$program" >"$printed" 2>&1 || true
if grep -q 'Operation not permitted\|personality set failed' "$printed"; then
  cat "$printed"
  exit 77
fi
# LLDB shows template arguments that have defaults only in what clang compiled.
sed -n -e 's/^(crosslane::buffer<int>)/(crosslane::buffer)/' -e 's/^(crosslane::tensor<int, .*>)/(crosslane::tensor)/' -e 's/^(const crosslane::tensor_view<.*>) tv/(view) tv/' -e 's/ at 0x[0-9a-f]*$/ at (address)/' \
  -e '/^(int\[3\])/,$p' "$printed" |
  diff "$(dirname "$0")/expected_lldb.txt" - || { cat "$printed" && exit 1; }
