// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// What the comparisons of policies share. A comparison measures one call of an algorithm with many policies of one type.
#pragma once

#include "../bench.hpp"

#include <crosslane/algorithm.hpp>

#include <string>
#include <vector>

namespace tune {

namespace xl = crosslane;

/// A list of numbers: the choices of one size of a policy, or one choice of each.
template <unsigned... V>
struct values {};

/// @{
/// Calls f(values<...>{}) for each choice of one number of each list.
template <unsigned... Chosen, class F>
void for_choices(F const& f) {
  f(values<Chosen...>{});
}
template <unsigned... Chosen, class F, unsigned... V, class... Lists>
void for_choices(F const& f, values<V...>, Lists... lists) {
  (for_choices<Chosen..., V>(f, lists...), ...);
}
/// @}

/// Whether the tiles of a scan fit the shared memory of a block, with so many bytes for each element in a stage and beside the stages.
template <unsigned Staged, unsigned Results>
constexpr bool fits(unsigned threads, unsigned items, unsigned stages) {
  constexpr std::size_t most = xl::default_backend::max_shared_bytes - (std::size_t{4} << 10);
  return std::size_t{threads} * items * (stages * Staged + Results) <= most;
}

/// The memory that the algorithms read and write.
struct arrays {
  static constexpr std::size_t words = std::size_t{1} << 26;

  explicit arrays(xl::stream_ref q);

  xl::buffer<unsigned> random;  ///< random bits
  xl::buffer<unsigned> runs;    ///< runs of 8 equal words
  xl::buffer<unsigned> sorted;  ///< two halves, each of which is sorted by itself, for words of 32 and of 64 bits
  xl::buffer<unsigned> output;  ///< all results of a call

  /// Returns n elements of an input.
  template <class T>
  static xl::span<T const> in(xl::buffer<unsigned> const& input, std::size_t n, std::size_t first = 0) {
    return {reinterpret_cast<T const*>(input.data()) + first, n};
  }
  /// Returns n elements of the output, of its first or second half.
  template <class T>
  xl::span<T> out(std::size_t n, unsigned half = 0) {
    return {reinterpret_cast<T*>(output.data() + half * words), n};
  }
  /// Returns the place of one number of a result.
  xl::span<std::uint64_t> number() { return {reinterpret_cast<std::uint64_t*>(output.data() + 2 * words), 1}; }

  /// The numbers of elements that are measured: few, and as many as fill the input.
  template <class T>
  static std::vector<std::size_t> sizes() {
    return {std::size_t{1} << 20, words * sizeof(unsigned) / sizeof(T)};
  }
};

/// The policies for one call, and their times.
class comparison {
 public:
  /// Begins the comparison of calls that read and write `bytes` and write to a.output.
  comparison(xl::stream_ref q, arrays& a, std::string name, double bytes) : q_{q}, arrays_{a}, name_{std::move(name)}, bytes_{bytes} {}

  /// Adds a policy, or xl::tuned. `call(options)` queues the algorithm, with whatever `call` refers to.
  template <class Policy, class Call>
  void add(Call const& call) {
    candidates_.push_back({name_of(static_cast<Policy*>(nullptr)), [&call](xl::detail::workspace_reference const& memory) {
                             call(xl::options<xl::run_to_run, Policy>{.workspace = memory});
                           }});
  }

  /// Measures all policies in turn, several times, and prints the fastest and the library's. Policies whose results differ from the
  /// library's, or which the device refuses, are named and not measured. The first policy must be xl::tuned.
  void run();

 private:
  struct candidate {
    std::string name;
    std::function<void(xl::detail::workspace_reference const&)> queue;
    int launches = 0;
    std::vector<double> seconds{};
  };

  static std::string name_of(xl::tuned const*) { return "the library's"; }
  template <template <unsigned...> class Policy, unsigned... V>
  static std::string name_of(Policy<V...> const*) {
    std::string name;
    for (unsigned const v : {V...}) name += (name.empty() ? "" : " ") + std::to_string(v);
    return name;
  }
  /// Returns a number that depends on each word of the output.
  std::uint64_t checksum();

  xl::stream_ref q_;
  arrays& arrays_;
  std::string name_;
  double bytes_;
  std::vector<candidate> candidates_;
};

// One function for each source file.
void compare_reductions(xl::stream_ref q, arrays& a);
void compare_scans(xl::stream_ref q, arrays& a);
void compare_selections(xl::stream_ref q, arrays& a);
void compare_histograms(xl::stream_ref q, arrays& a);
void compare_top_k(xl::stream_ref q, arrays& a);
void compare_radix_sorts(xl::stream_ref q, arrays& a);
void compare_merges(xl::stream_ref q, arrays& a);
void compare_segmented_sorts(xl::stream_ref q, arrays& a);

}  // namespace tune
