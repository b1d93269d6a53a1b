// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Measures one kernel over images in four orders of memory, on every device that this program was built for and on the CPU. Compares the
/// results.
#include "common/difference.hpp"
#include "common/program.hpp"
#include "common/recorder.hpp"
#include "softmax.hpp"

#include <random>

namespace layouts {
namespace {

struct problem {
  xl::image_extents extents;
  std::vector<float> in, expected;

  explicit problem(xl::image_extents const& e) : extents{e}, in(std::size_t(e.size())) {
    std::mt19937 random{1};
    for (auto& x : in) x = float(random() >> 8) / (1 << 21) - 4;  // in [-4, 4)
    expected = reference(in, e);
  }
};

template <xl::tensor_layout L, xl::runtime_backend Backend>
void measure(char const* name, xl::basic_stream<Backend> const& q, problem const& p, examples::recorder<Backend>& recorder) {
  using tensor = xl::basic_tensor<float, L, xl::memory_kind::device, Backend>;
  using planes = xl::basic_tensor<float, xl::nchw, xl::memory_kind::device, Backend>;
  planes source{q, p.extents}, result{q, p.extents};
  tensor in{q, p.extents}, out{q, p.extents};
  xl::copy(q, p.in, source.storage());
  xl::convert(q, source, in);
  auto const constant = xl::tensor_view<float const, L>{in.view()};
  recorder.run(name, 2 * p.in.size() * sizeof(float), [&] { run_softmax(q, constant, out); });
  xl::convert(q, out, result);
  std::vector<float> got(p.in.size());
  xl::copy(q, result.storage(), got);
  q.synchronize();
  recorder.difference(examples::largest_difference(got, p.expected), tolerance(int(p.extents.template extent<axis::c>())));
}

constexpr auto usage =
    "usage: layouts [options] [images] [channels] [side]\n"
    "\n"
    "Softmax over the channels of random images (16 images of 64 channels of 128 x 128 unless said), by one kernel over four layouts, on\n"
    "every device found and on the CPU with waves of 32 and of 64 lanes; compared with the definition in double.\n"
    "\n";

void run(examples::options const& chosen) {
  auto const& numbers = chosen.operands;
  auto const number = [&](std::size_t i, char const* name, std::size_t otherwise, std::size_t most) {
    return int(numbers.size() > i ? examples::parse_count(numbers[i], name, 1, most) : otherwise);
  };
  int const images = number(0, "images", 16, 1024), channels = number(1, "channels", 64, 1024), side = number(2, "side", 128, 256);
  examples::require_device(chosen, "layouts");
  auto const old = examples::old_rows(chosen);

  std::vector<examples::row> made;
  {
    examples::progress shown;
    shown.show("the reference: plain C++, one thread");
    problem const p{{images, channels, side, side}};
    examples::for_each_device(chosen, [&](auto device) {
      xl::basic_stream const q{device};
      examples::recorder recorder{q, chosen.repeat, shown};
      measure<xl::nchw>("nchw", q, p, recorder);
      measure<xl::nhwc>("nhwc", q, p, recorder);
      measure<xl::nhcw>("nhcw", q, p, recorder);
      measure<xl::nchw_c<16>>("nchw_c<16>", q, p, recorder);
      made.insert(made.end(), recorder.rows().begin(), recorder.rows().end());
    });
  }
  std::cout << images << " images of " << channels << " channels of " << side << " x " << side << "\n\n";
  examples::print_rows(chosen, old, made);
  std::cout << "\nGB/s: bytes of the tensor before and after, by time\n"
               "difference: the largest from the definition in double\n\n";
}

}  // namespace
}  // namespace layouts

int main(int count, char** arguments) { return examples::run_program("layouts", layouts::usage, count, arguments, 3, layouts::run); }
