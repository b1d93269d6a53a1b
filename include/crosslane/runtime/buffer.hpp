// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Owning arrays in device memory, or in host memory that a device can access.
#pragma once

#include <crosslane/core/span.hpp>
#include <crosslane/runtime/memory_pool.hpp>
#include <crosslane/runtime/resource.hpp>

#include <concepts>

namespace crosslane {

/// An array of `size` elements, not initialised. Move-only. A kernel receives a buffer as a span. A buffer of size 0 is valid and holds no
/// memory.
///
/// Memory comes from the device, or from a memory resource. Device memory is allocated and freed in the order of its stream if the device
/// supports that; on AMD GPUs it comes from a memory_pool of the library. Freeing pinned or managed memory waits for the stream on a GPU;
/// on the host it happens in stream order. Memory of a resource is allocated and returned in stream order, and nothing waits. If the return
/// fails, the next synchronising call of the stream throws the error.
template <class T, memory_kind Kind, runtime_backend B>
class basic_buffer {
  static_assert(std::is_trivially_copyable_v<T>, "crosslane: the elements of a buffer must be trivially copyable");
  static_assert(!std::is_same_v<T, long double>,
                "crosslane: GPUs have no long double and read its bytes as another type: use a buffer of double");
  static_assert(!std::is_const_v<T>, "crosslane: a buffer of constant elements could never be written");

 public:
  /// The type of an element.
  using value_type = T;
  using element_type = T;                    ///< the type of an element, for contiguous ranges
  using backend = B;                         ///< the backend that owns the memory
  static constexpr memory_kind kind = Kind;  ///< the kind of memory
  /// Whether the host can access the elements, once the stream has finished its work on them.
  static constexpr bool host_accessible = Kind != memory_kind::device;

  /// Creates a buffer without memory. Another buffer can be assigned to it later.
  constexpr basic_buffer() = default;

  /// Allocates `count` elements. Throws invalid_argument for a negative count, limit_exceeded above 2^63 - 1 bytes, and out_of_memory,
  /// which names the bytes asked for.
  template <stream_like S, std::integral N>
  requires std::same_as<typename S::backend, B> basic_buffer(S const& stream, N count, source_location where = source_location::current()) {
    allocate(detail::ref_of(stream, where), checked(count, where), where);
  }
  /// Takes `count` elements from a memory resource, which must outlive the buffer. Throws the same, what the resource throws, and
  /// invalid_argument if the resource is of another device than the stream.
  template <stream_like S, std::integral N>
  requires std::same_as<typename S::backend, B>
  basic_buffer(S const& stream, N count, basic_memory_resource<Kind, B>& resource, source_location where = source_location::current())
      : resource_{&resource} {
    allocate(detail::ref_of(stream, where), checked(count, where), where);
  }

  /// Takes over the memory. `other` becomes a moved-from buffer: require() throws, and copies and launches refuse it.
  basic_buffer(basic_buffer&& other) noexcept { take(other); }
  /// Frees this buffer's memory and takes over that of `other`, which becomes a moved-from buffer.
  basic_buffer& operator=(basic_buffer&& other) noexcept {
    if (this != &other) {
      release();
      take(other);
    }
    return *this;
  }
  ~basic_buffer() { release(); }

  /// @{
  /// Returns the address of the first element. The host may dereference it only if host_accessible.
  [[nodiscard]] T* data() noexcept { return data_; }
  [[nodiscard]] T const* data() const noexcept { return data_; }
  /// @}
  [[nodiscard]] std::size_t size() const noexcept { return size_; }                    ///< the number of elements
  [[nodiscard]] std::size_t size_bytes() const noexcept { return size_ * sizeof(T); }  ///< the number of bytes
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }                     ///< whether there are no elements
  /// Returns the device of the stream that allocated the buffer, or device 0 if the buffer was made without a stream.
  [[nodiscard]] basic_device<B> device() const noexcept { return basic_device<B>{detail::known_device{device_}}; }

  /// @{
  /// Returns a view of all elements, as a kernel receives it.
  [[nodiscard]] span<T> view() noexcept { return {data_, size_}; }
  [[nodiscard]] span<T const> view() const noexcept { return {data_, size_}; }
  /// @}

  /// @{
  /// Returns a view of `count` elements from element `offset`. Throws out_of_bounds if they are not elements of this buffer, and
  /// invalid_handle for a moved-from buffer.
  [[nodiscard]] span<T> subspan(std::size_t offset, std::size_t count, source_location where = source_location::current()) {
    require_part(offset, count, where);
    return {data_ + offset, count};
  }
  [[nodiscard]] span<T const> subspan(std::size_t offset, std::size_t count, source_location where = source_location::current()) const {
    require_part(offset, count, where);
    return {data_ + offset, count};
  }
  /// @}

  /// @{
  /// Accesses an element from the host. Does not wait for the stream. Bounds are checked as for a span.
  T& operator[](detail::span_index i) requires host_accessible { return view()[i]; }
  T const& operator[](detail::span_index i) const requires host_accessible { return view()[i]; }
  /// @}
  /// @{
  /// Iterators over the elements, for the host. They do not wait for the stream.
  T* begin() noexcept requires host_accessible { return data_; }
  T* end() noexcept requires host_accessible { return data_ + size_; }
  T const* begin() const noexcept requires host_accessible { return data_; }
  T const* end() const noexcept requires host_accessible { return data_ + size_; }
  /// @}

  /// Throws invalid_handle for a moved-from buffer, which otherwise looks like an empty one.
  void require(source_location where) const {
    if (moved_from_) throw_error(errc::invalid_handle, where, "%s buffer: moved from", B::name);
  }

 private:
  template <class N>
  static std::size_t checked(N count, source_location where) {
    if constexpr (std::signed_integral<N>)
      if (count < 0) throw_error(errc::invalid_argument, where, "%s buffer of %lld elements", B::name, static_cast<long long>(count));
    if (std::uint64_t(count) > (~std::size_t{0} >> 1) / sizeof(T))
      throw_error(errc::limit_exceeded, where, "%s buffer of %llu elements of %zu bytes: the limit is 2^63 - 1 bytes", B::name,
                  static_cast<unsigned long long>(count), sizeof(T));
    return std::size_t(count);
  }

  void allocate(basic_stream_ref<B> stream, std::size_t count, source_location where) {
    size_ = count;
    device_ = stream.device_;
    if (count == 0) return;
    if constexpr (Kind == memory_kind::device && detail::has_default_pool<B>)
      if (resource_ == nullptr && !detail::is_captured<B>(stream.native())) resource_ = detail::default_pools<B>::of(device_);
    void* const memory = resource_ != nullptr ? resource_->allocate(stream, count * sizeof(T), where) : of_driver(stream, count, where);
    if constexpr (requires { B::describe_buffer(memory, sizeof(T)); }) B::describe_buffer(memory, sizeof(T));
    detail::trace_memory(stream.device(), count * sizeof(T), true);
    data_ = static_cast<T*>(memory);
    native_ = stream.native_;
    state_ = stream.state_;
    if (state_ != nullptr) state_->retain();
  }

  void* of_driver(basic_stream_ref<B> stream, std::size_t count, source_location where) {
    auto const current = stream.make_current("allocate", where);
    detail::traced_wait<B> const traced{"allocate", where, count * sizeof(T)};
    ordered_ = stream.properties(where).stream_ordered_memory;
    void* memory = nullptr;
    detail::check<B>(B::allocate(Kind, &memory, count * sizeof(T), stream.native(), ordered_, where), "allocate", where,
                     [&](error_text& t) {
                       constexpr char const* kinds[] = {"device", "pinned", "managed"};
                       t.append("%zu bytes of %s memory on ", count * sizeof(T), kinds[unsigned(Kind)]);
                       stream.describe(t);
                       std::size_t free_bytes = 0;
                       if (B::free_memory(&free_bytes).code == 0) t.append(", of which %zu bytes are free", free_bytes);
                     });
    return memory;
  }

  void require_part(std::size_t offset, std::size_t count, source_location where) const {
    require(where);
    if (offset > size_ || count > size_ - offset)
      throw_error(errc::out_of_bounds, where, "subspan of %zu elements from element %zu of a %s buffer of %zu elements", count, offset,
                  B::name, size_);
  }

  void release() noexcept {
    if (data_ != nullptr) {
      detail::note_in_callback<B>("the end of a buffer");
      detail::trace_memory(device(), size_bytes(), false);
      detail::while_current<B>(device_, [this] {
        if (resource_ != nullptr)
          give_back();
        else
          (void)B::deallocate(Kind, data_, native_, ordered_);
      });
    }
    if (state_ != nullptr) state_->release();
    data_ = nullptr;
    state_ = nullptr;
  }

  void give_back() noexcept {
    basic_stream_ref<B> const stream{native_, device_, state_};
    try {
      resource_->deallocate(stream, data_, size_bytes());
    } catch (...) {
      detail::keep_exception<B>(stream.log_key(), std::current_exception());
    }
  }

  void take(basic_buffer& other) noexcept {
    data_ = other.data_;
    size_ = other.size_;
    native_ = other.native_;
    device_ = other.device_;
    state_ = other.state_;
    resource_ = other.resource_;
    ordered_ = other.ordered_;
    moved_from_ = other.moved_from_;
    other.data_ = nullptr;
    other.size_ = 0;
    other.state_ = nullptr;
    other.moved_from_ = true;
  }

  T* data_ = nullptr;
  std::size_t size_ = 0;
  typename B::stream_handle native_{};
  detail::stream_state<B>* state_ = nullptr;
  basic_memory_resource<Kind, B>* resource_ = nullptr;  ///< null: the driver
  int device_ = 0;
  bool ordered_ = false;
  bool moved_from_ = false;
};

namespace detail {
template <class T>
inline constexpr bool is_buffer = false;
template <class T, memory_kind Kind, runtime_backend B>
inline constexpr bool is_buffer<basic_buffer<T, Kind, B>> = true;
}  // namespace detail

}  // namespace crosslane
