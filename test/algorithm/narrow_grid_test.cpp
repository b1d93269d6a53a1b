// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Element-wise algorithms over more elements than a grid has threads, as happens on AMD from 2^32 on. A host backend that launches
/// kernels, as a GPU's does, and has small grids stands for such a device.
#include <support/target.hpp>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

struct narrow : xl::backend::host_runtime<narrow> {
  static constexpr char const* name = "narrow";
  using widths = std::integer_sequence<unsigned, 32, 64>;
  template <unsigned Width, class Shape>
  using context = xl::context<xl::backend::host_intrinsics, Width, Shape>;
  static constexpr bool std_complex_computes = true;
  static constexpr std::size_t max_argument_bytes = xl::host::max_argument_bytes;
  static constexpr unsigned max_cluster_blocks = 1;
  static constexpr std::size_t max_static_shared_bytes = ~std::size_t{0}, max_shared_bytes = ~std::size_t{0};

  static constexpr std::uint64_t blocks = 3, threads = blocks * xl::detail::elementwise_block;
  static inline int launches = 0;

  static xl::status properties(int index, xl::device_properties& out) {
    xl::status const answer = xl::backend::host_runtime<narrow>::properties(index, out);
    out.max_threads_per_axis = threads + xl::detail::elementwise_block - 1;  // as 2^32 - 1, no multiple of a block
    return answer;
  }
  template <unsigned Width, class K, class... A>
  static xl::status launch(stream_handle q, xl::device_properties const&, xl::detail::launch_geometry const& g, K const& kernel,
                           A const&... arguments) {
    ++launches;
    q->enqueue<narrow>([task = xl::backend::typed_grid_task<narrow, Width, K, A...>{g, xl::type_name<K>(), kernel, arguments...}] {
      xl::backend::independent_grid{task}.run();
    });
    return {};
  }
};

template <class T>
using narrow_buffer = xl::basic_buffer<T, xl::memory_kind::device, narrow>;

/// Numbers of elements that fill one grid exactly, one more, and several grids with a rest, for `per_thread` elements per thread.
std::vector<std::size_t> sizes(std::size_t per_thread) {
  std::size_t const most = narrow::threads * per_thread;
  return {0, 1, most - 1, most, most + 1, 3 * most, 3 * most + per_thread - 1, 3 * most + 2 * per_thread + 1};
}
int launches_of(std::size_t n, std::size_t per_thread) {
  std::size_t const most = narrow::threads * per_thread;
  return int((n + most - 1) / most);
}

template <class N>
void check_indices() {
  xl::basic_stream<narrow> const q{xl::basic_device<narrow>{0}};
  for (std::size_t const n : sizes(1)) {
    std::vector<int> count(n + 1);
    narrow::launches = 0;
    xl::for_each(q, N(n), [data = count.data()](N i) { ++data[i]; });
    q.synchronize();
    std::vector<int> expected(n, 1);
    expected.push_back(0);
    CROSSLANE_CHECK_SAME(count, expected);
    CROSSLANE_CHECK(narrow::launches <= 1);
  }
}

CROSSLANE_TEST_ONCE(narrow_grid, for_each_index) {
  check_indices<std::size_t>();
  check_indices<long long>();
  check_indices<unsigned>();
}

/// Ranges that begin `offset` elements after an aligned address.
template <class T>
void check_elements(std::size_t offset, std::size_t per_thread) {
  xl::basic_stream<narrow> const q{xl::basic_device<narrow>{1}};
  for (std::size_t const n : sizes(per_thread)) {
    narrow_buffer<T> x{q, n + offset + 1}, y{q, n + offset + 1};
    xl::span<T> const a = x.view().subspan(offset, n), b = y.view().subspan(offset, n);
    std::vector<T> in(n), got(n);
    for (std::size_t i = 0; i < n; ++i) in[i] = T(i * 7 + 3);
    auto const check = [&](auto const& view, auto const& f) {
      CROSSLANE_CHECK_EQ(narrow::launches, launches_of(n, per_thread));
      narrow::launches = 0;
      xl::copy(q, view, got);
      q.synchronize();
      for (std::size_t i = 0; i < n; ++i)
        if (got[i] != f(in[i])) return fail("element " + std::to_string(i) + " of " + std::to_string(n), source_location::current());
    };
    xl::copy(q, in, a);
    narrow::launches = 0;
    xl::transform(q, a, b, [](T v) { return T(v + 1); });
    check(b, [](T v) { return T(v + 1); });
    xl::for_each(q, a, [](T& v) { v = T(v * 3); });
    check(a, [](T v) { return T(v * 3); });
    xl::fill(q, a, T(0x0102));
    check(a, [](T) { return T(0x0102); });
  }
}

CROSSLANE_TEST_ONCE(narrow_grid, elements) {
  check_elements<float>(0, 4);
  check_elements<float>(1, 1);
  check_elements<std::uint16_t>(0, 8);
  check_elements<std::uint16_t>(3, 1);
  check_elements<double>(0, 2);
}

}  // namespace
