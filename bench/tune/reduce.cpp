// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Policies of reduce(), for elements of 1, 4 and 8 bytes.
#include "tune.hpp"

namespace tune {
namespace {

template <class T>
void compare(xl::stream_ref q, arrays& a) {
  constexpr unsigned bytes = sizeof(T);
  for (std::size_t const n : arrays::sizes<T>()) {
    comparison c{q, a, "reduce, " + std::to_string(bytes) + " bytes, " + std::to_string(n) + " elements: threads, items, blocks",
                 double(n) * bytes};
    auto const call = [&](auto const& o) { xl::reduce(q, arrays::in<T>(a.random, n), a.out<T>(1), xl::plus{}, o); };
    c.add<xl::tuned>(call);
    for_choices([&]<unsigned... V>(values<V...>) { c.add<xl::reduce_policy<V...>>(call); }, values<128, 256, 512>{},
                values<16 / bytes, 32 / bytes, 64 / bytes, 128 / bytes>{}, values<2, 4, 6, 8>{});
    c.run();
  }
}

}  // namespace

void compare_reductions(xl::stream_ref q, arrays& a) {
  compare<unsigned char>(q, a);
  compare<unsigned>(q, a);
  compare<std::uint64_t>(q, a);
}

}  // namespace tune
