# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# HIP tests on the CPU: docs/amd-emulator.md.

# crosslane_use_amd_emulator(<test>... [ARCHITECTURE <gfx...>])
#
# Runs tests of this folder, which add_test() made from HIP executables, on the AMD emulator in CROSSLANE_AMD_EMULATOR_DIR. All its checks
# are on: a finding fails the launch, and a leak the process. ARCHITECTURE says which code of a binary for several architectures runs; by
# default the first that the emulator knows. To change a setting, append to the test's property ENVIRONMENT afterwards.
function(crosslane_use_amd_emulator)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "ARCHITECTURE" "")
  # Without the library a test would find HIP's own, and no device.
  if(NOT TARGET amd_emulator AND NOT EXISTS "${CROSSLANE_AMD_EMULATOR_DIR}/libamdhip64.so.5" OR NOT IS_ABSOLUTE "${CROSSLANE_AMD_EMULATOR_DIR}")
    message(FATAL_ERROR "crosslane_use_amd_emulator: CROSSLANE_AMD_EMULATOR_DIR is '${CROSSLANE_AMD_EMULATOR_DIR}'. It must be the absolute "
      "path of the folder lib in the build folder of tools/amd-emulator, which has libamdhip64.so.5")
  endif()
  set(settings AMDEMU_UNINIT=error AMDEMU_BOUNDS=1 AMDEMU_RACE=error AMDEMU_WAIT=error AMDEMU_BARRIER=error AMDEMU_LDS_OOB=error AMDEMU_LEAKS=error
    CROSSLANE_MEMORY_POOL=0) # the emulator sees the bounds of each buffer
  if(arg_ARCHITECTURE)
    list(APPEND settings AMDEMU_ARCH=${arg_ARCHITECTURE})
  endif()
  set_property(TEST ${arg_UNPARSED_ARGUMENTS} APPEND PROPERTY ENVIRONMENT ${settings})
  set_property(TEST ${arg_UNPARSED_ARGUMENTS} APPEND PROPERTY
    ENVIRONMENT_MODIFICATION LD_LIBRARY_PATH=path_list_prepend:${CROSSLANE_AMD_EMULATOR_DIR})
endfunction()
