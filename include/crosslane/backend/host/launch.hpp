// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Launches on the CPU: the grid's blocks spread over the cores, each block's threads run for real.
#pragma once

#include <crosslane/backend/host/intrinsics.hpp>
#include <crosslane/backend/host/parallel.hpp>
#include <crosslane/kernel/context.hpp>
#include <crosslane/runtime/async_errors.hpp>
#include <crosslane/runtime/launch_geometry.hpp>

#include <tuple>

namespace crosslane::backend {

/// Calls `work(begin, end)` for pieces of 0 ... n-1 on all cores; throws the first exception of any.
template <class Work>
void run_pieces(std::uint64_t n, std::uint64_t piece, Work const& work) {
  detail::spin_lock lock;
  bool failed = false;
  std::exception_ptr error;
  auto const guarded = [&](std::uint64_t begin, std::uint64_t end) {
    if (__atomic_load_n(&failed, __ATOMIC_RELAXED)) return;
    try {
      work(begin, end);
    } catch (...) {
      detail::spin_guard const guard{lock};
      if (!error) error = std::current_exception();
      __atomic_store_n(&failed, true, __ATOMIC_RELAXED);
    }
  };
  parallel_pieces(n, piece, guarded);
  if (error) std::rethrow_exception(error);
}

inline void run_grid(grid_task const& task) {
  std::uint64_t const blocks = task.grid.count();
  run_pieces(blocks, balanced_piece(blocks, 1), [&task](std::uint64_t begin, std::uint64_t end) {
    runner_lease const runner;
    for (std::uint64_t b = begin; b < end; ++b) {
      std::uint64_t const row = b / task.grid.x;
      runner->run(task, {unsigned(b % task.grid.x), unsigned(row % task.grid.y), unsigned(row / task.grid.y)});
    }
  });
}

/// A kernel with copies of its arguments.
template <class Backend, unsigned Width, class K, class... A>
struct typed_grid_task : grid_task {
  using ctx = crosslane::context<host_intrinsics, Width, kernel_shape_of<K>>;

  typed_grid_task(detail::launch_geometry const& g, char const* name, K const& kernel_, A const&... arguments_)
      : kernel_object{kernel_}, arguments{arguments_...} {
    grid = g.grid;
    block = g.block;
    wave_size = Width;
    dynamic_bytes = g.dynamic_shared;
    kernel = name;
    where = g.where;
    if constexpr (has_shared<K, ctx>) {
      shared_bytes = sizeof(kernel_shared<K, ctx>);
      shared_align = alignof(kernel_shared<K, ctx>);
    }
    run_threads = [](grid_task const& self, block_runner& block_) {
      auto const& task = static_cast<typed_grid_task const&>(self);
      std::apply([&](A const&... a) { task.run(block_, a...); }, task.arguments);
    };
  }

  void run(block_runner& runner, A const&... a) const {
    block_runner::thread_position thread;
    while (runner.next_thread(thread)) {
      ctx const context{host_intrinsics{runner, thread}};
      if constexpr (has_shared<K, ctx>)
        kernel_object(context, *static_cast<kernel_shared<K, ctx>*>(runner.shared()), a...);
      else
        kernel_object(context, a...);
      runner.thread_returned();
    }
  }

  K kernel_object;
  std::tuple<A...> arguments;
};

}  // namespace crosslane::backend
