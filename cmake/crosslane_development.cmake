# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# For this project's own tests, examples and benchmarks. Not installed.

# crosslane_warnings: linked by them, not by users.
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
  # nvcc hands the host compiler code of its own making: -Wpedantic would be about that.
  # Tests compare with long double on the program's side, in constexpr functions and lambdas, of which nvcc makes device code too.
  "$<$<COMPILE_LANGUAGE:CUDA>:-Xcompiler=${warnings_of_nvcc};-diag-suppress=20208>"
  # ptxas advises against multicast on plain sm_90, for the sake of later architectures, and -Werror makes an error of that.
  "$<$<AND:$<COMPILE_LANG_AND_ID:CUDA,NVIDIA>,$<VERSION_GREATER_EQUAL:${CMAKE_CUDA_COMPILER_VERSION}.0,13.0>>:-Xptxas=-suppress-async-bulk-multicast-advisory-warning>"
  "$<$<AND:$<BOOL:${werror}>,$<COMPILE_LANGUAGE:CUDA>>:-Werror=all-warnings;-Xcompiler=${werror}>")

# crosslane_run_in(<target> <name> [argument...])
#
# Building the custom target <target> runs the executables <name>.<backend> of every enabled backend, one after another. One
# that has no device to run on returns 77, which is no failure.
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
