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
  /// A finding, the number of its occurrences, and the wave sizes at which it occurred.
  struct entry {
    checks::finding finding;  ///< the first occurrence
    std::uint64_t times = 1;  ///< occurrences of the same kind, kernel and lines
    bool at_32 = false;       ///< whether it occurred in waves of 32 lanes
    bool at_64 = false;       ///< whether it occurred in waves of 64 lanes
    bool both_tried = false;  ///< whether the same work ran in waves of 32 and of 64 lanes
  };
  static constexpr std::size_t capacity = 1000;  ///< the maximal number of entries; later findings are only counted

  std::vector<entry> const& entries() const noexcept { return entries_; }  ///< in order of occurrence
  bool empty() const noexcept { return entries_.empty(); }                 ///< whether nothing was found
  std::size_t size() const noexcept { return entries_.size(); }            ///< the number of entries
  /// Returns the number of all occurrences, including repetitions and findings beyond the capacity.
  std::uint64_t total() const noexcept { return total_; }

  /// Adds a finding that occurred `times` times. Returns the index of its entry, which is at least size() if it is only counted.
  std::size_t add(finding const& f, std::uint64_t times = 1) {
    return add(entry{f, times, f.is_of_launch() && f.wave_size == 32, f.wave_size == 64});
  }
  /// Counts a finding that occurred `times` times more, at the same wave size, by the index that add() returned.
  void count_again(std::size_t index, std::uint64_t times) noexcept {
    total_ += times;
    if (index < entries_.size()) entries_[index].times += times;
  }
  /// Adds all findings of another report.
  void add(report const& other) {
    for (entry const& e : other.entries_) add(e);
    total_ += other.total_ - other.listed();
  }
  /// Notes that the findings are all those of work which has run at this wave size, and which also runs at the other one.
  void ran_at(unsigned wave_size) noexcept {
    for (entry& e : entries_) {
      (wave_size == 32 ? e.at_32 : e.at_64) = true;
      e.both_tried = true;
    }
  }
  /// Returns the wave size if the same work ran at both, and all findings of this kind in the kernel are of one of them; otherwise 0.
  unsigned only_at(entry const& e) const noexcept {
    bool tried = true, at_32 = false, at_64 = false;
    for (entry const& other : entries_) {
      if (other.finding.kind != e.finding.kind || std::string_view(other.finding.kernel) != e.finding.kernel) continue;
      tried &= other.both_tried;
      at_32 |= other.at_32;
      at_64 |= other.at_64;
    }
    return tried && at_32 != at_64 ? (at_32 ? 32 : 64) : 0;
  }

  /// Returns ", only at 64 lanes" or ", at 32 and 64 lanes", as far as both wave sizes were tried.
  char const* widths_text(entry const& e) const noexcept {
    if (unsigned const only = only_at(e); only != 0) return only == 32 ? ", only at 32 lanes" : ", only at 64 lanes";
    return e.at_32 && e.at_64 ? ", at 32 and 64 lanes" : "";
  }

  /// Returns the report as text: a paragraph for each entry.
  std::string text() const {
    std::string result;
    for (entry const& e : entries_) {
      finding const& f = e.finding;
      error_text t;
      t.append("%s%s: %s\n  ", to_string(f.kind), widths_text(e), f.text.c_str());
      if (f.is_of_launch())
        t.append("launched at %s:%u, grid (%u, %u, %u) block (%u, %u, %u), ", f.launch.file, f.launch.line, f.grid.x, f.grid.y, f.grid.z,
                 f.block.x, f.block.y, f.block.z);
      else if (f.launch.line != 0)
        t.append("queued at %s:%u, ", f.launch.file, f.launch.line);
      f.append_order(t);
      if (e.times > 1) t.append("; %llu times", static_cast<unsigned long long>(e.times));
      t.append("\n  %s\n", f.advice());
      if (char const* const more = advice_for_width(f.is_of_launch() ? only_at(e) : 0); more[0] != 0) t.append("  %s\n", more);
      result += t.c_str();
    }
    if (total_ != 0) {
      error_text t;
      t.append("%zu finding(s), %llu time(s)", entries_.size(), static_cast<unsigned long long>(total_));
      if (listed() != total_) t.append("; more are not listed");
      result += t.c_str();
      result += '\n';
    }
    return result;
  }

 private:
  static bool same_place(party const& a, party const& b) noexcept {
    return a.where.line == b.where.line && std::string_view(a.where.file) == b.where.file;
  }
  /// The order of two accesses may differ between orders and wave sizes.
  static bool same(finding const& a, finding const& b) noexcept {
    if (a.kind != b.kind || std::string_view(a.kernel) != b.kernel) return false;
    return (same_place(a.first, b.first) && same_place(a.second, b.second)) ||
           (a.second.count != 0 && b.second.count != 0 && same_place(a.first, b.second) && same_place(a.second, b.first));
  }
  std::size_t add(entry const& added) {
    total_ += added.times;
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      entry& e = entries_[i];
      if (!same(e.finding, added.finding)) continue;
      e.times += added.times;
      e.at_32 |= added.at_32;
      e.at_64 |= added.at_64;
      e.both_tried |= added.both_tried;
      return i;
    }
    if (entries_.size() == capacity) return capacity;
    entries_.push_back(added);
    return entries_.size() - 1;
  }
  std::uint64_t listed() const noexcept {
    std::uint64_t result = 0;
    for (entry const& e : entries_) result += e.times;
    return result;
  }

  std::vector<entry> entries_;
  std::uint64_t total_ = 0;
};

}  // namespace crosslane::checks
