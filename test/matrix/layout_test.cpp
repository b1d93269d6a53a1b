// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The maps of all targets, at compile time: each is a bijection, or repeats elements as stated, and agrees with the vendors' documents.
#include <crosslane/backend/matrix_hooks.hpp>
#include <crosslane/matrix.hpp>
#include <crosslane/matrix/print.hpp>
#include <crosslane/tensor/print.hpp>
#include <support/target.hpp>

#include <cstdint>
#include <cstring>
#include <new>
#include <string>
#include <vector>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

using use = xl::matrix_use;
namespace target = xl::matrix_target;

template <use U, class Shape, class Target>
using layout = xl::fragment_layout<U, Shape, Target>;
template <unsigned M, unsigned N, unsigned K, class T, class C = float>
using shape = xl::matrix_shape<M, N, K, T, T, C>;

// --- every map ---

/// Whether place() and position() are inverse, and each element is in `copies` lanes.
template <class L>
constexpr bool is_consistent() {
  static_assert(xl::tensor_layout<L> && L::rows * L::cols * L::copies == L::wave_size * L::size);
  for (unsigned row = 0; row < L::rows; ++row)
    for (unsigned col = 0; col < L::cols; ++col) {
      auto const at = L::place({row, col});
      if (at.lane >= L::wave_size || at.element >= L::size || !L::is_first_copy(at.lane)) return false;
      if (L::position(at.lane, at.element) != xl::matrix_position{row, col}) return false;
      if (L{}.offset({{std::int32_t(row), std::int32_t(col)}}) != std::int32_t(at.lane * L::size + at.element)) return false;
    }
  for (unsigned lane = 0; lane < L::wave_size; ++lane)
    for (unsigned i = 0; i < L::size; ++i) {
      auto const at = L::position(lane, i);
      if (at.row >= L::rows || at.col >= L::cols) return false;
      if (L::is_first_copy(lane) && L::place(at) != xl::matrix_place{lane, i}) return false;
    }
  return true;
}

template <class L>
inline constexpr bool consistent = is_consistent<L>();  // each an expression of its own: compilers limit their steps

template <class Target, class... Shapes>
constexpr bool all_consistent(xl::matrix_shapes<Shapes...>) {
  static_assert(((layout<use::accumulator, Shapes, Target>::copies == 1) && ...), "for_each() promises it");
  return ((consistent<layout<use::a, Shapes, Target>> && consistent<layout<use::b, Shapes, Target>> &&
           consistent<layout<use::accumulator, Shapes, Target>>) &&
          ...);
}
static_assert(all_consistent<target::portable<32>>(target::portable<32>::shapes{}));
static_assert(all_consistent<target::portable<64>>(target::portable<64>::shapes{}));
static_assert(all_consistent<target::sm_89>(target::sm_89::shapes{}));
static_assert(all_consistent<target::gfx90a>(target::gfx90a::shapes{}));
static_assert(all_consistent<target::gfx942>(target::gfx942::shapes{}));
static_assert(all_consistent<target::gfx11>(target::gfx11::shapes{}));
static_assert(all_consistent<target::gfx12>(target::gfx12::shapes{}));

// --- PTX ISA, "Matrix Fragments for mma.m16n8k16" and others: rows and columns by group (lane / 4) and thread in group (lane % 4) ---

enum class registers { of_16_bits, of_32_bits, of_8_bits, of_64_bits };

/// The document's formulas for element i of a lane.
constexpr xl::matrix_position in_document(use u, registers type, unsigned lane, unsigned i) {
  unsigned const group = lane >> 2, thread = lane % 4;
  if (type == registers::of_64_bits) {  // mma.m8n8k4
    if (u == use::a) return {group, thread};
    if (u == use::b) return {thread, group};
    return {group, thread * 2 + (i & 1)};
  }
  if (u == use::accumulator) return {i < 2 ? group : group + 8, thread * 2 + (i & 1)};
  if (type == registers::of_32_bits) {  // m16n8k8 and m16n8k4, .tf32
    if (u == use::a) return {i % 2 == 0 ? group : group + 8, i < 2 ? thread : thread + 4};
    return {i == 0 ? thread : thread + 4, group};
  }
  if (type == registers::of_16_bits) {  // m16n8k16 and m16n8k8, .f16 and .bf16
    if (u == use::a) return {i < 2 || (i >= 4 && i < 6) ? group : group + 8, thread * 2 + (i & 1) + (i < 4 ? 0 : 8)};
    return {thread * 2 + (i & 1) + (i < 2 ? 0 : 8), group};
  }
  // m16n8k32 and m16n8k16, 8 bits
  if (u == use::a) return {i < 4 || (i >= 8 && i < 12) ? group : group + 8, thread * 4 + (i & 3) + (i < 8 ? 0 : 16)};
  return {thread * 4 + (i & 3) + (i < 4 ? 0 : 16), group};
}

constexpr registers type_of(unsigned bytes) {
  return bytes == 1   ? registers::of_8_bits
         : bytes == 2 ? registers::of_16_bits
         : bytes == 4 ? registers::of_32_bits
                      : registers::of_64_bits;
}
template <use U, class Shape, class Target>
constexpr bool agrees_with_document() {
  using L = layout<U, Shape, Target>;
  constexpr registers type = type_of(sizeof(typename Shape::template element<use::a>));
  for (unsigned lane = 0; lane < 32; ++lane)
    for (unsigned i = 0; i < L::size; ++i)
      if (L::position(lane, i) != in_document(U, type, lane, i)) return false;
  return true;
}

template <class L>
inline constexpr bool agrees = false;
template <use U, class Shape, class Target>
inline constexpr bool agrees<layout<U, Shape, Target>> = agrees_with_document<U, Shape, Target>();

template <class... Shapes>
constexpr bool all_agree_with_document(xl::matrix_shapes<Shapes...>) {
  return ((agrees<layout<use::a, Shapes, target::sm_89>> && agrees<layout<use::b, Shapes, target::sm_89>> &&
           agrees<layout<use::accumulator, Shapes, target::sm_89>>) &&
          ...);
}
static_assert(all_agree_with_document(target::sm_89::shapes{}));

// --- ldmatrix: lane T gets elements 2 * (T % 4) and the next one of line T / 4 of each matrix; with .trans, of column T / 4 ---

template <class L, bool Trans>
constexpr bool loads_its_elements() {
  for (unsigned lane = 0; lane < 32; ++lane)
    for (unsigned i = 0; i < L::size; ++i) {
      unsigned const matrix = i / 2, inner = 2 * (lane % 4) + i % 2, outer = lane / 4;
      // The line that has the element, and the element's place in it.
      unsigned const line = Trans ? inner : outer, in_line = Trans ? outer : inner;
      auto at = xl::backend::line_of_lane<L, Trans>(8 * matrix + line);
      (L::map.along_columns != Trans ? at.col : at.row) += in_line;
      if (at != L::position(lane, i)) return false;
    }
  return true;
}
template <class Shape>
constexpr bool all_load() {
  return loads_its_elements<layout<use::a, Shape, target::sm_80>, false>() &&
         loads_its_elements<layout<use::a, Shape, target::sm_80>, true>() &&
         loads_its_elements<layout<use::b, Shape, target::sm_80>, false>() &&
         loads_its_elements<layout<use::b, Shape, target::sm_80>, true>();
}
static_assert(all_load<shape<16, 8, 16, xl::half>>() && all_load<shape<16, 8, 8, xl::half>>());

// --- AMD's matrix instruction calculator: `v1{17}` is register 1 of lane 17 ---

template <use U, class Shape, class Target>
constexpr bool is_at(unsigned row, unsigned col, unsigned lane, unsigned element) {
  return layout<U, Shape, Target>::place({row, col}) == xl::matrix_place{lane, element};
}
using halves_16 = shape<16, 16, 16, xl::half>;
using halves_32 = shape<32, 32, 8, xl::half>;
static_assert(is_at<use::a, halves_16, target::gfx90a>(1, 6, 17, 2) && is_at<use::b, halves_16, target::gfx90a>(15, 3, 51, 3));
static_assert(is_at<use::accumulator, halves_16, target::gfx90a>(6, 9, 25, 2));
static_assert(is_at<use::a, halves_32, target::gfx90a>(31, 4, 63, 0) && is_at<use::b, halves_32, target::gfx90a>(3, 8, 8, 3));
static_assert(is_at<use::accumulator, halves_32, target::gfx90a>(5, 0, 32, 1) &&
              is_at<use::accumulator, halves_32, target::gfx90a>(26, 7, 7, 14));
using doubles = shape<16, 16, 4, double, double>;
static_assert(is_at<use::a, doubles, target::gfx90a>(1, 3, 49, 0) && is_at<use::accumulator, doubles, target::gfx90a>(1, 2, 18, 0));
static_assert(is_at<use::accumulator, doubles, target::gfx90a>(4, 0, 0, 1));
using bytes_16 = shape<16, 16, 32, std::int8_t, std::int32_t>;
static_assert(is_at<use::a, bytes_16, target::gfx942>(2, 9, 18, 1) && is_at<use::accumulator, bytes_16, target::gfx942>(15, 15, 63, 3));
using xfloats = shape<16, 16, 8, xl::tf32>;
static_assert(is_at<use::a, xfloats, target::gfx942>(0, 3, 16, 1) && is_at<use::b, xfloats, target::gfx942>(7, 15, 63, 1));
static_assert(layout<use::a, halves_16, target::gfx11>::copies == 2 && layout<use::b, halves_16, target::gfx11>::copies == 2);
static_assert(is_at<use::a, halves_16, target::gfx11>(1, 13, 1, 13) &&
              layout<use::a, halves_16, target::gfx11>::position(17, 13) == xl::matrix_position{1, 13});
static_assert(is_at<use::accumulator, halves_16, target::gfx11>(1, 2, 18, 0) &&
              is_at<use::accumulator, halves_16, target::gfx11>(2, 0, 0, 1));
static_assert(is_at<use::a, halves_16, target::gfx12>(0, 4, 16, 0) && is_at<use::a, halves_16, target::gfx12>(1, 8, 1, 4));
static_assert(is_at<use::b, halves_16, target::gfx12>(15, 2, 18, 7) && is_at<use::accumulator, halves_16, target::gfx12>(9, 0, 16, 1));
using small_floats = shape<16, 16, 16, xl::fp8_e4m3>;
static_assert(is_at<use::a, small_floats, target::gfx12>(0, 7, 0, 7) && is_at<use::a, small_floats, target::gfx12>(2, 8, 18, 0));

// A kernel that confuses two sizes which differ on a target must be wrong on the host: k is m in products of 16-bit operands only, as on
// all targets.
template <class... Shapes>
constexpr bool sizes_differ(xl::matrix_shapes<Shapes...>) {
  return ((Shapes::m != Shapes::n && (Shapes::m != Shapes::k) == (sizeof(typename Shapes::template element<use::a>) != 2)) && ...);
}
static_assert(sizes_differ(target::portable<32>::shapes{}) && sizes_differ(target::portable<64>::shapes{}));
static_assert(is_at<use::b, xl::native_shape<xl::half, target::portable<32>>, target::portable<32>>(9, 2, 10, 1));

static_assert(std::is_same_v<xl::native_shape<xl::half, target::sm_80>, shape<16, 8, 16, xl::half>>);
static_assert(std::is_same_v<xl::native_shape<double, target::gfx942>, doubles>);

// --- tf32 ---

constexpr float tf32_of(float x) { return float(xl::tf32(x)); }
static_assert(tf32_of(1) == 1 && tf32_of(0x1.002p0f) == 1 && tf32_of(0x1.006p0f) == 0x1.008p0f && tf32_of(0x1.002002p0f) == 0x1.004p0f);
static_assert(tf32_of(-0x1.fffp0f) == -2 && tf32_of(0x1.fffffep127f) == __builtin_inff() && tf32_of(0x1p-149f) == 0);
static_assert(tf32_of(__builtin_inff()) == __builtin_inff() && tf32_of(__builtin_nanf("")) != tf32_of(__builtin_nanf("")));

}  // namespace

CROSSLANE_TEST_ONCE(fragment_layout, printed) {
  std::string const text = xl::to_string(layout<use::b, shape<16, 8, 8, xl::half>, target::sm_80>{});
  CROSSLANE_CHECK_EQ(text, std::string("8 x 8 elements, 32 lanes with 2 each\n"
                                       " 0:0   4:0   8:0  12:0  16:0  20:0  24:0  28:0\n"
                                       " 0:1   4:1   8:1  12:1  16:1  20:1  24:1  28:1\n"
                                       " 1:0   5:0   9:0  13:0  17:0  21:0  25:0  29:0\n"
                                       " 1:1   5:1   9:1  13:1  17:1  21:1  25:1  29:1\n"
                                       " 2:0   6:0  10:0  14:0  18:0  22:0  26:0  30:0\n"
                                       " 2:1   6:1  10:1  14:1  18:1  22:1  26:1  30:1\n"
                                       " 3:0   7:0  11:0  15:0  19:0  23:0  27:0  31:0\n"
                                       " 3:1   7:1  11:1  15:1  19:1  23:1  27:1  31:1\n"));
  std::string const repeated = xl::to_string(layout<use::a, halves_16, target::gfx11>{});
  CROSSLANE_CHECK_EQ(repeated.substr(0, repeated.find('\n')),
                     std::string("16 x 16 elements, 32 lanes with 16 each, each element in 2 lanes"));
  CROSSLANE_CHECK_EQ(repeated.substr(repeated.find('\n') + 1, 17), std::string(" 0:0    0:1    0:"));
}

CROSSLANE_TEST_ONCE(fragment, zero_without_a_value) {
  using F = xl::fragment<use::a, halves_16, target::gfx90a>;
  alignas(F) unsigned char memory[sizeof(F)];
  std::memset(memory, 0x33, sizeof memory);
  auto const* f = new (memory) F;
  for (unsigned i = 0; i < F::size; ++i) CROSSLANE_CHECK_EQ(float((*f)[i]), 0.0f);
}

/// A view of all lanes' elements shows the matrix.
CROSSLANE_TEST_ONCE(fragment_layout, viewed) {
  using L = layout<use::accumulator, shape<8, 8, 4, double, double>, target::sm_80>;
  std::vector<int> registers(std::size_t(L{}.span_size()));
  for (unsigned lane = 0; lane < 32; ++lane)
    for (unsigned i = 0; i < L::size; ++i) registers[lane * L::size + i] = int(L::position(lane, i).row * 10 + L::position(lane, i).col);
  xl::tensor_view const matrix{registers.data(), L{}};
  CROSSLANE_CHECK_EQ(matrix(3, 5), 35);
  CROSSLANE_CHECK(contains(xl::to_string(matrix), " [30, 31, 32, 33, 34, 35, 36, 37]"));
}
