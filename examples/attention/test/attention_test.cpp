// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Compares both ways with the definition in double.
#include "../attention.hpp"

#include <support/target.hpp>

#include <random>
#include <string>

namespace xl = crosslane;
using namespace crosslane_test;

CROSSLANE_TEST(example_attention, both_ways) {
  xl::stream const q{d};
  struct sizes {
    int sequences, positions, heads;
  };
  for (auto const [sequences, positions, heads] : {sizes{2, 64, 2}, sizes{1, 5, 3}, sizes{1, 100, 1}}) {
    std::mt19937 random{unsigned(positions)};
    std::vector<xl::half> in(std::size_t(sequences * positions) * 3 * std::size_t(heads * attention::channels));
    std::vector<xl::half> bias(std::size_t(positions) * std::size_t(positions));
    for (auto& x : in) x = xl::half(float(random() >> 8) / (1 << 23) - 1);
    for (auto& x : bias) x = xl::half(float(random() >> 8) / (1 << 23) - 1);
    auto const expected = attention::reference(in, bias, sequences, positions, heads);
    xl::tensor<xl::half, attention::qkv> operands{q, {sequences, positions, 3, heads, attention::channels}};
    xl::tensor<xl::half, xl::row_major<>> added{q, {positions, positions}};
    xl::tensor<xl::half, attention::result> out{q, {sequences, positions, heads, attention::channels}};
    xl::copy(q, in, operands.storage());
    xl::copy(q, bias, added.storage());
    for (bool const plain : {false, true}) {
      xl::fill(q, out, xl::half(std::numeric_limits<float>::quiet_NaN()));
      if (plain)
        attention::by_plain_kernel(q, operands.view(), added.view(), out.view());
      else
        attention::by_matrix_cores(q, operands.view(), added.view(), out.view());
      std::vector<xl::half> got(out.size());
      xl::copy(q, out.storage(), got);
      q.synchronize();
      for (std::size_t i = 0; i < got.size(); ++i)
        if (!(std::abs(double(float(got[i])) - expected[i]) <= attention::tolerance))
          fail_and_end(std::string(plain ? "plain kernel" : "matrix cores") + ", " + std::to_string(positions) + " positions: element " +
                           std::to_string(i) + " is " + show(float(got[i])) + ", not " + show(expected[i]),
                       xl::source_location::current());
    }
  }
}
