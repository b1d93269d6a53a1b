// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The bins of a histogram: even_bins(), level_bins().
#pragma once

#include <crosslane/algorithm/range.hpp>
#include <crosslane/kernel/math/power.hpp>
#include <crosslane/kernel/numeric/small_float.hpp>
#include <crosslane/platform/bits.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>

namespace crosslane {

/// Bins of equal width: see even_bins().
template <class Level>
struct even_binning {
  Level lower;  ///< the lowest value of the first bin
  Level upper;  ///< the end of the last bin
};
/// Returns bins of equal width from `lower` to below `upper`. Their number is that of the counts. With w = upper - lower, a sample x lies
/// in bin floor((x - lower) * bins / w). For integers this is exact, also where the bins do not divide the range. For floating-point
/// samples it is computed as (x - lower) * (bins / w) in their type, or in float if that has 16 bits or fewer; the bounds are converted to
/// it.
template <class Level>
constexpr even_binning<Level> even_bins(Level lower, std::type_identity_t<Level> upper) {
  static_assert(detail::is_number<Level>, "crosslane: the bounds of even_bins() are numbers");
  return {lower, upper};
}

/// Bins between levels: see level_bins().
template <class R>
struct level_binning {
  R levels;  ///< one more than there are bins, in ascending order
};
/// Returns bins whose bounds lie in a range: a sample x lies in bin i if levels[i] <= x and x < levels[i + 1]. Precondition: the levels are
/// in ascending order. Equal neighbours make an empty bin. Levels have the type of the samples.
template <class R>
requires detail::range_argument<R> auto level_bins(R&& levels, source_location where = source_location::current()) {
  return level_binning<detail::view_of<R>>{detail::view_for_kernel(levels, where)};
}

namespace detail {

/// The bin of a sample that is not counted.
inline constexpr unsigned no_bin = ~0u;

/// Returns the upper 64 bits of the product.
CROSSLANE_FN constexpr std::uint64_t multiply_high(std::uint64_t a, std::uint64_t b) {
  std::uint64_t const low = 0xffffffffu, a0 = a & low, a1 = a >> 32, b0 = b & low, b1 = b >> 32;
  std::uint64_t const middle = a1 * b0 + (a0 * b0 >> 32);  // no sum wraps around
  return a1 * b1 + (middle >> 32) + (((middle & low) + a0 * b1) >> 32);
}

/// A binning computes bins in a kernel. `table` has what table_at() gives for 0 ... table_size() - 1, or is null.
template <class T, class Bins>
struct binning;

/// Even bins of integers. floor(d * bins / width) is estimated by a multiplication with a reciprocal, which gives it or one less.
template <class T, class Level>
requires std::is_integral_v<T> struct binning<T, even_binning<Level>> {
  static_assert(std::is_integral_v<Level>, "crosslane: the bounds of even bins of integers are integers");
  using table_type = unsigned char;

  T first, last;               ///< the samples that are counted, cut to what T can be
  std::uint64_t lower, width;  ///< modulo 2^64
  std::uint64_t reciprocal;    ///< of the width, times bins, times 2^32 or 2^64
  unsigned bins;
  bool is_empty;  ///< whether T has no value in the range

  binning(even_binning<Level> const& even, std::uint64_t count, char const* call, source_location where)
      : lower{std::uint64_t(even.lower)}, width{std::uint64_t(even.upper) - std::uint64_t(even.lower)}, bins{unsigned(count)} {
    if (even.lower >= even.upper || width >= std::uint64_t{1} << 63)
      throw_error(errc::invalid_argument, where, "%s: even bins from %lld to %lld: the second must be larger, by less than 2^63", call,
                  static_cast<long long>(even.lower), static_cast<long long>(even.upper));
    using limits = std::numeric_limits<T>;
    Level const end = Level(even.upper - 1);
    // + makes integers of characters.
    is_empty = std::cmp_greater(+even.lower, +limits::max()) || std::cmp_less(+end, +limits::lowest());
    first = std::cmp_less(+even.lower, +limits::lowest()) ? limits::lowest() : T(even.lower);
    last = std::cmp_greater(+end, +limits::max()) ? limits::max() : T(end);
    if (width >> 32 == 0) {
      reciprocal = ((std::uint64_t{bins} << 32) - 1) / width;
    } else {
      reciprocal = 0;
      std::uint64_t rest = bins;
      for (int i = 0; i < 64; ++i) {
        rest *= 2;
        reciprocal = reciprocal * 2 + (rest >= width);
        if (rest >= width) rest -= width;
      }
    }
  }

  CROSSLANE_FN std::size_t table_size() const { return 0; }
  CROSSLANE_FN table_type table_at(std::uint64_t) const { return 0; }
  CROSSLANE_FN unsigned bin(T x, table_type const*) const {
    if (is_empty || x < first || x > last) return no_bin;
    std::uint64_t const d = std::uint64_t(x) - lower;
    if (width >> 32 == 0) {
      if (bins > width) return unsigned(d * bins / width);
      unsigned const estimate = multiply_high(std::uint32_t(d), std::uint32_t(reciprocal));
      return estimate + (std::uint64_t{std::uint32_t(d)} * bins - std::uint64_t{estimate} * std::uint32_t(width) >= width);
    }
    std::uint64_t const estimate = multiply_high(d, reciprocal);
    return unsigned(estimate) + (d * bins - estimate * width >= width);
  }
};

/// Even bins of floating-point numbers.
template <class T, class Level>
requires(!std::is_integral_v<T>) struct binning<T, even_binning<Level>> {
  using table_type = unsigned char;
  using number = std::conditional_t<sizeof(T) <= 2, float, T>;

  number lower, upper, scale;
  unsigned bins;

  binning(even_binning<Level> const& even, std::uint64_t count, char const* call, source_location where)
      : lower{static_cast<number>(even.lower)},
        upper{static_cast<number>(even.upper)},
        scale{static_cast<number>(count) / (upper - lower)},
        bins{unsigned(count)} {
    if (!(lower < upper) || !std::isfinite(upper - lower) || !std::isfinite(scale))
      throw_error(errc::invalid_argument, where, "%s: even bins from %g to %g: the second must be larger, by a finite number", call,
                  double(lower), double(upper));
  }

  CROSSLANE_FN std::size_t table_size() const { return 0; }
  CROSSLANE_FN table_type table_at(std::uint64_t) const { return 0; }
  CROSSLANE_FN unsigned bin(T sample, table_type const*) const {
    number const x = static_cast<number>(sample);
    if (!(x >= lower && x < upper)) return no_bin;
    unsigned const result = unsigned((x - lower) * scale);
    return result < bins ? result : bins - 1;  // the product was rounded up
  }
};

/// Bins between levels, by binary search.
template <class T, class R>
struct binning<T, level_binning<R>> {
  static_assert(std::is_same_v<typename R::value_type, T>, "crosslane: the levels of level_bins() must have the type of the samples");
  using table_type = T;

  R levels;
  unsigned bins;

  binning(level_binning<R> const& given, std::uint64_t count, char const* call, source_location where)
      : levels{given.levels}, bins{unsigned(count)} {
    if (std::uint64_t(levels.size()) != count + 1)
      throw_error(errc::size_mismatch, where, "%s: %llu bins need %llu levels, there are %llu", call,
                  static_cast<unsigned long long>(count), static_cast<unsigned long long>(count + 1),
                  static_cast<unsigned long long>(levels.size()));
  }

  CROSSLANE_FN std::size_t table_size() const { return std::size_t{bins} + 1; }
  CROSSLANE_FN table_type table_at(std::uint64_t i) const { return levels[i]; }
  CROSSLANE_FN unsigned bin(T x, table_type const* table) const {
    unsigned below = 0, left = bins + 1;  // levels that are not above x
    while (left != 0) {
      unsigned const half = left / 2;
      T const level = table != nullptr ? table[below + half] : T(levels[below + half]);
      bool const is_below = level <= x;
      below = is_below ? below + half + 1 : below;
      left = is_below ? left - half - 1 : half;
    }
    return below == bins + 1 ? no_bin : below - 1;  // 0 - 1 is no_bin
  }
};

}  // namespace detail
}  // namespace crosslane
