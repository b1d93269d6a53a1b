// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The checker's precision and recall on a family of labelled graph kernels, right ones and ones with a mistake, on graphs of several
/// shapes, at both widths and in several orders. With the environment variable CROSSLANE_TEST_ALL all kernels run on all graphs in 9
/// orders; if it has the names of patterns, only these: CROSSLANE_TEST_ALL=push,relax. The option CROSSLANE_TEST_ALL of CMake adds types.
#include "graph_patterns/graphs.hpp"
#include "graph_patterns/kernels.hpp"
#include "graph_patterns/labels.hpp"

#include <crosslane/check.hpp>

#include <support/recorded.hpp>
#include <support/target.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <vector>

namespace xl = crosslane;
namespace checks = crosslane::checks;
using namespace crosslane_test;
using namespace graph_patterns;

namespace {

template <element E>
auto element_type() {
  if constexpr (E == element::i32)
    return std::int32_t{};
  else if constexpr (E == element::u32)
    return std::uint32_t{};
  else if constexpr (E == element::i64)
    return std::int64_t{};
  else if constexpr (E == element::f32)
    return float{};
  else if constexpr (E == element::f64)
    return double{};
  else
    return std::uint8_t{};
}

/// A buffer with these values.
template <class T>
xl::buffer<T> buffer_of(xl::stream const& q, std::vector<T> const& values, std::size_t size) {
  xl::buffer<T> result{q, size};
  if (!values.empty()) xl::copy(q, values, result.view().subspan(0, values.size()));
  q.synchronize();
  return result;
}
template <class T>
xl::buffer<T> buffer_of(xl::stream const& q, std::vector<T> const& values) {
  return buffer_of(q, values, values.size());
}

template <class T>
std::vector<T> start_values(setting const& s) {
  if (s.v.error == mistake::not_initialised) return {};
  if (s.v.what != pattern::relax) return std::vector<T>(s.g.size(), s.v.what == pattern::push ? T(100) : T(0));
  std::vector<T> distance(s.g.size(), T(100));
  for (unsigned v : s.work) distance[v] = T(v % 5);
  return distance;
}
template <class T>
std::vector<T> vertex_values(graph const& g) {
  std::vector<T> values(g.size());
  for (unsigned v = 0; v < g.size(); ++v) values[v] = T(1 + v * 7 % 50);
  return values;
}
std::vector<int> parents(graph const& g) {
  std::vector<int> result(g.size());
  for (unsigned v = 0; v < g.size(); ++v) result[v] = int(g.degree(v) != 0 ? std::min(v, g.of(v)[0]) : v);
  return result;
}
xl::buffer<int> list_of(xl::stream const& q, setting const& s) {
  if (s.v.what == pattern::compress) return buffer_of(q, parents(s.g));
  std::size_t const edges = visited_edges(s).size(), room = s.g.neighbours.size() + s.g.size() + 1;
  return {q, s.v.error == mistake::too_short ? edges - (edges != 0) : room};
}

using launch_function = void (*)(xl::stream const&, setting const&, void const*);
template <pattern What, class T>
void launch(xl::stream const& q, setting const& s, void const* m) {
  xl::launch(q, {.grid = s.grid, .block = s.block}, kernel<What, T>{}, *static_cast<memory<T> const*>(m));
}

template <class T>
checks::report run(xl::device d, setting const& s, std::uint64_t seed, launch_function launch) {
  xl::stream const q{d};
  xl::buffer<unsigned> const starts = buffer_of(q, s.g.starts), neighbours = buffer_of(q, s.g.neighbours);
  xl::buffer<T> const values = buffer_of(q, vertex_values<T>(s.g));
  xl::buffer<T> result = buffer_of(q, start_values<T>(s), s.g.size());
  xl::buffer<int> list = list_of(q, s), count = buffer_of(q, std::vector<int>{0});
  std::vector<int> const begins(s.work.begin(), s.work.end());
  xl::buffer<int> const work = buffer_of(q, begins, s.v.error == mistake::wrong_size ? s.g.size() : begins.size());
  memory<T> const m{starts.view(),           neighbours.view(), result.view(), values.view(), list.view(),   count.view(),  work.view(),
                    unsigned(begins.size()), s.v.who,           s.v.how,       s.v.error,     s.grid_stride, s.only_upwards};
  checks::report r = checks::collect([&] { launch(q, s, &m); }, {.level = checks::level::full, .seed = seed});
  q.synchronize();
  return r;
}

struct compiled_kernel {
  launch_function launch;
  checks::report (*run)(xl::device, setting const&, std::uint64_t, launch_function);
};
template <unsigned I>
compiled_kernel compiled() {
  constexpr auto what = pattern(I / elements);
  constexpr auto of = element(I % elements);
  if constexpr (has_type(all_combinations, what, of)) {
    using T = decltype(element_type<of>());
    return {&launch<what, T>, &run<T>};
  }
  return {};
}
template <unsigned... I>
std::vector<compiled_kernel> all_compiled(std::integer_sequence<unsigned, I...>) {
  return {compiled<I>()...};
}

struct score {
  unsigned wrong = 0, found = 0, right = 0, accused = 0;

  void add(score const& other) {
    wrong += other.wrong;
    found += other.found;
    right += other.right;
    accused += other.accused;
  }
};

std::string describe(setting const& s) {
  variant const v = s.v;
  return std::string(name(v.what)) + ", " + name(v.who) + ", " + name(v.how) + ", " + name(v.of) + (s.grid_stride ? ", grid-stride" : "") +
         (s.only_upwards ? ", upwards" : "") + ", " + name(v.error) + ", " + s.g.name + ", " + std::to_string(s.wave) + " lanes";
}

/// Whether there are findings, all of these kinds.
bool has_kinds(checks::report const& r, std::initializer_list<checks::kind> kinds) {
  for (checks::report::entry const& e : r.entries())
    if (std::find(kinds.begin(), kinds.end(), e.finding.kind) == kinds.end()) return false;
  return !r.empty();
}

/// The family on some graphs in some orders.
class trial {
 public:
  explicit trial(bool thorough) : thorough_{thorough} {}

  std::map<mistake, score> scores;
  unsigned runs = 0, unclear = 0;

  void test(setting const& s, xl::device d) {
    label const l = label_of(s);
    if (l == label::unclear) {
      ++unclear;
      return;
    }
    score& all = scores[s.v.error];
    (l == label::wrong ? all.wrong : all.right) += 1;
    unsigned agreed = 0, orders = 0;
    std::string texts;
    compiled_kernel const& k = kernels_[unsigned(s.v.what) * elements + unsigned(s.v.of)];
    for (std::uint64_t seed = 0; seed <= 8; ++seed) {
      if (!thorough_ && seed != 0 && seed != 1 + turn_ % 8) continue;
      checks::report const r = k.run(d, s, seed, k.launch);
      ++orders;
      bool const as_expected = l == label::wrong ? has_kinds(r, expected_kinds(s.v)) : r.empty();
      if (as_expected)
        ++agreed;
      else
        texts += "seed " + std::to_string(seed) + ":\n" + r.text();
    }
    runs += orders;
    ++turn_;
    (l == label::wrong ? all.found : all.accused) += (agreed == orders) == (l == label::wrong);
    if (agreed != orders)
      fail((l == label::wrong ? "found in " : "not accused in ") + std::to_string(agreed) + " of " + std::to_string(orders) +
               " orders: " + describe(s) + "\n" + texts,
           source_location::current());
  }

 private:
  bool thorough_;
  unsigned turn_ = 0;
  std::vector<compiled_kernel> kernels_ = all_compiled(std::make_integer_sequence<unsigned, patterns * elements>{});
};

/// Calls f(setting) for one launch of the variant on a graph, or for all ways to launch it.
template <class F>
void each_setting(variant const& v, graph const& g, unsigned wave, bool all, unsigned turn, F const& f) {
  std::vector<unsigned> work;
  for (unsigned vertex = 0; vertex < g.size(); vertex += 2) work.push_back(vertex);
  std::vector<setting> ways;
  for (bool const grid_stride : {false, true})
    for (bool const only_upwards : {false, true}) {
      if (grid_stride && v.error == mistake::no_guard) continue;
      if (only_upwards && (v.what == pattern::compress || v.what == pattern::relax)) continue;
      setting s{v, g, 2, v.who == worker::thread ? 32u : block_threads, wave, grid_stride, only_upwards, work};
      bool const excess = v.error == mistake::no_guard || v.error == mistake::one_more_vertex;
      if (!grid_stride) s.grid = (s.rounds() * s.size() + s.block - 1) / s.block + (excess && turn % 4 != 0 ? 1 : 0);
      ways.push_back(s);
    }
  for (std::size_t i = 0; i < ways.size(); ++i)
    if (all || v.error == mistake::no_barrier_before || i == turn % ways.size()) f(ways[i]);
}

std::string row(char const* name, score const& s) {
  char line[120];
  std::snprintf(line, sizeof line, "%-36s%10u%8u%10u%10u\n", name, s.wrong, s.found, s.right, s.accused);
  return line;
}
std::string table(std::size_t kernels, trial const& t) {
  std::string text = "mistake                                  wrong   found     right   accused\n";
  score all;
  for (auto const& [m, s] : t.scores) {
    text += row(name(m), s);
    all.add(s);
  }
  text += row("all", all);
  char line[160];
  std::snprintf(line, sizeof line, "%zu kernels, %u launches. Precision %.1f %%, recall %.1f %%.\n", kernels, all.wrong + all.right,
                100.0 * all.found / (all.found + all.accused), 100.0 * all.found / all.wrong);
  return text + line;
}

CROSSLANE_TEST_ONCE(graph_patterns, precision_and_recall) {
  char const* const wish = std::getenv("CROSSLANE_TEST_ALL");
  bool const thorough = wish != nullptr;
  std::vector<graph> const for_threads = graphs(80), for_waves = graphs(41), for_blocks = graphs(15);
  trial t{thorough};
  std::vector<variant> all = family(all_combinations, thorough);
  auto const is_wanted = [&](variant const& v) { return std::strstr(wish, name(v.what)) != nullptr; };
  if (thorough && std::ranges::any_of(all, is_wanted)) std::erase_if(all, [&](variant const& v) { return !is_wanted(v); });
  unsigned turn = 0;
  for (variant const& v : all) {
    ++turn;
    std::vector<graph> const& here = v.who == worker::thread ? for_threads : v.who == worker::wave ? for_waves : for_blocks;
    for (std::size_t g = 0; g < here.size(); ++g)
      if (thorough || g == 0 || g == 1 + turn % (here.size() - 1))
        for (int device = 0; device < xl::device::count(); ++device)
          each_setting(v, here[g], xl::device{device}.properties().wave_size, thorough, turn + unsigned(g),
                       [&](setting const& s) { t.test(s, xl::device{device}); });
  }
  std::string const text = table(all.size(), t);
  std::printf("%s%u runs, %u launches without a label\n", text.c_str(), t.runs, t.unclear);
  if (!thorough && !all_combinations) check_recorded(source_path("test/check/graph_patterns/scores.txt"), text);
}

}  // namespace
