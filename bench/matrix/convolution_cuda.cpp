// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Convolutions of 1024 images of 8 x 8 pixels with filters of 3 x 3, as many output channels as channels.
#include "comparison.hpp"
#include "cudnn.hpp"

#include <crosslane/matrix.hpp>

namespace bench {
namespace {

struct convolution_operands {
  struct set {
    xl::buffer<xl::half> in, filter, out;
  };

  convolution_operands(xl::stream_ref q_, convolution_sizes const& s_, bool in_cache)
      : q{q_},
        s{s_},
        sets{in_cache ? 1 : sets_beyond_cache(2.0 * double(in_size() + out_size() + filter_size()))},
        operations{2.0 * double(out_size()) * s.filter * s.filter * s.channels} {}

  void make() {
    if (!memory.empty()) return;
    for (unsigned i = 0; i < unsigned(sets); ++i)
      memory.push_back({make_random<xl::half>(q, in_size(), 2 * i), make_random<xl::half>(q, filter_size(), 2 * i + 1),
                        xl::buffer<xl::half>{q, out_size()}});
    q.synchronize();
  }
  void spoil(int i) { xl::fill(q, memory[std::size_t(i)].out, poison<xl::half>::value()); }

  /// Compares all pixels of some images and output channels with their definition in double.
  void check(int i) const {
    set const& of = memory[std::size_t(i)];
    require_written(q, of.out);
    auto const size = [](int n) { return std::size_t(n); };
    int const taps = s.filter * s.filter, margin = (s.filter - 1) / 2, pixels = s.height * s.width;
    for (int const image : {0, s.images / 3, s.images - 1}) {
      auto const in = download(q, of.in, size(image) * size(pixels * s.channels), size(pixels * s.channels));
      auto const out = download(q, of.out, size(image) * size(pixels * s.outputs), size(pixels * s.outputs));
      for (int const k : {0, 7, s.outputs / 2 + 1, s.outputs - 1}) {
        auto const filter = download(q, of.filter, size(k) * size(taps * s.channels), size(taps * s.channels));
        for (int p = 0; p < pixels; ++p) {
          double sum = 0, all = 0;
          for (int t = 0; t < taps; ++t) {
            int const y = p / s.width + t / s.filter - margin, x = p % s.width + t % s.filter - margin;
            if (y < 0 || y >= s.height || x < 0 || x >= s.width) continue;
            for (int c = 0; c < s.channels; ++c) {
              double const term = in[size((y * s.width + x) * s.channels + c)] * filter[size(t * s.channels + c)];
              sum += term;
              all += std::abs(term);
            }
          }
          require_close(out[size(p * s.outputs + k)], sum, 0x1p-16 * all + 1.01 * rounding<xl::half> * std::abs(sum),
                        "pixel and output channel", p, k);
        }
      }
    }
  }

  /// Queues our convolution.
  void queue(int i, xl::detail::workspace_reference workspace) {
    set& of = memory[std::size_t(i)];
    xl::nhwc const in{{s.images, s.channels, s.height, s.width}}, out{{s.images, s.outputs, s.height, s.width}};
    xl::khwc const filter{{s.outputs, s.channels, s.filter, s.filter}};
    xl::convolve(q, xl::tensor_view<xl::half const, xl::nhwc>{of.in.data(), in},
                 xl::tensor_view<xl::half const, xl::khwc>{of.filter.data(), filter},
                 xl::tensor_view<xl::half, xl::nhwc>{of.out.data(), out}, {}, xl::options<>{.workspace = workspace});
  }

  [[nodiscard]] std::size_t in_size() const { return count({s.images, s.channels, s.height, s.width}); }
  [[nodiscard]] std::size_t out_size() const { return count({s.images, s.outputs, s.height, s.width}); }
  [[nodiscard]] std::size_t filter_size() const { return count({s.outputs, s.channels, s.filter, s.filter}); }

  xl::stream_ref q;
  convolution_sizes s;
  int sets;
  double bytes = 0, operations;
  std::vector<set> memory;

 private:
  static std::size_t count(std::initializer_list<int> extents) {
    std::size_t n = 1;
    for (int const e : extents) n *= std::size_t(e);
    return n;
  }
};

}  // namespace

void register_convolutions(xl::stream_ref q) {
  for (int const channels : {64, 128, 256, 384, 512})
    for (bool const in_cache : {false, true}) {
      if (in_cache && channels > 128) continue;
      convolution_sizes const s{1024, channels, channels, 8, 8, 3};
      auto const operands = std::make_shared<convolution_operands>(q, s, in_cache);
      std::string const group = "convolution 3x3 half 1024x" + std::to_string(channels) + "x8x8" + (in_cache ? " in the cache" : "");
      add_side(operands, group + "/crosslane", [](convolution_operands& of) -> queued_call {
        call_workspace const memory{of.q, [&](auto const& o) { of.queue(0, o.workspace); }};
        return [&of, memory](int set) { of.queue(set, memory.reference()); };
      });
#if BENCH_CUDNN
      add_side(operands, group + "/rival/cuDNN " + cudnn_version(), [](convolution_operands& of) -> queued_call {
        std::vector<convolution_memory> sets;
        for (auto& m : of.memory) sets.push_back({m.in.data(), m.filter.data(), m.out.data()});
        auto const call = cudnn_convolution(of.q, of.s, sets, [&of](std::function<void()> const& run) {
          of.spoil(0);
          run();
          try {
            of.check(0);
            return true;
          } catch (std::exception const&) {
            return false;
          }
        });
        return [call, sets](int set) { call(sets[std::size_t(set)]); };
      });
#endif
    }
}

}  // namespace bench
