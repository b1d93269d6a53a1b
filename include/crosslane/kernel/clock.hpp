// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Clocks that a kernel can read.
#pragma once

#include <crosslane/kernel/context.hpp>

#include <cstdint>

namespace crosslane {

/// Returns a cycle count of the multiprocessor on which the thread runs. Any thread may call it. The start of the count is arbitrary, so
/// only differences between two readings by one thread have a meaning. AMD's gfx11 counts in 20 bits: a difference is correct modulo 2^20.
/// The host returns nanoseconds, like timer_ns(). Readings are in program order among themselves, but other instructions may move across
/// them.
template <kernel_context Ctx>
CROSSLANE_FN std::uint64_t clock(Ctx const& ctx) {
  return ctx.native().clock();
}

/// Returns the nanoseconds of a clock that all multiprocessors of the device share. Any thread may call it. The start of the count is
/// arbitrary. NVIDIA: %globaltimer, whose resolution the driver sets. Host: std::chrono::steady_clock. AMD: ten times the ticks of the
/// constant clock, which are nanoseconds if the clock runs at 100 MHz. On other AMD chips HIP's attribute of the wall clock rate gives the
/// duration of a tick.
template <kernel_context Ctx>
CROSSLANE_FN std::uint64_t timer_ns(Ctx const& ctx) {
  return ctx.native().timer_ns();
}

}  // namespace crosslane
