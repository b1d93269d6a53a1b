// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "names.hpp"
#include <cxxabi.h>
#include <cstdlib>
#include <cstring>

namespace emu {

/// Returns the index behind the list in brackets that begins at `at`. An expression in parentheses may have < and > as operators.
static size_t skip_brackets(std::string const& s, size_t at) {
  char const open = s[at], close = open == '<' ? '>' : open == '(' ? ')' : open == '[' ? ']' : '}';
  for (at++; at < s.size();) {
    if (s[at] == close && !(close == '>' && s[at - 1] == '-')) return at + 1;
    at = strchr(open == '<' ? "<([{" : "([{", s[at]) ? skip_brackets(s, at) : at + 1;
  }
  return s.size();
}

std::string plain_name(std::string const& function) {
  static std::string const word = "operator", unnamed = "(anonymous namespace)", call = "()";
  std::string name;
  for (size_t at = 0; at < function.size();) {
    if (function.compare(at, word.size(), word) == 0 && (name.empty() || name.back() == ':')) {
      name += word;
      at += word.size();
      if (function.compare(at, call.size(), call) == 0) {
        name += call;
        at += call.size();
      } else {
        for (; at < function.size() && strchr("<>=!+-*/%&|^~[],", function[at]); at++) name += function[at];
        // "operator<<int>" is operator< of int: the list of arguments has its bracket.
        if (name.compare(name.size() - 2, 2, "<<") == 0 && at < function.size() && function[at] != '<' && function[at] != '(') {
          name.pop_back();
          at--;
        }
      }
    } else if (function.compare(at, unnamed.size(), unnamed) == 0) {
      name += unnamed;
      at += unnamed.size();
    } else if (function[at] == '<') {
      at = skip_brackets(function, at);
    } else if (function[at] == '(') {
      break;
    } else if (function[at] == ' ') {
      name.clear();  // the result
      at++;
    } else {
      name += function[at++];
    }
  }
  return name.empty() ? function : name;
}

std::string kernel_name(std::string const& mangled) {
  int status = 0;
  char* const text = abi::__cxa_demangle(mangled.c_str(), nullptr, nullptr, &status);
  if (!text) return mangled;
  std::string const name = text;
  free(text);
  static std::string const instance = "crosslane::backend::instance<crosslane::hip, ";
  auto const library = name.find(instance);
  auto begin = library == std::string::npos ? library : name.find(", ", library + instance.size());
  if (begin == std::string::npos) return name;
  begin += 2;  // behind the number of lanes
  size_t end = begin;
  while (end < name.size() && name[end] != ',' && name[end] != '>') end = strchr("<([{", name[end]) ? skip_brackets(name, end) : end + 1;
  return name.substr(begin, end - begin);
}

}  // namespace emu
