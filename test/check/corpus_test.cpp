// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The checker finds each wrong kernel of the corpus, with its kind, lines and threads, at both widths and in every order. It finds
/// nothing in the right kernels.
#include "corpus/barriers.hpp"
#include "corpus/bounds.hpp"
#include "corpus/casts.hpp"
#include "corpus/device_races.hpp"
#include "corpus/lanes.hpp"
#include "corpus/launches.hpp"
#include "corpus/shared_races.hpp"
#include "corpus/unwritten.hpp"
#include "corpus/widths.hpp"
#include "corpus_run.hpp"

#include <support/comma_locale.hpp>

#include <cstdio>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

CROSSLANE_TEST(corpus, early_exit) {
  wrong<corpus::guard_returns>(d, kind::early_exit, 1, 64, [](unsigned a, unsigned b) { return a < 50 && b >= 50; });
  wrong<corpus::uneven_rounds>(d, kind::early_exit, 1, 64, [](unsigned a, unsigned b) { return a < 36 && b >= 36; });
  wrong<corpus::winner_leaves>(d, kind::early_exit, 2, 64, [](unsigned a, unsigned b) { return a != 7 && b == 7; });
  right<corpus::guard_skips>(d, 1, 64);
  right<corpus::even_rounds>(d, 1, 64);
  right<corpus::block_leaves>(d, 3, 64);
  wrong<corpus::waits_behind_and<false>>(d, kind::early_exit, 2, 64, [](unsigned a, unsigned b) { return a < 48 && b >= 48; });
  wrong<corpus::idle_block_of_a_grid<true>>(d, kind::early_exit, 3, 64, any);
  right<corpus::waits_behind_and<true>>(d, 2, 64);
  right<corpus::idle_block_of_a_grid<false>>(d, 3, 64);
}

CROSSLANE_TEST(corpus, different_barriers) {
  wrong<corpus::barrier_in_both_branches>(d, kind::different_barriers, 1, 64, [](unsigned a, unsigned b) { return a < 20 && b >= 20; });
  wrong<corpus::publishes_in_both_branches>(d, kind::different_barriers, 1, 64,
                                            [](unsigned a, unsigned b) { return (a < 20) != (b < 20); });
  wrong<corpus::roles_with_barriers>(d, kind::different_barriers, 1, 64, [](unsigned a, unsigned b) { return a < 32 && b >= 32; });
  right<corpus::barrier_behind_branches>(d, 1, 64);
  right<corpus::publishes_behind_branches>(d, 1, 64);
  right<corpus::roles_with_one_barrier>(d, 1, 64);
  wrong<corpus::rounds_for_half>(d, kind::different_barriers, 2, 64, [](unsigned a, unsigned b) { return a < 32 && b >= 32; });
  wrong<corpus::leader_waits_for_the_grid<false>>(d, kind::different_barriers, 2, 64,
                                                  [](unsigned a, unsigned b) { return a == 0 && b != 0; });
  wrong<corpus::blocks_wait_apart>(d, kind::different_barriers, 2, 64, any);
  right<corpus::rounds_for_all>(d, 2, 64);
  right<corpus::leader_waits_for_the_grid<true>>(d, 2, 64);
  right<corpus::blocks_wait_together>(d, 2, 64);
}

CROSSLANE_TEST(corpus, absent_lane) {
  wrong<corpus::votes_after_return>(d, kind::absent_lane, 1, 128, [](unsigned, unsigned b) { return b % 32 == 5; });
  wrong<corpus::shuffles_in_a_branch>(d, kind::absent_lane, 1, 64, [](unsigned a, unsigned b) { return a % 32 < 16 && b % 32 >= 16; });
  wrong<corpus::reduces_before_a_barrier>(d, kind::absent_lane, 1, 64, [](unsigned a, unsigned b) { return a % 2 == 0 && b % 2 == 1; });
  right<corpus::votes_before_return>(d, 1, 128);
  right<corpus::group_of_the_branch>(d, 1, 64);
  right<corpus::tiles_reduce_before_a_barrier>(d, 1, 64);
  wrong<corpus::mask_of_more_lanes>(d, kind::absent_lane, 1, 64,
                                    [](unsigned a, unsigned b) { return a % 32 < 8 && b % 32 >= 8 && b % 32 < 16; });
  wrong<corpus::lanes_leave_the_rounds>(d, kind::absent_lane, 2, 64, [](unsigned a, unsigned b) { return a % 16 < 4 && b % 16 >= 4; });
  wrong<corpus::waits_in_a_branch>(d, kind::absent_lane, 2, 64, [](unsigned a, unsigned b) { return a % 4 == 0 && b % 4 != 0; });
  right<corpus::mask_of_these_lanes>(d, 1, 64);
  right<corpus::lanes_stay_for_all_rounds>(d, 2, 64);
  right<corpus::waits_behind_a_branch>(d, 2, 64);
}

CROSSLANE_TEST(corpus, different_lanes) {
  wrong<corpus::votes_and_sums>(d, kind::different_lanes, 1, 64, [](unsigned a, unsigned b) { return a % 16 < 8 && b % 16 >= 8; });
  wrong<corpus::sums_in_both_branches>(d, kind::different_lanes, 1, 64,
                                       [](unsigned a, unsigned b) { return (a % 32 < 8) != (b % 32 < 8); });
  wrong<corpus::shuffles_at_two_places>(d, kind::different_lanes, 1, 64, [](unsigned a, unsigned b) { return (a + b) % 2 == 1; });
  right<corpus::votes_then_sums>(d, 1, 64);
  right<corpus::sums_behind_branches>(d, 1, 64);
  right<corpus::shuffles_at_one_place>(d, 1, 64);
  wrong<corpus::tile_and_wave>(d, kind::different_lanes, 1, 64, [](unsigned a, unsigned b) { return a % 16 < 8 && b % 16 >= 8; });
  wrong<corpus::operators_of_each_lane>(d, kind::different_lanes, 2, 64, [](unsigned a, unsigned b) { return a % 8 < 4 && b % 8 >= 4; });
  right<corpus::tile_then_wave>(d, 1, 64);
  right<corpus::operators_of_all_lanes>(d, 2, 64);
}

CROSSLANE_TEST(corpus, invalid_lane) {
  wrong<corpus::reads_next_tile>(d, kind::invalid_lane, 1, 64, [](unsigned a, unsigned) { return a % 8 == 7; });
  wrong<corpus::reads_before_the_first>(d, kind::invalid_lane, 1, 64, [](unsigned a, unsigned) { return a % 32 == 0; });
  right<corpus::reads_next_lane>(d, 1, 64);
  right<corpus::reads_lane_below>(d, 1, 64);
  wrong<corpus::names_the_wave_s_lane>(d, kind::invalid_lane, 1, 64, [](unsigned a, unsigned) { return a >= 8; });
  wrong<corpus::broadcasts_from_the_last_lane>(d, kind::invalid_lane, 2, 64, [](unsigned a, unsigned) { return a < 64; });
  right<corpus::names_the_tile_s_rank>(d, 1, 64);
  right<corpus::broadcasts_from_the_last_rank>(d, 2, 64);
}

CROSSLANE_TEST(corpus, out_of_bounds) {
  wrong<corpus::no_guard>(d, kind::out_of_bounds, 1, 64, [](unsigned a, unsigned) { return a == (a < 24 ? 0 : a); });
  wrong<corpus::left_edge>(d, kind::out_of_bounds, 1, 64, [](unsigned a, unsigned) { return a == 0; });
  wrong<corpus::shared_too_small>(d, kind::out_of_bounds, 1, 64, [](unsigned a, unsigned) { return a >= 48 || a == 0; });
  wrong<corpus::wide_tail>(d, kind::out_of_bounds, 1, 64, [](unsigned a, unsigned) { return a == 63 || a == 0; });
  right<corpus::with_guard>(d, 1, 64);
  right<corpus::left_edge_kept>(d, 1, 64);
  right<corpus::shared_large_enough>(d, 2, 64);
  right<corpus::wide_body>(d, 1, 64);
  wrong<corpus::index_wraps_around>(d, kind::out_of_bounds, 1, 64, [](unsigned a, unsigned) { return a == 0; });
  wrong<corpus::one_word_for_each_thread<128>>(d, kind::out_of_bounds, 1, 64, [](unsigned a, unsigned) { return a >= 32 || a == 0; });
  wrong<corpus::rows_of_another_pitch<70>>(d, kind::out_of_bounds, 8, 64, [](unsigned a, unsigned) { return a >= 32 || a == 0; });
  wrong<corpus::index_beyond_the_view>(d, kind::out_of_bounds, 1, 64, [](unsigned a, unsigned) { return a >= 24 || a == 0; });
  right<corpus::index_stays>(d, 1, 64);
  right<corpus::one_word_for_each_thread<256>>(d, 1, 64);
  right<corpus::rows_of_another_pitch<64>>(d, 8, 64);
  right<corpus::index_below_the_size>(d, 1, 64);
}

CROSSLANE_TEST(corpus, freed_memory) {
  wrong<corpus::writes_a_freed_buffer>(d, kind::freed_memory, 1, 64, any);
  wrong<corpus::reads_a_freed_buffer>(d, kind::freed_memory, 1, 64, any);
  right<corpus::writes_a_living_buffer>(d, 1, 64);
  right<corpus::reads_a_living_buffer>(d, 1, 64);
  wrong<corpus::counts_in_a_freed_buffer>(d, kind::freed_memory, 2, 64, any);
  right<corpus::counts_in_a_living_buffer>(d, 2, 64);
}

CROSSLANE_TEST(corpus, shared_race) {
  wrong<corpus::forgot_the_barrier>(d, kind::shared_race, 1, 64, [](unsigned a, unsigned b) { return a + b == 63; });
  wrong<corpus::lockstep>(d, kind::shared_race, 1, 64, [](unsigned a, unsigned b) { return (a ^ b) == 1; });
  wrong<corpus::tree_without_waits>(d, kind::shared_race, 1, 64,
                                    [](unsigned a, unsigned b) { return a < b && b - a <= 16 && ((b - a) & (b - a - 1)) == 0; });
  wrong<corpus::reused_at_once>(d, kind::shared_race, 1, 64, [](unsigned a, unsigned b) { return a == 0 && b != 0; });
  wrong<corpus::wave_sync_for_the_block>(d, kind::shared_race, 1, 128, [](unsigned a, unsigned b) { return (a ^ b) == 64; });
  wrong<corpus::tile_sync_for_the_wave>(d, kind::shared_race, 1, 64, [](unsigned a, unsigned b) { return (a ^ b) == 8; });
  wrong<corpus::vote_for_a_sync>(d, kind::shared_race, 1, 64, [](unsigned a, unsigned b) { return (a ^ b) == 1; });
  wrong<corpus::counter_read_plainly>(d, kind::shared_race, 1, 64, differ);
  wrong<corpus::wave_waits_for_itself>(d, kind::shared_race, 1, 128, [](unsigned a, unsigned b) { return a == 0 && b >= 32; });
  wrong<corpus::same_byte>(d, kind::shared_race, 1, 64, [](unsigned a, unsigned b) { return (a ^ b) == 1; });
  wrong<corpus::fence_for_a_barrier>(d, kind::shared_race, 1, 64, [](unsigned a, unsigned b) { return a + b == 63; });
  wrong<corpus::flag_without_release>(d, kind::shared_race, 1, 64, [](unsigned a, unsigned b) { return a == 0 && b != 0; });
  right<corpus::has_the_barrier>(d, 2, 64);
  right<corpus::wave_sync>(d, 2, 64);
  right<corpus::tree_with_waits>(d, 2, 64);
  right<corpus::reused_after_a_barrier>(d, 2, 64);
  right<corpus::tile_sync_for_the_tile>(d, 1, 128);
  right<corpus::tiles_in_turn>(d, 1, 64);
  right<corpus::shuffle_of_shared>(d, 1, 64);
  right<corpus::counter_read_after_a_barrier>(d, 2, 64);
  right<corpus::block_waits_for_itself>(d, 2, 128);
  right<corpus::own_byte>(d, 1, 64);
  right<corpus::flag_with_release>(d, 2, 64);
  wrong<corpus::turns_without_a_wait>(d, kind::shared_race, 1, 32, differ);
  wrong<corpus::product_by_tiles<false>>(d, kind::shared_race, 1, 64,
                                         [](unsigned a, unsigned b) { return a / 8 == b / 8 || a % 8 == b % 8; });
  wrong<corpus::scans_in_place>(d, kind::shared_race, 2, 64, [](unsigned a, unsigned b) { return a < b && ((b - a) & (b - a - 1)) == 0; });
  wrong<corpus::adds_plainly>(d, kind::shared_race, 2, 64, differ);
  wrong<corpus::copies_of_others<false>>(d, kind::shared_race, 1, 64, [](unsigned a, unsigned b) { return (a ^ b) == 1; });
  wrong<corpus::tile_of_others<false>>(d, kind::shared_race, 1, 64,
                                       [](unsigned a, unsigned b) { return a < 16 && (63 - b) / 4 == a && a != b; });
  right<corpus::turns_after_a_wait>(d, 1, 32);
  right<corpus::product_by_tiles<true>>(d, 1, 64);
  right<corpus::scans_in_two_steps>(d, 2, 64);
  right<corpus::adds_by_one_thread>(d, 2, 64);
  right<corpus::copies_of_others<true>>(d, 1, 64);
  right<corpus::tile_of_others<true>>(d, 1, 64);
  wrong<corpus::last_leader_changes<false>>(d, kind::shared_race, 1, 128,
                                            [](unsigned a, unsigned b) { return a % 32 == 0 && b % 32 != 0; });
  wrong<corpus::some_lanes_wait<false>>(d, kind::shared_race, 1, 128, [](unsigned a, unsigned b) { return a % 32 == 0 && b % 2 == 1; });
  right<corpus::last_leader_changes<true>>(d, 1, 128);
  right<corpus::some_lanes_wait<true>>(d, 1, 128);
}

CROSSLANE_TEST(corpus, device_race) {
  wrong<corpus::blocks_add_plainly>(d, kind::device_race, 3, 64, [](unsigned a, unsigned b) { return a == 0 && b == 0; });
  wrong<corpus::smooths_in_place>(d, kind::device_race, 2, 64, [](unsigned a, unsigned b) { return a == 63 && b == 0; });
  wrong<corpus::prepares_in_device_memory>(d, kind::device_race, 1, 64, [](unsigned a, unsigned b) { return a == 0 && b != 0; });
  wrong<corpus::last_block<false>>(d, kind::device_race, 4, 64, [](unsigned a, unsigned) { return a == 0; });
  wrong<corpus::neighbours_in_a_grid<false>>(d, kind::device_race, 3, 64, [](unsigned a, unsigned b) { return a == b; });
  right<corpus::blocks_add_atomically>(d, 3, 64);
  right<corpus::smooths_to_another>(d, 2, 64);
  right<corpus::prepares_before_a_barrier>(d, 3, 64);
  right<corpus::last_block<true>>(d, 4, 64);
  constexpr auto narrow = xl::scope::block, wide = xl::scope::device;
  wrong<corpus::last_block_by_fences<narrow, wide>>(d, kind::device_race, 4, 64, [](unsigned a, unsigned) { return a == 0; });
  wrong<corpus::last_block_by_fences<wide, narrow>>(d, kind::device_race, 4, 64, [](unsigned a, unsigned) { return a == 0; });
  right<corpus::last_block_by_fences<wide, wide>>(d, 4, 64);
  wrong<corpus::last_wave<corpus::addition::by_leader>>(d, kind::device_race, 4, 64, any);
  wrong<corpus::last_wave<corpus::addition::relaxed>>(d, kind::device_race, 4, 64, any);
  right<corpus::last_wave<corpus::addition::for_the_wave>>(d, 4, 64);
  wrong<corpus::hands_on_by_compare_exchange<false>>(d, kind::device_race, 4, 64, any);
  right<corpus::hands_on_by_compare_exchange<true>>(d, 4, 64);
  right<corpus::neighbours_in_a_grid<true>>(d, 3, 64);
  wrong<corpus::fence_for_the_grid<false>>(d, kind::device_race, 3, 64, [](unsigned a, unsigned b) { return a + b == 63; });
  wrong<corpus::bins_counted_plainly>(d, kind::device_race, 1, 64, [](unsigned a, unsigned b) { return a != b && a % 16 == b % 16; });
  wrong<corpus::steps_of_the_block>(d, kind::device_race, 2, 64, [](unsigned a, unsigned b) { return a == b; });
  wrong<corpus::turns_in_place<false>>(d, kind::device_race, 1, 64,
                                       [](unsigned a, unsigned b) { return a / 8 == b % 8 && a % 8 == b / 8; });
  right<corpus::fence_for_the_grid<true>>(d, 3, 64);
  right<corpus::bins_counted_atomically>(d, 3, 64);
  right<corpus::steps_of_the_grid>(d, 2, 64);
  right<corpus::turns_in_place<true>>(d, 1, 64);
}

CROSSLANE_TEST(corpus, narrow_scope) {
  wrong<corpus::counts_for_the_block>(d, kind::narrow_scope, 3, 64, any);
  wrong<corpus::counts_for_the_wave>(d, kind::narrow_scope, 1, 128, [](unsigned a, unsigned b) { return a / 32 != b / 32; });
  right<corpus::counts_for_the_device>(d, 3, 64);
  right<corpus::counts_of_each_wave>(d, 1, 128);
  wrong<corpus::scopes_that_differ>(d, kind::narrow_scope, 3, 64, any);
  wrong<corpus::maximum_for_the_wave>(d, kind::narrow_scope, 2, 128, [](unsigned a, unsigned b) { return a / 32 != b / 32; });
  right<corpus::scopes_that_agree>(d, 3, 64);
  right<corpus::maximum_for_the_block>(d, 2, 128);
}

CROSSLANE_TEST(corpus, unwritten_memory) {
  wrong<corpus::sums_from_nothing>(d, kind::unwritten_memory, 1, 64, any);
  wrong<corpus::reads_a_new_buffer>(d, kind::unwritten_memory, 1, 64, any);
  wrong<corpus::counts_from_nothing>(d, kind::unwritten_memory, 1, 64, any);
  wrong<corpus::halo_left_out>(d, kind::unwritten_memory, 1, 64, [](unsigned a, unsigned) { return a == 0 || a == 63; });
  wrong<corpus::shared_from_the_block_before>(d, kind::unwritten_memory, 2, 64, any);
  right<corpus::sums_from_zero>(d, 2, 64);
  right<corpus::writes_a_new_buffer>(d, 1, 64);
  right<corpus::counts_from_zero>(d, 1, 64);
  right<corpus::halo_filled>(d, 1, 64);
  right<corpus::shared_by_each_block>(d, 2, 64);
  wrong<corpus::adds_to_a_new_buffer>(d, kind::unwritten_memory, 2, 64, any);
  wrong<corpus::tail_brings_nothing<false>>(d, kind::unwritten_memory, 1, 64, [](unsigned a, unsigned) { return a >= 18 && a < 32; });
  wrong<corpus::counts_in_dynamic_memory<false>>(d, kind::unwritten_memory, 2, 64, any);
  right<corpus::stores_to_a_new_buffer>(d, 2, 64);
  right<corpus::tail_brings_nothing<true>>(d, 1, 64);
  right<corpus::counts_in_dynamic_memory<true>>(d, 2, 64);
}

CROSSLANE_TEST(corpus, undefined_casts) {
  wrong<corpus::casts_what_does_not_fit>(d, kind::undefined_cast, 1, 64, [](unsigned a, unsigned) { return a >= 22; });
  wrong<corpus::averages<false>>(d, kind::undefined_cast, 2, 64, [](unsigned a, unsigned) { return a < 2; });
#ifdef __FLT16_MAX__
  wrong<corpus::casts_a_half>(d, kind::undefined_cast, 1, 64, [](unsigned a, unsigned) { return a >= 16; });
#endif
  right<corpus::casts_to_limits>(d, 1, 64);
  right<corpus::averages<true>>(d, 2, 64);
}

CROSSLANE_TEST_ONCE(corpus, casts_in_a_locale_with_a_comma) {
  comma_locale const locale;
  CROSSLANE_CHECK(contains(report_of(xl::device{0}, kernel_of<corpus::casts_what_does_not_fit>(), 1, 64, 0).text(), "casts 2.2e+09"));
}

CROSSLANE_TEST(corpus, undefined_shifts) {
  wrong<corpus::masks_of_a_word>(d, kind::undefined_shift, 1, 64, [](unsigned a, unsigned) { return a >= 32; });
  wrong<corpus::shifts_back<false>>(d, kind::undefined_shift, 1, 64, [](unsigned a, unsigned) { return a < 2; });
  right<corpus::masks_of_two_words>(d, 1, 64);
  right<corpus::shifts_back<true>>(d, 1, 64);
}

CROSSLANE_TEST(corpus, widths) {
  wrong_at<64, corpus::vote_in_32_bits>(d, kind::device_race, 1, 128,
                                        [](unsigned a, unsigned b) { return a % 64 >= 32 && b % 64 >= 32 && a / 64 == b / 64; });
  wrong_at<64, corpus::row_leaves_the_wave>(d, kind::absent_lane, 1, 128,
                                            [](unsigned a, unsigned b) { return a >= 64 && a < 96 && b >= 96; });
  wrong_at<64, corpus::rows_shuffle_in_the_wave>(d, kind::absent_lane, 1, 128,
                                                 [](unsigned a, unsigned b) { return a % 64 < 32 && b % 64 >= 32; });
  wrong_at<64, corpus::sums_of_32_threads>(d, kind::unwritten_memory, 1, 128, [](unsigned a, unsigned) { return a == 1 || a == 3; });
  wrong_at<32, corpus::room_for_two_waves>(d, kind::out_of_bounds, 1, 128, [](unsigned a, unsigned) { return a >= 64 || a == 0; });
  wrong_at<64, corpus::half_a_wave_waits>(d, kind::shared_race, 1, 128, [](unsigned a, unsigned b) { return (a ^ b) == 32; });
  right<corpus::vote_of_all_lanes>(d, 1, 128);
  right<corpus::row_is_a_tile>(d, 1, 128);
  right<corpus::rows_shuffle_in_their_tile>(d, 1, 128);
  right<corpus::sums_of_waves>(d, 1, 128);
  right<corpus::room_for_all_waves>(d, 1, 128);
  right<corpus::whole_wave_waits>(d, 1, 128);
}

/// The report of a kernel that is right at 32 lanes, as docs/checker.md shows it.
CROSSLANE_TEST_ONCE(corpus, right_at_one_width) {
  checks::report const r = checks::findings(corpus::sum_32_threads_each, {.seeds = 1, .level = checks::level::full, .seed = 0});
  CROSSLANE_CHECK(r.size() == 1 && r.only_at(r.entries()[0]) == 64);
  check_recorded(source_path("test/check/findings/right_at_one_width.txt"), without_folders(r.text()));
}

/// A launch that no device supports is an error that names the kernel and the limit. Later work is not affected.
template <class K, class Run>
void wrong_launch(xl::device d, std::initializer_list<std::string> parts, Run const& run) {
  ++wrong_kernels;
  std::string const name = short_name<K>();
  try {
    run();
    fail(name + " is no error", source_location::current());
  } catch (xl::error const& e) {
    if (e.code() != xl::errc::limit_exceeded) fail(name + ": " + e.what(), source_location::current());
    for (std::string const& part : parts)
      if (!contains(e.what(), part)) fail("no '" + part + "' in: " + e.what(), source_location::current());
  }
  expect_usable(d);
}

CROSSLANE_TEST(corpus, launches) {
  wrong_launch<corpus::needs_shared_memory<8192>>(d, {"needs_shared_memory", "61440 + 8192 bytes", "65536"},
                                                  [&] { report_of(d, kernel_of<corpus::needs_shared_memory<8192>>(), 1, 64, 0); });
  wrong_launch<corpus::one_element_each>(d, {"one_element_each", "4294967360", "4294967295"},
                                         [&] { report_of(d, kernel_of<corpus::one_element_each>(), (1u << 26) + 1, 64, 0); });
  right<corpus::needs_shared_memory<4096>>(d, 2, 64);
  right<corpus::one_element_each>(d, 20, 64);
}

CROSSLANE_TEST_ONCE(corpus, counts) {
  std::printf("%u wrong and %u right kernels, two widths, %llu orders each\n", wrong_kernels / 2, right_kernels / 2,
              static_cast<unsigned long long>(seeds));
}

}  // namespace
