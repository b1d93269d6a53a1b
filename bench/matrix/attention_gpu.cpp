// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Attention of halves. The heads of a sequence follow each other in memory, as in PyTorch, whose times pytorch.py measures.
#include "comparison.hpp"

#include <crosslane/matrix.hpp>

namespace bench {
namespace {

struct attention_sizes {
  int sequences, heads, positions;
};

template <int Channels, bool WithBias>
struct attention_operands {
  using T = xl::half;
  using heads_layout = xl::packed<xl::extents<int, axis::n, axis::head, axis::position, xl::fixed<axis::c, Channels>>,
                                  xl::axes<axis::n, axis::head, axis::position, axis::c>>;
  using bias_layout =
      xl::packed<xl::extents<int, axis::n, axis::head, axis::row, axis::col>, xl::axes<axis::n, axis::head, axis::row, axis::col>>;
  static constexpr int sets = 1;  // more than a cache holds

  attention_operands(xl::stream_ref q_, attention_sizes const& s_)
      : q{q_},
        s{s_},
        all_heads{std::size_t(s.sequences) * std::size_t(s.heads)},
        bytes{s.positions > 64 ? 0 : 2.0 * double(4 * head_size() + (WithBias ? scores() : 0)) * double(all_heads)},
        operations{s.positions > 64 ? 4.0 * double(scores()) * Channels * double(all_heads) : 0} {}

  void make() {
    if (queries) return;
    std::size_t const n = all_heads * head_size();
    // The scores have a standard deviation of about 1.
    for (auto const& [operand, seed] : {std::pair{&queries, 1u}, {&keys, 2u}, {&values, 3u}}) {
      operand->emplace(q, n);
      xl::generate(q, **operand, spread{seed});
    }
    bias.emplace(make_random<T>(q, WithBias ? all_heads * scores() : 1, 4));
    out.emplace(q, n);
    q.synchronize();
  }
  void spoil(int) { xl::fill(q, *out, poison<T>::value()); }

  /// Compares some rows of some heads with their definition in double.
  void check(int) const {
    require_written(q, *out);
    auto const channels = std::size_t(Channels), positions = std::size_t(s.positions);
    std::vector<double> weight(positions);
    for (std::size_t const head : {std::size_t{0}, all_heads / 3, all_heads - 1}) {
      auto const query = download(q, *queries, head * head_size(), head_size()), key = download(q, *keys, head * head_size(), head_size());
      auto const value = download(q, *values, head * head_size(), head_size()), got = download(q, *out, head * head_size(), head_size());
      std::vector<double> added(positions);
      for (std::size_t row = 0; row < positions; row += positions < 100 ? 1 : positions / 37) {
        if (WithBias) added = download(q, *bias, head * scores() + row * positions, positions);
        double most = -1e300, sum = 0;
        for (std::size_t j = 0; j < positions; ++j) {
          double score = 0;
          for (std::size_t c = 0; c < channels; ++c) score += query[row * channels + c] * key[j * channels + c];
          weight[j] = score / std::sqrt(double(Channels)) + added[j];
          most = std::fmax(most, weight[j]);
        }
        for (double& w : weight) sum += w = std::exp(w - most);
        for (std::size_t c = 0; c < channels; ++c) {
          double expected = 0, all = 0;
          for (std::size_t j = 0; j < positions; ++j) {
            expected += weight[j] * value[j * channels + c];
            all += (weight[j] + 0x1p-14) * std::abs(value[j * channels + c]);
          }
          expected /= sum;
          double const tolerance = 1.5 * rounding<T> * (all / sum + std::abs(expected));
          require_close(got[row * channels + c], expected, tolerance, "row and channel", (long long)row, (long long)c);
        }
      }
    }
  }

  /// Queues our attention.
  void queue() {
    heads_layout const l{{s.sequences, s.heads, s.positions, Channels}};
    xl::tensor_view<T const, heads_layout> const a{queries->data(), l}, b{keys->data(), l}, c{values->data(), l};
    xl::tensor_view<T, heads_layout> const to{out->data(), l};
    if constexpr (WithBias)
      xl::attention(q, a, b, c,
                    xl::tensor_view<T const, bias_layout>{bias->data(), bias_layout{{s.sequences, s.heads, s.positions, s.positions}}}, to);
    else
      xl::attention(q, a, b, c, to);
  }

  [[nodiscard]] std::size_t head_size() const { return std::size_t(s.positions) * std::size_t(Channels); }
  [[nodiscard]] std::size_t scores() const { return std::size_t(s.positions) * std::size_t(s.positions); }

  struct spread {
    std::uint64_t seed;
    CROSSLANE_FN T operator()(std::uint64_t i) const {
      xl::random_engine engine{seed, i};
      return T(xl::normal<float>(engine));
    }
  };

  xl::stream_ref q;
  attention_sizes s;
  std::size_t all_heads;
  double bytes, operations;
  std::optional<xl::buffer<T>> queries, keys, values, bias, out;
};

template <int Channels, bool WithBias = false>
void add_attention(xl::stream_ref q, attention_sizes const& s) {
  auto const n = [](int x) { return std::to_string(x); };
  std::string const group = "attention half " + n(s.sequences) + "x" + n(s.heads) + "x" + n(s.positions) + "x" + n(Channels);
  add_side(std::make_shared<attention_operands<Channels, WithBias>>(q, s), group + (WithBias ? " with bias" : "") + "/crosslane",
           [](auto& of) -> queued_call { return [&of](int) { of.queue(); }; });
}

}  // namespace

void register_attention(xl::stream_ref q) {
  add_attention<32>(q, {256, 32, 64});
  add_attention<32, true>(q, {256, 32, 64});
  add_attention<64>(q, {16, 16, 2048});
  add_attention<128>(q, {16, 16, 4096});
}

}  // namespace bench
