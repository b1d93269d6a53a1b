// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Whole products by the schedule of warpgroup_kernel.hpp: whether the device has it, the descriptors of the operands, the choice of sizes.
#pragma once

#include <crosslane/core/tensor_map_facts.hpp>
#include <crosslane/matrix/gemm_problem.hpp>
#include <crosslane/matrix/warpgroup_kernel.hpp>

#include <atomic>
#include <cstdint>
#include <type_traits>

namespace crosslane::detail {

/// A kernel whose shared memory tells whether it was compiled for an architecture that has the instructions. It is not launched.
struct warpgroup_probe {
  static constexpr std::size_t bytes_if_compiled = 256;
  template <class Ctx>
  struct shared {
    unsigned char bytes[backend::warpgroup_of<typename Ctx::native_type>::is_compiled ? bytes_if_compiled : 16];
  };
  template <kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s) const {
    s.bytes[ctx.thread_rank() % sizeof s.bytes] = 1;
    *const_cast<unsigned char volatile*>(s.bytes) = s.bytes[0];
  }
};

/// Whether code of the backend may have the instructions.
template <class Backend>
inline constexpr bool has_warpgroup_code = false;
template <class Backend>
requires requires { typename Backend::intrinsics; }
inline constexpr bool has_warpgroup_code<Backend> = backend::warpgroup_of<typename Backend::intrinsics>::may_be_compiled;

/// Whether the code for the stream's device has the instructions. Asks once for each device.
template <runtime_backend B>
bool has_warpgroups(basic_stream_ref<B> q, source_location where) {
  static std::atomic<device_properties const*> has = nullptr, has_not = nullptr;
  device_properties const& p = q.properties(where);
  if (has.load(std::memory_order_relaxed) == &p) return true;
  if (has_not.load(std::memory_order_relaxed) == &p) return false;
  auto const current = q.make_current("gemm", where);
  kernel_resources r{};
  bool const answer =
      B::template resources_of<32, warpgroup_probe>(p, 32, 0, r).code == 0 && r.static_shared >= warpgroup_probe::bytes_if_compiled;
  (answer ? has : has_not).store(&p, std::memory_order_relaxed);
  return answer;
}

/// Which instructions multiply elements of these types, and how. `Operand` is void if none does.
template <class T, bool AsTf32>
struct warpgroup_operand {
  static constexpr bool small = std::is_same_v<T, std::int8_t> || std::is_same_v<T, fp8_e4m3> || std::is_same_v<T, fp8_e5m2>;
  using type = std::conditional_t<std::is_same_v<T, half> || std::is_same_v<T, bfloat16> || small, T,
                                  std::conditional_t<std::is_same_v<T, float> && AsTf32, tf32, void>>;
  static constexpr bool is_fp8 = small && !std::is_integral_v<T>;
};

/// Returns the facts of a matrix of `lines` lines of `length` elements, whose tiles have `box_lines` parts of lines of 128 bytes.
template <class T>
tensor_map_facts warpgroup_map_facts(T const* data, std::int64_t length, std::int64_t lines, std::int64_t batches, std::int64_t pitch,
                                     std::int64_t step, unsigned box_lines, bool rounds = false) {
  tensor_map_facts t;
  t.data = const_cast<T*>(data);
  t.element_bytes = sizeof(T);
  t.rank = 3;
  t.extents[0] = std::uint64_t(length);
  t.extents[1] = std::uint64_t(lines);
  t.extents[2] = step == 0 ? 1 : std::uint64_t(batches);
  t.strides[0] = sizeof(T);
  t.strides[1] = lines == 1 ? 16 : std::uint64_t(pitch) * sizeof(T);
  t.strides[2] = step == 0 || batches == 1 ? 16 : std::uint64_t(step) * sizeof(T);
  t.tile[0] = 128 / sizeof(T);
  t.tile[1] = box_lines;
  t.tile[2] = 1;
  t.swizzled = true;
  t.rounds_to_tf32 = rounds;
  return t;
}
/// Whether the copy engine takes a matrix with these facts.
inline bool fits_copy_engine(tensor_map_facts const& t) {
  auto const fits = [](std::uint64_t stride) { return stride != 0 && stride % 16 == 0 && stride < std::uint64_t{1} << 40; };
  return reinterpret_cast<std::uintptr_t>(t.data) % 16 == 0 && fits(t.strides[1]) && fits(t.strides[2]);
}

inline namespace CROSSLANE_CONFIGURATION {

/// Makes the descriptors for these sizes and queues the schedule. Returns false, and queues nothing, if the copy engine does not take the
/// operands.
template <class Sizes, class OperandA, class OperandB, bool AlongA, bool AlongB, runtime_backend Backend, class A, class B, class C,
          class E>
bool queue_warpgroup_gemm(basic_stream_ref<Backend> q, gemm_problem<A, B, C> const& p, E const& epilogue, source_location where) {
  using map = typename Backend::tensor_map;
  using source_a = warpgroup_matrix<map, A, AlongA>;
  using source_b = warpgroup_matrix<map, B, AlongB>;
  constexpr unsigned k = source_a::k;
  static_assert(sizeof(A) == sizeof(B));
  tensor_map_facts const a = warpgroup_map_facts(p.a, AlongA ? p.k : p.m, AlongA ? p.m : p.k, p.batches, p.a_pitch, p.a_step,
                                                 AlongA ? Sizes::tile_rows : k, std::is_same_v<OperandA, tf32>);
  tensor_map_facts const b = warpgroup_map_facts(p.b, AlongB ? p.k : p.n, AlongB ? p.n : p.k, p.batches, p.b_pitch, p.b_step,
                                                 AlongB ? Sizes::cols : k, std::is_same_v<OperandB, tf32>);
  tensor_map_facts const c = warpgroup_map_facts(p.c, p.n, p.m, p.batches, p.c_pitch, p.c_step, 16);
  if (!fits_copy_engine(a) || !fits_copy_engine(b)) return false;
  warpgroup_problem<map, source_a, source_b, C> w{};
  w.c_by_engine = sizeof(C) >= 2 && fits_copy_engine(c) && p.n * sizeof(C) % 16 == 0 && (p.batches == 1 || p.c_step != 0);
  auto const make = [&](map& to, tensor_map_facts const& facts) {
    return Backend::make_tensor_map(q.properties(where), to, facts).code == 0;
  };
  if (!make(w.a.map, a) || !make(w.b.map, b)) return false;
  w.c_by_engine = w.c_by_engine && make(w.c_map, c);
  w.a.is_shared = p.a_step == 0;
  w.b.is_shared = p.b_step == 0;
  w.c = p.c;
  w.c_pitch = p.c_pitch;
  w.c_step = p.c_step;
  w.m = p.m;
  w.n = p.n;
  w.steps = pieces_of(p.k, std::int32_t(k));
  launch_warpgroup_gemm<Sizes, OperandA, OperandB>(q, w, p.batches, epilogue, where);
  return true;
}

/// The time of a product with these sizes, in units that have a meaning only beside other sizes: the blocks compute tiles one after
/// another. `cost` is that of an element, relative to the largest tiles.
template <class Sizes>
double warpgroup_time(std::int32_t m, std::int32_t n, std::int32_t batches, unsigned multiprocessors, double cost) {
  double const tiles = double(pieces_of(m, std::int32_t(Sizes::tile_rows))) * double(pieces_of(n, std::int32_t(Sizes::cols))) * batches;
  double const rounds = double(std::int64_t((tiles + multiprocessors - 1) / multiprocessors));
  return rounds * Sizes::tile_rows * Sizes::cols * cost;
}

/// Queues a product by the schedule if the device, the types and the operands allow it. Returns false otherwise.
template <bool AlongA, bool AlongB, bool AsTf32, runtime_backend Backend, class A, class B, class C, class E>
bool try_warpgroups(basic_stream_ref<Backend> q, gemm_problem<A, B, C> const& p, E const& epilogue, source_location where) {
  using a = warpgroup_operand<A, AsTf32>;
  using b = warpgroup_operand<B, AsTf32>;
  using operand_a = typename a::type;
  using operand_b = typename b::type;
  if constexpr (!std::is_void_v<operand_a> && !std::is_void_v<operand_b> && (sizeof(A) == 2 || (AlongA && AlongB)) && sizeof(C) <= 4 &&
                has_warpgroup_code<Backend>) {
    if (p.k == 0 || !has_warpgroups(q, where)) return false;
    unsigned const processors = q.properties(where).multiprocessors;
    auto const time = [&](auto sizes, double cost) { return warpgroup_time<decltype(sizes)>(p.m, p.n, p.batches, processors, cost); };
    auto const run = [&](auto sizes) {
      return queue_warpgroup_gemm<decltype(sizes), operand_a, operand_b, AlongA, AlongB>(q, p, epilogue, where);
    };
    if constexpr (a::is_fp8) {
      warpgroup_sizes<64, 192, 5, 1, false, true> const large;
      warpgroup_sizes<64, 128, 6, 2, true, true> const small;
      return time(large, 1.0) < time(small, 1.4) ? run(large) : run(small);
    } else {
      // Groups that share a tile store their sums at the same time, and multiply nothing then.
      warpgroup_sizes<128, 192, 5, 1> const wide;
      warpgroup_sizes<64, 256, 4, 2, false> const shared;
      warpgroup_sizes<128, 128, 6, 1> const square;
      warpgroup_sizes<64, 128, 6, 2> const narrow;
      warpgroup_sizes<64, 64, 5, 1, true, false, 2> const small;
      double const times[] = {time(wide, 1.0), time(shared, 1.0 + 150.0 / p.k), time(square, 1.05), time(narrow, 1.45), time(small, 2.2)};
      unsigned best = 0;
      for (unsigned i = 1; i < 5; ++i)
        if (times[i] < times[best]) best = i;
      return best == 0 ? run(wide) : best == 1 ? run(shared) : best == 2 ? run(square) : best == 3 ? run(narrow) : run(small);
    }
  } else {
    return false;
  }
}

}  // namespace CROSSLANE_CONFIGURATION

}  // namespace crosslane::detail
