#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# packaging_versions.sh VERSION FOLDER: the recipes in FOLDER that must spell the version spell this one. Conan's recipe takes along each
# folder that is installed. The pages and the test of find_package() name the minor version.
set -eu
grep -F "\"version\": \"$1\"" "$2/vcpkg/crosslane/vcpkg.json"
grep -F "version(\"$1\")" "$2/spack/packages/crosslane/package.py"
grep -F "crosslane@$1" "$2/spack/packages/crosslane/package.py"
minor=${1%.*}
grep -F "find_package(crosslane $minor " "$2/../docs/reference/settings.md"
grep -F "| Crosslane $minor |" "$2/../docs/comparison.md"
grep -F "find_package(crosslane $minor " "$2/../test/consumer/find_package/CMakeLists.txt"
sed -n 's|.*[$]{PROJECT_SOURCE_DIR}/\([a-z]*\)/.*|\1|p; s|.*DIRECTORY [$]{PROJECT_SOURCE_DIR}/\([a-z]*\) .*|\1|p' "$2/../cmake/CMakeLists.txt" | sort -u |
  while read -r folder; do
    grep -F "\"$folder/*\"" "$2/conan/conanfile.py" >/dev/null || {
      echo "packaging/conan/conanfile.py leaves out $folder/, which cmake/CMakeLists.txt installs"
      exit 1
    }
  done
