// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The measurements and their table.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

namespace examples {

/// The measurement of one kernel on one target.
struct row {
  std::string kernel;
  std::string target;                  // "cuda sm_90"
  std::string device;                  // the vendor's name of the device
  unsigned wave_width = 0;             // lanes
  std::optional<double> milliseconds;  // none on an emulated device, where time means nothing
  std::size_t bytes = 0;               // bytes that the kernel must read and write; 0 if too few for a meaningful rate
  double difference = 0;               // the largest difference from the reference, in the example's units
};

/// Prints the rows grouped by kernel. Kernels and targets are in the order of their first appearance. The devices of the targets follow.
void print_table(std::ostream& out, std::vector<row> const& rows);

/// Read and write a file of rows, so that programs built for different backends can make one table. Reading a file that does not exist
/// returns no rows. Both throw std::runtime_error.
[[nodiscard]] std::vector<row> read_rows(std::filesystem::path const& path);
void write_rows(std::filesystem::path const& path, std::vector<row> const& rows);

/// Returns the rows of `old` whose target and wave width are not in `made`, followed by `made`.
[[nodiscard]] std::vector<row> merge(std::vector<row> old, std::vector<row> const& made);

}  // namespace examples
