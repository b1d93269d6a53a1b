// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Compares arguments that must be the same in all lanes of a group, or in all threads of a block. Only checked builds do.
#pragma once

#include <crosslane/backend/host/access_monitor.hpp>
#include <crosslane/backend/host/block_task.hpp>
#include <crosslane/backend/host/fiber.hpp>

#include <cstdint>

#if CROSSLANE_CONFIG_ACCESS_CHECKS

namespace crosslane::backend::inline CROSSLANE_CONFIGURATION {

struct common_argument {
  enum class type : unsigned char { number, address, operation };
  char const* name = nullptr;
  type is = type::number;
  std::uint64_t value = 0;

  bool operator==(common_argument const&) const = default;
};

/// Two threads of the block that call one operation with different arguments.
struct argument_difference {
  unsigned one = 0, other = 0;
  common_argument argument, other_argument;
};

class argument_checks {
 public:
  /// A new block begins.
  void clear(unsigned threads) noexcept {
    for (unsigned t = 0; t < threads; ++t) of_thread_[t].count = 0;
    open_barrier();
  }

  // --- operations of groups ---

  /// Thread `rank` calls an operation of its group next, with this argument.
  CROSSLANE_UNSEEN void expect_in_group(unsigned rank, common_argument const& a) noexcept {
    arguments& mine = of_thread_[rank];
    if (mine.count != arguments::most) mine.of[mine.count++] = a;
  }
  /// The members of a group have all called an operation; `first` is the rank of their wave's lane 0. Returns whether the arguments of two
  /// of them differ, and describes the first difference.
  CROSSLANE_UNSEEN bool differ_in_group(unsigned first, lane_slot const* slots, std::uint64_t members,
                                        argument_difference& difference) noexcept {
    unsigned const one = unsigned(__builtin_ctzll(members));
    arguments& all = of_thread_[first + one];
    bool const some = all.count != 0, other_operator = slots[one].has_other_operator;
    if (!some && !other_operator) return false;
    bool differ = false;
    for (std::uint64_t rest = members & (members - 1); rest != 0; rest &= rest - 1) {
      unsigned const lane = unsigned(__builtin_ctzll(rest));
      arguments& mine = of_thread_[first + lane];
      for (unsigned i = 0; !differ && i < all.count && i < mine.count; ++i)
        if (mine.of[i] != all.of[i]) {
          difference = {first + lane, first + one, mine.of[i], all.of[i]};
          differ = true;
        }
      if (!differ && other_operator && slots[lane].has_other_operator) {
        constexpr auto operation = common_argument::type::operation;
        difference = {first + lane, first + one, {"operator", operation, 1}, {"operator", operation, 0}};
        differ = true;
      }
      mine.count = 0;
    }
    all.count = 0;
    return differ;
  }

  // --- operations of blocks ---

  /// Thread `rank` calls an operation of the block with this argument. Between two barriers all threads call the same operations, so their
  /// calls of the same number belong together. Returns whether the argument differs from that of the first thread, and describes it.
  CROSSLANE_UNSEEN bool differs_in_block(unsigned rank, common_argument const& a, source_location where,
                                         argument_difference& difference) noexcept {
    unsigned const number = calls_of_[rank];
    if (number == most_calls) return false;
    ++calls_of_[rank];
    if (number == count_) {
      calls_[count_++] = {a, where, rank, false};
      return false;
    }
    call& first = calls_[number];
    bool const same_call = first.argument.name == a.name && first.where.line == where.line && first.where.file == where.file;
    if (!same_call || first.reported || first.argument == a) return false;
    first.reported = true;
    difference = {rank, first.rank, a, first.argument};
    return true;
  }
  /// All threads of the block have met.
  CROSSLANE_UNSEEN void open_barrier() noexcept {
    if (count_ == 0) return;
    count_ = 0;
    for (unsigned char& calls : calls_of_) calls = 0;
  }

 private:
  struct arguments {
    static constexpr unsigned most = 3;
    common_argument of[most];
    unsigned count = 0;
  };
  static constexpr unsigned most_calls = 64;  ///< that are compared between two barriers
  struct call {
    common_argument argument;
    source_location where;
    unsigned rank = 0;
    bool reported = false;
  };

  arguments of_thread_[fiber_pool::capacity];
  call calls_[most_calls];  ///< of the thread that came first, since the last barrier
  unsigned count_ = 0;
  unsigned char calls_of_[fiber_pool::capacity] = {};
};

}  // namespace crosslane::backend::inline CROSSLANE_CONFIGURATION

#endif
