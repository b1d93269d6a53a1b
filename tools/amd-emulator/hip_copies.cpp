// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Copies and fills. Runs the commands of streams and graphs.
#include "hip_memory.hpp"

namespace shim {
// Whether n bytes at p, SIZE_MAX: more than there can be, lie in their allocation, or in memory that HIP does not know.
static bool fits(void const* p, size_t n) {
  Lock l;
  uintptr_t b;
  Block* k = block_of(p, &b);
  return k ? n <= b + k->size - uintptr_t(p) : n <= UINTPTR_MAX - uintptr_t(p);
}
// Bytes from the first to the last one of z slices of h rows of w bytes; SIZE_MAX if there are more.
static size_t span_of(size_t slice, size_t z, size_t pitch, size_t h, size_t w) {
  return sum(sum(product(slice, z - 1), product(pitch, h - 1)), w);
}
hipError_t check_copy(Copy const& c) {
  if (!c.w || !c.h || !c.z) return hipSuccess;
  if (!c.d || !c.s) return hipErrorInvalidValue;
  if ((c.h > 1 || c.z > 1) && (c.w > c.dp || c.w > c.sp)) return hipErrorInvalidPitchValue;
  if (!fits(c.d, span_of(c.ds, c.z, c.dp, c.h, c.w)) || !fits(c.s, span_of(c.ss, c.z, c.sp, c.h, c.w))) return hipErrorInvalidValue;
  for (void const* p : {static_cast<void const*>(c.d), static_cast<void const*>(c.s)})
    if (is_freed(p)) {
      say("ERROR: copy to or from freed memory at " + hex(p));
      return hipErrorInvalidValue;
    }
  return hipSuccess;
}
hipError_t check_fill(Fill const& f) {
  if (!f.w || !f.h || !f.z) return hipSuccess;
  if (!f.d || !(f.size == 1 || f.size == 2 || f.size == 4)) return hipErrorInvalidValue;
  size_t const row = product(f.w, size_t(f.size));
  if (f.h > 1 && row > f.pitch) return hipErrorInvalidValue;
  if (!fits(f.d, span_of(f.slice, f.z, f.pitch, f.h, row))) return hipErrorInvalidValue;
  if (is_freed(f.d)) {
    say("ERROR: memset of freed memory at " + hex(f.d));
    return hipErrorInvalidValue;
  }
  return hipSuccess;
}
static void do_copy(Copy const& c) {
  for (size_t z = 0; z < c.z; z++)
    for (size_t y = 0; y < c.h; y++) {
      char* d = c.d + z * c.ds + y * c.dp;
      char const* s = c.s + z * c.ss + y * c.sp;
      memmove(d, s, c.w);
      shadow_copy(d, s, c.w);
    }
}
static void do_fill(Fill const& f) {
  for (size_t z = 0; z < f.z; z++)
    for (size_t y = 0; y < f.h; y++) {
      char* d = f.d + z * f.slice + y * f.pitch;
      if (f.size == 1)
        memset(d, int(f.v & 255), f.w);
      else
        for (size_t i = 0; i < f.w; i++) memcpy(d + i * f.size, &f.v, f.size);
      shadow_set(d, f.w * f.size);
    }
}
static bool usable(void const* p, char const* what) {
  Lock l;
  Block* b = block_of(p);
  if (!b || b->graph != GraphMemory::free) return true;
  say(std::string("ERROR: ") + what + " of memory of a graph at " + hex(p) + ", which no node has allocated yet or which was freed");
  return false;
}
hipError_t Cmd::run() const {
  switch (type) {
    case Node::kernel: return run_kernel(kernel);
    case Node::copy: {
      hipError_t e = check_copy(cp);
      if (e == hipSuccess && !(usable(cp.d, "copy") && usable(cp.s, "copy"))) e = hipErrorInvalidValue;
      if (e == hipSuccess && cp.w && cp.h && cp.z) do_copy(cp);
      return e;
    }
    case Node::fill: {
      hipError_t e = check_fill(fl);
      if (e == hipSuccess && !usable(fl.d, "memset")) e = hipErrorInvalidValue;
      if (e == hipSuccess && fl.w && fl.h && fl.z) do_fill(fl);
      return e;
    }
    case Node::host:
      if (host) host();
      return hipSuccess;
    case Node::alloc: return start_graph_memory(memory, again);
    case Node::free: return release(memory, "hipFreeAsync");
    case Node::graph: return child ? child->run() : hipSuccess;
    case Node::record: event_reached(mark); return hipSuccess;
    case Node::wait: event_wait(mark); return hipSuccess;
    default: return hipSuccess;
  }
}

static Copy linear(void* d, void const* s, size_t n) { return {static_cast<char*>(d), static_cast<char const*>(s), n, 1, 1, n, n, n, n}; }
static Fill fill1(void* d, size_t n, unsigned v, int size) { return {static_cast<char*>(d), v, size, n, 1, 1, 0, 0}; }
// Calls that wait for their work are not allowed while a capture is going on.
static hipError_t not_in_capture(hipStream_t s, char const* call) {
  if (uintptr_t(s) >= 2) return forbidden(s, call);
  return unsafe(call) ? hipErrorStreamCaptureImplicit : hipSuccess;
}
// A copy with pageable host memory ends before the call returns, as in HIP.
static hipError_t send_copy(Copy const& c, hipStream_t s, bool sync, char const* call = __builtin_FUNCTION()) {
  hipError_t e = check_copy(c);
  if (e != hipSuccess) return e;
  if (sync)
    if (hipError_t u = not_in_capture(s, call)) return u;
  Cmd k;
  k.type = Node::copy;
  k.cp = c;
  e = submit(s, std::move(k), sync || !pinned(c.d) || !pinned(c.s), call);
  if (!sync) return e;
  hipError_t a = take_async();
  return e != hipSuccess ? e : a;
}
static hipError_t send_fill(Fill const& f, hipStream_t s, bool sync, char const* call = __builtin_FUNCTION()) {
  hipError_t e = check_fill(f);
  if (e != hipSuccess) return e;
  if (sync)
    if (hipError_t u = not_in_capture(s, call)) return u;
  Cmd k;
  k.type = Node::fill;
  k.fl = f;
  return submit(s, std::move(k), sync, call);
}
// Converts hipMemcpy3DParms without arrays.
hipError_t from3d_parms(hipMemcpy3DParms const* p, Copy& c) {
  if (!p) return hipErrorInvalidValue;
  if (p->srcArray || p->dstArray) {
    say("hipMemcpy3D with arrays is not emulated");
    return hipErrorNotSupported;
  }
  auto& s = p->srcPtr;
  auto& d = p->dstPtr;
  auto& e = p->extent;
  if (!s.ptr || !d.ptr) return hipErrorInvalidValue;
  size_t const d_slice = product(d.pitch, d.ysize ? d.ysize : e.height), s_slice = product(s.pitch, s.ysize ? s.ysize : e.height);
  auto const offset = [](hipPos const& at, size_t pitch, size_t slice) {
    return sum(sum(at.x, product(at.y, pitch)), product(at.z, slice));
  };
  size_t const to = offset(p->dstPos, d.pitch, d_slice), from = offset(p->srcPos, s.pitch, s_slice);
  if (!fits(d.ptr, to) || !fits(s.ptr, from)) return hipErrorInvalidValue;
  c = {static_cast<char*>(d.ptr) + to,
       static_cast<char const*>(s.ptr) + from,
       e.width,
       e.height,
       e.depth,
       d.pitch,
       s.pitch,
       d_slice,
       s_slice};
  return hipSuccess;
}
bool kind_ok(hipMemcpyKind k) { return unsigned(k) <= 4 || unsigned(k) == 1024; }
}  // namespace shim
using namespace shim;

// ------------------------------------------------------------------------------------------------ copies
API hipError_t hipMemcpy(void* d, void const* s, size_t n, hipMemcpyKind k) {
  if (!kind_ok(k)) return ret(hipErrorInvalidMemcpyDirection);
  return ret(send_copy(linear(d, s, n), nullptr, true));
}
API hipError_t hipMemcpy_spt(void* d, void const* s, size_t n, hipMemcpyKind k) { return hipMemcpy(d, s, n, k); }
API hipError_t hipMemcpyAsync(void* d, void const* s, size_t n, hipMemcpyKind k, hipStream_t st) {
  STREAM(st);
  if (!kind_ok(k)) return ret(hipErrorInvalidMemcpyDirection);
  return ret(send_copy(linear(d, s, n), st, false));
}
API hipError_t hipMemcpyAsync_spt(void* d, void const* s, size_t n, hipMemcpyKind k, hipStream_t st) {
  return hipMemcpyAsync(d, s, n, k, st);
}
API hipError_t hipMemcpyWithStream(void* d, void const* s, size_t n, hipMemcpyKind k, hipStream_t st) {
  STREAM(st);
  if (!kind_ok(k)) return ret(hipErrorInvalidMemcpyDirection);
  return ret(send_copy(linear(d, s, n), st, true));
}
API hipError_t hipMemcpyHtoD(hipDeviceptr_t d, void* s, size_t n) { return ret(send_copy(linear(d, s, n), nullptr, true)); }
API hipError_t hipMemcpyDtoH(void* d, hipDeviceptr_t s, size_t n) { return ret(send_copy(linear(d, s, n), nullptr, true)); }
API hipError_t hipMemcpyDtoD(hipDeviceptr_t d, hipDeviceptr_t s, size_t n) { return ret(send_copy(linear(d, s, n), nullptr, true)); }
API hipError_t hipMemcpyHtoDAsync(hipDeviceptr_t d, void* s, size_t n, hipStream_t st) {
  STREAM(st);
  return ret(send_copy(linear(d, s, n), st, false));
}
API hipError_t hipMemcpyDtoHAsync(void* d, hipDeviceptr_t s, size_t n, hipStream_t st) {
  STREAM(st);
  return ret(send_copy(linear(d, s, n), st, false));
}
API hipError_t hipMemcpyDtoDAsync(hipDeviceptr_t d, hipDeviceptr_t s, size_t n, hipStream_t st) {
  STREAM(st);
  return ret(send_copy(linear(d, s, n), st, false));
}
API hipError_t hipMemcpyPeer(void* d, int to, void const* s, int from, size_t n) {
  return ret(is_device(to) && is_device(from) ? send_copy(linear(d, s, n), nullptr, true) : hipErrorInvalidDevice);
}
API hipError_t hipMemcpyPeerAsync(void* d, int to, void const* s, int from, size_t n, hipStream_t st) {
  STREAM(st);
  if (!is_device(to) || !is_device(from)) return ret(hipErrorInvalidDevice);
  return ret(send_copy(linear(d, s, n), st, false));
}
static Copy rows(void* d, size_t dp, void const* s, size_t sp, size_t w, size_t h) {
  return {static_cast<char*>(d), static_cast<char const*>(s), w, h, 1, dp, sp, dp * h, sp * h};
}
static hipError_t copy2d(void* d, size_t dp, void const* s, size_t sp, size_t w, size_t h, hipMemcpyKind k, hipStream_t st, bool sync,
                         char const* call = __builtin_FUNCTION()) {
  STREAM(st);
  if (!kind_ok(k)) return ret(hipErrorInvalidMemcpyDirection);
  if (w && h && (w > dp || w > sp)) return ret(hipErrorInvalidPitchValue);
  return ret(send_copy(rows(d, dp, s, sp, w, h), st, sync, call));
}
API hipError_t hipMemcpy2D(void* d, size_t dp, void const* s, size_t sp, size_t w, size_t h, hipMemcpyKind k) {
  return copy2d(d, dp, s, sp, w, h, k, nullptr, true);
}
API hipError_t hipMemcpy2DAsync(void* d, size_t dp, void const* s, size_t sp, size_t w, size_t h, hipMemcpyKind k, hipStream_t st) {
  return copy2d(d, dp, s, sp, w, h, k, st, false);
}
API hipError_t hipMemcpy3D(hipMemcpy3DParms const* p) {
  Copy c;
  hipError_t e = from3d_parms(p, c);
  return ret(e ? e : send_copy(c, nullptr, true));
}
API hipError_t hipMemcpy3DAsync(hipMemcpy3DParms const* p, hipStream_t s) {
  STREAM(s);
  Copy c;
  hipError_t e = from3d_parms(p, c);
  return ret(e ? e : send_copy(c, s, false));
}
API hipError_t hipMemset(void* d, int v, size_t n) { return ret(send_fill(fill1(d, n, v & 255, 1), nullptr, true)); }
API hipError_t hipMemsetAsync(void* d, int v, size_t n, hipStream_t s) {
  STREAM(s);
  return ret(send_fill(fill1(d, n, v & 255, 1), s, false));
}
static Fill area(void* d, size_t p, int v, size_t w, size_t h) { return {static_cast<char*>(d), unsigned(v & 255), 1, w, h, 1, p, p * h}; }
API hipError_t hipMemset2D(void* d, size_t p, int v, size_t w, size_t h) { return ret(send_fill(area(d, p, v, w, h), nullptr, true)); }
API hipError_t hipMemset2DAsync(void* d, size_t p, int v, size_t w, size_t h, hipStream_t s) {
  STREAM(s);
  return ret(send_fill(area(d, p, v, w, h), s, false));
}
static Fill volume(hipPitchedPtr const& p, int v, hipExtent const& e) {
  return {
      static_cast<char*>(p.ptr), unsigned(v & 255), 1, e.width, e.height, e.depth, p.pitch, product(p.pitch, p.ysize ? p.ysize : e.height)};
}
API hipError_t hipMemset3D(hipPitchedPtr p, int v, hipExtent e) { return ret(send_fill(volume(p, v, e), nullptr, true)); }
API hipError_t hipMemset3DAsync(hipPitchedPtr p, int v, hipExtent e, hipStream_t s) {
  STREAM(s);
  return ret(send_fill(volume(p, v, e), s, false));
}
API hipError_t hipMemsetD8(hipDeviceptr_t d, unsigned char v, size_t n) { return ret(send_fill(fill1(d, n, v, 1), nullptr, true)); }
API hipError_t hipMemsetD16(hipDeviceptr_t d, unsigned short v, size_t n) { return ret(send_fill(fill1(d, n, v, 2), nullptr, true)); }
API hipError_t hipMemsetD32(hipDeviceptr_t d, int v, size_t n) { return ret(send_fill(fill1(d, n, v, 4), nullptr, true)); }
API hipError_t hipMemsetD8Async(hipDeviceptr_t d, unsigned char v, size_t n, hipStream_t s) {
  STREAM(s);
  return ret(send_fill(fill1(d, n, v, 1), s, false));
}
API hipError_t hipMemsetD16Async(hipDeviceptr_t d, unsigned short v, size_t n, hipStream_t s) {
  STREAM(s);
  return ret(send_fill(fill1(d, n, v, 2), s, false));
}
API hipError_t hipMemsetD32Async(hipDeviceptr_t d, int v, size_t n, hipStream_t s) {
  STREAM(s);
  return ret(send_fill(fill1(d, n, v, 4), s, false));
}
static hipError_t sym_copy(void const* sym, void const* src, void* dst, size_t n, size_t off, hipStream_t st, bool sync,
                           char const* call = __builtin_FUNCTION()) {
  char* at;
  hipError_t e = sym_copy_range(sym, off, n, &at);
  if (e != hipSuccess) return e;
  return src ? send_copy(linear(at, src, n), st, sync, call) : send_copy(linear(dst, at, n), st, sync, call);
}
API hipError_t hipMemcpyToSymbol(void const* sym, void const* s, size_t n, size_t off, hipMemcpyKind k) {
  if (!kind_ok(k)) return ret(hipErrorInvalidMemcpyDirection);
  return ret(s ? sym_copy(sym, s, nullptr, n, off, nullptr, true) : hipErrorInvalidValue);
}
API hipError_t hipMemcpyToSymbolAsync(void const* sym, void const* s, size_t n, size_t off, hipMemcpyKind k, hipStream_t st) {
  if (!kind_ok(k)) return ret(hipErrorInvalidMemcpyDirection);
  STREAM(st);
  return ret(s ? sym_copy(sym, s, nullptr, n, off, st, false) : hipErrorInvalidValue);
}
API hipError_t hipMemcpyFromSymbol(void* d, void const* sym, size_t n, size_t off, hipMemcpyKind k) {
  if (!kind_ok(k)) return ret(hipErrorInvalidMemcpyDirection);
  return ret(d ? sym_copy(sym, nullptr, d, n, off, nullptr, true) : hipErrorInvalidValue);
}
API hipError_t hipMemcpyFromSymbolAsync(void* d, void const* sym, size_t n, size_t off, hipMemcpyKind k, hipStream_t st) {
  if (!kind_ok(k)) return ret(hipErrorInvalidMemcpyDirection);
  STREAM(st);
  return ret(d ? sym_copy(sym, nullptr, d, n, off, st, false) : hipErrorInvalidValue);
}
