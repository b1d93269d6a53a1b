#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# orders.sh <program> [argument...]
#
# Runs a test in the orders of threads that the seeds 1 ... CROSSLANE_TEST_SEEDS stand for, 2 where that is not set.
set -euo pipefail
seeds=${CROSSLANE_TEST_SEEDS:-2}
if ! [[ $seeds =~ ^[1-9][0-9]*$ ]]; then
  echo "CROSSLANE_TEST_SEEDS is a number of at least 1, not '$seeds'"
  exit 1
fi
for ((seed = 1; seed <= seeds; ++seed)); do
  if ! output=$(CROSSLANE_SEED=$seed "$@" 2>&1); then
    printf '%s\n' "$output"
    echo "with CROSSLANE_SEED=$seed"
    exit 1
  fi
done
