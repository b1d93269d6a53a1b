#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# corpus_matrix.sh [--record] [compiler...]: builds the guises of the corpus by each compiler, without and with optimisation, with and without
# assertions, and runs them in 9 orders at both widths. Prints a row for each build, and writes it to test/check/claims/builds.txt, from
# which test/claims.py makes a table. Not a part of continuous integration: takes half an hour on two idle cores. --record builds each
# compiler's default only and writes its file in test/check/claims. In the environment, CROSSLANE_MATRIX_LEVELS has other levels of
# optimisation: "-O3".
set -euo pipefail
cd "$(dirname "$0")/../.."
root=$PWD
out=${CROSSLANE_MATRIX_OUTPUT:-build/corpus-matrix}
read -ra levels <<<"${CROSSLANE_MATRIX_LEVELS:--O0 -O1 -O2 -O3}"
assertions=("-UNDEBUG" "-DNDEBUG") record=""
if [ "${1-}" = --record ]; then
  shift
  levels=("-O2") assertions=("-DNDEBUG") record=1
fi
compilers=("$@")
[ $# -gt 0 ] || compilers=(g++ clang++ clang++-19)
mkdir -p "$out"
builds=test/check/claims/builds.txt

# The options of crosslane::checked (cmake/crosslane_checked.cmake).
common=(-std=c++20 -Iinclude -Itest -DCROSSLANE_CONFIG_ACCESS_CHECKS=1 "-DCROSSLANE_SOURCE_DIR=\"$root\"")
calls=(-fsanitize=thread "-fsanitize=float-cast-overflow,shift-exponent,alignment" -g1 -U_FORTIFY_SOURCE)
mapfile -t wrapped < <(grep -o -e '--wrap=[A-Za-z0-9_]*' cmake/crosslane_checked.cmake)
compile=()
command -v ccache >/dev/null && compile=(ccache)

printf '%-12s %-14s %6s %6s %10s %7s %6s %8s\n' compiler options wrong found sometimes missed right accused
for compiler in "${compilers[@]}"; do
  options=("${calls[@]}")
  if [[ $compiler == clang* ]]; then
    options+=(-gdwarf-4 -fno-vectorize -fno-slp-vectorize -fsanitize=array-bounds -mllvm -tsan-compound-read-before-write)
  else
    options+=(-fno-ipa-icf -fno-crossjumping -fno-builtin-memcpy -fno-builtin-memmove -fno-builtin-memset -fsanitize=bounds)
  fi
  objects=()
  for source in src/checker test/support/main test/support/recorded; do
    object=$out/$compiler-${source##*/}.o
    "${compile[@]}" "$compiler" "${common[@]}" -O2 -c $source.cpp -o "$object"
    objects+=("$object")
  done
  for level in "${levels[@]}"; do
    for assertion in "${assertions[@]}"; do  # clang: a level behind -fno-vectorize would undo it
      program=$out/$compiler$level$assertion
      mine=()
      for source in guises_races guises_test; do
        "${compile[@]}" "$compiler" "${common[@]}" "$level" "$assertion" "${options[@]}" -c test/check/$source.cpp -o "$program-$source.o"
        mine+=("$program-$source.o")
      done
      "$compiler" "${mine[@]}" "${objects[@]}" "${wrapped[@]/#/-Wl,}" -lgtest -lboost_context -l:libgomp.so.1 -lpthread -ldl -o "$program"
      [ -z "$record" ] || CROSSLANE_RECORD=1 "$program" --gtest_filter=guises.levels >/dev/null
      CROSSLANE_GUISE_SEEDS=9 timeout 600 "$program" --gtest_filter=guises.precision_and_recall >"$program.txt" 2>&1 || true
      row=$(awk '$1 == "all" { printf "%6s %6s %10s %7s %6s %8s", $2, $3, $4, $5, $7, $8 }' "$program.txt")
      printf '%-12s %-14s %s\n' "$compiler" "$level $assertion" "${row:-did not end, see $program.txt}"
      [ -n "$row" ] || continue
      # The last line of the tables names the compiler.
      name=$(awk '/orders, 2 widths,/ { print $NF }' "$program.txt")
      result=$(grep -q 'PASSED  . 1 test' "$program.txt" && echo "as claimed" || echo "not as claimed")
      { grep -v "^$name $level $assertion " $builds || true; } >"$out/builds.txt"
      echo "$name $level $assertion $(awk '$1 == "all" { print $2, $3, $8 }' "$program.txt") $result" >>"$out/builds.txt"
      LC_ALL=C sort "$out/builds.txt" >$builds
    done
  done
done
