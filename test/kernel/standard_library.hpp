// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Constexpr functions of the standard library, and one of a user, called in a kernel. Each call has its own result.
#pragma once

#include <crosslane/crosslane.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <functional>
#include <iterator>
#include <numeric>
#include <optional>
#include <tuple>
#include <utility>
#include <variant>

namespace crosslane_test {

constexpr float unmarked(float x) { return x < 2 ? x * 3 : x; }

/// out[r] is the result of call r for 8 numbers in ascending order.
struct standard_library {
  static constexpr unsigned results = 66;
  static constexpr unsigned inputs = 8;

  template <crosslane::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, float const* in, float* out) const {
    if (ctx.thread_rank() == 0) call_all(in, out);
  }

  CROSSLANE_FN static void call_all(float const* in, float* out) {
    float const a = in[0], b = in[1];
    auto const whole = static_cast<unsigned>(in[2]);
    unsigned r = 0;

    out[r++] = std::min(a, b);
    out[r++] = std::max(a, b);
    out[r++] = std::min({b, a, 7.0f});
    out[r++] = std::minmax(b, a).second;
    out[r++] = std::clamp(b, 0.0f, a);
    out[r++] = unmarked(b);

    float x = a, y = b;
    std::swap(x, y);
    out[r++] = x - y;
    out[r++] = std::exchange(x, 5.0f) + x;
    float many[inputs];
    std::fill(many, many + inputs, b);
    out[r++] = many[whole];
    std::iota(many, many + inputs, a);
    out[r++] = many[whole];
    std::copy(in, in + inputs, many);
    out[r++] = many[whole];
    std::copy_backward(many, many + inputs - 1, many + inputs);
    out[r++] = many[whole];
    std::copy_n(in, inputs, many);
    std::rotate(many, many + whole, many + inputs);
    out[r++] = many[whole];
    std::reverse(many, many + inputs);
    out[r++] = many[whole];
    std::sort(many, many + inputs);
    out[r++] = many[whole];
    std::transform(many, many + inputs, many, std::negate<>{});
    out[r++] = std::accumulate(many, many + inputs, b);
    // One element: libstdc++ 12.3 to 14 have a path of its own for it.
    std::copy(in + whole, in + whole + 1, many);
    out[r++] = many[0];
    std::move(many, many + whole - 2, many + 2);
    out[r++] = many[2];
    many[0] = b;
    std::copy_backward(many, many + whole - 2, many + 4);
    out[r++] = many[3];
    float two[] = {b, a};
    std::sort(two, two + 2);
    out[r++] = two[0];
    out[r++] = two[1];
    out[r++] = *std::next(in, whole);
    out[r++] = *std::prev(in + whole + 2, 2);
    float const* at = in + 1;
    std::advance(at, whole + 1);
    out[r++] = *at;
    for (unsigned i = 0; i < inputs; ++i) out[r++] = static_cast<float>(std::lower_bound(in, in + inputs, in[i]) - in);
    out[r++] = static_cast<float>(std::upper_bound(in, in + inputs, in[5]) - in);
    out[r++] = static_cast<float>(std::equal_range(in, in + inputs, in[6]).second - in);
    out[r++] = static_cast<float>(std::find_end(in, in + inputs, in + 5, in + 7) - in);
    out[r++] = static_cast<float>(std::partition_point(in, in + inputs, [](float v) { return v < 6; }) - in);
    out[r++] = *std::lower_bound(in, in + inputs, b);
    out[r++] = *std::max_element(in, in + inputs);
    out[r++] = std::equal(in, in + whole, in) ? a : b;
    out[r++] = static_cast<float>(std::count(in, in + inputs, b));
    out[r++] = std::inner_product(in, in + inputs, in, a);

    out[r++] = static_cast<float>(std::bit_cast<unsigned>(b) >> 20);
    out[r++] = static_cast<float>(std::popcount(whole));
    out[r++] = static_cast<float>(std::countl_zero(whole));
    out[r++] = static_cast<float>(std::rotl(whole, 3));
    out[r++] = static_cast<float>(std::bit_ceil(whole));
    out[r++] = static_cast<float>(std::gcd(whole, 12u));
    out[r++] = static_cast<float>(std::countr_zero(whole << 4));
    out[r++] = static_cast<float>(std::countr_one(std::uint64_t{whole}));
    std::uint64_t const wide = std::uint64_t{whole} << 33;
    out[r++] = static_cast<float>(std::popcount(wide));
    out[r++] = static_cast<float>(std::countl_zero(wide));
    out[r++] = static_cast<float>(std::bit_width(wide));
    out[r++] = static_cast<float>(std::countr_zero(wide));
    int const these[] = {1, int(whole), 5}, those[] = {1, int(whole), 5};
    out[r++] = std::lexicographical_compare(these, these + whole, those, those + whole) ? a : b;
    out[r++] = static_cast<float>(std::find(these, these + whole, 5) - these);
    out[r++] = std::midpoint(a, b);
    out[r++] = std::lerp(a, b, 0.5f);

    std::array<float, 4> fixed{a, b, 3, 4};
    out[r++] = fixed[whole] + static_cast<float>(fixed.size());
    fixed.fill(b);
    out[r++] = fixed.back();
    auto const [first, second] = std::make_pair(a, whole);
    out[r++] = first + static_cast<float>(second);
    out[r++] = std::apply([](float p, unsigned q) { return p * static_cast<float>(q); }, std::make_tuple(b, whole));
    std::optional<float> maybe;
    if (whole > 1) maybe = b;
    out[r++] = maybe ? *maybe : a;
    out[r++] = maybe.value_or(a);
    std::variant<int, float> either = b;
    out[r++] = *std::get_if<float>(&either);
    out[r++] = std::invoke(std::plus<>{}, a, b);
    out[r++] = std::not_fn(std::less<>{})(a, b) ? a : b;
  }
};

}  // namespace crosslane_test
