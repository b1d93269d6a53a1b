// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "harness.hpp"

#include <benchmark/benchmark.h>

#include <exception>
#include <vector>

namespace bench {

void add(measurement const& m) {
  benchmark::RegisterBenchmark(m.name.c_str(),
                               [m](benchmark::State& state) {
                                 try {
                                   if (m.prepare) m.prepare();
                                   for ([[maybe_unused]] auto _ : state) state.SetIterationTime(m.seconds());
                                 } catch (std::exception const& e) {
                                   state.SkipWithError(e.what());
                                 }
                                 auto const rate = [&](char const* unit, double amount) {
                                   if (amount == 0) return;
                                   state.counters[unit] =
                                       benchmark::Counter(amount * static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
                                 };
                                 rate("GB/s", m.bytes * 1e-9);
                                 rate("TFLOP/s", m.operations * 1e-12);
                               })
      ->UseManualTime()
      ->Iterations(m.iterations)
      ->Repetitions(m.repetitions)
      ->DisplayAggregatesOnly()
      ->Unit(benchmark::kMicrosecond);
}

int run(int argc, char** argv, char const* backend, char const* device) {
  std::vector<char*> arguments(argv, argv + argc);
  char interleave[] = "--benchmark_enable_random_interleaving=true";
  arguments.insert(arguments.begin() + 1, interleave);
  int count = static_cast<int>(arguments.size());
  arguments.push_back(nullptr);
  benchmark::Initialize(&count, arguments.data());
  if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) return 1;
  benchmark::AddCustomContext("backend", backend);
  benchmark::AddCustomContext("device", device);
  benchmark::RunSpecifiedBenchmarks();
  benchmark::ClearRegisteredBenchmarks();  // they own device memory
  benchmark::Shutdown();
  return 0;
}

}  // namespace bench
