// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// What was measured, and its table.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

namespace examples {

/// One kernel on one target.
struct row {
  std::string kernel;
  std::string target;                  // "cuda sm_90"
  std::string device;                  // its name by its vendor
  unsigned wave_width = 0;             // lanes
  std::optional<double> milliseconds;  // none on an emulated device, whose time says nothing
  std::size_t bytes = 0;               // that the kernel must read and write; 0 where so few that a rate says nothing
  double difference = 0;               // largest from the reference, in units that the example states
};

/// Rows grouped by kernel, kernels and targets in the order of their first appearance; below, the targets' devices.
void print_table(std::ostream& out, std::vector<row> const& rows);

/// A file of rows, so that programs built for different backends can make one table. Reading a file that does not exist gives
/// none. Both throw std::runtime_error.
[[nodiscard]] std::vector<row> read_rows(std::filesystem::path const& path);
void write_rows(std::filesystem::path const& path, std::vector<row> const& rows);

/// `made`, after those of `old` whose target and width it has not.
[[nodiscard]] std::vector<row> merge(std::vector<row> old, std::vector<row> const& made);

}  // namespace examples
