// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Runs all guises of mistakes and their right twins at both widths in several orders. Prints precision and recall by kind, and compares
/// what each level finds with the file of this compiler, from which test/claims.py makes the page.
///
/// In the environment, CROSSLANE_GUISE_SEEDS is the number of orders.
#include "guises.hpp"

#include <support/child_process.hpp>
#include "corpus/guises/bounds.hpp"
#include "corpus/guises/contracts.hpp"
#include "corpus/guises/lockstep.hpp"
#include "corpus/guises/memories.hpp"
#include "corpus/guises/programs.hpp"
#include "corpus/guises/threads.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <sstream>

using namespace crosslane_test;
using checks::kind;
using checks::level;

namespace {

using namespace corpus;

added_guises const bounds =
    kernel_guises<one_too_many, grid_covers_more, dynamic_forgotten, elements_for_bytes, tail_of_vectors, histogram_of_large_values,
                  row_above_the_first, memcpy_beyond_the_end, offset_of_32_bits, unrolled_by_four, counts_beyond_the_end, beyond_its_part,
                  into_the_next_member, index_of_a_member, index_of_a_row, index_of_a_local_array, local_array_too_small, keeps_an_address,
                  vectors_of_a_freed_buffer, copies_a_freed_buffer, flags_of_a_freed_buffer, vectors_of_a_row, doubles_behind_ints,
                  wide_counter_in_a_struct, words_of_a_packet>();
added_guises const memories =
    kernel_guises<histogram_in_managed_memory, mailbox_in_pinned_memory, vectors_in_managed_memory, counter_of_a_block_in_managed_memory,
                  beyond_managed_memory, vector_beyond_pinned_memory, freed_pinned_memory, new_pinned_memory, doubles_in_pinned_memory,
                  zeroed_beside_the_counting, zeroed_by_the_first_block, third_lane_writes, failed_exchange_for_a_release,
                  shared_counter_for_a_grid, fence_of_the_wave, copies_without_a_wait, last_group_not_waited_for,
                  source_changed_before_the_wait, static_of_a_function, pointer_in_a_struct_of_options, pointer_to_a_local_number,
                  lambda_over_a_local_array>();

added_guises const threads =
    kernel_guises<returns_from_the_loop, returns_from_a_function, found_and_gone, idle_blocks_leave_the_grid, barrier_of_a_continue,
                  barrier_in_a_switch, producers_and_consumers, shuffles_behind_a_guard, reduces_uneven_rounds, vote_of_a_function,
                  ballot_at_two_places, scans_of_two_functions, shuffle_and_sync, lane_32_of_a_wave, lane_of_the_next_tile,
                  leader_of_a_branch, half_of_a_wavefront, flag_that_nobody_sets, lock_taken_twice, waves_in_turn, index_of_a_float,
                  bytes_of_pixels, quotient_of_zeros, mask_below_a_lane, all_bits_of_a_word, shifts_by_a_difference, remainder_of_zero,
                  trap_in_a_branch, deep_recursion>();
added_guises const lockstep =
    kernel_guises<lock_around_a_sum, lock_released_in_the_loop, lock_with_attempts, maximum_in_a_word, locks_of_bins, ticket_of_each_lane,
                  flag_for_the_others, triangular_solve, barrier_of_a_counter>();
added_guises const contracts = kernel_guises<broadcast_from_a_value, distance_of_the_row, modulus_of_a_row, bins_of_a_histogram,
                                             counters_of_rows, root_of_each_thread, part_of_each_wave>();

template <class Program>
checks::report run_program(xl::device d, bool right, checks::options const& options) {
  program_memory m{d};
  m.right = right;
  return checks::collect([&] { Program{}(m); }, options);
}
template <class... P>
added_guises program_guises() {
  return {{xl::type_name<P>(), P::of, &run_program<P>}...};
}
added_guises const programs =
    program_guises<two_kernels_in_two_streams, copies_while_a_kernel_writes, pipeline_of_managed_memory, pinned_between_streams,
                   frees_what_a_stream_uses, reads_pinned_at_once, writes_managed_at_once, fills_staging_in_a_loop, uses_a_vector_at_once,
                   memcpy_from_pinned_at_once, reads_an_element, sums_a_view, initialises_by_fill, memcpy_for_a_copy,
                   downloads_a_new_buffer, kernel_of_the_next_device, fills_for_each_device, sums_of_both_devices, table_of_pointers>();

/// The results of an entry, in all runs of it.
struct outcome {
  unsigned runs = 0, found = 0, other_kinds = 0, right_runs = 0, accused = 0;
  unsigned too_early = 0;  ///< found with seeds of which this is not claimed
  std::string not_found;   ///< the seeds and widths
  std::string texts;       ///< of the findings that should not be
};

/// Returns the name without its namespace.
std::string name_of(guise_entry const& g) {
  std::string const type = g.type;
  return type.substr(type.rfind(':') + 1);
}

bool has(checks::report const& r, kind k) {
  return std::ranges::any_of(r.entries(), [k](checks::report::entry const& e) { return e.finding.kind == k; });
}
bool has_others(checks::report const& r, kind k) {
  return std::ranges::any_of(r.entries(), [k](checks::report::entry const& e) { return e.finding.kind != k; });
}
checks::options options_of(guise_entry const& g, level l, std::uint64_t seed, bool right) {
  return {.level = l, .seed = seed, .progress_seconds = g.of.kind == kind::no_progress && !right ? 0.02 : 5.0};
}

outcome run(guise_entry const& g, unsigned seeds) {
  outcome o;
  for (int index = 0; index < xl::device::count(); ++index) {
    xl::device const d{index};
    bool const wrong_here = g.of.only_at == 0 || g.of.only_at == d.properties().wave_size;
    for (std::uint64_t seed = 0; seed < seeds; ++seed)
      for (bool const right : {false, true}) {
        checks::report const r = g.run(d, right, options_of(g, level::full, seed, right));
        if (right || !wrong_here) {
          ++o.right_runs;
          o.accused += !r.empty();
        } else if (seed < g.of.first_order) {
          o.too_early += has(r, g.of.kind);
        } else {
          ++o.runs;
          if (has(r, g.of.kind))
            ++o.found;
          else
            o.not_found += "; not with seed " + std::to_string(seed) + " at " + std::to_string(d.properties().wave_size) + " lanes";
          o.other_kinds += has_others(r, g.of.kind);
        }
        if (right || !wrong_here ? !r.empty() : has_others(r, g.of.kind))
          o.texts += (right ? "right, seed " : "wrong, seed ") + std::to_string(seed) + ":\n" + r.text();
      }
  }
  return o;
}

bool found_at(guise_entry const& g, level l) {
  for (int index = 0; index < xl::device::count(); ++index) {
    xl::device const d{index};
    if (g.of.only_at != 0 && g.of.only_at != d.properties().wave_size) continue;
    if (!has(g.run(d, false, options_of(g, l, g.of.first_order, false)), g.of.kind)) return false;
  }
  return true;
}
/// Returns for each guise "found" if the level finds it at the widths where it is wrong, "fault" if the process ends by a fault, else "-".
/// A child process runs them, the next one goes on behind a fault.
std::vector<std::string> found_at(level l) {
  std::vector<std::string> result;
  while (result.size() < guises().size()) {
    ended const child = run_child([&] {
      for (std::size_t i = result.size(); i < guises().size(); ++i) std::fputs(found_at(guises()[i], l) ? "found\n" : "-\n", stderr);
    });
    std::istringstream lines{child.text};
    for (std::string line; std::getline(lines, line);)
      if (line == "found" || line == "-") result.push_back(line);
    if (result.size() < guises().size()) result.push_back(WIFSIGNALED(child.status) ? "fault" : "no result");
  }
  return result;
}

std::string compiler() {
#if defined(__clang__)
  return "clang-" + std::to_string(__clang_major__);
#else
  return "g++-" + std::to_string(__GNUC__);
#endif
}

unsigned seeds_of_the_environment() {
  char const* const text = std::getenv("CROSSLANE_GUISE_SEEDS");
  return text != nullptr ? unsigned(std::strtoul(text, nullptr, 0)) : 3;
}

/// The files are those of builds without assertions, which have no bounds of spans.
#ifdef NDEBUG
CROSSLANE_TEST_ONCE(guises, levels) {
  std::string const file = source_path("test/check/claims/" + compiler() + ".tsv");
  if (!std::ifstream{file} && std::getenv("CROSSLANE_RECORD") == nullptr) return;
  // Children come first: they cannot use the parent's streams.
  std::vector<std::string> const off = found_at(level::off), basic = found_at(level::basic);
  std::vector<std::string> lines;  // sorted, because files of guises are initialised in no certain order
  for (std::size_t i = 0; i < guises().size(); ++i) {
    guise_entry const& g = guises()[i];
    lines.push_back(std::string(to_string(g.of.kind)) + '\t' + g.of.memory + '\t' + g.of.access + '\t' + g.of.structure + '\t' +
                    name_of(g) + '\t' + off[i] + '\t' + basic[i] + '\t' + (found_at(g, level::full) ? "found" : "-") + '\t' +
                    (g.of.not_claimed != nullptr ? g.of.not_claimed : "") + '\t' +
                    (g.of.orders != nullptr ? std::to_string(g.of.first_order) + ": " + g.of.orders : "") + '\n');
  }
  std::ranges::sort(lines);
  std::string text;
  for (std::string const& line : lines) text += line;
  check_recorded(file, text);
}
#endif

/// Each kind of finding has guises, except that of clusters, which has its own corpus (corpus/clusters.hpp).
CROSSLANE_TEST_ONCE(guises, all_kinds) {
  for (int k = 0; k < checks::kinds; ++k)
    if (kind(k) != kind::ended_block && std::ranges::count_if(guises(), [k](guise_entry const& g) { return g.of.kind == kind(k); }) < 3)
      fail(std::string("fewer than 3 guises of ") + to_string(kind(k)), source_location::current());
}

struct score {
  unsigned wrong = 0, found = 0, sometimes = 0, missed = 0, not_claimed = 0, other_kinds = 0, right = 0, accused = 0;
};

CROSSLANE_TEST_ONCE(guises, precision_and_recall) {
  unsigned const seeds = seeds_of_the_environment();
  std::map<kind, score> scores;
  score all;
  for (guise_entry const& g : guises()) {
    outcome const o = run(g, seeds);
    auto const count = [&](score& s) {
      ++s.wrong;
      ++s.right;
      s.found += o.found == o.runs;
      s.sometimes += o.found != 0 && o.found != o.runs;
      s.missed += o.found == 0;
      s.not_claimed += g.of.not_claimed != nullptr;
      s.other_kinds += o.other_kinds != 0;
      s.accused += o.accused != 0;
    };
    count(scores[g.of.kind]);
    count(all);
    std::string const context = name_of(g) + " (" + to_string(g.of.kind) + "): ";
    if (o.accused != 0)
      fail(context + "the right twin is accused in " + std::to_string(o.accused) + " of " + std::to_string(o.right_runs) + " runs\n" +
               o.texts,
           source_location::current());
    else if (o.other_kinds != 0 && !g.of.has_consequences)
      fail(context + "findings of other kinds\n" + o.texts, source_location::current());
    if (g.of.not_claimed == nullptr && o.found != o.runs)
      fail(context + "found in " + std::to_string(o.found) + " of " + std::to_string(o.runs) + " runs" + o.not_found,
           source_location::current());
    if (o.too_early != 0)
      fail(context + "found with a seed below " + std::to_string(g.of.first_order) + ", which is not claimed", source_location::current());
    if (g.of.not_claimed != nullptr && o.found != 0)
      fail(context + "found, although it is not claimed: " + g.of.not_claimed, source_location::current());
  }
  std::printf("%-20s %5s %5s %9s %6s %12s %10s %6s %7s\n", "kind", "wrong", "found", "sometimes", "missed", "other kinds", "right",
              "accused", "recall, precision");
  auto const print = [](char const* name, score const& s) {
    std::printf("%-20s %5u %5u %9u %6u %12u %10u %6u   %.2f  %.2f\n", name, s.wrong, s.found, s.sometimes, s.missed, s.other_kinds, s.right,
                s.accused, double(s.found) / s.wrong, s.found + s.accused == 0 ? 1.0 : double(s.found) / (s.found + s.accused));
  };
  for (auto const& [k, s] : scores) print(to_string(k), s);
  print("all", all);
  std::printf("%u orders, 2 widths, %s\n", seeds, compiler().c_str());
}

}  // namespace
