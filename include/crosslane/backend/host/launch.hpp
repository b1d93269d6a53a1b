// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Launches on the CPU. The blocks of the grid are distributed over the cores; each block runs all its threads.
#pragma once

#include <crosslane/backend/host/intrinsics.hpp>
#include <crosslane/backend/host/open_blocks.hpp>
#include <crosslane/backend/host/parallel.hpp>
#include <crosslane/backend/host/runner_pool.hpp>
#include <crosslane/kernel/context.hpp>
#include <crosslane/runtime/async_errors.hpp>
#include <crosslane/runtime/launch_geometry.hpp>

#include <cstring>
#include <tuple>
#include <type_traits>

namespace crosslane::backend::inline CROSSLANE_CONFIGURATION {

/// Calls `work(begin, end)` for pieces of [0, n) on all cores. Rethrows the first exception.
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

/// Reads the check options of the calling thread. Throws not_supported if this build cannot check what they ask for.
inline void take_check_scope(launch_facts& launch) {
  launch.read_check_scope(sees_accesses);
  if (launch.level == checks::level::full && !sees_accesses)
    throw_error(errc::not_supported, launch.where,
                "launch of %s: full checks need files that are compiled with checks of each access: link the target crosslane::checked",
                launch.kernel);
}

/// A grid whose blocks are independent, or wait for each other by flags. As many blocks as the device can hold are open at once: a block
/// that waits for one beyond them waits for ever, as on a GPU.
class independent_grid {
 public:
  explicit independent_grid(grid_task const& task)
      : task_{task},
        blocks_{task.grid.size()},
        most_open_{std::uint64_t{blocks_per_core(task.threads())} * core_count()},
        session_{task},
        open_{task} {}
  independent_grid(independent_grid const&) = delete;
  independent_grid& operator=(independent_grid const&) = delete;
  ~independent_grid() { open_.cancel(give_back); }

  void run() {
    if (task_.in_turn())
      run_blocks(0, blocks_, [this](std::uint64_t i) { return scheduled_block(task_.seed, blocks_, i); });
    else
      run_pieces(blocks_, balanced_piece(blocks_, 1),
                 [this](std::uint64_t begin, std::uint64_t end) { run_blocks(begin, end, [](std::uint64_t i) { return i; }); });
    open_.run(0, give_back);
  }

 private:
  static void give_back(block_runner& runner) noexcept { idle_runners.give_back(&runner); }

  template <class Order>
  void run_blocks(std::uint64_t begin, std::uint64_t end, Order const& order) {
    open_blocks::other_work work{open_};
    runner_lease runner;
    std::uint64_t counted = begin;
    for (std::uint64_t i = begin; i < end && !open_.stopped(); ++i) {
      bool spins = open_.take_turn(*runner, [&] { runner->run(task_, block_index(task_, order(i))); });
      // In random orders blocks also stop though they could go on. Each open block costs memory.
      while (spins && runner->got_ahead() && open_.count() >= most_in_random_orders)
        spins = open_.take_turn(*runner, [&] { runner->resume(); });
      if (!spins) continue;
      open_.add(runner.exchange());
      open_.count_begun(i + 1 - counted);
      counted = i + 1;
      work.end();
      open_.run(most_open_ - 1, give_back);
      work.begin();
    }
    open_.count_begun(end - counted);
  }

  static constexpr std::uint64_t most_in_random_orders = 8;
  grid_task const& task_;
  std::uint64_t const blocks_, most_open_;
  access_session session_;
  open_blocks open_;
};

/// A grid whose blocks wait for each other. Each block has a runner; all runners advance from one grid barrier to the next.
class cooperative_grid {
 public:
  explicit cooperative_grid(grid_task const& task)
      : task_{task}, blocks_{task.grid.size()}, session_{task}, runners_{new runner_lease[blocks_]}, open_{task} {}
  cooperative_grid(cooperative_grid const&) = delete;
  cooperative_grid& operator=(cooperative_grid const&) = delete;
  ~cooperative_grid() {
    for (std::uint64_t b = 0; b < blocks_; ++b)
      if (runners_[b]->is_open()) runners_[b]->cancel();
    delete[] runners_;
  }

  void run() {
    for (std::uint64_t b = 0; b < blocks_; ++b) runners_[b]->begin(task_, block_index(task_, b));
    open_.count_begun(blocks_);
    do {
      session_.grid_barrier();
      if (task_.in_turn())
        for (std::uint64_t i = 0; i < blocks_; ++i) resume(*runners_[scheduled_block(task_.seed, blocks_, i)]);
      else
        run_pieces(blocks_, balanced_piece(blocks_, 1), [this](std::uint64_t begin, std::uint64_t end) {
          for (std::uint64_t b = begin; b < end; ++b) resume(*runners_[b]);
        });
      open_.run(0, [](block_runner&) {});
    } while (all_wait());
  }

 private:
  void resume(block_runner& runner) {
    if (open_.take_turn(runner, [&] { runner.resume(); })) open_.add(runner);
  }

  /// Returns false when all blocks have ended or one has failed. It is a finding if a block waits at the grid barrier and another has
  /// returned or waits at another one.
  bool all_wait() const {
    std::uint64_t first = 0;
    while (first < blocks_ && !runners_[first]->waits_at_grid()) ++first;
    if (first == blocks_) return false;
    for (std::uint64_t b = 0; b < blocks_; ++b)
      if (runners_[b]->failed()) return false;  // its finding is already delivered; that the block is missing is a consequence
    source_location const place = runners_[first]->place();
    for (std::uint64_t b = 0; b < blocks_; ++b) {
      block_runner const& other = *runners_[b].operator->();
      if (other.waits_at_grid() && other.place().line == place.line && other.place().file == place.file) continue;
      extent3 const i = block_index(task_, first), k = block_index(task_, b);
      checks::finding found = task_.finding(other.waits_at_grid() ? checks::kind::different_barriers : checks::kind::early_exit);
      found.first = {0, task_.threads(), i, "waits at the barrier of the grid", place};
      found.second = {0, task_.threads(), k, other.waits_at_grid() ? "waits at the barrier of the grid" : "has returned", {}};
      found.text.append("kernel %s: block (%u, %u, %u) waits at the barrier of the grid at %s:%u, but block (%u, %u, %u) ", task_.kernel,
                        i.x, i.y, i.z, place.file, place.line, k.x, k.y, k.z);
      if (other.waits_at_grid()) {
        found.second.where = other.place();
        found.text.append("waits at %s:%u", other.place().file, other.place().line);
      } else {
        found.text.append("has returned");
      }
      if (std::exception_ptr const error = task_.deliver(found)) std::rethrow_exception(error);
      return false;
    }
    return true;
  }

  grid_task const& task_;
  std::uint64_t blocks_;
  access_session session_;
  runner_lease* runners_;
  open_blocks open_;
};

/// Shows an object of a launch to a visitor.
template <class T>
void visit_object(T const& object, argument_visitor& visitor) {
  if constexpr (!std::is_empty_v<T>) {
    unsigned char const* value_bytes = nullptr;
#if CROSSLANE_CONFIG_ACCESS_CHECKS && __has_builtin(__builtin_clear_padding)
    if constexpr (std::is_trivially_copyable_v<T> && std::is_copy_assignable_v<T>) {  // g++ refuses lambdas
      struct mask {
        alignas(T) unsigned char bytes[sizeof(T)];
        mask() noexcept {
          std::memset(bytes, 0xff, sizeof bytes);
          __builtin_clear_padding(reinterpret_cast<T*>(bytes));
        }
      };
      static mask const values;
      value_bytes = values.bytes;
    }
#endif
    visitor.take(&object, sizeof object, value_bytes);
  }
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
    stack_bytes = kernel_stack_bytes<K>();
    overlaps = detail::kernel_overlaps_previous<K>();
    take_check_scope(*this);
    if constexpr (sees_accesses) {
      object_bytes = sizeof(typed_grid_task);
      visit_arguments = [](launch_facts const& self, argument_visitor& visitor) {
        auto const& task = static_cast<typed_grid_task const&>(self);
        visit_object(task.kernel_object, visitor);
        std::apply([&](A const&... a) { (visit_object(a, visitor), ...); }, task.arguments);
      };
    }
    if constexpr (has_shared<K, ctx>) {
      shared_bytes = sizeof(kernel_shared<K, ctx>);
      shared_align = alignof(kernel_shared<K, ctx>);
    }
    run_threads = [](grid_task const& self, block_runner& block_) {
      auto const& task = static_cast<typed_grid_task const&>(self);
      std::apply([&](A const&... a) { task.run(block_, a...); }, task.arguments);
    };
  }

  /// Runs the kernel's threads. Left out of the device passes of GPU compilers: they would compile the kernel, which cannot call host
  /// functions there.
  void run([[maybe_unused]] block_runner& runner, [[maybe_unused]] A const&... a) const {
#if !CROSSLANE_DEVICE_PASS()
    block_runner::thread_position thread;
    while (runner.next_thread(thread)) {
      ctx const context{host_intrinsics{runner, thread}};
      K const own{kernel_object};  // as on a GPU, where a mutable member is the thread's
      if constexpr (has_shared<K, ctx>)
        own(context, *static_cast<kernel_shared<K, ctx>*>(runner.shared()), a...);
      else
        own(context, a...);
      runner.thread_returned();
    }
#endif
  }

  K kernel_object;
  std::tuple<A...> arguments;
};

}  // namespace crosslane::backend::inline CROSSLANE_CONFIGURATION
