# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# The targets that users link. They have the flags and libraries that a backend needs, and no others:
#   crosslane::crosslane  the headers, C++20
#   crosslane::host       the libraries of the host backend
#   crosslane::checked    the same with the access checker (crosslane_checked.cmake)
#   crosslane::cuda       flags of sources compiled as CUDA
#   crosslane::hip        flags of sources compiled as HIP
# CMake itself links the CUDA and HIP runtimes to a target with sources of these languages.
#
# Floating point: denormals are kept and division and square root are correctly rounded on every backend. These are also the
# compilers' defaults; they are set explicitly, so that all backends agree even if a default changes. Contraction of
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

# The executor calls GOMP_parallel, which libgomp exports. It needs no -fopenmp, so every compiler uses the same library (clang would
# use its own). The library is in gcc's folder, which clang searches too. The linker chooses between the shared and the static one.
target_link_libraries(crosslane_host INTERFACE Boost::context Threads::Threads gomp)

# C++20 is set by an option, since CMake knows that of nvcc only since 3.26. Kernels may call constexpr functions, but no other host
# functions. The headers make such calls errors too, but only the option also covers constructors that the compiler generates.
target_compile_options(crosslane_cuda INTERFACE
  "$<$<COMPILE_LANGUAGE:CUDA>:-std=c++20;--extended-lambda;--expt-relaxed-constexpr;-ftz=false;-prec-div=true;-prec-sqrt=true>"
  "$<$<COMPILE_LANGUAGE:CUDA>:SHELL:-Werror cross-execution-space-call,ext-lambda-captures-this>")

# Set by the property: target_compile_features() requires that the language is enabled here, but only users need it.
set_property(TARGET crosslane_hip PROPERTY INTERFACE_COMPILE_FEATURES hip_std_20)
target_compile_options(crosslane_hip INTERFACE
  "$<$<COMPILE_LANGUAGE:HIP>:-fno-gpu-flush-denormals-to-zero;-fhip-fp32-correctly-rounded-divide-sqrt>")
