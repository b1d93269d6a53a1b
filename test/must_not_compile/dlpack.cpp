// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <crosslane/tensor/dlpack.hpp>
#include <crosslane/tensor/mdspan.hpp>

#include <crosslane/tensor.hpp>

#include <complex>

namespace xl = crosslane;

struct number {
  float value;
};

/// A matrix with the members of std::mdspan; `Reference` is the type that its accessor returns.
template <class Reference>
struct mdspan {
  using element_type = float;
  using reference = Reference;
  struct extents_type {
    using index_type = int;
    static constexpr std::size_t static_extent(std::size_t) { return std::size_t(-1); }
    extents_type(int n, int m) : lengths{n, m} {}
    int extent(std::size_t r) const { return lengths[r]; }
    int lengths[2];
  };
  struct mapping_type {
    explicit mapping_type(extents_type const& e) : extents{e} {}
    int stride(std::size_t r) const { return r == 0 ? extents.lengths[1] : 1; }
    extents_type extents;
  };
  mdspan(float* p, mapping_type const& m) : data{p}, layout{m} {}
  static constexpr std::size_t rank() { return 2; }
  float* data_handle() const { return data; }
  extents_type extents() const { return layout.extents; }
  mapping_type const& mapping() const { return layout; }
  float* data;
  mapping_type layout;
};
using plain = mdspan<float&>;
using scaled = mdspan<float>;

void views(plain const& m, [[maybe_unused]] scaled const& s) {
  auto const t = xl::from_mdspan<xl::row_major<>>(m);
  (void)xl::to_mdspan<plain>(t);
#if CROSSLANE_TEST_WRONG == 6
  (void)xl::from_mdspan<xl::row_major<>>(s);
#elif CROSSLANE_TEST_WRONG == 7
  (void)xl::to_mdspan<scaled>(t);
#endif
}

void exchange(xl::device d, xl::dlpack::managed_tensor& m, xl::tensor_view<float const, xl::nchw> const& t) {
  (void)xl::dlpack_view<float const, xl::nchw>(d, m);
  (void)xl::to_dlpack(d, t, 0);
#if CROSSLANE_TEST_WRONG == 1
  (void)xl::dlpack_view<float const, xl::nchw_c<8>>(d, m);
#elif CROSSLANE_TEST_WRONG == 2
  (void)xl::to_dlpack<xl::dlpack::managed_tensor>(d, t, 0);
#elif CROSSLANE_TEST_WRONG == 3
  (void)xl::dlpack_view<number, xl::nchw>(d, m);
#elif CROSSLANE_TEST_WRONG == 4
  (void)xl::dlpack_view<float, xl::nchw>(d, m.dl_tensor);
#elif CROSSLANE_TEST_WRONG == 5
  (void)xl::dlpack_view<std::complex<int>, xl::nchw>(d, m);
#endif
}
