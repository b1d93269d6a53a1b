// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The runtime contract on the CPU. There are two devices: device 0 has waves of 32 lanes, device 1 waves of 64.
#pragma once

#include <crosslane/backend/host/access_monitor.hpp>
#include <crosslane/backend/host/faults.hpp>
#include <crosslane/backend/host/memory_ranges.hpp>
#include <crosslane/backend/host/parallel.hpp>
#include <crosslane/backend/host/queue.hpp>
#include <crosslane/backend/host/sizes.hpp>
#include <crosslane/backend/host/thread_end.hpp>
#include <crosslane/runtime/contract.hpp>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace crosslane::backend {

class running_transfer final : public running_work {
 public:
  running_transfer(char const* name, source_location where, memory_transfer const& t) noexcept : name_{name}, where_{where}, transfer_{t} {}
  memory_transfer const& transfer() const noexcept { return transfer_; }
  void describe(error_text& text) const noexcept override {
    text.append("%s of %zu bytes", name_, transfer_.width);
    if (transfer_.height != 1) text.append(" x %zu rows", transfer_.height);
    if (transfer_.from != nullptr) text.append(" from %p", transfer_.from);
    text.append(" to %p, called at %s:%u", transfer_.to, where_.file, where_.line);
  }
  bool explain(error_text& text, void const* address, void const* /*stack_pointer*/) const noexcept override {
    bool const source = transfer_.from != nullptr && lies_in(address, transfer_.from, bytes(transfer_.from_pitch));
    if (!source && !lies_in(address, transfer_.to, bytes(transfer_.to_pitch))) return false;
    text.append("the memory of the %s is null, is too short, or was freed before the stream ran the %s", source ? "source" : "destination",
                name_);
    return true;
  }

 private:
  std::size_t bytes(std::size_t pitch) const noexcept { return pitch * (transfer_.height - 1) + transfer_.width; }

  char const* name_;
  source_location where_;
  memory_transfer transfer_;
};

template <class Backend>
struct host_runtime {
  using stream_handle = host_queue*;
  using event_handle = host_event*;

  enum code { success, invalid_device, out_of_memory, not_ready, lost_by_fork, already_registered, not_registered };

  static constexpr dlpack::device place_in_dlpack(memory_kind, int) noexcept { return {dlpack::cpu, 0}; }
  static constexpr bool reaches_dlpack(dlpack::device place, int) noexcept {
    return place.device_type == dlpack::cpu || place.device_type == dlpack::nvidia_pinned || place.device_type == dlpack::amd_pinned ||
           place.device_type == dlpack::nvidia_managed;
  }

  static char const* text(status s) noexcept {
    constexpr char const* texts[] = {"success",
                                     "invalid device",
                                     "out of memory",
                                     "not ready",
                                     "the stream belongs to the parent process, and fork() did not copy its thread: make a new stream",
                                     "a part of the memory is page-locked already, or is managed or device memory",
                                     "the memory is not registered"};
    return texts[s.code];
  }
  static errc classify(status s) noexcept {
    switch (s.code) {
      case invalid_device: return errc::invalid_device;
      case out_of_memory: return errc::out_of_memory;
      case lost_by_fork: return errc::invalid_call;
      case already_registered:
      case not_registered: return errc::invalid_argument;
      default: return errc::vendor;
    }
  }
  static void clear_last_error() noexcept {}

  static status device_count(int* n) noexcept {
    *n = 2;
    return {};
  }
  static status current_device(int* index) noexcept {
    *index = current_;
    return {};
  }
  static status select_device(int index) noexcept {
    if (index < 0 || index > 1) return {invalid_device};
    current_ = index;
    return {};
  }
  static status device_synchronize() noexcept {
    host_queue::synchronize_all(current_);
    if (watched_streams != nullptr) watched_streams->program_knows_device(current_);
    return {};
  }
  static status free_memory(std::size_t* bytes) noexcept {
    *bytes = std::size_t(sysconf(_SC_AVPHYS_PAGES)) * std::size_t(sysconf(_SC_PAGESIZE));
    return {};
  }
  static status properties(int index, device_properties& out) noexcept {
    out.wave_size = index == 0 ? 32 : 64;
    std::snprintf(out.name, sizeof out.name, "%s", processor_name().data);
#if defined(__x86_64__)
    std::snprintf(out.architecture, sizeof out.architecture, "x86-64");
#elif defined(__aarch64__)
    std::snprintf(out.architecture, sizeof out.architecture, "aarch64");
#else
    std::snprintf(out.architecture, sizeof out.architecture, "cpu");
#endif
    out.multiprocessors = core_count();
    out.simds_per_multiprocessor = 1;
    out.max_threads_per_block = 1024;
    out.max_threads_per_multiprocessor = threads_per_core;
    out.max_block = {1024, 1024, 64};
    out.max_grid = {0x7fffffff, 65535, 65535};
    out.shared_per_block = out.shared_per_block_optin = most_shared_bytes();
    out.memory = physical_memory();
    long const l2 = sysconf(_SC_LEVEL3_CACHE_SIZE);
    out.l2 = l2 > 0 ? std::size_t(l2) : 0;
    out.stream_ordered_memory = true;
    out.managed_memory = true;
    out.concurrent_managed_access = true;
    out.cooperative_launch = true;
    out.max_cluster_blocks = 8;
    return {};
  }

  static status stream_create(stream_handle* out, int) {
    fault_handlers::stay_for_streams();
    thread_owner::stay_for_streams();
    *out = new host_queue{current_};
    return {};
  }
  static status stream_destroy(stream_handle q) noexcept {
    host_queue::destroy(q);
    return {};
  }
  static status stream_synchronize(stream_handle q) noexcept {
    if (q->is_lost()) return {lost_by_fork};
    q->synchronize();
    return {};
  }
  static status stream_query(stream_handle q, bool* done) noexcept {
    if (q->is_lost()) return {lost_by_fork};
    *done = q->idle();
    return {};
  }
  static status stream_wait_event(stream_handle q, event_handle e) {
    if (q->is_lost()) return {lost_by_fork};
    if (recording::hold const r = e->latest()) {
      if (r->is_lost()) return {lost_by_fork};
      std::uint64_t const waiting = q->enqueue<Backend>([r] { r->wait(); }, runs::always);
      if (watched_streams != nullptr) watched_streams->waits(waiting, r->work());
    }
    return {};
  }
  static status stream_callback(stream_handle q, void (*f)(void*), void (*drop)(void*), void* data) {
    if (q->is_lost()) return {lost_by_fork};
    struct call {
      void (*f)(void*);
      void (*drop)(void*);
      void* data;
      launch_facts facts;
      call(void (*f_)(void*), void (*drop_)(void*), void* data_, launch_facts const& facts_) noexcept
          : f{f_}, drop{drop_}, data{data_}, facts{facts_} {}
      call(call&& other) noexcept : f{other.f}, drop{other.drop}, data{other.data}, facts{other.facts} { other.drop = nullptr; }
      ~call() {
        if (drop != nullptr) drop(data);
      }
      void operator()() noexcept {
        drop = nullptr;
        if (watched_memory != nullptr) watched_memory->callback(facts, true);
        running_plain_work const running{"host callback", {}};
        running_scope const scope{running};
        f(data);
        if (watched_memory != nullptr) watched_memory->callback(facts, false);
      }
    };
    std::uint64_t const work = q->enqueue<Backend>(call{f, drop, data, facts_of("host callback")});
    if (watched_streams != nullptr) watched_streams->callback_queued(work);
    return {};
  }
  static void const* key(stream_handle q) noexcept { return q->key(); }

  static status event_create(event_handle* out, bool) {
    *out = new host_event;
    return {};
  }
  static status event_destroy(event_handle e) noexcept {
    delete e;
    return {};
  }
  static status event_record(event_handle e, stream_handle q) {
    if (q->is_lost()) return {lost_by_fork};
    recording::hold const r{new recording};
    r->set_work(q->enqueue<Backend>([r] { r->complete(); }, runs::always));
    e->set_latest(r);
    return {};
  }
  static status event_synchronize(event_handle e) noexcept {
    if (recording::hold const r = e->latest()) {
      if (r->is_lost()) return {lost_by_fork};
      waiting_host const waits;
      r->wait();
      note_known(r);
    }
    return {};
  }
  static status event_query(event_handle e, bool* done) noexcept {
    recording::hold const r = e->latest();
    if (r && r->is_lost()) return {lost_by_fork};
    double milliseconds = 0;
    *done = !r || r->time(&milliseconds);
    if (r && *done) note_known(r);
    return {};
  }
  static status event_elapsed(float* milliseconds, event_handle a, event_handle b) noexcept {
    recording::hold const first = a->latest(), last = b->latest();
    if ((first && first->is_lost()) || (last && last->is_lost())) return {lost_by_fork};
    double from = 0, to = 0;
    if (!first || !last || !first->time(&from) || !last->time(&to)) return {not_ready};
    *milliseconds = float(to - from);
    note_known(first);
    note_known(last);
    return {};
  }

  static status allocate(memory_kind kind, void** out, std::size_t bytes, stream_handle q, bool, source_location where) noexcept {
    if (q->is_lost()) return {lost_by_fork};
    // Linux overcommits memory and kills the process at the first access. A device refuses at once.
    if (bytes > physical_memory()) return {out_of_memory};
    if (watched_memory != nullptr)
      *out = watched_memory->allocate(bytes, kind != memory_kind::device, {q->key(), q->device()},
                                      kind == memory_kind::device ? q->acts() : 0, facts_of("allocation", where));
    else if (posix_memalign(out, 256, bytes) != 0)
      *out = nullptr;
    if (*out == nullptr) return {out_of_memory};
    if (!ranges_of(kind).add(*out, bytes)) {
      free_memory_of(*out, {});
      return {out_of_memory};
    }
    return {};
  }
  /// Notes the size of a new buffer's elements, for findings.
  static void describe_buffer(void const* p, std::size_t element_bytes) noexcept {
    if (watched_memory != nullptr) watched_memory->describe(p, element_bytes);
  }
  /// Frees memory of any kind in stream order: a host callback may own a buffer, and waiting for the stream there would deadlock.
  static status deallocate(memory_kind kind, void* p, stream_handle q, bool) noexcept {
    ranges_of(kind).remove(p);
    if (q->is_lost()) {  // no work of this process uses it
      if (watched_memory == nullptr) std::free(p);
      return {};
    }
    launch_facts facts;
    auto const free_now = [p, &facts] { free_memory_of(p, facts); };
    try {
      facts = facts_of("free");
      q->enqueue<Backend>([p, facts] { free_memory_of(p, facts); }, runs::always);
    } catch (...) {  // no memory, or no thread for a queue that has not run yet
      // A callback owns the buffer and cannot wait for later work of its own stream, which may use it: the memory is leaked.
      if (q->runs_here()) return {out_of_memory};
      q->synchronize();
      free_now();
    }
    return {};
  }

  static status copy(void* to, void const* from, std::size_t bytes, stream_handle q, source_location where) {
    return transfer(q, "copy", where, {to, bytes, from, bytes, bytes, 1}, [](memory_transfer const& t) {
      auto const piece = [&t](std::uint64_t begin, std::uint64_t end) {
        std::memcpy(static_cast<char*>(t.to) + begin, static_cast<char const*>(t.from) + begin, end - begin);
      };
      parallel_pieces(t.width, balanced_piece(t.width, std::uint64_t{1} << 20), piece);
    });
  }
  static status copy_between(void* to, int, void const* from, int, std::size_t bytes, stream_handle q, source_location where) {
    return copy(to, from, bytes, q, where);
  }
  static status copy_2d(void* to, std::size_t to_pitch, void const* from, std::size_t from_pitch, std::size_t width, std::size_t height,
                        stream_handle q, source_location where) {
    return transfer(q, "copy_2d", where, {to, to_pitch, from, from_pitch, width, height}, [](memory_transfer const& t) {
      for (std::size_t row = 0; row < t.height; ++row)
        std::memcpy(static_cast<char*>(t.to) + row * t.to_pitch, static_cast<char const*>(t.from) + row * t.from_pitch, t.width);
    });
  }
  static status fill_bytes(void* p, int value, std::size_t bytes, stream_handle q, source_location where) {
    return transfer(q, "fill", where, {p, bytes, nullptr, 0, bytes, 1},
                    [value](memory_transfer const& t) { std::memset(t.to, value, t.width); });
  }

  static status register_host(void* p, std::size_t bytes, void** for_kernels) noexcept {
    *for_kernels = p;
    bool overlaps = memory_ranges::device().overlap(p, bytes) || memory_ranges::managed().overlap(p, bytes);
    if (overlaps) return {already_registered};
    if (memory_ranges::page_locked().add_apart(p, bytes, overlaps)) return {};
    return {overlaps ? already_registered : out_of_memory};
  }
  static status unregister_host(void* p, stream_handle q) noexcept {
    if (!q->is_lost() && !q->runs_here()) q->synchronize();
    return {memory_ranges::page_locked().remove(p) ? success : not_registered};
  }

  /// Called for memory of a tensor that comes from another library or goes to one: kernels and other code may access it.
  static void share_memory(void const* p, std::size_t bytes) noexcept {
    if (watched_memory != nullptr) watched_memory->share(p, bytes);
  }

  static status is_managed(void const* p, std::size_t bytes, bool* managed) noexcept {
    *managed = memory_ranges::managed().contain(p, bytes);
    return {};
  }
  /// Does nothing: the host has one memory.
  static status prefetch(void const*, std::size_t, memory_location, int, stream_handle q) noexcept {
    return {q->is_lost() ? lost_by_fork : success};
  }
  static status advise(void const*, std::size_t, memory_advice, bool, memory_location, int) noexcept { return {}; }

 private:
  /// Returns where the ranges of this kind of memory are remembered.
  static memory_ranges& ranges_of(memory_kind kind) noexcept {
    return kind == memory_kind::managed  ? memory_ranges::managed()
           : kind == memory_kind::pinned ? memory_ranges::page_locked()
                                         : memory_ranges::device();
  }
  /// Returns the facts of work that is not a launch: its grid is empty.
  static launch_facts facts_of(char const* name, source_location where = {}) {
    launch_facts facts;
    if (watched_memory == nullptr) return facts;
    facts.grid = facts.block = {0, 0, 0};
    facts.wave_size = current_ == 0 ? 32 : 64;
    facts.kernel = name;
    facts.where = where;
    facts.read_check_scope(true);
    return facts;
  }
  template <class Move>
  static status transfer(stream_handle q, char const* name, source_location where, memory_transfer const& t, Move const& move) {
    if (q->is_lost()) return {lost_by_fork};
    running_transfer const running{name, where, t};
    if (watched_memory == nullptr) {
      q->enqueue<Backend>([=] {
        running_scope const scope{running};
        move(running.transfer());
      });
      return {};
    }
    launch_facts const facts = facts_of(name, where);
    std::uint64_t const work = q->enqueue<Backend>([=] {
      running_scope const scope{running};
      if (watched_memory->transfer(facts, running.transfer())) move(running.transfer());
    });
    watched_memory->queued_transfer(work, facts, t);
    return {};
  }
  static void note_known(recording::hold const& r) noexcept {
    if (watched_streams != nullptr) watched_streams->program_knows(r->work());
  }
  static void free_memory_of(void* p, launch_facts const& facts) noexcept {
    if (watched_memory == nullptr || !watched_memory->release(p, facts)) std::free(p);
  }
  static std::size_t physical_memory() noexcept { return std::size_t(sysconf(_SC_PHYS_PAGES)) * std::size_t(sysconf(_SC_PAGESIZE)); }

  struct name_text {
    char data[96];
  };
  static name_text processor_name() noexcept {
    name_text result{"CPU"};
    if (std::FILE* const file = std::fopen("/proc/cpuinfo", "r")) {
      char line[256];
      while (std::fgets(line, sizeof line, file) != nullptr) {
        if (std::strncmp(line, "model name", 10) != 0) continue;
        if (char const* const colon = std::strchr(line, ':'); colon != nullptr && colon[1] != 0)
          std::snprintf(result.data, sizeof result.data, "%.*s", int(std::strcspn(colon + 2, "\n")), colon + 2);
        break;
      }
      std::fclose(file);
    }
    return result;
  }

  static inline thread_local int current_ = 0;
};

}  // namespace crosslane::backend
