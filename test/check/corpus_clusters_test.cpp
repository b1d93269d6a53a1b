// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The checker finds each wrong kernel of the corpus whose blocks form clusters, and nothing in the right ones.
#include "corpus/clusters.hpp"
#include "corpus_run.hpp"

namespace crosslane_test {
namespace {

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
