// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The code of docs/guide/memory.md, with tests of it.
#include <crosslane/algorithm.hpp>
#include <crosslane/memory.hpp>

#include <support/target.hpp>

#include <numeric>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

// [pool]
/// Smooths a signal in place `steps` times. Each step takes a buffer from the pool and returns it.
void smooth(xl::stream const& q, xl::memory_pool& pool, xl::buffer<float>& signal, int steps) {
  for (int i = 0; i < steps; ++i) {
    xl::buffer<float> sums{q, signal.size(), pool};
    xl::inclusive_scan(q, signal, sums, xl::plus{}, {.workspace = pool});
    xl::copy(q, sums, signal);
  }  // returned in stream order: the next step gets the same memory
}
// [pool]

CROSSLANE_TEST(guide_memory, pool) {
  xl::stream const q{d};
  // [statistics]
  xl::memory_pool pool{d, {.limit = std::size_t{1} << 30}};
  xl::buffer<float> signal{q, 1000, pool};
  xl::fill(q, signal, 1.0f);
  // [statistics]
  smooth(q, pool, signal, 2);
  std::vector<float> const got = read(q, signal);
  CROSSLANE_CHECK(got[0] == 1 && got[999] == 500500);
  // [trim]
  xl::memory_pool_statistics const s = pool.statistics();
  std::printf("%zu bytes in use, at most %zu; %zu from the device in %llu allocations\n", s.in_use, s.high_water, s.reserved,
              static_cast<unsigned long long>(s.real_allocations));
  pool.trim();  // all unused memory back to the device
  // [trim]
  CROSSLANE_CHECK(s.in_use >= 4000 && s.reserved >= s.in_use && pool.statistics().in_use == s.in_use);
}

CROSSLANE_TEST(guide_memory, arena) {
  xl::stream const q{d};
  xl::buffer<unsigned> keys{q, 1000};
  xl::fill(q, keys, 7u);
  std::size_t const n = keys.size();
  // [arena]
  std::size_t const bytes = xl::workspace_size([&](auto const& o) { xl::radix_sort(q, keys, keys, o); });
  xl::arena scratch{q, n * sizeof(unsigned) + 512 + bytes};
  for (int step = 0; step < 10; ++step) {
    xl::span<unsigned> const sorted = scratch.take<unsigned>(n);
    xl::radix_sort(q, keys, sorted, {.workspace = scratch});
    xl::for_each(q, sorted, [] CROSSLANE_LAMBDA(unsigned& key) { ++key; });
    xl::copy(q, sorted, keys);
    scratch.reset();  // the next step uses the same memory, behind this one
  }
  // [arena]
  CROSSLANE_CHECK_SAME(read(q, keys), std::vector<unsigned>(1000, 17));
}

CROSSLANE_TEST(guide_memory, staging) {
  xl::stream const q{d};
  std::vector<float> file(5000), result(5000);
  std::iota(file.begin(), file.end(), 0.0f);
  xl::buffer<float> data{q, file.size()};
  std::size_t percent = 0;
  // [staging]
  xl::staging_ring ring{q, {.slot_bytes = 4096, .slots = 3}};
  ring.upload(q, file, data, [&](std::size_t done, std::size_t all) { percent = 100 * done / all; });
  xl::for_each(q, data, [] CROSSLANE_LAMBDA(float& x) { x *= 2; });
  ring.download(q, data, result);  // returns when all is there
  // [staging]
  CROSSLANE_CHECK_EQ(percent, 100);
  CROSSLANE_CHECK_EQ(result[4999], 2 * 4999.0f);
}

// [resource]
/// Counts what another resource gives. In place of it there could be RMM, Umpire or a framework's allocator.
class counted_memory final : public xl::memory_resource {
 public:
  explicit counted_memory(xl::memory_resource& from) : xl::memory_resource{from.device()}, from_{from} {}
  std::size_t bytes = 0;

 private:
  void* do_allocate(xl::stream_ref q, std::size_t n, xl::source_location where) override {
    void* const p = from_.allocate(q, n, where);
    bytes += n;
    return p;
  }
  void do_deallocate(xl::stream_ref q, void* p, std::size_t n) override {
    from_.deallocate(q, p, n);
    bytes -= n;
  }
  xl::memory_resource& from_;
};
// [resource]

CROSSLANE_TEST(guide_memory, resource) {
  xl::stream const q{d};
  xl::memory_pool pool{d};
  counted_memory memory{pool};
  {
    xl::buffer<float> const b{q, 100, memory};
    CROSSLANE_CHECK_EQ(memory.bytes, 400);
  }
  CROSSLANE_CHECK_EQ(memory.bytes, 0);
}

}  // namespace
