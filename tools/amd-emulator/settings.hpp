// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Reads the settings: the environment variables AMDEMU_*. docs/amd-emulator.md lists them.
#pragma once
#include <cstdlib>
#include <cstring>
#include <string>

namespace emu {

/// Returns the value of a variable, or `otherwise` if it is unset or empty.
inline char const* setting(char const* name, char const* otherwise = "") {
  char const* value = getenv(name);
  return value && *value ? value : otherwise;
}
/// Whether a variable is set to anything but 0.
inline bool enabled(char const* name) {
  char const* value = setting(name);
  return *value && strcmp(value, "0") != 0;
}
/// Whether a variable is set to "error": the finding fails the launch instead of being only printed.
inline bool is_error(char const* name) { return strcmp(setting(name), "error") == 0; }

/// Returns the number that a variable is set to, in decimal or hexadecimal, or `otherwise`. With K, M, G or T behind it: times 2^10 and so
/// on.
double number(char const* name, char const* otherwise);
/// Says for each variable AMDEMU_* that is no setting, or that has a value that the setting does not have, what is allowed. Empty: all are
/// right.
std::string invalid_settings();

}  // namespace emu
