// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "measurement.hpp"

#include "output/number.hpp"
#include "output/table.hpp"

#include <algorithm>
#include <numeric>

namespace chessnet {
namespace {

std::string rate(int batch, double seconds) { return to_decimal(seconds > 0 ? batch / seconds : 0, batch / seconds < 100 ? 1 : 0); }

}  // namespace

double measurement::median() const {
  auto sorted = alone;
  std::sort(sorted.begin(), sorted.end());
  auto const n = sorted.size();
  return n == 0 ? 0 : (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
}

double measurement::mean() const { return alone.empty() ? 0 : std::accumulate(alone.begin(), alone.end(), 0.0) / double(alone.size()); }

std::string to_text(bench_facts const& facts, std::vector<measurement> const& measured) {
  std::vector<std::vector<std::string>> rows{
      {"batch", "one at a time: ms", "evaluations/s", "of the mean", std::to_string(facts.in_flight) + " in flight: evaluations/s"}};
  for (auto const& m : measured)
    rows.push_back({std::to_string(m.batch), to_decimal(1000 * m.median(), 3), rate(m.batch, m.median()), rate(m.batch, m.mean()),
                    rate(m.batch, m.in_flight)});
  return facts.network + '\n' + facts.target + ", " + facts.precision + ", " + std::to_string(facts.threads) +
         (facts.threads == 1 ? " thread encodes" : " threads encode") + "\n" + to_table(rows) +
         "With encoding and both copies. Milliseconds and evaluations/s are of the median of " +
         std::to_string(measured.empty() ? 0 : measured[0].alone.size()) + " batches.\n";
}

std::string to_json(bench_facts const& facts, std::vector<measurement> const& measured) {
  auto text = "{\"network\": " + json_string(facts.network) + ", \"target\": " + json_string(facts.target) +
              ", \"precision\": " + json_string(facts.precision) + ", \"in_flight\": " + std::to_string(facts.in_flight) +
              ", \"threads\": " + std::to_string(facts.threads) + ", \"measurements\": [";
  for (auto const& m : measured)
    text += (&m == measured.data() ? "" : ", ") + std::string{"{\"batch\": "} + std::to_string(m.batch) +
            ", \"batches\": " + std::to_string(m.alone.size()) + ", \"median_ms\": " + to_decimal(1000 * m.median(), 6) +
            ", \"mean_ms\": " + to_decimal(1000 * m.mean(), 6) + ", \"per_second_median\": " + to_decimal(m.batch / m.median(), 1) +
            ", \"per_second_mean\": " + to_decimal(m.batch / m.mean(), 1) +
            ", \"per_second_in_flight\": " + to_decimal(m.batch / m.in_flight, 1) + '}';
  return text + "]}";
}

}  // namespace chessnet
