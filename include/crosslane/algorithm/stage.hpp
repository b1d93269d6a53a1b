// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Tiles of ranges in shared memory. A stage<Range, N, Around> holds a tile of at most N elements of a range, and `Around` elements before
/// and behind it. A pipeline fills it by asynchronous copies where the elements lie in memory. Elements that are computed from their index
/// are computed when they are read. Other elements are loaded and stored.
///
///   void fetch(ctx, pipe, range, first, count, end);
///   value_type at(range, first, int i) const;
///   void read(range, first, begin, count, value_type (&to)[M]);
///
/// All threads of the block call fetch(), between acquire() and commit(), for the elements first ... first + count - 1 of a range of `end`
/// elements. at() returns element first + i, for -Around <= i < count + Around. read() returns elements first + begin ... of which those
/// from `count` on are value_type{}; `begin` is below `count` and a multiple of M, which divides N.
#pragma once

#include <crosslane/algorithm/range.hpp>
#include <crosslane/kernel/block_load.hpp>
#include <crosslane/kernel/pipeline.hpp>

#include <cstdint>

namespace crosslane::detail {

/// Calls f(std::bool_constant<...>) with whether a tile is whole. Code for whole tiles tests no index.
template <unsigned Tile, class F>
CROSSLANE_FN void for_size(unsigned count, F const& f) {
  if (count == Tile)
    f(std::true_type{});
  else
    f(std::false_type{});
}

/// Stands for a range that an algorithm does not have.
struct no_range {};

/// The elements of a stage that has memory, for elements that are stored and not computed.
template <class T, unsigned N, unsigned Around>
struct stage_memory {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_default_constructible_v<T>,
                "crosslane: elements of scans and selections must be trivially copyable and have a trivial default constructor");
  /// Elements before and behind the tile, so many that the tile is aligned for bulk copies, or for copies of words.
  static constexpr unsigned margin = Around * (16 % sizeof(T) == 0 ? 16 / sizeof(T) : sizeof(T) % 4 == 0 ? 1 : sizeof(T) % 2 == 0 ? 2 : 4);
  alignas(alignof(T) > 16 ? alignof(T) : 16) T element[margin + N + margin];

  /// Reads elements begin ... begin + M - 1 by the widest accesses. `begin` is a multiple of M.
  template <std::size_t M>
  CROSSLANE_FN void read_all(unsigned begin, T (&to)[M]) const {
    constexpr unsigned width = elements_of_access<T, unsigned(M)>;
    using vector = vec<T, width>;
    auto const* const from = reinterpret_cast<vector const*>(element + margin + begin);
    CROSSLANE_UNROLL
    for (unsigned k = 0; k < M / width; ++k) {
      vector const v = from[k];
      for (unsigned i = 0; i < width; ++i) to[k * width + i] = v[i];
    }
  }
};

/// A stage of elements that lie in memory or are loaded one by one. Places without an element are value_type{}.
template <class Range, unsigned N, unsigned Around = 0>
struct stage {
  using value_type = typename Range::value_type;
  stage_memory<value_type, N, Around> memory;

  template <class Ctx, class Pipe>
  CROSSLANE_FN void fetch(Ctx const& ctx, Pipe& pipe, Range const& range, std::uint64_t first, unsigned count, std::uint64_t end) {
    constexpr unsigned margin = stage_memory<value_type, N, Around>::margin;
    unsigned const before = first == 0 ? 0 : margin;
    std::uint64_t const left = end - first;
    if constexpr (is_span<Range> && N * sizeof(value_type) % 16 == 0 && margin * sizeof(value_type) % 16 == 0) {
      // Most tiles are whole and aligned. The type of a piece says so, and nothing is tested.
      using piece = vec<unsigned, 4>;
      if (count == N && before == margin && left >= N + margin && aligned_for<4>(reinterpret_cast<unsigned const*>(range.data()))) {
        constexpr std::size_t pieces = (N + 2 * margin) * sizeof(value_type) / 16;
        pipe.copy_block({reinterpret_cast<piece*>(memory.element), pieces},
                        span<piece const>{reinterpret_cast<piece const*>(range.data() + first - margin), pieces});
        return;
      }
    }
    unsigned const all = before + (left < count + margin ? unsigned(left) : count + margin);
    value_type* const to = memory.element + margin - before;
    // Compilers load places before they test whether there is an element.
    for (unsigned const i : ctx.block_stride(N + 2 * margin - all)) memory.element[i < margin - before ? i : i + all] = value_type{};
    auto const load = [&] {
      for (unsigned const i : ctx.block_stride(all)) to[i] = value_type(range[first - before + i]);
    };
    if constexpr (is_span<Range>) {
      auto const from = range.subspan(first - before, all);
      if constexpr (sizeof(value_type) % 4 == 0 && alignof(value_type) % 4 == 0)
        pipe.copy_block({to, all}, from);
      else if ((reinterpret_cast<std::uintptr_t>(from.data()) | (all * sizeof(value_type))) % 4 == 0)
        pipe.copy_block({to, all}, from);
      else
        load();
    } else {
      load();
    }
  }
  CROSSLANE_FN value_type at(Range const&, std::uint64_t, int i) const { return memory.element[int(memory.margin) + i]; }
  template <std::size_t M>
  CROSSLANE_FN void read(Range const&, std::uint64_t, unsigned begin, unsigned, value_type (&to)[M]) const {
    memory.read_all(begin, to);
  }
};

/// A stage of elements that are computed from their index.
template <class Range, class T>
struct computed_stage {
  using value_type = T;
  template <class Ctx, class Pipe>
  CROSSLANE_FN void fetch(Ctx const&, Pipe&, Range const&, std::uint64_t, unsigned, std::uint64_t) {}
  CROSSLANE_FN T at(Range const& range, std::uint64_t first, int i) const { return range[first + std::uint64_t(std::int64_t{i})]; }
  template <std::size_t M>
  CROSSLANE_FN void read(Range const& range, std::uint64_t first, unsigned begin, unsigned count, T (&to)[M]) const {
    for (unsigned i = 0; i < M; ++i) to[i] = begin + i < count ? range[first + begin + i] : T{};
  }
};
template <class T, unsigned N, unsigned Around>
struct stage<counting_range<T>, N, Around> : computed_stage<counting_range<T>, T> {};
template <class T, unsigned N, unsigned Around>
struct stage<constant_range<T>, N, Around> : computed_stage<constant_range<T>, T> {};

template <unsigned N, unsigned Around>
struct stage<no_range, N, Around> {
  template <class Ctx, class Pipe>
  CROSSLANE_FN void fetch(Ctx const&, Pipe&, no_range, std::uint64_t, unsigned, std::uint64_t) {}
};

/// Whether the arguments of a function wait in shared memory, and not its results: they lie in memory, and are not much larger. The
/// function is then called again when an element is read again.
template <class R, class T>
concept stages_arguments = is_span<R> && std::is_trivially_default_constructible_v<typename R::value_type> &&
                           (sizeof(typename R::value_type) <= 16 || sizeof(typename R::value_type) <= 2 * sizeof(T));
template <class R, class F, class T, unsigned N, unsigned Around>
requires stages_arguments<R, typename transformed_range<R, F, T>::value_type> struct stage<transformed_range<R, F, T>, N, Around> {
  using range_type = transformed_range<R, F, T>;
  using value_type = typename range_type::value_type;
  stage<R, N, Around> inner;

  template <class Ctx, class Pipe>
  CROSSLANE_FN void fetch(Ctx const& ctx, Pipe& pipe, range_type const& range, std::uint64_t first, unsigned count, std::uint64_t end) {
    inner.fetch(ctx, pipe, range.inner(), first, count, end);
  }
  CROSSLANE_FN value_type at(range_type const& range, std::uint64_t first, int i) const {
    return range.apply(inner.at(range.inner(), first, i));
  }
  template <std::size_t M>
  CROSSLANE_FN void read(range_type const& range, std::uint64_t first, unsigned begin, unsigned count, value_type (&to)[M]) const {
    typename R::value_type from[M];
    inner.read(range.inner(), first, begin, count, from);
    for (unsigned i = 0; i < M; ++i) to[i] = begin + i < count ? range.apply(from[i]) : value_type{};
  }
};

template <class A, class B, unsigned N, unsigned Around>
struct stage<zipped_range<A, B>, N, Around> {
  using range_type = zipped_range<A, B>;
  using value_type = typename range_type::value_type;
  stage<A, N, Around> a;
  stage<B, N, Around> b;

  template <class Ctx, class Pipe>
  CROSSLANE_FN void fetch(Ctx const& ctx, Pipe& pipe, range_type const& range, std::uint64_t first, unsigned count, std::uint64_t end) {
    a.fetch(ctx, pipe, range.firsts(), first, count, end);
    b.fetch(ctx, pipe, range.seconds(), first, count, end);
  }
  CROSSLANE_FN value_type at(range_type const& range, std::uint64_t first, int i) const {
    return {a.at(range.firsts(), first, i), b.at(range.seconds(), first, i)};
  }
  template <std::size_t M>
  CROSSLANE_FN void read(range_type const& range, std::uint64_t first, unsigned begin, unsigned count, value_type (&to)[M]) const {
    typename A::value_type left[M];
    typename B::value_type right[M];
    a.read(range.firsts(), first, begin, count, left);
    b.read(range.seconds(), first, begin, count, right);
    for (unsigned i = 0; i < M; ++i) to[i] = {left[i], right[i]};
  }
};

template <class R, unsigned N, unsigned Around>
struct stage<counted_range<R>, N, Around> {
  using range_type = counted_range<R>;
  using value_type = typename range_type::value_type;
  stage<R, N, Around> inner;

  template <class Ctx, class Pipe>
  CROSSLANE_FN void fetch(Ctx const& ctx, Pipe& pipe, range_type const& range, std::uint64_t first, unsigned count, std::uint64_t end) {
    inner.fetch(ctx, pipe, range.inner(), first, count, end);
  }
  CROSSLANE_FN value_type at(range_type const& range, std::uint64_t first, int i) const { return inner.at(range.inner(), first, i); }
  template <std::size_t M>
  CROSSLANE_FN void read(range_type const& range, std::uint64_t first, unsigned begin, unsigned count, value_type (&to)[M]) const {
    inner.read(range.inner(), first, begin, count, to);
  }
};

/// The bytes that a stage has for each element, without its margins.
template <class Range>
inline constexpr std::size_t stage_bytes = std::is_empty_v<stage<Range, 64>> ? 0 : sizeof(stage<Range, 64>) / 64;

// --- results ---

/// Whether results of T can take the places of the elements in a stage, as its memory is of that type.
template <class Range, class T>
inline constexpr bool results_in_place = [] {
  if constexpr (is_span<Range>)
    return std::is_same_v<std::remove_const_t<typename Range::value_type>, T>;
  else
    return false;
}();

/// Stores M neighbouring elements of the thread, from element `begin` on, by the widest accesses. `begin` is a multiple of M, and the
/// array is aligned to 16 bytes.
template <class T, std::size_t M>
CROSSLANE_FN void put_items(T* tile, unsigned begin, T const (&items)[M]) {
  constexpr unsigned width = elements_of_access<T, unsigned(M)>;
  using vector = vec<T, width>;
  auto* const to = reinterpret_cast<vector*>(tile + begin);
  CROSSLANE_UNROLL
  for (unsigned k = 0; k < M / width; ++k) {
    vector v;
    for (unsigned i = 0; i < width; ++i) v[i] = items[k * width + i];
    to[k] = v;
  }
}

/// Copies `count` elements of a tile in shared memory to out[first ...], by the widest accesses that both addresses allow. All threads of
/// the block call it; the first `Threads` copy. `Tile` is the usual count.
template <unsigned Threads, unsigned Tile, class Ctx, class T, class Out>
CROSSLANE_FN void copy_out(Ctx const& ctx, T const* tile, Out const& out, std::uint64_t first, unsigned count) {
  unsigned const rank = ctx.thread_rank();
  if (rank >= Threads) return;
  if constexpr (is_span<Out>) {
    if constexpr (std::is_same_v<typename Out::value_type, T>) {
      constexpr unsigned width = elements_per_access<T>();
      using vector = vec<T, width>;
      if (width > 1 && aligned_for<width>(out.data() + first) && aligned_for<width>(tile)) {
        auto const* const from = reinterpret_cast<vector const*>(tile);
        auto* const to = reinterpret_cast<vector*>(out.data() + first);
        if constexpr (Tile % (width * Threads) == 0) {
          if (count == Tile) {
            CROSSLANE_UNROLL
            for (unsigned i = 0; i < Tile / (width * Threads); ++i) to[i * Threads + rank] = from[i * Threads + rank];
            return;
          }
        }
        unsigned const vectors = count / width;
        for (unsigned i = rank; i < vectors; i += Threads) to[i] = from[i];
        for (unsigned i = vectors * width + rank; i < count; i += Threads) out[first + i] = tile[i];
        return;
      }
    }
  }
  for (unsigned i = rank; i < count; i += Threads) out[first + i] = tile[i];
}

}  // namespace crosslane::detail
