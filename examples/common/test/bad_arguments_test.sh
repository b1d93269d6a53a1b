#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# bad_arguments_test.sh NAME PROGRAM: tests the messages of an example with numeric operands for wrong arguments.
set -u
name=$1
program=$2
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
failures=0

fail() {
  echo "FAILED $*"
  failures=$((failures + 1))
}

# refuses TEXT ARGUMENT...: expects exit code 1, one line on stderr that begins with the name and contains TEXT, nothing on stdout.
refuses() {
  local text=$1 code
  shift
  "$program" "$@" >stdout 2>stderr
  code=$?
  [ $code -eq 1 ] || fail "$*: exit code $code"
  [ "$(wc -l <stderr)" -eq 1 ] || fail "$*: not one line: $(cat stderr)"
  grep -q "^$name: " stderr || fail "$*: $(cat stderr)"
  grep -qF -- "$text" stderr || fail "$*: '$text' is not in: $(cat stderr)"
  [ ! -s stdout ] || fail "$*: wrote to stdout"
  echo "$*: $(cat stderr)"
}

echo "not a table" >text

refuses "unknown option '--fast'" --fast
refuses "unknown option '-5'" -5
refuses "--repeat needs a value" --repeat
refuses "--repeat needs a number from 1 to 1000000, not '0'" --repeat 0
refuses "not '3x'" --repeat 3x
refuses "not 'many'" many
refuses "not '12.5'" 12.5
refuses "not ''" ""
refuses "not '99999999999999999999999'" 99999999999999999999999
refuses "is one argument too many" 1 2 3 4
refuses "cannot read 'text'" --rows text 1

"$program" --help >stdout || fail "--help: exit code $?"
grep -q "^usage: $name" stdout || fail "--help"
"$program" --repeat 1 --rows rows 1 >stdout || fail "the smallest problem: exit code $?"
[ -s rows ] || fail "--rows: nothing written"

[ $failures -eq 0 ] || exit 1
