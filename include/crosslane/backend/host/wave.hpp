// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Wave operations on the CPU. Each lane offers a value and a place for its result. The last lane to arrive performs the operation for all
/// lanes, by its definition.
#pragma once

#include <crosslane/backend/host/block.hpp>
#include <crosslane/backend/wave_hooks.hpp>
#include <crosslane/kernel/lane_mask.hpp>

#include <cstring>

namespace crosslane::backend::inline CROSSLANE_CONFIGURATION {

/// Storage for a T that need not be default-constructible. If the thread fails, it keeps the caller's own value.
template <class T>
union result_of {
  explicit result_of(T const& own) : value{own} {}
  T value;
};

/// Implements the operations for `Derived`, which has block() and rank(). The members are lanes of the caller's wave, including the caller,
/// and all members call the operation. Values are passed by value: a reference would be read only when the last lane arrives.
template <class Derived>
class host_wave : public wave_hooks {
 public:
  static constexpr bool has_reduce = true;
  template <bool WholeWave>
  static constexpr bool has_elect = true;

  static constexpr bool checks_arguments = sees_accesses;
  static constexpr bool copies_for_peers = true;
  static constexpr bool spoils_results = true;
#if CROSSLANE_CONFIG_ACCESS_CHECKS
  template <class Value>
  void expect_in_group(char const* name, Value const& value) const {
    self().block().expect_in_group(self().rank(), common(name, value));
  }
  template <class Value>
  void expect_in_block(char const* name, Value const& value, source_location where) const {
    self().block().expect_in_block(self().rank(), common(name, value), where);
  }
#endif

  template <unsigned W>
  void sync_lanes(lane_mask<W> members, source_location where) const {
    offer<W>(members, nullptr, nullptr, 0, where, [](lane_slot*, std::uint64_t) {}, true);
  }

  /// Returns the value of lane `source`, which must be a member.
  template <unsigned W, class T>
  T shuffle(lane_mask<W> members, T value, unsigned source, source_location where) const {
    result_of<T> result{value};
    offer<W>(members, &value, &result.value, source, where, [](lane_slot* wave, std::uint64_t lanes) {
      for (std::uint64_t rest = lanes; rest != 0; rest &= rest - 1) {
        unsigned const lane = unsigned(__builtin_ctzll(rest)), from = wave[lane].argument;
        if (from >= W || (lanes >> from & 1) == 0) throw absent_source{lane, from};
        std::memcpy(wave[lane].out, wave[from].in, sizeof(T));
      }
    });
    return result.value;
  }

  /// Returns true in the lowest member.
  template <unsigned W>
  bool elect(lane_mask<W> members, source_location where) const {
    offer<W>(members, nullptr, nullptr, 0, where, [](lane_slot*, std::uint64_t) {});
    return self().rank() % W == members.first();
  }

  /// Returns the members whose `predicate` is true.
  template <unsigned W>
  lane_mask<W> ballot(lane_mask<W> members, bool predicate, source_location where) const {
    lane_mask<W> result;
    offer<W>(members, &predicate, &result, 0, where, [](lane_slot* wave, std::uint64_t lanes) {
      lane_mask<W> holds;
      for (std::uint64_t rest = lanes; rest != 0; rest &= rest - 1)
        if (unsigned const lane = unsigned(__builtin_ctzll(rest)); *static_cast<bool const*>(wave[lane].in)) holds.set(lane);
      for (std::uint64_t rest = lanes; rest != 0; rest &= rest - 1) *static_cast<lane_mask<W>*>(wave[__builtin_ctzll(rest)].out) = holds;
    });
    return result;
  }

  /// Returns, in each lane, the members whose value has the same bytes.
  template <unsigned W, class T>
  lane_mask<W> match_any(lane_mask<W> members, T value, source_location where) const {
    lane_mask<W> result;
    offer<W>(members, &value, &result, 0, where, [](lane_slot* wave, std::uint64_t lanes) {
      for (std::uint64_t rest = lanes; rest != 0; rest &= rest - 1) {
        lane_slot const& mine = wave[__builtin_ctzll(rest)];
        lane_mask<W> same;
        for (std::uint64_t others = lanes; others != 0; others &= others - 1)
          if (unsigned const i = unsigned(__builtin_ctzll(others)); std::memcmp(mine.in, wave[i].in, sizeof(T)) == 0) same.set(i);
        *static_cast<lane_mask<W>*>(mine.out) = same;
      }
    });
    return result;
  }

  /// Returns, in each lane, the members whose lowest `Bits` bits of `value` are the same.
  template <unsigned W, unsigned Bits>
  lane_mask<W> match_bits(lane_mask<W> members, unsigned value, source_location where) const {
    return match_any<W>(members, value & (~0u >> (32 - Bits)), where);
  }

  /// Returns value op value op ... in lane order, to every member.
  template <unsigned W, class T, class Op>
  T reduce(lane_mask<W> members, T value, Op const& op, source_location where) const {
    result_of<T> result{value};
    operand<T, Op> const mine{&value, &op};
    offer<W>(members, &mine, &result.value, 0, where, [](lane_slot* wave, std::uint64_t lanes) {
      auto const& first = *static_cast<operand<T, Op> const*>(wave[__builtin_ctzll(lanes)].in);
      T total = *first.value;
      for (std::uint64_t rest = lanes & (lanes - 1); rest != 0; rest &= rest - 1) {
        lane_slot& slot = wave[__builtin_ctzll(rest)];
        total = combine(wave[__builtin_ctzll(lanes)], slot, first.op, total, *static_cast<operand<T, Op> const*>(slot.in));
      }
      for (std::uint64_t rest = lanes; rest != 0; rest &= rest - 1) std::memcpy(wave[__builtin_ctzll(rest)].out, &total, sizeof(T));
    });
    return result.value;
  }

  /// Returns the reduction of the members up to and including the caller.
  template <unsigned W, class T, class Op>
  T inclusive_scan(lane_mask<W> members, T value, Op const& op, source_location where) const {
    result_of<T> result{value};
    operand<T, Op> const mine{&value, &op};
    offer<W>(members, &mine, &result.value, 0, where, [](lane_slot* wave, std::uint64_t lanes) {
      lane_slot& first = wave[__builtin_ctzll(lanes)];
      Op const* const its_op = static_cast<operand<T, Op> const*>(first.in)->op;
      T total = *static_cast<operand<T, Op> const*>(first.in)->value;
      std::memcpy(first.out, &total, sizeof(T));
      for (std::uint64_t rest = lanes & (lanes - 1); rest != 0; rest &= rest - 1) {
        lane_slot& slot = wave[__builtin_ctzll(rest)];
        total = combine(first, slot, its_op, total, *static_cast<operand<T, Op> const*>(slot.in));
        std::memcpy(slot.out, &total, sizeof(T));
      }
    });
    return result.value;
  }

 private:
#if CROSSLANE_CONFIG_ACCESS_CHECKS
  template <class Value>
  static common_argument common(char const* name, Value const& value) {
    if constexpr (std::is_pointer_v<Value>)
      return {name, common_argument::type::address, reinterpret_cast<std::uintptr_t>(value)};
    else
      return {name, common_argument::type::number, static_cast<std::uint64_t>(value)};
  }
#endif
  Derived const& self() const { return static_cast<Derived const&>(*this); }

  template <class T, class Op>
  struct operand {
    T const* value;
    Op const* op;
  };

  /// Combines a total with the value of another lane by the operator of the first lane. Checked builds compare the result with that of the
  /// other lane's operator, if it can have a state.
  template <class T, class Op>
  static T combine([[maybe_unused]] lane_slot& first, [[maybe_unused]] lane_slot& other, Op const* op, T const& total,
                   operand<T, Op> const& mine) {
    T const result = (*op)(total, *mine.value);
#if CROSSLANE_CONFIG_ACCESS_CHECKS
    if constexpr (!std::is_empty_v<Op> && (std::has_unique_object_representations_v<T> || std::is_floating_point_v<T>)) {
      T const also = (*mine.op)(total, *mine.value);
      if (std::memcmp(&also, &result, sizeof(T)) != 0) first.has_other_operator = other.has_other_operator = true;
    }
#endif
    return result;
  }

  template <unsigned W>
  void offer(lane_mask<W> members, void const* in, void* out, unsigned argument, source_location where,
             void (*complete)(lane_slot*, std::uint64_t), bool orders_memory = false) const {
    self().block().collective(self().rank(), W, {in, out, argument, members.to_word(), where, orders_memory, false, complete});
  }
};

}  // namespace crosslane::backend::inline CROSSLANE_CONFIGURATION
