// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The vendor's types and the library's have the same size, alignment and bits, so either can be used for the same memory.
#include <support/target.hpp>

#if CROSSLANE_COMPILER_CUDA()
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_fp8.h>
#else
#include <hip/hip_fp16.h>
#endif

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

template <class Ours, class Theirs>
constexpr bool same_layout = sizeof(Ours) == sizeof(Theirs) && alignof(Ours) == alignof(Theirs) && std::is_trivially_copyable_v<Ours>;

static_assert(same_layout<xl::half, __half> && same_layout<xl::half2, __half2>);
#if CROSSLANE_COMPILER_CUDA()
static_assert(same_layout<xl::bfloat16, __nv_bfloat16> && same_layout<xl::bfloat162, __nv_bfloat162>);
static_assert(same_layout<xl::fp8_e4m3, __nv_fp8_e4m3> && same_layout<xl::fp8_e5m2, __nv_fp8_e5m2>);
static_assert(same_layout<xl::vec<float, 2>, float2> && same_layout<xl::vec<float, 4>, float4> && same_layout<xl::vec<float, 3>, float3>);
#endif

/// Writes elements as one type and reads them as the other, in both directions. Counts the elements whose numbers differ.
struct exchange {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<xl::half2> memory, xl::span<unsigned> wrong) const {
    if (auto const i = ctx.global_rank(); i < memory.size()) wrong[i] = count(memory[i], float(i), float(i) + 0.5f);
  }

 private:
  CROSSLANE_FN static unsigned count([[maybe_unused]] xl::half2& ours, [[maybe_unused]] float low, [[maybe_unused]] float high) {
#if CROSSLANE_DEVICE_PASS()
    unsigned differences = 0;
    ours = {{xl::half{low}, xl::half{high}}};
    auto& theirs = reinterpret_cast<__half2&>(ours);
    // The members are numbers, not the integers that hold them.
    differences += __low2float(theirs) != low || __high2float(theirs) != high;
    differences += float(ours[0]) != low || float(ours[1]) != high;
    theirs = __floats2half2_rn(high, low);
    differences += float(ours[0]) != high || float(ours[1]) != low;
    theirs = __hadd2(theirs, theirs);
    xl::half2 const doubled = xl::half2{{xl::half{high}, xl::half{low}}} * xl::half{2};
    differences += !(ours == doubled);
    __half const single = __float2half(low);
    differences += __builtin_bit_cast(unsigned short, single) != xl::half{low}.bits();
    return differences;
#else
    return 1;
#endif
  }
};

/// Vectors of both kinds in one expression: the vendor's operators and the library's are not ambiguous.
struct both_kinds {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<float> out) const {
    using namespace crosslane;
    float4 const theirs = make_float4(1, 2, 3, 4);
    vec<float, 4> const ours = {{1, 2, 3, 4}};
    vec<float, 4> sum = ours + vec<float, 4>{{theirs.x, theirs.y, theirs.z, theirs.w}};
    sum += 2.0f * ours;
    sum -= ours / 1.0f;
    if (ctx.global_rank() < 4) out[ctx.global_rank()] = sum[ctx.global_rank()];
  }
};

}  // namespace

CROSSLANE_TEST(vendor, half2_holds_two_numbers) {
  xl::stream const q{d};
  xl::buffer<xl::half2> memory{q, 1000};
  xl::buffer<unsigned> wrong{q, 1000};
  xl::launch(q, {.grid = 4, .block = 256}, exchange{}, memory, wrong);
  CROSSLANE_CHECK_SAME(read(q, wrong), std::vector<unsigned>(1000, 0));
}
CROSSLANE_TEST(vendor, vectors_beside_the_vendors_own) {
  xl::stream const q{d};
  xl::buffer<float> out{q, 4};
  xl::launch(q, {.grid = 1, .block = 32}, both_kinds{}, out);
  CROSSLANE_CHECK_SAME(read(q, out), (std::vector<float>{3, 6, 9, 12}));
}
#if CROSSLANE_COMPILER_CUDA()
/// Conversions return the same bits as the vendor's, for 4 million floats. It runs on the host, so that no device is needed.
CROSSLANE_TEST_ONCE(vendor, conversions_agree) {
  unsigned wrong = 0;
  std::uint32_t bits = 0;
  for (int i = 0; i < 4000000; ++i, bits += 2654435761u) {
    float const x = __builtin_bit_cast(float, bits);
    wrong += __builtin_bit_cast(unsigned short, __float2half_rn(x)) != xl::half{x}.bits();
    wrong += __builtin_bit_cast(unsigned short, __float2bfloat16_rn(x)) != xl::bfloat16{x}.bits();
    wrong += __nv_cvt_float_to_fp8(x, __NV_SATFINITE, __NV_E4M3) != xl::fp8_e4m3{x}.bits();
    wrong += __nv_cvt_float_to_fp8(x, __NV_SATFINITE, __NV_E5M2) != xl::fp8_e5m2{x}.bits();
  }
  CROSSLANE_CHECK_EQ(wrong, 0u);
}
#endif
