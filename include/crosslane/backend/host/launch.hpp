// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Launches on the CPU. The blocks of the grid are distributed over the cores; each block runs all its threads.
#pragma once

#include <crosslane/backend/host/clusters.hpp>
#include <crosslane/backend/host/intrinsics.hpp>
#include <crosslane/backend/host/open_blocks.hpp>
#include <crosslane/backend/host/parallel.hpp>
#include <crosslane/backend/host/runner_pool.hpp>
#include <crosslane/kernel/context.hpp>
#include <crosslane/platform/type_name.hpp>
#include <crosslane/runtime/async_errors.hpp>
#include <crosslane/runtime/launch_geometry.hpp>
#include <crosslane/runtime/peer_access.hpp>

#include <cstring>
#include <tuple>
#include <type_traits>

namespace crosslane::backend {

/// Its name identifies a kernel with these types of arguments, whatever the settings.
template <unsigned Width, class K, class... A>
struct kernel_identity;

inline namespace CROSSLANE_CONFIGURATION {

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

  bool all_wait() const {
    return all_wait_for_each_other(
        task_, blocks_, "grid", [this](std::uint64_t b) -> block_runner const& { return *runners_[b].operator->(); },
        [this](std::uint64_t b) { return block_index(task_, b); });
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
    using cluster_size = typename kernel_shape_of<K>::cluster;
    cluster = {cluster_size::x, cluster_size::y, cluster_size::z};
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

/// The work of a launch, as the stream's queue keeps it.
template <class Backend, unsigned Width, class K, class... A>
struct grid_work {
  typed_grid_task<Backend, Width, K, A...> task;
  grid_work(detail::launch_geometry const& g, K const& kernel, A const&... arguments) : task{g, type_name<K>(), kernel, arguments...} {
    int const device = Width == 32 ? 0 : 1;  // the one with this width
    task.peer_access = detail::peers<Backend>().allows(device, 1 - device);
  }
  void operator()() const {
    if constexpr (kernel_shape_of<K>::cooperative)
      cooperative_grid{task}.run();
    else if constexpr (kernel_shape_of<K>::cluster::blocks != 1)
      clustered_grid{task}.run();
    else
      independent_grid{task}.run();
  }
  void take_check_scope() { backend::take_check_scope(task); }
  work_facts facts_of_node() const noexcept {
    return {task.kernel, task.grid, task.block, task.where, type_name<kernel_identity<Width, K, A...>>()};
  }
};

}  // namespace CROSSLANE_CONFIGURATION
}  // namespace crosslane::backend
