// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Policies of scans, for elements of 1, 4 and 8 bytes.
#include "tune.hpp"

namespace tune {
namespace {

template <class T, class Choices>
void compare(xl::stream_ref q, arrays& a, Choices items) {
  for (std::size_t const n : arrays::sizes<T>()) {
    comparison c{q, a,
                 "scan, " + std::to_string(sizeof(T)) + " bytes, " + std::to_string(n) + " elements: threads, items, blocks, stages, ahead",
                 2.0 * sizeof(T) * double(n)};
    auto const call = [&](auto const& o) { xl::inclusive_scan(q, arrays::in<T>(a.random, n), a.out<T>(n), xl::plus{}, o); };
    c.add<xl::tuned>(call);
    auto const add = [&]<unsigned Threads, unsigned Items, unsigned Blocks, unsigned Stages, unsigned Ahead>(
                         values<Threads, Items, Blocks, Stages, Ahead>) {
      if constexpr (fits<sizeof(T), 0>(Threads, Items, Stages)) c.add<xl::scan_policy<Threads, Items, Blocks, Stages, Ahead>>(call);
    };
    for_choices(add, values<256, 320, 384, 448>{}, items, values<1>{}, values<4>{}, values<2>{});
    for_choices(add, values<256, 320, 384, 448>{}, items, values<1>{}, values<5>{}, values<3>{});
    c.run();
  }
}

}  // namespace

void compare_scans(xl::stream_ref q, arrays& a) {
  compare<unsigned char>(q, a, values<48, 80, 112>{});
  compare<unsigned>(q, a, values<12, 20, 28>{});
  compare<std::uint64_t>(q, a, values<6, 10, 14>{});
}

}  // namespace tune
