# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Functions for this project's own tests, examples and benchmarks. Not installed.

# crosslane_warnings: tests, examples and benchmarks link it, users do not.
add_library(crosslane_warnings INTERFACE)
set(warnings -Wall -Wextra)
set(werror "")
if(CROSSLANE_WERROR)
  set(werror -Werror)
endif()
list(JOIN warnings "," warnings_of_nvcc)
target_compile_options(crosslane_warnings INTERFACE
  "$<$<COMPILE_LANGUAGE:CXX,HIP>:${warnings};${werror}>"
  "$<$<COMPILE_LANGUAGE:CXX>:-Wpedantic>"
  # nvcc passes generated code to the host compiler, and -Wpedantic would warn about this code.
  # Tests compare with long double on the host, in constexpr functions and lambdas, which nvcc also compiles as device code.
  "$<$<COMPILE_LANGUAGE:CUDA>:-Xcompiler=${warnings_of_nvcc};-diag-suppress=20208>"
  "$<$<AND:$<BOOL:${werror}>,$<COMPILE_LANGUAGE:CUDA>>:-Werror=all-warnings;-Xcompiler=${werror}>")

# crosslane_run_in(<target> <name> [argument...])
#
# Building the custom target <target> runs the executables <name>.<backend> of every enabled backend, one after another. An
# executable without a device returns 77, which is not a failure.
function(crosslane_run_in target name)
  foreach(backend IN LISTS CROSSLANE_ENABLED_BACKENDS)
    if(TARGET ${name}.${backend})
      add_custom_target(${target}.${name}.${backend}
        COMMAND sh -c "\"$0\" \"$@\" || [ $? -eq 77 ]" $<TARGET_FILE:${name}.${backend}> ${ARGN}
        WORKING_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR} USES_TERMINAL VERBATIM COMMENT "${name}.${backend}")
      add_dependencies(${target} ${target}.${name}.${backend})
    endif()
  endforeach()
endfunction()
