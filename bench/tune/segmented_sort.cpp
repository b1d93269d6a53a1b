// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Policies of segmented_sort(), for keys of 4 bytes in rows of several lengths.
#include "tune.hpp"

namespace tune {
namespace {

/// Compares the policies with one number of each list, for rows of `row` keys.
template <class... Lists>
void compare(xl::stream_ref q, arrays& a, unsigned row, Lists... lists) {
  for (std::size_t const n : arrays::sizes<unsigned>()) {
    comparison c{q, a,
                 "segmented_sort of rows of " + std::to_string(row) + ", 4 bytes, " + std::to_string(n) +
                     " elements: longest row of a wave, threads and items of a small block, threads and items of a large block",
                 8.0 * double(n)};
    auto const call = [&](auto const& o) { xl::segmented_sort(q, arrays::in<unsigned>(a.random, n), row, a.out<unsigned>(n), o); };
    c.add<xl::tuned>(call);
    for_choices([&]<unsigned... V>(values<V...>) { c.add<xl::segmented_sort_policy<V...>>(call); }, lists...);
    c.run();
  }
}

}  // namespace

void compare_segmented_sorts(xl::stream_ref q, arrays& a) {
  // Each length of rows concerns a part of the policy.
  values<256> const row, small_threads;
  values<4> const small_items;
  values<512> const threads;
  values<8> const items;
  compare(q, a, 64, values<64, 128, 256, 512>{}, small_threads, small_items, threads, items);
  compare(q, a, 256, values<128, 256, 512>{}, small_threads, small_items, threads, items);
  compare(q, a, 1024, row, values<128, 256, 512>{}, values<2, 4, 8>{}, threads, items);
  compare(q, a, 4096, row, small_threads, small_items, values<256, 512>{}, values<8, 12, 16>{});
  compare(q, a, 1u << 14, row, small_threads, small_items, values<256, 512>{}, values<8, 12, 16>{});
}

}  // namespace tune
