// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Memory resources: where buffers, tensors and workspaces take their memory from. memory_pool and arena are resources; a class of your own
/// connects another allocator.
#pragma once

#include <crosslane/runtime/stream.hpp>

#include <cstdint>
#include <exception>

namespace crosslane {
namespace detail {

/// Returns how many bytes a resource of the library leaves between two pieces: 0 except under the access checker, which finds what leaves a
/// piece by less.
template <runtime_backend B>
std::size_t gap_between_pieces() noexcept {
  if constexpr (requires { B::gap_between_pieces(); }) return B::gap_between_pieces();
  return 0;
}

}  // namespace detail

/// The base class of memory resources, in the manner of std::pmr::memory_resource. Allocation and deallocation are in the order of a
/// stream: memory may be used by work that is queued on the stream after allocate() and before deallocate(). Memory that the host can
/// access must be usable by the host at once. The device of the resource is current in both functions. A resource must outlive all memory
/// that it has given.
///
/// A class of your own overrides two functions:
///
///   class from_rmm final : public xl::memory_resource {
///     void* do_allocate(xl::stream_ref q, std::size_t bytes, xl::source_location) override;  // rmm_->allocate_async(bytes, q.native())
///     void do_deallocate(xl::stream_ref q, void* p, std::size_t bytes) override;             // rmm_->deallocate_async(...)
///   };
///
/// The access checker follows the memory of all resources: it has no values when it is given, and work that uses it after its return, or on
/// another stream without an event, is a finding.
template <memory_kind Kind, runtime_backend B>
class basic_memory_resource {
 public:
  using backend = B;                         ///< the backend of the memory
  static constexpr memory_kind kind = Kind;  ///< the kind of the memory
  /// Memory that resources give is aligned to so many bytes.
  static constexpr std::size_t alignment = 256;

  /// Makes a resource of memory for streams of the device.
  explicit basic_memory_resource(basic_device<B> device) noexcept : device_{device} {}
  basic_memory_resource(basic_memory_resource const&) = delete;
  basic_memory_resource& operator=(basic_memory_resource const&) = delete;
  virtual ~basic_memory_resource() = default;

  /// Returns the device of the memory.
  [[nodiscard]] basic_device<B> device() const noexcept { return device_; }

  /// Returns `bytes` bytes for work that is queued on the stream from now on; null for 0 bytes. Throws invalid_argument if the stream is of
  /// another device, limit_exceeded above 2^63 - 1 bytes, invalid_call if the stream is captured, except by an arena, out_of_memory if the
  /// resource has no memory, misaligned if it returns another address than a multiple of `alignment`, and what do_allocate() throws.
  [[nodiscard]] void* allocate(basic_stream_ref<B> stream, std::size_t bytes, source_location where = source_location::current()) {
    if (stream.device() != device_)
      throw_error(errc::invalid_argument, where, "allocate: the memory resource is of %s device %d, the stream is of device %d", B::name,
                  device_.index(), stream.device().index());
    if (bytes == 0) return nullptr;
    if (bytes > ~std::size_t{0} >> 1)
      throw_error(errc::limit_exceeded, where, "allocate: %zu bytes for %s device %d, the limit is 2^63 - 1 bytes", bytes, B::name,
                  device_.index());
    auto const current = stream.make_current("allocate", where);
    if (!lasts_for_graphs())
      detail::refuse_in_capture(
          stream, "allocate",
          "a graph keeps addresses, and a memory resource gives memory again: allocate before the capture, or from an "
          "arena that lives as long as the graph",
          where);
    void* const p = do_allocate(stream, bytes, where);
    if (p == nullptr)
      throw_error(errc::out_of_memory, where, "allocate: the memory resource has no %zu bytes for %s device %d", bytes, B::name,
                  device_.index());
    if (reinterpret_cast<std::uintptr_t>(p) % alignment != 0) {
      do_deallocate(stream, p, bytes);
      throw_error(errc::misaligned, where, "allocate: the memory resource returned %p for %zu bytes, not a multiple of %zu", p, bytes,
                  alignment);
    }
    if constexpr (requires { B::resource_gives(Kind, p, bytes, stream.native(), where); })
      B::resource_gives(Kind, p, bytes, stream.native(), where);
    return p;
  }

  /// Returns memory when the work that is queued on the stream so far is done. Work of other streams that uses the memory must be ordered
  /// before by an event. `bytes` are those of allocate(). Does nothing for null. On a captured stream it makes the capture invalid, except
  /// for an arena. Throws what do_deallocate() throws: memory_pool throws invalid_argument for memory that is not its own, or was returned
  /// already.
  void deallocate(basic_stream_ref<B> stream, void* p, std::size_t bytes) {
    if (p == nullptr) return;
    if (!lasts_for_graphs()) detail::active_captures<B>::spoil(stream.native(), "a return to a memory resource");
    std::exception_ptr thrown;
    detail::while_current<B>(device_.index(), [&] {
      if constexpr (requires { B::resource_takes(Kind, p, bytes, stream.native()); }) B::resource_takes(Kind, p, bytes, stream.native());
      try {
        do_deallocate(stream, p, bytes);
      } catch (...) {
        thrown = std::current_exception();
      }
    });
    if (thrown != nullptr) std::rethrow_exception(thrown);
  }

 private:
  virtual void* do_allocate(basic_stream_ref<B> stream, std::size_t bytes, source_location where) = 0;
  virtual void do_deallocate(basic_stream_ref<B> stream, void* p, std::size_t bytes) = 0;
  /// Whether a captured stream may get memory: it is not given again while a graph uses it.
  virtual bool lasts_for_graphs() const noexcept { return false; }

  basic_device<B> device_;
};

}  // namespace crosslane
