// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Hints for managed memory: where its pages are needed next, and how they are used. Hints change the speed, but not results. The host
/// backend only checks the arguments of hints.
#pragma once

#include <crosslane/core/span.hpp>
#include <crosslane/runtime/operands.hpp>

namespace crosslane {
namespace detail {

/// Returns the memory of a buffer, a span or a tensor.
template <class R>
auto managed_memory_of(R const& range, source_location where) {
  if constexpr (requires { R::kind; }) {
    static_assert(R::kind == memory_kind::managed,
                  "crosslane: prefetch and advice are for managed memory: pass a managed_buffer, a managed_tensor, or a span of one");
    range.require(where);
  }
  if constexpr (requires { range.storage(); })
    return range.storage();
  else
    return span{range.data(), std::size_t(range.size())};
}

template <runtime_backend B>
void require_managed(char const* call, basic_device<B> on, void const* p, std::size_t bytes, source_location where) {
  if (!on.properties(where).concurrent_managed_access)
    throw_error(errc::not_supported, where, "%s: %s device %d cannot access managed memory at the same time as the host", call, B::name,
                on.index());
  bool managed = false;
  check<B>(B::is_managed(p, bytes, &managed), call, where, [&](error_text& t) { t.append("%zu bytes at %p", bytes, p); });
  if (!managed)
    throw_error(errc::invalid_argument, where, "%s: %zu bytes at %p are not managed memory: take a managed_buffer or a part of one", call,
                bytes, p);
}

template <runtime_backend B, class R>
void change_advice(char const* call, basic_device<B> on, R const& range, memory_advice advice, bool set, memory_location location,
                   source_location where) {
  refuse_in_callback<B>(call, where);
  auto const memory = managed_memory_of(range, where);
  std::size_t const bytes = bytes_of(call, memory, where);
  if (bytes == 0) return;
  require_managed(call, on, memory.data(), bytes, where);
  check<B>(B::advise(memory.data(), bytes, advice, set, location, on.index()), call, where, [&](error_text& t) {
    t.append("%zu bytes at %p, %s device %d", bytes, static_cast<void const*>(memory.data()), B::name, on.index());
  });
}

}  // namespace detail

/// Queues the migration of managed memory to the stream's device, or to the host. Kernels or host code that access the memory afterwards
/// cause no page faults. `range` is a managed buffer, a managed tensor, or a span of a part. Throws invalid_argument if the memory is not
/// managed, not_supported unless the device has concurrent_managed_access, and invalid_call if the stream is captured.
///
///   xl::managed_buffer<float> b{q, n};
///   std::iota(b.begin(), b.end(), 0.0f);
///   xl::prefetch(q, b);  // to the device
///   xl::launch(q, {.grid = blocks, .block = 256}, kernel{}, b);
///   xl::prefetch(q, b, xl::memory_location::host);
///   q.synchronize();
template <stream_like S, class R>
void prefetch(S const& stream, R const& range, memory_location to = memory_location::device,
              source_location where = source_location::current()) {
  using B = typename S::backend;
  auto const q = detail::ref_of(stream, where);
  auto const current = q.make_current("prefetch", where);
  detail::refuse_in_capture(q, "prefetch", "a graph has no node for it", where);
  auto const memory = detail::managed_memory_of(range, where);
  std::size_t const bytes = detail::bytes_of("prefetch", memory, where);
  if (bytes == 0) return;
  detail::require_managed("prefetch", q.device(), memory.data(), bytes, where);
  detail::traced_work<B> const traced{q, [&] { return detail::traced_call{"prefetch", "prefetch", where, bytes}; }};
  detail::check<B>(B::prefetch(memory.data(), bytes, to, q.device().index(), q.native()), "prefetch", where, [&](error_text& t) {
    t.append("%zu bytes at %p on ", bytes, static_cast<void const*>(memory.data()));
    q.describe(t);
  });
}

/// Announces how managed memory will be used. It takes effect at the call, not in stream order. `location` is the preferred location, or
/// the location that accesses the memory: the device `on`, or the host. For read_mostly it is ignored. `range` and errors are those of
/// prefetch().
///
///   xl::advise(q.device(), table, xl::memory_advice::read_mostly);
///   xl::advise(q.device(), results, xl::memory_advice::preferred_location, xl::memory_location::host);
template <runtime_backend B, class R>
void advise(basic_device<B> on, R const& range, memory_advice advice, memory_location location = memory_location::device,
            source_location where = source_location::current()) {
  detail::change_advice("advise", on, range, advice, true, location, where);
}

/// Withdraws advice. Arguments and errors are those of advise().
template <runtime_backend B, class R>
void unset_advice(basic_device<B> on, R const& range, memory_advice advice, memory_location location = memory_location::device,
                  source_location where = source_location::current()) {
  detail::change_advice("unset advice", on, range, advice, false, location, where);
}

}  // namespace crosslane
