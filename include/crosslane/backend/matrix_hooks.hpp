// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The matrix products of a backend. They are not part of the contract: only contexts of kernels that multiply matrices need them.
#pragma once

#include <crosslane/kernel/matrix_arithmetic.hpp>

namespace crosslane::backend {

/// The matrix products of a context whose primitives are `Native`, with waves of `Width` lanes. Each backend specialises it. It has:
///  - target: the target of the code that is compiled now;
///  - runs<Target>: whether such code may have fragments of a target;
///  - multiply_add<Shape, Target>(native, lane, a, b, c, where): adds a * b to c, which are arrays of the calling lane's elements;
///  - meet(native, where): on the host, waits for all lanes of the wave, which must call it at the same place;
///  - moves_for_others: whether a lane loads and stores the elements of other lanes;
///  - has_load<Layout, T, Trans>: whether there is load<Layout, Trans>(lane, elements, line), which loads a fragment from shared memory by
///    an instruction. line(position) returns the address of 16 bytes of memory: neighbours along, or across if `Trans` is true;
///  - load_lines<Trans>(elements, line), if there is such a load: the same for any matrices of 8 lines of 16 bytes, which become the
///    registers of each lane in turn. Lanes 8 * i to 8 * i + 7 give the addresses of the lines of matrix i;
///  - has_store<Layout, T, Trans>: the same for store<Layout, Trans>(lane, elements, line);
///  - is_shared(address): whether an address is one of shared memory. Needed if there is such a load;
///  - prefers_fragments<Shape>: whether products of many elements should use this shape of `target`, or else a fused multiply-add of each
///    lane. On a GPU: whether it is an instruction;
///  - copies_proceed: whether asynchronous copies proceed while the thread computes. If not, products of blocks load the next tiles into
///    registers before they compute, and store them to shared memory afterwards.
template <class Native, unsigned Width>
struct matrix_of;

/// Sizes of a product of a block: rows and columns of its tile, the bytes of a line of a tile along the summed axis, the tiles in shared
/// memory, threads, and the blocks on a multiprocessor for which registers are bounded.
struct gemm_sizes {
  unsigned m, n, k_bytes, stages, threads, blocks;
};

/// The sizes of a backend's products of whole matrices, whose elements have `Bytes` bytes. Each backend specialises it. It has `large`, and
/// `small` for matrices of which `large` would leave most of the device without work.
template <class Backend, unsigned Bytes>
struct gemm_sizes_of;

/// The matrix products of four waves of a context whose primitives are `Native`, whose operands are in shared memory. A backend that has
/// them specialises it; backend/cuda/wgmma.hpp says what it has.
template <class Native>
struct warpgroup_of {
  static constexpr bool is_compiled = false;      ///< whether the code that is compiled now has the instructions
  static constexpr bool may_be_compiled = false;  ///< whether code for one of the architectures may have them
  /// Stands for barriers.
  template <unsigned Count>
  struct barriers {};
};

/// Returns the line of 16 bytes whose address a lane gives to an instruction that moves a fragment of elements of `Bytes` bytes by matrices
/// of 8 lines: its first element along, and the one across, as row and column. Lanes 8 * i to 8 * i + 7 give the 8 lines of matrix i, which
/// becomes register i of each lane. The lines are along, or across if `Trans` is true.
template <class Layout, bool Trans, unsigned Bytes = 2>
CROSSLANE_FN constexpr matrix_position line_of_lane(unsigned lane) {
  static_assert(Bytes == 2 || !Trans);
  constexpr unsigned matrices = Layout::size * Bytes / 4, repeats = (Layout::map.along_columns ? Layout::rows : Layout::cols) / 8;
  unsigned const matrix = lane / 8 % matrices, inner = lane % 8;
  unsigned const along = matrix / repeats * (16 / Bytes) + (Trans ? inner : 0), across = matrix % repeats * 8 + (Trans ? 0 : inner);
  return Layout::map.along_columns ? matrix_position{across, along} : matrix_position{along, across};
}

}  // namespace crosslane::backend
