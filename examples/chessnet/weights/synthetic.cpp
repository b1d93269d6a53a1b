// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "synthetic.hpp"

#include "input/policy_index.hpp"
#include "message.hpp"
#include "read.hpp"

#include <crosslane/crosslane.hpp>

#include <bit>
#include <cmath>

namespace chessnet {
namespace {

/// Pseudo-random numbers by splitmix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
class random_bits {
 public:
  explicit random_bits(std::uint64_t seed) : state_{seed} {}
  std::uint16_t operator()() {
    if (left_ == 0) {
      state_ += 0x9e3779b97f4a7c15;
      bits_ = state_;
      bits_ = (bits_ ^ bits_ >> 30) * 0xbf58476d1ce4e5b9;
      bits_ = (bits_ ^ bits_ >> 27) * 0x94d049bb133111eb;
      bits_ ^= bits_ >> 31;
      left_ = 4;
    }
    --left_;
    auto const result = std::uint16_t(bits_);
    bits_ >>= 16;
    return result;
  }

 private:
  std::uint64_t state_, bits_ = 0;
  int left_ = 0;
};

/// The field numbers of a matrix and its bias.
struct fields {
  std::uint32_t w, b;
};

class builder {
 public:
  builder(synthetic_shape const& s, std::uint64_t seed) : s_{s}, random_{seed} {}

  std::vector<std::byte> file() {
    wire_writer net, version, format, network;
    net.fixed32(1, message::magic);
    net.text(2, "Pseudo-random numbers, no rights reserved (CC0).");
    version.number(2, 30);
    net.message(3, version);
    format.number(1, 1);
    std::uint32_t kind = s_.squeeze > 0 ? 4 : 3;
    if (s_.body) kind = s_.several_heads ? 7 : 6;
    std::uint32_t const numbers[] = {std::uint32_t(s_.input),
                                     std::uint32_t(s_.value),
                                     kind,
                                     std::uint32_t(s_.policy),
                                     std::uint32_t(s_.value),
                                     s_.moves_left ? 1u : 0u,
                                     s_.normal == activation::mish ? 1u : 0u,
                                     std::uint32_t(s_.smolgen_activation),
                                     std::uint32_t(s_.ffn),
                                     s_.body ? std::uint32_t(s_.embedding) : 0u};
    for (std::uint32_t i = 0; i < std::size(numbers); ++i) network.number(i + 1, numbers[i]);
    format.message(2, network);
    net.message(4, format);
    net.message(10, weights());
    return net.take();
  }

 private:
  wire_writer weights() {
    wire_writer w;
    if (s_.body)
      body(w);
    else
      tower(w);
    if (s_.several_heads) {
      wire_writer values, policies;
      for (std::uint32_t i = 1; i <= 3; ++i) values.message(i, value_head());
      w.message(44, values);
      dense(policies, {1, 2}, s_.policy_channels, s_.channels, 1.4);
      for (std::uint32_t i = 3; i <= 6; ++i) {
        wire_writer head;
        attention_policy(head, {3, 4}, {5, 6}, 7, 8, 9);
        policies.message(i, head);
      }
      w.message(45, policies);
    } else {
      policy(w);
      if (!s_.body) w.message(6, convolution(s_.value_channels, s_.channels, 1, 1.4));
      if (s_.body) dense(w, {29, 30}, s_.value_channels, s_.channels, 1.4);
      dense(w, {7, 8}, s_.head_hidden, 64 * s_.value_channels, 1.4);
      dense(w, {9, 10}, value_outputs(), s_.head_hidden, 1);
    }
    if (s_.moves_left) {
      int const channels = s_.moves_left_channels;
      if (!s_.body) w.message(12, convolution(channels, s_.channels, 1, 1.4));
      if (s_.body) dense(w, {31, 32}, channels, s_.channels, 1.4);
      dense(w, {13, 14}, s_.head_hidden, 64 * channels, 1.4);
      dense(w, {15, 16}, 1, s_.head_hidden, 5, 60);
    }
    return w;
  }

  int value_outputs() const { return s_.value == value_kind::wdl ? 3 : 1; }

  wire_writer value_head() {
    wire_writer v;
    dense(v, {1, 2}, s_.value_channels, s_.channels, 1.4);
    dense(v, {3, 4}, s_.head_hidden, 64 * s_.value_channels, 1.4);
    dense(v, {5, 6}, value_outputs(), s_.head_hidden, 1);
    return v;
  }

  void tower(wire_writer& w) {
    w.message(1, convolution(s_.channels, int(plane_count), 3, 1.4));
    for (int i = 0; i < s_.layers; ++i) {
      wire_writer block;
      block.message(1, convolution(s_.channels, s_.channels, 3, 1.4));
      block.message(2, convolution(s_.channels, s_.channels, 3, 1));
      if (s_.squeeze > 0) {
        wire_writer se;
        dense(se, {1, 2}, s_.squeeze, s_.channels, 2);
        dense(se, {3, 4}, 2 * s_.channels, s_.squeeze, 1);
        block.message(3, se);
      }
      w.message(2, block);
    }
  }

  void body(wire_writer& w) {
    int in = int(plane_count);
    if (s_.embedding == embedding_kind::map) in += 64;
    if (s_.embedding == embedding_kind::dense) {
      in += s_.appended;
      dense(w, {37, 38}, 64 * s_.appended, 64 * 12, 1);
    }
    dense(w, {25, 26}, s_.channels, in, 1.4);
    if (s_.embedding == embedding_kind::dense) norm(w, {39, 40}, s_.channels);
    if (s_.gates) {
      w.message(33, array(64 * std::size_t(s_.channels), 0.7, 1.3));
      w.message(34, array(64 * std::size_t(s_.channels), -0.2, 0.2));
    }
    if (s_.embedding == embedding_kind::dense) {
      w.message(41, feed_forward(s_.channels, s_.hidden));
      norm(w, {42, 43}, s_.channels);
    }
    for (int i = 0; i < s_.layers; ++i) w.message(27, encoder(s_.channels, s_.heads, s_.hidden, s_.smolgen.part > 0));
    w.number(28, std::uint64_t(s_.heads));
    if (s_.smolgen.part > 0) w.message(35, matrix(4096, s_.smolgen.part, 1));
  }

  wire_writer feed_forward(int channels, int hidden) {
    wire_writer f;
    dense(f, {1, 2}, hidden, channels, 1.4);
    dense(f, {3, 4}, channels, hidden, 1);
    return f;
  }

  wire_writer encoder(int channels, int heads, int hidden, bool with_smolgen) {
    wire_writer layer, mha;
    dense(mha, {1, 2}, channels, channels, 1.5);
    dense(mha, {3, 4}, channels, channels, 1.5);
    dense(mha, {5, 6}, channels, channels, 1);
    dense(mha, {7, 8}, channels, channels, 1);
    if (with_smolgen) {
      wire_writer s;
      s.message(1, matrix(s_.smolgen.compress, channels, 1));
      dense(s, {2, 3}, s_.smolgen.hidden, 64 * s_.smolgen.compress, 1.4);
      norm(s, {4, 5}, s_.smolgen.hidden);
      dense(s, {6, 7}, heads * s_.smolgen.part, s_.smolgen.hidden, 1.4);
      norm(s, {8, 9}, heads * s_.smolgen.part);
      mha.message(9, s);
    }
    layer.message(1, mha);
    norm(layer, {2, 3}, channels);
    layer.message(4, feed_forward(channels, hidden));
    norm(layer, {5, 6}, channels);
    return layer;
  }

  void policy(wire_writer& w) {
    switch (s_.policy) {
      case policy_kind::classical:
        w.message(3, convolution(s_.policy_channels, s_.channels, 1, 1.4));
        dense(w, {4, 5}, int(policy_size), 64 * s_.policy_channels, 1.6);
        break;
      case policy_kind::convolution:
        w.message(11, convolution(s_.channels, s_.channels, 3, 1.4));
        w.message(3, convolution(80, s_.channels, 3, 1.6));
        break;
      case policy_kind::attention:
        dense(w, {4, 5}, s_.policy_channels, s_.channels, 1.4);
        attention_policy(w, {17, 18}, {19, 20}, 22, 21, 24);
        break;
    }
  }

  void attention_policy(wire_writer& w, fields query, fields key, std::uint32_t promotion, std::uint32_t encoders, std::uint32_t heads) {
    int const width = s_.policy_channels;
    for (int i = 0; i < s_.policy_layers; ++i) w.message(encoders, encoder(width, s_.heads, s_.hidden, false));
    if (s_.policy_layers > 0) w.number(heads, std::uint64_t(s_.heads));
    dense(w, query, width, width, 1.6);
    dense(w, key, width, width, 1.6);
    w.message(promotion, matrix(4, width, 1));
  }

  wire_writer convolution(int out, int in, int width, double gain) {
    wire_writer c;
    c.message(1, array(std::size_t(out) * std::size_t(in * width * width), bound(in * width * width, gain)));
    auto const each = std::size_t(out);
    if (s_.batch_norm) {
      c.message(3, array(each, -0.3, 0.3));
      c.message(4, array(each, 0.5, 1.5));
      c.message(5, array(each, 0.7, 1.3));
      c.message(6, array(each, -0.3, 0.3));
    } else {
      c.message(2, array(each, -0.2, 0.2));
    }
    return c;
  }

  void dense(wire_writer& w, fields f, int out, int in, double gain, double mean = 0) {
    w.message(f.w, matrix(out, in, gain));
    w.message(f.b, array(std::size_t(out), mean - 0.2, mean + 0.2));
  }
  void norm(wire_writer& w, fields f, int width) {
    w.message(f.w, array(std::size_t(width), 0.7, 1.3));
    w.message(f.b, array(std::size_t(width), -0.3, 0.3));
  }
  wire_writer matrix(int out, int in, double gain) { return array(std::size_t(out) * std::size_t(in), bound(in, gain)); }

  /// Returns the limit of uniform numbers with which `in` inputs of variance 1 give an output of variance gain squared.
  static double bound(int in, double gain) { return gain * std::sqrt(3.0 / in); }

  wire_writer array(std::size_t size, double limit) { return array(size, -limit, limit); }
  wire_writer array(std::size_t size, double least, double most) {
    auto encoding = s_.encoding;
    if (encoding == array_encoding::mixed) encoding = array_encoding(1 + arrays_++ % 4);
    std::vector<std::byte> bytes;
    bytes.reserve(size * (encoding == array_encoding::float32 ? 4 : 2));
    auto const put = [&](std::uint32_t bits, int count) {
      for (int i = 0; i < count; ++i) bytes.push_back(std::byte(bits >> 8 * i));
    };
    for (std::size_t i = 0; i < size; ++i) {
      auto const number = random_();
      auto const value = float(least + (most - least) * number / 65535);
      switch (encoding) {
        case array_encoding::float16: put(std::bit_cast<std::uint16_t>(crosslane::half(value)), 2); break;
        case array_encoding::bfloat16: put(std::bit_cast<std::uint16_t>(crosslane::bfloat16(value)), 2); break;
        case array_encoding::float32: put(std::bit_cast<std::uint32_t>(value), 4); break;
        default: put(number, 2); break;
      }
    }
    wire_writer a;
    if (encoding == array_encoding::linear16) {
      a.real(1, float(least));
      a.real(2, float(most));
    }
    a.bytes(3, bytes);
    if (encoding != array_encoding::linear16) a.number(4, std::uint64_t(encoding));
    return a;
  }

  synthetic_shape const& s_;
  random_bits random_;
  std::size_t arrays_ = 0;
};

constexpr synthetic_shape squeeze_tower(int channels, int layers, int squeeze) {
  synthetic_shape s;
  s.channels = channels;
  s.layers = layers;
  s.squeeze = squeeze;
  return s;
}

constexpr synthetic_shape attention_body(int channels, int layers, int heads, int hidden, activation ffn) {
  synthetic_shape s;
  s.normal = activation::mish;
  s.ffn = ffn;
  s.body = true;
  s.channels = channels;
  s.layers = layers;
  s.heads = heads;
  s.hidden = hidden;
  s.smolgen = {32, 256, 256};
  s.policy = policy_kind::attention;
  s.policy_channels = 256;
  return s;
}

constexpr synthetic_shape dense_body(int channels, int layers, int heads, int hidden, int appended) {
  auto s = attention_body(channels, layers, heads, hidden, activation::mish);
  s.embedding = embedding_kind::dense;
  s.appended = appended;
  s.gates = true;
  s.policy_channels = channels;
  s.value_channels = 128;
  s.several_heads = true;
  return s;
}

template <class Change>
constexpr synthetic_shape changed(synthetic_shape s, Change const& change) {
  change(s);
  return s;
}

constexpr synthetic_kind kinds[] = {
    {"plain-32x3", changed(squeeze_tower(32, 3, 0),
                           [](synthetic_shape& s) {
                             s.batch_norm = false;
                             s.policy = policy_kind::classical;
                             s.policy_channels = 16;
                             s.value = value_kind::scalar;
                             s.moves_left = false;
                           })},
    {"se-64x6", squeeze_tower(64, 6, 8)},
    {"se-attention-64x2", changed(squeeze_tower(64, 2, 16),
                                  [](synthetic_shape& s) {
                                    s.input = input_format::canonical;
                                    s.normal = activation::mish;
                                    s.policy = policy_kind::attention;
                                    s.policy_layers = 1;
                                  })},
    {"map-64x3", changed(attention_body(64, 3, 4, 128, activation::relu_squared),
                         [](synthetic_shape& s) {
                           s.gates = true;
                           s.smolgen = {8, 64, 32};
                           s.policy_channels = 64;
                         })},
    {"dense-64x3", changed(dense_body(64, 3, 4, 128, 8),
                           [](synthetic_shape& s) {
                             s.input = input_format::canonical_hectoplies;
                             s.smolgen = {8, 64, 32};
                             s.value_channels = 32;
                           })},
    {"encodings-32x4", changed(attention_body(32, 4, 2, 64, activation::same_as_default),
                               [](synthetic_shape& s) {
                                 s.input = input_format::castling_plane;
                                 s.normal = activation::relu;
                                 s.encoding = array_encoding::mixed;
                                 s.smolgen = {0, 0, 0};
                                 s.policy_channels = 32;
                                 s.moves_left = false;
                               })},
    {"se-256x20", squeeze_tower(256, 20, 32)},
    {"se-384x30", squeeze_tower(384, 30, 24)},
    {"t1-256x10", attention_body(256, 10, 8, 256, activation::same_as_default)},
    {"t3-768x15", attention_body(768, 15, 24, 1024, activation::relu_squared)},
    {"bt4-1024x15", dense_body(1024, 15, 32, 1536, 512)},
};

}  // namespace

std::span<synthetic_kind const> synthetic_kinds() { return kinds; }

std::vector<std::byte> synthetic_file(synthetic_shape const& shape, std::uint64_t seed) { return builder{shape, seed}.file(); }

network synthetic_network(synthetic_shape const& shape, std::uint64_t seed) { return read_network(synthetic_file(shape, seed)); }

network synthetic_network(std::string_view kind, std::uint64_t seed) {
  std::string names;
  for (auto const& k : kinds) {
    if (k.name == kind) return synthetic_network(k.shape, seed);
    names += (names.empty() ? "" : ", ") + std::string{k.name};
  }
  throw weights_error{"no kind '" + std::string{kind} + "' of synthetic weights, but " + names};
}

}  // namespace chessnet
