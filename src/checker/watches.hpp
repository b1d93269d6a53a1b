// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The functions that the runtime calls for memory and streams. Part of checker.cpp.
#pragma once

#include "running_thread.hpp"

#include <unistd.h>

namespace crosslane::backend {
namespace {

// --- memory ---

void* allocate(std::size_t bytes, bool reached_by_program, crosslane::detail::stream_key home, std::uint64_t work,
               launch_facts const& facts) noexcept {
  at_work const self;
  fault_handlers::prepare_thread();  // they explain an access of the host program
  watched_block* const block = checker().memory.allocate(bytes, reached_by_program ? watched_range::open : watched_range::device);
  if (block == nullptr) return nullptr;
  block->made_after = checker().streams.order.last_queued();
  block->home = home;
  block->made = facts.where;
  if (facts.level == checks::level::full) block->made_by = work;
  if (work != 0) checker().streams.order.describe(work, facts);
  block->written = reached_by_program;  // host writes to this memory are not observed
  return block->begin;
}

void describe(void const* p, std::size_t element_bytes) noexcept {
  if (!checker().memory.contains(p)) return;
  if (watched_block* const block = checker().memory.block(p, watched_range::latest); block != nullptr) block->element_bytes = element_bytes;
}

bool release(void* p, launch_facts const& facts) noexcept {
  at_work const self;
  return checker().free(p, facts);
}
void share(void const* p, std::size_t bytes) noexcept {
  at_work const self;
  if (!checker().memory.contains(p))
    checker().foreign.share(p, bytes);
  else if (watched_block* const block = checker().memory.block(p, watched_range::latest); block != nullptr)
    checker().memory.open_to_program(block);
}
void only_pieces(void const* p) noexcept {
  if (!checker().memory.contains(p)) return;
  if (watched_block* const block = checker().memory.page(p).block; block != nullptr) block->only_pieces = true;
}
bool give(void* p, std::size_t bytes, crosslane::detail::stream_key home, std::uint64_t work, launch_facts const& facts) noexcept {
  at_work const self;
  if (!checker().memory.contains(p) || checker().memory.page(p).block == nullptr) {
    share(p, bytes);
    return false;
  }
  checker().give(static_cast<char*>(p), bytes, home, work, facts);
  return true;
}
void renew(void* p, std::size_t bytes, std::uint64_t work, launch_facts const& facts) noexcept {
  at_work const self;
  checker().renew(static_cast<char*>(p), bytes, work, facts);
}
bool is_given(void const* p, std::size_t bytes) noexcept {
  at_work const self;
  bool any = false;
  if (checker().memory.contains(p))
    checker().memory.each_given(static_cast<char const*>(p), bytes, [&](watched_block const&) { any = true; });
  return any;
}
void take(void* p, std::size_t bytes, std::uint64_t work) noexcept {
  at_work const self;
  checker().streams.order.frees(work);
  checker().memory.each_given(static_cast<char const*>(p), bytes, [&](watched_block& b) { b.freed_by = work; });
}
void returned(void* p, std::size_t bytes, launch_facts const& facts) noexcept {
  at_work const self;
  checker().returned(static_cast<char*>(p), bytes, facts);
}
/// Appends the innermost line of the program that a signal handler has interrupted.
void append_interrupted_line(error_text& text) {
  struct walk {
    error_text& text;
    bool in_program;
  } state{text, false};
  alarm(20);  // the interrupted code may hold a lock that is needed here
  auto const look_at = [](_Unwind_Context* frame, void* data) {
    walk& w = *static_cast<walk*>(data);
    int is_interrupted = 0;
    std::uintptr_t const code = _Unwind_GetIPInfo(frame, &is_interrupted);
    w.in_program = w.in_program || is_interrupted != 0;
    if (!w.in_program || c_library.has(reinterpret_cast<void const*>(code))) return _URC_NO_REASON;
    source_location const where = checker().line_of(code + (is_interrupted != 0 ? 1 : 0));
    if (where.line == 0 || source_lines::is_library(where.file)) return _URC_NO_REASON;
    w.text.append(". The access is at %s:%u", where.file, where.line);
    return _URC_END_OF_STACK;
  };
  _Unwind_Backtrace(look_at, &state);
  alarm(0);
}
bool explain(error_text& text, void const* address) noexcept {
  watched_range const& memory = checker().memory;
  if (!memory.contains(address)) return false;
  watched_block const* const block = memory.block(address, watched_range::latest);
  if (block == nullptr)
    text.append("the memory around a buffer");
  else
    append_object(text, *block, static_cast<char const*>(address));
  text.append(", which is device memory: the host cannot access it; copy the elements with xl::copy, or use a pinned or managed buffer");
  if (runs_program()) append_interrupted_line(text);
  return true;
}
bool pass(void const* address, void const* code, bool writes) noexcept {
  // clang makes its call for `x += 1` between the read and the write, so this is how the checker sees the read.
  if (!checker().memory.contains(address) || !runs_program() || c_library.has(code)) return false;
  at_work const self;
  void* const from = const_cast<char*>(static_cast<char const*>(code) + 1);
  return checker().device_fault(access_of(address, 0, writes ? access_writes : access_reads, from));
}
void pause() noexcept {
  paused_block = active_block;
  active_block = nullptr;
}
void resume() noexcept { active_block = paused_block; }
void queued_transfer(std::uint64_t work, launch_facts const& facts, memory_transfer const& t) noexcept {
  at_work const self;
  checker().program_memory.copy_queued(work, facts, t);
}
bool transfer(launch_facts const& facts, memory_transfer const& t) {
  at_work const self;
  return checker().transfer(facts, t);
}

void unobserved() noexcept {
  checker().memory.all_written();
  checker().values_of_kernels.unseen_stores();
}

void runs(bool begins) noexcept {
  at_work const self;
  if (begins)
    checker().memory.protection.enter();
  else
    checker().memory.protection.leave();
}

void callback(launch_facts const& facts, bool begins) noexcept {
  at_work const self;
  if (!begins) look_at_callback();
  current_work.runs_callback = begins && facts.level == checks::level::full;
  runs(!begins);
  if (!begins) return;
  checker().streams.order.begins(current_work.number, facts);
  checker().streams.order.is_callback(current_work.number);
  blocked_before = times_blocked();
}

// --- streams ---

std::uint64_t queued(detail::stream_key key) noexcept {
  at_work const self;
  return checker().streams.order.queued(key);
}
std::uint64_t queued_node(detail::stream_key key, void const* strand) noexcept {
  at_work const self;
  return checker().streams.order.queued_node(key, strand);
}
std::uint64_t acts(crosslane::detail::stream_key key) noexcept {
  at_work const self;
  return checker().streams.order.allocates(key);
}
void finished(std::uint64_t work) noexcept {
  at_work const self;
  checker().finished(work);
}
void waits(std::uint64_t waiting, std::uint64_t work) noexcept {
  at_work const self;
  checker().streams.order.waits(waiting, work);
}
void program_knows(std::uint64_t work) noexcept {
  at_work const self;
  checker().streams.order.program_knows(work);
  if (checker().forget_if_settled()) stores_of_host.forget();
}
bool program_has_seen(std::uint64_t work) noexcept {
  at_work const self;
  return checker().streams.order.program_has_seen(work);
}
void callback_queued(std::uint64_t work) noexcept {
  at_work const self;
  blocked_before_callback = times_blocked();
  checker().streams.order.callback_queued(work);
}
void program_knows_device(int device) noexcept {
  at_work const self;
  checker().streams.order.program_knows_device(device);
  if (checker().forget_if_settled(device)) stores_of_host.forget();
}

constexpr memory_watch watch{&allocate, &release, &describe, &share,  &only_pieces,     &give,     &renew,      &is_given, &take, &returned,
                             &explain,  &pass,    &pause,    &resume, &queued_transfer, &transfer, &unobserved, &callback};
constexpr stream_watch streams{
    &queued, &queued_node, &acts, &finished, &runs, &waits, &program_knows, &callback_queued, &program_knows_device, &program_has_seen};
[[maybe_unused]] bool const watching = [] {
  watched_memory = &watch;
  watched_streams = &streams;
  watched_addresses = &checker().memory;
  return true;
}();

}  // namespace
}  // namespace crosslane::backend
