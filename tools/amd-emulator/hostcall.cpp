// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// printf(), the message of assert(), and the memory of malloc() in kernels: the host's side of the buffer that AMD's device library uses.
/// The engine calls hostcall_service() after each wave that ran. Service 2 prints. Service 3 allocates or frees memory: blocks of 2 MiB,
/// which the device library divides, and allocations of more than 3 KiB.
#include <sys/mman.h>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include "engine.hpp"

namespace emu {
namespace {
struct Header {
  uint64_t next, lanes;
  uint32_t service, control;
};
struct Payload {
  uint64_t slot[64][8];
};
struct Buffer {
  Header* headers;
  Payload* payloads;
  uint64_t doorbell, free_top, ready_top, mask;
};
alignas(64) uint64_t g_signal[8];
Buffer g_buf;
std::map<uint64_t, std::vector<uint64_t>> g_messages;
uint64_t g_next = 1;

// A message: 0 for stdout or 1 for stderr, the format, the arguments. Strings end with NUL and are padded to 8 bytes.
int print(std::vector<uint64_t> const& m) {
  if (m.size() < 2) return 0;
  FILE* f = m[0] ? stderr : stdout;
  size_t at = 1;
  auto str = [&] {
    char const* p = reinterpret_cast<char const*>(m.data() + at);
    size_t room = (m.size() - at) * 8, n = strnlen(p, room);
    at += std::min((n + 8) / 8, m.size() - at);
    return std::string(p, n);
  };
  auto num = [&]() -> uint64_t { return at < m.size() ? m[at++] : 0; };
  std::string fmt = str(), out;
  for (size_t i = 0; i < fmt.size(); i++) {
    if (fmt[i] != '%') {
      out += fmt[i];
      continue;
    }
    if (i + 1 < fmt.size() && fmt[i + 1] == '%') {
      out += '%';
      i++;
      continue;
    }
    std::string spec = "%", shorter;
    char c = 0;
    bool wide = false;
    for (i++; i < fmt.size(); i++) {
      c = fmt[i];
      if (strchr("diouxXcsfFeEgGaAp", c)) break;
      if (c == '*')
        spec += std::to_string(int(num()));
      else if (strchr("lzjt", c))
        wide = true;
      else if (c == 'h')
        shorter += c;
      else if (c != 'L')
        spec += c;
    }
    auto put = [&](auto... value) {  // of any length
      int const n = snprintf(nullptr, 0, spec.c_str(), value...);
      if (n <= 0) return;
      std::string text(size_t(n) + 1, 0);
      snprintf(text.data(), text.size(), spec.c_str(), value...);
      text.pop_back();
      out += text;
    };
    if (c == 's') {
      spec += c;
      std::string const s = str();
      put(s.c_str());
    } else if (c && strchr("fFeEgGaA", c)) {
      spec += c;
      uint64_t u = num();
      double d;
      memcpy(&d, &u, 8);
      put(d);
    } else if (c == 'p') {
      spec += c;
      put(reinterpret_cast<void*>(num()));
    } else if (wide) {
      spec += std::string("l") + c;
      put(long(num()));
    } else if (c && strchr("dioxXuc", c)) {
      spec += shorter + c;
      put(int(num()));
    }
  }
  fwrite(out.data(), 1, out.size(), f);
  fflush(f);
  return int(out.size());
}

// Memory that kernels freed. It is released before the next launch: stores of the kernel may still be under way.
std::vector<void*> g_freed;
void free_later(void* p) {
  bool const twice = std::find(g_freed.begin(), g_freed.end(), p) != g_freed.end();
  Region r;
  if (twice || !find_region(reinterpret_cast<uint64_t>(p), r) || r.lo != reinterpret_cast<uint64_t>(p))
    fprintf(stderr, "[amd-emulator] ERROR: free(%p) in a kernel: not the address of an allocation\n", p);
  else
    g_freed.push_back(p);
}

void serve(Header& h, Payload& p) {
  for (int l = 0; l < 64; l++)
    if (h.lanes >> l & 1) {
      uint64_t* s = p.slot[l];
      if (h.service == 3) {
        if (s[0]) free_later(reinterpret_cast<void*>(s[0]));
        s[0] = s[0] || !s[1] ? 0 : reinterpret_cast<uint64_t>(heap_allocate(s[1]));
        s[1] = 0;
        continue;
      }
      if (h.service != 2) {
        fprintf(stderr, "[amd-emulator] hostcall service %u (1: function call) is not emulated\n", h.service);
        s[0] = s[1] = 0;
        continue;
      }
      uint64_t d = s[0], id = d >> 8, n = d >> 5 & 7;
      if (d & 1) id = g_next++;
      auto& m = g_messages[id];
      m.insert(m.end(), s + 1, s + 1 + n);
      if (d & 2) {
        s[0] = print(m);
        g_messages.erase(id);
      } else
        s[0] = id << 8;
      s[1] = 0;
    }
}
}  // namespace

uint64_t hostcall_buffer() {
  if (!g_buf.headers) {
    uint64_t const n = 16384;  // packets; a resident wave needs one
    size_t const bytes = n * (sizeof(Header) + sizeof(Payload));
    void* const mapped = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapped == MAP_FAILED)
      throw std::runtime_error("no memory of the host for the buffer of printf() in kernels: " + std::to_string(bytes) + " bytes");
    char* const m = static_cast<char*>(mapped);
    g_buf.payloads = reinterpret_cast<Payload*>(m);
    g_buf.headers = reinterpret_cast<Header*>(m + n * sizeof(Payload));
    g_buf.doorbell = reinterpret_cast<uint64_t>(g_signal);
    g_buf.mask = n - 1;
  }
  // All packets are free at the start of a launch; one that failed may have kept some. A tag above the index keeps pointers nonzero.
  for (uint64_t i = 0; i <= g_buf.mask; i++) g_buf.headers[i].next = i ? (i - 1) | (g_buf.mask + 1) : 0;
  g_buf.free_top = g_buf.mask | (g_buf.mask + 1);
  g_buf.ready_top = 0;
  g_messages.clear();
  for (void* p : g_freed)
    if (!heap_free(p)) fprintf(stderr, "[amd-emulator] ERROR: free(%p) in a kernel: not memory of malloc()\n", p);
  g_freed.clear();
  return reinterpret_cast<uint64_t>(&g_buf);
}
void hostcall_ranges(uint64_t r[3][2]) {
  uint64_t const m = reinterpret_cast<uint64_t>(g_buf.payloads), n = (g_buf.mask + 1) * (sizeof(Header) + sizeof(Payload));
  uint64_t const a[3][2] = {
      {reinterpret_cast<uint64_t>(&g_buf), sizeof g_buf}, {m, m ? n : 0}, {reinterpret_cast<uint64_t>(g_signal), sizeof g_signal}};
  for (int i = 0; i < 3; i++) {
    r[i][0] = a[i][0];
    r[i][1] = a[i][0] + a[i][1];
  }
}
void* malloc_state(int device) {
  static std::map<int, void*> states;
  void*& state = states[device];
  if (!state) state = heap_allocate(1 << 20);  // versions of the library use 100 to 140 KB
  return state;
}
void hostcall_service() {
  uint64_t r = g_buf.ready_top;
  g_buf.ready_top = 0;
  while (r) {
    Header& h = g_buf.headers[r & g_buf.mask];
    uint64_t next = h.next;
    serve(h, g_buf.payloads[r & g_buf.mask]);
    h.control &= ~1u;
    r = next;
  }
}
}  // namespace emu
