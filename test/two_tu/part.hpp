// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// What each translation unit lets the others call.
#pragma once

#include "shared.hpp"

#include <string>

namespace two_tu {

struct part {
  char const* backend;  ///< the default one of its compiler
  int (*devices)();     ///< of that backend
  int (*sum_on_default)(int factor);
  int (*sum_on_host)(xl::basic_stream_ref<xl::host> q, int factor);
  void (*throw_error)();                                    ///< a crosslane::error: limit_exceeded, "thrown by " and the backend
  void (*copy_too_much)(xl::basic_stream_ref<xl::host> q);  ///< by the library: size_mismatch
  void (*fail_later)(xl::basic_stream_ref<xl::host> q);     ///< the next to synchronise gets the error of throw_error
  std::string (*what)(void (*f)());                         ///< calls f; the object of the crosslane::error that it throws
};

part const& part_a();
part const& part_b();
part const& part_c();

}  // namespace two_tu
