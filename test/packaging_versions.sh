#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# packaging_versions.sh VERSION FOLDER: the recipes in FOLDER that must spell the version spell this one.
set -eu
grep -F "\"version\": \"$1\"" "$2/vcpkg/crosslane/vcpkg.json"
grep -F "version(\"$1\")" "$2/spack/packages/crosslane/package.py"
grep -F "crosslane@$1" "$2/spack/packages/crosslane/package.py"
