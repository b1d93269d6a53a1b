// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The functions of the loaded library that the program calls.
#pragma once

#include <crosslane/crosslane.hpp>

/// The library exports it by the name "plugin".
struct plugin {
  crosslane::stream* (*make_stream)(int device);
  void (*delete_stream)(crosslane::stream*);
  void (*launch_slow)(crosslane::stream&, bool* done);  ///< sets `done` after some milliseconds
  void (*launch_failing)(crosslane::stream&);           ///< throws crosslane::error, some milliseconds later
  void (*synchronize_device)(int device);
  void (*synchronize)(crosslane::stream const&);
};
