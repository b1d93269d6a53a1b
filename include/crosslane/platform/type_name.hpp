// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The name of a type, as the compiler spells it, for messages.
#pragma once

#include <cstddef>

namespace crosslane {
namespace detail {

struct type_name_text {
  char data[256] = {};
};

template <class T>
constexpr type_name_text make_type_name() {
  // "... [with T = name]" (g++) or "... [T = name]" (clang, nvcc's host pass)
  char const* text = __PRETTY_FUNCTION__;
  std::size_t length = 0;
  while (text[length] != 0) ++length;
  std::size_t begin = 0;
  while (begin + 4 < length && !(text[begin] == 'T' && text[begin + 1] == ' ' && text[begin + 2] == '=')) ++begin;
  begin += 4;
  std::size_t const end = length - 1;  // the closing bracket
  type_name_text result;
  for (std::size_t i = 0; begin + i < end && i + 1 < sizeof result.data; ++i) result.data[i] = text[begin + i];
  return result;
}

/// Whether the name of T contains `part`, which begins with a whole name: "std::x" is not found in "other::std::x" nor in "my_std::x".
template <class T>
constexpr bool type_name_has(char const* part) {
  bool within_name = false;
  for (char const* text = __PRETTY_FUNCTION__; *text != 0; ++text) {
    int i = 0;
    while (part[i] != 0 && text[i] == part[i]) ++i;
    if (part[i] == 0 && !within_name) return true;
    char const c = *text;
    within_name = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == ':';
  }
  return false;
}

template <class T>
inline constexpr type_name_text type_name_storage = make_type_name<T>();

}  // namespace detail

/// Returns the name of T, null-terminated and truncated to 255 characters.
template <class T>
constexpr char const* type_name() noexcept {
  return detail::type_name_storage<T>.data;
}

}  // namespace crosslane
