// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Reports as JSON.
#pragma once

#include <crosslane/check/report.hpp>

namespace crosslane::detail {

/// Returns a JSON string with its quotes. Bytes outside ASCII are copied, since names in sources are UTF-8.
inline std::string json_string(char const* text) {
  std::string result = "\"";
  for (; *text != 0; ++text) {
    unsigned char const c = static_cast<unsigned char>(*text);
    if (c == '"' || c == '\\') {
      result += '\\';
      result += char(c);
    } else if (c < 0x20) {
      constexpr char const* digits = "0123456789abcdef";
      result += "\\u00";
      result += digits[c / 16];
      result += digits[c % 16];
    } else {
      result += char(c);
    }
  }
  return result + '"';
}

inline std::string json_extent(extent3 const& e) {
  return '[' + std::to_string(e.x) + ',' + std::to_string(e.y) + ',' + std::to_string(e.z) + ']';
}

inline std::string json_place(source_location const& where) {
  return "{\"file\":" + json_string(where.file) + ",\"line\":" + std::to_string(where.line) + '}';
}

inline std::string json_party(checks::party const& p, unsigned wave_size) {
  return "{\"block\":" + json_extent(p.block) + ",\"thread\":" + std::to_string(p.thread) +
         ",\"wave\":" + std::to_string(p.thread / wave_size) + ",\"lane\":" + std::to_string(p.thread % wave_size) +
         ",\"threads\":" + std::to_string(p.count) + ",\"action\":" + json_string(p.action) + ",\"where\":" + json_place(p.where) + '}';
}

inline std::string json_widths(checks::report::entry const& e) {
  return e.at_32 && e.at_64 ? "[32,64]" : e.at_32 ? "[32]" : e.at_64 ? "[64]" : "[]";
}

}  // namespace crosslane::detail

namespace crosslane::checks {

/// Returns {"total": n, "findings": [{"kind", "kernel", "grid", "block", "wave_size", "found_at", "only_at", "seed", "launch", "parties",
/// "times", "text", "advice"}]}. "found_at" has the wave sizes at which it was found. "only_at" is report::only_at().
inline std::string to_json(report const& r) {
  std::string result = "{\"total\":" + std::to_string(r.total()) + ",\"findings\":[";
  for (report::entry const& e : r.entries()) {
    finding const& f = e.finding;
    if (&e != r.entries().data()) result += ',';
    result += "\n{\"kind\":" + detail::json_string(to_string(f.kind)) + ",\"kernel\":" + detail::json_string(f.kernel) +
              ",\"grid\":" + detail::json_extent(f.grid) + ",\"block\":" + detail::json_extent(f.block) +
              ",\"wave_size\":" + std::to_string(f.wave_size) + ",\"found_at\":" + detail::json_widths(e) +
              ",\"only_at\":" + std::to_string(r.only_at(e)) + ",\"seed\":" + std::to_string(f.seed) +
              ",\"launch\":" + detail::json_place(f.launch) + ",\"parties\":[" + detail::json_party(f.first, f.wave_size);
    if (f.second.count != 0) result += ',' + detail::json_party(f.second, f.wave_size);
    result += "],\"times\":" + std::to_string(e.times) + ",\"text\":" + detail::json_string(f.text.c_str()) +
              ",\"advice\":" + detail::json_string(f.advice()) + '}';
  }
  return result + "]}\n";
}

}  // namespace crosslane::checks
