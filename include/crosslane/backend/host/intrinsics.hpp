// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The kernel contract on the CPU: a lane's view of its block.
#pragma once

#include <crosslane/backend/host/async_copy.hpp>
#include <crosslane/backend/host/atomic.hpp>
#include <crosslane/backend/host/block.hpp>
#include <crosslane/backend/host/wave.hpp>
#include <crosslane/core/error.hpp>

#include <cstdio>
#include <ctime>

namespace crosslane::backend::inline CROSSLANE_CONFIGURATION {

/// The functions are marked for host and device because kernels are; on a GPU they are never called.
class host_intrinsics : public host_wave<host_intrinsics>, public host_atomic<host_intrinsics> {
 public:
  using async_copies = host_async_copies;
  using tile_stores = host_tile_stores;
  template <unsigned Stages>
  using bulk_copies = host_bulk_copies<Stages>;

  constexpr host_intrinsics() = default;
  host_intrinsics(block_runner& block, block_runner::thread_position position) : block_{&block}, position_{position} {}

  template <int Axis>
  CROSSLANE_FN unsigned thread_index() const {
    return Axis == 0 ? position_.x : Axis == 1 ? position_.y : position_.z;
  }
  template <int Axis>
  CROSSLANE_FN unsigned block_index() const {
    return along<Axis>(block_->index());
  }
  template <int Axis>
  CROSSLANE_FN unsigned block_extent() const {
    return along<Axis>(block_->extent());
  }
  template <int Axis>
  CROSSLANE_FN unsigned grid_extent() const {
    return along<Axis>(block_->grid());
  }

  CROSSLANE_FN void sync_block(source_location where) const { block_->wait(position_.rank, barrier::block, where); }
  CROSSLANE_FN void sync_grid(bool, bool, unsigned, source_location where) const { block_->wait(position_.rank, barrier::grid, where); }
  /// Kernels of a stream run one after another. The checker takes them for overlapping.
  CROSSLANE_FN void wait_for_previous(source_location) const { block_->wait_for_previous(); }
  CROSSLANE_FN void let_next_start() const {}
  unsigned cluster_rank() const { return block_->cluster_rank(); }
  void cluster_arrive(source_location where) const { block_->arrive_in_cluster(position_.rank, where); }
  void cluster_wait(source_location where) const { block_->wait_in_cluster(position_.rank, where); }
  void* cluster_address(void* own, std::size_t bytes, unsigned rank, source_location where) const {
    return block_->address_in_cluster(own, bytes, rank, where);
  }
  CROSSLANE_FN void pause() const {}  // each atomic load lets others run
  CROSSLANE_FN void* dynamic_shared() const { return block_->dynamic_shared(); }
  CROSSLANE_FN std::size_t dynamic_shared_bytes() const { return block_->dynamic_shared_bytes(); }

  std::uint64_t clock() const { return timer_ns(); }
  std::uint64_t timer_ns() const {
    timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return std::uint64_t(time.tv_sec) * 1000000000 + std::uint64_t(time.tv_nsec);
  }

  [[noreturn]] void fail(char const* text, source_location where) const {
    throw_error(errc::kernel_fault, where, "%s at %s:%u", text, where.file, where.line);
  }
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  template <class... Args>
  void print(char const* format, Args... arguments) const {
    if constexpr (sizeof...(Args) == 0)
      std::printf(format, 0);  // compilers warn about a format without arguments
    else
      std::printf(format, arguments...);
  }
#pragma GCC diagnostic pop

  block_runner& block() const { return *block_; }
  unsigned rank() const { return position_.rank; }

 private:
  template <int Axis>
  CROSSLANE_FN static constexpr unsigned along(extent3 const& e) {
    return Axis == 0 ? e.x : Axis == 1 ? e.y : e.z;
  }
  block_runner* block_ = nullptr;
  block_runner::thread_position position_{};
};

}  // namespace crosslane::backend::inline CROSSLANE_CONFIGURATION
