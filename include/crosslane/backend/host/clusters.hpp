// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// A grid whose blocks form clusters. The blocks of a cluster are open at the same time: each has a runner. They advance from one barrier
/// of the cluster to the next.
#pragma once

#include <crosslane/backend/host/block.hpp>
#include <crosslane/backend/host/open_blocks.hpp>
#include <crosslane/backend/host/parallel.hpp>
#include <crosslane/backend/host/runner_pool.hpp>
#include <crosslane/backend/host/schedule.hpp>

namespace crosslane::backend::inline CROSSLANE_CONFIGURATION {

/// Returns a finding if one of `blocks` waits at a barrier of all of them and another has returned or waits at another one. Returns false
/// if all have ended or one has failed, true if the barrier opens. `runner(i)` is the i-th, `index(i)` its block.
template <class Runner, class Index>
bool all_wait_for_each_other(grid_task const& task, std::uint64_t blocks, char const* whole, Runner const& runner, Index const& index) {
  std::uint64_t first = 0;
  while (first < blocks && !runner(first).waits_for_blocks()) ++first;
  if (first == blocks) return false;
  for (std::uint64_t b = 0; b < blocks; ++b)
    if (runner(b).failed()) return false;  // its finding is already delivered; that the block is missing is a consequence
  source_location const place = runner(first).place();
  char const* const waits = whole[0] == 'g' ? "waits at the barrier of the grid" : "waits at the barrier of the cluster";
  for (std::uint64_t b = 0; b < blocks; ++b) {
    block_runner const& other = runner(b);
    if (other.waits_for_blocks() && other.place().line == place.line && other.place().file == place.file) continue;
    extent3 const i = index(first), k = index(b);
    checks::finding found = task.finding(other.waits_for_blocks() ? checks::kind::different_barriers : checks::kind::early_exit);
    found.first = {0, task.threads(), i, waits, place};
    found.second = {0, task.threads(), k, other.waits_for_blocks() ? waits : "has returned", {}};
    found.text.append("kernel %s: block (%u, %u, %u) %s at %s:%u, but block (%u, %u, %u) ", task.kernel, i.x, i.y, i.z, waits, place.file,
                      place.line, k.x, k.y, k.z);
    if (other.waits_for_blocks()) {
      found.second.where = other.place();
      found.text.append("waits at %s:%u", other.place().file, other.place().line);
    } else {
      found.text.append("has returned");
    }
    if (std::exception_ptr const error = task.deliver(found)) std::rethrow_exception(error);
    return false;
  }
  return true;
}

/// The blocks of one cluster while they are open. One host thread at a time runs them.
struct open_cluster : block_cluster {
  std::uint64_t number = 0;  ///< in the order of the launch
  unsigned spinning = 0;     ///< blocks that are in the list of open blocks
  open_cluster* next = nullptr;
};

/// Clusters are independent, or wait for each other by flags. As many as the device can hold are open at once.
class clustered_grid {
 public:
  explicit clustered_grid(grid_task const& task)
      : task_{task},
        size_{unsigned(task.cluster.size())},
        clusters_{task.grid.size() / size_},
        most_open_{std::uint64_t{blocks_per_core(task.threads())} * core_count()},
        session_{task},
        open_{task} {}
  clustered_grid(clustered_grid const&) = delete;
  clustered_grid& operator=(clustered_grid const&) = delete;
  ~clustered_grid() {
    open_.cancel([](block_runner&) {});
    while (open_cluster* const c = take()) destroy(c);
  }

  void run() {
    if (task_.in_turn())
      run_clusters(0, clusters_, [this](std::uint64_t i) { return scheduled_block(task_.seed, clusters_, i); });
    else
      run_pieces(clusters_, balanced_piece(clusters_, 1),
                 [this](std::uint64_t begin, std::uint64_t end) { run_clusters(begin, end, [](std::uint64_t i) { return i; }); });
    open_.run(0, [this](block_runner& runner) { settle(runner); });
  }

 private:
  /// A block does not wait in a loop any more.
  void settle(block_runner& runner) {
    open_cluster& c = static_cast<open_cluster&>(*runner.cluster());
    if (--c.spinning != 0 || open_.stopped()) return;
    if (opens_barrier(c))
      advance(c);
    else
      finish(c);
  }

  template <class Order>
  void run_clusters(std::uint64_t begin, std::uint64_t end, Order const& order) {
    open_blocks::other_work work{open_};
    for (std::uint64_t i = begin; i < end && !open_.stopped(); ++i) {
      open_cluster& c = make(order(i));
      open_.count_begun(size_);
      advance(c);
      if (open_.count() + size_ <= most_open_) continue;
      work.end();
      open_.run(most_open_ > size_ ? most_open_ - size_ : 0, [this](block_runner& runner) { settle(runner); });
      work.begin();
    }
  }

  /// Runs the blocks of a cluster, all of which have just begun or may pass the barrier, until the cluster has ended or some blocks wait in
  /// loops.
  void advance(open_cluster& c) {
    do {
      if (run_blocks(c)) return;  // the cluster may now run on another host thread
    } while (opens_barrier(c));
    finish(c);
  }

  /// Lets each block run until it waits or ends. Returns whether some wait in loops for more than other blocks of the cluster; they are
  /// then in the list of open blocks.
  bool run_blocks(open_cluster& c) {
    block_runner* spinning[block_cluster::most];
    unsigned count = 0;
    for (unsigned i = 0; i < size_; ++i) {
      block_runner& runner = *c.block[scheduled_block(task_.seed < 2 ? task_.seed : task_.seed + c.number, size_, i)];
      if (open_.take_turn(runner, [&] { runner.resume(); })) spinning[count++] = &runner;
    }
    for (bool changed = true; changed && count != 0;) {
      changed = false;
      unsigned left = 0;
      for (unsigned i = 0; i < count; ++i) {
        bool const spins = open_.take_turn(*spinning[i], [&] { spinning[i]->resume(); });
        changed = changed || !spins || spinning[i]->got_ahead();
        if (spins) spinning[left++] = spinning[i];
      }
      count = left;
    }
    c.spinning = count;
    for (unsigned i = 0; i < count; ++i) open_.add(*spinning[i]);
    return count != 0;
  }

  void finish(open_cluster& c) {
    c.end();
    {
      detail::spin_guard const guard{lock_};
      open_cluster** at = &first_;
      while (*at != &c) at = &(*at)->next;
      *at = c.next;
    }
    destroy(&c);
  }

  bool opens_barrier(open_cluster& c) {
    bool const opens = all_wait_for_each_other(
        task_, size_, "cluster", [&](std::uint64_t i) -> block_runner const& { return *c.block[i]; },
        [&](std::uint64_t i) { return c.block[i]->index(); });
    if (opens) c.open_barrier();
    return opens;
  }

  open_cluster& make(std::uint64_t number) {
    auto* const c = new open_cluster;
    c->number = number;
    {
      detail::spin_guard const guard{lock_};
      c->next = first_;
      first_ = c;
    }
    extent3 const size = task_.cluster;
    extent3 const grid = {task_.grid.x / size.x, task_.grid.y / size.y, task_.grid.z / size.z};
    std::uint64_t const row = number / grid.x;
    extent3 const origin = {unsigned(number % grid.x) * size.x, unsigned(row % grid.y) * size.y, unsigned(row / grid.y) * size.z};
    for (unsigned rank = 0; rank < size_; ++rank) {
      c->block[rank] = runner_lease::take();
      c->blocks = rank + 1;
      c->block[rank]->begin(task_, {origin.x + rank % size.x, origin.y + rank / size.x % size.y, origin.z + rank / size.x / size.y}, c,
                            rank);
    }
    c->begin();
    return *c;
  }
  open_cluster* take() noexcept {
    open_cluster* const c = first_;
    if (c != nullptr) first_ = c->next;
    return c;
  }
  static void destroy(open_cluster* c) noexcept {
    for (unsigned i = 0; i < c->blocks; ++i) {
      if (c->block[i]->is_open()) c->block[i]->cancel();
      idle_runners.give_back(c->block[i]);
    }
    delete c;
  }

  grid_task const& task_;
  unsigned const size_;
  std::uint64_t const clusters_, most_open_;
  access_session session_;
  open_blocks open_;
  detail::spin_lock lock_;
  open_cluster* first_ = nullptr;
};

}  // namespace crosslane::backend::inline CROSSLANE_CONFIGURATION
