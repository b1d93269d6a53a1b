// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Runs kernels one by one on a device of any backend and records their rows of the table.
#pragma once

#include "progress.hpp"
#include "report.hpp"
#include "timing.hpp"

#include <crosslane/crosslane.hpp>

#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

namespace examples {

template <xl::runtime_backend Backend>
class recorder {
 public:
  recorder(xl::basic_stream<Backend> const& q, int repeat, progress& shown)
      : q_{q}, properties_{q.device().properties()}, repeat_{repeat}, shown_{shown}, target_{Backend::name} {
    // The devices of the host differ only in the width of their waves, which has its own column.
    if (target_ == "host") return;
    std::string const architecture{properties_.architecture};
    target_.append(1, ' ').append(architecture, 0, architecture.find(':'));
    if (int const index = q.device().index(); index > 0) target_.append(" #").append(std::to_string(index));
  }

  /// Measures `launch()` and records a row. `bytes` is as in row. `prepare()` restores what the timed launches overwrite. One more launch
  /// then makes the result.
  template <class Launch, class Prepare>
  void run(char const* kernel, std::size_t bytes, Launch const& launch, Prepare const& prepare) {
    xl::basic_scoped_range<Backend> const range{kernel};
    shown_.show(target_ + ", waves of " + std::to_string(properties_.wave_size) + " lanes", kernel);
    row r{kernel, target_, properties_.name, properties_.wave_size, {}, bytes, 0};
    bool const emulated = std::strstr(properties_.name, "emulated") != nullptr;
    prepare();
    if (!emulated) {
      r.milliseconds = best_time(q_, launch, repeat_);
      prepare();
    }
    launch();
    q_.synchronize();
    rows_.push_back(r);
  }
  template <class Launch>
  void run(char const* kernel, std::size_t bytes, Launch const& launch) {
    run(kernel, bytes, launch, [] {});
  }

  /// Records the difference of the last kernel. Throws std::runtime_error if it is larger than `allowed` or NaN.
  void difference(double value, double allowed) {
    row& r = rows_.back();
    r.difference = value;
    if (value <= allowed) return;
    char text[64];
    std::snprintf(text, sizeof text, "%.2g, more than %.2g", value, allowed);
    throw std::runtime_error{"kernel '" + r.kernel + "' on " + r.target + " with waves of " + std::to_string(r.wave_width) +
                             " lanes differs from the reference by " + text};
  }

  [[nodiscard]] std::vector<row> const& rows() const { return rows_; }

 private:
  xl::basic_stream<Backend> const& q_;
  xl::device_properties properties_;
  int repeat_;
  progress& shown_;
  std::string target_;
  std::vector<row> rows_;
};

}  // namespace examples
