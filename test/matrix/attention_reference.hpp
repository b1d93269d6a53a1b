// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Operands of attention() with random numbers, and its definition in double.
#pragma once

#include <crosslane/matrix.hpp>

#include <support/target.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace crosslane_test {

namespace xl = crosslane;

struct attention_sizes {
  int n, heads, queries, keys;
};

/// Random numbers, the same on each machine.
class attention_numbers {
 public:
  explicit attention_numbers(unsigned seed) : state_{seed * 2654435761u + 12345u} {}
  /// Returns a number from -1 to 1.
  float next() {
    state_ = state_ * 1664525u + 1013904223u;
    return float(int(state_ >> 8) - (1 << 23)) / float(1 << 23);
  }

 private:
  unsigned state_;
};

/// The operands of a call. Heads are interleaved in memory, or follow each other.
template <class T, int Channels, bool Interleaved>
struct attention_case {
  using E = xl::extents<std::int32_t, xl::axis::n, xl::axis::head, xl::axis::position, xl::fixed<xl::axis::c, Channels>>;
  using order = std::conditional_t<Interleaved, xl::axes<xl::axis::n, xl::axis::position, xl::axis::head, xl::axis::c>,
                                   xl::axes<xl::axis::n, xl::axis::head, xl::axis::position, xl::axis::c>>;
  using layout = xl::packed<E, order>;

  attention_sizes sizes;
  xl::stream q;
  std::vector<T> query_data, key_data, value_data;
  xl::tensor<T, layout> queries, keys, values, out;

  attention_case(xl::device d, attention_sizes s, float spread)
      : sizes{s},
        q{d},
        query_data(std::size_t(s.n * s.heads * s.queries * Channels)),
        key_data(std::size_t(s.n * s.heads * s.keys * Channels)),
        value_data(key_data.size()),
        queries{q, E{s.n, s.heads, s.queries, Channels}},
        keys{q, E{s.n, s.heads, s.keys, Channels}},
        values{q, E{s.n, s.heads, s.keys, Channels}},
        out{q, E{s.n, s.heads, s.queries, Channels}} {
    attention_numbers random{unsigned(s.queries + 3 * s.keys + 7 * s.heads)};
    for (auto& x : query_data) x = T(3 * spread * random.next());
    for (auto& x : key_data) x = T(random.next());
    for (auto& x : value_data) x = T(2 * random.next());
    upload();
    xl::fill(q, out, T(std::numeric_limits<float>::quiet_NaN()));
  }
  void upload() {
    xl::copy(q, query_data, queries.storage());
    xl::copy(q, key_data, keys.storage());
    xl::copy(q, value_data, values.storage());
    q.synchronize();
  }

  static std::size_t at(int heads, int positions, int n, int h, int i, int c) {
    int const line = Interleaved ? (n * positions + i) * heads + h : (n * heads + h) * positions + i;
    return std::size_t(line * Channels + c);
  }
  T& query(int n, int h, int i, int c) { return query_data[at(sizes.heads, sizes.queries, n, h, i, c)]; }
  T& key(int n, int h, int i, int c) { return key_data[at(sizes.heads, sizes.keys, n, h, i, c)]; }
  T& value(int n, int h, int i, int c) { return value_data[at(sizes.heads, sizes.keys, n, h, i, c)]; }

  /// Compares the output with the definition. bias(n, head, query, key) is added to the scores. A NaN is expected where the definition has
  /// one.
  template <class Bias>
  void check(xl::attention_options const& options, Bias const& bias) {
    std::vector<T> got(query_data.size());
    xl::copy(q, out.storage(), got);
    q.synchronize();
    double const unit = std::is_same_v<T, xl::half> ? 0x1p-11 : 0x1p-8;
    bool const flushes = std::is_same_v<T, xl::half> && std::string{out.device().properties().architecture} == "gfx90a";
    double const scale = options.scale == 0 ? 1 / std::sqrt(double(Channels)) : double(options.scale);
    std::vector<double> weight(std::size_t(sizes.keys) + 1);
    for (int n = 0; n < sizes.n; ++n)
      for (int h = 0; h < sizes.heads; ++h)
        for (int i = 0; i < sizes.queries; ++i) {
          double most = -std::numeric_limits<double>::infinity(), sum = 0;
          int const visible = options.causal && i + 1 < sizes.keys ? i + 1 : sizes.keys;
          for (int j = 0; j < visible; ++j) {
            double score = 0;
            for (int c = 0; c < Channels; ++c) score += double(float(query(n, h, i, c))) * double(float(key(n, h, j, c)));
            weight[std::size_t(j)] = score * scale + double(bias(n, h, i, j));
            most = std::max(most, weight[std::size_t(j)]);
          }
          for (int j = 0; j < visible; ++j) {
            auto& w = weight[std::size_t(j)];
            w = most == -std::numeric_limits<double>::infinity() && !(w != w) ? 0 : std::exp(w - most);
            sum += w;
          }
          for (int c = 0; c < Channels; ++c) {
            double expected = 0, tolerance = 0;
            for (int j = 0; j < visible; ++j) {
              double const w = weight[std::size_t(j)], v = double(float(value(n, h, j, c)));
              expected += w * v;
              tolerance += ((w * 1.25 + 0x1p-14) * unit + (flushes ? std::min(w, 0x1p-14) : 0)) * std::abs(v);
            }
            if (sum != 0) {
              expected /= sum;
              tolerance = tolerance / sum + 1.25 * unit * std::abs(expected) + 0x1p-24;
            }
            double const result = double(float(got[at(sizes.heads, sizes.queries, n, h, i, c)]));
            bool const same = expected != expected ? result != result : result == expected || std::abs(result - expected) <= tolerance;
            if (!same)
              fail_and_end("n " + std::to_string(n) + " head " + std::to_string(h) + " query " + std::to_string(i) + " channel " +
                               std::to_string(c) + ": " + std::to_string(result) + ", expected " + std::to_string(expected) + " +- " +
                               std::to_string(tolerance),
                           xl::source_location::current());
          }
        }
  }
};

}  // namespace crosslane_test
