// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Complex numbers for kernels and the host.
#pragma once

#include <crosslane/core/functional.hpp>
#include <crosslane/kernel/math/classify.hpp>
#include <crosslane/kernel/math/compare.hpp>
#include <crosslane/kernel/math/exponential.hpp>
#include <crosslane/kernel/math/power.hpp>
#include <crosslane/kernel/math/trigonometric.hpp>

#include <concepts>

namespace crosslane {

template <detail::real T>
class complex;

namespace detail {

/// The type in which complex numbers of T are computed: float for the 16-bit types, else T.
template <class T>
using wide = decltype(widened(T{}));

/// Complex numbers of other libraries with parts of type T: std::complex, cuda::std::complex, thrust::complex.
template <class C, class T>
concept foreign_complex = std::constructible_from<C, T, T> && !std::same_as<C, complex<T>> && requires(C const& z) {
  { z.real() } -> std::same_as<T>;
  { z.imag() } -> std::same_as<T>;
};

/// Returns the power of two that scales x to 0.25 ... 0.5. It is a normal number, so it scales the smallest and the largest numbers less.
template <class T>
CROSSLANE_FN constexpr T scale_below_one(T x) {
  constexpr bits_of_size<T> infinity = real_bits<T>::infinity, one = bits_of_size<T>{1} << native_format<T>::mantissa_bits;
  constexpr auto most = infinity - 4 * one;
  bits_of_size<T> exponent = bits_of(x) & infinity;
  exponent = exponent < one ? one : exponent > most ? most : exponent;
  return from_bits<T>(infinity - 3 * one - exponent);
}

/// Returns 2^n as a T. It must be a normal number.
template <class T>
CROSSLANE_FN constexpr T power_of_two(int n) {
  return from_bits<T>(static_cast<bits_of_size<T>>(native_format<T>::bias + n) << native_format<T>::mantissa_bits);
}
/// Returns the n for which x * 4^-n is 0.25 ... 1; if x is subnormal, x * 4^-n is below.
template <class T>
CROSSLANE_FN constexpr int exponent_of_four(T x) {
  constexpr int half_of_bias = native_format<T>::bias / 2;
  return (static_cast<int>(magnitude_of(x) >> native_format<T>::mantissa_bits) + 1) / 2 - half_of_bias;
}

}  // namespace detail

/// A complex number with parts of type T: float, double, half or bfloat16. It has the size of two T, the real part first, like
/// std::complex. It is aligned to its size, so that one access moves it. It converts from and to std::complex<T>, cuda::std::complex<T> and
/// thrust::complex<T>.
///
/// Operations have the names of those of std::complex. Results are accurate to a few units in the last place of the larger part, with the
/// exceptions that operator/, log() and pow() state. Products, quotients and functions follow their formulas even if a part is infinite or
/// NaN. They do not turn NaN into infinities, which C's complex numbers do. If the absolute value of a product or quotient is beyond the
/// largest number, each part may be infinite or NaN. half and bfloat16 are computed in float and rounded once.
template <detail::real T>
class alignas(2 * sizeof(T)) complex {
 public:
  using value_type = T;  ///< the type of the parts

  complex() = default;  ///< uninitialised; complex{} is zero
  /// Constructs a number from its parts.
  CROSSLANE_FN constexpr complex(T real, T imag = T(0)) : real_{real}, imag_{imag} {}
  /// Converts each part as `static_cast` does.
  template <detail::real U>
  requires(!std::same_as<U, T>)
  CROSSLANE_FN explicit constexpr complex(complex<U> const& z) : real_{static_cast<T>(z.real())}, imag_{static_cast<T>(z.imag())} {}

  /// @{
  /// Converts a number of another library, or to it.
  template <template <class> class C>
  requires detail::foreign_complex<C<T>, T> CROSSLANE_FN constexpr complex(C<T> const& z) : real_{z.real()}, imag_{z.imag()} {}
  template <template <class> class C>
  requires detail::foreign_complex<C<T>, T> CROSSLANE_FN constexpr operator C<T>() const {
    return C<T>(real_, imag_);
  }
  /// @}

  CROSSLANE_FN constexpr T real() const { return real_; }       ///< the real part
  CROSSLANE_FN constexpr T imag() const { return imag_; }       ///< the imaginary part
  CROSSLANE_FN constexpr void real(T value) { real_ = value; }  ///< sets the real part
  CROSSLANE_FN constexpr void imag(T value) { imag_ = value; }  ///< sets the imaginary part

  CROSSLANE_FN friend constexpr bool operator==(complex const& a, complex const& b) { return a.real_ == b.real_ && a.imag_ == b.imag_; }
  CROSSLANE_FN friend constexpr complex operator+(complex const& a) { return a; }
  CROSSLANE_FN friend constexpr complex operator-(complex const& a) { return {-a.real_, -a.imag_}; }

  /// @{
  /// Arithmetic. A real operand counts as a number without an imaginary part; it costs less than a complex one.
  CROSSLANE_FN friend constexpr complex operator+(complex const& a, complex const& b) { return {a.real_ + b.real_, a.imag_ + b.imag_}; }
  CROSSLANE_FN friend constexpr complex operator+(complex const& a, T const& b) { return {a.real_ + b, a.imag_}; }
  CROSSLANE_FN friend constexpr complex operator+(T const& a, complex const& b) { return {a + b.real_, b.imag_}; }
  CROSSLANE_FN friend constexpr complex operator-(complex const& a, complex const& b) { return {a.real_ - b.real_, a.imag_ - b.imag_}; }
  CROSSLANE_FN friend constexpr complex operator-(complex const& a, T const& b) { return {a.real_ - b, a.imag_}; }
  CROSSLANE_FN friend constexpr complex operator-(T const& a, complex const& b) { return {a - b.real_, -b.imag_}; }
  CROSSLANE_FN friend constexpr complex operator*(complex const& a, complex const& b) {
    auto const ar = detail::widened(a.real_), ai = detail::widened(a.imag_), br = detail::widened(b.real_), bi = detail::widened(b.imag_);
    return {T(ar * br - ai * bi), T(ar * bi + ai * br)};
  }
  CROSSLANE_FN friend constexpr complex operator*(complex const& a, T const& b) { return {a.real_ * b, a.imag_ * b}; }
  CROSSLANE_FN friend constexpr complex operator*(T const& a, complex const& b) { return {a * b.real_, a * b.imag_}; }
  /// Both operands are scaled by a power of two, so that the square of the divisor neither overflows nor becomes zero. A part near the
  /// smallest normal number may be wrong by 20 times the smallest subnormal number, since its numerator is up to 16 times smaller.
  CROSSLANE_FN friend constexpr complex operator/(complex const& a, complex const& b) {
    auto const wide_real = detail::widened(b.real_), wide_imag = detail::widened(b.imag_);
    auto const real_size = wide_real < 0 ? -wide_real : wide_real, imag_size = wide_imag < 0 ? -wide_imag : wide_imag;
    auto const scale = detail::scale_below_one(real_size < imag_size ? imag_size : real_size);
    auto const ar = detail::widened(a.real_) * scale, ai = detail::widened(a.imag_) * scale, br = wide_real * scale, bi = wide_imag * scale;
    auto const square = br * br + bi * bi;
    return {T((ar * br + ai * bi) / square), T((ai * br - ar * bi) / square)};
  }
  CROSSLANE_FN friend constexpr complex operator/(complex const& a, T const& b) { return {a.real_ / b, a.imag_ / b}; }
  CROSSLANE_FN friend constexpr complex operator/(T const& a, complex const& b) { return complex{a} / b; }
  /// @}

  /// @{
  /// Arithmetic with the left operand as the target.
  CROSSLANE_FN friend constexpr complex& operator+=(complex& a, complex const& b) { return a = a + b; }
  CROSSLANE_FN friend constexpr complex& operator+=(complex& a, T const& b) { return a = a + b; }
  CROSSLANE_FN friend constexpr complex& operator-=(complex& a, complex const& b) { return a = a - b; }
  CROSSLANE_FN friend constexpr complex& operator-=(complex& a, T const& b) { return a = a - b; }
  CROSSLANE_FN friend constexpr complex& operator*=(complex& a, complex const& b) { return a = a * b; }
  CROSSLANE_FN friend constexpr complex& operator*=(complex& a, T const& b) { return a = a * b; }
  CROSSLANE_FN friend constexpr complex& operator/=(complex& a, complex const& b) { return a = a / b; }
  CROSSLANE_FN friend constexpr complex& operator/=(complex& a, T const& b) { return a = a / b; }
  /// @}

 private:
  T real_, imag_;
};

/// Deduces the type of the parts of `xl::complex{a, b}`.
template <detail::real T>
complex(T, T) -> complex<T>;

/// Returns the real part.
template <detail::real T>
CROSSLANE_FN constexpr T real(complex<T> const& z) {
  return z.real();
}
/// Returns the imaginary part.
template <detail::real T>
CROSSLANE_FN constexpr T imag(complex<T> const& z) {
  return z.imag();
}
/// Returns the conjugate.
template <detail::real T>
CROSSLANE_FN constexpr complex<T> conj(complex<T> const& z) {
  return {z.real(), -z.imag()};
}
/// Returns the square of the absolute value. It overflows if the absolute value is beyond the square root of the largest number.
template <detail::real T>
CROSSLANE_FN constexpr T norm(complex<T> const& z) {
  auto const x = detail::widened(z.real()), y = detail::widened(z.imag());
  return T(x * x + y * y);
}
/// Returns the absolute value. Intermediate results do not overflow. The error is that of hypot(), so a value that is nearer to the largest
/// number than this error may become infinite.
template <detail::real T>
CROSSLANE_FN T abs(complex<T> const& z) {
  return hypot(z.real(), z.imag());
}
/// Returns the angle from -pi to pi. It is 0 for a positive real number.
template <detail::real T>
CROSSLANE_FN T arg(complex<T> const& z) {
  return atan2(z.imag(), z.real());
}
/// Returns the number of the given absolute value and angle in radians.
template <detail::real T>
CROSSLANE_FN complex<T> polar(T size, std::type_identity_t<T> angle = T(0)) {
  auto const [sine, cosine] = sincos(detail::widened(angle));
  return {T(detail::widened(size) * cosine), T(detail::widened(size) * sine)};
}
/// Returns e to the power of z. Intermediate results do not overflow.
template <detail::real T>
CROSSLANE_FN complex<T> exp(complex<T> const& z) {
  using W = detail::wide<T>;
  // e^x may overflow although its product with a small sine or cosine does not. The smallest sine needs two factors.
  constexpr W most = sizeof(W) == 4 ? 88 : 709, power = W(sizeof(W) == 4 ? 1.6516362549940018e38 : 8.218407461554972e307);  // e^most
  W x = detail::widened(z.real()), first = 1, second = 1;
  W const angle = detail::widened(z.imag());
  if (angle != 0 && x > most) {
    x -= most;
    first = power;
    if (x > most) {
      x -= most;
      second = power;
    }
  }
  W const size = exp(x);
  if (angle == 0) return {T(size), z.imag()};
  auto const [sine, cosine] = sincos(angle);
  return {T(cosine * first * size * second), T(sine * first * size * second)};
}
/// Returns the natural logarithm of z. Its imaginary part is arg(z). Near |z| = 1 the absolute error of the real part is about the rounding
/// error of numbers near 1.
template <detail::real T>
CROSSLANE_FN complex<T> log(complex<T> const& z) {
  using W = detail::wide<T>;
  W const x = detail::widened(z.real()), y = detail::widened(z.imag());
  W larger = x < 0 ? -x : x, smaller = y < 0 ? -y : y;
  if (larger < smaller) {
    W const swapped = larger;
    larger = smaller;
    smaller = swapped;
  }
  W size;
  if (larger >= W(0.5) && larger <= W(2)) {
    size = W(0.5) * log1p(fma(larger - 1, larger + 1, smaller * smaller));
  } else {
    int const n = detail::exponent_of_four(larger);
    W const root = detail::power_of_two<W>(-n), a = larger * root * root, b = smaller * root * root;
    size = W(0.5) * log(a * a + b * b) + W(n) * W(1.386294361119890619);  // the logarithm of 4
  }
  return {T(size), T(atan2(y, x))};
}
/// Returns the square root whose real part is not negative. Its imaginary part has the sign of z's imaginary part.
template <detail::real T>
CROSSLANE_FN complex<T> sqrt(complex<T> const& z) {
  using W = detail::wide<T>;
  W const x = detail::widened(z.real()), y = detail::widened(z.imag()), real_size = x < 0 ? -x : x, imag_size = y < 0 ? -y : y;
  int const n = detail::exponent_of_four(real_size < imag_size ? imag_size : real_size);
  W const root = detail::power_of_two<W>(-n), a = real_size * root * root, b = imag_size * root * root;
  W const part = sqrt(W(0.5) * sqrt(a * a + b * b) + W(0.5) * a) * detail::power_of_two<W>(n);
  if (part == 0) return {T(0), z.imag()};
  W const other = y / (2 * part);
  if (x >= 0) return {T(part), T(other)};
  return {T(other < 0 ? -other : other), copysign(T(part), z.imag())};
}
/// @{
/// Returns z to the power of w, computed as exp(w * log(z)). The error grows with |w * log(z)|: it is a few times 1 + |w| * (1 + |log(z)|)
/// units in the last place of the larger part. 0 to the power of w is 0, or 1 if w is 0.
template <detail::real T>
CROSSLANE_FN complex<T> pow(complex<T> const& z, complex<T> const& w) {
  using W = detail::wide<T>;
  if (w == complex<T>{}) return {T(1), T(0)};
  if (z == complex<T>{}) return {};
  return complex<T>(exp(complex<W>(w) * log(complex<W>(z))));
}
template <detail::real T>
CROSSLANE_FN complex<T> pow(complex<T> const& z, std::type_identity_t<T> w) {
  return pow(z, complex<T>{w});
}
template <detail::real T>
CROSSLANE_FN complex<T> pow(std::type_identity_t<T> z, complex<T> const& w) {
  return pow(complex<T>{z}, w);
}
/// @}

namespace detail {

template <class T>
inline constexpr bool is_commutative<complex<T>, plus> = true;
template <class T>
inline constexpr bool is_commutative<complex<T>, multiplies> = true;

}  // namespace detail
}  // namespace crosslane
