// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "settings.hpp"
#include <unistd.h>
#include <cctype>
#include <cmath>
#include <cstdio>

namespace emu {
namespace {

enum class Kind { words, whole, real, bytes, architecture, text };
struct Setting {
  char const* name;
  Kind kind;
  char const* words = "";  // the allowed ones, each with a space behind it
  double least = 0, most = 0;
};
char const finding[] = "0 1 error ", switched[] = "0 1 ", severity[] = "warning error ";
Setting const all[] = {
    {"AMDEMU_ABORT", Kind::words, switched},
    {"AMDEMU_ARCH", Kind::architecture},
    {"AMDEMU_ASYNC", Kind::words, switched},
    {"AMDEMU_BARRIER", Kind::words, severity},
    {"AMDEMU_BOUNDS", Kind::words, finding},
    {"AMDEMU_COVERAGE", Kind::text},
    {"AMDEMU_DEVICES", Kind::whole, "", 0, 64},
    {"AMDEMU_FILL", Kind::whole, "", 0, 255},
    {"AMDEMU_GRAPH_ORDER", Kind::words, "reverse random "},
    {"AMDEMU_GUARD", Kind::words, switched},
    {"AMDEMU_HIP_API", Kind::whole, "", 5, 7},
    {"AMDEMU_LDS_FILL", Kind::whole, "", 0, 255},
    {"AMDEMU_LDS_OOB", Kind::words, severity},
    {"AMDEMU_LEAKS", Kind::words, finding},
    {"AMDEMU_MEMORY", Kind::bytes, "", 1 << 20, 0x1p46},
    {"AMDEMU_RACE", Kind::words, finding},
    {"AMDEMU_RACE_STRICT", Kind::words, switched},
    {"AMDEMU_REPORT", Kind::text},
    {"AMDEMU_SEED", Kind::whole, "", 0, 4294967295.0},
    {"AMDEMU_STATS", Kind::words, switched},
    {"AMDEMU_SYMBOLIZER", Kind::text},
    {"AMDEMU_THREADS", Kind::whole, "", 1, 256},
    {"AMDEMU_TIMEOUT", Kind::real, "", 0, 1e9},
    {"AMDEMU_TRACE", Kind::words, switched},
    {"AMDEMU_UNINIT", Kind::words, finding},
    {"AMDEMU_VERBOSE", Kind::words, switched},
    {"AMDEMU_WAIT", Kind::words, finding},
    {"AMDEMU_WEAK", Kind::words, "0 1 2 "},
};

// Reads a number, decimal or hexadecimal, and for bytes a unit behind it. Returns NaN for other texts.
double parsed(char const* text, bool with_unit) {
  char* end;
  double const value = strtod(text, &end);
  if (end == text || isspace(static_cast<unsigned char>(*text))) return NAN;
  if (!*end) return value;
  char const* const units = "kKmMgGtT";
  char const* const unit = with_unit && !end[1] ? strchr(units, *end) : nullptr;
  return unit ? std::ldexp(value, 10 * (int(unit - units) / 2 + 1)) : NAN;
}
std::string shown(double n) {
  char b[40];
  snprintf(b, sizeof b, "%.0f", n);
  return b;
}
// Says what a setting may be if a value is none of that.
std::string fault_of(Setting const& s, std::string const& value) {
  switch (s.kind) {
    case Kind::text: return "";
    case Kind::architecture:
      return !value.compare(0, 3, "gfx") && value.size() >= 6 && value.find_first_not_of("0123456789abcdef", 3) == std::string::npos
                 ? ""
                 : "gfx and the number of an architecture, for example gfx1100";
    case Kind::words: {
      std::string const words = s.words;
      if (value.find(' ') == std::string::npos && (" " + words).find(" " + value + " ") != std::string::npos) return "";
      return "one of: " + words.substr(0, words.size() - 1);
    }
    default: break;
  }
  double const n = parsed(value.c_str(), s.kind == Kind::bytes);
  if (n >= s.least && n <= s.most && (s.kind != Kind::whole || n == std::floor(n))) return "";
  std::string const kind = s.kind == Kind::whole   ? "a whole number"
                           : s.kind == Kind::bytes ? "bytes, also with K, M, G or T behind the number,"
                                                   : "a number";
  return kind + " from " + shown(s.least) + " to " + shown(s.most);
}
}  // namespace

double number(char const* name, char const* otherwise) {
  double const n = parsed(setting(name, otherwise), true);
  return n == n ? n : 0;
}

std::string invalid_settings() {
  std::string faults;
  for (char** entry = environ; *entry; entry++) {
    std::string const text = *entry;
    size_t const equals = text.find('=');
    if (text.compare(0, 7, "AMDEMU_") || equals == std::string::npos || equals + 1 == text.size()) continue;
    std::string const name = text.substr(0, equals);
    std::string fault = "there is no setting of this name";
    for (Setting const& s : all)
      if (name == s.name) {
        fault = fault_of(s, text.substr(equals + 1));
        if (!fault.empty()) fault = "must be " + fault;
      }
    if (!fault.empty()) faults += (faults.empty() ? "" : "; ") + text + ": " + fault;
  }
  return faults;
}

}  // namespace emu
