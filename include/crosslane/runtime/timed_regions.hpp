// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// A table of how long the named parts of a program's work take on a device.
#pragma once

#include <crosslane/runtime/event.hpp>
#include <crosslane/runtime/trace.hpp>

#include <cstdio>
#include <string>
#include <utility>
#include <vector>

namespace crosslane {

/// Measures the work that a thread queues on a stream while named regions are open, by two timed events for each region. Regions nest; a
/// region of the same name in another region is another row. Each region is also a scoped_range. Not for several threads at once.
///
///   xl::timed_regions times{q};
///   for (int i = 0; i < steps; ++i) {
///     auto const step = times.region("step");
///     {
///       auto const blur = times.region("blur");
///       xl::launch(q, {.grid = blocks, .block = 256}, blur_kernel{}, x, y);
///     }
///     xl::transform(q, y, x, sharpen{});
///   }
///   times.print();
template <runtime_backend B>
class timed_regions {
 public:
  /// One line of the table: a region and how often it was measured.
  struct row {
    std::string name;     ///< of the region
    int parent = -1;      ///< the row of the region around it, or -1
    int depth = 0;        ///< how many regions are around it
    unsigned count = 0;   ///< measurements
    double total = 0;     ///< milliseconds of all measurements
    double shortest = 0;  ///< milliseconds
    double longest = 0;   ///< milliseconds
    /// Returns the average in milliseconds.
    [[nodiscard]] double mean() const noexcept { return count == 0 ? 0 : total / count; }
  };

  /// An open region. It ends with the object. Regions must end in the reverse order of their beginning, as objects of a block do.
  class [[nodiscard]] open_region {
   public:
    open_region(open_region const&) = delete;
    open_region& operator=(open_region const&) = delete;
    /// Ends the region. An error of the stream that prevents the measurement is not thrown; the row then lacks it.
    ~open_region() {
      regions_.current_ = regions_.rows_[row_].parent;
      try {
        end_.record(regions_.stream_);
        regions_.unfinished_.push_back({row_, std::move(begin_), std::move(end_)});
      } catch (...) {
      }
    }

   private:
    friend class timed_regions;
    open_region(timed_regions& regions, std::size_t row_index, char const* name)
        : regions_{regions}, row_{row_index}, range_{name}, begin_{regions.take_event()}, end_{regions.take_event()} {
      begin_.record(regions.stream_);
      regions.current_ = int(row_index);
    }
    timed_regions& regions_;
    std::size_t row_;
    basic_scoped_range<B> range_;
    basic_event<B, true> begin_, end_;
  };

  /// Measures work of the stream, which must outlive the object.
  template <stream_like S>
  requires std::same_as<typename S::backend, B>
  explicit timed_regions(S const& q, source_location where = source_location::current()) : stream_{detail::ref_of(q, where)} {}
  timed_regions(timed_regions const&) = delete;
  timed_regions& operator=(timed_regions const&) = delete;

  /// Begins a region. The name must stay valid until it ends. Throws vendor errors.
  open_region region(char const* name) {
    if (unfinished_.size() >= most_unfinished) collect();
    return open_region{*this, row_of(name), name};
  }

  /// Returns the rows, a region before those in it. Waits for the stream and throws its errors. Open regions are not counted.
  [[nodiscard]] std::vector<row> rows(source_location where = source_location::current()) {
    stream_.synchronize(where);
    collect();
    std::vector<row> result;
    append_below(-1, -1, result);
    return result;
  }

  /// Prints the table. Waits for the stream and throws its errors. The last column is the share of the region around it, or of all.
  void print(std::FILE* to = stdout, source_location where = source_location::current()) {
    auto const table = rows(where);
    double all = 0;
    int widest = 6;
    for (row const& r : table) {
      if (r.parent < 0) all += r.total;
      int const width = 2 * r.depth + int(r.name.size());
      if (width > widest) widest = width;
    }
    std::fprintf(to, "%-*s %8s %12s %12s %12s %12s %7s\n", widest, "region", "calls", "total ms", "mean ms", "shortest", "longest",
                 "share");
    for (row const& r : table) {
      double const around = r.parent < 0 ? all : table[std::size_t(r.parent)].total;
      std::fprintf(to, "%*s%-*s %8u %12.4f %12.4f %12.4f %12.4f %6.1f%%\n", 2 * r.depth, "", widest - 2 * r.depth, r.name.c_str(), r.count,
                   r.total, r.mean(), r.shortest, r.longest, around > 0 ? 100 * r.total / around : 0.0);
    }
  }

 private:
  struct measurement {
    std::size_t row_index;
    basic_event<B, true> begin, end;
  };
  static constexpr std::size_t most_unfinished = 256;

  basic_event<B, true> take_event() {
    if (free_.empty()) return basic_event<B, true>{stream_.device()};
    basic_event<B, true> reused = std::move(free_.back());
    free_.pop_back();
    return reused;
  }

  std::size_t row_of(char const* name) {
    for (std::size_t i = 0; i < rows_.size(); ++i)
      if (rows_[i].parent == current_ && rows_[i].name == name) return i;
    row added;
    added.name = name;
    added.parent = current_;
    added.depth = current_ < 0 ? 0 : rows_[std::size_t(current_)].depth + 1;
    rows_.push_back(std::move(added));
    return rows_.size() - 1;
  }

  /// Adds the measurements to their rows. Waits for them. A measurement whose events fail is left out of the next call.
  void collect() {
    while (!unfinished_.empty()) {
      measurement m = std::move(unfinished_.back());
      unfinished_.pop_back();
      m.end.synchronize();
      double const milliseconds = elapsed_milliseconds(m.begin, m.end);
      row& r = rows_[m.row_index];
      if (r.count == 0 || milliseconds < r.shortest) r.shortest = milliseconds;
      if (r.count == 0 || milliseconds > r.longest) r.longest = milliseconds;
      ++r.count;
      r.total += milliseconds;
      free_.push_back(std::move(m.begin));
      free_.push_back(std::move(m.end));
    }
  }

  void append_below(int parent, int parent_in_result, std::vector<row>& result) const {
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      if (rows_[i].parent != parent) continue;
      row copied = rows_[i];
      copied.parent = parent_in_result;
      result.push_back(std::move(copied));
      append_below(int(i), int(result.size()) - 1, result);
    }
  }

  basic_stream_ref<B> stream_;
  int current_ = -1;  ///< the row of the innermost open region
  std::vector<row> rows_;
  std::vector<measurement> unfinished_;
  std::vector<basic_event<B, true>> free_;
};
/// Deduces the backend from the stream.
template <stream_like S>
timed_regions(S const&) -> timed_regions<typename S::backend>;

}  // namespace crosslane
