// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// What was measured, as a table and JSON.
#pragma once

#include <string>
#include <vector>

namespace chessnet {

struct measurement {
  int batch = 0;
  std::vector<double> alone;  // seconds of each batch, one at a time
  double in_flight = 0;       // mean seconds of a batch when several are in flight, from the first encoding to the last reply

  [[nodiscard]] double median() const;
  [[nodiscard]] double mean() const;
};

/// What was measured, for both.
struct bench_facts {
  std::string network, target, precision;
  int in_flight = 1, threads = 1;
};

[[nodiscard]] std::string to_text(bench_facts const& facts, std::vector<measurement> const& measured);
[[nodiscard]] std::string to_json(bench_facts const& facts, std::vector<measurement> const& measured);

}  // namespace chessnet
