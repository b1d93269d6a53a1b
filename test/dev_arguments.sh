#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# dev_arguments.sh <source folder>: ./dev refuses a preset that does not exist before it does anything else, and names those that do.
set -eu
cd "$1"

fail() {
  echo "$1"
  exit 1
}
presets="only: $(python3 -c 'import json; print(*[p["name"] for p in json.load(open("CMakePresets.json"))["testPresets"] if not p.get("hidden")])')"
for preset in nonsense '' 'all host' --none; do
  for all in '' --all; do
    # shellcheck disable=SC2086 # no argument if empty
    if text=$(./dev test $all "$preset" 2>&1); then fail "accepted: './dev test $all $preset'"; fi
    case "$text" in
      "./dev: test: there is no preset '$preset', $presets"*) ;;
      *) fail "'./dev test $all $preset' prints: $text" ;;
    esac
  done
done
for arguments in help --help 'test --help' 'test --all -h' 'orders --help'; do
  # shellcheck disable=SC2086 # several arguments
  case "$(./dev $arguments 2>&1 || echo failed)" in
    *failed*) fail "'./dev $arguments' fails" ;;
    *'./dev test [preset]'*) ;;
    *) fail "'./dev $arguments' does not print the usage" ;;
  esac
done
