#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# uci_test.sh CHESSNET_UCI: talks to the engine as a chess program does, through pipes, with a small pseudo-random network.
set -u
failures=0

fail() {
  echo "FAILED $*"
  failures=$((failures + 1))
}

coproc engine { exec "$1"; }
# shellcheck disable=SC2154 # coproc assigns it
pid=$engine_PID
exec {to}>&"${engine[1]}" {from}<&"${engine[0]}"

say() { echo "$*" >&"$to"; }

# hear PATTERN SECONDS: reads lines until one matches the pattern, which becomes $heard.
hear() {
  local end=$((SECONDS + $2))
  while IFS= read -r -t $((end > SECONDS ? end - SECONDS : 1)) heard <&"$from"; do
    # shellcheck disable=SC2053 # a pattern
    [[ $heard == $1 ]] && return 0
  done
  fail "no line $1"
  heard=""
}

say uci
hear "uciok" 10
say "setoption name Synthetic value plain-32x3"
say isready
hear "info string network: pseudo-random plain-32x3*" 60
hear "readyok" 60
say "position startpos moves e2e4"
say "go nodes 3"
hear "info depth*pv*" 60
hear "bestmove [a-h]?[a-h]?" 60
echo "nodes: $heard"
say "position startpos moves e2e5"
hear "info string illegal move 'e2e5'*" 10
say "go infinite"
say isready
hear "readyok" 10
say stop
hear "bestmove [a-h]?[a-h]?" 10
echo "stop: $heard"
say "go infinite"
say quit
hear "bestmove*" 10
for _ in {1..100}; do
  kill -0 "$pid" 2>/dev/null || break
  sleep 0.1
done
kill -0 "$pid" 2>/dev/null && fail "it did not quit" && kill "$pid"

# The end of the input ends a search and the program.
printf 'setoption name Synthetic value plain-32x3\ngo infinite\n' | timeout 60 "$1" >/dev/null || fail "the end of the input: exit code $?"
"$1" --help | grep -q "^usage: chessnet_uci" || fail "help"

[ $failures -eq 0 ] || exit 1
