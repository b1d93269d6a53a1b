// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The functions that the executor calls. Part of checker.cpp.
#pragma once

#include "watches.hpp"

namespace crosslane::backend {

access_session::access_session(launch_facts const& launch) : full_{launch.level == checks::level::full} {
  if (!full_)
    unobserved();
  else if (launch.grid.size() * launch.threads() > 0xffffffffu)
    throw_error(errc::limit_exceeded, launch.where, "launch of %s: the limit of full checks is 4294967295 threads, the grid has %llu",
                launch.kernel, static_cast<unsigned long long>(launch.grid.size() * launch.threads()));
  else {
    checker().check_arguments(launch);
    checker().begin_launch(launch);
  }
}
access_session::~access_session() {
  if (full_) checker().end_launch();
}
void access_session::grid_barrier() noexcept {
  if (full_) checker().threads.order.grid_barrier();
}

access_monitor::~access_monitor() {
  if (state_ == nullptr) return;
  for (watched_block* const block : state_->memory)
    if (block != nullptr) checker().memory.release(block);
  delete state_;
}

void access_monitor::shared_memory(source_location where, std::size_t static_bytes, std::size_t dynamic_bytes, void** static_out,
                                   void** dynamic_out) {
  if (state_ == nullptr) {
    state_ = new block_state;
    state_->checker = &checker();
  }
  std::size_t const sizes[2] = {static_bytes, dynamic_bytes};
  void** const outs[2] = {static_out, dynamic_out};
  for (int i = 0; i < 2; ++i) {
    watched_block*& block = state_->memory[i];
    if (block == nullptr || block->bytes != sizes[i]) {
      if (block != nullptr) checker().memory.release(block);
      block = checker().memory.allocate(sizes[i], watched_range::shared);
      if (block == nullptr) throw_error(errc::out_of_memory, where, "host: %zu bytes of shared memory", sizes[i]);
      block->owner = state_;
      block->dynamic = i == 1;
    }
    *outs[i] = block->begin;
  }
}

void access_monitor::begin(launch_facts const& launch, extent3 block, lane_executor& executor) {
  state_->executor = &executor;
  checker().begin_block(*state_, launch, block);
}

void access_monitor::executor_memory(void const* begin, std::size_t bytes, void const* of_thread, std::size_t of_thread_bytes) noexcept {
  state_->executor_parts[0] = {reinterpret_cast<std::uintptr_t>(begin), bytes};
  state_->executor_parts[1] = {reinterpret_cast<std::uintptr_t>(of_thread), of_thread_bytes};
}

void access_monitor::run(unsigned rank, void const* stack, std::size_t stack_bytes) noexcept {
  if (!state_->full) return;
  state_->stack = reinterpret_cast<std::uintptr_t>(stack);
  state_->stack_bytes = stack_bytes;
  state_->running = rank;
  state_->running_wave = rank / state_->launch->wave_size;
  state_->calls.restore(state_->thread[rank].calls);
  active_block = state_;
}
void access_monitor::leave() noexcept {
  if (active_block == nullptr) return;
  active_block = nullptr;
  state_->save_calls();
}

void access_monitor::block_barrier() noexcept {
  if (state_->full) checker().threads.block_barrier(*state_);
}
void access_monitor::group_sync(unsigned wave, std::uint64_t lanes) noexcept {
  if (state_->full) checker().threads.group_sync(*state_, wave, lanes);
}

void access_monitor::wait_for_previous() noexcept {
  if (state_->full && state_->launch->overlaps) checker().threads.order.wait_for_previous(*state_);
}
void access_monitor::begin_cluster(access_monitor* const* blocks, unsigned count) noexcept {
  block_state* states[block_state::most_in_cluster] = {};
  for (unsigned i = 0; i < count; ++i) states[i] = blocks[i]->state_;
  if (states[0]->full) checker().begin_cluster(states, count);
}
void access_monitor::may_access_in_cluster(unsigned rank) noexcept {
  unseen const self;
  for (unsigned i = 0; i < state_->cluster_blocks; ++i) state_->cluster[i]->peers |= 1u << rank;
}
void access_monitor::cluster_arrives(unsigned rank) noexcept {
  unseen const self;
  if (state_->full) checker().threads.order.cluster_arrives(*state_, rank);
}
void access_monitor::cluster_barrier(access_monitor* const* blocks, unsigned count) noexcept {
  block_state* states[block_state::most_in_cluster] = {};
  for (unsigned i = 0; i < count; ++i) states[i] = blocks[i]->state_;
  if (states[0]->full) checker().cluster_barrier(states, count);
}
void access_monitor::cluster_ends() noexcept { checker().end_block(*state_); }
void access_monitor::block_ends() noexcept {
  if (state_->full) checker().block_ends(*state_);
}

bool access_monitor::may_survive(void const* code) const noexcept {
  note_interrupted_code();
  return paused_block != nullptr && paused_block == state_ && (copy_called_from != 0 || !c_library.has(code));
}
void access_monitor::report_fault(char const* cause, void const* code) {
  std::uintptr_t from = copy_called_from != 0 ? copy_called_from : reinterpret_cast<std::uintptr_t>(code) + 1;
  copy_called_from = 0;
  unseen const self;
  for (std::uintptr_t const caller : interrupted_code)  // a call itself may have faulted, on a stack that is full
    if (source_location const where = checker().line_of(from); where.line == 0 || is_checker(where.file)) from = caller;
  checker().report_fault(*state_, cause, from);
}
std::exception_ptr access_monitor::take_failure() noexcept {
  // Another block of the cluster may still write what the block has read.
  if (state_->cluster_blocks == 0) checker().end_block(*state_);
  std::exception_ptr const result = state_->failure;
  state_->failure = nullptr;
  return result;
}

bool access_monitor::has_findings() const noexcept { return state_->full && (state_->has_findings || !state_->early_reads.empty()); }

bool access_monitor::is_checking(void const* place) const noexcept {
  return (state_->full && paused_block != state_) || busy ||
         (place >= static_cast<void const*>(__start_crosslane_hooks) && place < static_cast<void const*>(__stop_crosslane_hooks));
}
void access_monitor::call_executor_soon() noexcept {
  state_->calls_executor = true;
  state_->reads_left = 1;
}
source_location access_monitor::line_of(unsigned rank, void const* from) const noexcept {
  at_work const self;
  return checker().line_of(reinterpret_cast<std::uintptr_t>(from), state_->thread[rank].calls);
}
std::uint32_t access_monitor::number_of_calls(void const* from) noexcept {
  if (!state_->full) return 0;
  unseen const self;
  return checker().number_of_calls(reinterpret_cast<std::uintptr_t>(from), state_->calls);
}
access_monitor::different_lines access_monitor::callers(std::uint32_t one, std::uint32_t other) const noexcept {
  unseen const self;
  auto const lines = checker().different_callers(one, other);
  return {lines.first, lines.second};
}
void access_monitor::append_object(error_text& text, void const* at) const noexcept { checker().append_object(text, at); }

std::uint64_t access_monitor::plain_accesses() const noexcept {
  return std::uint64_t{state_->reads_left} << 1 | std::uint64_t{state_->has_written};
}

std::uint64_t access_monitor::calls() const noexcept { return state_->calls.context(); }

void use_up_segments() noexcept { checker().use_up_segments(); }

void set_atomic_scope(scope s) noexcept { next_scope = s; }

void atomic_fence(scope s, int order) noexcept {
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  if (active_block == nullptr) {
    program_has_released = program_has_released || releases(order);
    if (!acquires(order)) return;
    at_work const self;
    told_before_fence.learn();
    return;
  }
  unseen const self;
  checker().fence(*self.block(), releases(order), acquires(order), s);
}

void copy_begins(started_copy& copy, void* to, std::size_t bytes, void const* from, std::size_t valid, source_location where) noexcept {
  copy.where = where;
  std::uintptr_t const code = active_block != nullptr ? checker().code_at(where) : 0;
  copying const here{reinterpret_cast<void*>(code)};
  if (active_block != nullptr) {
    see(from, valid, access_reads, reinterpret_cast<void*>(code));
    see(to, bytes, access_writes, reinterpret_cast<void*>(code));
    unseen const self;
    checker().copy_begins(*self.block(), access_of(to, bytes, access_writes, reinterpret_cast<void*>(code)));
  }
  __real_memcpy(copy.before, from, valid);
  __real_memset(to, 0xff, bytes);
}
void copy_arrives(started_copy const& copy, void* to, std::size_t bytes, void const* from, std::size_t valid) noexcept {
  std::uintptr_t const code = active_block != nullptr ? checker().code_at(copy.where) : 0;
  copying const here{reinterpret_cast<void*>(code)};
  if (active_block != nullptr) {
    {
      unseen const self;
      checker().copy_arrives(*self.block(), to, bytes, access_of(from, valid, access_reads, reinterpret_cast<void*>(code)), copy.before);
    }
    see(from, valid, access_reads, reinterpret_cast<void*>(code));
    see(to, bytes, access_writes, reinterpret_cast<void*>(code));
  }
  __real_memcpy(to, from, valid);
  __real_memset(static_cast<char*>(to) + valid, 0, bytes - valid);
}

}  // namespace crosslane::backend
