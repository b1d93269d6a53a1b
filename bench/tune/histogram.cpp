// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Policies of histogram(), for bytes and for words of 4 bytes, and of top_k().
#include "tune.hpp"

namespace tune {
namespace {

/// `end` is that of the last bin. `Bytes` lists the shared memory for counts.
template <class T, class Level, class Bytes>
void compare(xl::stream_ref q, arrays& a, unsigned bins, Level end, Bytes bytes) {
  for (std::size_t const n : arrays::sizes<T>()) {
    comparison c{q, a,
                 "histogram of " + std::to_string(bins) + " bins, " + std::to_string(sizeof(T)) + " bytes, " + std::to_string(n) +
                     " elements: threads, blocks, bytes",
                 double(sizeof(T)) * double(n)};
    auto const call = [&](auto const& o) {
      xl::histogram(q, arrays::in<T>(a.random, n), a.out<unsigned>(bins), xl::even_bins(Level(0), end), o);
    };
    c.add<xl::tuned>(call);
    for_choices(
        [&]<unsigned Threads, unsigned Blocks, unsigned Memory>(values<Threads, Blocks, Memory>) {
          if constexpr (Threads * Blocks <= 2048) c.add<xl::histogram_policy<Threads, Blocks, Memory>>(call);
        },
        values<256, 512, 1024>{}, values<1, 2, 3, 4>{}, bytes);
    c.run();
  }
}

}  // namespace

void compare_histograms(xl::stream_ref q, arrays& a) {
  compare<unsigned char>(q, a, 256, 256, values<32 * 1024>{});  // the policy's bytes do not matter
  compare<unsigned>(q, a, 2048, ~0u, values<16 * 1024, 32 * 1024, 64 * 1024>{});
}

void compare_top_k(xl::stream_ref q, arrays& a) {
  for (std::size_t const n : arrays::sizes<unsigned>()) {
    comparison c{q, a, "top_k of 64, 4 bytes, " + std::to_string(n) + " elements: threads, items, blocks", 4.0 * double(n)};
    auto const call = [&](auto const& o) { xl::top_k(q, arrays::in<unsigned>(a.random, n), a.out<unsigned>(64), 64, o); };
    c.add<xl::tuned>(call);
    for_choices([&]<unsigned... V>(values<V...>) { c.add<xl::top_k_policy<V...>>(call); }, values<256, 512>{}, values<4, 8, 16>{},
                values<1, 2, 3>{});
    c.run();
  }
}

}  // namespace tune
