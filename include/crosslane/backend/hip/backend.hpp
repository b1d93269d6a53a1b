// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The HIP backend: AMD GPUs, with waves of 64 lanes (GCN, CDNA) or 32 (RDNA). Each kernel is compiled for both.
#pragma once

#include <crosslane/backend/hip/intrinsics.hpp>
#include <crosslane/backend/hip/runtime.hpp>

#include <crosslane/backend/gpu/launch.hpp>
#include <crosslane/backend/native/hip/architecture.hpp>

namespace crosslane {

struct hip : backend::gpu_runtime<hip, backend::hip_vendor> {
  static constexpr char const* name = "hip";
  /// Device buffers come from memory_pool. The driver's pool has been seen to write to memory in use, to fail on some architectures, and to
  /// keep memory after a shortage. Only the counter of a cooperative launch still comes from it, and buffers in a capture.
  static constexpr bool has_default_pool = true;
  using widths = std::integer_sequence<unsigned, 64, 32>;
  using intrinsics = backend::hip_intrinsics;
  template <unsigned Width, class Shape>
  using context = crosslane::context<backend::native_of<intrinsics, Shape>, Width, Shape>;

  /// Whether the architecture of this compiler pass has waves of that size. The host pass instantiates no kernel: it needs their names
  /// only.
  template <unsigned Width>
  static constexpr bool is_device_width = CROSSLANE_DEVICE_PASS() && Width == (CROSSLANE_GFX_HAS(GFX9) ? 64 : 32);
  static constexpr std::size_t max_static_shared_bytes = 64 * 1024;
  static constexpr std::size_t multiprocessor_shared_bytes = 64 * 1024;  // at least
  static constexpr bool std_complex_computes = true;
  static constexpr std::size_t max_argument_bytes = 4096;
  static constexpr std::size_t max_shared_bytes = 160 * 1024;
  static constexpr unsigned max_cluster_blocks = 1;

  /// See runtime/contract.hpp.
  static constexpr dlpack::device place_in_dlpack(memory_kind kind, int device) noexcept {
    return kind == memory_kind::pinned ? dlpack::device{dlpack::amd_pinned, 0}
                                       : dlpack::device{dlpack::amd, device};  // DLPack has no number for managed memory
  }
  static constexpr bool reaches_dlpack(dlpack::device place, int device) noexcept {
    return place.device_type == dlpack::amd ? place.device_id == device : place.device_type == dlpack::amd_pinned;
  }

  /// Returns the function by which a launch names the kernel.
  static void const* kernel_handle(void const* entry) noexcept { return entry; }
  static status allow_dynamic_shared(void const* function, std::size_t bytes) noexcept {
    return from(hipFuncSetAttribute(function, hipFuncAttributeMaxDynamicSharedMemorySize, int(bytes)));
  }
  template <unsigned Width, class K, class... A>
  static status launch(stream_handle stream, device_properties const& p, detail::launch_geometry const& g, K const& kernel,
                       A const&... arguments) {
    return backend::launch_entry<hip, Width>(stream, p, g, kernel, arguments...);
  }
  template <unsigned Width, class K, class... A>
  static status blocks_per_multiprocessor(device_properties const& p, unsigned threads, std::size_t dynamic_shared, int* blocks) {
    return backend::entries_per_multiprocessor<hip, Width, K, A...>(p, threads, dynamic_shared, blocks);
  }
  template <unsigned Width, class K, class... A>
  static status resources_of(device_properties const& p, unsigned threads, std::size_t dynamic_shared, kernel_resources& out) {
    return backend::resources_of_entry<hip, Width, K, A...>(p, threads, dynamic_shared, out);
  }
};

}  // namespace crosslane
