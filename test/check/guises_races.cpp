// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The guises of races, of reads of memory that is not written, and of memory of the program.
#include "corpus/guises/device_races.hpp"
#include "corpus/guises/shared_races.hpp"
#include "corpus/guises/sizes.hpp"
#include "corpus/guises/unwritten.hpp"
#include "guises.hpp"

namespace {

using namespace corpus;

crosslane_test::added_guises const shared_races =
    crosslane_test::kernel_guises<warp_reduce_volatile, dynamic_tree, double_buffer, softmax_scratch, norm_scratch, bitonic_sort,
                                  block_histogram, stencil_halo, padded_transpose, scan_of_wave_sums, pushes_plainly,
                                  vector_store_scalar_load, bit_fields, rows_by_memcpy, persistent_threads, staged_copies>();

crosslane_test::added_guises const device_races = crosslane_test::kernel_guises<
    histogram_plainly, last_block_sums, last_block_sets_the_counter_back, fence_before_the_sum, shifts_in_place, compacts_plainly,
    flag_of_convergence, overlapping_vectors, lock_opened_relaxed, ticket_lock, look_back_relaxed, volatile_flag, clears_and_counts,
    initialises_once, frontier, stride_of_the_block, sums_rows_in_a_tensor, bytes_of_a_mask, sweeps_of_a_grid, ping_pong_of_lanes,
    histogram_for_the_block, tickets_of_waves, maximum_of_a_struct, dynamic_counter_of_a_wave, fence_of_the_block>();

crosslane_test::added_guises const unwritten =
    crosslane_test::kernel_guises<sum_not_zeroed, tail_of_the_tree, accumulates_in_a_new_buffer, vectors_of_a_new_buffer, member_left_out,
                                  counts_in_a_new_buffer, copies_a_new_buffer, cache_of_the_block_before, local_array_in_part,
                                  span_over_the_heap, counter_of_the_program, vectors_of_the_program, result_for_the_program,
                                  setting_of_the_program, pointer_to_a_local_array>();

crosslane_test::added_guises const sizes =
    crosslane_test::kernel_guises<byte_in_a_word, half_of_a_counter, doubles_of_a_sum, halves_of_a_row, assigns_the_whole,
                                  pointers_of_a_list, clears_by_memset, moves_up_by_memmove, fills_by_std_fill, sums_by_accumulate,
                                  sorts_by_std_sort, stores_a_large_result, passes_a_large_argument, block_of_one_wave,
                                  counter_read_relaxed, leader_counts_for_its_block, lock_taken_relaxed, reads_under_no_lock,
                                  queue_announced_too_early>();

}  // namespace
