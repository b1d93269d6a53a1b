// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Code that the tests of layouts share: random extents, all indices, the properties of every layout.
#pragma once

#include <crosslane/tensor.hpp>

#include <support/target.hpp>

#include <random>

namespace crosslane_test {

namespace axis = xl::axis;

/// Calls f(index) for every index, the last axis fastest.
template <class L, class F>
void for_each_index(L const& layout, F const& f) {
  using E = typename L::extents_type;
  std::vector<std::int64_t> lengths;
  [&]<class... A>(xl::axes<A...>) { (lengths.push_back(layout.extents().template extent<A>()), ...); }(typename E::axes{});
  for (auto const n : lengths)
    if (n == 0) return;
  typename E::multi_index i{};
  for (;;) {
    f(i);
    int a = E::rank - 1;
    while (a >= 0 && ++i[a] == lengths[std::size_t(a)]) i[a--] = 0;
    if (a < 0) return;
  }
}

/// storage[offset of the k-th index in the order of memory] = k + 1.
struct write_positions {
  template <xl::kernel_context Ctx, class L>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::tensor_view<int, L> t) const {
    for (auto k : ctx.grid_stride(t.size())) t[t.memory_order(k)] = int(k) + 1;
  }
};

/// `expected(index)` is the offset by definition.
template <class L, class Expected>
void check_layout(xl::device d, L const& layout, Expected const& expected) {
  static_assert(xl::tensor_layout<L>);
  std::size_t const span = std::size_t(layout.span_size());
  std::vector<int> seen(span);
  std::size_t count = 0;
  bool right = true, inside = true, injective = true;
  for_each_index(layout, [&](auto const& i) {
    ++count;
    auto const at = std::size_t(layout.offset(i));
    right = right && at == std::size_t(expected(i));
    inside = inside && at < span;
    if (at < span) injective = injective && seen[at]++ == 0;
  });
  CROSSLANE_CHECK(right);
  CROSSLANE_CHECK(inside);
  CROSSLANE_CHECK(injective);
  CROSSLANE_CHECK_EQ(std::size_t(layout.extents().size()), count);
  if constexpr (xl::strided_layout<L>) {
    bool linear = true;
    for_each_index(layout, [&](auto const& i) {
      std::int64_t sum = 0;
      [&]<class... A>(xl::axes<A...>) {
        ((sum += std::int64_t{layout.template stride<A>()} * i[xl::detail::position_of<typename L::extents_type, A>]), ...);
      }(typename L::order{});
      linear = linear && sum == layout.offset(i);
    });
    CROSSLANE_CHECK(linear);
  }

  // The same offsets inside a kernel; positions in memory_order() rise with the axes of `order`, the last one fastest.
  xl::stream const q{d};
  xl::tensor<int, L> t{q, layout};
  xl::fill(q, t.storage(), 0);
  xl::launch(q, {.grid = 2, .block = 64}, write_positions{}, t);
  std::vector<int> const got = read(q, t.storage());
  std::vector<int> want(span);
  for_each_index(layout, [&](auto const& i) {
    std::int64_t k = 0;
    [&]<class... A>(xl::axes<A...>) {
      ((k = k * layout.extents().template extent<A>() + i[xl::detail::position_of<typename L::extents_type, A>]), ...);
    }(typename L::order{});
    want[std::size_t(layout.offset(i))] = int(k) + 1;
  });
  CROSSLANE_CHECK_SAME(got, want);
}

/// Mostly small extents, with 0 and 1 among them.
class random_extents {
 public:
  explicit random_extents(unsigned seed) : engine_{seed} {}
  int operator()(int most) {
    unsigned const r = unsigned(engine_());
    return r % 16 == 0 ? 0 : r % 16 < 3 ? 1 : 1 + int(r / 16 % unsigned(most));
  }

 private:
  std::mt19937 engine_;
};

}  // namespace crosslane_test
