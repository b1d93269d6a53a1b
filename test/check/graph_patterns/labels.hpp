// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The labels right and wrong, worked out from the graph and from who works on which vertex, without the checker. A mistake is one on
/// a given graph only if the graph lets it happen: a counter without atomic operations is right if one thread counts.
#pragma once

#include "graphs.hpp"
#include "variant.hpp"

#include <crosslane/check.hpp>

#include <algorithm>
#include <initializer_list>
#include <map>
#include <set>
#include <utility>

namespace graph_patterns {

enum class label : unsigned char { right, wrong, unclear };

/// A launch of a variant.
struct setting {
  variant v;
  graph const& g;
  unsigned grid, block, wave;
  bool grid_stride, only_upwards;
  std::vector<unsigned> const& work;  ///< the vertices that `relax` begins with

  unsigned size() const { return v.who == worker::thread ? 1 : v.who == worker::wave ? wave : block; }
  unsigned workers_count() const { return grid * block / size(); }
  unsigned rounds() const { return v.what == pattern::relax ? unsigned(work.size()) : g.size(); }
  unsigned vertex(unsigned round) const { return v.what == pattern::relax ? work[round] : round; }
  /// The first thread of the worker that has this round.
  unsigned leader(unsigned round) const { return (grid_stride ? round % workers_count() : round) * size(); }
  bool counts(unsigned from, unsigned to) const { return !only_upwards || v.what == pattern::relax || from < to; }
};

struct visited {
  unsigned thread, from, to;
};
/// The thread that handles an edge.
inline std::vector<visited> visited_edges(setting const& s) {
  std::vector<visited> result;
  for (unsigned round = 0; round < s.rounds(); ++round) {
    unsigned const from = s.vertex(round), degree = s.g.degree(from);
    std::vector<unsigned> const to = s.g.of(from);
    for (unsigned i = 0; i < degree; ++i) {
      if (s.v.how == visit::first && i != 0) continue;
      if (s.v.how == visit::last && i + 1 != degree) continue;
      if (!s.counts(from, to[i])) continue;
      unsigned const lane =
          s.v.how == visit::first || s.v.how == visit::last ? 0 : (s.v.how == visit::reverse ? degree - 1 - i : i) % s.size();
      result.push_back({s.leader(round) + lane, from, to[i]});
      if (s.v.how == visit::until) break;
    }
  }
  return result;
}

/// Updates of one place each: the threads that make them, and whether all of them change nothing.
struct update_of {
  unsigned thread;
  bool changes;
};
inline std::map<unsigned, std::vector<update_of>> updates(setting const& s) {
  std::map<unsigned, std::vector<update_of>> result;
  std::vector<visited> const edges = visited_edges(s);
  bool const combined = s.v.what == pattern::count || (s.v.what == pattern::maximum && s.v.who != worker::thread);
  if (combined) {
    std::set<unsigned> some;
    for (visited const& e : edges) some.insert(e.from);
    for (unsigned round = 0; round < s.rounds(); ++round)
      result[0].push_back({s.leader(round), s.v.what == pattern::count || some.contains(s.vertex(round))});
  } else {
    for (visited const& e : edges) {
      unsigned const place = s.v.what == pattern::push ? e.to : 0;
      result[place].push_back({e.thread, true});
    }
  }
  return result;
}
inline bool some_differ(std::vector<update_of> const& all, unsigned per) {
  return std::any_of(all.begin(), all.end(), [&](update_of u) { return u.thread / per != all[0].thread / per; });
}

inline label label_of_relax(setting const& s) {
  std::set<unsigned> const begins(s.work.begin(), s.work.end());
  std::map<unsigned, std::set<unsigned>> lowers, reads;  // threads by vertex
  for (unsigned round = 0; round < s.rounds(); ++round)
    for (unsigned lane = 0; lane < s.size(); ++lane) reads[s.vertex(round)].insert(s.leader(round) + lane);
  for (visited const& e : visited_edges(s)) lowers[e.to].insert(e.thread);
  bool any_edge = false;
  for (auto const& [to, lowering] : lowers) {
    std::set<unsigned> const& threads = lowering;
    any_edge = true;
    bool const read_by_others =
        std::any_of(reads[to].begin(), reads[to].end(), [&](unsigned t) { return threads.size() > 1 || !threads.contains(t); });
    if (s.v.error == mistake::plain_check && begins.contains(to) && read_by_others) return label::wrong;
    // A vertex that is not in the list has no distance: the first thread that gets there writes, and the others read.
    if (s.v.error == mistake::plain_update && !begins.contains(to) && threads.size() > 1) return label::wrong;
  }
  return s.v.error == mistake::plain_update && any_edge ? label::unclear : label::right;
}

inline label label_of(setting const& s) {
  auto const wrong_if = [](bool wrong) { return wrong ? label::wrong : label::right; };
  graph const& g = s.g;
  unsigned const n = s.rounds();
  bool const more_workers = s.workers_count() > n;
  switch (s.v.error) {
    case mistake::none: return label::right;
    case mistake::plain_update:
      if (s.v.what == pattern::relax) return label_of_relax(s);
      if (s.v.what == pattern::compress) {
        for (unsigned v = 0; v < g.size(); ++v) {
          unsigned const parent = g.degree(v) != 0 ? std::min(v, g.of(v)[0]) : v;
          if (s.leader(v) != s.leader(parent)) return label::wrong;
        }
        return label::right;
      }
      for (auto const& [place, all] : updates(s))
        if (some_differ(all, 1)) return label::wrong;
      return label::right;
    case mistake::plain_check:
      if (s.v.what == pattern::relax) return label_of_relax(s);
      for (auto const& [place, all] : updates(s))
        if (some_differ(all, 1) && std::any_of(all.begin(), all.end(), [](update_of u) { return u.changes; })) return label::wrong;
      return label::right;
    case mistake::narrow_scope:
      for (auto const& [place, all] : updates(s))
        if (some_differ(all, s.block)) return label::wrong;
      return label::right;
    case mistake::no_guard: return wrong_if(more_workers);
    case mistake::one_more_vertex: return wrong_if(s.grid_stride || more_workers);
    case mistake::one_more_neighbour: {
      // Wrong if the list of a vertex is the last, or the first, in memory. Vertices without neighbours may follow.
      auto const at_the_end = [&](unsigned v) { return s.v.how == visit::reverse ? g.starts[v] == 0 : g.starts[v + 1] == g.starts.back(); };
      return wrong_if(s.v.what != pattern::relax || std::any_of(s.work.begin(), s.work.end(), at_the_end));
    }
    case mistake::no_empty_check: return wrong_if(g.degree(s.v.how == visit::first ? g.size() - 1 : 0) == 0);
    case mistake::no_barrier:
    case mistake::wave_sync: return label::wrong;
    case mistake::no_barrier_before: return wrong_if(s.grid_stride && n > s.workers_count());
    case mistake::early_exit: {
      std::set<unsigned> left;  // workers of whom all threads have left
      for (unsigned round = 0; round < n; ++round) {
        unsigned const degree = g.degree(s.vertex(round)), leader = s.leader(round);
        if (left.contains(leader)) continue;
        if (degree == 0)
          left.insert(leader);
        else if (degree < s.size())
          return label::wrong;
      }
      return label::right;
    }
    case mistake::not_initialised: {
      if (s.v.what == pattern::pull) return label::wrong;
      return wrong_if(!updates(s).empty());
    }
    case mistake::in_place: {
      // A block's barriers order its rounds, except the end of one and the beginning of the next.
      bool const block = s.v.who == worker::block_tree || s.v.who == worker::block_waves;
      for (visited const& e : visited_edges(s)) {
        bool const ordered = block && s.leader(e.from) == s.leader(e.to) && e.from != e.to + s.workers_count();
        if (e.thread != s.leader(e.to) && !ordered) return label::wrong;
      }
      return label::right;
    }
    case mistake::too_short: return wrong_if(!visited_edges(s).empty());
    case mistake::reads_back:
      for (auto const& [place, all] : updates(s))
        if (some_differ(all, 1)) return label::wrong;
      return label::right;
    case mistake::wrong_size: return wrong_if(s.work.size() < g.size() && (s.grid_stride || s.workers_count() > s.work.size()));
  }
  return label::unclear;
}

/// The kinds that findings may have. An index that was read from unwritten memory can be out of bounds too, and an element that is read
/// before another thread has written it has no value.
inline std::initializer_list<crosslane::checks::kind> expected_kinds(variant const& v) {
  using crosslane::checks::kind;
  static constexpr auto device_race = {kind::device_race}, shared_race = {kind::shared_race}, narrow_scope = {kind::narrow_scope},
                        out_of_bounds = {kind::out_of_bounds}, unwritten = {kind::unwritten_memory}, early_exit = {kind::early_exit},
                        absent_lane = {kind::absent_lane}, unwritten_index = {kind::unwritten_memory, kind::out_of_bounds},
                        too_early = {kind::device_race, kind::unwritten_memory};
  switch (v.error) {
    case mistake::none: return {};
    case mistake::plain_update:
    case mistake::plain_check:
    case mistake::in_place: return device_race;
    case mistake::reads_back: return too_early;
    case mistake::narrow_scope: return narrow_scope;
    case mistake::no_guard:
    case mistake::one_more_vertex:
    case mistake::one_more_neighbour:
    case mistake::no_empty_check:
    case mistake::too_short: return out_of_bounds;
    case mistake::no_barrier:
    case mistake::wave_sync:
    case mistake::no_barrier_before: return shared_race;
    case mistake::early_exit:
      // The waves of a block combine first.
      return v.who == worker::block_tree ? early_exit : absent_lane;
    case mistake::not_initialised: return unwritten;
    case mistake::wrong_size: return unwritten_index;
  }
  return {};
}

}  // namespace graph_patterns
