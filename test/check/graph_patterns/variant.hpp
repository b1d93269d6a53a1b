// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The dimensions of a family of irregular graph kernels. The dimensions and the kinds of mistakes follow the Indigo suite (Liu et al.,
/// "The Indigo Program-Verification Microbenchmark Suite of Irregular Parallel Code Patterns", ISPASS 2022); the kernels are written anew.
#pragma once

#include <array>
#include <vector>

namespace graph_patterns {

/// The work on the neighbours of each vertex.
enum class pattern : unsigned char {
  count,     ///< counts neighbours and adds their number to one total
  maximum,   ///< the maximum over the values of all neighbours
  pull,      ///< adds the neighbours' values to the vertex
  push,      ///< lowers each neighbour's result to the vertex's value
  worklist,  ///< appends neighbours to a list
  compress,  ///< shortens the paths of a union-find forest; has no neighbours
  relax      ///< lowers the distances of the neighbours of a list's vertices, and appends them to the next list
};
/// The threads that work on a vertex. A block combines the values of its threads by a tree in shared memory, or by its waves.
enum class worker : unsigned char { thread, wave, block_tree, block_waves };
/// The order in which neighbours are visited. `until` stops at the first that counts.
enum class visit : unsigned char { forward, reverse, until, first, last };
enum class mistake : unsigned char {
  none,
  plain_update,        ///< an update without an atomic operation
  plain_check,         ///< a plain read beside atomic updates
  narrow_scope,        ///< atomic updates for the block, by several blocks
  no_guard,            ///< threads beyond the last vertex are not excluded
  one_more_vertex,     ///< `<=` in place of `<` for vertices
  one_more_neighbour,  ///< `<=` in place of `<` for neighbours
  no_empty_check,      ///< the first or last neighbour of a vertex that has none
  no_barrier,          ///< between the writes of the block's partial values and their reads
  wave_sync,           ///< in place of the block's barrier
  no_barrier_before,   ///< between the reads of the partial values and the next round's writes
  early_exit,          ///< threads without a neighbour leave before the others combine their values
  not_initialised,     ///< the results have no value before the first update
  in_place,            ///< pulls from the results that others write
  too_short,           ///< the list has room for one element less
  reads_back,          ///< reads the list's element before its own
  wrong_size           ///< takes the number of vertices for the length of the list
};
inline constexpr unsigned patterns = 7, workers = 4, visits = 5, mistakes = 17;

enum class element : unsigned char { i32, u32, i64, f32, f64, u8 };
inline constexpr unsigned elements = 6;

struct variant {
  pattern what;
  worker who;
  visit how;
  mistake error;
  element of;
};

constexpr bool is_possible(pattern what, worker who, visit how, mistake error) {
  bool const one_vertex = how == visit::first || how == visit::last, block = who == worker::block_tree || who == worker::block_waves;
  bool const combines = (what == pattern::count || what == pattern::maximum || what == pattern::pull) && who != worker::thread;
  bool const updates = what != pattern::pull && what != pattern::compress;
  if (who == worker::block_waves && !combines) return false;
  if (what == pattern::compress && (who != worker::thread || how != visit::forward)) return false;
  if ((one_vertex || how == visit::until) && who != worker::thread) return false;
  switch (error) {
    case mistake::none: return true;
    case mistake::plain_update: return updates || what == pattern::compress;
    case mistake::plain_check: return what == pattern::maximum || what == pattern::push || what == pattern::relax;
    case mistake::narrow_scope: return updates && what != pattern::relax;
    case mistake::no_guard: return true;
    case mistake::one_more_vertex: return true;
    case mistake::one_more_neighbour: return what != pattern::compress && (how == visit::forward || how == visit::reverse);
    case mistake::no_empty_check: return what != pattern::compress && what != pattern::relax && one_vertex;
    case mistake::no_barrier:
    case mistake::wave_sync: return combines && block;
    case mistake::no_barrier_before: return combines && who == worker::block_waves;
    case mistake::early_exit: return combines && how == visit::forward;
    case mistake::not_initialised: return what != pattern::compress && what != pattern::worklist && what != pattern::relax;
    case mistake::in_place: return what == pattern::pull;
    case mistake::too_short:
    case mistake::reads_back: return what == pattern::worklist;
    case mistake::wrong_size: return what == pattern::relax;
  }
  return false;
}

/// Whether a pattern is compiled for a type: for all types, or for two of them.
constexpr bool has_type(bool all, pattern what, element of) { return all || (unsigned(what) + unsigned(of)) % (elements / 2) == 0; }

/// Returns the family. For each mistake one order of visits and one type are chosen, unless all are wanted. Kernels without a mistake have
/// all orders.
inline std::vector<variant> family(bool all_types, bool all) {
  std::vector<variant> result;
  unsigned turn = 0;
  for (unsigned what = 0; what < patterns; ++what)
    for (unsigned who = 0; who < workers; ++who)
      for (unsigned error = 0; error < mistakes; ++error) {
        std::vector<variant> some;
        for (unsigned how = 0; how < visits; ++how)
          for (unsigned of = 0; of < elements; ++of)
            if (is_possible(pattern(what), worker(who), visit(how), mistake(error)) && has_type(all_types, pattern(what), element(of)))
              some.push_back({pattern(what), worker(who), visit(how), mistake(error), element(of)});
        if (all || mistake(error) == mistake::none)
          result.insert(result.end(), some.begin(), some.end());
        else if (!some.empty())
          result.push_back(some[turn++ * 7 % some.size()]);
      }
  return result;
}

inline char const* name(pattern p) { return std::array{"count", "maximum", "pull", "push", "worklist", "compress", "relax"}[unsigned(p)]; }
inline char const* name(worker w) { return std::array{"thread", "wave", "block by a tree", "block by waves"}[unsigned(w)]; }
inline char const* name(visit v) { return std::array{"forward", "reverse", "until", "first", "last"}[unsigned(v)]; }
inline char const* name(element e) { return std::array{"i32", "u32", "i64", "f32", "f64", "u8"}[unsigned(e)]; }
inline char const* name(mistake m) {
  return std::array{"none",
                    "update without an atomic operation",
                    "plain check beside atomic updates",
                    "block scope between blocks",
                    "no guard of the last vertex",
                    "one vertex too many",
                    "one neighbour too many",
                    "neighbour of an empty list",
                    "no barrier between write and read",
                    "wave sync in place of the barrier",
                    "no barrier before the next round",
                    "early exit before the others combine",
                    "results without a value",
                    "pull from results that others write",
                    "list too short",
                    "list read while it grows",
                    "wrong length of the list"}[unsigned(m)];
}

}  // namespace graph_patterns
