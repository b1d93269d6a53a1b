# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# vcpkg install crosslane --overlay-ports=packaging/vcpkg: of the sources that this folder is part of.
set(VCPKG_BUILD_TYPE release) # headers only
get_filename_component(SOURCE_PATH ${CMAKE_CURRENT_LIST_DIR}/../../.. ABSOLUTE)

vcpkg_cmake_configure(SOURCE_PATH ${SOURCE_PATH}
  OPTIONS -DCROSSLANE_BUILD_TESTS=OFF -DCROSSLANE_BUILD_EXAMPLES=OFF -DCROSSLANE_BUILD_BENCH=OFF)
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(CONFIG_PATH share/cmake/crosslane)
vcpkg_fixup_pkgconfig()
vcpkg_install_copyright(FILE_LIST ${SOURCE_PATH}/LICENSE)
