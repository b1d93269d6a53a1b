// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "reference.hpp"

#include "input/policy_index.hpp"

#include <algorithm>
#include <cmath>

namespace chessnet::reference {
namespace {

constexpr std::size_t squares = 64;

/// Returns x of [rows][columns] as [columns][rows].
template <class Real>
std::vector<Real> transpose(std::vector<Real> const& x, std::size_t columns) {
  auto const rows = x.size() / columns;
  std::vector<Real> result(x.size());
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t c = 0; c < columns; ++c) result[c * rows + r] = x[r * columns + c];
  return result;
}

template <class Real>
void activate_all(activation f, std::vector<Real>& x) {
  for (auto& value : x) value = activate(f, value);
}

/// Returns the layer's outputs for each row of [rows][in].
template <class Real>
std::vector<Real> multiply(dense_layer const& d, std::vector<Real> const& x) {
  auto const in = std::size_t(d.in), out = std::size_t(d.out), rows = x.size() / in;
  auto const columns = transpose(x, in);  // so that the innermost loop carries no sum, and a compiler can vectorise it
  std::vector<Real> y(rows * out), sum(rows);
  for (std::size_t o = 0; o < out; ++o) {
    std::fill(sum.begin(), sum.end(), d.bias.empty() ? Real(0) : Real(d.bias[o]));
    for (std::size_t i = 0; i < in; ++i) {
      auto const weight = Real(d.weights[o * in + i]);
      for (std::size_t r = 0; r < rows; ++r) sum[r] += weight * columns[i * rows + r];
    }
    for (std::size_t r = 0; r < rows; ++r) y[r * out + o] = sum[r];
  }
  return y;
}

template <class Real>
std::vector<Real> multiply(dense_layer const& d, std::vector<Real> const& x, activation f) {
  auto y = multiply(d, x);
  activate_all(f, y);
  return y;
}

/// Returns x with zeros around each board.
template <class Real>
std::vector<Real> pad(std::vector<Real> const& x, std::size_t border) {
  std::size_t const side = 8 + 2 * border, boards = x.size() / squares;
  std::vector<Real> result(boards * side * side);
  for (std::size_t b = 0; b < boards; ++b)
    for (std::size_t rank = 0; rank < 8; ++rank)
      std::copy_n(&x[b * squares + rank * 8], 8, &result[(b * side + rank + border) * side + border]);
  return result;
}

template <class Real>
std::vector<Real> convolve(convolution_layer const& c, std::vector<Real> const& x) {
  auto const in = std::size_t(c.in), out = std::size_t(c.out), width = std::size_t(c.width), side = 8 + width - 1;
  auto const padded = pad(x, width / 2);
  std::vector<Real> y(out * squares);
  for (std::size_t o = 0; o < out; ++o) {
    Real sum[8][8];
    std::fill_n(&sum[0][0], squares, Real(c.bias[o]));
    for (std::size_t i = 0; i < in; ++i)
      for (std::size_t dy = 0; dy < width; ++dy)
        for (std::size_t dx = 0; dx < width; ++dx) {
          auto const weight = Real(c.weights[((o * in + i) * width + dy) * width + dx]);
          Real const* const from = &padded[(i * side + dy) * side + dx];
          for (std::size_t rank = 0; rank < 8; ++rank)
            for (std::size_t file = 0; file < 8; ++file) sum[rank][file] += weight * from[rank * side + file];
        }
    std::copy_n(&sum[0][0], squares, &y[o * squares]);
  }
  return y;
}

template <class Real>
std::vector<Real> convolve(convolution_layer const& c, std::vector<Real> const& x, activation f) {
  auto y = convolve(c, x);
  activate_all(f, y);
  return y;
}

template <class Real>
void normalise(norm_layer const& n, Real epsilon, std::vector<Real>& x) {
  auto const width = n.gamma.size();
  for (std::size_t begin = 0; begin < x.size(); begin += width) {
    Real mean = 0, variance = 0;
    for (std::size_t i = 0; i < width; ++i) mean += x[begin + i];
    mean /= Real(width);
    for (std::size_t i = 0; i < width; ++i) variance += (x[begin + i] - mean) * (x[begin + i] - mean);
    Real const deviation = std::sqrt(variance / Real(width) + epsilon);
    for (std::size_t i = 0; i < width; ++i) x[begin + i] = (x[begin + i] - mean) / deviation * Real(n.gamma[i]) + Real(n.beta[i]);
  }
}

template <class Real>
void softmax(std::span<Real> x) {
  Real const largest = *std::max_element(x.begin(), x.end());
  Real sum = 0;
  for (auto& value : x) sum += value = std::exp(value - largest);
  for (auto& value : x) value /= sum;
}

/// The state of one evaluation.
template <class Real>
class pass {
  using values = std::vector<Real>;

 public:
  pass(network const& n, tracer<Real> const& trace) : n_{n}, trace_{trace} {}

  network_outputs<Real> run(input_planes const& in, heads const& chosen) {
    auto const& policy = n_.policy_named(chosen.policy);
    auto const& value = n_.value_named(chosen.value);
    values planes(plane_count * squares);
    for (std::size_t i = 0; i < plane_count; ++i)
      for_each_square(in.mask[i], [&](int s) { planes[i * squares + std::size_t(s)] = Real(in.value[i]); });

    values board = n_.tower ? run_tower(*n_.tower, planes) : planes;  // [C][64]
    values rows = transpose(board, squares);                          // [64][C]
    if (n_.body) rows = run_body(*n_.body, std::move(rows));

    network_outputs<Real> out;
    out.policy = run_policy(policy, board, rows);
    auto y = run_value(value, board, rows, true);
    trace("value_out", {int(y.size())}, y);
    if (n_.value == value_kind::wdl) {
      softmax(std::span<Real>{y});
      out.q = y[0] - y[2];
      out.draw = y[1];
    } else {
      out.q = std::tanh(y[0]);
    }
    if (n_.moves_left) out.moves_left = std::max(Real(0), run_value(*n_.moves_left, board, rows, false)[0]);
    return out;
  }

 private:
  void trace(std::string const& name, std::vector<int> const& extents, values const& x) const {
    if (trace_) trace_(name, extents, x);
  }
  void trace_rows(std::string const& name, values const& x) const { trace(name, {64, int(x.size() / squares)}, x); }
  void trace_board(std::string const& name, values const& x) const { trace(name, {int(x.size() / squares), 8, 8}, x); }

  values run_tower(tower const& t, values const& planes) {
    auto x = convolve(t.input, planes, n_.default_activation);
    trace_board("input_conv", x);
    for (std::size_t b = 0; b < t.blocks.size(); ++b) {
      auto const& block = t.blocks[b];
      auto z = convolve(block.second, convolve(block.first, x, n_.default_activation));
      if (block.squeeze) squeeze(*block.squeeze, z);
      for (std::size_t i = 0; i < x.size(); ++i) x[i] = activate(n_.default_activation, x[i] + z[i]);
      trace_board("block" + std::to_string(b), x);
    }
    return x;
  }

  void squeeze(squeeze_layer const& s, values& z) const {
    std::size_t const channels = z.size() / squares;
    values means(channels);
    for (std::size_t c = 0; c < channels; ++c) {
      for (std::size_t i = 0; i < squares; ++i) means[c] += z[c * squares + i];
      means[c] /= Real(squares);
    }
    auto const u = multiply(s.second, multiply(s.first, means, n_.default_activation));
    for (std::size_t c = 0; c < channels; ++c) {
      Real const scale = activate(activation::sigmoid, u[c]), shift = u[channels + c];
      for (std::size_t i = 0; i < squares; ++i) z[c * squares + i] = scale * z[c * squares + i] + shift;
    }
  }

  values run_body(attention_body const& b, values rows) {
    if (b.kind == embedding_kind::map) rows = append(rows, reachable_squares());
    if (b.kind == embedding_kind::dense) rows = append(rows, multiply(*b.preprocess, pieces_of(rows)));
    trace_rows("embedding_input", rows);
    auto x = multiply(b.embedding, rows, n_.default_activation);
    trace_rows("embedding", x);
    auto const epsilon = Real(1e-3);
    if (b.embedding_norm) normalise(*b.embedding_norm, epsilon, x);
    if (b.gates) {
      std::size_t const channels = x.size() / squares;
      for (std::size_t s = 0; s < squares; ++s)
        for (std::size_t c = 0; c < channels; ++c)
          x[s * channels + c] = x[s * channels + c] * Real(b.gates->multiply[c * squares + s]) + Real(b.gates->add[c * squares + s]);
      trace_rows("gated", x);
    }
    if (b.embedding_ffn) {
      add_branch(b.encoders, run_ffn(*b.embedding_ffn, b.encoders.ffn_activation, x), x);
      normalise(*b.embedding_ffn_norm, epsilon, x);
      trace_rows("embedding_ffn", x);
    }
    for (std::size_t i = 0; i < b.encoders.layers.size(); ++i) {
      run_encoder(b.encoders, b.encoders.layers[i], &b, x);
      trace_rows("encoder" + std::to_string(i), x);
    }
    return x;
  }

  /// Returns the rows of a followed by those of b.
  static values append(values const& a, values const& b) {
    auto const width_a = a.size() / squares, width_b = b.size() / squares;
    values result;
    for (std::size_t s = 0; s < squares; ++s) {
      result.insert(result.end(), &a[s * width_a], &a[s * width_a] + width_a);
      result.insert(result.end(), &b[s * width_b], &b[s * width_b] + width_b);
    }
    return result;
  }

  /// Returns for each square -1 for itself and 1 for the squares that a piece on it could reach on an empty board.
  static values reachable_squares() {
    values result(squares * squares);
    for (std::size_t s = 0; s < squares; ++s) {
      result[s * squares + s] = -1;
      for_each_square(reachable(int(s)), [&](int to) { result[s * squares + std::size_t(to)] = 1; });
    }
    return result;
  }

  /// Returns the first 12 channels of each row, the pieces of the current board.
  static values pieces_of(values const& rows) {
    values result;
    for (std::size_t s = 0; s < squares; ++s) result.insert(result.end(), &rows[s * plane_count], &rows[s * plane_count] + 12);
    return result;
  }

  static values run_ffn(feed_forward const& f, activation a, values const& x) { return multiply(f.second, multiply(f.first, x, a)); }

  static void add_branch(encoder_stack const& e, values const& branch, values& x) {
    for (std::size_t i = 0; i < x.size(); ++i) x[i] += Real(e.branch_scale) * branch[i];
  }

  /// `body` has what smolgen shares. Layers of a policy head have none.
  void run_encoder(encoder_stack const& e, encoder_layer const& layer, attention_body const* body, values& x) const {
    auto const heads = std::size_t(e.heads), width = std::size_t(layer.q.out), depth = width / heads;
    values logits(heads * squares * squares);
    if (layer.smolgen) {
      logits = run_smolgen(*layer.smolgen, *body, x);
      trace("smolgen", {e.heads, 64, 64}, logits);
    }
    auto const q = multiply(layer.q, x), k = multiply(layer.k, x), v = multiply(layer.v, x);
    Real const scale = 1 / std::sqrt(Real(depth));
    values attended(squares * width);
    for (std::size_t h = 0; h < heads; ++h)
      for (std::size_t i = 0; i < squares; ++i)
        for (std::size_t j = 0; j < squares; ++j) {
          Real product = 0;
          for (std::size_t d = 0; d < depth; ++d) product += q[i * width + h * depth + d] * k[j * width + h * depth + d];
          logits[(h * squares + i) * squares + j] += product * scale;
        }
    trace("attention_logits", {e.heads, 64, 64}, logits);
    for (std::size_t h = 0; h < heads; ++h)
      for (std::size_t i = 0; i < squares; ++i) {
        std::span<Real> const row{&logits[(h * squares + i) * squares], squares};
        softmax(row);
        for (std::size_t j = 0; j < squares; ++j)
          for (std::size_t d = 0; d < depth; ++d) attended[i * width + h * depth + d] += row[j] * v[j * width + h * depth + d];
      }
    add_branch(e, multiply(layer.out, attended), x);
    normalise(layer.first_norm, Real(e.epsilon), x);
    trace_rows("after_ln1", x);
    add_branch(e, run_ffn(layer.ffn, e.ffn_activation, x), x);
    normalise(layer.second_norm, Real(e.epsilon), x);
  }

  static values run_smolgen(smolgen const& s, attention_body const& b, values const& x) {
    auto const epsilon = Real(1e-3);
    auto g = multiply(s.first, multiply(s.compress, x), b.smolgen_activation);
    normalise(s.first_norm, epsilon, g);
    g = multiply(s.second, g, b.smolgen_activation);
    normalise(s.second_norm, epsilon, g);
    return multiply(*b.smolgen_table, g);  // a row for each head
  }

  values run_policy(policy_head const& p, values const& board, values const& rows) const {
    switch (p.kind) {
      case policy_kind::classical: return multiply(p.logits, convolve(p.convolution, board, n_.default_activation));
      case policy_kind::convolution:
        return pick(convolve(p.convolution, convolve(p.first_convolution, board, n_.default_activation)), convolution_policy_map());
      case policy_kind::attention: break;
    }
    auto u = multiply(p.embedding, rows, p.embedding_activation);
    for (auto const& layer : p.encoders.layers) run_encoder(p.encoders, layer, nullptr, u);
    trace_rows("policy_embedding", u);
    auto const q = multiply(p.query, u), k = multiply(p.key, u);
    trace_rows("policy_q", q);
    trace_rows("policy_k", k);

    auto const depth = std::size_t(p.key.out);
    values out(squares * squares + 8 * 24);
    for (std::size_t i = 0; i < squares; ++i)
      for (std::size_t j = 0; j < squares; ++j) {
        Real product = 0;
        for (std::size_t d = 0; d < depth; ++d) product += q[i * depth + d] * k[j * depth + d];
        out[i * squares + j] = product / std::sqrt(Real(depth));
      }
    if (trace_) trace_("policy_qk", {64, 64}, std::span{out}.first(squares * squares));

    values const last_rank(k.begin() + std::ptrdiff_t(56 * depth), k.end());
    auto const promotion = transpose(multiply(p.promotion, last_rank), 4);  // [4][8]
    trace("promotion_raw", {4, 8}, promotion);
    for (std::size_t from = 0; from < 8; ++from)
      for (std::size_t to = 0; to < 8; ++to)
        for (std::size_t kind = 0; kind < 3; ++kind)
          out[squares * squares + 24 * from + 3 * to + kind] =
              out[(48 + from) * squares + 56 + to] + promotion[kind * 8 + to] + promotion[3 * 8 + to];
    return pick(out, attention_policy_map());
  }

  static values pick(values const& from, std::array<std::uint16_t, policy_size> const& map) {
    values result(policy_size);
    std::transform(map.begin(), map.end(), result.begin(), [&](std::uint16_t place) { return from[place]; });
    return result;
  }

  values run_value(value_head const& v, values const& board, values const& rows, bool traced) const {
    auto const f = n_.default_activation;
    auto const flat = v.embedding ? multiply(*v.embedding, rows, f) : convolve(*v.convolution, board, f);
    if (traced) trace("value_flat", {int(flat.size())}, flat);
    return multiply(v.output, multiply(v.hidden, flat, f));
  }

  network const& n_;
  tracer<Real> const& trace_;
};

}  // namespace

template <class Real>
Real activate(activation f, Real x) {
  switch (f) {
    case activation::relu: return std::max(x, Real(0));
    case activation::relu_squared: return std::max(x, Real(0)) * std::max(x, Real(0));
    case activation::mish: {
      // x tanh(ln(1 + e^x)) without a difference of large numbers. e^x overflows to infinity, whose quotient is 0.
      Real const e = std::exp(x), n = e * e + 2 * e;
      return x <= Real(-0.6) ? x * n / (n + 2) : x - 2 * x / (n + 2);
    }
    case activation::swish: return x / (1 + std::exp(-x));
    case activation::selu: return Real(1.05070098) * (x > 0 ? x : Real(1.67326324) * (std::exp(x) - 1));
    case activation::tanh: return std::tanh(x);
    case activation::sigmoid: return 1 / (1 + std::exp(-x));
    case activation::none:
    case activation::same_as_default:
    case activation::softmax: break;
  }
  return x;
}

template <class Real>
network_outputs<Real> evaluate(network const& n, input_planes const& planes, heads const& chosen, tracer<Real> const& trace) {
  return pass<Real>{n, trace}.run(planes, chosen);
}

template float activate(activation, float);
template double activate(activation, double);
template network_outputs<float> evaluate(network const&, input_planes const&, heads const&, tracer<float> const&);
template network_outputs<double> evaluate(network const&, input_planes const&, heads const&, tracer<double> const&);

}  // namespace chessnet::reference
