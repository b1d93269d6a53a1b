// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Copies from device to shared memory on NVIDIA GPUs: cp.async from sm_80 on, the bulk copy engine from sm_90 on, loads and stores before.
#pragma once

#include <crosslane/backend/cuda/barriers.hpp>
#include <crosslane/backend/native/cuda/architecture.hpp>
#include <crosslane/backend/native/gpu/access_words.hpp>
#include <crosslane/backend/native/gpu/copy_some.hpp>
#include <crosslane/platform/source_location.hpp>

namespace crosslane::backend {

/// The copies of one thread.
struct cuda_async_copies {
#if CROSSLANE_SM_HAS(ASYNC_COPY)
  /// Starts a copy. Bypasses L1 if the instruction can.
  template <unsigned Bytes>
  static CROSSLANE_DEVICE_FN void copy(void* to, void const* from, source_location) {
    static_assert(Bytes == 4 || Bytes == 8 || Bytes == 16);
    auto const target = static_cast<unsigned>(__cvta_generic_to_shared(to));
    if constexpr (Bytes == 16)
      asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(target), "l"(from) : "memory");
    else
      asm volatile("cp.async.ca.shared.global [%0], [%1], %2;" ::"r"(target), "l"(from), "n"(Bytes) : "memory");
  }
  /// Starts a copy of the first `valid` bytes and sets the others of the target to zero. `from` is an address of global memory even if
  /// `valid` is 0. Pieces of 1 and 2 bytes are copied at the call.
  template <unsigned Bytes>
  static CROSSLANE_DEVICE_FN void copy_some(void* to, void const* from, unsigned valid, source_location) {
    if constexpr (Bytes < 4) {
      copy_some_now<Bytes>(to, from, valid);
    } else {
      auto const target = static_cast<unsigned>(__cvta_generic_to_shared(to));
      if constexpr (Bytes == 16)
        asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(target), "l"(from), "r"(valid) : "memory");
      else
        asm volatile("cp.async.ca.shared.global [%0], [%1], %2, %3;" ::"r"(target), "l"(from), "n"(Bytes), "r"(valid) : "memory");
    }
  }
  static CROSSLANE_DEVICE_FN void commit() { asm volatile("cp.async.commit_group;" ::: "memory"); }
  template <unsigned Pending>
  static CROSSLANE_DEVICE_FN void wait() {
    asm volatile("cp.async.wait_group %0;" ::"n"(Pending) : "memory");
  }
#else
  template <unsigned Bytes>
  static CROSSLANE_DEVICE_FN void copy(void* to, void const* from, source_location) {
    *static_cast<access_words<Bytes>*>(to) = *static_cast<access_words<Bytes> const*>(from);
  }
  template <unsigned Bytes>
  static CROSSLANE_DEVICE_FN void copy_some(void* to, void const* from, unsigned valid, source_location) {
    copy_some_now<Bytes>(to, from, valid);
  }
  static CROSSLANE_DEVICE_FN void commit() {}
  template <unsigned Pending>
  static CROSSLANE_DEVICE_FN void wait() {}
#endif
};

/// Copies of a whole block by the bulk copy engine. Each stage has a barrier in shared memory. Its phase completes when the stage is
/// committed and all its bytes have arrived.
template <unsigned Stages>
class cuda_bulk_copies {
 public:
#if CROSSLANE_SM_HAS(BULK_COPY)
  static constexpr bool available = true;

  /// Initialises the barriers. One thread calls it.
  CROSSLANE_DEVICE_FN void begin() { barriers_.begin(1); }
  /// Orders the calling thread's earlier accesses to shared memory before accesses of the engine that follow the next block barrier. The
  /// engine accesses shared memory through another proxy.
  static CROSSLANE_DEVICE_FN void fence() { asm volatile("fence.proxy.async.shared::cta;" ::: "memory"); }
  /// Starts a copy. One thread calls it. Both addresses and `bytes` are multiples of 16.
  CROSSLANE_DEVICE_FN void copy(unsigned stage, void* to, void const* from, unsigned bytes) {
    expect(stage, bytes);
    asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], %2, [%3];" ::"r"(
                     static_cast<unsigned>(__cvta_generic_to_shared(to))),
                 "l"(from), "r"(bytes), "r"(address(stage))
                 : "memory");
  }
  /// The same for a cluster: also makes the barriers visible to copies that other blocks start. A barrier of the cluster must follow.
  static CROSSLANE_DEVICE_FN void fence_begin_in_cluster() { asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory"); }
  static CROSSLANE_DEVICE_FN void fence_in_cluster() { asm volatile("fence.proxy.async.shared::cluster;" ::: "memory"); }

  /// Starts a copy of the tile at `at` of the tensor that `map` describes. One thread calls it. The contiguous axis is the first of `at`.
  /// `to` is aligned to 128 bytes, or to 1024 if the tile is swizzled. `bytes` is the size of the whole tile, parts outside the tensor
  /// included.
  template <unsigned Rank>
  CROSSLANE_DEVICE_FN void copy_tile(unsigned stage, void* to, void const* map, int const (&at)[Rank], unsigned bytes) {
    expect(stage, bytes);
    auto const target = static_cast<unsigned>(__cvta_generic_to_shared(to));
    if constexpr (Rank == 1)
      asm volatile("cp.async.bulk.tensor.1d.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1, {%3}], [%2];" ::"r"(target),
                   "l"(map), "r"(address(stage)), "r"(at[0])
                   : "memory");
    else if constexpr (Rank == 2)
      asm volatile("cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1, {%3, %4}], [%2];" ::"r"(target),
                   "l"(map), "r"(address(stage)), "r"(at[0]), "r"(at[1])
                   : "memory");
    else if constexpr (Rank == 3)
      asm volatile(
          "cp.async.bulk.tensor.3d.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1, {%3, %4, %5}], [%2];" ::"r"(target),
          "l"(map), "r"(address(stage)), "r"(at[0]), "r"(at[1]), "r"(at[2])
          : "memory");
    else if constexpr (Rank == 4)
      asm volatile(
          "cp.async.bulk.tensor.4d.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1, {%3, %4, %5, %6}], [%2];" ::"r"(target),
          "l"(map), "r"(address(stage)), "r"(at[0]), "r"(at[1]), "r"(at[2]), "r"(at[3])
          : "memory");
    else
      asm volatile(
          "cp.async.bulk.tensor.5d.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1, {%3, %4, %5, %6, %7}], [%2];" ::"r"(
              target),
          "l"(map), "r"(address(stage)), "r"(at[0]), "r"(at[1]), "r"(at[2]), "r"(at[3]), "r"(at[4])
          : "memory");
  }
  /// Starts a copy of pixels of images, as `map` describes it: those from (row, column) of an image on, each one moved by `down` rows and
  /// `right` columns, with the channels from `channel` on. Otherwise like copy_tile().
  CROSSLANE_DEVICE_FN void copy_pixels(unsigned stage, void* to, void const* map, int channel, int column, int row, int image,
                                       unsigned short right, unsigned short down, unsigned bytes) {
    expect(stage, bytes);
    asm volatile(
        "cp.async.bulk.tensor.4d.shared::cluster.global.im2col.mbarrier::complete_tx::bytes [%0], [%1, {%3, %4, %5, %6}], [%2], {%7, "
        "%8};" ::"r"(static_cast<unsigned>(__cvta_generic_to_shared(to))),
        "l"(map), "r"(address(stage)), "r"(channel), "r"(column), "r"(row), "r"(image), "h"(right), "h"(down)
        : "memory");
  }
  /// The same to the blocks of the cluster in `blocks`, bits by rank, each of which has called expect() for the stage or will do so.
  template <unsigned Rank>
  CROSSLANE_DEVICE_FN void multicast_tile(unsigned stage, void* to, void const* map, int const (&at)[Rank], unsigned short blocks) {
    auto const target = static_cast<unsigned>(__cvta_generic_to_shared(to));
    if constexpr (Rank == 1)
      asm volatile(
          "cp.async.bulk.tensor.1d.shared::cluster.global.mbarrier::complete_tx::bytes.multicast::cluster [%0], [%1, {%4}], [%2], %3;" ::
              "r"(target),
          "l"(map), "r"(address(stage)), "h"(blocks), "r"(at[0])
          : "memory");
    else if constexpr (Rank == 2)
      asm volatile(
          "cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes.multicast::cluster [%0], [%1, {%4, %5}], [%2], "
          "%3;" ::"r"(target),
          "l"(map), "r"(address(stage)), "h"(blocks), "r"(at[0]), "r"(at[1])
          : "memory");
    else if constexpr (Rank == 3)
      asm volatile(
          "cp.async.bulk.tensor.3d.shared::cluster.global.mbarrier::complete_tx::bytes.multicast::cluster [%0], [%1, {%4, %5, %6}], [%2], "
          "%3;" ::"r"(target),
          "l"(map), "r"(address(stage)), "h"(blocks), "r"(at[0]), "r"(at[1]), "r"(at[2])
          : "memory");
    else if constexpr (Rank == 4)
      asm volatile(
          "cp.async.bulk.tensor.4d.shared::cluster.global.mbarrier::complete_tx::bytes.multicast::cluster [%0], [%1, {%4, %5, %6, %7}], "
          "[%2], %3;" ::"r"(target),
          "l"(map), "r"(address(stage)), "h"(blocks), "r"(at[0]), "r"(at[1]), "r"(at[2]), "r"(at[3])
          : "memory");
    else
      asm volatile(
          "cp.async.bulk.tensor.5d.shared::cluster.global.mbarrier::complete_tx::bytes.multicast::cluster [%0], [%1, {%4, %5, %6, %7, "
          "%8}], [%2], %3;" ::"r"(target),
          "l"(map), "r"(address(stage)), "h"(blocks), "r"(at[0]), "r"(at[1]), "r"(at[2]), "r"(at[3]), "r"(at[4])
          : "memory");
  }
  /// Lets the stage wait for so many bytes more. One thread calls it, before it commits the stage. The bytes may have arrived before.
  CROSSLANE_DEVICE_FN void expect(unsigned stage, unsigned bytes) {
    asm volatile("mbarrier.expect_tx.relaxed.cta.shared::cta.b64 [%0], %1;" ::"r"(address(stage)), "r"(bytes) : "memory");
  }

  /// Commits the stage. The thread that started its copies calls it.
  CROSSLANE_DEVICE_FN void commit(unsigned stage) { barriers_.arrive(stage); }
  /// Waits for the stage. Every thread calls it. `parity` is the parity of the number of earlier waits for this stage.
  CROSSLANE_DEVICE_FN void wait(unsigned stage, unsigned parity) { barriers_.wait(stage, parity); }
#else
  static constexpr bool available = false;
#endif

 private:
  CROSSLANE_DEVICE_FN unsigned address(unsigned stage) { return barriers_.address(stage); }

  cuda_barriers<Stages> barriers_;
};

#if CROSSLANE_SM_HAS(BULK_COPY)
/// Stores of tiles by the copy engine. One thread starts, commits and waits for them.
struct cuda_tile_stores {
  static constexpr bool available = true;
  /// Orders the calling thread's earlier writes to shared memory before stores that follow the next block barrier.
  static CROSSLANE_DEVICE_FN void fence() { asm volatile("fence.proxy.async.shared::cta;" ::: "memory"); }
  template <unsigned Rank>
  static CROSSLANE_DEVICE_FN void store_tile(void const* from, void const* map, int const (&at)[Rank]) {
    auto const source = static_cast<unsigned>(__cvta_generic_to_shared(from));
    if constexpr (Rank == 1)
      asm volatile("cp.async.bulk.tensor.1d.global.shared::cta.bulk_group [%0, {%2}], [%1];" ::"l"(map), "r"(source), "r"(at[0])
                   : "memory");
    else if constexpr (Rank == 2)
      asm volatile("cp.async.bulk.tensor.2d.global.shared::cta.bulk_group [%0, {%2, %3}], [%1];" ::"l"(map), "r"(source), "r"(at[0]),
                   "r"(at[1])
                   : "memory");
    else if constexpr (Rank == 3)
      asm volatile("cp.async.bulk.tensor.3d.global.shared::cta.bulk_group [%0, {%2, %3, %4}], [%1];" ::"l"(map), "r"(source), "r"(at[0]),
                   "r"(at[1]), "r"(at[2])
                   : "memory");
    else if constexpr (Rank == 4)
      asm volatile("cp.async.bulk.tensor.4d.global.shared::cta.bulk_group [%0, {%2, %3, %4, %5}], [%1];" ::"l"(map), "r"(source),
                   "r"(at[0]), "r"(at[1]), "r"(at[2]), "r"(at[3])
                   : "memory");
    else
      asm volatile("cp.async.bulk.tensor.5d.global.shared::cta.bulk_group [%0, {%2, %3, %4, %5, %6}], [%1];" ::"l"(map), "r"(source),
                   "r"(at[0]), "r"(at[1]), "r"(at[2]), "r"(at[3]), "r"(at[4])
                   : "memory");
  }
  static CROSSLANE_DEVICE_FN void commit_tiles() { asm volatile("cp.async.bulk.commit_group;" ::: "memory"); }
  /// Waits until the tiles of all groups but the youngest have been read and written: the calling thread sees the elements.
  template <unsigned Pending>
  static CROSSLANE_DEVICE_FN void wait_for_tiles() {
    asm volatile("cp.async.bulk.wait_group %0;" ::"n"(Pending) : "memory");
  }
  /// Waits until the tiles of all groups but the youngest have been read: their shared memory may be written.
  template <unsigned Pending>
  static CROSSLANE_DEVICE_FN void wait_to_rewrite() {
    asm volatile("cp.async.bulk.wait_group.read %0;" ::"n"(Pending) : "memory");
  }
  // For layouts that the engine does not know.
  template <unsigned Bytes>
  static CROSSLANE_DEVICE_FN void copy(void* to, void const* from, source_location where) {
    plain_tile_stores::copy<Bytes>(to, from, where);
  }
  static CROSSLANE_DEVICE_FN void commit() {}
  template <unsigned Pending>
  static CROSSLANE_DEVICE_FN void wait() {}
};
#else
using cuda_tile_stores = plain_tile_stores;
#endif

}  // namespace crosslane::backend
