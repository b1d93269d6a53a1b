// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Small graphs of several shapes, as lists of neighbours behind each other.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

namespace graph_patterns {

struct graph {
  std::string name;
  std::vector<unsigned> starts, neighbours;  ///< vertex v has neighbours[starts[v]] up to neighbours[starts[v + 1]]

  unsigned size() const { return unsigned(starts.size()) - 1; }
  unsigned degree(unsigned v) const { return starts[v + 1] - starts[v]; }
  std::vector<unsigned> of(unsigned v) const { return {neighbours.begin() + starts[v], neighbours.begin() + starts[v + 1]}; }
};

inline graph graph_of(std::string name, std::vector<std::vector<unsigned>> lists) {
  graph g{std::move(name), {0}, {}};
  for (std::vector<unsigned>& list : lists) {
    std::sort(list.begin(), list.end());
    list.erase(std::unique(list.begin(), list.end()), list.end());
    g.neighbours.insert(g.neighbours.end(), list.begin(), list.end());
    g.starts.push_back(unsigned(g.neighbours.size()));
  }
  return g;
}

class random_numbers {
 public:
  unsigned below(unsigned n) {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return unsigned(state_ >> 33) % n;
  }

 private:
  unsigned long long state_ = 1;
};

/// Vertex 0 is joined with all others.
inline graph star(unsigned n) {
  std::vector<std::vector<unsigned>> lists(n);
  for (unsigned v = 1; v < n; ++v) {
    lists[0].push_back(v);
    lists[v].push_back(0);
  }
  return graph_of("star of " + std::to_string(n), lists);
}
inline graph grid(unsigned width, unsigned height) {
  std::vector<std::vector<unsigned>> lists(width * height);
  auto const join = [&](unsigned a, unsigned b) {
    lists[a].push_back(b);
    lists[b].push_back(a);
  };
  for (unsigned y = 0; y < height; ++y)
    for (unsigned x = 0; x < width; ++x) {
      if (x + 1 < width) join(y * width + x, y * width + x + 1);
      if (y + 1 < height) join(y * width + x, (y + 1) * width + x);
    }
  return graph_of("grid of " + std::to_string(width) + " x " + std::to_string(height), lists);
}
/// Edges between random vertices for which `allowed` holds.
inline graph random_graph(std::string name, unsigned n, unsigned edges, bool (*allowed)(unsigned from, unsigned to, unsigned n)) {
  std::vector<std::vector<unsigned>> lists(n);
  random_numbers r;
  for (unsigned i = 0; i < edges; ++i) {
    unsigned const from = r.below(n), to = r.below(n);
    if (from != to && allowed(from, to, n)) lists[from].push_back(to);
  }
  return graph_of(std::move(name), lists);
}
/// A few vertices have many neighbours, most have few.
inline graph power_law(unsigned n, unsigned edges) {
  std::vector<std::vector<unsigned>> lists(n);
  random_numbers r;
  for (unsigned i = 0; i < edges; ++i) {
    unsigned const from = r.below(1 + r.below(1 + r.below(n))), to = r.below(n);
    if (from != to) lists[from].push_back(to);
  }
  return graph_of("power law of " + std::to_string(n), lists);
}

/// Graphs of about `n` vertices, and some that are tiny.
inline std::vector<graph> graphs(unsigned n) {
  auto const of = [n](char const* shape) { return shape + (" of " + std::to_string(n)); };
  return {random_graph(of("random"), n, n * 5, [](unsigned, unsigned, unsigned) { return true; }),
          star(n),
          grid(n / 5, 5),
          random_graph(of("acyclic"), n, n * 9, [](unsigned from, unsigned to, unsigned) { return from < to; }),
          random_graph(of("acyclic, downwards,"), n, n * 9, [](unsigned from, unsigned to, unsigned) { return from > to; }),
          power_law(n, n * 8),
          random_graph(of("empty ends"), n, n * 5,
                       [](unsigned from, unsigned, unsigned count) { return from % 3 != 0 && from > 3 && from + 4 < count; }),
          grid(2, 3),
          graph_of("one edge", {{1}, {}}),
          graph_of("no edges", {{}, {}, {}})};
}

}  // namespace graph_patterns
