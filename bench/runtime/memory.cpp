// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The cost of an allocation and its return in stream order: memory_pool, the driver's pool, and the vendor's plain calls.
#include "../bench.hpp"

#include <crosslane/memory.hpp>

#include <string>

namespace bench {
namespace {

constexpr int batch = 200;

/// Adds the host time of one allocation with its return. Each round allocates `live` pieces and then returns them.
template <class Allocate, class Free>
void add_side(xl::stream_ref q, std::string const& name, std::size_t bytes, int live, Allocate allocate, Free free) {
  auto const round = [=] {
    void* p[16];
    for (int i = 0; i < live; ++i) p[i] = allocate(bytes);
    for (int i = 0; i < live; ++i) free(p[i], bytes);
  };
  add({.name = name,
       .iterations = 3,
       .repetitions = 31,
       .seconds =
           [=] {
             stopwatch const time;
             for (int i = 0; i < batch; i += live) round();
             double const seconds = time.seconds();
             q.synchronize();
             return seconds / batch;
           },
       .prepare =
           [=] {
             for (int i = 0; i < 10; ++i) round();
             q.synchronize();
           }});
}

void succeed(int code) {
  if (code != 0) throw std::bad_alloc{};
}

}  // namespace

void register_memory(xl::stream_ref q) {
  auto const pool = std::make_shared<xl::memory_pool>(q.device());
#if CROSSLANE_COMPILER_CUDA()
  // The driver's pool would give its memory back at each synchronisation.
  cudaMemPool_t drivers{};
  std::uint64_t keep = ~std::uint64_t{0};
  succeed(cudaDeviceGetDefaultMemPool(&drivers, q.device().index()));
  succeed(cudaMemPoolSetAttribute(drivers, cudaMemPoolAttrReleaseThreshold, &keep));
#endif
  for (int const live : {1, 8})
    for (std::size_t const bytes : {std::size_t{256}, std::size_t{64} << 10, std::size_t{1} << 20, std::size_t{32} << 20}) {
      std::string const group =
          "allocate and return, " + std::to_string(bytes >> 10) + " KiB, " + std::to_string(live) + (live == 1 ? " piece" : " pieces");
      add_side(
          q, group + "/crosslane", bytes, live, [=](std::size_t n) { return pool->allocate(q, n); },
          [=](void* p, std::size_t n) { pool->deallocate(q, p, n); });
      add_side(
          q, group + "/other/buffer", bytes, live, [=](std::size_t n) -> void* { return new xl::buffer<char>{q, n}; },
          [](void* p, std::size_t) { delete static_cast<xl::buffer<char>*>(p); });
      add_side(
          q, group + "/other/buffer of the pool", bytes, live, [=](std::size_t n) -> void* { return new xl::buffer<char>{q, n, *pool}; },
          [](void* p, std::size_t) { delete static_cast<xl::buffer<char>*>(p); });
#if CROSSLANE_COMPILER_GPU()
      add_side(
          q, group + "/rival/driver's pool", bytes, live,
          [s = q.native()](std::size_t n) {
            void* p = nullptr;
            succeed(CROSSLANE_GPU(MallocAsync)(&p, n, s));
            return p;
          },
          [s = q.native()](void* p, std::size_t) { succeed(CROSSLANE_GPU(FreeAsync)(p, s)); });
      add_side(
          q, group + "/other/plain", bytes, live,
          [](std::size_t n) {
            void* p = nullptr;
            succeed(CROSSLANE_GPU(Malloc)(&p, n));
            return p;
          },
          [](void* p, std::size_t) { succeed(CROSSLANE_GPU(Free)(p)); });
#else
      add_side(
          q, group + "/rival/aligned_alloc", bytes, live, [](std::size_t n) { return std::aligned_alloc(256, n); },
          [](void* p, std::size_t) { std::free(p); });
#endif
    }

  // Pageable memory to the device and back.
  std::size_t const n = std::size_t{64} << 20;
  auto const ring = std::make_shared<xl::staging_ring>(q);
  auto const values = std::make_shared<std::unique_ptr<char[]>>(new char[n]());
  auto const memory = std::make_shared<xl::buffer<char>>(q, n);
  auto const add_copy = [&](std::string const& name, std::function<void(xl::span<char>)> const& copy) {
    add({.name = name,
         .iterations = 1,
         .repetitions = 15,
         .seconds =
             [=] {
               stopwatch const time;
               copy({values->get(), n});
               q.synchronize();
               return time.seconds();
             },
         .prepare = {},
         .bytes = double(n)});
  };
  add_copy("upload of 64 MiB of pageable memory/crosslane", [=](xl::span<char> v) { ring->upload(q, v, *memory); });
  add_copy("upload of 64 MiB of pageable memory/rival", [=](xl::span<char> v) { xl::copy(q, v, *memory); });
  add_copy("download of 64 MiB to pageable memory/crosslane", [=](xl::span<char> v) { ring->download(q, *memory, v); });
  add_copy("download of 64 MiB to pageable memory/rival", [=](xl::span<char> v) { xl::copy(q, *memory, v); });
}

}  // namespace bench
