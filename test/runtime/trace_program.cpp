// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Programs that end in different ways while a trace is written. trace_test.py runs them. The argument chooses one.
#include <crosslane/crosslane.hpp>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

namespace xl = crosslane;

namespace {

struct scale {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<float> x, float factor) const {
    for (auto i : ctx.grid_stride(x.size())) x[i] *= factor;
  }
};

void work(int device, int launches) {
  xl::stream const q{xl::device{device}};
  xl::buffer<float> x{q, 1000};
  xl::fill(q, x, 0.f);
  xl::scoped_range const range{"work"};
  for (int i = 0; i < launches; ++i) xl::launch(q, {.grid = 4, .block = 64}, scale{}, x, 2.f);
  q.synchronize();
}

}  // namespace

int main(int count, char** arguments) {
  char const* const way = count > 1 ? arguments[1] : "";
  auto const is = [&](char const* name) { return std::strcmp(way, name) == 0; };
  xl::scoped_range const whole{"whole program"};
  if (!is("child")) work(0, 10);
  if (is("devices"))
    for (int d = 1; d < xl::device::count(); ++d) work(d, 10);
  if (is("exit")) std::exit(0);
  if (is("quick")) _exit(0);
  if (is("throw")) throw std::runtime_error("in the middle");
  if (is("kill")) (void)raise(SIGKILL);
  if (is("many")) work(0, 3000);
  if (is("fork")) {
    pid_t const child = fork();
    if (child == 0) {
      work(0, 5);
      std::exit(0);
    }
    (void)waitpid(child, nullptr, 0);
    pid_t const idle = fork();
    if (idle == 0) std::exit(0);
    (void)waitpid(idle, nullptr, 0);
    work(0, 10);
  }
  if (is("exec")) {
    pid_t const child = fork();
    if (child == 0) {
      (void)execl(arguments[0], arguments[0], "plain", nullptr);
      _exit(1);
    }
    (void)waitpid(child, nullptr, 0);
    work(0, 10);
  }
  return 0;
}
