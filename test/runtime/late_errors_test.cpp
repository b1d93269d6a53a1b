// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Faults of kernels that surface at a later call, and the lists of launches and exceptions. To imitate the fault of a GPU, a host backend
/// lets all calls fail from some moment on.
#include <support/target.hpp>

namespace xl = crosslane;
using namespace crosslane_test;
using xl::detail::stream_key;

namespace {

struct faulty : xl::backend::host_runtime<faulty> {
  using base = xl::backend::host_runtime<faulty>;
  static constexpr char const* name = "faulty";
  using widths = std::integer_sequence<unsigned, 32, 64>;
  template <unsigned Width, class Shape>
  using context = xl::context<xl::backend::host_intrinsics, Width, Shape>;
  static constexpr std::size_t max_static_shared_bytes = ~std::size_t{0}, max_shared_bytes = ~std::size_t{0};
  static constexpr bool std_complex_computes = true;
  static constexpr std::size_t max_argument_bytes = xl::host::max_argument_bytes;
  static constexpr unsigned max_cluster_blocks = 1;

  static inline bool has_failed = false;
  static xl::status answer() { return {has_failed ? 719 : 0}; }
  static xl::errc classify(xl::status s) { return s.code == 719 ? xl::errc::kernel_fault : base::classify(s); }
  static char const* text(xl::status s) { return s.code == 719 ? "unspecified launch failure" : base::text(s); }

  template <unsigned Width, class K, class... A>
  static xl::status launch(stream_handle, xl::device_properties const&, xl::detail::launch_geometry const&, K const&, A const&...) {
    return answer();
  }
  static inline void (*when_destroyed)(stream_key) = nullptr;
  static xl::status stream_destroy(stream_handle q) {
    if (when_destroyed != nullptr) when_destroyed({key(q), 0});
    return base::stream_destroy(q);
  }
  static xl::status device_synchronize() { return answer(); }
  static xl::status stream_synchronize(stream_handle) { return answer(); }
  static xl::status stream_query(stream_handle, bool* done) {
    *done = true;
    return answer();
  }
  static xl::status stream_wait_event(stream_handle, event_handle) { return answer(); }
  static xl::status event_record(event_handle, stream_handle) { return answer(); }
  static xl::status event_synchronize(event_handle) { return answer(); }
  static xl::status event_query(event_handle, bool* done) {
    *done = true;
    return answer();
  }
  static xl::status allocate(xl::memory_kind kind, void** out, std::size_t bytes, stream_handle q, bool ordered,
                             xl::source_location where) {
    return has_failed ? answer() : base::allocate(kind, out, bytes, q, ordered, where);
  }
  static xl::status copy(void*, void const*, std::size_t, stream_handle, xl::source_location) { return answer(); }
  static inline int copied_from = -1, copied_to = -1;  ///< by the last copy between devices
  static xl::status copy_between(void*, int to, void const*, int from, std::size_t, stream_handle, xl::source_location) {
    copied_from = from;
    copied_to = to;
    return answer();
  }
  static xl::status fill_bytes(void*, int, std::size_t, stream_handle, xl::source_location) { return answer(); }
};

template <int Number>
struct numbered {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const&) const {}
};

using faulty_stream = xl::basic_stream<faulty>;
using faulty_device = xl::basic_device<faulty>;
using faulty_buffer = xl::basic_buffer<int, xl::memory_kind::device, faulty>;

struct fault {
  fault() { faulty::has_failed = true; }
  ~fault() { faulty::has_failed = false; }
};

/// The next call throws the error, whichever call it is.
CROSSLANE_TEST_ONCE(late_fault, names_the_launches_at_every_call) {
  faulty_device const d{0};
  faulty_stream const q{d}, other{d};
  xl::basic_event<faulty, false> e{d};
  faulty_buffer b{q, 4};
  std::vector<int> v(4);
  d.synchronize();
  e.record(other);
  unsigned const line = __LINE__ + 1;
  xl::launch(q, {.grid = 3, .block = 64}, numbered<1>{});
  std::string const launched = "launched since the last synchronisation: ", place = std::string(__FILE__) + ":" + std::to_string(line);
  fault const f;
  auto const check = [&](auto const& call) {
    xl::error const error = error_of(call);
    CROSSLANE_CHECK_EQ(error.code(), xl::errc::kernel_fault);
    for (std::string const& part :
         {launched, std::string("numbered<1>"), std::string("grid (3, 1, 1) block (64, 1, 1) on device 0"), place})
      if (!contains(error.what(), part)) fail("no '" + part + "' in: " + error.what(), xl::source_location::current());
  };
  check([&] { q.synchronize(); });
  check([&] { other.synchronize(); });
  check([&] { (void)q.query(); });
  check([&] { d.synchronize(); });
  check([&] { e.synchronize(); });
  check([&] { (void)e.query(); });
  check([&] { e.record(q); });
  check([&] { q.wait(e); });
  check([&] { xl::copy(q, v, b); });
  check([&] { xl::fill(q, b, 0); });
  check([&] { faulty_buffer(q, 5); });
  check([&] { xl::launch(q, {.grid = 1, .block = 32}, numbered<2>{}); });
}

std::string text_of_fault(faulty_stream const& q) {
  fault const f;
  return error_of([&] { q.synchronize(); }).what();
}

/// A later error does not name launches that a call has waited for.
CROSSLANE_TEST_ONCE(late_fault, synchronisation_clears_the_list) {
  faulty_device const d{0}, other_device{1};
  faulty_stream const a{d}, b{d}, c{other_device};
  d.synchronize();
  other_device.synchronize();
  CROSSLANE_CHECK(!contains(text_of_fault(a), "launched since"));
  xl::launch(a, {.grid = 1, .block = 32}, numbered<1>{});
  xl::launch(b, {.grid = 1, .block = 32}, numbered<2>{});
  xl::launch(c, {.grid = 1, .block = 32}, numbered<3>{});
  std::string text = text_of_fault(a);
  for (char const* part : {"numbered<1>", "numbered<2>", "numbered<3>"}) CROSSLANE_CHECK(contains(text, part));
  b.synchronize();
  text = text_of_fault(a);
  CROSSLANE_CHECK(contains(text, "numbered<1>") && !contains(text, "numbered<2>") && contains(text, "numbered<3>"));
  xl::launch(b, {.grid = 1, .block = 32}, numbered<4>{});
  d.synchronize();
  text = text_of_fault(a);
  CROSSLANE_CHECK(!contains(text, "numbered<1>") && !contains(text, "numbered<4>") && contains(text, "numbered<3>"));
  other_device.synchronize();
  CROSSLANE_CHECK(!contains(text_of_fault(a), "launched since"));
}

/// Another thread may get the handle of a stream once that is destroyed. The list keeps the launches of both streams apart.
CROSSLANE_TEST_ONCE(late_fault, handle_comes_again) {
  faulty_device const d{0};
  d.synchronize();
  faulty_stream const other{d};
  static stream_key next;
  {
    faulty_stream const q{d};
    xl::launch(q, {.grid = 1, .block = 32}, numbered<1>{});
    faulty::when_destroyed = [](stream_key key) {
      next = key;
      xl::detail::launches<faulty>().record({"launched_by_next", key, {}, {}, {}});
    };
  }
  faulty::when_destroyed = nullptr;
  xl::detail::launches<faulty>().synchronised(next);
  std::string const text = text_of_fault(other);
  CROSSLANE_CHECK(contains(text, "numbered<1>") && !contains(text, "launched_by_next"));
}

// --- the lists themselves ---

std::exception_ptr exception(int value) { return std::make_exception_ptr(value); }
int rethrown(xl::detail::pending_exceptions& list, stream_key key) {
  try {
    list.rethrow(key);
  } catch (int i) {
    return i;
  }
  return 0;
}

/// A null handle stands for one stream of a device, not for all of its streams.
CROSSLANE_TEST_ONCE(pending_exceptions, null_handle) {
  xl::detail::pending_exceptions list;
  int one = 0, two = 0;
  stream_key const null_0{nullptr, 0}, null_1{nullptr, 1}, a{&one, 0}, b{&two, 0};
  list.add(a, exception(1), xl::detail::this_library);
  list.add(null_0, exception(2), xl::detail::this_library);
  list.add(null_0, exception(3), xl::detail::this_library);  // a consequence
  list.add(null_1, exception(4), xl::detail::this_library);
  list.add(b, exception(5), xl::detail::this_library);
  CROSSLANE_CHECK_EQ(rethrown(list, null_1), 4);
  CROSSLANE_CHECK_EQ(rethrown(list, null_1), 0);
  CROSSLANE_CHECK_EQ(rethrown(list, null_0), 2);
  CROSSLANE_CHECK_EQ(rethrown(list, null_0), 0);
  CROSSLANE_CHECK_EQ(rethrown(list, stream_key::all_of(1)), 0);
  CROSSLANE_CHECK_EQ(rethrown(list, b), 5);
  CROSSLANE_CHECK(list.holds(a) && !list.holds(b));
  list.forget(a);
  CROSSLANE_CHECK_EQ(rethrown(list, a), 0);
  CROSSLANE_CHECK_EQ(rethrown(list, stream_key::all_of(0)), 1);
}

/// The list keeps the exception of every stream, however many there are: a stream counts as failed while its exception is in the list.
CROSSLANE_TEST_ONCE(pending_exceptions, many) {
  xl::detail::pending_exceptions list;
  static char streams[1000];
  for (int i = 0; i < 1000; ++i) list.add({&streams[i], 0}, exception(i + 1), xl::detail::this_library);
  for (int i = 0; i < 1000; ++i) CROSSLANE_CHECK(list.holds({&streams[i], 0}));
  for (int i = 999; i >= 500; --i) CROSSLANE_CHECK_EQ(rethrown(list, {&streams[i], 0}), i + 1);
  for (int i = 0; i < 500; ++i) CROSSLANE_CHECK_EQ(rethrown(list, stream_key::all_of(0)), i + 1);
  for (int i = 0; i < 1000; ++i) CROSSLANE_CHECK(!list.holds({&streams[i], 0}));
}

CROSSLANE_TEST_ONCE(launch_log, null_handle) {
  xl::detail::launch_log log;
  int one = 0;
  stream_key const null{nullptr, 0}, a{&one, 0};
  auto const listed = [&] {
    xl::error_text text;
    log.describe(text);
    return std::string(text.c_str());
  };
  log.record({"on_null", null, {}, {}, {}});
  log.record({"on_a", a, {}, {}, {}});
  log.synchronised(null);
  CROSSLANE_CHECK(!contains(listed(), "on_null") && contains(listed(), "on_a"));
  log.forget(a);
  log.synchronised(a);  // another stream of the same handle
  CROSSLANE_CHECK(contains(listed(), "on_a"));
  log.synchronised(stream_key::all_of(0));
  CROSSLANE_CHECK_EQ(listed(), std::string());
}

}  // namespace

/// The vendor's call gets both devices, since a device cannot access the memory of another without peer access.
CROSSLANE_TEST_ONCE(copies, between_devices_name_both) {
  faulty::has_failed = false;
  xl::basic_stream<faulty> const q0{xl::basic_device<faulty>{0}}, q1{xl::basic_device<faulty>{1}};
  xl::basic_buffer<int, xl::memory_kind::device, faulty> a{q0, 8}, b{q1, 8}, c{q0, 8};
  std::vector<int> v(8);
  xl::copy(q0, a, c);
  xl::copy(q0, a, v);
  xl::copy(q1, v, b);
  CROSSLANE_CHECK_EQ(faulty::copied_from, -1);
  xl::copy(q1, a, b);
  CROSSLANE_CHECK_EQ(faulty::copied_from, 0);
  CROSSLANE_CHECK_EQ(faulty::copied_to, 1);
}
