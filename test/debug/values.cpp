// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The values that gdb.sh and lldb.sh print.
#include <crosslane/tensor.hpp>

namespace xl = crosslane;

namespace {
void stop() { asm volatile(""); }
}  // namespace

int main() {
  int numbers[] = {3, 1, 4};
  [[maybe_unused]] xl::span<int const> const s{numbers, 3};
  [[maybe_unused]] xl::span<int> const empty;
  [[maybe_unused]] xl::vec<float, 4> const v{{1, 2, 3, 4.5f}};
  [[maybe_unused]] xl::half const h[] = {xl::half(-1.5f), xl::half(1e-7f), xl::half(1e30f), xl::half::from_bits(0x7e00)};
  [[maybe_unused]] xl::fp8_e4m3 const e[] = {xl::fp8_e4m3(448.f), xl::fp8_e4m3::from_bits(0x7f)};
  [[maybe_unused]] auto const m = xl::lane_mask<64>::from_word(std::uint64_t{0x8000'0000'0000'00f1});
  [[maybe_unused]] xl::lane_mask<32> const none;
  xl::stream const q{xl::device{0}};
  xl::buffer<int> b{q, 3};
  xl::copy(q, s, b);
  xl::tensor<int, xl::row_major<>> t{q, {2, 3}};
  int const elements[] = {1, 2, 3, 4, 5, 6};
  xl::copy(q, xl::span<int const>{elements, 6}, t.storage());
  [[maybe_unused]] auto const tv = t.view();
  q.synchronize();
  stop();
}
