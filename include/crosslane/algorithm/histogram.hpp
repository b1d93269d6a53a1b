// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Histograms of whole ranges: histogram().
///
///   xl::histogram(q, bytes, counts, xl::even_bins(0, 256));            // one bin for each value, if `counts` has 256 elements
///   xl::histogram(q, x, counts, xl::level_bins(levels));
///
/// The host calls it, and it does not wait. It is one kernel, which reads each sample once.
#pragma once

#include <crosslane/algorithm/bins.hpp>
#include <crosslane/algorithm/options.hpp>
#include <crosslane/algorithm/reduce.hpp>
#include <crosslane/kernel/atomic.hpp>
#include <crosslane/kernel/shared_arrays.hpp>
#include <crosslane/runtime/occupancy.hpp>

namespace crosslane {

/// Sizes of histogram(): `threads` of a block, `blocks` on a multiprocessor, `bytes` of shared memory for the counts of a block, and as
/// many for levels.
template <unsigned Threads, unsigned Blocks, unsigned Bytes>
struct histogram_policy {
  static constexpr unsigned threads = Threads;  ///< threads of a block
  static constexpr unsigned blocks = Blocks;    ///< blocks on a multiprocessor
  static constexpr unsigned bytes = Bytes;      ///< shared memory for counts
};

namespace detail {

constexpr auto tuned_histogram() { return histogram_policy<512, 3, 32 * 1024>{}; }

/// The samples in an element of a range: one number, or the channels of a vec.
template <class V>
struct samples_in {
  using type = V;
  static constexpr unsigned channels = 1;
  CROSSLANE_FN static type get(V const& element, unsigned) { return element; }
};
template <class T, unsigned N>
struct samples_in<vec<T, N>> {
  using type = T;
  static constexpr unsigned channels = N;
  CROSSLANE_FN static type get(vec<T, N> const& element, unsigned channel) { return element[channel]; }
};

/// Returns how many vectors of 16 bytes hold whole elements of so many channels.
constexpr unsigned vectors_of_channels(unsigned samples_per_vector, unsigned channels) {
  unsigned vectors = 1;
  while (vectors * samples_per_vector % channels != 0) ++vectors;
  return vectors;
}

/// How often a block counts each value of samples of one byte: 32 KiB in all, 24 for three channels.
template <unsigned Channels>
inline constexpr unsigned value_replicas = Channels == 3 ? 8 : 32 / Channels;

/// The counts that a block keeps in shared memory: `slots` of them, each `replicas` times for different lanes.
struct histogram_plan {
  unsigned slots, replicas;
  bool has_table;      ///< whether the table of the binning is copied to shared memory
  std::uint64_t head;  ///< elements before an address that is aligned for vectors
};

/// Adds samples to counts in shared memory, then those to `counts`. Each slot has several counts, and neighbouring lanes add to different
/// ones: equal samples do not delay each other. Samples of one byte are counted by their value, and the bins of values are found at the
/// end.
///
/// All blocks must be on the device at once: each sets a part of `counts` to zero first, and adds to it when all have done so, mostly at
/// the end.
///
/// If there are more bins than slots (Cached), a slot belongs to the first of its bins of which a sample comes. Bins with many samples are
/// likely to get one; samples of the others are added to `counts` at once.
template <class Policy, class Element, class Binning, class Count, bool Cached>
struct histogram_kernel {
  static constexpr auto block = block_size<Policy::threads>;
  static constexpr int min_blocks = Policy::blocks;
  static constexpr bool resident = true;
  using samples = samples_in<Element>;
  using T = typename samples::type;
  using table_type = typename Binning::table_type;
  static constexpr unsigned channels = samples::channels, threads = Policy::threads;
  static constexpr bool by_value = sizeof(T) == 1;
  static constexpr unsigned width = 16 / sizeof(T), vectors = vectors_of_channels(width, channels),
                            at_once = vectors != 1 ? 1
                                      : by_value   ? 2
                                                   : 4;

  template <kernel_context Ctx, class In>
  CROSSLANE_FN void operator()(Ctx const& ctx, In const in, Binning const binning, Count* counts, histogram_plan const plan,
                               workspace_front* front) const {
    std::uint64_t const all = std::uint64_t{binning.bins} * channels;
    auto const [slots, owners, copied] = shared_arrays<unsigned, unsigned, table_type>(
        ctx, plan.slots * plan.replicas, Cached ? plan.slots : 0, plan.has_table ? binning.table_size() : 0);
    unsigned const blocks = unsigned(ctx.block_count()), rank = ctx.thread_rank();
    for (auto const i : ctx.grid_stride(all)) counts[i] = 0;
    for (unsigned i = rank; i < slots.size(); i += threads) slots[i] = 0;
    for (unsigned i = rank; i < owners.size(); i += threads) owners[i] = 0;
    for (unsigned i = rank; i < copied.size(); i += threads) copied[i] = binning.table_at(i);
    ctx.sync_block();
    if (blocks != 1 && rank == 0) atomic(ctx, front->ended).fetch_add(1u, release{});

    table_type const* const table = plan.has_table ? copied.data() : nullptr;
    counter<Ctx> const c{ctx, binning, table, slots.data(), slots.data() + ctx.lane_rank() % plan.replicas, owners.data(), counts, plan};
    if constexpr (Cached) wait_for_zeros(ctx, blocks, front);
    count_range(ctx, c, in, plan);
    ctx.sync_block();
    if constexpr (!Cached) wait_for_zeros(ctx, blocks, front);
    for (unsigned i = rank; i < plan.slots; i += threads) c.flush(i);
  }

 private:
  /// Waits until all blocks have set their part of the counts to zero. The second addition of a block tells that it needs the number no
  /// more. The last one leaves 0 for the next launch.
  template <class Ctx>
  CROSSLANE_FN static void wait_for_zeros(Ctx const& ctx, unsigned blocks, workspace_front* front) {
    if (blocks == 1) return;
    if (ctx.thread_rank() == 0) {
      auto const ended = atomic(ctx, front->ended);
      while (ended.load() < blocks) ctx.native().pause();
      if (ended.fetch_add(1u, acquire{}) == 2 * blocks - 1) ended.store(0u);
    }
    ctx.sync_block();
  }

  template <class Ctx>
  struct counter {
    Ctx const& ctx;
    Binning const& binning;
    table_type const* table;
    unsigned* slots;  ///< the counts of all replicas
    unsigned* own;    ///< those of the lane's replica
    unsigned* owners;
    Count* counts;
    histogram_plan const& plan;

    CROSSLANE_FN void add(unsigned channel, T sample) const {
      if constexpr (by_value) {
        add_to(channel * 256 + static_cast<unsigned char>(sample));
      } else {
        unsigned const bin = binning.bin(sample, table);
        if (bin == no_bin) return;
        unsigned const place = channel * binning.bins + bin;
        if constexpr (!Cached) {
          add_to(place);
        } else {
          unsigned const slot = place % plan.slots;
          auto const owner = atomic<scope::block>(ctx, owners[slot]);
          unsigned found = owner.load();
          if (found == 0 && owner.compare_exchange(found, place + 1)) found = place + 1;
          if (found == place + 1)
            add_to(slot);
          else
            atomic(ctx, counts[place]).fetch_add(Count(1));
        }
      }
    }
    CROSSLANE_FN void add_to(unsigned slot) const {
      atomic<scope::block>(ctx, own[slot * (by_value ? value_replicas<channels> : plan.replicas)]).fetch_add(1u);
    }
    /// Adds a slot to its bin. Neighbouring threads begin with different replicas, which lie in different banks.
    CROSSLANE_FN void flush(unsigned slot) const {
      unsigned sum = 0;
      for (unsigned r = 0; r < plan.replicas; ++r) sum += slots[slot * plan.replicas + (r + slot) % plan.replicas];
      if (sum == 0) return;
      unsigned place = slot;
      if constexpr (by_value) {
        unsigned const bin = binning.bin(static_cast<T>(slot % 256), table);
        if (bin == no_bin) return;
        place = slot / 256 * binning.bins + bin;
      } else if constexpr (Cached) {
        place = owners[slot] - 1;
      }
      atomic(ctx, counts[place]).fetch_add(Count(sum));
    }
    CROSSLANE_FN void add_element(Element const& element) const {
      for (unsigned channel = 0; channel < channels; ++channel) add(channel, samples::get(element, channel));
    }
  };

  template <class Ctx, class In>
  CROSSLANE_FN static void count_range(Ctx const& ctx, counter<Ctx> const& c, In const& in, histogram_plan const& plan) {
    std::uint64_t const n = count_in_kernel(in), stride = ctx.global_size();
    std::uint64_t const head = plan.head < n ? plan.head : n;
    if constexpr (is_span<In>) {
      constexpr unsigned elements = vectors * width / channels;
      // Small samples are loaded as words, of which compilers take the parts one after another: that needs fewer registers.
      using word = std::conditional_t<sizeof(T) < 4, std::uint32_t, T>;
      using vector = vec<word, 16 / sizeof(word)>;
      constexpr unsigned in_word = sizeof(word) / sizeof(T);
      std::uint64_t const units = (n - head) / elements, tail = head + units * elements;
      auto const* const data = reinterpret_cast<vector const*>(in.data() + head);
      vector loaded[at_once][vectors];
      for (std::uint64_t first = ctx.global_rank(); first < units; first += stride * at_once) {
        CROSSLANE_UNROLL
        for (unsigned k = 0; k < at_once; ++k)
          if (first + k * stride < units) {
            CROSSLANE_UNROLL
            for (unsigned v = 0; v < vectors; ++v) loaded[k][v] = data[(first + k * stride) * vectors + v];
          }
        CROSSLANE_UNROLL
        for (unsigned k = 0; k < at_once; ++k)
          if (first + k * stride < units) {
            CROSSLANE_UNROLL
            for (unsigned i = 0; i < vectors * width; ++i) {
              word const w = loaded[k][i / width][i % width / in_word];
              if constexpr (in_word == 1)
                c.add(i % channels, w);
              else
                c.add(i % channels, __builtin_bit_cast(T, bits_of_size<T>(w >> i % in_word * 8 * sizeof(T))));
            }
          }
      }
      for (std::uint64_t i = ctx.global_rank(); i < head + (n - tail); i += stride) c.add_element(in[i < head ? i : i - head + tail]);
    } else {
      constexpr unsigned batch = 4;
      Element loaded[batch];
      for (std::uint64_t first = ctx.global_rank(); first < n; first += stride * batch) {
        CROSSLANE_UNROLL
        for (unsigned k = 0; k < batch; ++k)
          if (first + k * stride < n) loaded[k] = Element(in[first + k * stride]);
        CROSSLANE_UNROLL
        for (unsigned k = 0; k < batch; ++k)
          if (first + k * stride < n) c.add_element(loaded[k]);
      }
    }
  }
};

/// Adds the samples of elements `begin` to `end` by loops.
template <class In, class Binning, class Count>
void histogram_by_loops(In const& in, Binning const& binning, Count* counts, std::uint64_t begin, std::uint64_t end) {
  using samples = samples_in<typename In::value_type>;
  using T = typename samples::type;
  constexpr unsigned channels = samples::channels, most = 4096;
  constexpr bool by_value = sizeof(T) == 1;
  std::uint64_t const all = std::uint64_t{binning.bins} * channels, places = by_value ? 256 * channels : all;
  auto const add = [counts](std::uint64_t place, std::uint64_t sum) { __atomic_fetch_add(counts + place, Count(sum), __ATOMIC_RELAXED); };
  unsigned local[most];
  bool const is_local = places <= most && places <= end - begin;
  if (is_local)
    for (unsigned i = 0; i < places; ++i) local[i] = 0;
  for (; begin < end; ++begin) {
    typename In::value_type const element = in[begin];
    for (unsigned channel = 0; channel < channels; ++channel) {
      T const sample = samples::get(element, channel);
      if (by_value && is_local) {
        ++local[channel * 256 + static_cast<unsigned char>(sample)];
      } else if (unsigned const bin = binning.bin(sample, nullptr); bin != no_bin) {
        std::uint64_t const place = std::uint64_t{channel} * binning.bins + bin;
        if (is_local)
          ++local[place];
        else
          add(place, 1);
      }
    }
  }
  if (!is_local) return;
  for (unsigned i = 0; i < places; ++i) {
    if (local[i] == 0) continue;
    if constexpr (by_value) {
      if (unsigned const bin = binning.bin(static_cast<T>(i % 256), nullptr); bin != no_bin)
        add(std::uint64_t{i / 256} * binning.bins + bin, local[i]);
    } else {
      add(i, local[i]);
    }
  }
}

inline namespace CROSSLANE_CONFIGURATION {

template <class Policy, bool Cached, runtime_backend B, class In, class Binning, class Count>
void launch_histogram(basic_stream_ref<B> q, In const& in, Binning const& binning, Count* counts, histogram_plan const& plan,
                      workspace_reference const& given, source_location where) {
  using element = typename In::value_type;
  using kernel = histogram_kernel<Policy, element, Binning, Count, Cached>;
  using table = typename Binning::table_type;
  launch_config config{.dynamic_shared = shared_bytes<unsigned, unsigned, table>(plan.slots * plan.replicas, Cached ? plan.slots : 0u,
                                                                                 plan.has_table ? binning.table_size() : 0u),
                       .where = where};
  std::uint64_t const per_thread = is_span<In> ? kernel::vectors * kernel::width / kernel::channels : 1;
  unsigned const blocks = blocks_at_once<kernel, In, Binning, Count*, histogram_plan, workspace_front*>(
      q, blocks_for(q, in.size() / (per_thread * Policy::threads) + 1, Policy::blocks, where), config);
  config.grid = blocks;
  if (blocks == 1) {
    if (given.measured == nullptr) launch(q, config, kernel{}, in, binning, counts, plan, static_cast<workspace_front*>(nullptr));
    return;
  }
  call_memory<B> const memory{q, "histogram", given, 0, where};
  if (!memory.measures()) launch(q, config, kernel{}, in, binning, counts, plan, memory.front());
}

template <class Policy, runtime_backend B, class In, class Counts, class Bins>
void queue_histogram(basic_stream_ref<B> q, In const& in, Counts const& counts, Bins const& bins, workspace_reference const& given,
                     source_location where) {
  using samples = samples_in<typename In::value_type>;
  using T = typename samples::type;
  using Count = typename Counts::value_type;
  constexpr unsigned channels = samples::channels;
  static_assert(is_number<T> && sizeof(T) <= 8 && channels <= 4,
                "crosslane: the elements of a histogram's input are numbers, or vec of 2 to 4 numbers: its channels");
  static_assert(is_span<Counts> && std::is_integral_v<Count> && (sizeof(Count) == 4 || sizeof(Count) == 8),
                "crosslane: the counts of a histogram are a buffer or span of integers of 4 or 8 bytes");
  using policy = policy_or<Policy, decltype(tuned_histogram())>;
  std::uint64_t const all = counts.size();
  if (all == 0 || all % channels != 0 || all >= no_bin)
    throw_error(errc::size_mismatch, where,
                "histogram: %llu counts for %u channels: a multiple of their number expected, from %u to 2^32 - 2",
                static_cast<unsigned long long>(all), channels, channels);
  check_apart("histogram", in, counts, where);
  binning<T, Bins> const b{bins, all / channels, "histogram", where};
  if constexpr (loop_backend<B>) {
    if (given.measured != nullptr) return;
    Count* const to = counts.data();
    run_loops<Bins>(
        q, all,
        [to](std::uint64_t begin, std::uint64_t end) {
          for (; begin < end; ++begin) to[begin] = 0;
        },
        where);
    run_loops<Bins>(
        q, in.size(),
        [in, b, to](std::uint64_t begin, std::uint64_t end) {
          std::uint64_t const n = count_in_kernel(in);
          if (begin < n) histogram_by_loops(in, b, to, begin, n < end ? n : end);
        },
        where, 1 << 15);
  } else {
    histogram_plan plan{};
    plan.has_table = b.table_size() != 0 && b.table_size() * sizeof(typename binning<T, Bins>::table_type) <= policy::bytes;
    if constexpr (is_span<In>) {
      std::uintptr_t const address = reinterpret_cast<std::uintptr_t>(in.data());
      while (plan.head < 16 && (address + plan.head * sizeof(typename In::value_type)) % 16 != 0) ++plan.head;
      if (plan.head == 16) plan.head = in.size();
    }
    constexpr unsigned most = policy::bytes / sizeof(unsigned);
    constexpr unsigned cached_replicas = 4;
    constexpr bool by_value = sizeof(T) == 1;
    plan.slots = by_value ? 256 * channels : unsigned(all);
    if (!by_value && all > most) {
      plan.replicas = cached_replicas;
      plan.slots = 1;
      while (plan.slots * 2 * (cached_replicas + 1) <= most) plan.slots *= 2;
      if constexpr (!by_value) launch_histogram<policy, true>(q, in, b, counts.data(), plan, given, where);
      return;
    }
    plan.replicas = by_value ? value_replicas<channels> : 32;
    while (!by_value && plan.replicas * plan.slots > most) plan.replicas /= 2;
    launch_histogram<policy, false>(q, in, b, counts.data(), plan, given, where);
  }
}

}  // namespace CROSSLANE_CONFIGURATION
}  // namespace detail

inline namespace CROSSLANE_CONFIGURATION {

/// Queues counts[b] = the number of samples in bin b. `bins` is even_bins() or level_bins(); the number of bins is that of the counts.
/// Samples outside all bins, and NaN, are not counted. The host calls it, and it does not wait.
///
/// Samples are numbers. If the elements of `in` are a vec of 2 to 4 numbers, these are channels, which have histograms of their own: that
/// of channel c begins at counts[c * bins], and `counts` has `bins` elements for each channel. Interleaved numbers become such elements by
/// a view of the memory: xl::span<xl::vec<unsigned char, 3> const>.
///
/// Counts are integers of 4 or 8 bytes and wrap around. Policies are histogram_policy. Throws size_mismatch if `counts` is empty or no
/// multiple of the channels, if there is not one level more than bins, or if the workspace is too small; invalid_argument if bounds are not
/// in order, or `counts` overlaps the input.
template <stream_like S, class In, class Counts, class Bins, class D = run_to_run, class P = tuned>
requires(detail::range_argument<In> && detail::range_argument<Counts>)
void histogram(S const& stream, In&& in, Counts&& counts, Bins const& bins, options<D, P> const& o = {},
               source_location where = source_location::current()) {
  auto const q = detail::ref_of(stream, where);
  detail::require_operands(q, "histogram", o.workspace, where, in, counts);
  detail::queue_histogram<P>(q, detail::view_for_kernel(in, where), detail::view_for_kernel(counts, where), bins, o.workspace, where);
}

}  // namespace CROSSLANE_CONFIGURATION

}  // namespace crosslane
