// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// A chess engine: chess programs start it and talk to it by the Universal Chess Interface (UCI).
#include "forward/forward.hpp"
#include "protocol.hpp"
#include "serve/device_evaluator.hpp"
#include "weights/read.hpp"
#include "weights/synthetic.hpp"

#include <cstdio>
#include <iostream>

namespace chessnet {
namespace {

constexpr char const* usage_text =
    "usage: chessnet_uci\n"
    "\n"
    "A chess engine that plays by networks of Leela Chess Zero. Chess programs start it and talk to it by the Universal Chess Interface. "
    "Its\n"
    "options, such as WeightsFile, are set there. Without a file it plays by pseudo-random numbers, without sense.\n";

precision precision_named(std::string_view name) {
  for (auto const p : {precision::float32, precision::half})
    if (name_of(p) == name) return p;
  return precision::bfloat16;
}

loaded_network load(settings const& s) {
  if (xl::device::count() == 0) throw std::runtime_error{std::string{"no "} + xl::default_backend::name + " device on this machine"};
  xl::device const d{0};
  auto const n = s.weights.empty() ? synthetic_network(s.synthetic, 1) : read_network(s.weights);
  auto const p = precision_named(s.precision);
  auto const make = [&](xl::stream_ref q, int batch) { return make_forward(q, n, {.precision = p, .largest_batch = batch}); };
  auto const name = s.weights.empty() ? "pseudo-random " + s.synthetic : std::filesystem::path{s.weights}.filename().string();
  return {std::make_unique<device_evaluator>(d, make, device_evaluator::options{.largest_batch = s.batch}), n.input,
          n.value == value_kind::wdl, name + ": " + n.describe() + ", " + s.precision + " on " + std::string{d.properties().name}};
}

/// On the CPU batches save nothing, and half precision costs time.
settings defaults() {
  settings s;
  if (std::string_view{xl::default_backend::name} == "host") {
    s.precision = "float";
    s.batch = 4;
  }
  return s;
}

void run() {
  protocol p{defaults(), load, [](std::string const& line) {
               std::fwrite((line + '\n').data(), 1, line.size() + 1, stdout);
               std::fflush(stdout);
             }};
  for (std::string line; std::getline(std::cin, line) && p.handle(line);) continue;
}

}  // namespace
}  // namespace chessnet

int main(int count, char** arguments) {
  try {
    std::string_view const argument = count > 1 ? arguments[1] : "";
    if (argument == "--help" || argument == "-h")
      std::fputs(chessnet::usage_text, stdout);
    else if (count > 1)
      throw std::runtime_error{"it has no arguments, but '" + std::string{argument} + "' was given; see --help"};
    else
      chessnet::run();
    return 0;
  } catch (std::exception const& error) {
    std::fprintf(stderr, "chessnet_uci: %s\n", error.what());
  }
  return 1;
}
