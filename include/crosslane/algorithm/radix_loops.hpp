// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// radix_sort() by loops on the cores of the host. Each pass sorts by one digit: all pieces count its values, then each moves its elements
/// to their places. A pass is left out if all keys have the same value of its digit.
#pragma once

#include <crosslane/algorithm/elementwise.hpp>
#include <crosslane/algorithm/radix_passes.hpp>

#include <memory>
#include <vector>

namespace crosslane::detail {

/// The data that the steps of one sort share. A graph may run the steps several times, one sort after another.
template <class Words, class Value, class KeysIn, class ValuesIn, class KeysOut, class ValuesOut>
struct radix_loop {
  using key = typename Words::key;
  static constexpr bool has_values = !std::is_same_v<Value, no_value>;
  static constexpr bool in_memory = is_span<KeysIn> && (!has_values || is_span<ValuesIn>);
  enum class place : unsigned char { input, output, other };

  KeysIn keys;
  ValuesIn values;
  KeysOut keys_out;
  ValuesOut values_out;
  std::uint64_t piece;
  std::unique_ptr<key[]> other_keys;
  std::unique_ptr<Value[]> other_values;
  std::vector<std::uint64_t> counts;  // for each piece and value of the digit; then the place of the piece's next element
  place from = place::input, to = place::input;

  std::uint64_t count() const { return count_in_kernel(keys); }

  /// Calls `work(keys, values)` with the ranges that a pass writes.
  template <class Work>
  void with_target(place p, Work const& work) {
    if (p == place::output)
      work(keys_out, values_out);
    else
      work(span<key>{other_keys.get(), std::size_t(keys.size())}, span<Value>{other_values.get(), std::size_t(keys.size())});
  }
  /// Calls `work(keys, values)` with the ranges that a pass reads.
  template <class Work>
  void with_source(place p, Work const& work) {
    if (p == place::input)
      work(keys, values);
    else
      with_target(p, work);
  }

  /// `first`: in the first pass, which reads the input.
  void count_piece(std::uint64_t begin, std::uint64_t end, radix_digit digit, bool first) {
    std::uint64_t* const own = &counts[begin / piece * radix_digits];
    for (std::uint64_t* c = own; c != &counts[((end - 1) / piece) * radix_digits] + radix_digits; ++c) *c = 0;
    if (end > count()) end = count();
    with_source(first ? place::input : from, [&](auto const& k, auto const&) {
      for (std::uint64_t i = begin; i < end; ++i) ++own[digit.of(Words::of(k[i]))];
    });
  }
  /// Scans the counts, and chooses where the elements go: nowhere if one value has them all, unless they are computed. These may be
  /// computed from the output, so they are in other memory before any is stored there.
  void scan(std::uint64_t pieces, bool first) {
    std::uint64_t before = 0;
    if (first) from = place::input;
    to = from == place::other ? place::output : place::other;
    for (unsigned d = 0; d < radix_digits; ++d) {
      std::uint64_t const begin = before;
      for (std::uint64_t p = 0; p < pieces; ++p) {
        std::uint64_t const here = counts[p * radix_digits + d];
        counts[p * radix_digits + d] = before;
        before += here;
      }
      if (before - begin == count() && (from != place::input || in_memory)) to = from;
    }
  }
  void move_piece(std::uint64_t begin, std::uint64_t end, radix_digit digit) {
    std::uint64_t* const next = &counts[begin / piece * radix_digits];
    if (end > count()) end = count();
    if (to == from) return;
    with_source(from, [&](auto const& k, [[maybe_unused]] auto const& v) {
      with_target(to, [&](auto const& k_to, [[maybe_unused]] auto const& v_to) {
        for (std::uint64_t i = begin; i < end; ++i) {
          key const moved = k[i];
          std::uint64_t const at = next[digit.of(Words::of(moved))]++;
          k_to[at] = moved;
          if constexpr (has_values) v_to[at] = Value(v[i]);
        }
      });
    });
  }
  /// Copies the result to the output if it is elsewhere.
  void finish_piece(std::uint64_t begin, std::uint64_t end) {
    if (from == place::output) return;
    if (end > count()) end = count();
    with_source(from, [&](auto const& k, [[maybe_unused]] auto const& v) {
      for (std::uint64_t i = begin; i < end; ++i) {
        keys_out[i] = key(k[i]);
        if constexpr (has_values) values_out[i] = Value(v[i]);
      }
    });
  }
};

}  // namespace crosslane::detail
