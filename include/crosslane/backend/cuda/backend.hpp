// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The CUDA backend: NVIDIA GPUs, with waves of 32 lanes.
#pragma once

#include <crosslane/backend/cuda/builtins.hpp>
#include <crosslane/backend/cuda/driver.hpp>
#include <crosslane/backend/cuda/intrinsics.hpp>
#include <crosslane/backend/cuda/runtime.hpp>
#include <crosslane/backend/cuda/tensor_map.hpp>

#include <crosslane/backend/gpu/launch.hpp>

namespace crosslane {

struct cuda : backend::gpu_runtime<cuda, backend::cuda_vendor> {
  static constexpr char const* name = "cuda";
  using widths = std::integer_sequence<unsigned, 32>;
  using intrinsics = backend::cuda_intrinsics;
  template <unsigned Width, class Shape>
  using context = crosslane::context<backend::native_of<intrinsics, Shape>, Width, Shape>;

  template <unsigned Width>
  static constexpr bool is_device_width = true;
  static constexpr std::size_t max_static_shared_bytes = 48 * 1024;
  static constexpr bool std_complex_computes = false;
  static constexpr std::size_t max_argument_bytes = 32764;  // from CUDA 12.1 and compute capability 7.0 on
  static constexpr std::size_t max_shared_bytes = 227 * 1024;
  static constexpr unsigned max_cluster_blocks = CROSSLANE_ALL_SM_HAVE(CLUSTER) ? 8 : 1;

  /// See runtime/contract.hpp.
  static constexpr dlpack::device place_in_dlpack(memory_kind kind, int device) noexcept {
    return kind == memory_kind::device   ? dlpack::device{dlpack::nvidia, device}
           : kind == memory_kind::pinned ? dlpack::device{dlpack::nvidia_pinned, 0}
                                         : dlpack::device{dlpack::nvidia_managed, 0};
  }
  static constexpr bool reaches_dlpack(dlpack::device place, int device) noexcept {
    return place.device_type == dlpack::nvidia ? place.device_id == device
                                               : place.device_type == dlpack::nvidia_pinned || place.device_type == dlpack::nvidia_managed;
  }

  /// Returns the kernel's handle for launches, or the entry point if there is none. With an entry point the runtime looks the kernel up in
  /// each launch.
  static void const* kernel_handle(void const* entry) noexcept {
    cudaKernel_t kernel{};
    if (cudaGetKernel(&kernel, entry) != cudaSuccess) {
      clear_last_error();
      return entry;  // the launch reports why
    }
    static backend::driver_calls const calls = backend::driver_calls::find();
    if (calls.complete()) __atomic_store_n(&backend::driver, &calls, __ATOMIC_RELEASE);
    return reinterpret_cast<void const*>(kernel);
  }
  static status allow_dynamic_shared(void const* function, std::size_t bytes) noexcept {
    return from(cudaFuncSetAttribute(function, cudaFuncAttributeMaxDynamicSharedMemorySize, int(bytes)));
  }
  /// Whether the code of the kernel for the current device waits for the previous kernel: code for older architectures does not.
  static bool can_overlap(void const* function) noexcept {
    cudaFuncAttributes facts{};
    if (cudaFuncGetAttributes(&facts, function) == cudaSuccess) return 10 * facts.ptxVersion >= CROSSLANE_SM_OVERLAP;
    clear_last_error();
    return false;  // the launch reports why
  }
  using tensor_map = backend::cuda_tensor_map;
  /// Makes the descriptor of a tensor if the device has a copy engine.
  static status make_tensor_map(device_properties const& p, tensor_map& out, tensor_map_facts const& t) noexcept {
    if (p.max_cluster_blocks == 1) return {};  // older than sm_90: the threads copy
    return from(backend::encode_tensor_map(out, t));
  }

  /// Launches a kernel without attributes. The driver's call with the function of the current context is faster than the runtime's, which
  /// wraps it. If it fails, the runtime's says why, or succeeds: it makes the device current in a thread that has none.
  CROSSLANE_INLINE static status launch_plain(backend::kernel_entry const& kernel, dim3 grid, dim3 block, void** arguments,
                                              std::size_t dynamic_shared, stream_handle stream) noexcept {
    backend::driver_calls const* const driver = __atomic_load_n(&backend::driver, __ATOMIC_ACQUIRE);
    unsigned long long context = 0;
    if (driver != nullptr && driver->context_id(nullptr, &context) == 0) {
      void const* const function =
          __atomic_load_n(&kernel.loaded_for, __ATOMIC_ACQUIRE) == context ? kernel.loaded : load(*driver, kernel, context);
      if (function != nullptr && driver->launch(function, grid.x, grid.y, grid.z, block.x, block.y, block.z, unsigned(dynamic_shared),
                                                stream, arguments, nullptr) == 0)
        return {};
    }
    return from(cudaLaunchKernel(kernel.function, grid, block, arguments, dynamic_shared, stream));
  }
  /// Launches a kernel with what launches without attributes do not have: clusters of more than one block, the overlap with the kernel
  /// before it, a priority that is not the stream's.
  static status launch_with_attributes(void const* function, dim3 grid, dim3 block, dim3 cluster, void** arguments,
                                       std::size_t dynamic_shared, stream_handle stream, bool overlaps, int priority) noexcept {
    cudaLaunchAttribute attributes[3]{};
    cudaLaunchConfig_t config{};
    config.gridDim = grid;
    config.blockDim = block;
    config.dynamicSmemBytes = dynamic_shared;
    config.stream = stream;
    config.attrs = attributes;
    if (cluster.x * cluster.y * cluster.z != 1) {
      cudaLaunchAttribute& next = attributes[config.numAttrs++];
      next.id = cudaLaunchAttributeClusterDimension;
      next.val.clusterDim.x = cluster.x;
      next.val.clusterDim.y = cluster.y;
      next.val.clusterDim.z = cluster.z;
    }
    if (overlaps) {
      cudaLaunchAttribute& next = attributes[config.numAttrs++];
      next.id = cudaLaunchAttributeProgrammaticStreamSerialization;
      next.val.programmaticStreamSerializationAllowed = 1;
    }
    if (priority != stream_priority) {
      cudaLaunchAttribute& next = attributes[config.numAttrs++];
      next.id = cudaLaunchAttributePriority;
      if (status const s = native_priority(priority, next.val.priority); s.code != 0) return s;
    }
    return from(cudaLaunchKernelExC(&config, function, arguments));
  }
  template <unsigned Width, class K, class... A>
  static status launch(stream_handle stream, device_properties const& p, detail::launch_geometry const& g, K const& kernel,
                       A const&... arguments) {
    return backend::launch_entry<cuda, Width>(stream, p, g, kernel, arguments...);
  }
  template <unsigned Width, class K, class... A>
  static status blocks_per_multiprocessor(device_properties const& p, unsigned threads, std::size_t dynamic_shared, int* blocks) {
    return backend::entries_per_multiprocessor<cuda, Width, K, A...>(p, threads, dynamic_shared, blocks);
  }
  template <unsigned Width, class K, class... A>
  static status resources_of(device_properties const& p, unsigned threads, std::size_t dynamic_shared, kernel_resources& out) {
    return backend::resources_of_entry<cuda, Width, K, A...>(p, threads, dynamic_shared, out);
  }

 private:
  /// Returns the kernel's function for the context if this is the first one that launches it, else its handle, or null if it has none.
  [[gnu::cold, gnu::noinline]] static void const* load(backend::driver_calls const& driver, backend::kernel_entry const& kernel,
                                                       unsigned long long context) noexcept {
    if (kernel.function == kernel.address) return nullptr;
    void const* function = nullptr;
    unsigned long long nobody = 0, taken = ~0ull;
    if (driver.get_function(&function, kernel.function) != 0 ||
        !__atomic_compare_exchange_n(&kernel.loaded_for, &nobody, taken, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
      return kernel.function;
    __atomic_store_n(&kernel.loaded, function, __ATOMIC_RELAXED);
    __atomic_store_n(&kernel.loaded_for, context, __ATOMIC_RELEASE);
    return function;
  }
};

}  // namespace crosslane
