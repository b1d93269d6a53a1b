// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// numpy_views SEED: parts of tensors of random extents, for numpy_views_test.py, which takes the same parts of NumPy arrays. One line
/// each: (name, extents of the tensor, arguments, offset, extents, strides, elements), where element i of the memory is i, and offset and
/// strides are in elements. A layout without strides has none in the line.
#include <crosslane/tensor.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <random>
#include <string>
#include <vector>

namespace {

namespace xl = crosslane;
namespace axis = xl::axis;
using xl::axes;
struct outer : xl::axis_tag {};
struct inner : xl::axis_tag {};

struct table {
  std::mt19937 engine;
  std::vector<int> memory = std::vector<int>(1 << 16);

  /// Returns a number from `least` to `most`.
  int random(int least, int most) { return least + int(engine() % unsigned(most - least + 1)); }

  static void print_list(std::vector<std::int64_t> const& numbers) {
    std::printf(", [");
    for (auto const n : numbers) std::printf("%lld,", static_cast<long long>(n));
    std::printf("]");
  }

  template <class T, class L>
  void print(std::string const& name, xl::image_extents const& of, std::vector<std::int64_t> const& arguments,
             xl::tensor_view<T, L> const& t) const {
    using E = typename L::extents_type;
    std::vector<std::int64_t> lengths, strides, elements;
    [&]<class... A>(axes<A...>) {
      (lengths.push_back(t.template extent<A>()), ...);
      if constexpr (xl::strided_layout<L>) (strides.push_back(t.template stride<A>() * std::int64_t(sizeof(T) / sizeof(int))), ...);
    }(typename E::axes{});
    typename E::multi_index i{};
    for (std::int64_t k = 0; k < t.size(); ++k) {
      elements.push_back(*reinterpret_cast<int const*>(&t[i]));
      for (int a = E::rank - 1; a >= 0 && ++i[a] == lengths[std::size_t(a)]; --a) i[a] = 0;
    }
    std::printf("(\"%s\"", name.c_str());
    print_list({of.extent<axis::n>(), of.extent<axis::c>(), of.extent<axis::h>(), of.extent<axis::w>()});
    print_list(arguments);
    std::printf(", %lld", static_cast<long long>(reinterpret_cast<int const*>(t.data()) - memory.data()));
    print_list(lengths);
    print_list(strides);
    print_list(elements);
    std::puts(")");
  }

  /// A range within 0 ... extent - 1 that may be empty.
  std::pair<int, int> range(int extent) {
    int const begin = random(0, extent);
    return {begin, random(0, extent - begin)};
  }

  /// Prints the parts of an image in layout L.
  template <class L>
  void print_parts(std::string const& layout, L const& l, xl::image_extents const& e, std::vector<std::int64_t> const& pitch = {}) {
    xl::tensor_view<int const, L> const t{memory.data(), l};
    auto const show = [&](char const* name, std::vector<std::int64_t> arguments, auto const& view) {
      arguments.insert(arguments.begin(), pitch.begin(), pitch.end());
      print(layout + " " + name, e, arguments, view);
    };
    show("all", {}, t);
    int const n = random(0, e.extent<axis::n>() - 1), c = random(0, e.extent<axis::c>() - 1), h = random(0, e.extent<axis::h>() - 1);
    auto const [w_begin, w_count] = range(e.extent<axis::w>());
    auto const [c_begin, c_count] = range(e.extent<axis::c>());
    show("fix n", {n}, xl::fix<axis::n>(t, n));
    show("fix c", {c}, xl::fix<axis::c>(t, c));
    show("fix c and h", {c, h}, xl::fix<axis::h>(xl::fix<axis::c>(t, c), h));
    show("subrange of w", {w_begin, w_count}, xl::subrange<axis::w>(t, w_begin, w_count));
    show("subrange of c and w", {c_begin, c_count, w_begin, w_count},
         xl::subrange<axis::w>(xl::subrange<axis::c>(t, c_begin, c_count), w_begin, w_count));
    show("fix h of subrange of c", {c_begin, c_count, h}, xl::fix<axis::h>(xl::subrange<axis::c>(t, c_begin, c_count), h));
  }

  template <class L>
  void print_views(std::string const& layout, L const& l, xl::image_extents const& e, std::vector<std::int64_t> const& pitch = {}) {
    print_parts(layout, l, e, pitch);
    xl::tensor_view<int const, L> const t{memory.data(), l};
    auto const show = [&](char const* name, std::vector<std::int64_t> arguments, auto const& view) {
      arguments.insert(arguments.begin(), pitch.begin(), pitch.end());
      print(layout + " " + name, e, arguments, view);
    };
    int const h = random(0, e.extent<axis::h>() - 1), count = random(1, 3);
    int const c_half = e.extent<axis::c>() / 2;
    auto const [w_begin, w_count] = range(e.extent<axis::w>());
    show("permute", {}, xl::permute<axis::w, axis::n, axis::h, axis::c>(t));
    show("permute of a part", {h, w_begin, w_count},
         xl::permute<axis::w, axis::c, axis::n>(xl::subrange<axis::w>(xl::fix<axis::h>(t, h), w_begin, w_count)));
    show("rename", {}, xl::rename<axis::c, axis::k>(t));
    show("broadcast", {count}, xl::broadcast<outer>(t, count));
    show("broadcast of a part", {count, h}, xl::broadcast<outer>(xl::fix<axis::h>(t, h), count));
    show("split c", {2}, xl::split<axis::c, outer, inner>(t, 2));  // c is even
    show("split c, fix outer", {c_half - 1}, xl::fix<outer>(xl::split<axis::c, outer, xl::fixed<inner, 2>>(t), c_half - 1));
  }

  void print_all() {
    std::iota(memory.begin(), memory.end(), 0);
    xl::image_extents const e{random(1, 4), 2 * random(1, 4), random(1, 5), 4 * random(1, 3)};
    int const pitch = e.extent<axis::w>() + 4 * random(0, 2);
    xl::nchw const planes{e};
    xl::nhwc const pixels{e};
    xl::chwn const batches{e};
    auto const rows = xl::make_padded<axes<axis::n, axis::c, axis::h, axis::w>>(e, pitch);
    print_views("nchw", planes, e);
    print_views("nhwc", pixels, e);
    print_views("chwn", batches, e);
    print_views("padded", rows, e, {pitch});
    print_parts("nchw_c<4>", xl::nchw_c<4>{e}, e);

    auto const [c_begin, c_count] = range(e.extent<axis::c>());
    xl::tensor_view<int const, xl::nchw> const t{memory.data(), planes};
    print("nchw merge h and w", e, {}, xl::merge<axis::h, axis::w, outer>(t));
    print("nchw merge c and h of a subrange of c", e, {c_begin, c_count},
          xl::merge<axis::c, axis::h, outer>(xl::subrange<axis::c>(t, c_begin, c_count)));
    print("nchw vectorised", e, {}, xl::vectorised<4>(t));
    print("padded vectorised", e, {pitch}, xl::vectorised<4>(xl::tensor_view<int const, decltype(rows)>{memory.data(), rows}));
    print("nhwc merge h and w", e, {}, xl::merge<axis::h, axis::w, outer>(xl::tensor_view<int const, xl::nhwc>{memory.data(), pixels}));
    print("chwn merge w and n", e, {}, xl::merge<axis::w, axis::n, outer>(xl::tensor_view<int const, xl::chwn>{memory.data(), batches}));
  }
};

}  // namespace

int main(int count, char** arguments) {
  table t{std::mt19937{count > 1 ? unsigned(std::strtoul(arguments[1], nullptr, 10)) : 1u}};
  for (int round = 0; round < 20; ++round) t.print_all();
}
