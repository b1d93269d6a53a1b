// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Functions that queue the three kernels, which do by hand what xl::copy_if does in one call.
#pragma once

#include "kernels.hpp"

namespace compaction {

/// A predicate: the value is greater than the threshold.
struct above {
  float threshold;
  CROSSLANE_FN bool operator()(float value) const { return value > threshold; }
};

[[nodiscard]] inline unsigned blocks(std::size_t elements) { return xl::cover(elements, block_elements); }

// These functions queue kernels. `counts` has blocks(in.size()) elements, `offsets` one more. `out` has space for all kept elements.

template <xl::stream_like S, class Predicate>
void count(S const& q, xl::span<float const> in, Predicate keep, xl::span<unsigned> counts) {
  xl::launch(q, {.grid = blocks(in.size())}, count_kept<Predicate>{keep}, in, counts);
}
template <xl::stream_like S>
void scan(S const& q, xl::span<unsigned const> counts, xl::span<std::uint64_t> offsets) {
  xl::launch(q, {.grid = 1}, scan_counts{}, counts, offsets);
}
template <xl::stream_like S, class Predicate>
void scatter(S const& q, xl::span<float const> in, Predicate keep, xl::span<std::uint64_t const> offsets, xl::span<float> out) {
  xl::launch(q, {.grid = blocks(in.size())}, scatter_kept<Predicate>{keep}, in, offsets, out);
}

/// Queues out = the elements for which the predicate is true, in their order. The last element of `offsets` becomes their number.
template <xl::stream_like S, class Predicate>
void compact_by_hand(S const& q, xl::span<float const> in, Predicate keep, xl::span<unsigned> counts, xl::span<std::uint64_t> offsets,
                     xl::span<float> out) {
  count(q, in, keep, counts);
  scan(q, counts, offsets);
  scatter(q, in, keep, offsets, out);
}

}  // namespace compaction
