// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Algorithms on more than 2^32 elements, and beside another kernel. It needs 64 GiB of device memory.
#include <crosslane/algorithm.hpp>

#include <support/target.hpp>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

constexpr std::uint64_t n = (std::uint64_t{1} << 32) + 7;

struct hashed {
  CROSSLANE_FN unsigned char operator()(std::uint64_t i) const {
    std::uint64_t const x = (i + 1) * 0x9e3779b97f4a7c15u;
    return static_cast<unsigned char>((x ^ x >> 29) >> 17);
  }
};
struct is_odd {
  template <class T>
  CROSSLANE_FN bool operator()(T x) const {
    return x % 2 != 0;
  }
};
struct widened {
  CROSSLANE_FN std::uint64_t operator()(unsigned x) const { return x; }
};
/// Whether element i of a scan does not follow from the one before.
struct breaks_scan {
  xl::span<unsigned const> sums;
  CROSSLANE_FN bool operator()(std::uint64_t i) const { return sums[i] - (i == 0 ? 0u : sums[i - 1]) != hashed{}(i); }
};
struct breaks_order {
  xl::span<unsigned char const> keys;
  CROSSLANE_FN bool operator()(std::uint64_t i) const { return i != 0 && keys[i] < keys[i - 1]; }
};
struct spins {
  static constexpr auto block = xl::block_size<256>;
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<unsigned> out, unsigned rounds) const {
    unsigned x = unsigned(ctx.global_rank());
    for (unsigned i = 0; i < rounds; ++i) x = x * 1664525u + 1013904223u;
    out[ctx.global_rank()] = x;
  }
};

CROSSLANE_TEST(large, bytes) {
  if (d.properties().memory < std::uint64_t{64} << 30) skip("less than 64 GiB of device memory");
  xl::stream const q{d};
  xl::buffer<unsigned char> in{q, n}, out{q, n};
  xl::buffer<std::uint64_t> count{q, 1}, bins{q, 256};
  xl::generate(q, in, hashed{});
  std::uint64_t const odd = xl::count_if(q, in, is_odd{}), sum = xl::reduce(q, xl::transformed(in, widened{}), xl::plus{});
  CROSSLANE_CHECK(odd > n / 3 && odd < n / 3 * 2);

  xl::copy_if(q, in, out, count, is_odd{});
  CROSSLANE_CHECK_EQ(read(q, count)[0], odd);
  std::uint64_t const odd_sum = xl::reduce(q, xl::transformed(xl::counted(out, count), widened{}), xl::plus{});
  xl::partition_copy(q, in, out, xl::reversed(out), count, is_odd{});
  CROSSLANE_CHECK_EQ(xl::reduce(q, xl::transformed(xl::counted(out, count), widened{}), xl::plus{}), odd_sum);
  CROSSLANE_CHECK_EQ(xl::reduce(q, xl::transformed(out, widened{}), xl::plus{}), sum);

  xl::radix_sort(q, in, out);
  auto const unordered = xl::transformed<bool>(xl::counting(std::uint64_t{0}, n), breaks_order{out.view()});
  CROSSLANE_CHECK(!xl::any_of(q, unordered, [] CROSSLANE_LAMBDA(bool x) { return x; }));
  CROSSLANE_CHECK_EQ(xl::reduce(q, xl::transformed(out, widened{}), xl::plus{}), sum);
  xl::histogram(q, in, bins, xl::even_bins(0, 256));
  CROSSLANE_CHECK_EQ(xl::reduce(q, bins, xl::plus{}), n);
}

CROSSLANE_TEST(large, words) {
  if (d.properties().memory < std::uint64_t{64} << 30) skip("less than 64 GiB of device memory");
  xl::stream const q{d};
  xl::buffer<unsigned> sums{q, n};
  xl::inclusive_scan(q, xl::transformed<unsigned>(xl::counting(std::uint64_t{0}, n), hashed{}), sums, xl::plus{});
  auto const broken = xl::transformed<bool>(xl::counting(std::uint64_t{0}, n), breaks_scan{sums.view()});
  CROSSLANE_CHECK_EQ(xl::count_if(q, broken, [] CROSSLANE_LAMBDA(bool x) { return x; }), 0);
}

/// Resident kernels of two streams, and another kernel that occupies the device at the same time.
CROSSLANE_TEST(large, beside_another_kernel) {
  if (d.properties().memory < std::uint64_t{64} << 30) skip("less than 64 GiB of device memory");
  constexpr std::size_t elements = std::size_t{1} << 22;
  xl::stream const a{d}, b{d}, busy{d};
  xl::buffer<unsigned> in{a, elements}, first{a, elements}, second{b, elements}, noise{busy, std::size_t{256} * 4096};
  xl::fill(a, in, 3u);
  a.synchronize();
  for (int i = 0; i < 200; ++i) {
    xl::launch(busy, {.grid = 4096}, spins{}, noise, 4000u);
    xl::inclusive_scan(a, in, first, xl::plus{});
    xl::inclusive_scan(b, in, second, xl::plus{});
  }
  CROSSLANE_CHECK_EQ(read(a, first)[elements - 1], unsigned(elements * 3));
  CROSSLANE_CHECK_EQ(read(b, second)[elements - 1], unsigned(elements * 3));
}

}  // namespace
