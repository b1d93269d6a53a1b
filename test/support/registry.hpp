// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The tests of a program, before GoogleTest knows them.
#pragma once

namespace crosslane_test {

/// A test that runs once for each device, or once alone when `device_name` is null.
struct registration {
  char const* suite;
  char const* name;
  char const* file;
  int line;
  void (*run)(int device);
  char const* (*device_name)(int device);  ///< null behind the last
  registration* next = nullptr;

  registration(char const* suite_, char const* name_, char const* file_, int line_, void (*run_)(int), char const* (*device_name_)(int));
};

}  // namespace crosslane_test
