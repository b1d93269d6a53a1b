// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "report.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace examples {
namespace {

constexpr std::size_t columns = 6;
using line = std::array<std::string, columns>;

std::string format(char const* pattern, double value) {
  char text[64];
  std::snprintf(text, sizeof text, pattern, value);
  return text;
}

std::string time_text(double milliseconds) {
  if (milliseconds < 1) return format("%.1f us", 1000 * milliseconds);
  if (milliseconds < 1000) return format("%.2f ms", milliseconds);
  return format("%.2f s", milliseconds / 1000);
}

/// Returns the number with three significant digits.
std::string rate_text(double gigabytes) { return format(gigabytes < 10 ? "%.2f" : gigabytes < 100 ? "%.1f" : "%.0f", gigabytes); }

line cells(row const& r) {
  return {r.kernel,
          r.target,
          std::to_string(r.wave_width),
          r.milliseconds ? time_text(*r.milliseconds) : "emulated",
          r.bytes > 0 && r.milliseconds && *r.milliseconds > 0 ? rate_text(double(r.bytes) / *r.milliseconds / 1e6) : "-",
          r.difference == 0 ? "0" : format("%.1e", r.difference)};
}

void print_line(std::ostream& out, line const& text, std::array<std::size_t, columns> const& width) {
  for (std::size_t c = 0; c < columns; ++c) {
    auto const padding = std::string(width[c] - text[c].size(), ' ');
    // Words are left-aligned, numbers right-aligned.
    out << (c == 0 ? "" : "  ") << (c < 2 ? text[c] + padding : padding + text[c]);
  }
  out << '\n';
}

}  // namespace

void print_table(std::ostream& out, std::vector<row> const& rows) {
  std::vector<std::string> kernels;
  for (auto const& r : rows)
    if (std::find(kernels.begin(), kernels.end(), r.kernel) == kernels.end()) kernels.push_back(r.kernel);

  line const head{"kernel", "target", "lanes", "time", "GB/s", "difference"};
  std::array<std::size_t, columns> width{};
  for (std::size_t c = 0; c < columns; ++c) {
    width[c] = head[c].size();
    for (auto const& r : rows) width[c] = std::max(width[c], cells(r)[c].size());
  }
  std::size_t total = 2 * (columns - 1);
  for (auto const w : width) total += w;

  print_line(out, head, width);
  for (auto const& kernel : kernels) {
    out << std::string(total, '-') << '\n';
    bool first = true;
    for (auto const& r : rows) {
      if (r.kernel != kernel) continue;
      auto text = cells(r);
      if (!first) text[0].clear();
      print_line(out, text, width);
      first = false;
    }
  }
  out << '\n';
  for (std::size_t i = 0; i < rows.size(); ++i) {
    auto const same_target = [&](row const& r) { return r.target == rows[i].target; };
    if (std::find_if(rows.begin(), rows.end(), same_target) == rows.begin() + std::ptrdiff_t(i))
      out << rows[i].target << ": " << rows[i].device << '\n';
  }
}

std::vector<row> read_rows(std::filesystem::path const& path) {
  std::vector<row> rows;
  std::ifstream file{path};
  std::string text;
  while (std::getline(file, text)) {
    std::istringstream in{text};
    row r;
    std::string width;
    std::string milliseconds;
    std::string bytes;
    std::string difference;
    bool const whole = std::getline(in, r.kernel, '\t') && std::getline(in, r.target, '\t') && std::getline(in, r.device, '\t') &&
                       std::getline(in, width, '\t') && std::getline(in, milliseconds, '\t') && std::getline(in, bytes, '\t') &&
                       std::getline(in, difference);
    try {
      if (!whole) throw std::invalid_argument{"field"};
      r.wave_width = unsigned(std::stoul(width));
      if (milliseconds != "emulated") r.milliseconds = std::stod(milliseconds);
      r.bytes = std::stoull(bytes);
      r.difference = std::stod(difference);
    } catch (std::logic_error const&) {
      throw std::runtime_error{"cannot read '" + path.string() + "': it is no table of this program"};
    }
    rows.push_back(std::move(r));
  }
  return rows;
}

void write_rows(std::filesystem::path const& path, std::vector<row> const& rows) {
  std::ofstream file{path};
  for (auto const& r : rows)
    file << r.kernel << '\t' << r.target << '\t' << r.device << '\t' << r.wave_width << '\t'
         << (r.milliseconds ? format("%.9g", *r.milliseconds) : "emulated") << '\t' << r.bytes << '\t' << format("%.9g", r.difference)
         << '\n';
  file.close();
  if (!file) throw std::runtime_error{"cannot write '" + path.string() + "'"};
}

std::vector<row> merge(std::vector<row> old, std::vector<row> const& made) {
  std::erase_if(old, [&](row const& a) {
    return std::any_of(made.begin(), made.end(), [&](row const& b) { return a.target == b.target && a.wave_width == b.wave_width; });
  });
  old.insert(old.end(), made.begin(), made.end());
  return old;
}

}  // namespace examples
