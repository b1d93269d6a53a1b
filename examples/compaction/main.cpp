// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Measures stream compaction by xl::copy_if and by hand, on every device that this program was built for and on the CPU. Compares the
/// results with std::copy_if.
#include "common/difference.hpp"
#include "common/program.hpp"
#include "common/recorder.hpp"
#include "compact.hpp"

#include <crosslane/algorithm.hpp>

#include <algorithm>
#include <iterator>
#include <random>

namespace compaction {
namespace {

/// The exact results of each kernel.
struct reference {
  std::vector<unsigned> counts;
  std::vector<std::uint64_t> offsets{0};
  std::vector<float> kept;

  reference(std::vector<float> const& in, above keep) {
    for (std::size_t first = 0; first < in.size(); first += block_elements) {
      auto const begin = in.begin() + std::ptrdiff_t(first);
      auto const end = in.begin() + std::ptrdiff_t(std::min(first + block_elements, in.size()));
      std::copy_if(begin, end, std::back_inserter(kept), keep);
      counts.push_back(unsigned(kept.size() - offsets.back()));
      offsets.push_back(kept.size());
    }
  }
};

template <xl::runtime_backend Backend>
std::vector<examples::row> measure(xl::basic_device<Backend> device, std::vector<float> const& values, above keep,
                                   reference const& expected, int repeat, examples::progress& shown) {
  xl::basic_stream<Backend> const q{device};
  auto const memory = [&]<class T>(T, std::size_t n) { return xl::basic_buffer<T, xl::memory_kind::device, Backend>{q, n}; };
  auto const difference = [&](auto const& from, auto const& right) {  // of the front of a buffer
    std::vector<typename std::remove_cvref_t<decltype(from)>::value_type> got(right.size());
    xl::copy(q, from.view().subspan(0, right.size()), got);
    q.synchronize();
    return examples::largest_difference(got, right);
  };
  auto in = memory(float{}, values.size()), out = memory(float{}, values.size());
  auto number = memory(std::uint64_t{}, 1);
  auto counts = memory(unsigned{}, expected.counts.size());
  auto offsets = memory(std::uint64_t{}, expected.offsets.size());
  xl::copy(q, values, in);

  examples::recorder<Backend> recorder{q, repeat, shown};
  std::size_t const read = values.size() * sizeof(float), written = expected.kept.size() * sizeof(float);
  recorder.run("copy_if", read + written, [&] { xl::copy_if(q, in, out, number, keep); });
  recorder.difference(std::max(difference(out, expected.kept), difference(number, std::vector{std::uint64_t{expected.kept.size()}})), 0);
  xl::fill(q, out, 0.0f);
  recorder.run("count", read, [&] { count(q, in, keep, counts); });
  recorder.difference(difference(counts, expected.counts), 0);
  // The kernel moves too few bytes for a meaningful rate.
  recorder.run("scan of counts", 0, [&] { scan(q, counts, offsets); });
  recorder.difference(difference(offsets, expected.offsets), 0);
  recorder.run("scatter", read + written, [&] { scatter(q, in, keep, offsets, out); });
  recorder.difference(difference(out, expected.kept), 0);
  xl::fill(q, out, 0.0f);
  recorder.run("all three", 2 * read + written, [&] { compact_by_hand(q, in, keep, counts, offsets, out); });
  recorder.difference(difference(out, expected.kept), 0);
  return recorder.rows();
}

constexpr auto usage =
    "usage: compaction [options] [elements]\n"
    "\n"
    "Keeps the positive ones of random floats (16777216 unless said) in their order, by xl::copy_if and by three kernels, on every\n"
    "device found and on the CPU with waves of 32 and of 64 lanes; compared with std::copy_if.\n"
    "\n";

void run(examples::options const& chosen) {
  std::size_t n = std::size_t{1} << 24;
  if (!chosen.operands.empty()) n = examples::parse_count(chosen.operands[0], "elements", 0, std::size_t{1} << 30);
  examples::require_device(chosen, "compaction");
  auto const old = examples::old_rows(chosen);

  std::vector<examples::row> made;
  std::size_t kept = 0;
  {
    examples::progress shown;
    shown.show("the reference: std::copy_if");
    std::mt19937 random{1};
    std::vector<float> values(n);
    for (auto& v : values) v = float(random() >> 8) / (1 << 23) - 1;  // in [-1, 1)
    above const keep{0};
    reference const expected{values, keep};
    kept = expected.kept.size();
    examples::for_each_device(chosen, [&](auto device) {
      auto const rows = measure(device, values, keep, expected, chosen.repeat, shown);
      made.insert(made.end(), rows.begin(), rows.end());
    });
  }
  std::cout << kept << " of " << n << " elements kept\n\n";
  examples::print_rows(chosen, old, made);
  std::cout << "\nGB/s: bytes that the kernel must read and write, by time\n"
               "difference: from std::copy_if; the elements must be the same\n\n";
}

}  // namespace
}  // namespace compaction

int main(int count, char** arguments) {
  return examples::run_program("compaction", compaction::usage, count, arguments, 1, compaction::run);
}
