// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The program: evaluates a position, compares devices, measures.
#include "bench/measure.hpp"
#include "check/comparison.hpp"
#include "chess/sample_games.hpp"
#include "common/progress.hpp"
#include "options.hpp"
#include "output/board_file.hpp"
#include "output/board_picture.hpp"
#include "output/evaluation.hpp"
#include "serve/device_evaluator.hpp"
#include "weights/read.hpp"
#include "weights/synthetic.hpp"

#include <algorithm>
#include <cstdio>
#include <exception>
#include <iostream>
#include <new>
#include <stdexcept>
#include <string_view>
#include <thread>

namespace chessnet {
namespace {

constexpr bool built_for_gpu = std::string_view{xl::default_backend::name} != "host";

/// There is no device to run on. This gives exit code 77.
struct no_device : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The network that the command line names.
struct chosen_network {
  explicit chosen_network(options const& o)
      : network{o.weights ? read_network(*o.weights) : synthetic_network(o.synthetic, o.seed)},
        name{o.weights ? o.weights->filename().string() : "pseudo-random " + o.synthetic} {}

  [[nodiscard]] std::string text() const {
    return name + ": " + network.describe() + ", " + std::to_string(network.parameters()) + " weights";
  }

  chessnet::network network;
  std::string name;
};

/// The device that the command line names, with the network.
class chosen_device {
 public:
  chosen_device(options const& o, network const& n, device_evaluator::options const& e)
      : device_{device_of(o)},
        precision_{precision_of(o)},
        evaluator_{device_, [&](auto q, int batch) { return make_forward(q, n, {precision_, {o.policy_head, o.value_head}, batch}); }, e} {}

  [[nodiscard]] device_evaluator& evaluator() { return evaluator_; }
  [[nodiscard]] std::string precision() const { return std::string{name_of(precision_)}; }
  /// Returns a text such as "cuda sm_90, NVIDIA H200".
  [[nodiscard]] std::string text() const {
    auto const& p = device_.properties();
    if (!built_for_gpu) return std::string{xl::default_backend::name} + ", waves of " + std::to_string(p.wave_size) + " lanes";
    return std::string{xl::default_backend::name} + ' ' + p.architecture + ", " + p.name;
  }

 private:
  static xl::device device_of(options const& o) {
    int const count = xl::device::count();
    if (count == 0)
      throw no_device{std::string{"no "} + xl::default_backend::name +
                      " device on this machine; 'evaluate --precision reference' needs none"};
    if (o.device >= count)
      throw std::runtime_error{"--device " + std::to_string(o.device) + ": this machine has devices 0 to " + std::to_string(count - 1)};
    return xl::device{o.device};
  }
  static chessnet::precision precision_of(options const& o) {
    for (auto const p : {precision::float32, precision::half, precision::bfloat16})
      if (name_of(p) == o.precision) return p;
    return built_for_gpu ? precision::half : precision::float32;
  }

  xl::device device_;
  chessnet::precision precision_;
  device_evaluator evaluator_;
};

void evaluate(options const& o) {
  if (o.picture) require_picture_name(*o.picture);
  game g{parse_fen(o.fen)};
  g.play(o.moves);
  chosen_network const net{o};
  auto const& n = net.network;
  auto const position = request_for(g, n.input);
  auto const out = o.precision == "reference"
                       ? reference::evaluate<float>(n, position.planes, {o.policy_head, o.value_head})
                       : chosen_device{o, n, {.largest_batch = 1, .in_flight = 1}}.evaluator().outputs({&position, 1})[0];
  auto const e =
      interpret(g.current(), position.planes.transform, out, n.value == value_kind::wdl, n.moves_left.has_value(), o.temperature);
  if (o.picture)
    write_picture(*o.picture, board_picture(e, {.arrows = o.top, .black_below = g.current().black_to_move, .caption = net.name}));
  if (o.json)
    std::cout << to_json(e) << '\n';
  else
    std::cout << net.text() << '\n' << to_text(e, o.top);
}

/// Returns what the device computes for the games, which are one batch.
recording record(chosen_device& on, network const& n, std::string const& name, std::span<game const> games) {
  recording r{name, on.text(), on.precision(), {}, {}, {}, {}};
  std::vector<request> requests;
  for (auto const& g : games) {
    r.positions.push_back(to_fen(g.current()));
    requests.push_back(request_for(g, n.input));
    r.moves.push_back(requests.back().moves);
  }
  r.outputs = on.evaluator().outputs(requests, [&](std::string const& layer, std::vector<int> const& extents,
                                                   std::vector<float> const& values) { r.layers.push_back({layer, extents, values}); });
  return r;
}

/// Returns whether all differences are within their tolerances.
bool check(options const& o) {
  auto other = o.against ? std::optional{load(*o.against)} : std::nullopt;
  chosen_network const net{o};
  auto const games = sample_games(o.positions, o.seed);
  recording of_device;
  {
    examples::progress shown;
    shown.show("computes on the device");
    chosen_device on{o, net.network, {.largest_batch = int(games.size()), .in_flight = 1}};
    of_device = record(on, net.network, net.text(), games);
    if (o.save) save(of_device, *o.save);
    if (!other && !o.save) {
      shown.show("computes the reference");
      other = record_reference(net.network, games, {o.policy_head, o.value_head});
    }
  }
  if (!other) {
    std::cout << "wrote " << std::filesystem::absolute(*o.save).string() << '\n';
    return true;
  }
  auto const differences = compare(of_device, *other);
  std::cout << (o.json ? to_json(of_device, *other, differences) + '\n' : to_text(of_device, *other, differences));
  return all_passed(differences);
}

void bench(options const& o) {
  chosen_network const net{o};
  measure_options how{o.sizes, o.batches, o.threads};
  if (how.sizes.empty()) how.sizes = built_for_gpu ? std::vector{1, 2, 4, 8, 16, 32, 64, 128, 256, 512} : std::vector{1, 2, 4, 8};
  if (how.threads == 0) how.threads = int(std::clamp(std::thread::hardware_concurrency(), 1u, 8u));
  auto const games = sample_games(512, o.seed);
  std::vector<measurement> measured;
  bench_facts facts{net.text(), {}, {}, o.in_flight, how.threads};
  {
    examples::progress shown;
    shown.show("loads the network");
    chosen_device on{o, net.network, {.largest_batch = *std::max_element(how.sizes.begin(), how.sizes.end()), .in_flight = o.in_flight}};
    facts.target = on.text();
    if (facts.target.find("emulated") != facts.target.npos) throw std::runtime_error{"bench: times of '" + facts.target + "' mean nothing"};
    facts.precision = on.precision();
    how.show = [&](std::string const& step) { shown.show("measures", step); };
    measured = measure(on.evaluator(), games, net.network.input, how);
  }
  std::cout << (o.json ? to_json(facts, measured) + '\n' : to_text(facts, measured));
}

/// Returns the exit code.
int run(options const& o) {
  switch (o.mode) {
    case program_mode::evaluate: evaluate(o); return 0;
    case program_mode::check: return check(o) ? 0 : 1;
    case program_mode::bench: bench(o); return 0;
  }
  return 1;
}

}  // namespace
}  // namespace chessnet

int main(int count, char** arguments) {
  try {
    auto const chosen = chessnet::parse_options(count, arguments);
    if (!chosen.help) return chessnet::run(chosen);
    std::cout << chessnet::usage_text;
    return 0;
  } catch (chessnet::no_device const& error) {
    std::fprintf(stderr, "chessnet: %s\n", error.what());
    return 77;
  } catch (std::bad_alloc const&) {
    std::fprintf(stderr, "chessnet: out of memory\n");
  } catch (std::exception const& error) {
    std::fprintf(stderr, "chessnet: %s\n", error.what());
  }
  return 1;
}
