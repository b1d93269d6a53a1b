// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Operations of a whole block. They are built on operations of its waves.
#pragma once

#include <crosslane/kernel/block_exchange.hpp>
#include <crosslane/kernel/block_histogram.hpp>
#include <crosslane/kernel/block_load.hpp>
#include <crosslane/kernel/block_reduce.hpp>
#include <crosslane/kernel/block_scan.hpp>
#include <crosslane/kernel/block_sort.hpp>
