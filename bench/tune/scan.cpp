// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Policies of scans, for elements of 1, 4 and 8 bytes.
#include "tune.hpp"

namespace tune {
namespace {

template <class T, class Items>
void compare(xl::stream_ref q, arrays& a, Items items) {
  for (std::size_t const n : arrays::sizes<T>()) {
    comparison c{q, a, "scan, " + std::to_string(sizeof(T)) + " bytes, " + std::to_string(n) + " elements: threads, items, blocks",
                 2.0 * sizeof(T) * double(n)};
    auto const call = [&](auto const& o) { xl::inclusive_scan(q, arrays::in<T>(a.random, n), a.out<T>(n), xl::plus{}, o); };
    c.add<xl::tuned>(call);
    for_choices([&]<unsigned... V>(values<V...>) { c.add<xl::scan_policy<V...>>(call); }, values<128, 256, 512>{}, items,
                values<2, 3, 4>{});
    c.run();
  }
}

}  // namespace

void compare_scans(xl::stream_ref q, arrays& a) {
  compare<unsigned char>(q, a, values<8, 16, 32>{});
  compare<unsigned>(q, a, values<8, 12, 16, 24>{});
  compare<std::uint64_t>(q, a, values<4, 8, 12>{});
}

}  // namespace tune
