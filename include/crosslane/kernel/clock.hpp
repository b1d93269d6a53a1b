// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Time as a kernel sees it.
#pragma once

#include <crosslane/kernel/context.hpp>

#include <cstdint>

namespace crosslane {

/// Cycles of the multiprocessor that the thread runs on, counted from anywhere: only differences of two readings by one thread mean
/// something. AMD's gfx11 counts in 20 bits: there a difference is right modulo 2^20. On the host nanoseconds, as timer_ns(). Reads
/// stand in program order among themselves; other instructions may move across them.
template <kernel_context Ctx>
CROSSLANE_FN std::uint64_t clock(Ctx const& ctx) {
  return ctx.native().clock();
}

/// Nanoseconds of a clock that all multiprocessors of the device share, counted from anywhere: NVIDIA's %globaltimer, in steps that the
/// driver sets; on the host std::chrono::steady_clock's. On AMD GPUs ten times the ticks of the constant clock, which are nanoseconds on
/// chips where it runs at 100 MHz; on others HIP's attribute of the wall clock's rate says what a tick is.
template <kernel_context Ctx>
CROSSLANE_FN std::uint64_t timer_ns(Ctx const& ctx) {
  return ctx.native().timer_ns();
}

}  // namespace crosslane
