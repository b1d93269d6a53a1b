// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "comparison.hpp"

#include "output/table.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <map>
#include <stdexcept>

namespace chessnet {
namespace {

struct tolerances {
  std::optional<double> logits;
  double legal, value, moves_left, layers;  // layers: relative
};

/// In half and bfloat16 large logits of moves that are not legal say nothing: what counts are probabilities.
tolerances tolerances_of(std::string const& precision) {
  if (precision == "half") return {{}, 2e-3, 2e-3, 0.2, 1e-2};
  if (precision == "bfloat16") return {{}, 2e-2, 2e-2, 2, 8e-2};
  return {5e-5, 1e-5, 1e-5, 1e-4, 2e-5};  // float, double
}

int rank_of_precision(std::string const& precision) { return precision == "bfloat16" ? 2 : precision == "half" ? 1 : 0; }

/// Collects the differences of some values.
class collector {
 public:
  void operator()(double a, double b) {
    double const distance = std::abs(a - b);
    largest_ = std::isfinite(distance) ? std::max(largest_, distance) : std::numeric_limits<double>::infinity();
    scale_ = std::max(scale_, std::abs(b));
  }
  [[nodiscard]] difference result(std::string name, std::optional<double> tolerance, bool of_relative) const {
    double const relative = largest_ == 0 ? 0 : largest_ / scale_;
    // What is not a number does not pass.
    bool const passed = !tolerance ? std::isfinite(largest_) : (of_relative ? relative : largest_) <= *tolerance;
    return {std::move(name), largest_, relative, tolerance, passed};
  }

 private:
  double largest_ = 0, scale_ = 0;
};

std::vector<double> shares_of(network_outputs<float> const& out, std::vector<std::uint16_t> const& moves) {
  std::vector<double> shares;
  double largest = -std::numeric_limits<double>::infinity(), sum = 0;
  for (auto const m : moves) largest = std::max(largest, double(out.policy[m]));
  for (auto const m : moves) sum += shares.emplace_back(std::exp(double(out.policy[m]) - largest));
  for (auto& s : shares) s /= sum;
  return shares;
}

/// Layers of the same name are told apart by their number: "smolgen", "smolgen 2", ...
std::vector<std::pair<std::string, recorded_layer const*>> numbered(std::vector<recorded_layer> const& layers) {
  std::map<std::string, int> met;
  std::vector<std::pair<std::string, recorded_layer const*>> result;
  for (auto const& layer : layers) {
    int const number = ++met[layer.name];
    result.emplace_back(number == 1 ? layer.name : layer.name + " " + std::to_string(number), &layer);
  }
  return result;
}

std::string scientific(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1e", value);
  return value == 0 ? "0" : text;
}

std::string number_of_json(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6e", value);
  return std::isfinite(value) ? text : "null";
}

}  // namespace

std::vector<difference> compare(recording const& a, recording const& b) {
  if (a.positions != b.positions)
    throw std::runtime_error{"the recordings are of different positions: use the same --seed and --positions"};
  if (a.moves != b.moves) throw std::runtime_error{"the recordings are of networks with different inputs"};
  auto const allowed = tolerances_of(rank_of_precision(a.precision) > rank_of_precision(b.precision) ? a.precision : b.precision);

  collector logits, legal, q, draw, moves_left;
  for (std::size_t i = 0; i < a.outputs.size(); ++i) {
    auto const &x = a.outputs[i], &y = b.outputs[i];
    for (std::size_t m = 0; m < x.policy.size(); ++m) logits(double(x.policy[m]), double(y.policy[m]));
    auto const u = shares_of(x, a.moves[i]), v = shares_of(y, b.moves[i]);
    for (std::size_t m = 0; m < u.size(); ++m) legal(u[m], v[m]);
    q(double(x.q), double(y.q));
    draw(double(x.draw), double(y.draw));
    moves_left(double(x.moves_left), double(y.moves_left));
  }
  std::vector<difference> result{logits.result("logits", allowed.logits, false), legal.result("legal moves", allowed.legal, false),
                                 q.result("q", allowed.value, false), draw.result("draw", allowed.value, false),
                                 moves_left.result("moves left", allowed.moves_left, false)};

  auto const of_b = numbered(b.layers);
  for (auto const& [name, layer] : numbered(a.layers)) {
    auto const same = [&, wanted = name](auto const& other) { return other.first == wanted; };
    auto const other = std::find_if(of_b.begin(), of_b.end(), same);
    if (other == of_b.end()) continue;
    if (layer->extents != other->second->extents) throw std::runtime_error{"the recordings have layers '" + name + "' of different sizes"};
    collector values;
    for (std::size_t i = 0; i < layer->values.size(); ++i) values(double(layer->values[i]), double(other->second->values[i]));
    result.push_back(values.result("layer " + name, allowed.layers, true));
  }
  return result;
}

bool all_passed(std::vector<difference> const& differences) {
  return std::all_of(differences.begin(), differences.end(), [](auto const& d) { return d.passed; });
}

std::string to_text(recording const& a, recording const& b, std::vector<difference> const& differences) {
  std::vector<std::vector<std::string>> rows{{"", "largest difference", "relative", "tolerance", ""}};
  for (auto const& d : differences) {
    bool const of_layer = d.name.starts_with("layer ");
    rows.push_back({d.name, scientific(d.largest), scientific(d.relative),
                    d.tolerance ? scientific(*d.tolerance) + (of_layer ? " relative" : "") : "none", d.passed ? "" : "FAILED"});
  }
  return a.network + ", " + std::to_string(a.positions.size()) + " positions\n" + a.target + ", " + a.precision + ", against " + b.target +
         ", " + b.precision + '\n' + to_table(rows) + (all_passed(differences) ? "passed\n" : "FAILED\n");
}

std::string to_json(recording const& a, recording const& b, std::vector<difference> const& differences) {
  auto const side = [](recording const& r) {
    return "{\"target\": " + json_string(r.target) + ", \"precision\": " + json_string(r.precision) + '}';
  };
  auto text = "{\"network\": " + json_string(a.network) + ", \"positions\": " + std::to_string(a.positions.size()) +
              ", \"of\": " + side(a) + ", \"against\": " + side(b) + ", \"passed\": " + (all_passed(differences) ? "true" : "false") +
              ", \"differences\": [";
  for (auto const& d : differences)
    text += (&d == differences.data() ? "" : ", ") + std::string{"{\"name\": "} + json_string(d.name) +
            ", \"largest\": " + number_of_json(d.largest) + ", \"relative\": " + number_of_json(d.relative) +
            ", \"tolerance\": " + (d.tolerance ? number_of_json(*d.tolerance) : "null") + ", \"passed\": " + (d.passed ? "true" : "false") +
            '}';
  return text + "]}";
}

}  // namespace chessnet
