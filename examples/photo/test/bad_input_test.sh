#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# bad_input_test.sh PHOTO FOLDER: tests the program's messages for wrong input, and that the smallest pictures work.
set -u
photo=$1
folder=$2
picture=$(dirname "$0")/../data/dandelion.jpg
failures=0
rm -rf "$folder"
mkdir -p "$folder"
cd "$folder" || exit 1

fail() {
  echo "FAILED $*"
  failures=$((failures + 1))
}

# refuses NAME TEXT ARGUMENT...: expects exit code 1, one line on stderr that begins with "photo: " and contains TEXT, nothing on stdout,
# and no file in the output folder.
refuses() {
  local name=$1 text=$2 code
  shift 2
  rm -rf out
  "$photo" "$@" >stdout 2>stderr
  code=$?
  [ $code -eq 1 ] || fail "$name: exit code $code"
  [ "$(wc -l <stderr)" -eq 1 ] || fail "$name: not one line: $(cat stderr)"
  grep -q "^photo: " stderr || fail "$name: $(cat stderr)"
  grep -qF -- "$text" stderr || fail "$name: '$text' is not in: $(cat stderr)"
  [ ! -s stdout ] || fail "$name: wrote to stdout"
  [ -z "$(ls -A out 2>/dev/null)" ] || fail "$name: left $(ls -A out)"
  echo "$name: $(cat stderr)"
}

# accepts NAME SIZE ARGUMENT...: expects exit code 0, the four pictures, and SIZE in the output.
accepts() {
  local name=$1 size=$2
  shift 2
  rm -rf out
  "$photo" "$@" >stdout 2>stderr || fail "$name: exit code $?: $(cat stderr)"
  grep -qF "$size pixels" stdout || fail "$name: '$size pixels' is not in: $(cat stdout)"
  [ "$(ls -A out)" = "$(printf 'photo-%s.png\n' blurred edges equalised sheet)" ] || fail "$name: wrote $(ls -A out)"
  echo "$name: ok"
}

# Files from bytes in printf's notation.
# shellcheck disable=SC2059
{
  png_head='\211PNG\r\n\032\n\0\0\0\015IHDR'
  printf "${png_head}"'\0\0\0\0\0\0\0\0\010\002\0\0\0\0\0\0\0' >none.png
  printf "${png_head}"'\0\0\0\005\0\0\0\0\010\002\0\0\0\0\0\0\0' >flat.png
  printf "${png_head}"'\177\377\377\377\177\377\377\377\010\002\0\0\0\0\0\0\0' >huge.png
}
# Grey pictures of 1 x 1, 1 x 5 and 5 x 1 pixels.
base64 -d >dot.png <<<iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGPQAAAAKgApazFUcwAAAABJRU5ErkJggg==
base64 -d >column.png <<<iVBORw0KGgoAAAANSUhEUgAAAAEAAAAFCAAAAACh79lDAAAAEklEQVR4nGPQYAhgqGBYwHACAAiiAlmyUmU6AAAAAElFTkSuQmCC
base64 -d >line.png <<<iVBORw0KGgoAAAANSUhEUgAAAAUAAAABCAAAAAAzlTsvAAAADklEQVR4nGPQCKhYcAIABX4CWaqiBS4AAAAASUVORK5CYII=
: >empty.jpg
echo "not a picture" >text.png
head -c 100000 "$picture" >cut.jpg
head -c "$(($(wc -c <"$picture") - 2))" "$picture" >nearly.jpg

refuses "wrong path" "cannot read 'no/such.png': no such file" no/such.png out
refuses "folder" "cannot read '.': it is a directory" . out
refuses "empty file" "the file is empty" empty.jpg out
refuses "text file" "it is neither a PNG nor a JPEG" text.png out
refuses "cut JPEG" "damaged or incomplete JPEG" cut.jpg out
refuses "JPEG without its end" "damaged or incomplete JPEG" nearly.jpg out
refuses "0 x 0" "the picture has no pixels (0 x 0)" none.png out
refuses "5 x 0" "the picture has no pixels (5 x 0)" flat.png out
refuses "2 thousand million squared" "the picture is too large" huge.png out
refuses "output below a file" "cannot make the output directory 'text.png/out'" dot.png text.png/out
refuses "output is a file" "cannot make the output directory 'text.png'" dot.png text.png
refuses "output in a folder that takes none" "cannot write in '/proc'" dot.png /proc
refuses "unknown option" "unknown option '--fast'" --fast
refuses "option without value" "--repeat needs a value" --repeat
refuses "option with a wrong value" "not '0'" --repeat 0
refuses "wrong rows" "cannot read 'text.png'" --rows text.png dot.png out
refuses "three names" "'c' is one argument too many" a b c

accepts "1 x 1" "1 x 1" --repeat 1 dot.png out
cp out/photo-sheet.png whole.png
head -c "$(($(wc -c <whole.png) - 12))" whole.png >cut.png
refuses "PNG without its end" "damaged or incomplete PNG" cut.png out
accepts "column" "1 x 5" --repeat 1 column.png out
accepts "line" "5 x 1" --repeat 1 line.png out

"$photo" --help | grep -q "^usage: photo" || fail "--help"

[ $failures -eq 0 ] || exit 1
