// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The host backend: the CPU, with waves of 32 and of 64 lanes.
#pragma once

#include <crosslane/backend/host/launch.hpp>
#include <crosslane/backend/host/runtime.hpp>
#include <crosslane/platform/type_name.hpp>

#include <utility>

namespace crosslane {

struct host : backend::host_runtime<host> {
  static constexpr char const* name = "host";
  using widths = std::integer_sequence<unsigned, 32, 64>;
  template <unsigned Width, class Shape>
  using context = crosslane::context<backend::host_intrinsics, Width, Shape>;

  static constexpr std::size_t max_static_shared_bytes = ~std::size_t{0};
  static constexpr bool std_complex_computes = true;
  static constexpr std::size_t max_argument_bytes = 4096;  // the smallest limit of the GPUs, so that kernels that run here run there
  static constexpr std::size_t max_shared_bytes = ~std::size_t{0};  // the limit is a property of the device
  static constexpr unsigned max_cluster_blocks = 8;

  template <unsigned Width, class K, class... A>
  static status launch(stream_handle q, device_properties const&, detail::launch_geometry const& g, K const& kernel,
                       A const&... arguments) {
    if (status const s = usable(q); s.code != 0) return s;
    q->enqueue<host>(backend::grid_work<host, Width, K, A...>{g, kernel, arguments...});
    return {};
  }

  /// Returns how many blocks the threads of a multiprocessor hold, at most 32. Bounded as on a GPU, because the host keeps a stack for each
  /// waiting thread.
  template <unsigned Width, class K, class... A>
  static status blocks_per_multiprocessor(device_properties const&, unsigned threads, std::size_t, int* blocks) noexcept {
    *blocks = int(backend::blocks_per_core(threads));
    return {};
  }
  /// Returns the size of the shared struct. Registers and stacks are the compiler's, for the processor.
  template <unsigned Width, class K, class... A>
  static status resources_of(device_properties const&, unsigned, std::size_t dynamic_shared, kernel_resources& out) noexcept {
    using ctx = context<Width, kernel_shape_of<K>>;
    if constexpr (has_shared<K, ctx>) out.static_shared = sizeof(kernel_shared<K, ctx>);
    out.dynamic_shared = dynamic_shared;
    return {};
  }

  /// Runs element-wise work as plain loops: calls `work(begin, end)` for pieces of [0, n) that begin at multiples of `piece`. The
  /// message of a fault contains the name and the place.
  template <class Work>
  static status run_range(stream_handle q, std::uint64_t n, std::uint64_t piece, Work const& work,
                          char const* work_name = type_name<Work>(), source_location where = {}) {
    if (status const s = usable(q); s.code != 0) return s;
    struct range_work {
      std::uint64_t n, piece;
      Work work;
      char const* name;
      source_location where;
      void operator()() const {
        backend::running_plain_work const running{name, where};
        backend::running_scope const scope{running};
        if (backend::watched_memory != nullptr) backend::watched_memory->unobserved();
        backend::run_pieces(n, backend::balanced_piece(n, piece), work);
      }
      backend::work_facts facts_of_node() const noexcept { return {name, {0, 0, 0}, {0, 0, 0}, where}; }
    };
    q->enqueue<host>(range_work{n, piece, work, work_name, where});
    return {};
  }
};

}  // namespace crosslane
