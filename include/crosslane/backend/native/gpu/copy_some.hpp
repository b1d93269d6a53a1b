// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Copies by loads and stores, of a piece of which only the first bytes exist.
#pragma once

#include <crosslane/backend/native/gpu/access_words.hpp>
#include <crosslane/platform/source_location.hpp>

namespace crosslane::backend {

/// Copies the first `valid` bytes and sets the others of the target to zero. Both addresses are multiples of Bytes.
template <unsigned Bytes>
CROSSLANE_DEVICE_FN CROSSLANE_INLINE void copy_some_now(void* to, void const* from, unsigned valid) {
  if (valid == Bytes) {
    *static_cast<access_words<Bytes>*>(to) = *static_cast<access_words<Bytes> const*>(from);
  } else if (valid == 0) {
    *static_cast<access_words<Bytes>*>(to) = {};
  } else {
    for (unsigned i = 0; i < Bytes; ++i)
      static_cast<access_words<1>*>(to)[i].word[0] = i < valid ? static_cast<access_words<1> const*>(from)[i].word[0] : 0;
  }
}

/// Tiles that threads store by loads and stores: nothing is in flight.
struct plain_tile_stores {
  static constexpr bool available = false;
  template <unsigned Bytes>
  static CROSSLANE_DEVICE_FN void copy(void* to, void const* from, source_location) {
    *static_cast<access_words<Bytes>*>(to) = *static_cast<access_words<Bytes> const*>(from);
  }
  static CROSSLANE_DEVICE_FN void commit() {}
  template <unsigned Pending>
  static CROSSLANE_DEVICE_FN void wait() {}
};

}  // namespace crosslane::backend
