// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Views from and to mdspans: the standard library's where it has them, else CUDA's, else a class of the same shape.
#include <tensor/reference.hpp>

#include <crosslane/tensor/mdspan.hpp>

#if __has_include(<mdspan>)
#include <mdspan>
#endif
#if defined(__cpp_lib_mdspan)
namespace mds = std;
#elif __has_include(<cuda/std/mdspan>)
#include <cuda/std/mdspan>
namespace mds = cuda::std;
#else
#include <array>
namespace mds {

/// The public members of std::mdspan, with run-time extents.
template <class Index, std::size_t Rank>
struct dextents {
  using index_type = Index;
  template <class... N>
  explicit dextents(N... n) : lengths{Index(n)...} {}
  static constexpr std::size_t static_extent(std::size_t) { return std::size_t(-1); }
  Index extent(std::size_t r) const { return lengths[r]; }
  std::array<Index, Rank> lengths;
};
struct layout_right {
  template <class E>
  struct mapping {
    explicit mapping(E const& e) : extents{e} {}
    typename E::index_type stride(std::size_t r) const {
      typename E::index_type result = 1;
      for (std::size_t i = r + 1; i < extents.lengths.size(); ++i) result *= extents.lengths[i];
      return result;
    }
    E extents;
  };
};
struct layout_stride {
  template <class E>
  struct mapping {
    using array = decltype(E::lengths);
    mapping(E const& e, array const& s) : extents{e}, steps{s} {}
    typename E::index_type stride(std::size_t r) const { return steps[r]; }
    array strides() const { return steps; }
    E extents;
    array steps;
  };
};
template <class T, class E, class Layout = layout_right>
class mdspan {
 public:
  using element_type = T;
  using extents_type = E;
  using mapping_type = typename Layout::template mapping<E>;
  mdspan(T* data, mapping_type const& m) : data_{data}, mapping_{m} {}
  static constexpr std::size_t rank() { return sizeof(E::lengths) / sizeof(typename E::index_type); }
  T* data_handle() const { return data_; }
  E const& extents() const { return mapping_.extents; }
  mapping_type const& mapping() const { return mapping_; }

 private:
  T* data_;
  mapping_type mapping_;
};

}  // namespace mds
#endif

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

using matrix = mds::dextents<int, 2>;
using images = mds::dextents<std::size_t, 4>;

template <class M>
std::size_t offset_in(M const& m, std::initializer_list<std::size_t> index) {
  std::size_t result = 0, r = 0;
  for (std::size_t const i : index) result += i * std::size_t(m.mapping().stride(r++));
  return result;
}

CROSSLANE_TEST_ONCE(tensor_mdspan, out_and_in) {
  std::vector<float> elements(2 * 3 * 4 * 5);
  xl::tensor_view const t{elements.data(), xl::nhwc{{2, 3, 4, 5}}};
  using strided = mds::mdspan<float, images, mds::layout_stride>;
  strided const m = xl::to_mdspan<strided>(t);
  CROSSLANE_CHECK(m.data_handle() == elements.data());
  for_each_index(t.layout(), [&](auto const& i) {
    CROSSLANE_CHECK_EQ(offset_in(m, {std::size_t(i[0]), std::size_t(i[1]), std::size_t(i[2]), std::size_t(i[3])}),
                       std::size_t(t.layout().offset(i)));
  });
  auto const back = xl::from_mdspan<xl::nhwc>(m);
  CROSSLANE_CHECK(back.data() == t.data() && back.layout() == t.layout());
  using any = xl::strided<xl::image_extents, xl::nhwc::order, xl::strides<xl::dynamic, 1, xl::dynamic, xl::dynamic>>;
  auto const part = xl::from_mdspan<any>(xl::to_mdspan<strided>(xl::subrange<axis::w>(t, 1, 3)));
  CROSSLANE_CHECK(&part(1, 2, 3, 2) == &t(1, 2, 3, 3));

  using right = mds::mdspan<float const, matrix>;
  xl::tensor_view const rows{elements.data(), xl::row_major<>{{6, 20}}};
  right const r = xl::to_mdspan<right>(rows);
  CROSSLANE_CHECK_EQ(int(r.extents().extent(0)), 6);
  CROSSLANE_CHECK_EQ(int(r.mapping().stride(0)), 20);
  CROSSLANE_CHECK((&xl::from_mdspan<xl::row_major<>>(r)(5, 7) == &rows(5, 7)));
}

CROSSLANE_TEST_ONCE(tensor_mdspan, errors) {
  std::vector<float> elements(120);
  using right = mds::mdspan<float, matrix>;
  xl::tensor_view const columns{elements.data(), xl::column_major<>{{6, 20}}};
  expect_error(xl::errc::invalid_argument, {"to_mdspan: the stride of axis row is 20 in the mdspan and 1 in the tensor's layout"},
               [&] { (void)xl::to_mdspan<right>(columns); });
  right const r = xl::to_mdspan<right>(xl::tensor_view{elements.data(), xl::row_major<>{{6, 20}}});
  expect_error(xl::errc::invalid_argument, {"from_mdspan: the stride of axis row is 20 in the mdspan and 1 in the tensor's layout"},
               [&] { (void)xl::from_mdspan<xl::column_major<>>(r); });
  using fixed_rows = xl::with_fixed<xl::row_major<>, xl::fixed<axis::row, 5>>;
  expect_error(xl::errc::invalid_argument, {"the extent of axis row is 6, the type fixes 5"},
               [&] { (void)xl::from_mdspan<fixed_rows>(r); });
  using small = mds::mdspan<float, mds::dextents<signed char, 2>>;
  xl::tensor_view const wide{elements.data(), xl::row_major<>{{6, 25}}};
  expect_error(xl::errc::limit_exceeded, {"to_mdspan: 150 elements, the limit of the mdspan's 8-bit index is 127"},
               [&] { (void)xl::to_mdspan<small>(wide); });
  xl::tensor_view const empty{elements.data(), xl::row_major<>{{0, 128}}};
  expect_error(xl::errc::limit_exceeded, {"to_mdspan: the extent of axis col is 128, the limit of the mdspan's 8-bit index is 127"},
               [&] { (void)xl::to_mdspan<small>(empty); });
}

// Strides that an index type cannot hold matter where an axis has more than one index.
CROSSLANE_TEST_ONCE(tensor_mdspan, wide_strides) {
  float element = 0;
  using wide = mds::mdspan<float, mds::dextents<std::int64_t, 2>, mds::layout_stride>;
  auto const make = [&](std::int64_t rows, std::int64_t stride) {
    using mapping = wide::mapping_type;
    using array = decltype(std::declval<mapping const&>().strides());
    return wide(&element, mapping(wide::extents_type(rows, std::int64_t{4}), array{{stride, 1}}));
  };
  using any = xl::strided<xl::row_major<>::extents_type, xl::row_major<>::order, xl::strides<xl::dynamic, xl::dynamic>>;
  std::int64_t const far = (std::int64_t{1} << 32) + 4;
  expect_error(xl::errc::limit_exceeded, {"from_mdspan: the stride of axis row is 4294967300, the limit of its 32-bit index is 2147483647"},
               [&] { (void)xl::from_mdspan<any>(make(2, far)); });
  CROSSLANE_CHECK_EQ(xl::from_mdspan<any>(make(1, far)).extent<axis::row>(), 1);
  using fixed_rows = xl::strided<xl::row_major<>::extents_type, xl::row_major<>::order, xl::strides<8, 1>>;
  CROSSLANE_CHECK_EQ(xl::from_mdspan<fixed_rows>(make(1, far)).stride<axis::row>(), 8);

  using small = mds::mdspan<float, mds::dextents<signed char, 2>, mds::layout_stride>;
  xl::tensor_view const one_row{&element, any{{1, 4}, {{300, 1}}}};
  CROSSLANE_CHECK_EQ(int(xl::to_mdspan<small>(one_row).mapping().stride(0)), 1);
}

}  // namespace
