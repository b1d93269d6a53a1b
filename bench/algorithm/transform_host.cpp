// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// xl::transform and xl::for_each on the CPU against OpenMP loops.
#include "../bench.hpp"

#include <memory>
#include <string>

namespace bench {
namespace {

struct multiply_add {
  float s;
  float operator()(float b, float c) const { return b + s * c; }
};
struct relax {
  void operator()(float& x) const { x = 0.5f * x + 1.f; }
};

void omp_transform(float* a, float const* b, float const* c, float s, std::size_t n) {
#pragma omp parallel for
  for (std::size_t i = 0; i < n; ++i) a[i] = b[i] + s * c[i];
}
void omp_for_each(float* a, std::size_t n) {
#pragma omp parallel for
  for (std::size_t i = 0; i < n; ++i) a[i] = 0.5f * a[i] + 1.f;
}

struct arrays {
  arrays(xl::stream_ref q_, std::size_t n_) : q{q_}, n{n_}, a{q_, n_}, b{q_, n_}, c{q_, n_} {
    // The measured loop also initialises the memory, so that on NUMA machines each page is local to the thread that uses it.
    xl::fill(q, a, 1.5f);
    xl::fill(q, b, 1.5f);
    xl::fill(q, c, 2.5f);
    q.synchronize();
  }
  xl::stream_ref q;
  std::size_t n;
  xl::buffer<float> a, b, c;
};

int loops_of(std::size_t n) { return n < (1u << 18) ? 1000 : n < (1u << 24) ? 50 : 2; }

/// Adds a benchmark. `seconds(arrays, loops)` returns the time of `loops` loops.
template <class Seconds>
void add_loop(std::shared_ptr<arrays> const& data, std::string const& name, std::size_t bytes_each, Seconds seconds) {
  int const loops = loops_of(data->n);
  add({.name = name,
       .iterations = 1,
       .repetitions = data->n < (1u << 24) ? 31 : 9,
       .seconds = [=] { return seconds(*data, loops) / loops; },
       .prepare = [=] { seconds(*data, (loops + 9) / 10); },  // wakes the threads and fills the caches
       .bytes = double(data->n * bytes_each)});
}

/// Adds the library's side. `run` queues a loop.
template <class Run>
void add_ours(std::shared_ptr<arrays> const& data, std::string const& group, std::size_t bytes_each, Run run) {
  add_loop(data, group + "/crosslane", bytes_each, [=](arrays& d, int loops) {
    stopwatch const time;
    for (int i = 0; i < loops; ++i) run(d);
    d.q.synchronize();
    return time.seconds();
  });
  add_loop(data, group + "/other/crosslane, waited for each time", bytes_each, [=](arrays& d, int loops) {
    stopwatch const time;
    for (int i = 0; i < loops; ++i) {
      run(d);
      d.q.synchronize();
    }
    return time.seconds();
  });
}

/// Adds the rival's side. `run` is a loop. It runs on the stream's thread, but outside the stream's queue. OpenMP makes a team for each
/// thread that calls it, and two alternating teams would slow each other down.
template <class Run>
void add_rival(std::shared_ptr<arrays> const& data, std::string const& group, std::size_t bytes_each, Run run) {
  add_loop(data, group + "/rival/OpenMP", bytes_each, [=](arrays& d, int loops) {
    double result = 0;
    d.q.host_callback([&] {
      stopwatch const time;
      for (int i = 0; i < loops; ++i) run(d);
      result = time.seconds();
    });
    d.q.synchronize();
    return result;
  });
}

}  // namespace

void register_transform(xl::stream_ref q) {
  for (int const log2_n : {12, 16, 20, 26}) {
    auto const data = std::make_shared<arrays>(q, std::size_t{1} << log2_n);
    std::string const count = "on the host, 2^" + std::to_string(log2_n) + " floats";
    add_ours(data, "transform " + count, 12, [](arrays& d) { xl::transform(d.q, d.b, d.c, d.a, multiply_add{3}); });
    add_rival(data, "transform " + count, 12, [](arrays& d) { omp_transform(d.a.data(), d.b.data(), d.c.data(), 3, d.n); });
    add_ours(data, "for_each " + count, 8, [](arrays& d) { xl::for_each(d.q, d.a, relax{}); });
    add_rival(data, "for_each " + count, 8, [](arrays& d) { omp_for_each(d.a.data(), d.n); });
  }
}

}  // namespace bench
