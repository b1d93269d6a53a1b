// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The runtime contract, implemented with the calls that CUDA and HIP have in common. CROSSLANE_GPU(Name) is cudaName or hipName. A file is
/// compiled for one of them; the template argument keeps the symbols of the two apart when objects are linked.
#pragma once

#include <crosslane/runtime/contract.hpp>

#include <cstdio>
#include <cstring>

namespace crosslane::backend {

/// The runtime of a GPU backend. `Vendor` supplies what differs: attribute names, memory flags.
template <class Backend, class Vendor>
struct gpu_runtime {
  using stream_handle = CROSSLANE_GPU(Stream_t);
  using event_handle = CROSSLANE_GPU(Event_t);
  using native_status = CROSSLANE_GPU(Error_t);
  using vendor = Vendor;

  static status from(native_status s) noexcept { return {int(s)}; }
  static char const* text(status s) noexcept { return CROSSLANE_GPU(GetErrorString)(native_status(s.code)); }
  /// Clears the vendor's last error, which the next query would report again.
  static void clear_last_error() noexcept { (void)CROSSLANE_GPU(GetLastError)(); }

  static errc classify(status s) noexcept {
    if (Vendor::is_kernel_fault(native_status(s.code))) return errc::kernel_fault;
    switch (native_status(s.code)) {
      case CROSSLANE_GPU(ErrorMemoryAllocation): return errc::out_of_memory;
      case CROSSLANE_GPU(ErrorNoDevice):
      case CROSSLANE_GPU(ErrorInsufficientDriver): return errc::no_device;
      case CROSSLANE_GPU(ErrorInvalidDevice): return errc::invalid_device;
      case CROSSLANE_GPU(ErrorHostMemoryAlreadyRegistered):
      case CROSSLANE_GPU(ErrorHostMemoryNotRegistered):
      case CROSSLANE_GPU(ErrorInvalidValue): return errc::invalid_argument;
      case CROSSLANE_GPU(ErrorInvalidResourceHandle): return errc::invalid_handle;
      case CROSSLANE_GPU(ErrorPeerAccessUnsupported):
      case CROSSLANE_GPU(ErrorNotSupported): return errc::not_supported;
      case CROSSLANE_GPU(ErrorInvalidConfiguration):
      case CROSSLANE_GPU(ErrorCooperativeLaunchTooLarge):
      case CROSSLANE_GPU(ErrorLaunchOutOfResources): return errc::limit_exceeded;
      case CROSSLANE_GPU(ErrorLaunchFailure):
      case CROSSLANE_GPU(ErrorPriorLaunchFailure):
      case CROSSLANE_GPU(ErrorIllegalAddress):
      case CROSSLANE_GPU(ErrorAssert): return errc::kernel_fault;
      default: return is_of_capture(s) ? errc::invalid_call : errc::vendor;
    }
  }

  /// Whether a call was refused because of a capture.
  static bool is_of_capture(status s) noexcept {
    return s.code >= int(CROSSLANE_GPU(ErrorStreamCaptureUnsupported)) && s.code <= int(CROSSLANE_GPU(ErrorStreamCaptureWrongThread));
  }

  static status device_count(int* n) noexcept { return from(CROSSLANE_GPU(GetDeviceCount)(n)); }
  static status current_device(int* index) noexcept { return from(CROSSLANE_GPU(GetDevice)(index)); }
  static status select_device(int index) noexcept { return from(CROSSLANE_GPU(SetDevice)(index)); }
  static status device_synchronize() noexcept { return from(CROSSLANE_GPU(DeviceSynchronize)()); }
  static status free_memory(std::size_t* bytes) noexcept {
    std::size_t total = 0;
    return from(CROSSLANE_GPU(MemGetInfo)(bytes, &total));
  }

  static status properties(int device, device_properties& out) noexcept {
    CROSSLANE_GPU_PROPERTIES native;
    if (status const s = from(CROSSLANE_GPU(GetDeviceProperties)(&native, device)); s.code != 0) return s;
    std::snprintf(out.name, sizeof out.name, "%s", native.name);
    out.wave_size = unsigned(native.warpSize);
    out.multiprocessors = unsigned(native.multiProcessorCount);
    out.max_threads_per_block = unsigned(native.maxThreadsPerBlock);
    out.max_threads_per_multiprocessor = unsigned(native.maxThreadsPerMultiProcessor);
    out.max_block = {native.maxThreadsDim[0], native.maxThreadsDim[1], native.maxThreadsDim[2]};
    out.max_grid = {native.maxGridSize[0], native.maxGridSize[1], native.maxGridSize[2]};
    out.shared_per_block = native.sharedMemPerBlock;
    out.memory = native.totalGlobalMem;
    out.l2 = std::size_t(native.l2CacheSize);
    out.managed_memory = native.managedMemory != 0;
    out.concurrent_managed_access = native.concurrentManagedAccess != 0;
    out.cooperative_launch = native.cooperativeLaunch != 0;
    return Vendor::properties(device, native, out);
  }

  static status link(int device, int peer, device_link& out) noexcept {
    int reaches = 0, atomics = 0, rank = 0;
    if (status const s = from(CROSSLANE_GPU(DeviceCanAccessPeer)(&reaches, device, peer)); s.code != 0) return s;
    out.peer_access = reaches != 0;
    // An attribute that the runtime does not know stays unknown.
    if (CROSSLANE_GPU(DeviceGetP2PAttribute)(&atomics, CROSSLANE_GPU(DevP2PAttrNativeAtomicSupported), device, peer) ==
        CROSSLANE_GPU(Success))
      out.native_atomics = atomics != 0;
    if (CROSSLANE_GPU(DeviceGetP2PAttribute)(&rank, CROSSLANE_GPU(DevP2PAttrPerformanceRank), device, peer) == CROSSLANE_GPU(Success))
      out.performance_rank = rank;
    Vendor::link(device, peer, out);
    clear_last_error();
    return {};
  }
  /// After an error nothing has changed. Where device buffers do not come from the driver's pool, an error of the pool is none of the call.
  static status set_peer_access(int peer, bool allowed, bool pools) noexcept {
    native_status const s = set_mapping(peer, allowed);
    bool const changed = s == CROSSLANE_GPU(Success);
    if (s == (allowed ? CROSSLANE_GPU(ErrorPeerAccessAlreadyEnabled) : CROSSLANE_GPU(ErrorPeerAccessNotEnabled)))
      clear_last_error();
    else if (!changed)
      return from(s);
    if (!pools) return {};
    status const answer = set_pool_access(peer, allowed);
    if (answer.code == 0) return {};
    clear_last_error();
    if constexpr (requires { requires Backend::has_default_pool; }) return {};
    if (changed) {
      (void)set_pool_access(peer, !allowed);
      (void)set_mapping(peer, !allowed);
      clear_last_error();
    }
    return answer;
  }

  static status stream_create(stream_handle* out, int priority) noexcept {
    int native = 0;
    if (status const s = native_priority(priority, native); s.code != 0) return s;
    return from(CROSSLANE_GPU(StreamCreateWithPriority)(out, CROSSLANE_GPU(StreamNonBlocking), native));
  }
  static status stream_destroy(stream_handle s) noexcept { return from(CROSSLANE_GPU(StreamDestroy)(s)); }
  static status stream_synchronize(stream_handle s) noexcept { return from(CROSSLANE_GPU(StreamSynchronize)(s)); }
  static status stream_query(stream_handle s, bool* done) noexcept { return ready(CROSSLANE_GPU(StreamQuery)(s), done); }
  static status stream_wait_event(stream_handle s, event_handle e) noexcept { return from(CROSSLANE_GPU(StreamWaitEvent)(s, e, 0)); }
  static status stream_callback(stream_handle s, void (*f)(void*), void (*drop)(void*), void* data) noexcept {
    return from(Vendor::callback(s, f, drop, data));
  }
  static status stream_capture(stream_handle s, unsigned long long* number) noexcept {
    CROSSLANE_GPU(StreamCaptureStatus) state{};
    status const answer = from(CROSSLANE_GPU(StreamGetCaptureInfo)(s, &state, number));
    if (state == CROSSLANE_GPU(StreamCaptureStatusNone)) *number = 0;
    if (state == CROSSLANE_GPU(StreamCaptureStatusInvalidated)) *number = ~0ull;
    return answer;
  }
  /// Returns a key that identifies the stream. The per-thread default stream has the same handle in all threads, so its key is the address
  /// of a thread-local variable.
  static void const* key(stream_handle s) noexcept {
    static thread_local char own;
#if defined(CUDA_API_PER_THREAD_DEFAULT_STREAM) || defined(HIP_API_PER_THREAD_DEFAULT_STREAM)
    if (s == nullptr) return &own;
#endif
    return s == CROSSLANE_GPU(StreamPerThread) ? &own : static_cast<void const*>(s);
  }

  static status event_create(event_handle* out, bool timed) noexcept {
    return from(CROSSLANE_GPU(EventCreateWithFlags)(out, timed ? CROSSLANE_GPU(EventDefault) : CROSSLANE_GPU(EventDisableTiming)));
  }
  static status event_destroy(event_handle e) noexcept { return from(CROSSLANE_GPU(EventDestroy)(e)); }
  static status event_record(event_handle e, stream_handle s) noexcept { return from(CROSSLANE_GPU(EventRecord)(e, s)); }
  static status event_synchronize(event_handle e) noexcept { return from(CROSSLANE_GPU(EventSynchronize)(e)); }
  static status event_query(event_handle e, bool* done) noexcept { return ready(CROSSLANE_GPU(EventQuery)(e), done); }
  static status event_elapsed(float* ms, event_handle a, event_handle b) noexcept {
    return from(CROSSLANE_GPU(EventElapsedTime)(ms, a, b));
  }

  static status allocate(memory_kind kind, void** out, std::size_t bytes, stream_handle s, bool ordered, source_location) noexcept {
    // Atomic operations on small objects access the words that contain them.
    if (bytes % 4 != 0 && bytes < ~std::size_t{3}) bytes += 4 - bytes % 4;
    if (kind == memory_kind::device && ordered) return from(CROSSLANE_GPU(MallocAsync)(out, bytes, s));
    return allocate_chunk(kind, out, bytes, {});
  }
  static status deallocate(memory_kind kind, void* p, stream_handle s, bool ordered) noexcept {
    if (kind == memory_kind::device && ordered) return from(CROSSLANE_GPU(FreeAsync)(p, s));
    (void)CROSSLANE_GPU(StreamSynchronize)(s);
    return free_chunk(kind, p);
  }
  static status allocate_chunk(memory_kind kind, void** out, std::size_t bytes, source_location) noexcept {
    switch (kind) {
      case memory_kind::device: return from(CROSSLANE_GPU(Malloc)(out, bytes));
      case memory_kind::pinned: return from(Vendor::allocate_pinned(out, bytes));
      case memory_kind::managed: return from(CROSSLANE_GPU(MallocManaged)(out, bytes, CROSSLANE_GPU(MemAttachGlobal)));
    }
    return from(CROSSLANE_GPU(ErrorInvalidValue));
  }
  static status free_chunk(memory_kind kind, void* p) noexcept {
    return from(kind == memory_kind::pinned ? Vendor::free_pinned(p) : CROSSLANE_GPU(Free)(p));
  }

  static status copy(void* to, void const* from_, std::size_t bytes, stream_handle s, source_location) noexcept {
    return from(CROSSLANE_GPU(MemcpyAsync)(to, from_, bytes, CROSSLANE_GPU(MemcpyDefault), s));
  }
  /// Copies between two devices, also without peer access. Peer access to memory of a pool is off by default.
  static status copy_between(void* to, int to_device, void const* from_, int from_device, std::size_t bytes, stream_handle s,
                             source_location) noexcept {
    return from(CROSSLANE_GPU(MemcpyPeerAsync)(to, to_device, from_, from_device, bytes, s));
  }
  static status copy_2d(void* to, std::size_t to_pitch, void const* from_, std::size_t from_pitch, std::size_t width, std::size_t height,
                        stream_handle s, source_location) noexcept {
    return from(CROSSLANE_GPU(Memcpy2DAsync)(to, to_pitch, from_, from_pitch, width, height, CROSSLANE_GPU(MemcpyDefault), s));
  }
  static status fill_bytes(void* p, int value, std::size_t bytes, stream_handle s, source_location) noexcept {
    return from(CROSSLANE_GPU(MemsetAsync)(p, value, bytes, s));
  }

  /// For the profiler of the vendor.
  static void push_range(char const* name) noexcept { Vendor::ranges::push(name); }
  static void pop_range() noexcept { Vendor::ranges::pop(); }
  static void mark(char const* name) noexcept { Vendor::ranges::mark(name); }

  /// Lets the calling thread call functions that would break the capture of another stream, while the object lives.
  class capture_pause {
   public:
    capture_pause() noexcept { exchange(); }
    capture_pause(capture_pause const&) = delete;
    capture_pause& operator=(capture_pause const&) = delete;
    ~capture_pause() { exchange(); }

   private:
    void exchange() noexcept { (void)CROSSLANE_GPU(ThreadExchangeStreamCaptureMode)(&mode_); }
    decltype(CROSSLANE_GPU(StreamCaptureModeRelaxed)) mode_ = CROSSLANE_GPU(StreamCaptureModeRelaxed);
  };

  /// The handle of a block that allocate_chunk() returned, for other processes: 64 bytes.
  static status ipc_export(unsigned char* handle, void* block) noexcept {
    CROSSLANE_GPU(IpcMemHandle_t) native;
    static_assert(sizeof native == 64);
    status const answer = from(CROSSLANE_GPU(IpcGetMemHandle)(&native, block));
    if (answer.code == 0) std::memcpy(handle, &native, sizeof native);
    return answer;
  }
  static status ipc_open(void** block, unsigned char const* handle) noexcept {
    CROSSLANE_GPU(IpcMemHandle_t) native;
    std::memcpy(&native, handle, sizeof native);
    return from(CROSSLANE_GPU(IpcOpenMemHandle)(block, native, CROSSLANE_GPU(IpcMemLazyEnablePeerAccess)));
  }
  static status ipc_close(void* block) noexcept { return from(CROSSLANE_GPU(IpcCloseMemHandle)(block)); }

  static status register_host(void* p, std::size_t bytes, void** for_kernels) noexcept {
    status answer = from(Vendor::register_host(p, bytes));
    if (answer.code != 0) return answer;
    answer = from(CROSSLANE_GPU(HostGetDevicePointer)(for_kernels, p, 0));
    if (answer.code != 0) (void)CROSSLANE_GPU(HostUnregister)(p);
    return answer;
  }
  static status unregister_host(void* p, stream_handle s) noexcept {
    (void)CROSSLANE_GPU(StreamSynchronize)(s);
    return from(CROSSLANE_GPU(HostUnregister)(p));
  }

  /// Asks about the first and the last byte.
  static status is_managed(void const* p, std::size_t bytes, bool* managed) noexcept {
    *managed = is_managed(p) && is_managed(static_cast<char const*>(p) + bytes - 1);
    return {};
  }
  static status prefetch(void const* p, std::size_t bytes, memory_location to, int device, stream_handle s) noexcept {
    return from(Vendor::prefetch(p, bytes, Vendor::place(to, device), s));
  }
  static status advise(void const* p, std::size_t bytes, memory_advice advice, bool set, memory_location location, int device) noexcept {
    auto native = CROSSLANE_GPU(MemAdviseSetReadMostly);
    switch (advice) {
      case memory_advice::read_mostly: native = set ? native : CROSSLANE_GPU(MemAdviseUnsetReadMostly); break;
      case memory_advice::preferred_location:
        native = set ? CROSSLANE_GPU(MemAdviseSetPreferredLocation) : CROSSLANE_GPU(MemAdviseUnsetPreferredLocation);
        break;
      case memory_advice::accessed_by:
        native = set ? CROSSLANE_GPU(MemAdviseSetAccessedBy) : CROSSLANE_GPU(MemAdviseUnsetAccessedBy);
        break;
    }
    return from(CROSSLANE_GPU(MemAdvise)(p, bytes, native, Vendor::place(location, device)));
  }

 protected:
  /// Clamps a priority to the range of the current device. A lower number is a higher priority in the vendors' APIs.
  static status native_priority(int priority, int& native) noexcept {
    int least = 0, greatest = 0;
    status const s = from(CROSSLANE_GPU(DeviceGetStreamPriorityRange)(&least, &greatest));
    native = priority > -greatest ? greatest : priority < -least ? least : -priority;
    return s;
  }

 private:
  static native_status set_mapping(int peer, bool allowed) noexcept {
    return allowed ? CROSSLANE_GPU(DeviceEnablePeerAccess)(peer, 0) : CROSSLANE_GPU(DeviceDisablePeerAccess)(peer);
  }
  /// Memory of a pool has its own access, which peer access does not include.
  static status set_pool_access(int peer, bool allowed) noexcept {
    int self = 0;
    if (status const answer = current_device(&self); answer.code != 0) return answer;
    CROSSLANE_GPU(MemAccessDesc) access{};
    access.location.type = CROSSLANE_GPU(MemLocationTypeDevice);
    access.location.id = self;
    access.flags = allowed ? CROSSLANE_GPU(MemAccessFlagsProtReadWrite) : CROSSLANE_GPU(MemAccessFlagsProtNone);
    // The device's own pool, and the one that a program may have set instead.
    CROSSLANE_GPU(MemPool_t) own{}, chosen{};
    if (status const answer = from(CROSSLANE_GPU(DeviceGetDefaultMemPool)(&own, peer)); answer.code != 0) return answer;
    if (status const answer = from(CROSSLANE_GPU(MemPoolSetAccess)(own, &access, 1)); answer.code != 0) return answer;
    if (CROSSLANE_GPU(DeviceGetMemPool)(&chosen, peer) != CROSSLANE_GPU(Success) || chosen == own) return {};
    return from(CROSSLANE_GPU(MemPoolSetAccess)(chosen, &access, 1));
  }

  static bool is_managed(void const* p) noexcept {
    CROSSLANE_GPU_POINTER_ATTRIBUTES facts{};
    if (CROSSLANE_GPU(PointerGetAttributes)(&facts, p) == CROSSLANE_GPU(Success)) return Vendor::is_managed(facts);
    clear_last_error();  // HIP before 6 does not know the address
    return false;
  }
  static status ready(native_status s, bool* done) noexcept {
    *done = s == CROSSLANE_GPU(Success);
    if (s != CROSSLANE_GPU(ErrorNotReady)) return from(s);
    clear_last_error();
    return {};
  }
};

}  // namespace crosslane::backend
