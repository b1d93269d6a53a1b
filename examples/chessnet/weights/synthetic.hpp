// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Files of weights with pseudo-random numbers, for demonstrations, tests and measurements without a trained network. What they play means
/// nothing. The same seed gives the same bytes on every machine.
#pragma once

#include "network.hpp"

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace chessnet {

/// How arrays are stored. `mixed` takes the others in turn.
enum class array_encoding : std::uint32_t { linear16 = 1, float16, bfloat16, float32, mixed };

struct synthetic_shape {
  input_format input = input_format::classical;
  activation normal = activation::relu, ffn = activation::same_as_default, smolgen_activation = activation::swish;
  array_encoding encoding = array_encoding::linear16;

  bool body = false;  // an attention body instead of a tower
  int channels = 64;  // of the tower or the body
  int layers = 6;     // blocks or encoder layers
  int squeeze = 0;    // tower: channels between the two layers of squeeze and excitation; 0: none
  bool batch_norm = true;

  embedding_kind embedding = embedding_kind::map;
  int appended = 8;  // dense embedding: channels that each square appends
  int heads = 4;
  int hidden = 128;  // of the feed-forward part
  bool gates = false;
  struct {
    int compress = 0, hidden = 0, part = 0;  // all 0: none
  } smolgen;

  policy_kind policy = policy_kind::convolution;
  int policy_channels = 64;  // classical: 1 x 1 convolution; attention: embedding, queries and keys
  int policy_layers = 0;     // attention: encoder layers of its own
  value_kind value = value_kind::wdl;
  int value_channels = 32;
  int moves_left_channels = 8;
  int head_hidden = 128;  // between these channels and the output, of values and moves left
  bool moves_left = true;
  bool several_heads = false;  // body: the file has groups of heads
};

struct synthetic_kind {
  std::string_view name;
  synthetic_shape shape;
};

/// Returns shapes with names: small ones of every kind, and some of the sizes that people play with.
[[nodiscard]] std::span<synthetic_kind const> synthetic_kinds();

/// Returns the bytes of a file, not packed. Widths must be positive and heads must divide channels.
[[nodiscard]] std::vector<std::byte> synthetic_file(synthetic_shape const& shape, std::uint64_t seed);

/// Returns the network of that file.
[[nodiscard]] network synthetic_network(synthetic_shape const& shape, std::uint64_t seed);
/// Returns the network of a kind. Throws weights_error that lists the names if there is none of this name.
[[nodiscard]] network synthetic_network(std::string_view kind, std::uint64_t seed);

}  // namespace chessnet
