// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Copies between pageable memory of the host and a device through a ring of page-locked memory.
#pragma once

#include <crosslane/runtime/copy.hpp>
#include <crosslane/runtime/event.hpp>

#include <concepts>
#include <cstring>
#include <optional>

namespace crosslane {

/// The sizes of a staging ring.
struct staging_options {
  std::size_t slot_bytes = std::size_t{2} << 20;  ///< bytes that are copied at once; the ring should fit the processor's cache
  unsigned slots = 3;                             ///< at least 2: the host fills one while the device copies another
};

/// A ring of page-locked memory. upload() and download() copy any amount of pageable memory, such as a std::vector or a mapped file,
/// through it: the host fills or empties one slot while the device copies others. A plain copy() of pageable memory goes through memory of
/// the driver, and blocks the host. One host thread at a time may use a ring. A captured stream is refused with invalid_call.
///
///   xl::staging_ring ring{q};
///   ring.upload(q, file, b, [](std::size_t done, std::size_t all) { std::printf("%zu of %zu bytes\n", done, all); });
template <runtime_backend B>
class basic_staging_ring {
 public:
  /// Does nothing, in place of a function that wants to know the progress.
  struct no_progress {
    /// Does nothing.
    void operator()(std::size_t /*done*/, std::size_t /*all*/) const noexcept {}
  };

  /// Allocates the ring. Its copies may run on any stream of the stream's device. Throws invalid_argument for fewer than 2 slots or empty
  /// ones, and what basic_buffer throws.
  template <stream_like S>
  requires std::same_as<typename S::backend, B>
  explicit basic_staging_ring(S const& on, staging_options options = {}, source_location where = source_location::current())
      : options_{checked(options, where)}, memory_{on, options.slot_bytes * options.slots, where}, copied_{new slot[options.slots]} {
    for (unsigned i = 0; i < options.slots; ++i) copied_.first[i].emplace(memory_.device(), where);
  }
  basic_staging_ring(basic_staging_ring const&) = delete;
  basic_staging_ring& operator=(basic_staging_ring const&) = delete;
  /// Waits for the copies of the ring.
  ~basic_staging_ring() {
    for (unsigned i = 0; i < options_.slots; ++i)
      if (B::event_synchronize(copied_.first[i]->native()).code != 0) B::clear_last_error();
  }

  /// Copies all elements of the host's range to the device, in the order of the stream. Returns when `from` has been read: it may be
  /// changed or destroyed at once. The last copies to the device may still run then. Calls progress(done, all) after each slot: bytes of
  /// `from` that have been read, and all bytes. Throws as copy() does, and what `progress` throws: then the first `done` bytes are copied.
  template <stream_like S, class From, class To, class Progress = no_progress>
  requires std::same_as<typename S::backend, B>
  void upload(S const& on, From const& from, To&& to, Progress const& progress = {}, source_location where = source_location::current()) {
    auto const q = prepare<From, To>("upload", on, from, to, where);
    std::size_t const all = from.size() * sizeof(*from.data());
    for (std::size_t done = 0; done < all;) {
      std::size_t const bytes = all - done < options_.slot_bytes ? all - done : options_.slot_bytes;
      slot& s = next(where);
      std::memcpy(memory_of(s), reinterpret_cast<char const*>(from.data()) + done, bytes);
      copy(q, span<char const>{memory_of(s), bytes}, span<char>{reinterpret_cast<char*>(to.data()) + done, bytes}, where);
      s->record(q, where);
      done += bytes;
      progress(done, all);
    }
  }

  /// Copies all elements of the device's range to the host, after the work that is queued on the stream. Returns when all are there. Calls
  /// progress(done, all) after each slot: bytes that have arrived in `to`, and all bytes. Throws as copy() does, the first error of the
  /// stream's work, and what `progress` throws.
  template <stream_like S, class From, class To, class Progress = no_progress>
  requires std::same_as<typename S::backend, B>
  void download(S const& on, From const& from, To&& to, Progress const& progress = {}, source_location where = source_location::current()) {
    auto const q = prepare<From, To>("download", on, from, to, where);
    std::size_t const all = from.size() * sizeof(*from.data());
    std::size_t queued = 0;
    unsigned first = next_;  // the slot whose bytes come next in `to`
    for (std::size_t done = 0; done < all;) {
      for (unsigned ahead = unsigned((queued - done + options_.slot_bytes - 1) / options_.slot_bytes);
           ahead < options_.slots && queued < all; ++ahead) {
        std::size_t const bytes = all - queued < options_.slot_bytes ? all - queued : options_.slot_bytes;
        slot& s = next(where);
        copy(q, span<char const>{reinterpret_cast<char const*>(from.data()) + queued, bytes}, span<char>{memory_of(s), bytes}, where);
        s->record(q, where);
        queued += bytes;
      }
      std::size_t const bytes = all - done < options_.slot_bytes ? all - done : options_.slot_bytes;
      slot& s = copied_.first[first];
      s->synchronize(where);
      std::memcpy(reinterpret_cast<char*>(to.data()) + done, memory_of(s), bytes);
      first = first + 1 == options_.slots ? 0 : first + 1;
      done += bytes;
      progress(done, all);
    }
  }

  [[nodiscard]] staging_options const& options() const noexcept { return options_; }  ///< the sizes of the ring
  /// Returns the device of the ring.
  [[nodiscard]] basic_device<B> device() const noexcept { return memory_.device(); }

 private:
  using slot = std::optional<basic_event<B, false>>;  ///< follows the last copy of the slot
  struct slot_list {
    slot* first;
    ~slot_list() { delete[] first; }
  };

  static staging_options checked(staging_options options, source_location where) {
    if (options.slots < 2 || options.slot_bytes == 0)
      throw_error(errc::invalid_argument, where, "staging ring of %u slots of %zu bytes: it needs at least 2 slots of 1 byte",
                  options.slots, options.slot_bytes);
    if (options.slot_bytes > (~std::size_t{0} >> 1) / options.slots)
      throw_error(errc::limit_exceeded, where, "staging ring of %u slots of %zu bytes: the limit is 2^63 - 1 bytes", options.slots,
                  options.slot_bytes);
    return options;
  }
  template <class From, class To, class S>
  basic_stream_ref<B> prepare(char const* call, S const& on, From const& from, To& to, source_location where) const {
    using T = std::remove_cv_t<detail::element_of<From const>>;
    detail::check_contiguous<From>();
    detail::check_contiguous<To>();
    detail::check_copy_types<T, detail::element_of<std::remove_reference_t<To>>>();
    auto const q = detail::ref_of(on, where);
    detail::refuse_in_callback<B>(call, where);
    detail::refuse_in_capture(q, call, "a graph would copy what the ring has when it runs", where);
    detail::require_valid(from, where);
    detail::require_valid(to, where);
    if (from.size() != to.size())
      throw_error(errc::size_mismatch, where, "%s of %zu elements to %zu elements of %zu bytes", call, std::size_t(from.size()),
                  std::size_t(to.size()), sizeof(T));
    if (q.device() != device())
      throw_error(errc::invalid_argument, where, "%s: the staging ring is of %s device %d, the stream is of device %d", call, B::name,
                  device().index(), q.device().index());
    return q;
  }
  /// Returns the next slot, when the device does not use it any more.
  slot& next(source_location where) {
    slot& s = copied_.first[next_];
    next_ = next_ + 1 == options_.slots ? 0 : next_ + 1;
    detail::check<B>(B::event_synchronize(s->native()), "staging ring", where,
                     [this](error_text& t) { t.append("%s device %d", B::name, device().index()); });
    return s;
  }
  char* memory_of(slot const& s) noexcept {
    return reinterpret_cast<char*>(memory_.data()) + std::size_t(&s - copied_.first) * options_.slot_bytes;
  }

  staging_options options_;
  basic_buffer<std::byte, memory_kind::pinned, B> memory_;
  slot_list copied_;
  unsigned next_ = 0;
};

}  // namespace crosslane
