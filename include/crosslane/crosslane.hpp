// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The core of the library: the runtime, the kernel side, element-wise algorithms, and the default backend of the compiler.
#pragma once

#include <crosslane/version.hpp>

#include <crosslane/platform/annotations.hpp>
#include <crosslane/platform/config.hpp>
#include <crosslane/platform/type_name.hpp>

#include <crosslane/runtime/buffer.hpp>
#include <crosslane/runtime/copy.hpp>
#include <crosslane/runtime/device.hpp>
#include <crosslane/runtime/event.hpp>
#include <crosslane/runtime/kernel_report.hpp>
#include <crosslane/runtime/launch.hpp>
#include <crosslane/runtime/managed.hpp>
#include <crosslane/runtime/occupancy.hpp>
#include <crosslane/runtime/registration.hpp>
#include <crosslane/runtime/stream.hpp>
#include <crosslane/runtime/trace.hpp>

#include <crosslane/kernel/aggregated.hpp>
#include <crosslane/kernel/async_copy.hpp>
#include <crosslane/kernel/atomic.hpp>
#include <crosslane/kernel/atomic_pair.hpp>
#include <crosslane/kernel/block.hpp>
#include <crosslane/kernel/clock.hpp>
#include <crosslane/kernel/cluster.hpp>
#include <crosslane/kernel/complex.hpp>
#include <crosslane/kernel/context.hpp>
#include <crosslane/kernel/diagnostics.hpp>
#include <crosslane/kernel/math.hpp>
#include <crosslane/kernel/numeric.hpp>
#include <crosslane/kernel/pipeline.hpp>
#include <crosslane/kernel/shared_arrays.hpp>
#include <crosslane/kernel/tile.hpp>
#include <crosslane/kernel/vec.hpp>
#include <crosslane/kernel/vec_access.hpp>

#include <crosslane/algorithm/fill.hpp>
#include <crosslane/algorithm/for_each.hpp>
#include <crosslane/algorithm/transform.hpp>

// This header must be last: its short names (stream, device, ...) must not be shadowed by parameters in the headers above.
#include <crosslane/backend/select.hpp>
