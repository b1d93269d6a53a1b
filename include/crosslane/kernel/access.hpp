// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// How memory is read and written.
#pragma once

namespace crosslane {

enum class access : unsigned char {
  plain,
  streaming,    ///< used once: caches should not keep it. Device memory
  read_only,    ///< nobody writes it while the kernel runs. Device memory; loads only
  as_volatile,  ///< each time anew, neither left out nor repeated. No order among threads, and no atomicity
};

}  // namespace crosslane
