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
#include <crosslane/runtime/peer_access.hpp>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace crosslane::backend {

class running_transfer final : public running_work {
 public:
  running_transfer(char const* name, source_location where, memory_transfer const& t) noexcept : name_{name}, where_{where}, transfer_{t} {}
  memory_transfer const& transfer() const noexcept { return transfer_; }
  char const* name() const noexcept { return name_; }
  source_location where() const noexcept { return where_; }
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

  static constexpr bool traces_its_work = true;  // the thread of a stream knows when it runs what

  enum code {
    success,
    invalid_device,
    out_of_memory,
    not_ready,
    lost_by_fork,
    already_registered,
    not_registered,
    not_captured,
    capture_failed,
    not_joined,
    captured_event,
    other_capture,
    outside_capture,
    no_such_node,
    not_copied,
    destroyed_event
  };

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
                                     "the memory is not registered",
                                     "the call cannot be captured",
                                     "an earlier call that cannot be captured has made the capture invalid",
                                     "a stream that has joined the capture has work that the captured stream does not wait for",
                                     "the event was recorded in a capture, so that it is never reached",
                                     "the stream and the event belong to two captures",
                                     "a captured stream would wait for work that is not captured",
                                     "the graph has no such node",
                                     "a graph with captured allocations cannot be copied",
                                     "a node records or waits for an event that has been destroyed"};
    return texts[s.code];
  }
  static errc classify(status s) noexcept {
    switch (s.code) {
      case invalid_device: return errc::invalid_device;
      case out_of_memory: return errc::out_of_memory;
      case lost_by_fork:
      case not_captured:
      case capture_failed:
      case not_joined:
      case captured_event:
      case other_capture:
      case outside_capture: return errc::invalid_call;
      case not_copied: return errc::not_supported;
      case destroyed_event: return errc::invalid_handle;
      case no_such_node:
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
    out.max_blocks_per_multiprocessor = blocks_per_core(1);
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

  static status link(int, int, device_link& out) noexcept {
    out.peer_access = out.native_atomics = true;
    out.performance_rank = 0;
    out.kind = link_kind::same_memory;
    return {};
  }
  /// All memory can be accessed. The checker knows which accesses would fail on a GPU.
  static status set_peer_access(int, bool, bool) noexcept { return {}; }

  static status stream_create(stream_handle* out, int) {
    fault_handlers::stay_for_streams();
    thread_owner::stay_for_streams();
    *out = new host_queue{current_};
    return {};
  }
  /// Returns why the stream takes no work, or success.
  static status usable(stream_handle q) noexcept {
    if (q->is_lost()) return {lost_by_fork};
    if (capture_hold const c = q->capture(); c && c->is_invalid()) return {capture_failed};
    return {};
  }
  /// The same for a call that cannot be captured, and that makes the capture invalid.
  static status not_in_capture(stream_handle q) noexcept {
    if (q->is_lost()) return {lost_by_fork};
    capture_hold const c = q->capture();
    if (!c) return {};
    bool const again = c->is_invalid();
    c->invalidate();
    return {again ? capture_failed : not_captured};
  }
  static bool is_of_capture(status s) noexcept { return s.code >= not_captured && s.code <= outside_capture; }
  static status stream_capture(stream_handle q, unsigned long long* number) noexcept {
    capture_hold const c = q->capture();
    *number = c ? c->number() : 0;
    return {};
  }
  static status stream_destroy(stream_handle q) noexcept {
    host_queue::destroy(q);
    return {};
  }
  static status stream_synchronize(stream_handle q) noexcept {
    if (status const s = not_in_capture(q); s.code != 0) return s;
    q->synchronize();
    return {};
  }
  static status stream_query(stream_handle q, bool* done) noexcept {
    if (status const s = not_in_capture(q); s.code != 0) return s;
    *done = q->idle();
    return {};
  }
  /// The same, for code of the library: the access checker does not count it as knowledge of the program. Under the checker the answer is
  /// what the program knows, so that it does not depend on time.
  static status stream_query_unseen(stream_handle q, bool* done) noexcept {
    if (q->is_lost()) return {lost_by_fork};
    *done = q->idle_unseen();
    return {};
  }
  static status event_query_unseen(event_handle e, bool* done) noexcept {
    recording::hold const r = e->latest();
    if (r && r->is_lost()) return {lost_by_fork};
    double milliseconds = 0;
    *done = !r || (r->time(&milliseconds) && (watched_streams == nullptr || watched_streams->program_has_seen(r->work())));
    return {};
  }
  static status stream_wait_event(stream_handle q, event_handle e) {
    if (status const s = usable(q); s.code != 0) return s;
    auto const [capture, mark] = e->captured();
    if (capture_hold const mine = q->capture(); capture || mine) {
      if (!capture && !e->latest()) return {};
      code const refusal = !capture                  ? outside_capture
                           : capture->has_ended()    ? captured_event
                           : mine && mine != capture ? other_capture
                                                     : success;
      if (refusal != success) {
        if (mine) mine->invalidate();
        return {refusal};
      }
      capture->wait(*q, mark);
      return {};
    }
    if (recording::hold const r = e->latest()) {
      if (r->is_lost()) return {lost_by_fork};
      std::uint64_t const waiting = q->enqueue<Backend>([r] { r->wait(); }, runs::always);
      if (watched_streams != nullptr) watched_streams->waits(waiting, r->work());
    }
    return {};
  }
  static status stream_callback(stream_handle q, void (*f)(void*), void (*drop)(void*), void* data) {
    if (status const s = usable(q); s.code != 0) return s;
    if (capture_hold const c = q->capture()) {
      c->callback(*q, f, data);
      return {};
    }
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
    e->destroy();
    return {};
  }
  static status event_record(event_handle e, stream_handle q) {
    if (status const s = usable(q); s.code != 0) return s;
    if (capture_hold const c = q->capture()) {
      e->set_captured(c, c->mark(*q));
      return {};
    }
    recording::hold const r{new recording};
    r->set_work(q->enqueue<Backend>([r] { r->complete(); }, runs::always));
    e->set_latest(r);
    return {};
  }
  static status event_synchronize(event_handle e) noexcept {
    if (status const s = reachable(e); s.code != 0) return s;
    if (recording::hold const r = e->latest()) {
      if (r->is_lost()) return {lost_by_fork};
      waiting_host const waits;
      r->wait();
      note_known(r);
    }
    return {};
  }
  static status event_query(event_handle e, bool* done) noexcept {
    if (status const s = reachable(e); s.code != 0) return s;
    recording::hold const r = e->latest();
    if (r && r->is_lost()) return {lost_by_fork};
    double milliseconds = 0;
    *done = !r || r->time(&milliseconds);
    if (r && *done) note_known(r);
    return {};
  }
  static status event_elapsed(float* milliseconds, event_handle a, event_handle b) noexcept {
    for (event_handle const e : {a, b})
      if (status const s = reachable(e); s.code != 0) return s;
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
    if (status const s = usable(q); s.code != 0) return s;
    capture_hold const capture = kind == memory_kind::device ? q->capture() : capture_hold{};
    (void)memory_ranges::of_graphs();  // made now: deallocate() must not allocate
    bool const in_order = kind == memory_kind::device && !capture && watched_memory != nullptr;
    status const answer = allocate(capture ? memory_ranges::of_graphs() : ranges_of(kind), kind, out, bytes, {q->key(), q->device()},
                                   in_order ? q->acts() : 0, where);
    if (capture && answer.code == success)  // the graph frees it
      capture->own(*out, [](void* p) noexcept {
        memory_ranges::of_graphs().remove(p);
        free_memory_of(p, {});
      });
    return answer;
  }
  static status allocate_chunk(memory_kind kind, void** out, std::size_t bytes, source_location where) noexcept {
    status const answer = allocate(ranges_of(kind), kind, out, bytes, {nullptr, current_}, 0, where);
    if (answer.code == success) only_pieces(*out);
    return answer;
  }
  /// From now on kernels may access only what a memory resource gives of this memory.
  static void only_pieces(void const* p) noexcept {
    if (watched_memory != nullptr) watched_memory->only_pieces(p);
  }
  static std::size_t gap_between_pieces() noexcept { return watched_memory != nullptr ? 256 : 0; }
  static status free_chunk(memory_kind kind, void* p) noexcept {
    ranges_of(kind).remove(p);
    free_memory_of(p, facts_of("free"));
    return {};
  }
  /// A memory resource gives memory to a stream. The access checker is told; other builds do nothing.
  static void resource_gives(memory_kind kind, void* p, std::size_t bytes, stream_handle q, source_location where) {
    if (watched_memory == nullptr || q->is_lost()) return;
    launch_facts const facts = facts_of("allocation", where);
    bool const in_order = kind == memory_kind::device && !q->capture();
    std::uint64_t const work = in_order ? q->acts() : 0;
    // The memory loses its values when the stream is there. Memory that the host can access is ready at once, and so is that of a graph.
    if (watched_memory->give(p, bytes, {q->key(), q->device()}, work, facts) && in_order)
      q->enqueue<Backend>([=] { watched_memory->renew(p, bytes, work, facts); }, runs::always);
  }
  /// A stream returns memory to a memory resource. A captured stream does not: its graph may use the memory later.
  static void resource_takes(memory_kind, void* p, std::size_t bytes, stream_handle q) noexcept {
    if (watched_memory == nullptr || q->is_lost() || q->capture() || !watched_memory->is_given(p, bytes)) return;
    try {
      launch_facts const facts = facts_of("return");
      std::uint64_t const work = q->enqueue<Backend>([=] { watched_memory->returned(p, bytes, facts); }, runs::always);
      watched_memory->take(p, bytes, work);
    } catch (...) {  // no memory, or no thread for a queue that has not run yet: the memory counts as given
    }
  }
  /// Notes the size of a new buffer's elements, for findings.
  static void describe_buffer(void const* p, std::size_t element_bytes) noexcept {
    if (watched_memory != nullptr) watched_memory->describe(p, element_bytes);
  }
  /// Frees memory of any kind in stream order: a host callback may own a buffer, and waiting for the stream there would deadlock.
  static status deallocate(memory_kind kind, void* p, stream_handle q, bool) noexcept {
    if (kind == memory_kind::device && memory_ranges::of_graphs().contain(p, 1)) return {};
    if (!ranges_of(kind).remove(p)) return {};                   // a graph had allocated it, and has freed it
    if (status const s = not_in_capture(q); is_of_capture(s)) {  // no graph comes of it, only earlier work can use the memory
      q->synchronize();
      free_memory_of(p, {});
      return s;
    }
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
    return transfer(q, "copy", where, {to, bytes, from, bytes, bytes, 1}, move_bytes{});
  }
  static status copy_between(void* to, int, void const* from, int, std::size_t bytes, stream_handle q, source_location where) {
    return copy(to, from, bytes, q, where);
  }
  static status copy_2d(void* to, std::size_t to_pitch, void const* from, std::size_t from_pitch, std::size_t width, std::size_t height,
                        stream_handle q, source_location where) {
    return transfer(q, "copy_2d", where, {to, to_pitch, from, from_pitch, width, height}, move_rows{});
  }
  static status fill_bytes(void* p, int value, std::size_t bytes, stream_handle q, source_location where) {
    return transfer(q, "fill", where, {p, bytes, nullptr, 0, bytes, 1}, set_elements{unsigned(value), 1});
  }

  struct move_bytes {
    void operator()(memory_transfer const& t) const {
      auto const piece = [&t](std::uint64_t begin, std::uint64_t end) {
        std::memcpy(static_cast<char*>(t.to) + begin, static_cast<char const*>(t.from) + begin, end - begin);
      };
      parallel_pieces(t.width, balanced_piece(t.width, std::uint64_t{1} << 20), piece);
    }
  };
  struct move_rows {
    void operator()(memory_transfer const& t) const {
      for (std::size_t row = 0; row < t.height; ++row)
        std::memcpy(static_cast<char*>(t.to) + row * t.to_pitch, static_cast<char const*>(t.from) + row * t.from_pitch, t.width);
    }
  };
  struct set_elements {
    unsigned value, size;  ///< 1, 2 or 4 bytes
    void operator()(memory_transfer const& t) const {
      if (size == 1) {
        std::memset(t.to, int(value), t.width);
        return;
      }
      for (std::size_t i = 0; i < t.width; i += size) std::memcpy(static_cast<char*>(t.to) + i, &value, size);  // little-endian
    }
  };
  /// Returns the work of a copy or a fill.
  template <class Move>
  static queue_item* transfer_item(char const* name, source_location where, memory_transfer const& t, Move const& move) {
    return host_queue::make_item<Backend>(transfer_work<Move>{{name, where, t}, facts_of(name, where), move});
  }

  /// Returns the work of a host function that a graph calls, each time with the same data.
  static queue_item* host_function_item(void (*f)(void*), void* data, source_location where) {
    struct call {
      void (*f)(void*);
      void* data;
      launch_facts facts;
      source_location where;
      void operator()() const {
        if (watched_memory != nullptr) watched_memory->callback(facts, true);
        {
          running_plain_work const running{"host function of a graph", where};
          running_scope const scope{running};
          f(data);
        }
        if (watched_memory != nullptr) watched_memory->callback(facts, false);
      }
      void take_check_scope() {
        if (watched_memory != nullptr) facts.read_check_scope(true);
      }
      void note_queued(std::uint64_t work) const noexcept {
        if (watched_streams != nullptr) watched_streams->callback_queued(work);
      }
      work_facts facts_of_node() const noexcept { return {"host function", {0, 0, 0}, {0, 0, 0}, where}; }
    };
    return host_queue::make_item<Backend>(call{f, data, facts_of("host callback"), where});
  }

  static status register_host(void* p, std::size_t bytes, void** for_kernels) noexcept {
    *for_kernels = p;
    bool overlaps = memory_ranges::device().overlap(p, bytes) || memory_ranges::managed().overlap(p, bytes);
    if (overlaps) return {already_registered};
    if (memory_ranges::page_locked().add_apart(p, bytes, overlaps)) return {};
    return {overlaps ? already_registered : out_of_memory};
  }
  static status unregister_host(void* p, stream_handle q) noexcept {
    (void)not_in_capture(q);
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
  static status allocate(memory_ranges& ranges, memory_kind kind, void** out, std::size_t bytes, detail::stream_key home,
                         std::uint64_t work, source_location where) noexcept {
    // Linux overcommits memory and kills the process at the first access. A device refuses at once.
    if (bytes > physical_memory()) return {out_of_memory};
    if (watched_memory != nullptr)
      *out = watched_memory->allocate(bytes, kind != memory_kind::device, home, work, facts_of("allocation", where));
    else if (posix_memalign(out, 256, bytes) != 0)
      *out = nullptr;
    if (*out == nullptr) return {out_of_memory};
    if (!ranges.add(*out, bytes)) {
      free_memory_of(*out, {});
      return {out_of_memory};
    }
    return {};
  }
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
    facts.peer_access = detail::peers<Backend>().allows(current_, 1 - current_);
    return facts;
  }
  /// A copy or a fill.
  template <class Move>
  struct transfer_work {
    running_transfer running;
    launch_facts facts;  ///< if memory is watched
    Move move;
    void operator()() const {
      running_scope const scope{running};
      if (watched_memory == nullptr || watched_memory->transfer(facts, running.transfer())) move(running.transfer());
    }
    void take_check_scope() {
      if (watched_memory != nullptr) facts.read_check_scope(true);
    }
    void note_queued(std::uint64_t work) const noexcept {
      if (watched_memory != nullptr) watched_memory->queued_transfer(work, facts, running.transfer());
    }
    work_facts facts_of_node() const noexcept { return {running.name(), {0, 0, 0}, {0, 0, 0}, running.where()}; }
  };
  template <class Move>
  static status transfer(stream_handle q, char const* name, source_location where, memory_transfer const& t, Move const& move) {
    if (status const s = usable(q); s.code != 0) return s;
    transfer_work<Move> const made{{name, where, t}, facts_of(name, where), move};
    if (std::uint64_t const work = q->enqueue<Backend>(made); work != 0) made.note_queued(work);
    return {};
  }
  /// Returns an error if the event was recorded in a capture.
  static status reachable(event_handle e) noexcept {
    if (!e->is_captured()) return {};
    if (capture_hold const c = e->captured().capture; !c->has_ended()) c->invalidate();
    return {captured_event};
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
