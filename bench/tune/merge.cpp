// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Policies of merge() and merge_sort(), for elements of 4 and 8 bytes.
#include "tune.hpp"

namespace tune {
namespace {

template <class T>
void compare(xl::stream_ref q, arrays& a) {
  std::string const bytes = ", " + std::to_string(sizeof(T)) + " bytes, ";
  for (std::size_t const n : arrays::sizes<T>()) {
    comparison merges{q, a, "merge" + bytes + std::to_string(n) + " elements: threads, items", 2.0 * sizeof(T) * double(n)};
    // Numbers of 64 bits follow those of 32 bits, and fill as much memory.
    constexpr std::size_t most = arrays::words * sizeof(unsigned) / sizeof(T), begin = sizeof(T) == 8 ? most : 0;
    auto const merge = [&](auto const& o) {
      xl::merge(q, arrays::in<T>(a.sorted, n / 2, begin), arrays::in<T>(a.sorted, n / 2, begin + most / 2), a.out<T>(n), xl::less{}, o);
    };
    merges.add<xl::tuned>(merge);
    for_choices([&]<unsigned... V>(values<V...>) { merges.add<xl::merge_policy<V...>>(merge); }, values<128, 256, 512>{},
                values<9, 13, 17, 19, 21, 23>{});
    merges.run();

    comparison sorts{q, a, "merge_sort with a copy" + bytes + std::to_string(n) + " elements: threads that sort, that merge, items",
                     2.0 * sizeof(T) * double(n)};
    auto const sort = [&](auto const& o) {
      xl::copy(q, arrays::in<T>(a.random, n), a.out<T>(n));
      xl::merge_sort(q, a.out<T>(n), xl::less{}, o);
    };
    sorts.add<xl::tuned>(sort);
    for_choices(
        [&]<unsigned Sort, unsigned Merge, unsigned Items>(values<Sort, Merge, Items>) {
          if constexpr (Sort >= Merge) sorts.add<xl::merge_sort_policy<Sort, Merge, Items>>(sort);
        },
        values<256, 512>{}, values<128, 256>{}, values<11, 15, 17, 19, 21, 23>{});
    sorts.run();
  }
}

}  // namespace

void compare_merges(xl::stream_ref q, arrays& a) {
  compare<unsigned>(q, a);
  compare<std::uint64_t>(q, a);
}

}  // namespace tune
