#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# folders.sh CMAKE PKG_CONFIG COMPILER SOURCE_FOLDER: installs into nested and into absolute folders. What CMake and pkg-config say of
# them has to be right, for programs that are linked statically too. Without PKG_CONFIG (an empty word) CMake alone is asked.
set -eu
cmake=$1 pkg_config=$2 compiler=$3 source=$4

work=$(mktemp -d) # outside of the sources: CMake refuses to export a folder within
trap 'rm -rf "$work"' EXIT
cat >"$work/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.25)
project(consumer LANGUAGES CXX)
find_package(crosslane REQUIRED)
get_target_property(folder crosslane::crosslane INTERFACE_INCLUDE_DIRECTORIES)
if(NOT EXISTS ${folder}/crosslane/crosslane.hpp)
  message(FATAL_ERROR "the headers are not in ${folder}")
endif()
if(NOT COMMAND crosslane_enable_backends)
  message(FATAL_ERROR "${crosslane_CONFIG} hides crosslane-config.cmake")
endif()
if(CMAKE_VERSION VERSION_GREATER_EQUAL 4.3 AND NOT crosslane_DIR MATCHES "/absolute_data/")
  find_package(crosslane_headers REQUIRED)
  get_target_property(folder_of_headers crosslane_headers::crosslane INTERFACE_INCLUDE_DIRECTORIES)
  cmake_path(COMPARE "${folder}" EQUAL "${folder_of_headers}" same)
  if(NOT same)
    message(FATAL_ERROR "the package crosslane_headers has ${folder_of_headers}, crosslane has ${folder}")
  endif()
endif()
END

# try NAME INCLUDE_FOLDER DATA_FOLDER, whose name is share, where CMake looks
try() {
  "$cmake" -S "$source" -B "$work/$1.build" -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_INSTALL_INCLUDEDIR="$2" -DCMAKE_INSTALL_DATADIR="$3" \
    -DCMAKE_INSTALL_PREFIX="$work/$1.configured" -DCROSSLANE_BUILD_TESTS=OFF -DCROSSLANE_BUILD_EXAMPLES=OFF -DCROSSLANE_BUILD_BENCH=OFF \
    >"$work/log"
  "$cmake" --install "$work/$1.build" --prefix "$work/$1" >"$work/log"
  case $3 in /*) data=$3 ;; *) data=$work/$1/$3 ;; esac
  "$cmake" -S "$work" -B "$work/$1.consumer" -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_PREFIX_PATH="${data%/share}" >"$work/log"
  [ -n "$pkg_config" ] || return 0
  export PKG_CONFIG_PATH="$data/pkgconfig"
  # shellcheck disable=SC2046 # words of flags
  echo '#include <crosslane/crosslane.hpp>' | "$compiler" -fsyntax-only -x c++ $("$pkg_config" --cflags crosslane) -
}

try usual include share

# A project without C++ is told so.
mkdir "$work/c"
printf 'cmake_minimum_required(VERSION 3.25)\nproject(c LANGUAGES NONE)\nfind_package(crosslane REQUIRED)\n' >"$work/c/CMakeLists.txt"
if "$cmake" -S "$work/c" -B "$work/c.build" -DCMAKE_PREFIX_PATH="$work/usual" >"$work/log" 2>&1; then
  echo "crosslane is found without the language CXX" && exit 1
fi
grep -q "the language CXX is not enabled" "$work/log" || { cat "$work/log" && exit 1; }

try nested include/of/some/depth lib/of/some/share
try absolute "$work/headers" "$work/absolute_data/share"

[ -n "$pkg_config" ] || exit 0
for library in libc.a libgomp.a libboost_context.a; do
  case $("$compiler" -print-file-name=$library) in /*) ;; *) echo "not linked statically: no $library" && exit 0 ;; esac
done
# shellcheck disable=SC2046 # words of flags
"$compiler" -static $("$pkg_config" --cflags crosslane) "$source/test/consumer/consumer.cpp" $("$pkg_config" --static --libs crosslane) \
  -o "$work/consumer" 2>"$work/log" || { cat "$work/log" && exit 1; }
"$work/consumer"
