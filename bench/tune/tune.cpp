// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Measures the algorithms on whole arrays with many policies, on device 0, and prints the fastest ones:
///
///   tune.cuda               compares all
///   tune.cuda scans merges  compares those
///
/// The numbers of a policy are its template arguments.
#include "tune.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>

namespace tune {
namespace {

struct hashed {
  CROSSLANE_FN unsigned operator()(std::uint64_t i) const {
    unsigned x = unsigned(i) * 2654435761u;
    x ^= x >> 15;
    x *= 2246822519u;
    return x ^ x >> 13;
  }
};
struct runs_of_eight {
  CROSSLANE_FN unsigned operator()(std::uint64_t i) const { return unsigned(i / 8); }
};
/// A word times an odd number that depends on its place.
struct weighted {
  xl::span<unsigned const> words;
  CROSSLANE_FN std::uint64_t operator()(std::uint64_t i) const { return (words[i] + 1) * (i * 0x9e3779b97f4a7c16u + 1); }
};

}  // namespace

arrays::arrays(xl::stream_ref q) : random{q, words}, runs{q, words}, sorted{q, 2 * words}, output{q, 2 * words + 64} {
  xl::generate(q, random, hashed{});
  xl::generate(q, runs, runs_of_eight{});
  // The first half of the words is sorted as numbers of 32 bits, the second one as numbers of 64 bits.
  for (std::size_t const half : {std::size_t{0}, words / 2})
    xl::radix_sort(q, random.subspan(half, words / 2), sorted.subspan(half, words / 2));
  for (std::size_t const half : {std::size_t{0}, words / 4})
    xl::radix_sort(q, in<std::uint64_t>(random, words / 4, half),
                   xl::span<std::uint64_t>{reinterpret_cast<std::uint64_t*>(sorted.data() + words) + half, words / 4});
}

std::uint64_t comparison::checksum() {
  std::size_t const n = arrays_.output.size();
  return xl::reduce(q_, xl::transformed(xl::counting(std::uint64_t{0}, n), weighted{arrays_.output.view()}), xl::plus{});
}

void comparison::run() {
  constexpr int rounds = 7;
  constexpr std::size_t most_shown = 6;
  std::printf("\n%s\n", name_.c_str());

  // Leaves the policies that work. All calls have the memory of the largest.
  std::size_t bytes = 0;
  for (candidate const& c : candidates_) bytes = std::max(bytes, xl::workspace_size([&](xl::options<> const& o) { c.queue(o.workspace); }));
  xl::workspace const workspace{q_, bytes};
  std::uint64_t expected = 0;
  std::size_t working = 0;
  for (candidate& c : candidates_) {
    try {
      xl::fill(q_, arrays_.output, 0xccccccccu);
      c.queue(workspace);
      std::uint64_t const sum = checksum();
      if (&c == &candidates_.front()) expected = sum;
      if (sum != expected) {
        std::printf("  %s: WRONG, the result is not the library's\n", c.name.c_str());
        continue;
      }
    } catch (xl::error const& e) {
      std::printf("  %s: %.*s\n", c.name.c_str(), int(std::strcspn(e.what(), "\n")), e.what());
      if (&c == &candidates_.front()) return;
      continue;
    }
    double const once = bench::device_seconds(q_, 1, [&] { c.queue(workspace); })();
    c.launches = once > 1e-3 ? 1 : once < 2e-5 ? 50 : int(1e-3 / once);
    if (working != std::size_t(&c - candidates_.data())) candidates_[working] = std::move(c);
    ++working;
  }
  candidates_.resize(working);

  for (int round = 0; round < rounds; ++round)
    for (candidate& c : candidates_) c.seconds.push_back(bench::device_seconds(q_, c.launches, [&] { c.queue(workspace); })());
  for (candidate& c : candidates_) std::sort(c.seconds.begin(), c.seconds.end());
  auto const median = [](candidate const& c) { return c.seconds[rounds / 2]; };
  std::sort(candidates_.begin(), candidates_.end(), [&](candidate const& a, candidate const& b) { return median(a) < median(b); });

  for (std::size_t place = 0; place < candidates_.size(); ++place) {
    candidate const& c = candidates_[place];
    bool const is_library = c.name == name_of(static_cast<xl::tuned*>(nullptr));
    if (place >= most_shown && !is_library) continue;
    std::printf("  %3zu of %zu  %-28s %10.2f us  %7.0f GB/s  %.3f\n", place + 1, candidates_.size(), c.name.c_str(), median(c) * 1e6,
                bytes_ / median(c) * 1e-9, median(c) / median(candidates_.front()));
  }
}

}  // namespace tune

int main(int argc, char** argv) {
  namespace xl = crosslane;
  struct {
    char const* name;
    void (*compare)(xl::stream_ref, tune::arrays&);
  } const subjects[] = {{"reductions", tune::compare_reductions}, {"scans", tune::compare_scans},
                        {"selections", tune::compare_selections}, {"histograms", tune::compare_histograms},
                        {"top_k", tune::compare_top_k},           {"radix_sorts", tune::compare_radix_sorts},
                        {"merges", tune::compare_merges},         {"segmented_sorts", tune::compare_segmented_sorts}};
  for (int i = 1; i < argc; ++i)
    if (std::none_of(std::begin(subjects), std::end(subjects), [&](auto const& s) { return std::strcmp(s.name, argv[i]) == 0; })) {
      std::printf("no subject %s; there are", argv[i]);
      for (auto const& s : subjects) std::printf(" %s", s.name);
      std::printf("\n");
      return 2;
    }
  if (xl::device::count() == 0) {
    std::printf("no %s device: nothing is measured\n", xl::default_backend::name);
    return 77;
  }
  try {
    xl::stream const q{xl::device{0}};
    std::printf("%s: %s\n", xl::default_backend::name, q.device().properties().name);
    std::printf("Columns: place, policy, time, bytes per time, time by that of the fastest.\n");
    tune::arrays a{q};
    for (auto const& s : subjects)
      if (argc == 1 || std::any_of(argv + 1, argv + argc, [&](char const* name) { return std::strcmp(s.name, name) == 0; }))
        s.compare(q, a);
  } catch (xl::error const& e) {
    std::printf("%s\n", e.what());
    return 1;
  }
}
