// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Policies of copy_if(), unique() and reduce_by_key(), for elements of 4 bytes.
#include "tune.hpp"

namespace tune {
namespace {

struct is_odd {
  CROSSLANE_FN bool operator()(unsigned x) const { return x % 2 != 0; }
};

template <unsigned Staged, unsigned Results, class Call>
void compare(xl::stream_ref q, arrays& a, char const* name, double bytes_per_element, Call const& call_on) {
  for (std::size_t const n : arrays::sizes<unsigned>()) {
    comparison c{q, a, name + (", 4 bytes, " + std::to_string(n)) + " elements: threads, items, blocks, stages, ahead",
                 bytes_per_element * double(n)};
    auto const call = [&](auto const& o) { call_on(n, o); };
    c.add<xl::tuned>(call);
    auto const add = [&]<unsigned Threads, unsigned Items, unsigned Blocks, unsigned Stages, unsigned Ahead>(
                         values<Threads, Items, Blocks, Stages, Ahead>) {
      if constexpr (fits<Staged, Results>(Threads, Items, Stages)) c.add<xl::scan_policy<Threads, Items, Blocks, Stages, Ahead>>(call);
    };
    for_choices(add, values<256, 320, 384, 448>{}, values<12, 20, 28>{}, values<1>{}, values<4>{}, values<2>{});
    for_choices(add, values<256, 320, 384, 448>{}, values<12, 20, 28>{}, values<1>{}, values<5>{}, values<3>{});
    c.run();
  }
}

}  // namespace

void compare_selections(xl::stream_ref q, arrays& a) {
  compare<4, 4>(q, a, "copy_if of half", 6, [&](std::size_t n, auto const& o) {
    xl::copy_if(q, arrays::in<unsigned>(a.random, n), a.out<unsigned>(n), a.number(), is_odd{}, o);
  });
  compare<4, 4>(q, a, "unique of runs of 8", 4.5, [&](std::size_t n, auto const& o) {
    xl::unique(q, arrays::in<unsigned>(a.runs, n), a.out<unsigned>(n), a.number(), xl::equal_to{}, o);
  });
  compare<8, 0>(q, a, "reduce_by_key of runs of 8", 9, [&](std::size_t n, auto const& o) {
    xl::reduce_by_key(q, arrays::in<unsigned>(a.runs, n), arrays::in<unsigned>(a.random, n), a.out<unsigned>(n), a.out<unsigned>(n, 1),
                      a.number(), xl::plus{}, xl::equal_to{}, o);
  });
}

}  // namespace tune
