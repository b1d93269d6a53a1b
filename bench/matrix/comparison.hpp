// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// What the benchmarks of matrix products, convolutions, attention and layer norm share: random operands, the check of results, and how a
/// side of a comparison is added. Both sides of a comparison replay graphs of the same number of calls.
#pragma once

#include "../bench.hpp"

#include <crosslane/algorithm.hpp>
#include <crosslane/graph.hpp>
#include <crosslane/tensor.hpp>

#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

namespace bench {

namespace axis = xl::axis;

// One function for each source file.
void register_gemm_half(xl::stream_ref q);
void register_gemm_types(xl::stream_ref q);
void register_gemm_small_types(xl::stream_ref q);
void register_gemm_epilogues(xl::stream_ref q);
void register_gemm_policies(xl::stream_ref q);
void register_convolutions(xl::stream_ref q);
void register_attention(xl::stream_ref q);
void register_layer_norm(xl::stream_ref q);

/// Random numbers of a seed: from -1 to 1, or all numbers of an integer type.
template <class T>
struct random_numbers {
  std::uint64_t seed;
  CROSSLANE_FN T operator()(std::uint64_t i) const {
    xl::random_engine engine{seed, i};
    if constexpr (std::is_integral_v<T>)
      return static_cast<T>(engine() >> (32 - 8 * sizeof(T)));
    else
      return T(2 * xl::uniform<float>(engine) - 1);
  }
};

/// Returns memory with random numbers. `seed` must differ between operands.
template <class T>
xl::buffer<T> make_random(xl::stream_ref q, std::size_t n, std::uint64_t seed) {
  xl::buffer<T> result{q, n};
  xl::generate(q, result, random_numbers<T>{seed});
  return result;
}

/// A number that no result has: NaN, or the smallest integer.
template <class T>
struct poison {
  static T value() {
    if constexpr (std::is_integral_v<T>)
      return std::numeric_limits<T>::min();
    else
      return T(std::numeric_limits<float>::quiet_NaN());
  }
  CROSSLANE_FN bool operator()(T x) const {
    if constexpr (std::is_integral_v<T>)
      return x == std::numeric_limits<T>::min();
    else
      return float(x) != float(x);
  }
};

/// Throws if an element of an output still has its poison.
template <class T>
void require_written(xl::stream_ref q, xl::buffer<T> const& out) {
  if (auto const n = xl::count_if(q, out, poison<T>{}); n != 0)
    throw std::runtime_error{std::to_string(n) + " elements of the result are NaN or were not written"};
}

/// Throws if the result differs from the expected one by more than the tolerance.
inline void require_close(double got, double expected, double tolerance, char const* what, long long i, long long j) {
  if (!(std::abs(got - expected) <= tolerance))
    throw std::runtime_error{std::string{what} + " " + std::to_string(i) + ", " + std::to_string(j) + " is " + std::to_string(got) +
                             ", expected " + std::to_string(expected) + " +- " + std::to_string(tolerance)};
}

/// Returns n elements that begin at `first`, as numbers.
template <class T>
std::vector<double> download(xl::stream_ref q, xl::buffer<T> const& from, std::size_t first, std::size_t n) {
  std::vector<T> elements(n);
  xl::copy(q, from.view().subspan(first, n), elements);
  q.synchronize();
  std::vector<double> result;
  result.reserve(n);
  for (T const& x : elements) result.push_back(double(static_cast<std::conditional_t<std::is_integral_v<T>, int, float>>(x)));
  return result;
}

/// The half of a unit in the last place of 1.
template <class T>
inline constexpr double rounding = std::is_integral_v<T>             ? 0
                                   : std::is_same_v<T, float>        ? 0x1p-24
                                   : std::is_same_v<T, xl::half>     ? 0x1p-11
                                   : std::is_same_v<T, xl::bfloat16> ? 0x1p-8
                                                                     : 0x1p-4;

/// Returns how many sets of operands of so many bytes are more than a device's cache holds. Calls that take them in turn read memory.
inline int sets_beyond_cache(double bytes) {
  int const sets = int(160e6 / bytes) + 1;
  return sets > 16 ? 16 : sets;
}

/// Queues a call on set `set` of the operands.
using queued_call = std::function<void(int set)>;

/// Adds a side of a comparison. `make(operands)` returns its calls; it is called once, after operands.make(). Before the first measurement
/// the output of the first and of the last set is poisoned, computed and checked. Operands has
///
/// - `q`, the stream, and `sets`, the number of sets of operands, which calls take in turn;
/// - `bytes` and `operations` of a call; one of them may be 0;
/// - `make()`, which makes all sets of operands if they have not been made;
/// - `spoil(set)`, which poisons an output, and `check(set)`, which throws if an output is wrong.
template <class Operands, class Make>
void add_side(std::shared_ptr<Operands> const& operands, std::string const& name, Make make) {
  struct side {
    queued_call call;
    std::optional<xl::executable_graph> calls;
    xl::timed_event from, to;
    std::string failure = {};  // of the first repetition: it would be the same in the others
  };
  auto const q = operands->q;
  auto const s = std::shared_ptr<side>{new side{{}, {}, xl::timed_event{q.device()}, xl::timed_event{q.device()}}};
  // About 3 ms of work at the rates of a large GPU.
  double const estimate = std::fmax(operands->operations / 700e12, operands->bytes / 4e12);
  int const rounds = int(std::fmin(200, std::fmax(2, 3e-3 / estimate))) / operands->sets + 1, calls = rounds * operands->sets;
  add({.name = name,
       .iterations = 3,
       .repetitions = 9,
       .seconds =
           [q, s, calls] {
             s->from.record(q);
             s->calls->launch(q);
             s->to.record(q);
             s->to.synchronize();
             return double(xl::elapsed_milliseconds(s->from, s->to)) * 1e-3 / calls;
           },
       .prepare =
           [=] {
             if (!s->failure.empty()) throw std::runtime_error{s->failure};
             try {
               if (!s->calls) {
                 operands->make();
                 s->call = make(*operands);
                 for (int set = 0; set < operands->sets; set += operands->sets > 1 ? operands->sets - 1 : 1) {
                   operands->spoil(set);
                   s->call(set);
                   operands->check(set);
                 }
                 xl::graph_capture capture{q};
                 for (int i = 0; i < calls; ++i) s->call(i % operands->sets);
                 s->calls.emplace(capture.end().instantiate());
               }
               s->calls->launch(q);
               q.synchronize();
             } catch (std::exception const& e) {
               s->failure = e.what();
               throw;
             }
           },
       .bytes = operands->bytes,
       .operations = operands->operations});
}

/// The workspace of calls that need one.
class call_workspace {
 public:
  /// Makes it large enough for the algorithms that `call(options)` calls.
  template <class Call>
  call_workspace(xl::stream_ref q, Call const& call) : memory_{new xl::workspace{q, xl::workspace_size(call)}} {}
  [[nodiscard]] xl::detail::workspace_reference reference() const { return *memory_; }

 private:
  std::shared_ptr<xl::workspace> memory_;
};

}  // namespace bench
