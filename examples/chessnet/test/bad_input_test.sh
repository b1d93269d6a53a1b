#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# bad_input_test.sh CHESSNET FOLDER: tests the program's messages for wrong input, and its outputs for right input.
set -u
chessnet=$1
folder=$2
failures=0
rm -rf "$folder"
mkdir -p "$folder"
cd "$folder" || exit 1

fail() {
  echo "FAILED $*"
  failures=$((failures + 1))
}

# refuses NAME TEXT ARGUMENT...: expects exit code 1, one line on stderr that begins with "chessnet: " and contains TEXT, nothing on stdout,
# and no picture.
refuses() {
  local name=$1 text=$2 code
  shift 2
  rm -f board.svg
  "$chessnet" "$@" >stdout 2>stderr
  code=$?
  [ $code -eq 1 ] || fail "$name: exit code $code"
  [ "$(wc -l <stderr)" -eq 1 ] || fail "$name: not one line: $(cat stderr)"
  grep -q "^chessnet: " stderr || fail "$name: $(cat stderr)"
  grep -qF -- "$text" stderr || fail "$name: '$text' is not in: $(cat stderr)"
  [ ! -s stdout ] || fail "$name: wrote to stdout"
  [ ! -e board.svg ] || fail "$name: left a picture"
  echo "$name: $(cat stderr)"
}

# accepts NAME TEXT ARGUMENT...: expects exit code 0 and TEXT in the output.
accepts() {
  local name=$1 text=$2
  shift 2
  "$chessnet" "$@" >stdout 2>stderr || fail "$name: exit code $?: $(cat stderr)"
  grep -qF -- "$text" stdout || fail "$name: '$text' is not in: $(cat stdout)"
  echo "$name: ok"
}

: >empty.pb
echo "no network" >text.pb
head -c 1000000 /dev/zero | gzip >zeros.pb.gz
head -c 500 zeros.pb.gz >cut.pb.gz

refuses "wrong path" "cannot read 'no/such.pb': no such file" --weights no/such.pb
refuses "folder" "cannot read '.': it is a directory" --weights .
refuses "empty file" "cannot read 'empty.pb': net: it is empty" --weights empty.pb
refuses "text file" "cannot read 'text.pb': net: it does not begin with the magic number" --weights text.pb --picture board.svg
refuses "zeros" "cannot read 'zeros.pb.gz': net: " --weights zeros.pb.gz
refuses "cut file" "cannot read 'cut.pb.gz': the gzip data are cut off" --weights cut.pb.gz
refuses "unknown kind" "no kind 'small' of synthetic weights, but plain-32x3, " --synthetic small
refuses "unknown head" "the network has no policy head 'soft', but vanilla" --synthetic plain-32x3 --policy-head soft
refuses "wrong FEN" "illegal FEN 'no fen': it has 2 fields, not 6 or 4" --fen "no fen" --picture board.svg
refuses "wrong move" "illegal move 'e4e5' in 'rnbqkbnr/pppppppp/8/8/4P3/8/PPPP1PPP/RNBQKBNR b" --moves "e2e4 e4e5"
refuses "wrong temperature" "--temperature needs a number from 0.01 to 100, not '0'" --temperature 0
refuses "wrong seed" "not '-1'" --seed -1
refuses "wrong top" "--top needs a number from 0 to 1000, not '1001'" --top 1001
refuses "option without value" "--fen needs a value" --fen
refuses "unknown option" "unknown option 'e2e4'" e2e4
refuses "picture in no folder" "cannot write 'none/board.svg'" --picture none/board.svg

accepts "text" "White to move: win" --synthetic plain-32x3
accepts "json" '"side_to_move": "black"' --synthetic plain-32x3 --moves e2e4 --json
accepts "checkmate" "White to move: checkmate" --synthetic plain-32x3 --moves "f2f3 e7e5 g2g4 d8h4"
accepts "picture" "e2e4" --top 20 --synthetic plain-32x3 --picture board.svg
[ "$(tail -n 1 board.svg)" = "</svg>" ] || fail "the picture does not end"
accepts "help" "usage: chessnet" --help

[ $failures -eq 0 ] || exit 1
