// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Collected findings.
#pragma once

#include <crosslane/core/check_options.hpp>
#include <crosslane/runtime/async_errors.hpp>

#include <string>
#include <vector>

namespace crosslane::checks {

/// Findings in the order in which they occurred. Findings of the same kind, kernel and pair of source lines form one entry, which keeps the
/// first of them.
class report {
 public:
  /// A finding and the number of its occurrences.
  struct entry {
    checks::finding finding;  ///< the first occurrence
    std::uint64_t times = 1;  ///< occurrences of the same kind, kernel and lines
  };
  static constexpr std::size_t capacity = 1000;  ///< the maximal number of entries; later findings are only counted

  std::vector<entry> const& entries() const noexcept { return entries_; }  ///< in order of occurrence
  bool empty() const noexcept { return entries_.empty(); }                 ///< whether nothing was found
  std::size_t size() const noexcept { return entries_.size(); }            ///< the number of entries
  /// Returns the number of all occurrences, including repetitions and findings beyond the capacity.
  std::uint64_t total() const noexcept { return total_; }

  /// Adds a finding that occurred `times` times.
  void add(finding const& f, std::uint64_t times = 1) {
    total_ += times;
    for (entry& e : entries_) {
      if (same(e.finding, f)) {
        e.times += times;
        return;
      }
    }
    if (entries_.size() < capacity) entries_.push_back({f, times});
  }
  /// Adds all findings of another report.
  void add(report const& other) {
    for (entry const& e : other.entries_) add(e.finding, e.times);
    std::uint64_t listed = 0;
    for (entry const& e : other.entries_) listed += e.times;
    total_ += other.total_ - listed;
  }

  /// Returns the report as text: a paragraph for each entry.
  std::string text() const {
    std::string result;
    for (entry const& e : entries_) {
      finding const& f = e.finding;
      error_text t;
      t.append("%s: %s\n  ", to_string(f.kind), f.text.c_str());
      if (f.grid.size() != 0)
        t.append("launched at %s:%u, grid (%u, %u, %u) block (%u, %u, %u), ", f.launch.file, f.launch.line, f.grid.x, f.grid.y, f.grid.z,
                 f.block.x, f.block.y, f.block.z);
      else if (f.launch.line != 0)
        t.append("queued at %s:%u, ", f.launch.file, f.launch.line);
      f.append_order(t);
      if (e.times > 1) t.append("; %llu times", static_cast<unsigned long long>(e.times));
      t.append("\n  %s\n", f.advice());
      result += t.c_str();
    }
    if (std::uint64_t listed = 0; total_ != 0) {
      for (entry const& e : entries_) listed += e.times;
      error_text t;
      t.append("%zu finding(s), %llu time(s)", entries_.size(), static_cast<unsigned long long>(total_));
      if (listed != total_) t.append("; more are not listed");
      result += t.c_str();
      result += '\n';
    }
    return result;
  }

 private:
  static bool same_place(party const& a, party const& b) noexcept {
    return a.where.line == b.where.line && std::string_view(a.where.file) == b.where.file;
  }
  static bool same(finding const& a, finding const& b) noexcept {
    return a.kind == b.kind && std::string_view(a.kernel) == b.kernel && same_place(a.first, b.first) && same_place(a.second, b.second);
  }

  std::vector<entry> entries_;
  std::uint64_t total_ = 0;
};

}  // namespace crosslane::checks
