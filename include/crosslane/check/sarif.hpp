// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Reports as SARIF 2.1.0, the format from which code hosts and editors show findings.
#pragma once

#include <crosslane/check/json.hpp>
#include <crosslane/version.hpp>

#include <filesystem>

namespace crosslane::detail {

/// Returns the path as a URI, relative to `root` if the file lies in it. Keeps ".." only at the beginning of a relative path.
inline std::string sarif_uri(std::string_view path, std::string_view root) {
  std::string const normal = std::filesystem::path(path).lexically_normal().native();
  std::string_view file = normal;
  std::string folder = std::filesystem::path(root).lexically_normal().native();
  if (!folder.empty() && folder.back() != '/') folder += '/';
  if (file.substr(0, folder.size()) == folder) file.remove_prefix(folder.size());
  std::string result = !file.empty() && file.front() == '/' ? "file://" : "";
  for (char const c : file) {
    bool const plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("/-._~").find(c) != std::string_view::npos;
    if (plain) {
      result += c;
    } else {
      constexpr char const* digits = "0123456789ABCDEF";
      result += '%';
      result += digits[static_cast<unsigned char>(c) / 16];
      result += digits[static_cast<unsigned char>(c) % 16];
    }
  }
  return result;
}

inline std::string sarif_location(source_location const& where, std::string_view root) {
  return "\"physicalLocation\":{\"artifactLocation\":{\"uri\":" + json_string(sarif_uri(where.file, root).c_str()) +
         "},\"region\":{\"startLine\":" + std::to_string(where.line) + "}}";
}

/// "Only at 64 lanes: kernel k ..."
inline std::string sarif_message(checks::report const& r, checks::report::entry const& e) {
  checks::finding const& f = e.finding;
  std::string result = f.text.c_str();
  if (std::string widths = r.widths_text(e); !widths.empty()) {
    widths.erase(0, 2);
    widths[0] = widths[0] == 'o' ? 'O' : 'A';
    result = widths + ": " + result;
  }
  result = result + ". " + f.advice();
  if (f.is_of_launch() && r.only_at(e) != 0) result = result + ' ' + checks::advice_for_width(r.only_at(e));
  return result;
}

}  // namespace crosslane::detail

namespace crosslane::checks {

/// Returns the report as SARIF. Paths are relative to `root`, the folder of the sources, as code hosts require.
inline std::string to_sarif(report const& r, std::string_view root = {}) {
  std::string result =
      "{\"$schema\":\"https://json.schemastore.org/sarif-2.1.0.json\",\"version\":\"2.1.0\",\"runs\":[{\"tool\":{\"driver\":{"
      "\"name\":\"Crosslane\",\"version\":\"" +
      std::to_string(CROSSLANE_VERSION_MAJOR) + '.' + std::to_string(CROSSLANE_VERSION_MINOR) + '.' +
      std::to_string(CROSSLANE_VERSION_PATCH) + "\",\"rules\":[";
  for (int k = 0; k < kinds; ++k) {
    if (k != 0) result += ',';
    result += "\n{\"id\":" + detail::json_string(to_string(kind(k))) +
              ",\"shortDescription\":{\"text\":" + detail::json_string(to_string(to_errc(kind(k)))) +
              "},\"help\":{\"text\":" + detail::json_string(checks::advice(kind(k))) + "}}";
  }
  result += "]}},\"results\":[";
  for (report::entry const& e : r.entries()) {
    finding const& f = e.finding;
    // Unknown lines are omitted: those of a side, or of the launch if there was none.
    source_location const& place = f.first.where.line != 0 ? f.first.where : f.launch.line != 0 ? f.launch : f.second.where;
    if (&e != r.entries().data()) result += ',';
    result += "\n{\"ruleId\":" + detail::json_string(to_string(f.kind)) + ",\"ruleIndex\":" + std::to_string(int(f.kind)) +
              ",\"level\":\"error\",\"message\":{\"text\":" + detail::json_string(detail::sarif_message(r, e).c_str()) +
              "},\"locations\":[";
    if (place.line != 0) result += '{' + detail::sarif_location(place, root) + '}';
    result += "],\"relatedLocations\":[";
    int id = 0;
    auto const relate = [&](source_location const& where, char const* what) {
      if (where.line == 0) return;
      if (id++ != 0) result += ',';
      result += "{\"id\":" + std::to_string(id) + ',' + detail::sarif_location(where, root) +
                ",\"message\":{\"text\":" + detail::json_string(what) + "}}";
    };
    relate(f.second.where, f.second.action);
    relate(f.launch, f.grid.size() != 0 ? "the launch" : "where it was queued");
    result += "],\"occurrenceCount\":" + std::to_string(e.times) + ",\"properties\":{\"found_at\":" + detail::json_widths(e) +
              ",\"only_at\":" + std::to_string(r.only_at(e)) + "}}";
  }
  return result + "]}]}\n";
}

}  // namespace crosslane::checks
