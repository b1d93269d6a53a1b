#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# process_test.sh <program> <library>...
#
# Runs each case of process_test.cpp with each library. None may hang or print a word, save of errors that nobody has collected.
set -uo pipefail
program=$1
shift
failed=0
uncollected='crosslane: an error that no synchronising call collected: divergent barrier: '

# check <expected start of the output; empty for none> <library> <case> [<expected exit code>]
check() {
  local output status expected=${4:-0}
  output=$(timeout 60 "$program" "$3" "$2" 2>&1)
  status=$?
  if [[ $status != "$expected" || ${output:0:${#1}} != "$1" || (-z $1 && -n $output) ]]; then
    printf '%s %s: exit code %s, expected %s; the output, expected to be '\''%s...'\'':\n%s\n' "$3" "$2" "$status" "$expected" "$1" "$output"
    failed=1
  fi
}

for library in "$@"; do
  check "$uncollected" "$library" namespace_scope
  check "$uncollected" "$library" leaves_an_error
  check 'crosslane: kernel' "$library" fault_at_the_end 139
  check 'terminate called' "$library" terminates_without_the_library 134
  for case in fork shares_state leaks_a_stream; do check "" "$library" "$case"; done
done
exit "$failed"
