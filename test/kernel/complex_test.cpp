// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Complex numbers against those of the standard library, computed with more digits.
#include <crosslane/kernel/block.hpp>
#include <crosslane/platform/number_text.hpp>
#include <support/target.hpp>

#include <array>
#include <complex>
#include <limits>
#include <random>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

using xl::complex;
using exact = std::complex<long double>;

static_assert(sizeof(complex<float>) == 8 && alignof(complex<float>) == 8 && sizeof(complex<xl::half>) == 4);
static_assert(std::is_trivially_copyable_v<complex<double>> && std::is_trivially_default_constructible_v<complex<double>>);
static_assert(complex{1.f, 2.f} * complex{3.f, 4.f} == complex{-5.f, 10.f} && complex{-5.f, 10.f} / complex{3.f, 4.f} == complex{1.f, 2.f});
static_assert(2 * complex{1.f, 3.f} - 1 == complex{1.f, 6.f} && 6.f / complex{0.f, 2.f} == complex{0.f, -3.f});
static_assert(complex{0.f, 0x1p-100f} / complex{0.f, 0x1p-100f} == 1.f && 0x1p100f / complex{0x1p100f, 0.f} == 1.f);
static_assert(complex<double>{complex{1.f, 2.f}} == complex{1., 2.} && complex<float>{} == 0.f);
static_assert(complex<float>{std::complex<float>{1, 2}} == complex{1.f, 2.f});

constexpr std::array names{"a + b", "a - b", "a * b", "a / b", "s - b", "a * s", "s / b", "conj",           "norm",
                           "abs",   "arg",   "polar", "exp",   "log",   "sqrt",  "pow",   "pow by a number"};

/// out[i] is the value of each function of a[i] and b[i].
template <class T>
struct all_functions {
  using results = std::array<complex<T>, names.size()>;

  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<complex<T> const> in, xl::span<complex<T>> out) const {
    for (auto i : ctx.grid_stride(in.size() / 2)) {
      complex<T> const a = in[2 * i], b = in[2 * i + 1];
      T const s = b.real();
      complex<T>* to = &out[i * names.size()];
      *to++ = a + b;
      *to++ = a - b;
      *to++ = a * b;
      *to++ = a / b;
      *to++ = s - b;
      *to++ = a * s;
      *to++ = s / b;
      *to++ = xl::conj(a);
      *to++ = xl::norm(a);
      *to++ = xl::abs(a);
      *to++ = xl::arg(a);
      *to++ = xl::polar(xl::abs(a), s);
      *to++ = xl::exp(a);
      *to++ = xl::log(a);
      *to++ = xl::sqrt(a);
      *to++ = xl::pow(a, b);
      *to++ = xl::pow(a, s);
    }
  }
};

template <class T>
exact wide(complex<T> const& z) {
  return {static_cast<long double>(double(z.real())), static_cast<long double>(double(z.imag()))};
}

/// Some standard libraries multiply an infinite e^x by sin(0).
exact exponential(exact z) {
  long double const size = std::exp(z.real());
  return {size * std::cos(z.imag()), z.imag() == 0 ? 0 : size * std::sin(z.imag())};
}

std::array<exact, names.size()> expected(exact a, exact b) {
  long double const s = b.real();
  return {a + b,          a - b,        a * b,        a / b,          s - b,         a * s,
          s / b,          std::conj(a), std::norm(a), std::abs(a),    std::arg(a),   std::polar(std::abs(a), s),
          exponential(a), std::log(a),  std::sqrt(a), std::pow(a, b), std::pow(a, s)};
}

/// Compares the functions at random numbers of sizes 2^-range to 2^range. An error is relative to the size of the result, or to 1 for the
/// logarithm.
template <class T>
void check_functions(xl::device d, int range, double unit) {
  xl::stream const q{d};
  std::mt19937 random{7};
  auto const part = [&] {
    double const size = std::ldexp(1 + double(random()) / 0x1p32, int(random() % unsigned(2 * range + 1)) - range);
    return T(random() % 2 == 0 ? size : -size);
  };
  std::vector<complex<T>> in;
  for (unsigned i = 0; i < 1000; ++i) in.push_back({part(), i % 16 == 0 ? T(0) : part()});
  xl::buffer<complex<T>> const numbers = upload(q, in);
  xl::buffer<complex<T>> results{q, in.size() / 2 * names.size()};
  xl::launch(q, {.grid = 4, .block = 128}, all_functions<T>{}, numbers, results);
  std::vector<complex<T>> const got = read(q, results);
  double const largest = double(std::numeric_limits<T>::max()) / 4;
  for (std::size_t i = 0; i < in.size() / 2; ++i) {
    auto const a = wide(in[2 * i]), b = wide(in[2 * i + 1]);
    auto const want = expected(a, b);
    for (std::size_t f = 0; f < names.size(); ++f) {
      std::string const name = names[f];
      double const size = double(std::abs(want[f]));
      if (!(size < largest) || size < double(std::numeric_limits<T>::min()) * 4) continue;
      // A power is as accurate as the product of the exponent and the logarithm, which exp() turns into a factor.
      double const condition = name.starts_with("pow") ? 1 + double(std::abs(b)) * (1 + double(std::abs(std::log(a)))) : 1;
      double const scale = name == "log" && size < 1 ? 1 : size;
      double const error = double(std::abs(wide(got[i * names.size() + f]) - want[f]));
      if (error <= unit * condition * scale) continue;
      fail(name + " of " + std::to_string(double(a.real())) + "+" + std::to_string(double(a.imag())) + "i and " +
               std::to_string(double(b.real())) + "+" + std::to_string(double(b.imag())) + "i is wrong by " +
               std::to_string(error / scale / unit) + " units",
           source_location::current());
      return;
    }
  }
}

/// Compares quotients, absolute values, exponentials, logarithms and roots of numbers near the limits of T. Each part must be accurate; the
/// parts of a quotient, compared with the larger one. A part whose right value is beyond the largest number must be infinite.
template <class T>
void check_limits(xl::device d) {
  using limits = std::numeric_limits<T>;
  xl::stream const q{d};
  T const least = limits::denorm_min(), most = limits::max(), overflow = std::log(most);
  std::vector<complex<T>> in;
  for (T const size : {least, 3 * least, limits::min(), std::sqrt(limits::min()), std::sqrt(most), most / 4, most})
    in.insert(in.end(),
              {{size, -size}, {size, size / 2}, {size, T(0)}, {size, T(0)}, {T(0), -size}, {T(0), size}, {-size, least}, {-size, least}});
  for (complex<T> const z : {complex{most, least},
                             {most / 8, std::sqrt(limits::min())},
                             {overflow + T(0.3), T(1.55)},
                             {overflow + 20, T(-1e-20)},
                             {2 * overflow, least},
                             {2 * overflow + 10, -least},
                             {-overflow, T(1)}})
    in.insert(in.end(), {z, z});
  in.insert(in.end(), {{9 * least, T(0)}, {T(1), T(0)}, {5 * limits::min(), -limits::min()}, {T(1.001), T(-0.25)}});
  xl::buffer<complex<T>> const numbers = upload(q, in);
  xl::buffer<complex<T>> results{q, in.size() / 2 * names.size()};
  xl::launch(q, {.grid = 1, .block = 32}, all_functions<T>{}, numbers, results);
  std::vector<complex<T>> const got = read(q, results);
  auto const near = [&](T x, long double want, long double error) {
    if (std::abs(want) > static_cast<long double>(most)) return x == std::copysign(limits::infinity(), T(want));
    // A function with this error may overflow this early.
    if (std::abs(want) + error > static_cast<long double>(most) && x == std::copysign(limits::infinity(), T(want))) return true;
    return std::abs(static_cast<long double>(x) - want) <= error;
  };
  for (std::size_t i = 0; i < in.size() / 2; ++i) {
    auto const want = expected(wide(in[2 * i]), wide(in[2 * i + 1]));
    for (std::size_t f = 0; f < names.size(); ++f) {
      std::string const name = names[f];
      if (name != "a / b" && name != "abs" && name != "exp" && name != "log" && name != "sqrt") continue;
      complex<T> const z = got[i * names.size() + f];
      auto const error = [&](long double part) {
        return name == "a / b" ? 4 * limits::epsilon() * std::abs(want[f]) + 20 * least : 4 * limits::epsilon() * std::abs(part) + least;
      };
      if (near(z.real(), want[f].real(), error(want[f].real())) && near(z.imag(), want[f].imag(), error(want[f].imag()))) continue;
      auto const text = [](auto x, auto y) {
        std::string result{"("};  // g++ 12 warns falsely about "(" + a temporary
        return result.append(xl::detail::number_text(double(x), 17))
            .append(", ")
            .append(xl::detail::number_text(double(y), 17))
            .append(")");
      };
      fail(name + " of " + text(in[2 * i].real(), in[2 * i].imag()) + " and " + text(in[2 * i + 1].real(), in[2 * i + 1].imag()) + " is " +
               text(z.real(), z.imag()) + " instead of " + text(want[f].real(), want[f].imag()),
           source_location::current());
    }
  }
}

/// Operations that move values work for complex numbers: shuffles, reductions of waves and blocks, vectors, spans.
struct moves {
  static constexpr auto block = xl::block_size<128>;
  template <class Ctx>
  struct shared {
    xl::block_reduce_scratch<complex<float>, Ctx> reduce;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, xl::span<complex<float>> x, xl::span<complex<float>> sums) const {
    auto const t = ctx.thread_rank();
    complex<float> const total = xl::block_reduce(ctx, s.reduce, x[t], xl::plus{});
    complex<float> const of_four = xl::tile<4>(ctx).reduce(x[t], xl::plus{});
    if (t == 0) sums[0] = total;
    if (t % 4 == 0) sums[1 + t / 4] = of_four;
    ctx.sync_block();
    if (t < 64) xl::store_vec(x, 2 * t, xl::load_vec<2>(xl::span<complex<float> const>{x}, 2 * t) * complex{0.f, 1.f});
  }
};

}  // namespace

CROSSLANE_TEST(complex, functions_of_float) { check_functions<float>(d, 8, 0x1p-21); }
CROSSLANE_TEST(complex, functions_of_double) { check_functions<double>(d, 8, 0x1p-50); }
CROSSLANE_TEST(complex, functions_of_half) { check_functions<xl::half>(d, 3, 0x1p-10); }
CROSSLANE_TEST(complex, large_and_small_floats) { check_limits<float>(d); }
CROSSLANE_TEST(complex, large_and_small_doubles) { check_limits<double>(d); }
CROSSLANE_TEST(complex, moves_like_other_values) {
  xl::stream const q{d};
  std::vector<complex<float>> in(128), turned(128), want(33);
  for (unsigned i = 0; i < 128; ++i) {
    in[i] = {float(i), float(i % 5) - 7};
    turned[i] = {-in[i].imag(), in[i].real()};
    want[0] += in[i];
    want[1 + i / 4] += in[i];
  }
  xl::buffer<complex<float>> x = upload(q, in);
  xl::buffer<complex<float>> sums{q, 33};
  xl::launch(q, {.grid = 1}, moves{}, x, sums);
  CROSSLANE_CHECK(read(q, x) == turned);
  CROSSLANE_CHECK(read(q, sums) == want);
}
CROSSLANE_TEST_ONCE(complex, converts_from_and_to_std_complex) {
  std::complex<float> z = complex{1.f, 2.f};
  complex<float> w = z;
  z = w + 1;
  w = z * z;
  CROSSLANE_CHECK(w == complex(0.f, 8.f));
  CROSSLANE_CHECK(std::complex<float>(w) == std::complex<float>(0, 8));
}
