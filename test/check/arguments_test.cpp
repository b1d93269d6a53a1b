// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Arguments that must be the same for all lanes or threads, and results that are only meant for one thread.
#include "corpus/arguments.hpp"
#include "corpus_run.hpp"

using namespace crosslane_test;

namespace {

CROSSLANE_TEST(arguments, of_groups) {
  wrong<corpus::each_lane_its_root<false>>(d, kind::different_arguments, 1, 64, differ);
  wrong<corpus::root_by_vote<false>>(d, kind::different_arguments, 1, 64, differ);
  wrong<corpus::distance_of_each_lane<false>>(d, kind::different_arguments, 2, 64, differ);
  wrong<corpus::bits_of_each_lane<false>>(d, kind::different_arguments, 1, 64,
                                          [](unsigned a, unsigned b) { return a % 32 / 16 != b % 32 / 16; });
  right<corpus::each_lane_its_root<true>>(d, 1, 64);
  right<corpus::root_by_vote<true>>(d, 1, 64);
  right<corpus::distance_of_each_lane<true>>(d, 2, 64);
  right<corpus::bits_of_each_lane<true>>(d, 1, 64);
}

CROSSLANE_TEST(arguments, targets) {
  wrong<corpus::counts_in_bins>(d, kind::different_arguments, 2, 64, [](unsigned a, unsigned b) { return a % 2 != b % 2; });
  wrong<corpus::adds_to_rows<false>>(d, kind::different_arguments, 1, 64, [](unsigned a, unsigned b) { return a / 16 != b / 16; });
  right<corpus::counts_by_groups>(d, 2, 64);
  right<corpus::adds_to_rows<true>>(d, 2, 64);
}

CROSSLANE_TEST(arguments, operators) {
  wrong<corpus::modulus_of_each_lane<false>>(d, kind::different_arguments, 1, 64, [](unsigned a, unsigned b) { return a % 2 != b % 2; });
  wrong<corpus::scans_by_each_modulus<false>>(d, kind::different_arguments, 1, 64, [](unsigned a, unsigned b) { return a % 2 != b % 2; });
  right<corpus::modulus_of_each_lane<true>>(d, 1, 64);
  right<corpus::scans_by_each_modulus<true>>(d, 1, 64);
}

CROSSLANE_TEST(arguments, of_blocks) {
  wrong<corpus::scratch_of_each_half<false>>(d, kind::different_arguments, 1, 128, [](unsigned a, unsigned b) { return a / 64 != b / 64; });
  wrong<corpus::root_of_each_wave<false>>(d, kind::different_arguments, 1, 128, [](unsigned a, unsigned b) { return a / 64 != b / 64; });
  wrong<corpus::copies_of_each_half<false>>(d, kind::different_arguments, 1, 128, [](unsigned a, unsigned b) { return a / 64 != b / 64; });
  right<corpus::scratch_of_each_half<true>>(d, 4, 128);
  right<corpus::root_of_each_wave<true>>(d, 2, 128);
  right<corpus::copies_of_each_half<true>>(d, 1, 128);
}

/// The threads that have no result get a value that shows it.
CROSSLANE_TEST(arguments, results_of_the_leader) {
  xl::stream const q{d};
  xl::buffer<int> data{q, 128};
  xl::launch(q, {.grid = 1, .block = 128}, corpus::uses_the_sum_of_the_leader{}, corpus::memory{data.view(), {}, nullptr});
  std::vector<int> const sums = read(q, data);
  CROSSLANE_CHECK_EQ(sums[0], 128);
  for (unsigned i = 1; i < 128; ++i) CROSSLANE_CHECK_EQ(unsigned(sums[i]), 0xfffbfffbu);
}

}  // namespace
