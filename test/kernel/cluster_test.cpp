// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Clusters of blocks: barriers, shared memory of other blocks, geometry.
#include <support/target.hpp>

#include <crosslane/check.hpp>

#include <type_traits>
#include <utility>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

constexpr unsigned most_blocks = xl::default_backend::max_cluster_blocks;

/// The blocks of a cluster that a test asks for, or one where the backend has no clusters.
template <unsigned X, unsigned Y = 1, unsigned Z = 1>
using size_of = std::conditional_t<X * Y * Z <= most_blocks, xl::cluster_size_constant<X, Y, Z>, xl::cluster_size_constant<1>>;

bool has_clusters(xl::device d) { return most_blocks == 1 || d.properties().max_cluster_blocks >= most_blocks; }

/// out[i] = the element that the thread of the same rank in the next block of the cluster has written, and that of the block after it: each
/// block writes its tile twice.
template <class Cluster>
struct ring {
  static constexpr Cluster cluster{};
  struct shared {
    unsigned tile[96];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, xl::span<unsigned> out) const {
    auto const blocks = ctx.cluster();
    static_assert(blocks.size() == Cluster::blocks);
    unsigned const t = ctx.thread_rank(), next = (blocks.rank() + 1) % blocks.size();
    s.tile[t] = unsigned(ctx.global_rank());
    blocks.sync();
    unsigned const first = blocks.peer(s.tile, next)[95 - t];
    blocks.sync();
    s.tile[95 - t] = first;
    blocks.sync();
    out[std::size_t(ctx.global_rank())] = blocks.peer(s.tile[t], next);
    blocks.sync();
  }
};

template <class Cluster>
void check_ring(xl::device d, unsigned clusters) {
  xl::stream const q{d};
  unsigned const n = Cluster::blocks * clusters * 96;
  xl::buffer<unsigned> out{q, n};
  xl::launch(q, {.grid = Cluster::blocks * clusters, .block = 96}, ring<Cluster>{}, out);
  std::vector<unsigned> expected(n);
  for (unsigned i = 0; i < n; ++i) {
    unsigned const block = i / 96, first = block / Cluster::blocks * Cluster::blocks;
    // tile[95 - t] of a block is element 95 - t of the next one, so tile[t] is its element t.
    expected[i] = (first + (block - first + 2) % Cluster::blocks) * 96 + i % 96;
  }
  CROSSLANE_CHECK_SAME(read(q, out), expected);
}

CROSSLANE_TEST(cluster, ring) {
  if (!has_clusters(d)) skip("no clusters");
  for (unsigned const clusters : {1u, 2u, 5u}) {
    check_ring<size_of<1>>(d, clusters);
    check_ring<size_of<2>>(d, clusters);
    check_ring<size_of<3>>(d, clusters);
    check_ring<size_of<8>>(d, clusters);
  }
}

/// Ranks of blocks in clusters of two and three dimensions. out[block rank] = the rank, and how many blocks have written to block 0.
template <class Cluster>
struct ranks {
  static constexpr int dimensions = 3;
  static constexpr Cluster cluster{};
  struct shared {
    int count;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, xl::span<unsigned> out) const {
    auto const blocks = ctx.cluster();
    if (ctx.thread_rank() == 0) s.count = 0;
    blocks.sync();
    if (ctx.thread_rank() == 0)
      xl::atomic<xl::scope::device>(ctx, blocks.peer(s.count, 0)).template fetch_add<xl::relaxed>(1 << (4 * blocks.rank()));
    blocks.sync();
    if (ctx.thread_rank() == 0) {
      out[2 * std::size_t(ctx.block_rank())] = blocks.rank();
      out[2 * std::size_t(ctx.block_rank()) + 1] = unsigned(blocks.peer(s.count, 0));
    }
    blocks.sync();
  }
};

template <unsigned X, unsigned Y, unsigned Z>
void check_ranks(xl::device d, xl::extent3 clusters) {
  using cluster = size_of<X, Y, Z>;
  xl::stream const q{d};
  xl::extent3 const grid = {clusters.x * cluster::x, clusters.y * cluster::y, clusters.z * cluster::z};
  xl::buffer<unsigned> out{q, 2 * std::size_t(grid.size())};
  xl::launch(q, {.grid = grid, .block = {8, 5, 1}}, ranks<cluster>{}, out);
  std::vector<unsigned> expected;
  unsigned all = 0;
  for (unsigned i = 0; i < cluster::blocks; ++i) all |= 1u << (4 * i);
  for (unsigned z = 0; z < grid.z; ++z)
    for (unsigned y = 0; y < grid.y; ++y)
      for (unsigned x = 0; x < grid.x; ++x) {
        expected.push_back(x % cluster::x + cluster::x * (y % cluster::y + cluster::y * (z % cluster::z)));
        expected.push_back(all);
      }
  CROSSLANE_CHECK_SAME(read(q, out), expected);
}

CROSSLANE_TEST(cluster, ranks) {
  if (!has_clusters(d)) skip("no clusters");
  check_ranks<2, 2, 1>(d, {3, 2, 1});
  check_ranks<2, 2, 2>(d, {1, 2, 2});
  check_ranks<1, 3, 1>(d, {2, 1, 3});
}

CROSSLANE_TEST(cluster, kernel_report) {
  if (!has_clusters(d)) skip("no clusters");
  xl::stream const q{d};
  xl::buffer<unsigned> out{q, 2};
  xl::launch_config const config{.block = {8, 5, 1}};
  auto const facts = xl::kernel_report(d, config, ranks<size_of<2>>{}, out);
  CROSSLANE_CHECK(facts.blocks != 0);
  CROSSLANE_CHECK_EQ(facts.blocks, xl::blocks_per_multiprocessor(d, config, ranks<size_of<2>>{}, out));
}

/// A histogram whose bins lie in the shared memory of all blocks of the cluster.
template <class Cluster>
struct histogram {
  static constexpr Cluster cluster{};
  static constexpr unsigned bins = 64;
  struct shared {
    unsigned count[bins];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, xl::span<unsigned const> in, xl::span<unsigned> out) const {
    auto const blocks = ctx.cluster();
    for (auto i : ctx.block_stride(bins)) s.count[i] = 0;
    blocks.sync();
    for (auto i : ctx.grid_stride(in.size())) {
      unsigned const bin = in[i] % (bins * blocks.size());
      xl::atomic<xl::scope::device>(ctx, blocks.peer(s.count[bin % bins], bin / bins)).template fetch_add<xl::relaxed>(1u);
    }
    blocks.sync();
    for (auto i : ctx.block_stride(bins))
      xl::atomic<xl::scope::device>(ctx, out[blocks.rank() * bins + unsigned(i)]).template fetch_add<xl::relaxed>(s.count[i]);
  }
};

CROSSLANE_TEST(cluster, distributed_histogram) {
  if (!has_clusters(d)) skip("no clusters");
  using cluster = size_of<4>;
  constexpr unsigned bins = histogram<cluster>::bins * cluster::blocks;
  xl::stream const q{d};
  std::vector<unsigned> in(5000), expected(bins);
  for (unsigned i = 0; i < in.size(); ++i) {
    in[i] = i * 2654435761u >> 7;
    ++expected[in[i] % bins];
  }
  auto const input = upload(q, in);
  xl::buffer<unsigned> out{q, bins};
  xl::fill(q, out, 0u);
  xl::launch(q, {.grid = 3 * cluster::blocks, .block = 128}, histogram<cluster>{}, input, out);
  CROSSLANE_CHECK_SAME(read(q, out), expected);
}

/// The halves of a barrier, with work between them that no other thread sees; and dynamic shared memory.
template <class Cluster>
struct halves {
  static constexpr Cluster cluster{};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<unsigned> out) const {
    auto const blocks = ctx.cluster();
    auto const tile = xl::dynamic_shared<unsigned>(ctx);
    unsigned const t = ctx.thread_rank(), size = ctx.block_size();
    unsigned sum = 0;
    for (unsigned round = 1; round < 4; ++round) {
      tile[t] = round * unsigned(ctx.global_rank() + 1);
      blocks.arrive();
      tile[size + t] = round;  // its own; read by the same thread
      blocks.wait();
      for (unsigned b = 0; b < blocks.size(); ++b) sum += blocks.peer(tile[size - 1 - t], b) * tile[size + t];
      blocks.sync();
    }
    out[std::size_t(ctx.global_rank())] = sum;
  }
};

CROSSLANE_TEST(cluster, halves_of_a_barrier) {
  if (!has_clusters(d)) skip("no clusters");
  using cluster = size_of<4>;
  constexpr unsigned block = 80, n = 2 * cluster::blocks * block;
  xl::stream const q{d};
  xl::buffer<unsigned> out{q, n};
  xl::launch(q, {.grid = 2 * cluster::blocks, .block = block, .dynamic_shared = 2 * block * sizeof(unsigned)}, halves<cluster>{}, out);
  std::vector<unsigned> expected(n);
  for (unsigned i = 0; i < n; ++i)
    for (unsigned b = 0; b < cluster::blocks; ++b) {
      unsigned const first = i / block / cluster::blocks * cluster::blocks;
      expected[i] += (1 + 4 + 9) * ((first + b) * block + (block - 1 - i % block) + 1);
    }
  CROSSLANE_CHECK_SAME(read(q, out), expected);
}

/// A value goes through all blocks of the cluster: each waits for a flag that the block before it sets in its shared memory.
template <class Cluster>
struct baton {
  static constexpr Cluster cluster{};
  struct shared {
    unsigned flag, value;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, xl::span<unsigned> out) const {
    auto const blocks = ctx.cluster();
    if (ctx.thread_rank() == 0) s.flag = 0;
    blocks.sync();
    if (ctx.thread_rank() == 0) {
      unsigned value = 0;
      if (blocks.rank() != 0) {
        while (xl::atomic<xl::scope::device>(ctx, s.flag).template load<xl::acquire>() == 0) {
        }
        value = s.value;
      }
      value += 1u << blocks.rank();
      out[ctx.block_index()] = value;
      if (unsigned const next = blocks.rank() + 1; next < blocks.size()) {
        blocks.peer(s.value, next) = value;
        xl::atomic<xl::scope::device>(ctx, blocks.peer(s.flag, next)).template store<xl::release>(1u);
      }
    }
    blocks.sync();
  }
};

CROSSLANE_TEST(cluster, flags_of_other_blocks) {
  if (!has_clusters(d)) skip("no clusters");
  using cluster = size_of<8>;
  xl::stream const q{d};
  xl::buffer<unsigned> out{q, 3 * cluster::blocks};
  xl::launch(q, {.grid = 3 * cluster::blocks, .block = 64}, baton<cluster>{}, out);
  std::vector<unsigned> expected(3 * cluster::blocks);
  for (unsigned i = 0; i < expected.size(); ++i) expected[i] = (2u << i % cluster::blocks) - 1;
  CROSSLANE_CHECK_SAME(read(q, out), expected);
}

/// A cluster waits for the one before it in an order that a counter gives.
template <class Cluster>
struct chain {
  static constexpr Cluster cluster{};
  struct shared {
    unsigned number;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, xl::span<unsigned> counter, xl::span<unsigned> done) const {
    auto const blocks = ctx.cluster();
    bool const first = ctx.thread_rank() == 0 && blocks.rank() == 0;
    if (first) s.number = xl::atomic<xl::scope::device>(ctx, counter[0]).template fetch_add<xl::relaxed>(1u);
    blocks.sync();
    unsigned const number = blocks.peer(s.number, 0);
    blocks.sync();
    if (ctx.thread_rank() == 0 && blocks.rank() == blocks.size() - 1 && number != 0)
      while (xl::atomic<xl::scope::device>(ctx, done[number - 1]).template load<xl::acquire>() == 0) {
      }
    blocks.sync();
    if (first) xl::atomic<xl::scope::device>(ctx, done[number]).template store<xl::release>(number + 1);
  }
};

CROSSLANE_TEST(cluster, clusters_wait_for_each_other) {
  if (!has_clusters(d)) skip("no clusters");
  using cluster = size_of<2>;
  constexpr unsigned clusters = 9;
  xl::stream const q{d};
  xl::buffer<unsigned> counter{q, 1}, done{q, clusters};
  xl::fill(q, counter, 0u);
  xl::fill(q, done, 0u);
  xl::launch(q, {.grid = clusters * cluster::blocks, .block = 64}, chain<cluster>{}, counter, done);
  std::vector<unsigned> const got = read(q, done);
  for (unsigned i = 0; i < clusters; ++i) CROSSLANE_CHECK_EQ(got[i], i + 1);
}

CROSSLANE_TEST(cluster, geometry) {
  if (!has_clusters(d)) skip("no clusters");
  xl::stream const q{d};
  xl::buffer<unsigned> out{q, 1000};
  if (most_blocks > 1) {
    expect_error(xl::errc::invalid_argument, {"ring", "grid.x is 5 blocks but must be a multiple of 2", "clusters of (2, 1, 1) blocks"},
                 [&] { xl::launch(q, {.grid = 5, .block = 96}, ring<size_of<2>>{}, out); });
    expect_error(xl::errc::invalid_argument, {"grid.z is 3 blocks but must be a multiple of 2", "(1, 2, 2)"},
                 [&] { xl::launch(q, {.grid = {1, 2, 3}, .block = {4, 1, 1}}, ranks<size_of<1, 2, 2>>{}, out); });
  }
  CROSSLANE_CHECK_EQ(xl::blocks_per_multiprocessor(d, {.block = 96}, ring<size_of<2>>{}, out) > 0, true);
}

/// Wrong calls, which the host reports.
struct wrong_call {
  static constexpr size_of<2> cluster{};
  enum class mistake { rank, not_shared, arrives_twice, waits_alone } which;
  struct shared {
    int value;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, xl::span<int> out) const {
    auto const blocks = ctx.cluster();
    switch (which) {
      case mistake::rank: blocks.peer(s.value, 2) = 1; break;
      case mistake::not_shared: blocks.peer(out[0], 1) = 1; break;
      case mistake::arrives_twice: blocks.arrive(), blocks.arrive(); break;
      case mistake::waits_alone: blocks.wait(); break;
    }
    blocks.sync();
  }
};

CROSSLANE_TEST(cluster, wrong_calls) {
  if (host_build) {
    using mistake = wrong_call::mistake;
    auto const expect = [&](mistake which, xl::errc code, char const* text) {
      xl::stream const q{d};
      xl::buffer<int> out{q, 1};
      xl::launch(q, {.grid = 2, .block = 32}, wrong_call{which}, out);
      xl::error const e = error_of([&] { q.synchronize(); });
      CROSSLANE_CHECK_EQ(int(e.code()), int(code));
      if (!contains(e.what(), text)) fail(e.what(), xl::source_location::current());
    };
    expect(mistake::rank, xl::errc::out_of_bounds, "peer() of rank 2 of a cluster of 2 blocks");
    expect(mistake::not_shared, xl::errc::invalid_argument, "not in the shared memory of the calling block");
    expect(mistake::arrives_twice, xl::errc::kernel_fault, "arrive() of a cluster, but the thread has not waited");
    expect(mistake::waits_alone, xl::errc::kernel_fault, "wait() of a cluster without an arrive()");
    expect_usable(d);
  }
}

/// A block of the cluster leaves before a barrier.
struct leaves {
  static constexpr size_of<4> cluster{};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx) const {
    if (ctx.block_index() % cluster.blocks == 2) return;
    ctx.cluster().sync();
  }
};

CROSSLANE_TEST(cluster, block_that_leaves) {
  if (host_build) {
    xl::stream const q{d};
    xl::launch(q, {.grid = 8, .block = 32}, leaves{});
    xl::error const e = error_of([&] { q.synchronize(); });
    CROSSLANE_CHECK_EQ(int(e.code()), int(xl::errc::divergent_barrier));
    if (!contains(e.what(), "waits at the barrier of the cluster") || !contains(e.what(), "has returned"))
      fail(e.what(), xl::source_location::current());
    expect_usable(d);
  }
}

}  // namespace
