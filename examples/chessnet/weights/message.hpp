// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The messages of a file of weights as they are stored: names, nesting and encoded arrays, without any knowledge of networks.
/// weights/read.hpp makes a network of them.
#pragma once

#include "wire.hpp"

#include <optional>
#include <vector>

namespace chessnet::message {

/// An encoded array. `bytes` is part of the file's bytes, which must live as long.
struct array {
  byte_span bytes{};
  float least = 0, most = 0;             // the values of the smallest and the largest number, if `encoding` is linear16
  std::uint64_t encoding = 1;            // 1 linear16, 2 float16, 3 bfloat16, 4 float32
  std::vector<std::uint64_t> extents{};  // often none

  [[nodiscard]] bool empty() const { return bytes.empty(); }
};

/// y = w x + b.
struct dense {
  array w, b;
  [[nodiscard]] bool empty() const { return w.empty() && b.empty(); }
};
struct norm {
  array gammas, betas;
  [[nodiscard]] bool empty() const { return gammas.empty() && betas.empty(); }
};
struct convolution {
  array weights, biases, means, variances, gammas, betas;
  [[nodiscard]] bool empty() const { return weights.empty(); }
};
struct squeeze {
  dense first, second;
};
struct residual {
  convolution first, second;
  std::optional<squeeze> se;
};
struct feed_forward {
  dense first, second;
};
struct smolgen {
  array compress;
  dense first, second;
  norm first_norm, second_norm;
};
struct attention {
  dense q, k, v, out;
  std::optional<message::smolgen> smolgen;
  bool relative_positions = false;
};
struct encoder {
  message::attention attention;
  norm first_norm, second_norm;
  feed_forward ffn;
};
struct policy_head {
  dense embedding, second, third;  // ip_pol, ip2_pol, ip3_pol
  array promotion;                 // ip4_pol
  std::vector<encoder> encoders;
  std::uint64_t heads = 0;
  message::convolution first_convolution, convolution;  // policy1, policy
};
struct value_head {
  message::convolution convolution;
  dense embedding, hidden, output;
};

struct weights {
  convolution input;
  std::vector<residual> residuals;
  dense embedding, preprocess;
  norm embedding_norm, embedding_ffn_norm;
  array multiply_gate, add_gate;
  std::optional<feed_forward> embedding_ffn;
  std::vector<encoder> encoders;
  std::uint64_t heads = 0;
  array smolgen_table;
  policy_head policy;
  value_head value, moves_left;

  struct value_group {
    std::optional<value_head> winner, q, st;
  };
  struct policy_group {
    dense embedding;
    std::optional<policy_head> vanilla, optimistic, soft, opponent;
  };
  std::optional<value_group> value_heads;
  std::optional<policy_group> policy_heads;
};

/// The numbers are those of the file. 0 if the field is missing.
struct network_format {
  std::uint64_t input = 0, output = 0, network = 0, policy = 0, value = 0, moves_left = 0, default_activation = 0, smolgen_activation = 0,
                ffn_activation = 0, input_embedding = 0;
};

struct net {
  std::optional<network_format> format;
  bool onnx = false;
  std::optional<message::weights> weights;
};

/// The first field of every file.
inline constexpr std::uint32_t magic = 0x1c0;

/// Reads the messages. Unknown fields are ignored. Throws weights_error if the bytes are cut off, damaged or of wrong types.
[[nodiscard]] net parse(byte_span bytes);

}  // namespace chessnet::message
