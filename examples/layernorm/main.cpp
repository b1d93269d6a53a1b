// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Measures layer normalisation by waves and by blocks on every device that this program was built for and on the CPU. Compares the
/// results.
#include "common/difference.hpp"
#include "common/program.hpp"
#include "common/recorder.hpp"
#include "layernorm.hpp"

#include <random>
#include <string>

namespace layernorm {
namespace {

constexpr float epsilon = 1e-5f;

/// A matrix to normalise, and the expected result.
struct problem {
  std::size_t rows, length;
  std::vector<float> in, gamma, beta;
  reference expected;

  problem(std::size_t rows_, std::size_t length_)
      : rows{rows_},
        length{length_},
        in(noise(rows * length, 3, 1)),  // the mean is three times the deviation
        gamma(noise(length, 1, 0.25f)),
        beta(noise(length, 0, 0.5f)),
        expected{in, gamma, beta, epsilon} {}

  static std::vector<float> noise(std::size_t count, float mean, float deviation) {
    std::mt19937 random{unsigned(count)};
    std::vector<float> result(count);
    for (auto& x : result) x = mean + deviation * (float(random() >> 8) / (1 << 22) - 2) * 0.866f;  // uniform
    return result;
  }
};

template <xl::runtime_backend Backend>
void measure(xl::basic_device<Backend> device, problem const& p, int repeat, examples::progress& shown, std::vector<examples::row>& made) {
  using buffer = xl::basic_buffer<float, xl::memory_kind::device, Backend>;
  xl::basic_stream<Backend> const q{device};
  buffer in{q, p.in.size()}, gamma{q, p.length}, beta{q, p.length}, out{q, p.in.size()};
  xl::copy(q, p.in, in);
  xl::copy(q, p.gamma, gamma);
  xl::copy(q, p.beta, beta);

  examples::recorder<Backend> recorder{q, repeat, shown};
  std::size_t const bytes = 2 * p.in.size() * sizeof(float);
  auto const run = [&](char const* way, unsigned threads, auto const& launch) {
    auto const name = std::to_string(p.rows) + " x " + std::to_string(p.length) + way;
    xl::fill(q, out, 0.0f);
    recorder.run(name.c_str(), bytes, launch);
    std::vector<float> got(out.size());
    xl::copy(q, out, got);
    q.synchronize();
    recorder.difference(examples::largest_difference(got, p.expected.out), p.expected.tolerance(threads));
  };
  run(", wave per row", device.properties().wave_size, [&] { by_waves(q, in, gamma, beta, epsilon, out); });
  run(", block per row", 256, [&] { by_blocks(q, in, gamma, beta, epsilon, out); });
  made.insert(made.end(), recorder.rows().begin(), recorder.rows().end());
}

constexpr auto usage =
    "usage: layernorm [options] [rows] [length]\n"
    "\n"
    "Normalises the rows of a matrix of random floats, with a wave and with a block for each row, on every device found and on the\n"
    "CPU with waves of 32 and of 64 lanes; compared with the definition in double. Unless said, 65536 rows of 256 floats and 2048\n"
    "rows of 8192; rows without a length have 256.\n"
    "\n";

void run(examples::options const& chosen) {
  std::vector<problem> problems;
  constexpr std::size_t most = std::size_t{1} << 28;
  auto const& numbers = chosen.operands;
  std::size_t const length = numbers.size() > 1 ? examples::parse_count(numbers[1], "length", 1, most) : 256;
  std::size_t const rows = numbers.empty() ? 65536 : examples::parse_count(numbers[0], "rows", 0, most / length);
  examples::require_device(chosen, "layernorm");
  auto const old = examples::old_rows(chosen);

  std::vector<examples::row> made;
  {
    examples::progress shown;
    shown.show("the reference: plain C++, one thread");
    problems.emplace_back(rows, length);
    if (numbers.empty()) problems.emplace_back(2048, 8192);
    examples::for_each_device(chosen, [&](auto device) {
      for (auto const& p : problems) measure(device, p, chosen.repeat, shown, made);
    });
  }
  examples::print_rows(chosen, old, made);
  std::cout << "\nGB/s: bytes of the matrix before and after, by time\n"
               "difference: the largest from the definition in double\n\n";
}

}  // namespace
}  // namespace layernorm

int main(int count, char** arguments) { return examples::run_program("layernorm", layernorm::usage, count, arguments, 2, layernorm::run); }
