// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Algorithms on whole arrays of a device: reductions, scans, selections, sorts. The host calls them on a stream.
#pragma once

#include <crosslane/crosslane.hpp>

#include <crosslane/algorithm/by_key.hpp>
#include <crosslane/algorithm/histogram.hpp>
#include <crosslane/algorithm/merge.hpp>
#include <crosslane/algorithm/merge_sort.hpp>
#include <crosslane/algorithm/radix_sort.hpp>
#include <crosslane/algorithm/rearrange.hpp>
#include <crosslane/algorithm/reduce.hpp>
#include <crosslane/algorithm/scan.hpp>
#include <crosslane/algorithm/search.hpp>
#include <crosslane/algorithm/segmented_sort.hpp>
#include <crosslane/algorithm/select.hpp>
#include <crosslane/algorithm/top_k.hpp>

namespace crosslane {

/// A workspace of the default backend.
using workspace = basic_workspace<default_backend>;

}  // namespace crosslane
