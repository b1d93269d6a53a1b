// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Buffers, copies, fills, and the arithmetic of covering.
#include <support/target.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <random>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

struct double_all {
  template <xl::kernel_context Ctx, class T>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<T> x) const {
    for (auto i : ctx.grid_stride(x.size())) x[i] = x[i] + x[i];
  }
};

std::vector<int> random_ints(std::size_t n, unsigned seed) {
  std::mt19937 random{seed};
  std::vector<int> result(n);
  for (int& i : result) i = int(random() % 1000000);
  return result;
}

// --- buffers ---

CROSSLANE_TEST(buffer, sizes) {
  xl::stream const q{d};
  xl::buffer<double> const b{q, 100};
  CROSSLANE_CHECK_EQ(b.size(), 100);
  CROSSLANE_CHECK_EQ(b.size_bytes(), 800);
  CROSSLANE_CHECK(!b.empty());
  CROSSLANE_CHECK(b.data() != nullptr);
  CROSSLANE_CHECK_EQ(reinterpret_cast<std::uintptr_t>(b.data()) % 256, 0);
  CROSSLANE_CHECK(b.view().data() == b.data());
  CROSSLANE_CHECK_EQ(b.view().size(), 100);
  static_assert(std::is_same_v<decltype(b.view()), xl::span<double const>>);
  static_assert(xl::pinned_buffer<int>::host_accessible && xl::managed_buffer<int>::host_accessible && !xl::buffer<int>::host_accessible);
}

CROSSLANE_TEST(buffer, of_nothing) {
  xl::stream const q{d};
  xl::buffer<int> const none{q, 0}, unsaid;
  xl::pinned_buffer<int> const pinned{q, 0u};
  xl::fill(q, xl::span<int>{}, 0);
  CROSSLANE_CHECK(none.empty() && unsaid.empty() && pinned.empty());
  CROSSLANE_CHECK(none.data() == nullptr && unsaid.data() == nullptr && pinned.data() == nullptr);
  CROSSLANE_CHECK_EQ(none.size_bytes(), 0);
  CROSSLANE_CHECK(pinned.begin() == pinned.end());
  xl::copy(q, none, xl::span<int>{});
  std::vector<int> nothing;
  xl::copy(q, none, nothing);
  xl::buffer<int> to{q, 0};
  xl::copy(q, nothing, to);
  xl::fill(q, to, 3);
  q.synchronize();
}

CROSSLANE_TEST(buffer, moves) {
  xl::stream const q{d};
  xl::buffer<int> a{q, 64};
  xl::launch(q, {.grid = 1, .block = 64}, write_ranks{}, a);
  int const* const memory = a.data();
  xl::buffer<int> b{std::move(a)};
  CROSSLANE_CHECK(b.data() == memory && b.size() == 64);
  CROSSLANE_CHECK(a.data() == nullptr && a.size() == 0);
  xl::buffer<int> c;
  c = std::move(b);
  CROSSLANE_CHECK(c.data() == memory);
  xl::buffer<int> e{q, 10};
  e = std::move(c);  // frees what it had
  xl::buffer<int>& same = e;
  e = std::move(same);
  CROSSLANE_CHECK(e.data() == memory);
  CROSSLANE_CHECK_EQ(read(q, e)[63], 190);
  a = xl::buffer<int>{q, 3};  // a moved-from one may be assigned to, and is then whole
  xl::fill(q, a, 4);
  CROSSLANE_CHECK_SAME(read(q, a), (std::vector<int>{4, 4, 4}));
}

CROSSLANE_TEST(buffer, freed_in_the_order_of_the_stream) {
  xl::stream const q{d};
  xl::buffer<int> result{q, 1000};
  for (int round = 0; round < 20; ++round) {
    xl::buffer<int> temporary{q, 1000};
    xl::fill(q, temporary, round);
    xl::copy(q, temporary, result);
  }  // freed while its work may still be queued
  CROSSLANE_CHECK_SAME(read(q, result), std::vector<int>(1000, 19));
}

CROSSLANE_TEST(buffer, outlives_its_stream) {
  xl::stream const other{d};
  xl::buffer<int> memory;
  {
    xl::stream const q{d};
    memory = xl::buffer<int>{q, 64};
    xl::launch(q, {.grid = 1, .block = 64}, write_ranks{}, memory);
    q.synchronize();
  }
  CROSSLANE_CHECK_EQ(read(other, memory)[63], 190);
}

CROSSLANE_TEST(buffer, pinned) {
  xl::stream const q{d};
  xl::pinned_buffer<int> b{q, 100};
  for (std::size_t i = 0; i < b.size(); ++i) b[i] = int(i);
  xl::launch(q, {.grid = 2, .block = 32}, double_all{}, b);
  q.synchronize();
  xl::pinned_buffer<int> const& constant = b;
  int i = 0;
  for (int const x : constant) CROSSLANE_CHECK_EQ(x, 2 * i++);
  CROSSLANE_CHECK_EQ(i, 100);
  CROSSLANE_CHECK_EQ(constant[99], 198);
}

CROSSLANE_TEST(buffer, managed) {
  if (!d.properties().managed_memory) skip("the device has no managed memory");
  xl::stream const q{d};
  xl::managed_buffer<float> b{q, 100};
  float value = 0;
  for (float& x : b) x = value++;
  xl::launch(q, {.grid = 2, .block = 32}, double_all{}, b);
  q.synchronize();
  for (std::size_t i = 0; i < b.size(); ++i) CROSSLANE_CHECK_EQ(b[i], 2.f * float(i));
}

CROSSLANE_TEST(managed, prefetch_and_advice) {
  if (!d.properties().concurrent_managed_access) skip("the device has no concurrent access to managed memory");
  using enum xl::memory_advice;
  auto const host = xl::memory_location::host;
  xl::stream const q{d};
  xl::managed_buffer<int> b{q, 100000}, none{q, 0};
  std::vector<int> const values = random_ints(b.size(), 8);
  std::copy(values.begin(), values.end(), b.begin());
  for (auto const advice : {read_mostly, preferred_location, accessed_by}) {
    xl::advise(d, b, advice);
    xl::unset_advice(d, b, advice);
  }
  for (auto const advice : {preferred_location, accessed_by}) xl::advise(d, std::as_const(b).subspan(5000, 700), advice, host);
  xl::prefetch(q, b);
  xl::launch(q, {.grid = 2, .block = 32}, double_all{}, b);
  xl::prefetch(q, b.subspan(99999, 1), host);
  xl::prefetch(q, b, host);
  xl::prefetch(q, none);
  xl::advise(d, none, read_mostly);
  q.synchronize();
  CROSSLANE_CHECK(std::equal(b.begin(), b.end(), values.begin(), [](int x, int value) { return x == 2 * value; }));
}

CROSSLANE_TEST(managed, is_required) {
  if (!d.properties().concurrent_managed_access) skip("the device has no concurrent access to managed memory");
  auto const code = xl::errc::invalid_argument;
  xl::stream const q{d};
  xl::buffer<int> device{q, 25};
  xl::pinned_buffer<int> pinned{q, 25};
  std::vector<int> vector(25);
  expect_error(code, {"prefetch: 100 bytes at", "not managed memory"}, [&] { xl::prefetch(q, device.view()); });
  expect_error(code, {"prefetch: 100 bytes at", "not managed memory"}, [&] { xl::prefetch(q, pinned.view(), xl::memory_location::host); });
  expect_error(code, {"prefetch: 100 bytes at", "not managed memory"}, [&] { xl::prefetch(q, vector); });
  expect_error(code, {"advise: 100 bytes at"}, [&] { xl::advise(d, vector, xl::memory_advice::read_mostly); });
  expect_error(code, {"unset advice: 100 bytes at"}, [&] { xl::unset_advice(d, vector, xl::memory_advice::read_mostly); });
  xl::managed_buffer<int> b{q, 25};
  xl::prefetch(q, b);
  if (host_build) {  // a GPU rounds allocations up
    expect_error(code, {"prefetch: 104 bytes at"}, [&] { xl::prefetch(q, xl::span{b.data(), 26}); });
    expect_error(code, {"prefetch: 104 bytes at"}, [&] { xl::prefetch(q, xl::span{b.data() - 1, 26}); });
  }
  xl::span<int> const gone = b.view();
  b = {};
  q.synchronize();
  expect_error(code, {"prefetch: 100 bytes at"}, [&] { xl::prefetch(q, gone); });
  xl::managed_buffer<int> const other = std::move(b);
  expect_error(xl::errc::invalid_handle, {"moved from"}, [&] { xl::prefetch(q, b); });
  expect_error(xl::errc::invalid_handle, {"moved from"}, [&] { xl::advise(d, b, xl::memory_advice::accessed_by); });
}

// --- host registration ---

CROSSLANE_TEST(host_registration, copies_and_kernels) {
  xl::stream const q{d};
  std::vector<int> values = random_ints(5000, 9), got(5000);
  std::vector<int> const before = values;
  {
    xl::host_registration<int> const registered{q, values};
    xl::host_registration<int> const target{q, got};
    CROSSLANE_CHECK(registered.size() == 5000 && registered.device() == d);
    xl::buffer<int> b{q, 5000};
    xl::copy(q, values, b);
    xl::launch(q, {.grid = 2, .block = 32}, double_all{}, b);
    xl::launch(q, {.grid = 2, .block = 32}, double_all{}, registered);
    xl::launch(q, {.grid = 2, .block = 32}, double_all{}, registered.view().subspan(0, 1));
    xl::buffer<int> copied{q, registered.size()};
    xl::copy(q, registered, copied);
    CROSSLANE_CHECK_EQ(read(q, copied)[4999], 2 * before[4999]);
    xl::copy(q, b, got);
  }  // waits for the stream
  for (int& x : got) x /= 2;
  CROSSLANE_CHECK_SAME(got, before);
  CROSSLANE_CHECK(values[0] == 4 * before[0] && values[1] == 2 * before[1] && values[4999] == 2 * before[4999]);
}

CROSSLANE_TEST(host_registration, ends_once) {
  xl::stream const q{d};
  std::vector<int> v(1000), w(1000);
  xl::host_registration<int> a{q, v}, none;
  xl::host_registration<int> b{std::move(a)};
  CROSSLANE_CHECK(a.view().empty() && b.size() == 1000 && none.view().empty() && none.device().index() == 0);
  expect_error(xl::errc::invalid_handle, {"registration of host memory: moved from"}, [&] {  //
    xl::launch(q, {.grid = 1, .block = 32}, double_all{}, a);
  });
  a = xl::host_registration<int>{q, w};
  a = std::move(b);  // ends that of w
  xl::host_registration<int>& same = a;
  a = std::move(same);
  CROSSLANE_CHECK_EQ(a.size(), 1000);
  xl::host_registration<int> again{q, w};
  a = {};
  again = {};
  xl::host_registration<int const> const constant{q, std::as_const(v)};
  static_assert(std::is_same_v<decltype(constant.view()), xl::span<int const>>);
}

CROSSLANE_TEST(host_registration, errors) {
  auto const code = xl::errc::invalid_argument;
  xl::stream const q{d};
  std::vector<int> v(1000), empty;
  expect_error(code, {"registration of 0 elements of host memory"}, [&] { xl::host_registration<int>(q, empty); });
  expect_error(xl::errc::limit_exceeded, {"4611686018427387904 elements of 4 bytes", "2^63 - 1"},
               [&] { xl::host_registration<int>(q, xl::span<int>{v.data(), std::size_t{1} << 62}); });
  {
    xl::host_registration<int> const registered{q, v};
    expect_error(code, {"register host memory", "4000 bytes at"}, [&] { xl::host_registration<int>(q, v); });
    expect_error(code, {"register host memory", "4 bytes at"}, [&] { xl::host_registration<int>(q, xl::span{v}.subspan(999, 1)); });
  }
  {
    xl::host_registration<int> const registered{q, v};
  }
  {
    xl::host_registration<int> const first{q, xl::span{v}.subspan(0, 500)}, second{q, xl::span{v}.subspan(500, 500)};  // in one page
  }
  xl::pinned_buffer<int> pinned{q, 10};
  expect_error(code, {"register host memory"}, [&] { xl::host_registration<int>(q, pinned.view()); });
  if constexpr (host_build) {  // GPUs' runtimes refuse them too, each with its own error
    xl::buffer<int> device_memory{q, 10};
    expect_error(code, {"register host memory"}, [&] { xl::host_registration<int>(q, device_memory.view()); });
    xl::managed_buffer<int> managed{q, 10};
    expect_error(code, {"register host memory"}, [&] { xl::host_registration<int>(q, managed.view()); });
  }
  expect_usable(d);
}

CROSSLANE_TEST(buffer, every_type_of_count) {
  xl::stream const q{d};
  CROSSLANE_CHECK_EQ((xl::buffer<char>{q, static_cast<signed char>(5)}.size()), 5);
  CROSSLANE_CHECK_EQ((xl::buffer<char>{q, static_cast<unsigned short>(65535)}.size()), 65535);
  CROSSLANE_CHECK_EQ((xl::buffer<char>{q, 7L}.size()), 7);
  CROSSLANE_CHECK_EQ((xl::buffer<char>{q, 7ull}.size()), 7);
}

// --- copies ---

/// A source and a destination of a copy, for each kind of memory.
struct of_vector {
  static auto make(xl::stream const&, std::size_t n) { return std::vector<int>(n); }
};
struct of_device {
  static auto make(xl::stream const& q, std::size_t n) { return xl::buffer<int>{q, n}; }
};
struct of_pinned {
  static auto make(xl::stream const& q, std::size_t n) { return xl::pinned_buffer<int>{q, n}; }
};
struct of_managed {
  static auto make(xl::stream const& q, std::size_t n) { return xl::managed_buffer<int>{q, n}; }
};

/// `count` elements from `offset`, as the span of any range.
template <class R>
auto part(R& range, std::size_t offset, std::size_t count) {
  return xl::span{range.data(), range.size()}.subspan(offset, count);
}

template <class From, class To>
void check_copy(xl::stream const& q) {
  std::size_t const n = 1000;
  std::vector<int> const data = random_ints(n, 1);
  auto from = From::make(q, n);
  auto to = To::make(q, n);
  q.synchronize();
  xl::copy(q, data, from);
  xl::copy(q, from, to);
  std::vector<int> got(n);
  xl::copy(q, to, got);
  q.synchronize();
  CROSSLANE_CHECK_SAME(got, data);

  // a part in the middle; the elements around it must not change
  std::vector<int> expected = random_ints(n, 2);
  xl::copy(q, expected, to);
  xl::copy(q, part(std::as_const(from), 3, 501), part(to, 107, 501));
  xl::copy(q, to, got);
  q.synchronize();
  std::copy_n(data.begin() + 3, 501, expected.begin() + 107);
  CROSSLANE_CHECK_SAME(got, expected);
}

template <class From>
void check_copies_from(xl::stream const& q) {
  check_copy<From, of_vector>(q);
  check_copy<From, of_device>(q);
  check_copy<From, of_pinned>(q);
  if (q.properties().managed_memory) check_copy<From, of_managed>(q);
}

CROSSLANE_TEST(copy, between_all_kinds) {
  xl::stream const q{d};
  check_copies_from<of_vector>(q);
  check_copies_from<of_device>(q);
  check_copies_from<of_pinned>(q);
  if (d.properties().managed_memory) check_copies_from<of_managed>(q);
}

CROSSLANE_TEST(copy, from_a_vector_and_back) {
  xl::stream const q{d};
  std::vector<int> const values = random_ints(1000, 7);
  xl::buffer<int> b = xl::make_buffer(q, values);
  CROSSLANE_CHECK_SAME(xl::to_vector(q, b), values);
  CROSSLANE_CHECK_SAME(xl::to_vector(q, std::as_const(b).subspan(990, 10)), (std::vector<int>{values.end() - 10, values.end()}));
  CROSSLANE_CHECK(xl::to_vector(q, xl::make_buffer(q, std::as_const(b).subspan(1000, 0))).empty());
  expect_error(xl::errc::out_of_bounds, {"subspan of 11 elements from element 990", "of 1000 elements"}, [&] { (void)b.subspan(990, 11); });
  expect_error(xl::errc::out_of_bounds, {"subspan of 0 elements from element 1001"}, [&] { (void)b.subspan(1001, 0); });
  xl::buffer<int> const other = std::move(b);
  expect_error(xl::errc::invalid_handle, {"moved from"}, [&] { (void)b.subspan(0, 0); });
  expect_error(xl::errc::invalid_handle, {"moved from"}, [&] { (void)xl::to_vector(q, b); });
}

CROSSLANE_TEST(buffer, spans_deduce_their_element) {
  xl::stream const q{d};
  xl::buffer<int> b{q, 3};
  std::vector<float> const v(2);
  static_assert(std::is_same_v<decltype(xl::span{b}), xl::span<int>>);
  static_assert(std::is_same_v<decltype(xl::span{std::as_const(b)}), xl::span<int const>>);
  static_assert(std::is_same_v<decltype(xl::span{v}), xl::span<float const>>);
  static_assert(std::is_same_v<decltype(xl::span{xl::span{v}}), xl::span<float const>>);
  CROSSLANE_CHECK(xl::span{b}.data() == b.data());
  CROSSLANE_CHECK_EQ(xl::span{v}.size(), 2);
}

CROSSLANE_TEST(stream, default_is_on_the_current_device) {
  d.select();
  xl::stream const q;
  CROSSLANE_CHECK_EQ(q.device().index(), d.index());
}

CROSSLANE_TEST(owners, know_their_device) {
  xl::stream const q{d};
  xl::stream_ref const ref = q;
  xl::event const mark{d};
  xl::timed_event const timed{d};
  xl::buffer<int> const b{q, 3}, none{q, 0}, without_stream;
  CROSSLANE_CHECK(q.device() == d && ref.device() == d && mark.device() == d && timed.device() == d);
  CROSSLANE_CHECK(b.device() == d && none.device() == d && without_stream.device().index() == 0);
  CROSSLANE_CHECK(&q.properties() == &d.properties() && &ref.properties() == &d.properties());
  static_assert(noexcept(ref.device()) && noexcept(mark.device()) && noexcept(b.device()));
  int in_callback = -1;
  q.host_callback([&] { in_callback = ref.device().index() + b.device().index(); });  // no call of the runtime
  q.synchronize();
  CROSSLANE_CHECK_EQ(in_callback, 2 * d.index());
}

CROSSLANE_TEST(copy, large) {
  xl::stream const q{d};
  std::size_t const n = (std::size_t{3} << 20) + 5;  // above the pieces in which the host copies
  std::vector<int> const data = random_ints(n, 3);
  xl::buffer<int> a{q, n}, b{q, n};
  xl::copy(q, data, a);
  xl::copy(q, a, b);
  CROSSLANE_CHECK(read(q, b) == data);
}

struct record {
  float a, b, c;
  bool operator==(record const&) const = default;
};

CROSSLANE_TEST(copy, structs_and_arrays) {
  xl::stream const q{d};
  std::array<record, 3> const data{{{1, 2, 3}, {4, 5, 6}, {7, 8, 9}}};
  xl::buffer<record> b{q, 3};
  xl::copy(q, data, b);
  std::array<record, 3> got{};
  xl::copy(q, b, got);
  q.synchronize();
  CROSSLANE_CHECK(got == data);
}

/// Copies rows of a random shape in any kind of memory. The elements between and around them must not change.
template <class From, class To>
void check_copy_2d(xl::stream const& q, std::mt19937& random) {
  std::size_t const width = random() % 40 + 1, height = random() % 9 + 1;
  std::size_t const from_pitch = width + random() % 5, to_pitch = width + random() % 5;
  std::size_t const from_offset = random() % 4, to_offset = random() % 4;
  std::size_t const from_size = (height - 1) * from_pitch + width, to_size = (height - 1) * to_pitch + width;  // the last row ends early
  std::vector<int> const data = random_ints(from_offset + from_size, unsigned(random()));
  std::vector<int> expected = random_ints(to_offset + to_size + 3, unsigned(random()));
  auto from = From::make(q, data.size());
  auto to = To::make(q, expected.size());
  q.synchronize();
  xl::copy(q, data, from);
  xl::copy(q, expected, to);
  xl::copy_2d(q, xl::rows{part(std::as_const(from), from_offset, from_size), from_pitch, width, height},
              xl::rows{part(to, to_offset, to_size), to_pitch, width, height});
  std::vector<int> got(expected.size());
  xl::copy(q, to, got);
  q.synchronize();
  for (std::size_t y = 0; y < height; ++y)
    for (std::size_t x = 0; x < width; ++x) expected[to_offset + y * to_pitch + x] = data[from_offset + y * from_pitch + x];
  CROSSLANE_CHECK_SAME(got, expected);
}

CROSSLANE_TEST(copy_2d, random_shapes) {
  xl::stream const q{d};
  std::mt19937 random{5};
  for (int i = 0; i < 10; ++i) {
    check_copy_2d<of_vector, of_device>(q, random);
    check_copy_2d<of_device, of_vector>(q, random);
    check_copy_2d<of_device, of_device>(q, random);
    check_copy_2d<of_pinned, of_device>(q, random);
    check_copy_2d<of_device, of_pinned>(q, random);
  }
}

CROSSLANE_TEST(copy_2d, whole_buffers_and_nothing) {
  xl::stream const q{d};
  std::vector<int> const data = random_ints(12, 6);
  xl::buffer<int> const from = upload(q, data);
  xl::buffer<int> to{q, 12};
  xl::fill(q, to, 0);
  xl::copy_2d(q, xl::rows{from, 4, 0, 3}, xl::rows{to, 4, 0, 3});
  xl::copy_2d(q, xl::rows{from, 4, 4, 0}, xl::rows{to, 4, 4, 0});
  CROSSLANE_CHECK_SAME(read(q, to), std::vector<int>(12));
  xl::copy_2d(q, xl::rows{from, 4, 4, 3}, xl::rows{to, 4, 4, 3});
  CROSSLANE_CHECK_SAME(read(q, to), data);
  xl::copy_2d(q, xl::rows{from, 4, 3, 1}, xl::rows{to, 100, 3, 1});  // one row: its pitch is beyond the end, and is not used
  CROSSLANE_CHECK_SAME(read(q, to), data);
}

// --- rows with a pitch ---

static_assert(xl::row_pitch<float>(0) == 0 && xl::row_pitch<float>(1) == 64 && xl::row_pitch<float>(64) == 64);
static_assert(xl::row_pitch<float>(65) == 128 && xl::row_pitch<char>(257) == 512 && xl::row_pitch<double>(33) == 64);
static_assert(xl::row_pitch<record>(65) == 128);  // 12 bytes: multiples of 768
static_assert(xl::row_pitch<char[256]>(3) == 3 && xl::row_pitch<char[1024]>(3) == 3 && xl::row_pitch<char[384]>(3) == 4);

/// Sums each row, and counts rows that do not begin at the alignment.
struct sum_rows {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<record const> x, std::size_t pitch, unsigned width, xl::span<float> sums,
                               xl::span<unsigned> misaligned) const {
    auto const y = ctx.global_rank();
    if (y >= sums.size()) return;
    misaligned[y] = reinterpret_cast<std::uintptr_t>(&x[y * pitch]) % xl::row_alignment != 0;
    float sum = 0;
    for (unsigned i = 0; i < width; ++i) sum += x[y * pitch + i].a + x[y * pitch + i].c;
    sums[y] = sum;
  }
};

CROSSLANE_TEST(row_pitch, rows_are_aligned) {
  xl::stream const q{d};
  unsigned const width = 70, height = 9;
  std::vector<record> image(width * height), back(width * height);
  std::vector<float> expected(height);
  for (unsigned i = 0; i < image.size(); ++i) {
    image[i] = {float(i), -1, float(2 * i)};
    expected[i / width] += float(3 * i);
  }
  std::size_t const pitch = xl::row_pitch<record>(width);
  xl::buffer<record> b{q, pitch * height};
  xl::buffer<float> sums{q, height};
  xl::buffer<unsigned> misaligned{q, height};
  xl::copy_2d(q, xl::rows{image, width, width, height}, xl::rows{b, pitch, width, height});
  xl::launch(q, {.grid = 1, .block = 64}, sum_rows{}, std::as_const(b), pitch, width, sums, misaligned);
  xl::copy_2d(q, xl::rows{b, pitch, width, height}, xl::rows{back, width, width, height});
  CROSSLANE_CHECK_SAME(read(q, misaligned), std::vector<unsigned>(height));
  CROSSLANE_CHECK_SAME(read(q, sums), expected);
  CROSSLANE_CHECK(back == image);
}

CROSSLANE_TEST_ONCE(row_pitch, limit) {
  std::size_t const most = ~std::size_t{0} >> 1;
  CROSSLANE_CHECK_EQ(xl::row_pitch<float>(most / 4 - 64) % 64, 0u);
  expect_error(xl::errc::limit_exceeded, {"row pitch", "of 4 bytes", "2^63 - 1 bytes"}, [&] { (void)xl::row_pitch<float>(most / 4); });
  expect_error(xl::errc::limit_exceeded, {"row pitch"}, [] { (void)xl::row_pitch<float>(std::size_t(-1)); });
}

// --- fill ---

template <class T>
void check_fill(xl::stream const& q, T const& value, T const& around) {
  for (std::size_t const n : {1, 2, 3, 15, 16, 17, 31, 64, 100, 1000}) {
    for (std::size_t const offset : {0, 1, 2, 3}) {
      std::vector<T> expected(n + 8, around);
      xl::buffer<T> b = upload(q, expected);
      xl::fill(q, b.view().subspan(offset, n), value);
      for (std::size_t i = 0; i < n; ++i) expected[offset + i] = value;
      CROSSLANE_CHECK_SAME(read(q, b), expected);
    }
  }
}

template <std::size_t Words>
struct words {
  unsigned data[Words];
  bool operator==(words const&) const = default;
};

CROSSLANE_TEST(fill, every_size_of_element) {
  xl::stream const q{d};
  check_fill<signed char>(q, -7, 1);
  check_fill<unsigned char>(q, 0, 255);
  check_fill<unsigned short>(q, 0x1234, 7);
  check_fill<short>(q, -1, 7);  // all bytes are the same
  check_fill<int>(q, -5, 3);
  check_fill<int>(q, 0x05060705, 3);  // the first and the last byte are the same
  check_fill<float>(q, 1.5f, 0.f);
  check_fill<float>(q, 0.f, 2.f);
  check_fill<double>(q, -1e300, 1.);
  check_fill<long long>(q, 0x0101010101010101, 5);
  check_fill<long long>(q, 0x0101010101010102, 5);
  check_fill<words<3>>(q, {{1, 2, 3}}, {{9, 9, 9}});
  check_fill<words<3>>(q, {{~0u, ~0u, ~0u}}, {{9, 9, 9}});
  check_fill<words<4>>(q, {{1, 2, 3, 4}}, {{9, 9, 9, 9}});
  check_fill<words<6>>(q, {{1, 2, 3, 4, 5, 6}}, {{}});
}

CROSSLANE_TEST(fill, whole_buffers) {
  xl::stream const q{d};
  xl::buffer<int> b{q, 300000};
  xl::fill(q, b, 77);
  CROSSLANE_CHECK(read(q, b) == std::vector<int>(300000, 77));
  xl::pinned_buffer<int> p{q, 100};
  xl::fill(q, p, 78);
  q.synchronize();
  CROSSLANE_CHECK_EQ(p[0], 78);
  CROSSLANE_CHECK_EQ(p[99], 78);
}

// --- cover ---

CROSSLANE_TEST(cover, blocks) {
  static_assert(xl::cover(0, 256) == 0);
  static_assert(xl::cover(1, 256) == 1);
  static_assert(xl::cover(256, 256) == 1);
  static_assert(xl::cover(257u, 256) == 2);
  static_assert(xl::cover(std::uint64_t{0x7fffffff} * 1024, 1024) == 0x7fffffff);
  static_assert(xl::cover(~0u, 1024) == 4194304);
  static_assert(xl::cover(static_cast<unsigned char>(255), 1) == 255);
  static_assert(xl::cover({5, 9, 1}, {2, 3, 4}) == xl::extent3{3, 3, 1});
  static_assert(xl::cover({0, 9, 1}, 8) == xl::extent3{0, 9, 1});
}

}  // namespace
