// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Policies of radix_sort(), for keys of 4 and 8 bytes, and for keys of 4 bytes with values of 4 bytes.
#include "tune.hpp"

namespace tune {
namespace {

template <class Key, bool HasValues, class Items>
void compare(xl::stream_ref q, arrays& a, Items items) {
  for (std::size_t const n : arrays::sizes<Key>()) {
    comparison c{q, a,
                 "radix_sort of keys of " + std::to_string(sizeof(Key)) + " bytes" + (HasValues ? " with values, " : ", ") +
                     std::to_string(n) + " elements: threads, items, blocks, look-back, few items, tiles",
                 2.0 * sizeof(Key) * (HasValues ? 2 : 1) * double(n)};
    auto const call = [&](auto const& o) {
      auto const keys = arrays::in<Key>(a.random, n);
      if constexpr (HasValues)
        xl::radix_sort_by_key(q, keys, arrays::in<unsigned>(a.runs, n), a.out<Key>(n), a.out<unsigned>(n, 1), o);
      else
        xl::radix_sort(q, keys, a.out<Key>(n), o);
    };
    c.add<xl::tuned>(call);
    for_choices(
        [&]<unsigned Threads, unsigned Number, unsigned Blocks, unsigned LookBack>(values<Threads, Number, Blocks, LookBack>) {
          if constexpr (Threads * Blocks <= 1024)
            c.add<xl::radix_sort_policy<Threads, Number, Blocks, LookBack, 8, (1u << 28) / (Threads * Number)>>(call);
        },
        values<256, 384, 512>{}, items, values<1, 2, 3>{}, values<4, 8>{});
    c.run();
  }
}

}  // namespace

void compare_radix_sorts(xl::stream_ref q, arrays& a) {
  compare<unsigned, false>(q, a, values<14, 18, 22>{});
  compare<unsigned, true>(q, a, values<14, 18, 22>{});
  compare<std::uint64_t, false>(q, a, values<9, 11, 14>{});
}

}  // namespace tune
