# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# The targets that users link. They carry what a backend needs and nothing that is a matter of taste:
#   crosslane::crosslane  the headers, C++20
#   crosslane::host       what the executor of the host backend links
#   crosslane::checked    the same with the access checker (crosslane_checked.cmake)
#   crosslane::cuda       flags of sources compiled as CUDA
#   crosslane::hip        flags of sources compiled as HIP
# CMake itself links the CUDA and HIP runtimes to a target with sources of these languages.
#
# Floating point: denormals are kept and division and square root are correctly rounded on every backend. These are also the
# compilers' defaults; they are spelt out so that all backends agree even where a default should change. Contraction of
# a * b + c to one rounding stays at the compilers' defaults: on for GPUs, on the host only where the CPU flags allow FMA.
include(${CMAKE_CURRENT_LIST_DIR}/crosslane_dependencies.cmake)

foreach(name crosslane host cuda hip)
  set(target crosslane_${name})
  if(name STREQUAL "crosslane")
    set(target crosslane)
  endif()
  add_library(${target} INTERFACE)
  add_library(crosslane::${name} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
  if(NOT name STREQUAL "crosslane")
    target_link_libraries(${target} INTERFACE crosslane::crosslane)
  endif()
endforeach()

target_include_directories(crosslane INTERFACE $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>)
target_compile_features(crosslane INTERFACE cxx_std_20)

# The executor calls libgomp's exported GOMP_parallel: no -fopenmp, hence the same library for every compiler (clang would
# bring its own). It lies in gcc's own folder, which clang searches too; of the shared and the static one the linker takes what fits.
target_link_libraries(crosslane_host INTERFACE Boost::context Threads::Threads gomp)

# C++20 as an option: CMake knows nvcc's only since 3.26. Constexpr functions may be called in kernels, others of the program not: the
# headers say so too, but where the compiler makes a constructor itself only the option is heard.
target_compile_options(crosslane_cuda INTERFACE
  "$<$<COMPILE_LANGUAGE:CUDA>:-std=c++20;--extended-lambda;--expt-relaxed-constexpr;-ftz=false;-prec-div=true;-prec-sqrt=true>"
  "$<$<COMPILE_LANGUAGE:CUDA>:SHELL:-Werror cross-execution-space-call,ext-lambda-captures-this>"
  # Whatever a file includes first: platform/standard_copy.hpp says why.
  "$<$<COMPILE_LANGUAGE:CUDA>:SHELL:-include crosslane/platform/compiler.hpp>")

# dlopen(), which finds the driver's management library on CUDA, and the profiler's library on HIP.
target_link_libraries(crosslane_cuda INTERFACE ${CMAKE_DL_LIBS})
target_link_libraries(crosslane_hip INTERFACE ${CMAKE_DL_LIBS})

# By the property: target_compile_features() wants the language to be enabled here, where only users need it.
set_property(TARGET crosslane_hip PROPERTY INTERFACE_COMPILE_FEATURES hip_std_20)
target_compile_options(crosslane_hip INTERFACE
  "$<$<COMPILE_LANGUAGE:HIP>:-fno-gpu-flush-denormals-to-zero;-fhip-fp32-correctly-rounded-divide-sqrt>")
