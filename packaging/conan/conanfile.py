# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""conan create packaging/conan: headers, and CMake's own package files (crosslane_add_executables and its like)."""
import os
import re

from conan import ConanFile
from conan.tools.cmake import CMake, CMakeToolchain
from conan.tools.files import copy, load


class Crosslane(ConanFile):
    name = "crosslane"
    license = "Apache-2.0 WITH LLVM-exception"
    description = "Kernels written once for CUDA, HIP and a checking CPU backend"
    topics = ("cuda", "hip", "rocm", "gpu", "header-only")
    package_type = "header-library"
    settings = "os", "compiler", "build_type", "arch"
    implements = ["auto_header_only"]
    default_options = {"boost/*:without_context": False}

    @property
    def _root(self):
        return os.path.join(self.recipe_folder, os.pardir, os.pardir)

    def set_version(self):
        header = load(self, os.path.join(self._root, "include", "crosslane", "version.hpp"))
        self.version = ".".join(re.findall(r"#define CROSSLANE_VERSION_\w+ (\d+)", header))

    def export_sources(self):
        for pattern in ("CMakeLists.txt", "LICENSE", "cmake/*", "debug/*", "include/*", "src/*"):
            copy(self, pattern, self._root, self.export_sources_folder)

    def requirements(self):
        self.requires("boost/[>=1.70 <2]")  # the CPU backend's fibers

    def generate(self):
        toolchain = CMakeToolchain(self)
        for part in ("TESTS", "EXAMPLES", "BENCH"):
            toolchain.cache_variables[f"CROSSLANE_BUILD_{part}"] = False
        toolchain.generate()

    def build(self):
        CMake(self).configure()

    def package(self):
        CMake(self).install()

    def package_info(self):
        # find_package(crosslane) is to read the package's own files: they define its targets and functions.
        self.cpp_info.set_property("cmake_find_mode", "none")
        self.cpp_info.builddirs = ["share/cmake/crosslane"]
