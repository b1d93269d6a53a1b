// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The demo: runs a photograph through every kernel, on every device that this program was built for and on the CPU.
#include "common/program.hpp"
#include "contact_sheet.hpp"
#include "image_io.hpp"
#include "options.hpp"
#include "output_files.hpp"
#include "pipeline.hpp"

#include <filesystem>
#include <iostream>

namespace photo {
namespace {

/// Far below what an 8-bit picture shows. The expected difference is zero.
constexpr double tolerance = 1e-5;

void run(examples::options const& chosen) {
  file_names const names{chosen.operands};
  auto const picture = read_image(names.input);
  examples::require_device(chosen, "photo");
  output_files files{names.output_directory};
  auto const old = examples::old_rows(chosen);

  std::vector<outcome> outcomes;
  {
    examples::progress shown;
    shown.show("the reference: plain C++, one thread");
    auto const expected = reference::run(picture);
    examples::for_each_device(
        chosen, [&](auto device) { outcomes.push_back(run_pipeline(device, picture, expected, tolerance, chosen.repeat, shown)); });
  }
  std::vector<examples::row> made;
  for (auto const& o : outcomes) made.insert(made.end(), o.rows.begin(), o.rows.end());

  auto const& first = outcomes.front();
  files.add("photo-blurred.png", first.blurred);
  files.add("photo-edges.png", first.edges);
  files.add("photo-equalised.png", first.equalised);
  files.add("photo-sheet.png", contact_sheet({&picture, &first.blurred, &first.edges, &first.equalised}));
  auto const written = files.commit();

  std::cout << names.input.string() << ": " << picture.width << " x " << picture.height << " pixels\n\n";
  examples::print_rows(chosen, old, made);
  std::cout << "\nGB/s: bytes that the kernel must read and write, by time\n"
               "difference: the largest from the reference; 1 is the range from black to white\n\n";
  for (auto const& path : written) std::cout << "wrote " << std::filesystem::absolute(path).string() << '\n';
}

}  // namespace
}  // namespace photo

int main(int count, char** arguments) { return examples::run_program("photo", photo::usage_text, count, arguments, 2, photo::run); }
