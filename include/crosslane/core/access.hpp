// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Kinds of access to memory.
#pragma once

namespace crosslane {

/// The kind of access of load_vec() and store_vec().
enum class access : unsigned char {
  plain,        ///< like an access through a pointer
  streaming,    ///< device memory that is used once: caches should not keep it
  read_only,    ///< device memory that no thread writes while the kernel runs; loads only
  as_volatile,  ///< never omitted and never repeated, as volatile in C++; neither ordered among threads nor atomic
};

}  // namespace crosslane
