// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The options of device-wide algorithms, and the memory that they work in.
///
///   xl::inclusive_scan(q, in, out, xl::plus{});  // works in memory of the stream's pool
///
///   std::size_t const bytes = xl::workspace_size([&](auto const& o) { xl::inclusive_scan(q, in, out, xl::plus{}, o); });
///   xl::workspace const memory{q, bytes};        // once
///   xl::inclusive_scan(q, in, out, xl::plus{}, {.workspace = memory});
#pragma once

#include <crosslane/core/functional.hpp>
#include <crosslane/kernel/atomic.hpp>
#include <crosslane/runtime/buffer.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace crosslane {

/// The order of floating-point operations in an algorithm is free.
struct fastest {};
/// Results have the same bits in each run on one device. All algorithms of the library have this property, so it costs nothing.
struct run_to_run {};
/// Results have the same bits on each device of each backend, whatever the policy. Exact operations have this property: the library's
/// operators on integers. Others do not compile.
struct everywhere {};

/// Takes the policy that the library has for the device and the type.
struct tuned {};

namespace detail {

/// The front of a workspace. It is zero before the first use, and each algorithm leaves it as the next one needs it.
struct workspace_front {
  unsigned ended;     ///< blocks of the running launch that have ended; 0 between launches
  unsigned last_tag;  ///< the highest tag that `words` can contain
  unsigned unused[62];
  static constexpr unsigned most_blocks = 1024;
  std::uint64_t
      words[8 * most_blocks];     ///< what blocks publish, with tags (see round_scan.hpp); other memory of the workspace has any bits
  std::uint64_t counts[8 * 256];  ///< counters that blocks add to; 0 between launches
};

/// Called by one thread of each block, at its end. Returns true to the last one, which sees what the others have stored. The next launch
/// finds the counter at 0.
template <class Ctx>
CROSSLANE_FN bool is_last_block(Ctx const& ctx, workspace_front* front) {
  if (atomic(ctx, front->ended).fetch_add(1u, acq_rel{}) != unsigned(ctx.block_count()) - 1) return false;
  atomic(ctx, front->ended).store(0u);
  return true;
}

/// Returns the number of pieces of `size` elements that n elements have, the last of which may be shorter.
template <class N>
CROSSLANE_FN constexpr N pieces_of(N n, std::type_identity_t<N> size) {
  return n / size + (n % size != 0);
}

inline constexpr std::size_t workspace_alignment = 256;
constexpr std::size_t aligned_bytes(std::size_t bytes) {
  return (bytes + workspace_alignment - 1) / workspace_alignment * workspace_alignment;
}

/// A reference to the memory of an algorithm, to where it takes memory from, or to the number of bytes that it would take.
struct workspace_reference {
  std::byte* data = nullptr;
  std::size_t bytes = 0;
  int device = 0;
  std::size_t* measured = nullptr;
  void* resource = nullptr;       ///< a basic_memory_resource of device memory
  char const* backend = nullptr;  ///< the name of the resource's backend

  constexpr workspace_reference() = default;
  constexpr workspace_reference(std::byte* data_, std::size_t bytes_, int device_) : data{data_}, bytes{bytes_}, device{device_} {}
  constexpr explicit workspace_reference(std::size_t& measured_) : measured{&measured_} {}
  template <runtime_backend B>
  constexpr workspace_reference(basic_memory_resource<memory_kind::device, B>& from)  // NOLINT: an option converts
      : resource{&from}, backend{B::name} {}

  /// Returns the resource; null if there is none.
  template <runtime_backend B>
  basic_memory_resource<memory_kind::device, B>* resource_of(char const* call, source_location where) const {
    if (resource != nullptr && backend != B::name)
      throw_error(errc::invalid_argument, where, "%s: the memory resource is of the %s backend, the stream is of the %s backend", call,
                  backend, B::name);
    return static_cast<basic_memory_resource<memory_kind::device, B>*>(resource);
  }
};

}  // namespace detail

/// Memory that algorithms work in, one after another: on one stream, or on streams that wait for each other. An algorithm with a workspace
/// allocates nothing. Move-only.
template <runtime_backend B>
class basic_workspace {
 public:
  /// Allocates `bytes`, as workspace_size() returns them, and queues a fill of a part of them.
  template <stream_like S>
  requires std::same_as<typename S::backend, B>
  basic_workspace(S const& q, std::size_t bytes, source_location where = source_location::current()) : memory_{q, least(bytes), where} {
    prepare(detail::ref_of(q, where), memory_.view(), where);
  }
  /// The same with memory of a memory resource, which must live longer.
  template <stream_like S>
  requires std::same_as<typename S::backend, B>
  basic_workspace(S const& q, std::size_t bytes, basic_memory_resource<memory_kind::device, B>& resource,
                  source_location where = source_location::current())
      : memory_{q, least(bytes), resource, where} {
    prepare(detail::ref_of(q, where), memory_.view(), where);
  }
  /// Uses memory of the caller, which must live longer, and queues a fill of a part of it. Throws invalid_argument if the memory is not
  /// aligned to 256 bytes.
  template <stream_like S>
  requires std::same_as<typename S::backend, B>
  basic_workspace(S const& q, span<std::byte> memory, source_location where = source_location::current()) {
    prepare(detail::ref_of(q, where), memory, where);
  }

  [[nodiscard]] std::size_t size_bytes() const noexcept { return reference_.bytes; }  ///< the bytes of the memory
  /// Converts to what `options::workspace` takes.
  operator detail::workspace_reference() const noexcept { return reference_; }

 private:
  static std::size_t least(std::size_t bytes) { return bytes < sizeof(detail::workspace_front) ? sizeof(detail::workspace_front) : bytes; }

  void prepare(basic_stream_ref<B> q, span<std::byte> memory, source_location where) {
    if (memory.size() < sizeof(detail::workspace_front))
      throw_error(errc::size_mismatch, where, "workspace: %zu bytes, the smallest workspace has %zu", memory.size(),
                  sizeof(detail::workspace_front));
    if (reinterpret_cast<std::uintptr_t>(memory.data()) % detail::workspace_alignment != 0)
      throw_error(errc::invalid_argument, where, "workspace: memory at %p is not aligned to %zu bytes", static_cast<void*>(memory.data()),
                  detail::workspace_alignment);
    auto const current = q.make_current("workspace", where);
    detail::check<B>(B::fill_bytes(memory.data(), 0, sizeof(detail::workspace_front), q.native(), where), "workspace", where,
                     [&](error_text& t) { q.describe(t); });
    reference_ = {memory.data(), memory.size(), q.device().index()};
  }

  basic_buffer<std::byte, memory_kind::device, B> memory_;
  detail::workspace_reference reference_;
};
/// Options of a device-wide algorithm. All have defaults.
///
///   xl::reduce(q, in, out, xl::plus{}, {.workspace = memory});
///   xl::reduce(q, counts, out, xl::plus{}, xl::options<xl::everywhere>{});
template <class Determinism = run_to_run, class Policy = tuned>
struct options {
  detail::workspace_reference workspace =
      {};                        ///< memory to work in: a workspace, or a memory resource. By default it comes from where buffers do
  Determinism determinism = {};  ///< fastest, run_to_run or everywhere
  Policy policy = {};            ///< sizes to use in place of the library's; each algorithm names its own type
};

/// Returns the bytes that a workspace must have for the algorithms that `call(options)` calls. Nothing is queued: each algorithm returns
/// early. Sizes depend on the device, the types and the numbers of elements.
///
///   xl::workspace_size([&](auto const& o) {
///     xl::radix_sort(q, keys, sorted, o);
///     xl::unique(q, sorted, kept, count, o);
///   });
template <class Call>
[[nodiscard]] std::size_t workspace_size(Call const& call) {
  std::size_t bytes = sizeof(detail::workspace_front);
  call(options<>{.workspace = detail::workspace_reference{bytes}});
  return bytes;
}

namespace detail {

/// Takes a buffer from the resource of the workspace, if there is one.
template <class T, runtime_backend B>
basic_buffer<T, memory_kind::device, B> temporary(basic_stream_ref<B> q, char const* call, workspace_reference const& given,
                                                  std::size_t count, source_location where) {
  if (auto* const resource = given.resource_of<B>(call, where)) return {q, count, *resource, where};
  return {q, count, where};
}

/// The memory of one call of an algorithm: a part of the caller's workspace, of a memory resource, or of the device's memory until the work
/// that the call queues is done.
template <runtime_backend B>
class call_memory {
 public:
  /// Takes the front and `payload` bytes. `measures()` tells whether the call only asks for the number of bytes.
  call_memory(basic_stream_ref<B> q, char const* call, workspace_reference const& given, std::size_t payload, source_location where) {
    std::size_t const bytes = sizeof(workspace_front) + aligned_bytes(payload);
    if (given.measured != nullptr) {
      measures_ = true;
      if (*given.measured < bytes) *given.measured = bytes;
      return;
    }
    if (given.data != nullptr) {
      if (given.bytes < bytes)
        throw_error(errc::size_mismatch, where, "%s: the workspace has %zu bytes, this call needs %zu", call, given.bytes, bytes);
      data_ = given.data;
      return;
    }
    if (auto* const resource = given.resource_of<B>(call, where))
      own_.emplace(q, bytes, *resource, where);
    else
      own_.emplace(q, bytes, where);
    data_ = workspace_reference(*own_).data;
  }

  bool measures() const { return measures_; }
  workspace_front* front() const { return reinterpret_cast<workspace_front*>(data_); }
  std::byte* payload() const { return data_ + sizeof(workspace_front); }

 private:
  bool measures_ = false;
  std::byte* data_ = nullptr;
  std::optional<basic_workspace<B>> own_;
};

/// Lays out arrays one after another in the payload of a workspace. Without memory it counts the bytes.
class payload_layout {
 public:
  constexpr explicit payload_layout(std::byte* data = nullptr) : data_{data} {}
  template <class T>
  T* take(std::size_t count) {
    T* const result = data_ == nullptr ? nullptr : reinterpret_cast<T*>(data_ + bytes_);
    bytes_ += aligned_bytes(count * sizeof(T));
    return result;
  }
  std::size_t bytes() const { return bytes_; }

 private:
  std::byte* data_;
  std::size_t bytes_ = 0;
};

/// The caller's policy, or the library's.
template <class Policy, class Tuned>
using policy_or = std::conditional_t<std::is_same_v<Policy, tuned>, Tuned, Policy>;

/// Whether Op on T gives the same bits in any order of operations.
template <class T, class Op>
inline constexpr bool is_exact = has_identity<T, Op>;

template <class Determinism, class T, class Op>
struct check_determinism {
  static_assert(!std::is_same_v<Determinism, everywhere> || is_exact<T, Op>,
                "crosslane: only the library's operators on integers have the same bits everywhere: see T and Op of check_determinism");
  static constexpr bool ok = true;
};

}  // namespace detail

}  // namespace crosslane
