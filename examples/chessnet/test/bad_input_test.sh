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
refuses "mode after an option" "unknown option 'bench'" --json bench
refuses "option of another mode" "--fen is an option of 'evaluate', not of 'bench'" bench --fen x
refuses "option of another mode" "--sizes is an option of 'bench', not of 'evaluate'" --sizes 1
refuses "wrong precision" "--precision needs float, half, bfloat16 or reference, not 'double'" --precision double
refuses "reference as a device" "--precision reference is for 'evaluate', not for 'bench'" bench --precision reference
refuses "wrong device" "--device 2: this machine has devices 0 to 1" --device 2 --synthetic plain-32x3
refuses "wrong sizes" "--sizes needs a number from 1 to 65536, not '0'" bench --sizes 4,0
refuses "no size" "--sizes needs a number from 1 to 65536, not ''" bench --sizes 4,
refuses "wrong batches" "--batches needs a number from 1 to 1000000, not '0'" bench --batches 0
refuses "wrong batches in flight" "--in-flight needs a number from 1 to 64, not '65'" bench --in-flight 65
refuses "wrong positions" "--positions needs a number from 1 to 65536, not '0'" check --positions 0
refuses "no recording" "cannot read 'none': no such file" check --against none
refuses "wrong recording" "cannot read 'text.pb': it is no recording of this program" check --against text.pb
refuses "wrong kind of picture" "cannot write 'board.gif': the name of a picture ends in .svg or .png" --picture board.gif
refuses "picture in no folder" "cannot write 'none/board.svg'" --picture none/board.svg

accepts "text" "White to move: win" --synthetic plain-32x3
accepts "json" '"side_to_move": "black"' --synthetic plain-32x3 --moves e2e4 --json
accepts "checkmate" "White to move: checkmate" --synthetic plain-32x3 --moves "f2f3 e7e5 g2g4 d8h4"
accepts "picture" "e2e4" --top 20 --synthetic plain-32x3 --picture board.svg
[ "$(tail -n 1 board.svg)" = "</svg>" ] || fail "the picture does not end"
if "$chessnet" --synthetic plain-32x3 --picture board.png >stdout 2>stderr; then
  [ "$(head -c 4 board.png | tail -c 3)" = "PNG" ] || fail "the picture is no PNG"
else
  rm -f board.png
  refuses "built without PNG" "built without librsvg, which draws PNG" --synthetic plain-32x3 --picture board.png
fi
accepts "reference" "White to move: win" --synthetic plain-32x3 --precision reference
accepts "waves of 64 lanes" "White to move: win" evaluate --synthetic plain-32x3 --device 1
accepts "check" "passed" check --synthetic plain-32x3 --positions 2
accepts "save" "recording" check --synthetic plain-32x3 --positions 2 --save recording
accepts "against" "waves of 64 lanes, float, against host, waves of 32 lanes, float" \
  check --synthetic plain-32x3 --positions 2 --against recording --device 1
accepts "check as JSON" '"passed": true' check --synthetic plain-32x3 --positions 2 --against recording --json
accepts "bench" "evaluations/s" bench --synthetic plain-32x3 --sizes 1,2 --batches 2
accepts "bench as JSON" '"per_second_in_flight": ' bench --synthetic plain-32x3 --sizes 2 --batches 2 --json
accepts "help" "usage: chessnet" --help

# What differs more than the tolerances allow.
"$chessnet" check --synthetic plain-32x3 --seed 1 --positions 2 --save other >/dev/null 2>&1 || fail "save"
"$chessnet" check --synthetic plain-32x3 --seed 2 --positions 2 --against other >stdout 2>stderr && fail "other positions: exit code 0"
[ "$(tail -n 1 stderr)" = "chessnet: the recordings are of different positions: use the same --seed and --positions" ] ||
  fail "other positions: $(cat stderr)"
{ head -c -4 other && printf '\0\0\310\102'; } >wrong # its last number is now 100
"$chessnet" check --synthetic plain-32x3 --positions 2 --against wrong >stdout 2>stderr
code=$?
if [ $code -ne 1 ] || ! grep -q "^moves left .* FAILED$" stdout || [ "$(tail -n 1 stdout)" != "FAILED" ]; then
  fail "wrong moves left: exit code $code: $(cat stdout)"
fi

[ $failures -eq 0 ] || exit 1
