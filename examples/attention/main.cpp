// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Measures attention by matrix cores and by a plain kernel on every device that this program was built for and on the CPU. Compares the
/// results.
#include "attention.hpp"
#include "common/difference.hpp"
#include "common/program.hpp"
#include "common/recorder.hpp"

#include <random>
#include <string>

namespace attention {
namespace {

struct problem {
  int sequences, positions, heads;
  std::vector<xl::half> in, bias;
  std::vector<double> expected;

  problem(int sequences_, int positions_, int heads_) : sequences{sequences_}, positions{positions_}, heads{heads_} {
    std::mt19937 random{1};
    auto const noise = [&](std::size_t count) {
      std::vector<xl::half> result(count);
      for (auto& x : result) x = xl::half(float(random() >> 8) / (1 << 23) - 1);  // in [-1, 1)
      return result;
    };
    in = noise(std::size_t(sequences * positions) * 3 * std::size_t(heads * channels));
    bias = noise(std::size_t(positions) * std::size_t(positions));
    expected = reference(in, bias, sequences, positions, heads);
  }
};

template <xl::runtime_backend Backend>
void measure(xl::basic_device<Backend> device, problem const& p, int repeat, examples::progress& shown, std::vector<examples::row>& made) {
  xl::basic_stream<Backend> const q{device};
  xl::basic_tensor<xl::half, qkv, xl::memory_kind::device, Backend> in{q, {p.sequences, p.positions, 3, p.heads, channels}};
  xl::basic_tensor<xl::half, xl::row_major<>, xl::memory_kind::device, Backend> bias{q, {p.positions, p.positions}};
  xl::basic_tensor<xl::half, result, xl::memory_kind::device, Backend> out{q, {p.sequences, p.positions, p.heads, channels}};
  xl::copy(q, p.in, in.storage());
  xl::copy(q, p.bias, bias.storage());

  examples::recorder<Backend> recorder{q, repeat, shown};
  std::size_t const bytes = (p.in.size() + p.expected.size()) * sizeof(xl::half);
  auto const shape = std::to_string(p.sequences) + " x " + std::to_string(p.heads) + " x " + std::to_string(p.positions);
  auto const run = [&](char const* way, auto const& launch) {
    xl::fill(q, out, xl::half(0));
    recorder.run((shape + way).c_str(), bytes, launch);
    std::vector<xl::half> got(out.size());
    xl::copy(q, out.storage(), got);
    q.synchronize();
    std::vector<float> const numbers(got.begin(), got.end());
    recorder.difference(examples::largest_difference(numbers, p.expected), tolerance);
  };
  run(", matrix cores", [&] { by_matrix_cores(q, in.view(), bias.view(), out.view()); });
  run(", plain kernel", [&] { by_plain_kernel(q, in.view(), bias.view(), out.view()); });
  made.insert(made.end(), recorder.rows().begin(), recorder.rows().end());
}

constexpr auto usage =
    "usage: attention [options] [sequences] [positions] [heads]\n"
    "\n"
    "Attention with an additive bias over random sequences of 32 channels for each head, by the library's function and by a plain kernel,\n"
    "on every device found and on the CPU with waves of 32 and of 64 lanes; compared with the definition in double. Unless said, 16\n"
    "sequences of 64 positions and 1 of 256, with 8 heads each.\n"
    "\n";

void run(examples::options const& chosen) {
  auto const& numbers = chosen.operands;
  auto const number = [&](std::size_t i, char const* name, std::size_t otherwise, std::size_t most) {
    return int(numbers.size() > i ? examples::parse_count(numbers[i], name, 1, most) : otherwise);
  };
  int const sequences = number(0, "sequences", 16, 1024), positions = number(1, "positions", 64, 4096), heads = number(2, "heads", 8, 64);
  examples::require_device(chosen, "attention");
  auto const old = examples::old_rows(chosen);

  std::vector<examples::row> made;
  {
    examples::progress shown;
    shown.show("the reference: plain C++, one thread");
    std::vector<problem> problems;
    problems.emplace_back(sequences, positions, heads);
    if (numbers.empty()) problems.emplace_back(1, 256, 8);
    examples::for_each_device(chosen, [&](auto device) {
      for (auto const& p : problems) measure(device, p, chosen.repeat, shown, made);
    });
  }
  std::cout << "sequences x heads x positions\n\n";
  examples::print_rows(chosen, old, made);
  std::cout << "\nGB/s: bytes of queries, keys, values and result, by time\n"
               "difference: the largest from the definition in double\n\n";
}

}  // namespace
}  // namespace attention

int main(int count, char** arguments) { return examples::run_program("attention", attention::usage, count, arguments, 3, attention::run); }
