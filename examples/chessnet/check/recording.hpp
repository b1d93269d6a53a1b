// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// What a network computes for some positions, with the result of each layer: to be compared with what another target computes.
#pragma once

#include "chess/game.hpp"
#include "output/outputs.hpp"
#include "reference.hpp"

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace chessnet {

struct recorded_layer {
  std::string name;          // as in reference::tracer
  std::vector<int> extents;  // the first one is the number of positions
  std::vector<float> values;

  friend bool operator==(recorded_layer const&, recorded_layer const&) = default;
};

struct recording {
  std::string network;                            // what it is, for people
  std::string target;                             // where it was computed
  std::string precision;                          // "double", "float", "half" or "bfloat16"
  std::vector<std::string> positions;             // FEN
  std::vector<std::vector<std::uint16_t>> moves;  // policy_index() of the legal moves
  std::vector<recorded_layer> layers;
  std::vector<network_outputs<float>> outputs;
};

/// Computes by the reference in double, a position in each of the machine's threads. What the passes of devices do not show is left out.
[[nodiscard]] recording record_reference(network const& n, std::span<game const> games, reference::heads const& heads);

/// Writes the recording to a file. Throws std::runtime_error with one line.
void save(recording const& r, std::filesystem::path const& path);
/// Reads it. Throws std::runtime_error with one line, also if the file is cut off or something else.
[[nodiscard]] recording load(std::filesystem::path const& path);

}  // namespace chessnet
