#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# gdb.sh PRINTERS PROGRAM: GDB prints the values of values.cpp as expected.txt says. Returns 77 without a GDB that has Python and may trace.
set -eu
printers=$1 program=$2

if ! gdb -nx -batch -ex 'python print("python")' 2>/dev/null | grep -q python; then
  echo "no gdb with Python"
  exit 77
fi
printed=$(mktemp)
trap 'rm "$printed"' EXIT
gdb -nx -batch -ex "source $printers" -ex 'break stop' -ex run -ex up -ex 'info locals' -ex 'print b' "$program" >"$printed" 2>&1 || true
if grep -q 'ptrace: Operation not permitted\|Could not trace' "$printed"; then
  cat "$printed"
  exit 77
fi
sed 's/ at 0x[0-9a-f]*$/ at (address)/' "$printed" | grep -E '^(numbers|s|empty|v|h|e|m|none|b|t|tv|[$]1) = ' | diff "$(dirname "$0")/expected.txt" - || { cat "$printed" && exit 1; }
