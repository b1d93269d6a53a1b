// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Copies from device to shared memory on AMD GPUs: loads and stores. A thread waits for its load before it stores, so only other waves can
/// hide the latency.
#pragma once

#include <hip/hip_runtime.h>

#include <crosslane/backend/native/gpu/access_words.hpp>
#include <crosslane/backend/native/gpu/copy_some.hpp>
#include <crosslane/platform/source_location.hpp>

namespace crosslane::backend {

/// The copies of one thread.
struct hip_async_copies {
  template <unsigned Bytes>
  static CROSSLANE_DEVICE_FN void copy(void* to, void const* from, source_location) {
    *static_cast<access_words<Bytes>*>(to) = *static_cast<access_words<Bytes> const*>(from);
  }
  /// Copies the first `valid` bytes and sets the others of the target to zero.
  template <unsigned Bytes>
  static CROSSLANE_DEVICE_FN void copy_some(void* to, void const* from, unsigned valid, source_location) {
    copy_some_now<Bytes>(to, from, valid);
  }
  static CROSSLANE_DEVICE_FN void commit() {}
  template <unsigned Pending>
  static CROSSLANE_DEVICE_FN void wait() {}
};

template <unsigned Stages>
struct hip_bulk_copies {
  static constexpr bool available = false;
};

}  // namespace crosslane::backend
