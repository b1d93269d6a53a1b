// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Memory for the scratch of one step: taken piece by piece, returned all at once.
#pragma once

#include <crosslane/runtime/buffer.hpp>

namespace crosslane {

/// A block of device memory that is given away from front to back. reset() takes all of it back in stream order, so that the next step uses
/// the same memory without a wait. Giving memory costs an addition. One host thread at a time may use an arena.
///
///   xl::arena scratch{q, 64 << 20};
///   for (int step = 0; step < steps; ++step) {
///     xl::span<float> const partial = scratch.take<float>(n);
///     xl::radix_sort(q, keys, sorted, {.workspace = scratch});
///     ...
///     scratch.reset();
///   }
///
/// An arena is a memory resource too. It belongs to one stream: work of other streams that uses its memory must be ordered by events,
/// behind take() and before reset().
template <runtime_backend B>
class basic_arena final : public basic_memory_resource<memory_kind::device, B> {
 public:
  /// Takes `bytes`, rounded up to a multiple of 256, from the device. Throws what basic_buffer throws.
  template <stream_like S>
  requires std::same_as<typename S::backend, B>
  basic_arena(S const& on, std::size_t bytes, source_location where = source_location::current())
      : basic_memory_resource<memory_kind::device, B>{detail::ref_of(on, where).device()},
        memory_{on, with_gaps(bytes), where},
        bytes_{rounded(bytes)},
        stream_{detail::ref_of(on, where)} {
    only_pieces();
  }
  /// The same from a memory resource, which must outlive the arena.
  template <stream_like S>
  requires std::same_as<typename S::backend, B>
  basic_arena(S const& on, std::size_t bytes, basic_memory_resource<memory_kind::device, B>& resource,
              source_location where = source_location::current())
      : basic_memory_resource<memory_kind::device, B>{detail::ref_of(on, where).device()},
        memory_{on, with_gaps(bytes), resource, where},
        bytes_{rounded(bytes)},
        stream_{detail::ref_of(on, where)} {
    only_pieces();
  }

  /// Returns the memory. If buffers, tensors or workspaces still have some of it, this is printed to stderr: their ends are undefined.
  ~basic_arena() override {
    if (buffers_ != 0)
      std::fprintf(stderr, "crosslane: %s arena of device %d destroyed while %zu buffers have its memory: destroy these before\n", B::name,
                   this->device().index(), buffers_);
  }

  /// Returns `count` elements, not initialised, for work of the arena's stream until reset(). Throws out_of_memory, which names the bytes
  /// asked for and those left, and limit_exceeded above 2^63 - 1 bytes.
  template <class T>
  [[nodiscard]] span<T> take(std::size_t count, source_location where = source_location::current()) {
    static_assert(std::is_trivially_copyable_v<T>, "crosslane: the elements of device memory must be trivially copyable");
    if (count > (~std::size_t{0} >> 1) / sizeof(T))
      throw_error(errc::limit_exceeded, where, "arena: %zu elements of %zu bytes: the limit is 2^63 - 1 bytes", count, sizeof(T));
    void* const p = this->allocate(stream_, count * sizeof(T), where);
    if constexpr (requires { B::describe_buffer(p, sizeof(T)); })
      if (p != nullptr) B::describe_buffer(p, sizeof(T));
    if (p != nullptr) --buffers_;  // reset() returns it
    return {static_cast<T*>(p), count};
  }

  /// Takes all memory back: work that is queued from now on may get it, after the work that is queued on the arena's stream so far. Throws
  /// invalid_call if buffers, tensors or workspaces still have memory of the arena; then nothing is taken back.
  void reset(source_location where = source_location::current()) {
    detail::refuse_in_callback<B>("arena reset", where);
    if (buffers_ != 0)
      throw_error(errc::invalid_call, where, "arena reset: %zu buffers of %s device %d still have its memory", buffers_, B::name,
                  this->device().index());
    std::byte* const begin = memory_.data();
    std::size_t const bytes = place_;
    if constexpr (requires { B::resource_takes(memory_kind::device, begin, bytes, stream_.native()); })
      if (bytes != 0) B::resource_takes(memory_kind::device, begin, bytes, stream_.native());
    used_ = place_ = 0;
  }

  [[nodiscard]] std::size_t size_bytes() const noexcept { return bytes_; }       ///< the bytes of the arena
  [[nodiscard]] std::size_t used() const noexcept { return used_; }              ///< bytes given since reset(), in multiples of 256
  [[nodiscard]] std::size_t high_water() const noexcept { return high_water_; }  ///< the most bytes that were given between two resets

 private:
  static std::size_t rounded(std::size_t bytes) noexcept {
    constexpr std::size_t step = basic_memory_resource<memory_kind::device, B>::alignment;
    return bytes > ~std::size_t{0} - step ? bytes : (bytes + step - 1) / step * step;
  }
  void only_pieces() noexcept {
    if constexpr (requires { B::only_pieces(memory_.data()); })
      if (!memory_.empty()) B::only_pieces(memory_.data());
  }
  /// Returns the bytes with room for gaps between the smallest pieces.
  static std::size_t with_gaps(std::size_t bytes) noexcept {
    std::size_t const all = rounded(bytes), more = all / basic_memory_resource<memory_kind::device, B>::alignment;
    return all > (~std::size_t{0} >> 1) ? all : all + more * detail::gap_between_pieces<B>();
  }

  void* do_allocate(basic_stream_ref<B> q, std::size_t bytes, source_location where) override {
    if (q.native() != stream_.native())
      throw_error(errc::invalid_argument, where, "arena: memory for %s stream %p, but the arena is of stream %p", B::name,
                  B::key(q.native()), B::key(stream_.native()));
    std::size_t const wanted = rounded(bytes), left = bytes_ - used_;
    if (wanted > left)
      throw_error(errc::out_of_memory, where, "arena of %zu bytes on %s device %d: %zu bytes are asked for, %zu are left", bytes_, B::name,
                  this->device().index(), bytes, left);
    std::byte* const p = memory_.data() + place_;
    used_ += wanted;
    place_ += wanted + detail::gap_between_pieces<B>();
    if (used_ > high_water_) high_water_ = used_;
    ++buffers_;
    return p;
  }
  void do_deallocate(basic_stream_ref<B>, void*, std::size_t) override { --buffers_; }
  bool lasts_for_graphs() const noexcept override { return true; }

  basic_buffer<std::byte, memory_kind::device, B> memory_;
  std::size_t bytes_;
  basic_stream_ref<B> stream_;
  std::size_t used_ = 0, high_water_ = 0;
  std::size_t place_ = 0;    ///< where the next piece begins
  std::size_t buffers_ = 0;  ///< pieces that their owners return
};

}  // namespace crosslane
