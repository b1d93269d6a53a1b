// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Runs the port on every device that this program was built for, and the original if the backend is CUDA. Prints the times of both.
#include "after.hpp"
#include "before.hpp"

#include <cstdio>
#include <cstdlib>

namespace xl = crosslane;

namespace {

/// Returns a plate that is hot along the upper border and cold elsewhere.
heat::plate heated_plate(int width, int height) {
  heat::plate result{width, height, std::vector<float>(std::size_t(width) * std::size_t(height))};
  for (int x = 0; x < width; ++x) result.cells[std::size_t(x)] = 100;
  return result;
}

void print(char const* name, heat::solution const& s) {
  std::printf("%-28s %6d steps %10.3f ms %8.2f us for a step\n", name, s.steps, double(s.milliseconds),
              1000 * double(s.milliseconds) / s.steps);
}

int run(int width, int height, int steps) {
  heat::plate const plate = heated_plate(width, height);
  for (int i = 0; i < xl::device::count(); ++i) {
    xl::device const device{i};
    char name[128];
    std::snprintf(name, sizeof name, "after, %s, %u lanes", device.properties().architecture, device.properties().wave_size);
    heat::solution const after = after::solve(device, plate, 0, steps);
#if CROSSLANE_COMPILER_CUDA()
    device.select();
    (void)before::solve(plate, 0, steps);  // runs both once before the measurement
    heat::solution const measured = after::solve(device, plate, 0, steps), before = before::solve(plate, 0, steps);
    print("before, CUDA", before);
    print(name, measured);
    if (before.cells != after.cells || before.change != after.change) {
      std::printf("the results differ\n");
      return 1;
    }
    std::printf("%zu cells, the same in every bit; before : after = %.3f\n", after.cells.size(),
                double(before.milliseconds) / double(measured.milliseconds));
#else
    print(name, after);
#endif
  }
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  bool const gpu = CROSSLANE_COMPILER_GPU();
  int const width = count > 1 ? std::atoi(arguments[1]) : gpu ? 4096 : 256, height = count > 2 ? std::atoi(arguments[2]) : width;
  int const steps = count > 3 ? std::atoi(arguments[3]) : gpu ? 1024 : 32;
  if (width < 3 || height < 3 || steps < 1) {
    std::printf("usage: ported [width [height [steps]]]\n");
    return 2;
  }
  if (xl::device::count() == 0) {
    std::printf("no %s device on this machine\n", xl::default_backend::name);
    return 77;
  }
  try {
    return run(width, height, steps);
  } catch (xl::error const& e) {
    std::printf("%s\n", e.what());
    return 1;
  }
}
