// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Registration of existing host memory, such as that of a std::vector. Registered memory is page-locked like a pinned buffer.
#pragma once

#include <crosslane/runtime/copy.hpp>

namespace crosslane {

/// A registration of host memory. While it lives, the memory is page-locked: copies between it and a device are asynchronous and fast, and
/// kernels of all devices of the backend can access it over the bus. Move-only. A kernel gets a span of the elements.
///
/// The memory must stay alive and in place until the registration is destroyed: a std::vector must not grow. Page-locking costs far more
/// than one copy, so register memory that is copied often. The destructor waits for the stream, then ends the registration.
///
///   std::vector<float> values(n);
///   xl::host_registration<float> const registered{q, values};
///   xl::copy(q, values, b);                                                // asynchronous
///   xl::launch(q, {.grid = blocks, .block = 256}, kernel{}, registered);  // the kernel accesses `values`
///   q.synchronize();
template <class T, runtime_backend B>
class basic_host_registration {
  static_assert(std::is_trivially_copyable_v<T>, "crosslane: the elements of registered memory must be trivially copyable");

 public:
  using value_type = std::remove_const_t<T>;  ///< the type of an element
  using element_type = T;                     ///< the same, const if the elements are constant
  using backend = B;                          ///< the backend whose devices access the memory

  /// Creates an object without memory. Another registration can be assigned to it later.
  constexpr basic_host_registration() = default;

  /// Registers the elements of a range: a vector, an array or a span. Throws invalid_argument if the range is empty, or if a part of it is
  /// page-locked already, managed or device memory. Throws vendor errors.
  template <stream_like S, class R>
  requires(std::same_as<typename S::backend, B> && std::convertible_to<R, span<T>>)
  basic_host_registration(S const& stream, R&& range, source_location where = source_location::current()) {
    detail::check_stays<R>();
    static_assert(
        !requires { std::remove_cvref_t<R>::kind; },
        "crosslane: only memory of the host can be registered: a pinned buffer is page-locked already, and a device buffer is not "
        "memory of the host");
    enlist(detail::ref_of(stream, where), span<T>(range), where);
  }

  /// Takes over the registration. `other` becomes a moved-from object, which launches refuse.
  basic_host_registration(basic_host_registration&& other) noexcept { take(other); }
  /// Ends this registration and takes over that of `other`, which becomes a moved-from object.
  basic_host_registration& operator=(basic_host_registration&& other) noexcept {
    if (this != &other) {
      release();
      take(other);
    }
    return *this;
  }
  ~basic_host_registration() { release(); }

  /// Returns the address of the first element for the host, and for copies.
  [[nodiscard]] T* data() const noexcept { return static_cast<T*>(memory_); }
  /// Returns a view of the elements for kernels. Its address may differ from the host's.
  [[nodiscard]] span<T> view() const noexcept { return for_kernels_; }
  [[nodiscard]] std::size_t size() const noexcept { return for_kernels_.size(); }  ///< the number of elements
  /// Returns the device of the stream, or device 0 if the object was made without a stream. Other devices can access the memory too.
  [[nodiscard]] basic_device<B> device() const noexcept { return basic_device<B>{detail::known_device{device_}}; }

  /// Throws invalid_handle for a moved-from object.
  void require(source_location where) const {
    if (moved_from_) throw_error(errc::invalid_handle, where, "%s registration of host memory: moved from", B::name);
  }

 private:
  void enlist(basic_stream_ref<B> stream, span<T> range, source_location where) {
    if (range.empty()) throw_error(errc::invalid_argument, where, "%s: registration of 0 elements of host memory", B::name);
    auto const current = stream.make_current("register host memory", where);
    void* const memory = const_cast<value_type*>(range.data());
    void* for_kernels = nullptr;
    std::size_t const bytes = detail::bytes_of("register host memory", range, where);
    detail::check<B>(B::register_host(memory, bytes, &for_kernels), "register host memory", where, [&](error_text& t) {
      t.append("%zu bytes at %p on ", bytes, memory);
      stream.describe(t);
    });
    memory_ = memory;
    for_kernels_ = {static_cast<T*>(for_kernels), range.size()};
    native_ = stream.native_;
    state_ = stream.state_;
    device_ = stream.device_;
    if (state_ != nullptr) state_->retain();
  }

  void release() noexcept {
    if (memory_ != nullptr) {
      detail::note_in_callback<B>("the end of a host registration");
      if (detail::current_callback<B>() == nullptr)  // in a callback the memory stays registered: the call would wait for the callback
        detail::while_current<B>(device_, [this] {
          if (B::unregister_host(memory_, native_).code != 0) B::clear_last_error();
        });
    }
    if (state_ != nullptr) state_->release();
    memory_ = nullptr;
    state_ = nullptr;
  }

  void take(basic_host_registration& other) noexcept {
    memory_ = other.memory_;
    for_kernels_ = other.for_kernels_;
    native_ = other.native_;
    state_ = other.state_;
    device_ = other.device_;
    moved_from_ = other.moved_from_;
    other.memory_ = nullptr;
    other.for_kernels_ = {};
    other.state_ = nullptr;
    other.moved_from_ = true;
  }

  void* memory_ = nullptr;
  span<T> for_kernels_;
  typename B::stream_handle native_{};
  detail::stream_state<B>* state_ = nullptr;
  int device_ = 0;
  bool moved_from_ = false;
};

}  // namespace crosslane
