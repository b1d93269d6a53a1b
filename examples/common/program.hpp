// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The parts of an example's program around its kernels. Only for files with a main().
#pragma once

#include "options.hpp"
#include "progress.hpp"
#include "report.hpp"

#include <crosslane/crosslane.hpp>
#include <crosslane/host.hpp>

#include <cstdio>
#include <exception>
#include <iostream>
#include <new>
#include <type_traits>
#include <vector>

namespace examples {

namespace xl = crosslane;

/// There is no device to run on. This is not a failure, but gives exit code 77.
struct no_device : std::runtime_error {
  using std::runtime_error::runtime_error;
};

inline constexpr bool built_for_gpu = !std::is_same_v<xl::default_backend, xl::host>;

[[nodiscard]] inline bool runs_on_host(options const& chosen) { return !built_for_gpu || !chosen.no_host; }

/// Throws no_device if there is neither a GPU nor the host to run on.
inline void require_device(options const& chosen, char const* program) {
  if (xl::device::count() > 0) return;
  auto const text = std::string{"no "} + xl::default_backend::name + " device on this machine";
  if (!runs_on_host(chosen)) throw no_device{text};
  std::fprintf(stderr, "%s: %s: only the CPU runs\n", program, text.c_str());
}

/// Calls run(device) for each GPU of the default backend and for each device of the host.
template <class Run>
void for_each_device(options const& chosen, Run const& run) {
  if constexpr (built_for_gpu)
    for (int i = 0; i < xl::device::count(); ++i) run(xl::device{i});
  if (runs_on_host(chosen))
    for (int i = 0; i < xl::basic_device<xl::host>::count(); ++i) run(xl::basic_device<xl::host>{i});
}

/// Prints the table of the rows `old` and `made`. Writes the rows back if the command line names a file of rows.
inline void print_rows(options const& chosen, std::vector<row> const& old, std::vector<row> const& made) {
  auto const rows = merge(old, made);
  print_table(std::cout, rows);
  if (chosen.rows_file) write_rows(*chosen.rows_file, rows);
}
[[nodiscard]] inline std::vector<row> old_rows(options const& chosen) {
  return chosen.rows_file ? read_rows(*chosen.rows_file) : std::vector<row>{};
}

/// The body of main(). Calls body(options) or prints the usage text. An exception becomes one line on stderr and exit code 1.
template <class Body>
[[nodiscard]] int run_program(char const* name, char const* usage, int count, char const* const* arguments, std::size_t most_operands,
                              Body const& body) {
  try {
    auto const chosen = parse_options(count, arguments, most_operands);
    if (chosen.help)
      std::cout << usage << options_text;
    else
      body(chosen);
    return 0;
  } catch (no_device const& error) {
    std::fprintf(stderr, "%s: %s\n", name, error.what());
    return 77;
  } catch (std::bad_alloc const&) {
    std::fprintf(stderr, "%s: out of memory\n", name);
  } catch (std::exception const& error) {
    std::fprintf(stderr, "%s: %s\n", name, error.what());
  }
  return 1;
}

}  // namespace examples
