// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Google Benchmark behind a narrow face: its header is not for the device passes of every compiler.
#pragma once

#include <functional>
#include <string>

namespace bench {

struct measurement {
  std::string name;
  int iterations;                   ///< of each repetition
  int repetitions;                  ///< those of all benchmarks run in random order, so that drift of clocks hits all sides alike
  std::function<double()> seconds;  ///< runs one iteration; the time that counts
  std::function<void()> prepare;    ///< before each repetition, not timed; may be left out. What it throws is reported as an error
  double bytes = 0;                 ///< moved by one iteration, for GB/s
};

void add(measurement const& m);

/// Runs what was added, by Google Benchmark's arguments. The result is for main() to return.
int run(int argc, char** argv, char const* backend, char const* device);

}  // namespace bench
