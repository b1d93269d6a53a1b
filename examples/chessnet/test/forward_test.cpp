// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Compares the forward pass on devices with the reference and with results of other programs.
#include "forward/forward.hpp"

#include "reference_data.hpp"
#include "weights/synthetic.hpp"
#include "weights/wire.hpp"

#include <crosslane/graph.hpp>

#include <support/target.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>

namespace {

using namespace chessnet;
using namespace chessnet_test;
using namespace crosslane_test;

/// Whether kernels are loops on the CPU, or run on a GPU: not under the checker, which runs every thread, nor where there is no hardware.
constexpr bool is_fast = (host_build && !CROSSLANE_CONFIG_ACCESS_CHECKS) || all_combinations;

std::vector<input_planes> planes_of(std::vector<std::string> const& moves, input_format format) {
  std::vector<input_planes> result;
  for (auto const& m : moves) {
    game g{starting_position()};
    g.play(m);
    result.push_back(encode(g, format));
  }
  return result;
}
/// Positions that differ in all planes that positions can differ in.
std::vector<input_planes> some_positions(input_format format) {
  return planes_of({"e2e4 e7e5 g1f3", "d2d4 g8f6 c2c4 e7e6 b1c3 f8b4 e2e3 e8g8 f1d3 d7d5", "g1f3 g8f6 f3g1 f6g8 g1f3 g8f6 f3g1"}, format);
}

/// A batch in device memory, with outputs that nobody has written.
struct batch {
  int size;
  xl::buffer<std::uint64_t> masks;
  xl::buffer<float> values, policy, outcome;

  batch(xl::stream const& q, std::vector<input_planes> const& positions)
      : size{int(positions.size())},
        policy{xl::buffer<float>{q, positions.size() * policy_size}},
        outcome{xl::buffer<float>{q, positions.size() * outcome_size}} {
    std::vector<std::uint64_t> m;
    std::vector<float> v;
    for (auto const& p : positions) {
      m.insert(m.end(), p.mask.begin(), p.mask.end());
      v.insert(v.end(), p.value.begin(), p.value.end());
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

std::vector<network_outputs<float>> evaluate(xl::stream const& q, forward& pass, std::vector<input_planes> const& positions) {
  batch b{q, positions};
  pass.queue(q, b.size, b.memory());
  return b.outputs(q);
}

reference_outputs as_reference(network_outputs<double> const& o) {
  return {{{o.policy.begin(), o.policy.end()}}, {float(o.q)}, {float(o.draw)}, {float(o.moves_left)}};
}

struct limits {
  double policy, q, moves_left;
};
void check(differences const& d, char const* name, std::string const& what, limits const& most) {
  d.print(name, what);
  CROSSLANE_CHECK(d.policy <= most.policy);
  CROSSLANE_CHECK(d.q <= most.q);
  CROSSLANE_CHECK(d.draw <= most.q);
  CROSSLANE_CHECK(d.moves_left <= most.moves_left);
}
/// Limits of logits, which may have any size, are those of networks whose logits have a deviation of about 2.
constexpr limits limits_of(precision p) {
  switch (p) {
    case precision::float32: return {5e-5, 1e-5, 1e-4};
    case precision::half: return {2e-2, 2e-3, 2e-1};
    case precision::bfloat16: break;
  }
  return {2e-1, 2e-2, 2};
}

/// Compares all reference networks.
void check_sets(xl::device d, precision p) {
  if (!std::filesystem::exists(data_folder())) return (void)std::printf("no reference data in %s\n", data_folder().c_str());
  xl::stream const q{d};
  std::size_t const step = all_combinations || !host_build ? 1 : 8;  // with the position that has the largest differences, 32
  for (auto const& s : reference_sets()) {
    auto const n = s.read();
    std::vector<input_planes> positions;
    for (std::size_t i = 0; i < reference_positions().size(); i += step)
      positions.push_back(encode(reference_positions()[i].game(), n.input));
    auto const pass = make_forward(q, n, {p, s.heads, int(positions.size())});
    auto const got = evaluate(q, *pass, positions);
    auto const expected = read_outputs(std::string{s.name} + (s.exact ? ".exact.bin" : ".ref.bin"));
    differences all;
    for (std::size_t i = 0; i < got.size(); ++i) all.add(got[i], expected, i * step);
    auto most = limits_of(p);
    if (!s.exact && p == precision::float32) most = {5e-4, 5e-5, 2e-4};
    check(all, s.name, std::string{name_of(p)}, most);
  }
}

/// Small networks of all kinds, each layer of which differs from the others in its sizes.
std::vector<std::pair<char const*, synthetic_shape>> small_shapes() {
  std::vector<std::pair<char const*, synthetic_shape>> result;
  for (auto const& kind : synthetic_kinds().first(6)) {
    auto s = kind.shape;
    if (!is_fast) {
      s.channels = s.body ? 32 : 16;
      s.layers = 1;
      s.heads = 2;
      s.hidden = 48;
      s.head_hidden = 24;
      s.value_channels = 8;
      s.policy_channels = s.body ? 32 : 16;
    }
    result.emplace_back(kind.name.data(), s);
  }
  return result;
}

void check_kinds(xl::device d, precision p) {
  xl::stream const q{d};
  for (auto const& [name, shape] : small_shapes()) {
    auto const n = synthetic_network(shape, 5);
    auto positions = some_positions(n.input);
    for (auto const& policy : n.policy_heads)
      for (auto const& value : n.value_heads) {
        if (!is_fast && (&policy == &n.policy_heads[0]) != (&value == &n.value_heads[0])) continue;
        reference::heads const heads{policy.name, value.name};
        auto const pass = make_forward(q, n, {p, heads, int(positions.size())});
        auto const got = evaluate(q, *pass, positions);
        differences all;
        for (std::size_t i = 0; i < got.size(); ++i) all.add(got[i], as_reference(reference::evaluate<double>(n, positions[i], heads)), 0);
        check(all, name, std::string{name_of(p)} + " " + policy.name + " " + value.name, limits_of(p));
        if (!is_fast) break;
      }
  }
}

#if CHESSNET_FLOAT
CROSSLANE_TEST(forward, kinds_in_float) { check_kinds(d, precision::float32); }
CROSSLANE_TEST(forward, sets_in_float) {
  if (is_fast) check_sets(d, precision::float32);
}
#endif
#if CHESSNET_HALF
CROSSLANE_TEST(forward, kinds_in_half) { check_kinds(d, precision::half); }
CROSSLANE_TEST(forward, sets_in_half) {
  if (is_fast) check_sets(d, precision::half);
}
#endif
#if CHESSNET_BFLOAT16
CROSSLANE_TEST(forward, kinds_in_bfloat16) { check_kinds(d, precision::bfloat16); }
CROSSLANE_TEST(forward, sets_in_bfloat16) {
  if (is_fast) check_sets(d, precision::bfloat16);
}
#endif

}  // namespace
