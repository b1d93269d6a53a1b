// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The table of the links between the devices of a machine. Not in the core header.
#pragma once

#include <crosslane/runtime/device.hpp>

#include <vector>

namespace crosslane {

/// Returns the link of each ordered pair of devices of a backend, by `from`, then by `to`. The vector is empty if the machine has fewer
/// than two devices. Throws vendor errors.
///
///   for (xl::device_link const& link : xl::device_links<xl::default_backend>())
///     std::printf("%d -> %d: %s\n", link.from, link.to, xl::to_string(link.kind));
template <runtime_backend B>
[[nodiscard]] std::vector<device_link> device_links(source_location where = source_location::current()) {
  std::vector<device_link> result;
  int const count = basic_device<B>::count();
  for (int from = 0; from < count; ++from)
    for (int to = 0; to < count; ++to)
      if (from != to) result.push_back(basic_device<B>{from, where}.link_to(basic_device<B>{to, where}, where));
  return result;
}

}  // namespace crosslane
