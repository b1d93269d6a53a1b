#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# must_not_compile.sh [--at-once] REGEX... -- COMPILER ARGUMENT...
# Runs the command, which must succeed as it is. With -DCROSSLANE_TEST_WRONG=n it must fail with a message that has a line like the n-th REGEX;
# a REGEX @FILE stands for the line in that file.
# With --at-once the command runs once, with -DCROSSLANE_TEST_WRONG=1 and -DCROSSLANE_TEST_AT_ONCE=1. Each REGEX must match one of its
# messages. A message is compared as one line, with the instantiations that it lists, so that a REGEX can name their types. No two REGEX may
# be equal: a case must not pass because of the message of another case.
set -u

at_once=false
if [ "$1" = --at-once ]; then
  at_once=true
  shift
fi
messages=()
while [ "$1" != -- ]; do
  messages+=("$1")
  shift
done
shift
if $at_once && same=$(printf '%s\n' "${messages[@]}" | sort | uniq -d) && [ -n "$same" ]; then
  printf 'Several cases expect the same message, so that one of them would do: %s\n' "$same"
  exit 1
fi

if ! output=$("$@" 2>&1); then
  printf 'The right variant does not compile:\n%s\n' "$output"
  exit 1
fi

has_message() {
  if [[ $1 == @* ]]; then grep -qF -f "${1#@}"; else grep -qE -e "$1"; fi
}

failures=0
if $at_once && output=$("$@" -DCROSSLANE_TEST_WRONG=1 -DCROSSLANE_TEST_AT_ONCE=1 2>&1); then
  echo "-DCROSSLANE_TEST_WRONG=1 compiles"
  exit 1
fi
if $at_once; then
  output=$(awk -v RS= '{ gsub(/\n/, " "); print }' <<<"$output") # nvcc separates messages by empty lines
fi
for n in "${!messages[@]}"; do
  wrong="-DCROSSLANE_TEST_WRONG=$((n + 1))"
  if $at_once; then
    has_message "${messages[n]}" <<<"$output" && continue
    printf 'No message like: %s\n' "${messages[n]}"
  elif output=$("$@" "$wrong" 2>&1); then
    printf '%s compiles, expected: %s\n' "$wrong" "${messages[n]}"
  elif ! has_message "${messages[n]}" <<<"$output"; then
    printf '%s fails, but not with: %s\n%s\n' "$wrong" "${messages[n]}" "$output"
  else
    continue
  fi
  failures=$((failures + 1))
done
[ "$failures" -eq 0 ]
