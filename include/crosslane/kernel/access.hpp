// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// How memory is read and written.
#pragma once

namespace crosslane {

/// What an access promises, for load_vec() and store_vec().
enum class access : unsigned char {
  plain,        ///< as a pointer's
  streaming,    ///< used once: caches should not keep it. Device memory
  read_only,    ///< nobody writes it while the kernel runs. Device memory; loads only
  as_volatile,  ///< each time anew, neither left out nor repeated. No order among threads, and no atomicity
};

}  // namespace crosslane
