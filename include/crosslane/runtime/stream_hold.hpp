// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// A reference to a stream that keeps its handle alive: graphs remember streams that their owner may destroy.
#pragma once

#include <crosslane/runtime/stream.hpp>

#include <utility>

namespace crosslane::detail {

/// Keeps a stream's handle alive after its owner is gone.
template <runtime_backend B>
class stream_hold {
 public:
  stream_hold() = default;
  explicit stream_hold(basic_stream_ref<B> const& q) noexcept : native_{q.native_}, device_{q.device_}, state_{q.state_}, is_set_{true} {
    if (state_ != nullptr) state_->retain();
  }
  stream_hold(stream_hold&& other) noexcept { swap(other); }
  stream_hold& operator=(stream_hold&& other) noexcept {
    stream_hold taken{static_cast<stream_hold&&>(other)};
    swap(taken);
    return *this;
  }
  ~stream_hold() {
    if (state_ != nullptr) state_->release();
  }
  explicit operator bool() const noexcept { return is_set_; }
  basic_stream_ref<B> ref() const noexcept { return {native_, device_, state_}; }
  typename B::stream_handle native() const noexcept { return native_; }

 private:
  void swap(stream_hold& other) noexcept {
    std::swap(native_, other.native_);
    std::swap(device_, other.device_);
    std::swap(state_, other.state_);
    std::swap(is_set_, other.is_set_);
  }
  typename B::stream_handle native_{};
  int device_ = 0;
  stream_state<B>* state_ = nullptr;
  bool is_set_ = false;
};

}  // namespace crosslane::detail
