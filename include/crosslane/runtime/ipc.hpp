// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Device memory of another process.
#pragma once

#include <crosslane/runtime/operands.hpp>

#include <cstring>

namespace crosslane {

/// A handle of device memory for other processes of the machine. A plain value: send its bytes through a pipe, a file or MPI.
struct ipc_handle {
  unsigned char vendor[64];  ///< the vendor's handle of the whole block of memory
  std::uint64_t offset;      ///< where the range begins in the block, in bytes
  std::uint64_t bytes;       ///< the size of the range
};

/// Returns a handle of a range of memory that a memory_pool gave. (A vendor's handle stands for a whole block of the device's memory; the
/// pool knows the block.) The memory must stay allocated until all other processes have closed it. Streams of two processes are not
/// ordered: synchronise before the other process is told. Throws invalid_argument for memory that is not of the pool, not_supported if the
/// backend has no such handles, as the host, and vendor errors.
template <runtime_backend B, class R>
[[nodiscard]] ipc_handle export_memory(basic_memory_pool<memory_kind::device, B> const& pool, R const& range,
                                       source_location where = source_location::current()) {
  detail::refuse_in_callback<B>("export memory", where);
  std::size_t const bytes = detail::bytes_of("export memory", range, where);
  auto const block = pool.block_of(range.data());
  if (block.begin == nullptr)
    throw_error(errc::invalid_argument, where, "export memory: %zu bytes at %p are not memory of this pool of %s device %d", bytes,
                static_cast<void const*>(range.data()), B::name, pool.device().index());
  ipc_handle result{};
  if constexpr (requires { B::ipc_export(result.vendor, block.begin); }) {
    typename basic_device<B>::guard const current{pool.device(), where};
    detail::check<B>(B::ipc_export(result.vendor, block.begin), "export memory", where, [&](error_text& t) {
      t.append("%zu bytes at %p of %s device %d", bytes, static_cast<void const*>(range.data()), B::name, pool.device().index());
    });
  } else {
    throw_error(errc::not_supported, where, "export memory: the %s backend has no handles of memory for other processes", B::name);
  }
  result.offset = std::uint64_t(reinterpret_cast<char const*>(range.data()) - static_cast<char const*>(block.begin));
  result.bytes = bytes;
  return result;
}

/// Device memory of another process, open in this one while the object lives. Move-only. Launches and copies take its view().
///
///   xl::ipc_memory<float> const theirs{q, handle};
///   xl::copy(q, theirs.view(), mine);
template <class T, runtime_backend B>
class basic_ipc_memory {
  static_assert(std::is_trivially_copyable_v<T>, "crosslane: the elements of device memory must be trivially copyable");

 public:
  using value_type = T;  ///< the type of an element
  using backend = B;     ///< the backend of the memory

  /// Opens the memory for the stream's device, which must be the device of the other process or reach it. The destructor waits for the
  /// work of the stream, which must outlive the object. Throws size_mismatch if the bytes are no multiple of sizeof(T), not_supported if
  /// the backend has no such handles, and vendor errors. CUDA refuses a handle of the same process.
  template <stream_like S>
  requires std::same_as<typename S::backend, B>
  basic_ipc_memory(S const& on, ipc_handle const& handle, source_location where = source_location::current())
      : stream_{detail::ref_of(on, where)} {
    if (handle.bytes % sizeof(T) != 0)
      throw_error(errc::size_mismatch, where, "memory of another process: %llu bytes are no multiple of %zu",
                  static_cast<unsigned long long>(handle.bytes), sizeof(T));
    auto const current = stream_.make_current("open memory", where);
    if constexpr (requires { B::ipc_open(&block_, handle.vendor); })
      detail::check<B>(B::ipc_open(&block_, handle.vendor), "open memory", where, [&](error_text& t) {
        t.append("%llu bytes of another process on ", static_cast<unsigned long long>(handle.bytes));
        stream_.describe(t);
      });
    else
      throw_error(errc::not_supported, where, "open memory: the %s backend has no handles of memory for other processes", B::name);
    elements_ = {reinterpret_cast<T*>(static_cast<char*>(block_) + handle.offset), std::size_t(handle.bytes) / sizeof(T)};
  }
  /// Takes over the memory. `other` has none afterwards.
  basic_ipc_memory(basic_ipc_memory&& other) noexcept : stream_{other.stream_}, block_{other.block_}, elements_{other.elements_} {
    other.block_ = nullptr;
    other.elements_ = {};
  }
  basic_ipc_memory& operator=(basic_ipc_memory&&) = delete;
  /// Waits for the stream, and closes the memory.
  ~basic_ipc_memory() {
    if constexpr (requires { B::ipc_close(block_); })
      if (block_ != nullptr)
        detail::while_current<B>(stream_.device().index(), [this] {
          (void)B::stream_synchronize(stream_.native());
          if (B::ipc_close(block_).code != 0) B::clear_last_error();
        });
  }

  [[nodiscard]] basic_device<B> device() const noexcept { return stream_.device(); }  ///< the device of the stream
  [[nodiscard]] std::size_t size() const noexcept { return elements_.size(); }        ///< the number of elements
  [[nodiscard]] span<T> view() const noexcept { return elements_; }                   ///< all elements, as a kernel receives them

 private:
  basic_stream_ref<B> stream_;
  void* block_ = nullptr;
  span<T> elements_;
};

}  // namespace crosslane
