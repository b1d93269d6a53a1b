// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Compares the forward pass on devices with the reference and with results of other programs.
#include "forward/forward.hpp"

#include "input/policy_index.hpp"
#include "reference_data.hpp"
#include "weights/synthetic.hpp"
#include "weights/wire.hpp"

#include <crosslane/graph.hpp>

#include <support/target.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string_view>
#include <utility>

#if !defined(CHESSNET_FLOAT)
#define CHESSNET_FLOAT 0
#endif
#if !defined(CHESSNET_HALF)
#define CHESSNET_HALF 0
#endif

namespace {

using namespace chessnet;
using namespace chessnet_test;
using namespace crosslane_test;

/// Whether there is a GPU, or kernels are loops on the CPU. Under the checker the CPU runs every thread; tests of HIP run on an emulator.
constexpr bool is_fast = all_combinations || (!CROSSLANE_CONFIG_ACCESS_CHECKS && std::string_view{xl::default_backend::name} != "hip");

/// A position as a network's input, and the outputs of its legal moves.
struct test_position {
  input_planes planes;
  std::vector<std::size_t> moves;

  test_position(game const& g, input_format format) : planes{encode(g, format)} {
    for (move const m : legal_moves(g.current())) moves.push_back(policy_index(m, planes.transform));
  }
};
using test_positions = std::vector<test_position>;

/// Positions that differ in all planes that positions can differ in.
test_positions some_positions(input_format format) {
  test_positions result;
  for (char const* const moves :
       {"e2e4 e7e5 g1f3", "d2d4 g8f6 c2c4 e7e6 b1c3 f8b4 e2e3 e8g8 f1d3 d7d5", "g1f3 g8f6 f3g1 f6g8 g1f3 g8f6 f3g1"}) {
    game g{starting_position()};
    g.play(moves);
    result.emplace_back(g, format);
  }
  return result;
}

/// A batch in device memory, with outputs that nobody has written.
struct batch {
  int size;
  xl::buffer<std::uint64_t> masks;
  xl::buffer<float> values, policy, outcome;

  batch(xl::stream const& q, test_positions const& positions)
      : size{int(positions.size())},
        policy{xl::buffer<float>{q, positions.size() * policy_size}},
        outcome{xl::buffer<float>{q, positions.size() * outcome_size}} {
    std::vector<std::uint64_t> m;
    std::vector<float> v;
    for (auto const& p : positions) {
      m.insert(m.end(), p.planes.mask.begin(), p.planes.mask.end());
      v.insert(v.end(), p.planes.value.begin(), p.planes.value.end());
    }
    masks = crosslane_test::upload(q, m);
    values = crosslane_test::upload(q, v);
  }
  [[nodiscard]] batch_memory memory() { return {std::as_const(masks).view(), std::as_const(values).view(), policy.view(), outcome.view()}; }
  [[nodiscard]] std::vector<network_outputs<float>> outputs(xl::stream const& q) const {
    auto const p = read(q, policy), o = read(q, outcome);
    std::vector<network_outputs<float>> result;
    for (std::size_t i = 0; i < std::size_t(size); ++i)
      result.push_back({{p.begin() + std::ptrdiff_t(i * policy_size), p.begin() + std::ptrdiff_t((i + 1) * policy_size)},
                        o[i * 3],
                        o[i * 3 + 1],
                        o[i * 3 + 2]});
    return result;
  }
};

std::vector<network_outputs<float>> evaluate(xl::stream const& q, forward& pass, test_positions const& positions) {
  batch b{q, positions};
  pass.queue(q, b.size, b.memory());
  return b.outputs(q);
}

/// Returns the outputs of the reference as those of a file with one position.
reference_outputs expected_outputs(network const& n, input_planes const& planes, reference::heads const& heads) {
  auto const o = reference::evaluate<double>(n, planes, heads);
  return {{{o.policy.begin(), o.policy.end()}}, {float(o.q)}, {float(o.draw)}, {float(o.moves_left)}};
}

/// The largest differences of outputs. Logits of 16 bits are judged by the probabilities of legal moves, because they may have any size.
struct limits {
  double policy, q, moves_left, probability;
};
constexpr limits limits_of(precision p) {
  switch (p) {
    case precision::float32: return {5e-5, 1e-5, 1e-4, 2e-5};
    case precision::half: return {1, 8e-3, 2e-1, 4e-3};  // with only the weights rounded to half, s2 is off by 3e-3
    case precision::bfloat16: break;
  }
  return {8, 2e-1, 2, 1e-1};
}
void check(differences const& d, double probability, char const* name, std::string const& what, limits const& most) {
  d.print(name, what);
  std::printf("%-35s moves %.1e\n", "", probability);
  CROSSLANE_CHECK(d.policy <= most.policy);
  CROSSLANE_CHECK(d.q <= most.q);
  CROSSLANE_CHECK(d.draw <= most.q);
  CROSSLANE_CHECK(d.moves_left <= most.moves_left);
  CROSSLANE_CHECK(probability <= most.probability);
}

/// Compares all reference networks. The CPU takes its time: there a few positions in float are enough.
void check_sets(xl::device d, precision p) {
  if (!is_fast || (host_build && !all_combinations && p != precision::float32)) return;
  if (!std::filesystem::exists(data_folder())) return (void)std::printf("no reference data in %s\n", data_folder().c_str());
  xl::stream const q{d};
  std::size_t const step = all_combinations || !host_build ? 1 : 16;  // with the position that has the largest differences, 32
  for (auto const& s : reference_sets()) {
    auto const n = s.read();
    test_positions positions;
    for (std::size_t i = 0; i < reference_positions().size(); i += step) positions.emplace_back(reference_positions()[i].game(), n.input);
    auto const pass = make_forward(q, n, {p, s.heads, int(positions.size())});
    auto const got = evaluate(q, *pass, positions);
    auto const expected = read_outputs(std::string{s.name} + (s.exact ? ".exact.bin" : ".ref.bin"));
    differences all;
    double probability = 0;
    for (std::size_t i = 0; i < got.size(); ++i) {
      all.add(got[i], expected, i * step);
      probability = std::max(probability, largest_difference(got[i].policy, expected.policy[i * step], positions[i].moves));
    }
    auto most = limits_of(p);
    if (!s.exact && p == precision::float32) most = {5e-4, 5e-5, 2e-4, 2e-4};
    check(all, probability, s.name, std::string{name_of(p)}, most);
  }
}

/// Makes the layers of a shape narrower, and fewer.
synthetic_shape narrowed(synthetic_shape s) {
  s.channels = s.body ? 32 : 16;
  s.layers = 1;
  s.heads = 2;
  s.hidden = 48;
  s.head_hidden = 24;
  s.value_channels = 8;
  s.policy_channels = s.body ? 32 : 16;
  return s;
}
network small_tower() { return synthetic_network(narrowed(synthetic_kinds()[1].shape), 5); }

/// Small networks of all kinds.
std::vector<std::pair<std::string, network>> small_networks() {
  std::vector<std::pair<std::string, network>> result;
  for (auto const& kind : synthetic_kinds().first(6))
    result.emplace_back(kind.name, synthetic_network(is_fast ? kind.shape : narrowed(kind.shape), 5));
  return result;
}

/// Compares a network with the reference. `most` limits the number of positions.
void check_network(xl::device d, std::string const& name, network const& n, precision p, reference::heads const& heads = {},
                   std::size_t most = 3) {
  xl::stream const q{d};
  auto positions = some_positions(n.input);
  if (positions.size() > most) positions.erase(positions.begin() + std::ptrdiff_t(most), positions.end());
  auto const got = evaluate(q, *make_forward(q, n, {p, heads, int(positions.size())}), positions);
  differences all;
  double probability = 0, largest = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    auto const expected = expected_outputs(n, positions[i].planes, heads);
    all.add(got[i], expected, 0);
    for (float const x : expected.policy[0]) largest = std::max(largest, std::abs(double(x)));
    probability = std::max(probability, largest_difference(got[i].policy, expected.policy[0], positions[i].moves));
  }
  limits most_of = limits_of(p);
  most_of.policy = std::max(most_of.policy, 2e-6 * largest);  // pseudo-random networks may have large logits
  check(all, probability, name.c_str(), std::string{name_of(p)} + " " + heads.policy + " " + heads.value, most_of);
}

void check_kinds(xl::device d, precision p) {
  for (auto const& [name, n] : small_networks()) {
    if (p == precision::bfloat16 && host_build && !all_combinations && n.policy_heads.size() == 1 && name != "se-64x6") continue;
    check_network(d, name, n, p, {n.policy_heads.front().name, n.value_heads.back().name});
    if (n.policy_heads.size() > 1) check_network(d, name, n, p, {n.policy_heads.back().name, n.value_heads.front().name});
  }
}

/// Compares each layer of all kinds of networks with the reference.
void check_layers(xl::device d, precision p, double relative) {
  if (host_build && !all_combinations && p != precision::float32) return;
  xl::stream const q{d};
  for (auto const& kind : small_networks()) {
    auto const& name = kind.first;
    auto const& n = kind.second;
    auto positions = some_positions(n.input);
    positions.pop_back();
    struct layer {
      std::string name;
      std::vector<int> extents;
      std::vector<float> values;
    };
    std::vector<layer> layers;
    auto const pass = make_forward(q, n, {p, {}, 2});
    batch b{q, positions};
    pass->trace(q, 2, b.memory(), [&](std::string const& layer_name, std::vector<int> const& extents, std::vector<float> const& values) {
      layers.push_back({layer_name, extents, values});
    });
    double largest = 0;
    std::size_t at = 0;
    for (int board = 0; board < 2; ++board) {
      at = 0;
      auto const compare = [&](std::string const& layer_name, std::vector<int> extents, std::span<double const> expected) {
        if (layer_name == "embedding_input" || layer_name == "attention_logits" || layer_name == "promotion_raw") return;
        if (layer_name == "embedding" && layers[at].name == "gated") return;  // one kernel computes both
        CROSSLANE_REQUIRE(at < layers.size());
        auto const& got = layers[at++];
        CROSSLANE_CHECK_EQ(got.name, layer_name);
        extents.insert(extents.begin(), 2);
        CROSSLANE_CHECK(got.extents == extents);
        CROSSLANE_REQUIRE(got.values.size() == 2 * expected.size());
        double mean = 0, difference = 0;
        for (double const x : expected) mean += std::abs(x) / double(expected.size());
        for (std::size_t i = 0; i < expected.size(); ++i) {
          double const off = std::abs(double(got.values[std::size_t(board) * expected.size() + i]) - expected[i]);
          if (!(off <= difference)) difference = off;
        }
        if (!(difference <= relative * (mean + 1e-3)))
          crosslane_test::fail(name + ", " + layer_name + ": " + std::to_string(difference) + " of " + std::to_string(mean),
                               crosslane_test::source_location::current());
        if (!(difference / (mean + 1e-3) <= largest)) largest = difference / (mean + 1e-3);
      };
      (void)reference::evaluate<double>(n, positions[std::size_t(board)].planes, {}, compare);
    }
    CROSSLANE_CHECK_EQ(at, layers.size());
    std::printf("%-18s %-9s %zu layers, relative to their mean absolute value: %.1e\n", name.c_str(), std::string{name_of(p)}.c_str(), at,
                largest);
  }
}

/// A batch of any size gives the same results, also as a graph.
[[maybe_unused]] void check_batches(xl::device d, precision p, network const& n) {
  xl::stream const q{d};
  auto positions = some_positions(n.input);
  auto const pass = make_forward(q, n, {p, {}, 9});
  for (int i = 0; i < 6; ++i) positions.push_back(positions[std::size_t(i) % 3]);
  auto const all = evaluate(q, *pass, positions);
  for (std::size_t size : {1u, 2u, 5u}) {
    auto const some = evaluate(q, *pass, {positions.begin(), positions.begin() + std::ptrdiff_t(size)});
    for (std::size_t i = 0; i < size; ++i) {
      CROSSLANE_CHECK(largest_difference(some[i].policy, all[i].policy, positions[i].moves) <= limits_of(p).probability);
      CROSSLANE_CHECK(std::abs(some[i].q - all[i].q) <= float(limits_of(p).q));
    }
  }
  for (std::size_t i = 3; i < 9; ++i) CROSSLANE_CHECK(all[i].policy == all[i - 3].policy);

  batch b{q, positions};
  xl::graph_capture capture{q};
  pass->queue(q, b.size, b.memory());
  xl::executable_graph graph = capture.end().instantiate();
  for (int i = 0; i < 2; ++i) {
    xl::fill(q, b.policy, 7.0f);
    xl::fill(q, b.outcome, 7.0f);
    graph.launch(q);
    auto const got = b.outputs(q);
    for (std::size_t k = 0; k < 9; ++k) {
      CROSSLANE_CHECK(got[k].policy == all[k].policy);
      CROSSLANE_CHECK_EQ(got[k].q, all[k].q);
      CROSSLANE_CHECK_EQ(got[k].moves_left, all[k].moves_left);
    }
  }
  pass->queue(q, 0, b.memory());
}

template <class Error, class F>
void expect_text(F const& f, std::string const& text) {
  try {
    f();
  } catch (Error const& e) {
    if (std::string{e.what()}.find(text) == std::string::npos)
      crosslane_test::fail("no '" + text + "' in: " + e.what(), crosslane_test::source_location::current());
    return;
  }
  crosslane_test::fail("no error with '" + text + "'", crosslane_test::source_location::current());
}

[[maybe_unused]] void check_errors(xl::device d, precision p) {
  xl::stream const q{d};
  auto const n = small_tower();
  expect_text<weights_error>([&] { (void)make_forward(q, n, {p, {"soft", ""}, 1}); }, "no policy head 'soft'");
  expect_text<weights_error>([&] { (void)make_forward(q, n, {p, {"", "q"}, 1}); }, "no value head 'q'");
  expect_text<std::invalid_argument>([&] { (void)make_forward(q, n, {p, {}, 0}); }, "a largest batch of 0");
  auto const pass = make_forward(q, n, {p, {}, 2});
  batch b{q, some_positions(n.input)};
  expect_text<std::invalid_argument>([&] { pass->queue(q, 3, b.memory()); }, "a batch of 3 positions, the limit of this pass is 2");
  auto memory = b.memory();
  memory.outcome = xl::span<float>{memory.outcome.data(), 5};
  expect_text<std::invalid_argument>([&] { pass->queue(q, 2, memory); }, "outcome have 5 elements, 6 are needed");
  auto odd = synthetic_kinds()[1].shape;
  odd.channels = 20;
  odd.layers = 1;
  expect_text<weights_error>([&] { (void)make_forward(q, synthetic_network(odd, 1), {p, {}, 1}); }, "20 channels");
}

constexpr precision one_precision = CHESSNET_FLOAT ? precision::float32 : CHESSNET_HALF ? precision::half : precision::bfloat16;
CROSSLANE_TEST(forward, batches) {
  check_batches(d, one_precision, small_tower());
  if (is_fast) check_batches(d, one_precision, synthetic_network(narrowed(synthetic_kinds()[4].shape), 5));
}
CROSSLANE_TEST(forward, errors) { check_errors(d, one_precision); }

#if CHESSNET_FLOAT
CROSSLANE_TEST(forward, kinds_in_float) { check_kinds(d, precision::float32); }
CROSSLANE_TEST(forward, layers_in_float) { check_layers(d, precision::float32, 1e-4); }
CROSSLANE_TEST(forward, sets_in_float) { check_sets(d, precision::float32); }
#else
CROSSLANE_TEST(forward, left_out) {
  xl::stream const q{d};
  auto const n = small_tower();
  expect_text<std::invalid_argument>([&] { (void)make_forward(q, n, {precision::float32, {}, 1}); }, "without float");
}
#endif
#if CHESSNET_HALF
CROSSLANE_TEST(forward, kinds_in_half) { check_kinds(d, precision::half); }
CROSSLANE_TEST(forward, layers_in_half) { check_layers(d, precision::half, 5e-2); }
CROSSLANE_TEST(forward, sets_in_half) { check_sets(d, precision::half); }
#endif
#if CHESSNET_BFLOAT16
CROSSLANE_TEST(forward, kinds_in_bfloat16) { check_kinds(d, precision::bfloat16); }
CROSSLANE_TEST(forward, sets_in_bfloat16) { check_sets(d, precision::bfloat16); }
#endif

#if CHESSNET_FLOAT
/// Bodies whose heads have no 16, 32 or 64 channels, whose widths are no multiples of a vector, and whose layers differ.
synthetic_shape unusual_body(int channels, int heads) {
  auto s = synthetic_kinds()[4].shape;
  s.channels = channels;
  s.layers = 2;
  s.heads = heads;
  s.hidden = 36;
  s.appended = 5;
  s.smolgen = {3, 20, 7};
  s.policy_channels = channels;
  s.policy_layers = 1;
  s.value_channels = 6;
  s.head_hidden = 24;
  return s;
}

CROSSLANE_TEST(forward, bodies_of_unusual_sizes) {
  auto some = synthetic_network(unusual_body(20, 2), 6);
  some.body->encoders.layers[1].smolgen.reset();
  check_network(d, "heads of 10", some, precision::float32, {}, is_fast ? 3 : 1);
  if (!is_fast) return;
  check_network(d, "heads of 24", synthetic_network(unusual_body(48, 2), 7), precision::float32);
  check_network(d, "heads of 40", synthetic_network(unusual_body(80, 2), 8), precision::float32);
}

CROSSLANE_TEST(forward, heads_of_attention_with_too_many_channels) {
  xl::stream const q{d};
  expect_text<weights_error>([&] { (void)make_forward(q, synthetic_network(unusual_body(80, 1), 1), {precision::float32}); },
                             "a head of attention has 80 channels, more than 64");
}

/// A body that reads the channels of a tower.
CROSSLANE_TEST(forward, body_behind_a_tower) {
  auto shape = unusual_body(32, 2);
  shape.embedding = embedding_kind::map;
  auto both = synthetic_network(shape, 1);
  auto front = synthetic_kinds()[1].shape;
  front.channels = 16;
  front.layers = 1;
  put_behind(both, *synthetic_network(front, 2).tower);
  check_network(d, "tower and body", both, precision::float32, {}, is_fast ? 3 : 1);
}
#endif

}  // namespace
