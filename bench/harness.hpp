// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// A narrow interface to Google Benchmark, whose header does not compile in the device passes of every compiler.
#pragma once

#include <functional>
#include <string>

namespace bench {

struct measurement {
  std::string name;
  int iterations;                   ///< iterations of each repetition
  int repetitions;                  ///< repetitions of all benchmarks run in random order, so that clock drift affects all sides alike
  std::function<double()> seconds;  ///< runs one iteration and returns its time
  std::function<void()> prepare;    ///< runs before each repetition, not timed, optional; an exception is reported as an error
  double bytes = 0;                 ///< bytes moved by one iteration, for GB/s
  double operations = 0;            ///< arithmetic operations of one iteration, for TFLOP/s
};

void add(measurement const& m);

/// Runs the added benchmarks with Google Benchmark's arguments. Returns the exit code of main().
int run(int argc, char** argv, char const* backend, char const* device);

}  // namespace bench
