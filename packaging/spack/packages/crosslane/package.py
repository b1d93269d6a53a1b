# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
from spack.package import *


class Crosslane(CMakePackage):
    """Kernels written once for CUDA, HIP and a checking CPU backend.

    With a clone of the sources: spack repo add packaging/spack; spack dev-build --source-path . crosslane@0.2.0
    """

    license("Apache-2.0 WITH LLVM-exception")
    version("0.2.0")

    depends_on("cxx", type="build")
    depends_on("cmake@3.25:", type="build")
    depends_on("boost@1.70: +context")

    def cmake_args(self):
        return [self.define(f"CROSSLANE_BUILD_{part}", False) for part in ("TESTS", "EXAMPLES", "BENCH")]
