// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Tensors from and to DLPack: they share memory, only the right layouts match, each mistake gives one clear error, memory is freed once.
#include <crosslane/tensor/dlpack.hpp>

#include <tensor/reference.hpp>

#include <complex>
#include <memory>

namespace xl = crosslane;
using namespace crosslane_test;

/// The structures of a program's own dlpack.h: other types with the same members.
namespace theirs {
enum DLDeviceType : std::int32_t { kDLCPU = 1 };
struct DLDevice {
  DLDeviceType device_type;
  std::int32_t device_id;
};
struct DLDataType {
  std::uint8_t code, bits;
  std::uint16_t lanes;
};
struct DLTensor {
  void* data;
  DLDevice device;
  std::int32_t ndim;
  DLDataType dtype;
  std::int64_t* shape;
  std::int64_t* strides;
  std::uint64_t byte_offset;
};
struct DLManagedTensor {
  DLTensor dl_tensor;
  void* manager_ctx;
  void (*deleter)(DLManagedTensor*);
};
}  // namespace theirs

namespace {

using managed = xl::dlpack::managed_tensor_versioned;
using nchw_strided = xl::with_strides<xl::nchw>;
using wide = xl::with_index<xl::nchw, std::int64_t>;
static_assert(std::is_same_v<nchw_strided, xl::strided<xl::image_extents, xl::nchw::order, xl::strides<-1, -1, -1, -1>>>);
static_assert(xl::dlpack_managed<theirs::DLManagedTensor> && xl::dlpack_managed<managed> && !xl::dlpack_managed<theirs::DLTensor>);
static_assert(offsetof(managed, flags) == 24 && offsetof(managed, dl_tensor) == 32 && offsetof(xl::dlpack::managed_tensor, deleter) == 56);

/// A tensor of another library: floats, unless a test changes the type, on the device of the test.
struct foreign {
  std::int64_t shape[4], strides[4];
  managed m{};
  int deleted = 0;

  foreign(xl::device d, void* data, std::initializer_list<std::int64_t> s, std::initializer_list<std::int64_t> t) {
    std::copy(s.begin(), s.end(), shape);
    std::copy(t.begin(), t.end(), strides);
    auto const place = xl::default_backend::place_in_dlpack(xl::memory_kind::device, d.index());
    m = {xl::dlpack::current_version,
         this,
         [](managed* self) { ++static_cast<foreign*>(self->manager_ctx)->deleted; },
         0,
         {data, {place.device_type, place.device_id}, int(s.size()), {2, 32, 1}, shape, strides, 0}};
  }
  foreign(foreign const&) = delete;
};

/// The k-th element in the order of memory becomes k + 1, through the view of a foreign tensor; nothing else changes.
template <class L>
void check_import(xl::device d, std::initializer_list<std::int64_t> shape, std::initializer_list<std::int64_t> strides, L const& same,
                  source_location where = source_location::current()) {
  xl::stream const q{d};
  std::size_t const span = std::size_t(same.span_size());
  xl::buffer<int> memory{q, span + 3}, expected{q, span + 3};
  foreign f{d, memory.data(), shape, strides};
  f.m.dl_tensor.dtype = {0, 32, 1};
  f.m.dl_tensor.byte_offset = 8;
  if (strides.size() == 0) f.m.dl_tensor.strides = nullptr;
  if (!xl::dlpack_matches<int, L>(f.m)) return fail("the layout does not match", where);
  auto const view = xl::dlpack_view<int, L>(d, f.m);
  if (!(view.layout() == same)) fail("another layout than that of the tensor", where);
  xl::fill(q, memory, -1);
  xl::fill(q, expected, -1);
  xl::launch(q, {.grid = 2, .block = 64}, write_positions{}, view);
  xl::launch(q, {.grid = 2, .block = 64}, write_positions{}, xl::tensor_view<int, L>{expected.data() + 2, same});
  if (read(q, memory) != read(q, expected)) fail("a view of other elements", where);
}

CROSSLANE_TEST(dlpack, views_of_exact_layouts) {
  check_import(d, {2, 3, 4, 5}, {60, 20, 5, 1}, xl::nchw{{2, 3, 4, 5}});
  check_import(d, {2, 3, 4, 5}, {}, xl::nchw{{2, 3, 4, 5}});
  check_import(d, {2, 3, 4, 5}, {60, 1, 15, 3}, xl::nhwc{{2, 3, 4, 5}});
  check_import(d, {2, 3, 4, 5}, {60, 20, 5, 1}, wide{{2, 3, 4, 5}});
  check_import(d, {2, 3, 4, 5}, {60, 1, 15, 3}, xl::with_fixed<xl::nhwc, xl::fixed<axis::c, 3>>{{2, 3, 4, 5}});
  check_import(d, {7, 5}, {1, 7}, xl::column_major<>{{7, 5}});
  // The stride of an axis of one index is ignored; without elements all strides are.
  check_import(d, {1, 3, 1, 5}, {-7, 5, 999, 1}, xl::nchw{{1, 3, 1, 5}});
  check_import(d, {2, 0, 4, 5}, {1, 1, 1, 1}, xl::nchw{{2, 0, 4, 5}});
}

CROSSLANE_TEST(dlpack, views_with_strides) {
  check_import(d, {2, 3, 4, 5}, {60, 20, 5, 1}, nchw_strided{{2, 3, 4, 5}, {{60, 20, 5, 1}}});
  check_import(d, {2, 3, 4, 5}, {200, 60, 12, 2}, nchw_strided{{2, 3, 4, 5}, {{200, 60, 12, 2}}});
  check_import(d, {2, 3, 4, 5}, {100, 2, 25, 5}, xl::with_strides<xl::nhwc>{{2, 3, 4, 5}, {{100, 2, 25, 5}}});
  check_import(d, {2, 3, 4, 5}, {96, 32, 8, 1}, xl::make_padded<xl::nchw::order>(xl::image_extents{2, 3, 4, 5}, 8));
  check_import(d, {1, 3, 1, 5}, {-7, 5, 999, 1}, nchw_strided{{1, 3, 1, 5}, {{15, 5, 5, 1}}});
  using rows = xl::extents<int, axis::row, axis::col>;
  using repeated = xl::strided<rows, rows::axes, xl::strides<0, 1>>;
  xl::stream const q{d};
  xl::buffer<float> memory{q, 5};
  foreign f{d, memory.data(), {3, 5}, {0, 1}};
  CROSSLANE_CHECK((xl::dlpack_view<float const, repeated>(d, f.m).layout() == repeated{rows{3, 5}}));
  f.strides[0] = 5;
  CROSSLANE_CHECK((!xl::dlpack_matches<float const, repeated>(f.m)));
}

CROSSLANE_TEST(dlpack, layouts_are_told_apart) {
  foreign f{d, nullptr, {2, 3, 4, 5}, {60, 1, 15, 3}};
  CROSSLANE_CHECK((xl::dlpack_matches<float, xl::nhwc>(f.m) && !xl::dlpack_matches<float, xl::nchw>(f.m)));
  CROSSLANE_CHECK((!xl::dlpack_matches<float, xl::nhcw>(f.m) && !xl::dlpack_matches<float, nchw_strided>(f.m)));
  CROSSLANE_CHECK((!xl::dlpack_matches<int, xl::nhwc>(f.m) && !xl::dlpack_matches<float, xl::row_major<>>(f.m)));
  CROSSLANE_CHECK((!xl::dlpack_matches<float, xl::with_fixed<xl::nhwc, xl::fixed<axis::c, 4>>>(f.m)));
  f.m.flags = xl::dlpack::read_only;
  CROSSLANE_CHECK((!xl::dlpack_matches<float, xl::nhwc>(f.m) && xl::dlpack_matches<float const, xl::nhwc>(f.m)));
}

CROSSLANE_TEST(dlpack, wrong_tensors) {
  xl::stream const q{d};
  xl::buffer<float> memory{q, 120};
  using enum xl::errc;
  // `change` makes the one thing wrong.
  auto const check = [&]<class T, class L>(xl::errc code, std::initializer_list<std::string> parts, T, L const&, auto const& change) {
    foreign f{d, memory.data(), {2, 3, 4, 5}, {60, 20, 5, 1}};
    (void)xl::dlpack_view<T, xl::nchw>(d, f.m);
    change(f);
    expect_error(code, parts, [&] { (void)xl::dlpack_view<T, L>(d, f.m); });
    expect_error(code, parts, [&] { (void)xl::from_dlpack<T, L>(d, &f.m); });
    CROSSLANE_CHECK_EQ(f.deleted, 0);
  };
  float const number = 0;
  xl::nchw const planes;
  xl::with_strides<xl::nchw> const gaps;
  check(invalid_argument, {"DLPack tensor of float32, shape (2, 3, 4, 5), strides (60, 20, 5, 1), on ", "the pointer to its data is null"},
        number, planes, [](foreign& f) { f.m.dl_tensor.data = nullptr; });
  check(invalid_argument, {"the pointer to its shape is null"}, number, planes, [](foreign& f) { f.m.dl_tensor.shape = nullptr; });
  check(size_mismatch, {"the tensor has 3 axes, the layout has 4"}, number, planes, [](foreign& f) { f.m.dl_tensor.ndim = 3; });
  check(size_mismatch, {"the tensor has 0 axes, the layout has 4 (give a single number the shape (1))"}, number, planes, [](foreign& f) {
    f.m.dl_tensor.ndim = 0;
    f.m.dl_tensor.shape = f.m.dl_tensor.strides = nullptr;
  });
  check(size_mismatch, {"the tensor has -1 axes, the layout has 4"}, number, planes, [](foreign& f) { f.m.dl_tensor.ndim = -1; });
  check(invalid_argument, {"the extent of axis w is -5 but must not be negative"}, number, planes, [](foreign& f) { f.shape[3] = -5; });
  check(invalid_argument, {"the stride of axis h is -5 but must not be negative"}, number, planes, [](foreign& f) { f.strides[2] = -5; });
  check(invalid_argument, {"the stride of axis h is -5 but must not be negative"}, number, gaps, [](foreign& f) { f.strides[2] = -5; });
  check(invalid_argument, {"the stride of axis h is 6, a packed layout of order n, c, h, w needs 5"}, number, planes,
        [](foreign& f) { f.strides[2] = 6; });
  check(invalid_argument, {"strides (60, 20, 5, 1)", "the stride of axis c is 20, a packed layout of order n, h, w, c needs 1"}, number,
        xl::nhwc{}, [](foreign&) {});
  check(invalid_argument, {"the stride of axis c is 15, a strided layout of order n, c, h, w needs at least 20"}, number, gaps,
        [](foreign& f) { f.strides[1] = 15; });
  check(invalid_argument, {"the stride of axis w is 0, a strided layout of order n, c, h, w needs at least 1"}, number, gaps,
        [](foreign& f) { f.strides[3] = 0; });
  check(size_mismatch, {"the extent of axis c is 3, the layout fixes 4"}, number, xl::with_fixed<xl::nchw, xl::fixed<axis::c, 4>>{},
        [](foreign&) {});
  check(invalid_argument, {"float64", "the elements must be float32"}, number, planes, [](foreign& f) { f.m.dl_tensor.dtype.bits = 64; });
  check(invalid_argument, {"bfloat32", "the elements must be float32"}, number, planes, [](foreign& f) { f.m.dl_tensor.dtype.code = 4; });
  check(invalid_argument, {"type code 77 of 32 bits", "the elements must be float32"}, number, planes,
        [](foreign& f) { f.m.dl_tensor.dtype.code = 77; });
  check(invalid_argument, {"float32 in vectors of 4", "the elements must be float32"}, number, planes,
        [](foreign& f) { f.m.dl_tensor.dtype.lanes = 4; });
  check(invalid_argument, {"the tensor is read-only"}, number, planes, [](foreign& f) { f.m.flags = xl::dlpack::read_only; });
  check(misaligned, {"plus the offset of 2 bytes must be a multiple of 4 bytes"}, number, planes,
        [](foreign& f) { f.m.dl_tensor.byte_offset = 2; });
  check(not_supported, {"version 2.0: only versions 1.x are supported"}, number, planes, [](foreign& f) { f.m.version = {2, 0}; });
  check(invalid_device, {"another kind of device 0", " cannot access this memory"}, number, planes,
        [](foreign& f) { f.m.dl_tensor.device = {7, 0}; });
  if constexpr (!host_build) {
    check(invalid_device, {"on CPU 0", " cannot access this memory"}, number, planes, [](foreign& f) { f.m.dl_tensor.device = {1, 0}; });
    check(invalid_device, {" 77", " cannot access this memory"}, number, planes, [](foreign& f) { f.m.dl_tensor.device.device_id = 77; });
  } else {
    check(invalid_device, {"on NVIDIA GPU 0", "host device ", " cannot access this memory"}, number, planes,
          [](foreign& f) { f.m.dl_tensor.device = {2, 0}; });
  }
  expect_error(invalid_argument, {"null"}, [&] { (void)xl::from_dlpack<float, xl::nchw>(d, static_cast<managed*>(nullptr)); });
}

CROSSLANE_TEST(dlpack, sizes_that_cannot_be_counted) {
  xl::stream const q{d};
  xl::buffer<float> memory{q, 1};
  std::int64_t const huge = std::int64_t{1} << 40;
  auto const check = [&]<class L>(std::initializer_list<std::string> parts, L, foreign const& f) {
    expect_error(xl::errc::limit_exceeded, parts, [&] { (void)xl::dlpack_view<float, L>(d, f.m); });
  };
  check({"the extent of axis w is 1099511627776, the limit of the layout's index is 2147483647", "crosslane::with_index"}, xl::nchw{},
        foreign{d, memory.data(), {1, 1, 1, huge}, {1, 1, 1, 1}});
  check({"32-bit index", "crosslane::with_index"}, xl::nchw{}, foreign{d, memory.data(), {1, 1, 65536, 65536}, {1, 1, 65536, 1}});
  check({"32-bit index"}, nchw_strided{}, foreign{d, memory.data(), {1, 1, 2, 2}, {1, 1, huge, 1}});
  check({"64-bit index"}, wide{}, foreign{d, memory.data(), {1, 1, huge, huge}, {1, 1, huge, 1}});
  check({"64-bit index"}, wide{}, foreign{d, memory.data(), {1, 1, 4 * huge, huge / 2}, {1, 1, huge / 2, 1}});  // 2^61 floats: 2^63 bytes
  foreign const large{d, memory.data(), {1, 1, huge, 2}, {1, 1, 2, 1}};
  CROSSLANE_CHECK_EQ((xl::dlpack_view<float, wide>(d, large.m).size()), 2 * huge);
}

template <class T>
void check_type(xl::stream const& q, int code, unsigned lanes = 1) {
  xl::tensor<T, xl::row_major<>> t{q, {3, 4}};
  T* const data = t.data();
  CROSSLANE_CHECK(t.device() == q.device());
  managed* const m = xl::to_dlpack(std::move(t));
  CROSSLANE_CHECK_EQ(int(m->dl_tensor.dtype.code), code);
  CROSSLANE_CHECK_EQ(std::size_t(m->dl_tensor.dtype.bits), 8 * sizeof(T) / lanes);
  CROSSLANE_CHECK_EQ(unsigned(m->dl_tensor.dtype.lanes), lanes);
  auto const back = xl::from_dlpack<T, xl::row_major<>>(q.device(), m);
  CROSSLANE_CHECK(back.data() == data && back.device() == q.device() && back.view().size() == 12);
}

CROSSLANE_TEST(dlpack, element_types) {
  xl::stream const q{d};
  check_type<std::int8_t>(q, 0);
  check_type<std::int16_t>(q, 0);
  check_type<int>(q, 0);
  check_type<long long>(q, 0);
  check_type<std::uint8_t>(q, 1);
  check_type<std::uint64_t>(q, 1);
  check_type<xl::half>(q, 2);
  check_type<float>(q, 2);
  check_type<double>(q, 2);
  check_type<xl::bfloat16>(q, 4);
  check_type<bool>(q, 6);
  check_type<xl::fp8_e4m3>(q, 10);
  check_type<xl::fp8_e4m3_fnuz>(q, 11);
  check_type<xl::fp8_e5m2>(q, 12);
  check_type<xl::fp8_e5m2_fnuz>(q, 13);
  check_type<std::complex<float>>(q, 5);
  check_type<std::complex<double>>(q, 5);
  check_type<xl::complex<float>>(q, 5);
  check_type<xl::vec<float, 4>>(q, 2, 4);
  check_type<xl::vec<std::uint8_t, 2>>(q, 1, 2);
}

/// If the major version differs, only the version is read: other members may have other places.
CROSSLANE_TEST(dlpack, other_versions_are_not_read) {
  foreign f{d, nullptr, {2, 3, 4, 5}, {60, 20, 5, 1}};
  f.m.dl_tensor.shape = f.m.dl_tensor.strides = reinterpret_cast<std::int64_t*>(8);
  for (std::uint32_t const major : {0u, 2u}) {
    f.m.version = {major, 0};
    CROSSLANE_CHECK((!xl::dlpack_matches<float, xl::nchw>(f.m)));
    expect_error(xl::errc::not_supported, {"versions 1.x are supported"}, [&] { (void)xl::dlpack_view<float, xl::nchw>(d, f.m); });
    expect_error(xl::errc::not_supported, {"versions 1.x are supported"}, [&] { (void)xl::from_dlpack<float, xl::nchw>(d, &f.m); });
  }
}

CROSSLANE_TEST(dlpack, given_back_once) {
  xl::stream const q{d};
  xl::buffer<float> memory{q, 120};
  foreign f{d, memory.data(), {2, 3, 4, 5}, {60, 20, 5, 1}}, g{d, memory.data(), {2, 3, 4, 5}, {60, 20, 5, 1}};
  {
    auto a = xl::from_dlpack<float, xl::nchw>(d, &f.m);
    auto b = std::move(a);
    CROSSLANE_CHECK_EQ(f.deleted, 0);
    expect_error(xl::errc::invalid_handle, {"moved from"}, [&] { xl::convert(q, a, b); });
    a = xl::from_dlpack<float, xl::nchw>(d, &g.m);
    a = std::move(b);
    CROSSLANE_CHECK_EQ(g.deleted, 1);
    CROSSLANE_CHECK_EQ(f.deleted, 0);
  }
  CROSSLANE_CHECK_EQ(f.deleted, 1);
  CROSSLANE_CHECK_EQ(g.deleted, 1);
  g.m.deleter = nullptr;
  (void)xl::from_dlpack<float, xl::nchw>(d, &g.m);
}

CROSSLANE_TEST(dlpack, tensors_for_others) {
  xl::stream const q{d};
  xl::tensor<float, xl::nhwc> t{q, {2, 3, 4, 5}};
  xl::fill(q, t.storage(), 7.f);
  float* const data = t.data();
  managed* const m = xl::to_dlpack(std::move(t));
  expect_error(xl::errc::invalid_handle, {"moved from"}, [&] { (void)xl::to_dlpack(std::move(t)); });
  auto const& out = m->dl_tensor;
  CROSSLANE_CHECK(m->version.major == 1 && m->flags == 0 && m->deleter != nullptr);
  CROSSLANE_CHECK(out.data == data && out.byte_offset == 0 && out.ndim == 4);
  CROSSLANE_CHECK_SAME((std::vector<std::int64_t>{out.shape, out.shape + 4}), (std::vector<std::int64_t>{2, 3, 4, 5}));
  CROSSLANE_CHECK_SAME((std::vector<std::int64_t>{out.strides, out.strides + 4}), (std::vector<std::int64_t>{60, 1, 15, 3}));
  CROSSLANE_CHECK(xl::default_backend::reaches_dlpack({out.device.device_type, out.device.device_id}, d.index()));
  CROSSLANE_CHECK_SAME(read(q, xl::span<float const>{data, 120}), std::vector<float>(120, 7.f));
  m->deleter(m);

  // Kinds of memory, and no elements.
  auto* const pinned = xl::to_dlpack(xl::pinned_tensor<float, xl::nchw>{q, {1, 2, 3, 4}});
  auto const place = xl::default_backend::place_in_dlpack(xl::memory_kind::pinned, d.index());
  CROSSLANE_CHECK(pinned->dl_tensor.device.device_type == place.device_type && pinned->dl_tensor.device.device_id == place.device_id);
  CROSSLANE_CHECK((xl::from_dlpack<float, xl::nchw>(d, pinned).data() != nullptr));
  auto* const none = xl::to_dlpack(xl::tensor<float, xl::nchw>{q, {1, 0, 3, 4}});
  CROSSLANE_CHECK(none->dl_tensor.data == nullptr && none->dl_tensor.shape[1] == 0);
  CROSSLANE_CHECK((xl::from_dlpack<float, xl::nchw>(d, none).data() == nullptr));
}

CROSSLANE_TEST(dlpack, views_for_others_keep_their_owner) {
  xl::stream const q{d};
  auto const owner = std::make_shared<xl::tensor<float, xl::nchw>>(q, xl::image_extents{2, 3, 4, 5});
  auto* const part = xl::to_dlpack<theirs::DLManagedTensor>(d, xl::fix<axis::n>(owner->view(), 1), owner);
  std::weak_ptr<xl::tensor<float, xl::nchw>> const left = owner;
  CROSSLANE_CHECK_EQ(left.use_count(), 2);
  CROSSLANE_CHECK(part->dl_tensor.data == owner->data() + 60 && part->dl_tensor.ndim == 3 && part->dl_tensor.strides[0] == 20);
  using chw = xl::packed<xl::extents<int, axis::c, axis::h, axis::w>, xl::axes<axis::c, axis::h, axis::w>>;
  (void)xl::from_dlpack<float, chw>(d, part);
  CROSSLANE_CHECK_EQ(left.use_count(), 1);

  auto* const fixed = xl::to_dlpack(d, xl::tensor_view<float const, xl::nchw>{owner->view()}, owner);
  CROSSLANE_CHECK_EQ(fixed->flags, xl::dlpack::read_only);
  CROSSLANE_CHECK((!xl::dlpack_matches<float, xl::nchw>(*fixed)));
  (void)xl::from_dlpack<float const, xl::nchw>(d, fixed);
  CROSSLANE_CHECK_EQ(left.use_count(), 1);
}

}  // namespace
