// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The checker finds each wrong kernel of the corpus whose blocks form clusters, and nothing in the right ones.
#include "corpus/clusters.hpp"
#include "corpus/tile_copies.hpp"
#include "corpus_run.hpp"

namespace crosslane_test {
namespace {

/// A kernel that also gets the data as a tensor.
template <class K>
corpus_kernel with_tiles() {
  return {short_name<K>(), [](xl::stream const& q, unsigned grid, unsigned block, corpus::memory const& m) {
            xl::tensor_view const view{m.data.data(), corpus::tiled_matrix{}};
            xl::launch(q, {.grid = grid, .block = block}, K{}, m, xl::make_tiled<corpus::small_tile>(q, view));
          }};
}
template <class Wrong, class Right>
void check_tiles(xl::device d, kind expected, unsigned grid, bool (*threads)(unsigned, unsigned)) {
  check_wrong(d, with_tiles<Wrong>(), expected, grid, 64, threads);
  expect_nothing(d, with_tiles<Right>(), grid, 64);
}

CROSSLANE_TEST(corpus, tile_copies) {
  check_tiles<corpus::reads_a_tile_early<true>, corpus::reads_a_tile_early<false>>(d, kind::shared_race, 1, any);
  check_tiles<corpus::writes_a_stored_tile<true>, corpus::writes_a_stored_tile<false>>(d, kind::shared_race, 1, any);
  check_tiles<corpus::reads_a_stored_place<true>, corpus::reads_a_stored_place<false>>(d, kind::device_race, 1, any);
  check_tiles<corpus::reads_a_multicast_early<true>, corpus::reads_a_multicast_early<false>>(d, kind::shared_race, 2, any);
}

CROSSLANE_TEST(corpus, clusters) {
  wrong<corpus::reads_a_peer_early<false>>(d, kind::shared_race, 4, 64, [](unsigned a, unsigned b) { return a + b == 63; });
  wrong<corpus::writes_to_a_peer_late<false>>(d, kind::shared_race, 4, 64, [](unsigned a, unsigned b) { return a == b; });
  wrong<corpus::writes_between_the_halves<false>>(d, kind::shared_race, 4, 64, [](unsigned a, unsigned b) { return a == b; });
  wrong<corpus::writes_between_the_halves_of_its_block<false>>(d, kind::shared_race, 4, 64,
                                                               [](unsigned a, unsigned b) { return a + b == 63; });
  wrong<corpus::counts_in_a_peer<false>>(d, kind::narrow_scope, 4, 64, any);
  wrong<corpus::reads_an_unwritten_peer<false>>(d, kind::unwritten_memory, 2, 64, any);
  wrong<corpus::passes_its_own_address<false>>(d, kind::out_of_bounds, 2, 64, any);
  wrong<corpus::ends_before_a_peer_has_read<false>>(d, kind::ended_block, 2, 64, any);
  wrong<corpus::ends_before_a_flag<false>>(d, kind::ended_block, 2, 64, any);
  wrong<corpus::leaves_its_cluster<true>>(d, kind::early_exit, 4, 64, any);
  wrong<corpus::different_barriers_of_a_cluster<false>>(d, kind::different_barriers, 4, 64, any);
  right<corpus::reads_a_peer_early<true>>(d, 4, 64);
  right<corpus::writes_to_a_peer_late<true>>(d, 4, 64);
  right<corpus::writes_between_the_halves<true>>(d, 4, 64);
  right<corpus::writes_between_the_halves_of_its_block<true>>(d, 4, 64);
  right<corpus::counts_in_a_peer<true>>(d, 4, 64);
  right<corpus::reads_an_unwritten_peer<true>>(d, 2, 64);
  right<corpus::passes_its_own_address<true>>(d, 2, 64);
  right<corpus::ends_before_a_peer_has_read<true>>(d, 2, 64);
  right<corpus::ends_before_a_flag<true>>(d, 2, 64);
  right<corpus::leaves_its_cluster<false>>(d, 4, 64);
  right<corpus::different_barriers_of_a_cluster<true>>(d, 4, 64);
}

}  // namespace
}  // namespace crosslane_test
