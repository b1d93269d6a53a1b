// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The cost of checks on the host, in processor time, against the same kernels in a plain build at level off. Compiled into bench.host and,
/// with crosslane::checked, into bench.checked. ratios.py combines both by their names.
#include "../bench.hpp"

#include "kernels/blur.hpp"
#include "kernels/equalise.hpp"
#include "kernels/sobel.hpp"

#include <crosslane/check.hpp>

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <time.h>

namespace bench {
namespace {

namespace checks = xl::checks;

/// Returns the processor time of all threads of the process.
double processor_seconds() {
  timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return double(time.tv_sec) + double(time.tv_nsec) * 1e-9;
}

/// All kernels of the example photo, once each.
class picture {
 public:
  explicit picture(xl::device d)
      : q_{d},
        bytes_{q_, size},
        planes_{q_, photo::make_planar(size)},
        across_{q_, photo::make_planar(size)},
        blurred_{q_, photo::make_planar(size)},
        equalised_{q_, photo::make_planar(size)},
        edges_{q_, {size.extent<photo::axis::h>(), size.extent<photo::axis::w>()}},
        curve_{q_, photo::bins},
        counts_{q_, photo::bins} {
    std::vector<unsigned char> noise(std::size_t(size.size()));
    unsigned state = 1;
    for (unsigned char& value : noise) value = static_cast<unsigned char>((state = state * 1664525u + 1013904223u) >> 24);
    xl::copy(q_, noise, bytes_.storage());
    q_.synchronize();
  }

  void run() {
    namespace k = photo::kernels;
    xl::convert_scaled(q_, bytes_, planes_, photo::byte_step);
    xl::launch(q_, {.grid = k::blur_horizontal::grid(size)}, k::blur_horizontal{photo::blur_weights}, planes_, across_);
    xl::launch(q_, {.grid = k::blur_vertical::grid(size)}, k::blur_vertical{photo::blur_weights}, across_, blurred_);
    xl::launch(q_, {.grid = k::sobel::grid(size)}, k::sobel{}, planes_, edges_);
    xl::fill(q_, counts_, 0u);
    auto const groups = photo::in_groups(std::as_const(planes_).view());
    xl::launch(q_, {.grid = groups.blocks()}, k::histogram{}, groups, counts_);
    xl::launch(q_, {.grid = 1}, k::equalising_curve{}, counts_, curve_);
    xl::launch(q_, {.grid = groups.blocks()}, k::equalise{}, groups, curve_, photo::in_groups(equalised_.view()));
    xl::transform(q_, blurred_, packed_, k::to_byte{});
  }

 private:
  static constexpr photo::picture_extents size{3, 216, 384};
  xl::stream q_;
  xl::tensor<unsigned char, photo::interleaved> bytes_, packed_{q_, size};
  xl::tensor<float, photo::planar> planes_, across_, blurred_, equalised_;
  xl::tensor<float, photo::plane> edges_;
  xl::buffer<float> curve_;
  xl::buffer<unsigned> counts_;
};

/// c = a b, for matrices of `size` rows and columns, by tiles in shared memory.
struct tiled_product {
  static constexpr int dimensions = 2;
  static constexpr unsigned tile = 16, size = 192;
  static constexpr auto block = xl::block_size<tile, tile>;

  struct shared {
    float a[tile][tile], b[tile][tile];
  };

  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, xl::span<float const> a, xl::span<float const> b, xl::span<float> c) const {
    auto const thread = ctx.thread_index();
    unsigned const row = ctx.block_index().y * tile + thread.y, column = ctx.block_index().x * tile + thread.x;
    float sum = 0;
    for (unsigned first = 0; first < size; first += tile) {
      s.a[thread.y][thread.x] = a[row * size + first + thread.x];
      s.b[thread.y][thread.x] = b[(first + thread.y) * size + column];
      ctx.sync_block();
      for (unsigned k = 0; k < tile; ++k) sum += s.a[thread.y][k] * s.b[k][thread.x];
      ctx.sync_block();
    }
    c[row * size + column] = sum;
  }
};

class product {
 public:
  explicit product(xl::device d) : q_{d}, a_{q_, count}, b_{q_, count}, c_{q_, count} {
    xl::fill(q_, a_, 1.5f);
    xl::fill(q_, b_, 2.5f);
    q_.synchronize();
  }
  void run() {
    constexpr unsigned tiles = tiled_product::size / tiled_product::tile;
    xl::launch(q_, {.grid = {tiles, tiles}}, tiled_product{}, a_, b_, c_);
  }

 private:
  static constexpr std::size_t count = std::size_t{tiled_product::size} * tiled_product::size;
  xl::stream q_;
  xl::buffer<float> a_, b_, c_;
};

template <class Work>
void add_levels(std::string const& name) {
  for (int const index : {0, 1}) {
    xl::device const d{index};
    auto const work = std::make_shared<Work>(d);
    std::string const of = " of " + name + ", waves of " + std::to_string(d.properties().wave_size) + '/';
    auto const add_level = [&](std::string const& name_of_level, checks::level level) {
      auto const seconds = [=] {
        // Seed 1 uses one thread, like level full. OpenMP's waiting threads spin, which would count as processor time.
        checks::options const o{.level = level, .seed = 1};
        double const begin = processor_seconds();
        checks::report const r = checks::collect([&] { work->run(); }, o);
        double const end = processor_seconds();
        if (!r.empty()) throw std::runtime_error(r.text());
        return end - begin;
      };
      add({.name = name_of_level, .iterations = 1, .repetitions = 9, .seconds = seconds, .prepare = [=] { seconds(); }});
    };
#if CROSSLANE_CONFIG_ACCESS_CHECKS
    add_level("level full" + of + "crosslane", checks::level::full);
    add_level("level basic" + of + "other/checked build", checks::level::basic);
#else
    add_level("level full" + of + "rival/plain build, off", checks::level::off);
    add_level("level basic" + of + "rival/plain build, off", checks::level::off);
    add_level("level basic" + of + "crosslane", checks::level::basic);
#endif
  }
}

}  // namespace

void register_check_cost() {
  add_levels<picture>("photo's kernels");
  add_levels<product>("a tiled product");
}

}  // namespace bench
