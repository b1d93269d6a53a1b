// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The demo: a photograph through every kernel, on every device that this program was built for and on the CPU.
#include <crosslane/crosslane.hpp>
#include <crosslane/host.hpp>

#include "contact_sheet.hpp"
#include "image_io.hpp"
#include "options.hpp"
#include "output_files.hpp"
#include "pipeline.hpp"

#include <cstdio>
#include <iostream>
#include <new>

namespace photo {
namespace {

/// Far below what an 8-bit picture shows. By construction there should be no difference at all.
constexpr double tolerance = 1e-5;

/// Adds an outcome for each device of a backend.
template <xl::runtime_backend Backend>
void run_devices(image const& in, reference::results const& expected, int repeat, progress& shown, std::vector<outcome>& outcomes) {
  for (int i = 0; i < xl::basic_device<Backend>::count(); ++i)
    outcomes.push_back(run_pipeline(xl::basic_device<Backend>{i}, in, expected, repeat, shown));
}

/// Rows of this run, after those of the file that it does not replace.
std::vector<row> merge(std::vector<row> old, std::vector<row> const& made) {
  std::erase_if(old, [&](row const& a) {
    return std::any_of(made.begin(), made.end(), [&](row const& b) { return a.target == b.target && a.wave_width == b.wave_width; });
  });
  old.insert(old.end(), made.begin(), made.end());
  return old;
}

constexpr bool built_for_gpu = !std::is_same_v<xl::default_backend, xl::host>;

/// Returns the exit code.
int run(options const& chosen) {
  auto const picture = read_image(chosen.input);
  bool const leave_out_host = built_for_gpu && chosen.no_host;
  if (xl::device::count() == 0) {
    std::fprintf(stderr, "photo: no %s device on this machine\n", xl::default_backend::name);
    if (leave_out_host) return 77;
  }
  output_files files{chosen.output_directory};
  auto rows = chosen.rows_file ? read_rows(*chosen.rows_file) : std::vector<row>{};

  std::vector<outcome> outcomes;
  {
    progress shown;
    shown.show("the reference: plain C++, one thread");
    auto const expected = reference::run(picture);
    if constexpr (built_for_gpu) run_devices<xl::default_backend>(picture, expected, chosen.repeat, shown, outcomes);
    if (!leave_out_host) run_devices<xl::host>(picture, expected, chosen.repeat, shown, outcomes);
  }
  std::vector<row> made;
  for (auto const& o : outcomes) made.insert(made.end(), o.rows.begin(), o.rows.end());
  for (auto const& r : made)
    if (!(r.difference <= tolerance))
      throw std::runtime_error{"kernel '" + r.kernel + "' on " + r.target + " with waves of " + std::to_string(r.wave_width) +
                               " lanes differs from the reference by " + std::to_string(r.difference)};

  auto const& first = outcomes.front();
  files.add("photo-blurred.png", first.blurred);
  files.add("photo-edges.png", first.edges);
  files.add("photo-equalised.png", first.equalised);
  files.add("photo-sheet.png", contact_sheet({&picture, &first.blurred, &first.edges, &first.equalised}));
  auto const written = files.commit();

  std::cout << chosen.input.string() << ": " << picture.width << " x " << picture.height << " pixels\n\n";
  rows = merge(std::move(rows), made);
  print_table(std::cout, rows);
  std::cout << "\nGB/s: bytes that the kernel must read and write, by time\n"
               "difference: the largest from the reference; 1 is the range from black to white\n\n";
  for (auto const& path : written) std::cout << "wrote " << path.string() << '\n';
  if (chosen.rows_file) write_rows(*chosen.rows_file, rows);
  return 0;
}

}  // namespace
}  // namespace photo

int main(int count, char** arguments) {
  try {
    auto const chosen = photo::parse_options(count, arguments);
    if (!chosen.help) return photo::run(chosen);
    std::cout << photo::usage_text;
    return 0;
  } catch (std::bad_alloc const&) {
    std::fputs("photo: out of memory\n", stderr);
  } catch (std::exception const& error) {
    std::fprintf(stderr, "photo: %s\n", error.what());
  }
  return 1;
}
