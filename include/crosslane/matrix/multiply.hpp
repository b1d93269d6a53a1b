// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The product of two fragments.
#pragma once

#include <crosslane/matrix/fragment.hpp>

namespace crosslane {
namespace detail {

/// A failed assertion shows the fragments.
template <class A, class B, class C>
struct fragments_agree {
  using shape = typename C::shape;
  static_assert(
      A::use == matrix_use::a && B::use == matrix_use::b && C::use == matrix_use::accumulator,
      "crosslane: multiply_add(ctx, a, b, c) takes fragments with the uses a, b and accumulator, in this order; the compiler shows "
      "the fragments as the arguments of fragments_agree");
  static constexpr bool same_product = std::is_same_v<typename A::shape, shape> && std::is_same_v<typename B::shape, shape> &&
                                       std::is_same_v<typename A::target, typename C::target> &&
                                       std::is_same_v<typename B::target, typename C::target>;
  static_assert(same_product,
                "crosslane: the fragments of a product must have the same shape and target; the compiler shows the fragments as the "
                "arguments of fragments_agree. convert_fragment() makes one with another layout");
  static_assert(!same_product || (std::is_same_v<typename A::value_type, typename shape::template element<matrix_use::a>> &&
                                  std::is_same_v<typename B::value_type, typename shape::template element<matrix_use::b>> &&
                                  std::is_same_v<typename C::value_type, typename shape::template element<matrix_use::accumulator>>),
                "crosslane: the fragments of a product must have the element types of its shape; the compiler shows the fragments as the "
                "arguments of fragments_agree. fragment_cast<T>() converts elements");
};

}  // namespace detail

/// Returns a * b + c. All lanes of the wave must call it, at the same place, and the wave must be full.
///
///   sum = xl::multiply_add(ctx, a, b, sum);
///
/// GPUs perform the target's matrix instruction, whose order of additions and intermediate precision the vendors do not document. The host
/// begins each sum with the element of c, and adds the products in the order of k, each rounded once: in float for half and smaller types,
/// else in the type of c. Sums of half are rounded to half at the end. Integers wrap. NaNs and infinities have their usual results.
/// Subnormal numbers are kept, unless the target's flushes_subnormals says otherwise.
template <kernel_context Ctx, matrix_fragment A, matrix_fragment B, matrix_fragment C>
CROSSLANE_FN C multiply_add(Ctx const& ctx, A const& a, B const& b, C const& c, source_location where = source_location::current()) {
  static_assert(sizeof(detail::fragments_agree<A, B, C>) > 0 &&
                sizeof(detail::kernel_runs_target<typename C::target, detail::matrix_backend<Ctx>>) > 0);
  C result = c;
  detail::matrix_backend<Ctx>::template multiply_add<typename C::shape, typename C::target>(ctx.native(), ctx.lane_rank(), a.data, b.data,
                                                                                            result.data, where);
  return result;
}

}  // namespace crosslane
