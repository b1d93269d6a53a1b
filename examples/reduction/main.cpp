// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Measures the dot product of two vectors in three ways, on every device that this program was built for and on the CPU. Compares the
/// results.
#include "common/program.hpp"
#include "common/recorder.hpp"
#include "dot.hpp"

#include <random>

namespace reduction {
namespace {

std::vector<float> noise(std::size_t elements, unsigned seed) {
  std::mt19937 random{seed};
  std::vector<float> result(elements);
  for (auto& x : result) x = float(random() >> 8) / (1 << 23) - 1;  // in [-1, 1)
  return result;
}

template <xl::runtime_backend Backend>
std::vector<examples::row> measure(xl::basic_device<Backend> device, std::vector<float> const& x, std::vector<float> const& y,
                                   reference const& expected, int repeat, examples::progress& shown) {
  using buffer = xl::basic_buffer<float, xl::memory_kind::device, Backend>;
  xl::basic_stream<Backend> const q{device};
  std::size_t const n = x.size();
  buffer a{q, n}, b{q, n}, result{q, 1}, partial{q, xl::cover(n, 256) + blocks(device, n)};
  xl::copy(q, x, a);
  xl::copy(q, y, b);

  bounds const allowed{device, n};
  examples::recorder<Backend> recorder{q, repeat, shown};
  auto const compare = [&](double bound) {
    std::vector<float> got(1);
    xl::copy(q, result, got);
    q.synchronize();
    recorder.difference(expected.difference(got[0]), bound);
  };
  std::size_t const bytes = 2 * n * sizeof(float);
  recorder.run("atomic per wave", bytes, [&] { by_waves(q, a, b, result); });
  compare(allowed.by_waves);
  recorder.run("sum per block", bytes, [&] { by_blocks(q, a, b, partial, result); });
  compare(allowed.by_blocks);
  recorder.run("tree by hand", bytes, [&] { by_tree(q, a, b, partial, result); });
  compare(allowed.by_tree);
  return recorder.rows();
}

constexpr auto usage =
    "usage: reduction [options] [elements]\n"
    "\n"
    "The dot product of two vectors of random floats (16777216 elements unless said), three ways, on every device found and on the\n"
    "CPU with waves of 32 and of 64 lanes; compared with a sum in double.\n"
    "\n";

void run(examples::options const& chosen) {
  std::size_t n = std::size_t{1} << 24;
  if (!chosen.operands.empty()) n = examples::parse_count(chosen.operands[0], "elements", 0, std::size_t{1} << 30);
  examples::require_device(chosen, "reduction");
  auto const old = examples::old_rows(chosen);

  std::vector<examples::row> made;
  {
    examples::progress shown;
    shown.show("the reference: plain C++, one thread");
    auto const x = noise(n, 1), y = noise(n, 2);
    reference const expected{x, y};
    examples::for_each_device(chosen, [&](auto device) {
      auto const rows = measure(device, x, y, expected, chosen.repeat, shown);
      made.insert(made.end(), rows.begin(), rows.end());
    });
  }
  std::cout << n << " elements\n\n";
  examples::print_rows(chosen, old, made);
  std::cout << "\nGB/s: bytes of both vectors, by time\n"
               "difference: from the sum in double, by the sum of the magnitudes of the products\n\n";
}

}  // namespace
}  // namespace reduction

int main(int count, char** arguments) { return examples::run_program("reduction", reduction::usage, count, arguments, 1, reduction::run); }
