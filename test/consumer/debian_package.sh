#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# debian_package.sh CPACK BUILD_FOLDER PREFIX VERSION: makes the package, and compares it with what was installed at PREFIX.
set -eu
cpack=$1 build=$2 prefix=$3 version=$4

rm -rf package
"$cpack" -G DEB --config "$build/CPackConfig.cmake" -B package >/dev/null
file=package/libcrosslane-dev_${version}_all.deb
dpkg-deb --field "$file" Depends | grep -x 'libboost-context-dev (>= 1.70)'
dpkg-deb --extract "$file" package/root
diff --recursive package/root/usr "$prefix"
