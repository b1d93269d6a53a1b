// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Always compiled for the host, with other settings.
#define CROSSLANE_CONFIG_BOUNDS_CHECKS 1
#define CROSSLANE_CONFIG_SYNC_LAUNCHES 1
#define CROSSLANE_CONFIG_HOST_SHARED_BYTES (96 * 1024)
#define CROSSLANE_CONFIG_HOST_STACK_BYTES (256 * 1024)
#include "define_part.hpp"

two_tu::part const& two_tu::part_d() { return this_part; }

int two_tu::sum_of(xl::basic_stream_ref<xl::host> q, xl::span<int const> values,
                   xl::basic_buffer<int, xl::memory_kind::pinned, xl::host>& result) {
  q.host_callback([values, &result] {
    result[0] = 0;
    for (int const value : values) result[0] += value;
  });
  q.synchronize();
  return result[0];
}
