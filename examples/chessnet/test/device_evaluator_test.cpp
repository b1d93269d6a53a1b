// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The evaluator with a stand-in for the network, and the softmax of legal moves.
#include "serve/device_evaluator.hpp"

#include "forward/kernels/legal_softmax.hpp"
#include "input/policy_index.hpp"

#include <support/target.hpp>

#include <cmath>
#include <numeric>

namespace {

using namespace chessnet;

/// The logit that the stand-in gives to an output: some bits of a mask of the position.
CROSSLANE_FN float logit_of(std::uint64_t mask, std::size_t output) { return float(mask >> output % 58 & 63) / 8 - 4; }

struct stand_in_kernel {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, batch_memory memory) const {
    for (auto i : ctx.grid_stride(memory.policy.size()))
      memory.policy[i] = logit_of(memory.masks[i / policy_size * plane_count + i % policy_size % plane_count], i % policy_size);
    for (auto i : ctx.grid_stride(memory.outcome.size())) memory.outcome[i] = memory.values[i / 3 * plane_count + i % 3];
  }
};

/// Counts the calls. It has no memory for batches of more than `fits` positions.
class stand_in final : public forward {
 public:
  stand_in(int& calls, int fits) : calls_{calls}, fits_{fits} {}

 private:
  void run(xl::stream_ref q, int batch, batch_memory const& memory, layer_observer const* observer) override {
    ++calls_;
    if (batch > fits_) xl::throw_error(xl::errc::out_of_memory, xl::source_location::current(), "%d bytes of anything", 1000 * batch);
    CROSSLANE_CHECK_EQ(memory.masks.size(), std::size_t(batch) * plane_count);
    CROSSLANE_CHECK_EQ(memory.values.size(), memory.masks.size());
    CROSSLANE_CHECK_EQ(memory.policy.size(), std::size_t(batch) * policy_size);
    CROSSLANE_CHECK_EQ(memory.outcome.size(), std::size_t(batch) * outcome_size);
    xl::launch(q, {.grid = unsigned(batch), .block = 128}, stand_in_kernel{}, memory);
    if (observer == nullptr) return;
    (*observer)("values", {batch, 3}, xl::to_vector(q, memory.outcome));
  }
  int& calls_;
  int fits_;
};

/// Returns whether f() throws an exception of this type.
template <class Exception, class F>
bool throws(F const& f) {
  try {
    f();
  } catch (Exception const&) {
    return true;
  }
  return false;
}

struct fixture {
  int calls = 0;
  std::unique_ptr<device_evaluator> e;

  fixture(xl::device d, device_evaluator::options const& o, int fits = 1 << 20) {
    e = std::make_unique<device_evaluator>(d, [&](auto, int) { return std::make_unique<stand_in>(calls, fits); }, o);
  }
};

/// Returns requests that differ from each other and from those of other seeds.
std::vector<request> requests_of(std::size_t batch, unsigned seed) {
  std::vector<request> result(batch);
  std::uint64_t state = seed * 1000003u + 1;
  auto const next = [&] { return state = state * 6364136223846793005u + 1442695040888963407u; };
  for (std::size_t i = 0; i < batch; ++i) {
    auto& r = result[i];
    for (auto& m : r.planes.mask) m = next() >> 3;
    for (auto& v : r.planes.value) v = float(next() >> 40);
    constexpr std::size_t sizes[] = {20, 0, 1, 40, 32, 33, 218, 256, 31};
    r.moves.resize(sizes[(i + seed) % std::size(sizes)]);
    for (auto& m : r.moves) m = std::uint16_t((next() >> 33) % policy_size);
  }
  return result;
}

std::vector<double> shares_of(request const& r, float temperature) {
  std::vector<double> result;
  double sum = 0;
  for (auto const m : r.moves) {
    result.push_back(std::exp(double(logit_of(r.planes.mask[m % plane_count], m)) / double(temperature)));
    sum += result.back();
  }
  for (auto& s : result) s /= sum;
  return result;
}

void check_replies(std::vector<request> const& requests, std::vector<reply> const& replies, float temperature = 1) {
  for (std::size_t i = 0; i < requests.size(); ++i) {
    auto const& value = requests[i].planes.value;
    CROSSLANE_CHECK_EQ(replies[i].q, value[0]);
    CROSSLANE_CHECK_EQ(replies[i].draw, value[1]);
    CROSSLANE_CHECK_EQ(replies[i].moves_left, value[2]);
    auto const expected = shares_of(requests[i], temperature);
    CROSSLANE_CHECK_EQ(replies[i].moves.size(), expected.size());
    for (std::size_t m = 0; m < expected.size(); ++m) CROSSLANE_CHECK(std::abs(double(replies[i].moves[m]) - expected[m]) < 1e-6);
  }
}

CROSSLANE_TEST(device_evaluator, batches_of_all_sizes) {
  fixture f{d, {.largest_batch = 19, .temperature = 1.5f}};
  for (std::size_t const batch : std::vector<std::size_t>{1, 2, 19, 3, 18}) {
    auto const requests = requests_of(batch, unsigned(batch));
    std::vector<reply> replies(batch);
    f.e->evaluate(requests, replies);
    check_replies(requests, replies, 1.5f);
  }
  f.e->evaluate({}, {});
}

CROSSLANE_TEST(device_evaluator, batches_in_flight) {
  fixture f{d, {.largest_batch = 8, .in_flight = 3}};
  std::vector<std::vector<request>> requests;
  for (unsigned i = 0; i < 9; ++i) requests.push_back(requests_of(i % 3 == 0 ? 8 : i % 3 + 2, i));
  std::vector<device_evaluator::ticket> tickets;
  auto const submit = [&](std::size_t i) {
    auto copy = requests[i];
    tickets.push_back(f.e->submit(copy));
    for (auto& r : copy) r = {};  // the evaluator must not look at them any more
  };
  auto const wait = [&](std::size_t i) {
    std::vector<reply> replies(requests[i].size());
    f.e->wait(tickets[i], replies);
    check_replies(requests[i], replies);
  };
  for (std::size_t const i : std::vector<std::size_t>{0, 1, 2}) submit(i);
  CROSSLANE_CHECK(throws<std::logic_error>([&] { (void)f.e->submit(requests[3]); }));
  wait(1);
  std::vector<reply> replies(3);
  CROSSLANE_CHECK(throws<std::logic_error>([&] { (void)f.e->wait(tickets[1], replies); }));
  CROSSLANE_CHECK(throws<std::logic_error>([&] { (void)f.e->wait({}, replies); }));
  CROSSLANE_CHECK(throws<std::invalid_argument>([&] { (void)f.e->wait(tickets[0], replies); }));  // it has 8
  submit(3);
  wait(0), wait(2), wait(3);
  for (std::size_t i = 4; i < 9; ++i) {
    submit(i);
    if (i >= 6) wait(i - 2);
  }
  // Nobody waits for the last two.
}

CROSSLANE_TEST(device_evaluator, a_graph_for_each_size) {
  for (std::size_t const most : std::vector<std::size_t>{0, 1, 2}) {
    fixture f{d, {.largest_batch = 4, .most_graphs = most}};
    for (std::size_t const batch : std::vector<std::size_t>{3, 3, 4, 3, 3, 4, 2, 3}) {
      auto const requests = requests_of(batch, 7);
      std::vector<reply> replies(batch);
      f.e->evaluate(requests, replies);
      check_replies(requests, replies);
    }
    // The pass queues its kernels once for each graph.
    CROSSLANE_CHECK_EQ(f.calls, most == 0 ? 8 : most == 1 ? 6 : 4);
  }
}

CROSSLANE_TEST(device_evaluator, raw_outputs_and_layers) {
  fixture f{d, {.largest_batch = 4}};
  auto const requests = requests_of(3, 5);
  int layers = 0;
  auto const outputs = f.e->outputs(requests, [&](std::string const& name, std::vector<int> const& extents, std::vector<float> const& x) {
    ++layers;
    CROSSLANE_CHECK(name == "values");
    CROSSLANE_CHECK_EQ(extents[0], 3);
    CROSSLANE_CHECK_EQ(x[3], requests[1].planes.value[0]);
  });
  CROSSLANE_CHECK_EQ(layers, 1);
  for (std::size_t i = 0; i < 3; ++i) {
    CROSSLANE_CHECK_EQ(outputs[i].policy.size(), policy_size);
    for (std::size_t m = 0; m < policy_size; m += 100)
      CROSSLANE_CHECK_EQ(outputs[i].policy[m], logit_of(requests[i].planes.mask[m % plane_count], m));
    CROSSLANE_CHECK_EQ(outputs[i].q, requests[i].planes.value[0]);
    CROSSLANE_CHECK_EQ(outputs[i].moves_left, requests[i].planes.value[2]);
  }
}

CROSSLANE_TEST(device_evaluator, out_of_memory) {
  fixture f{d, {.largest_batch = 8, .in_flight = 2}, 4};
  auto const many = requests_of(5, 1), few = requests_of(4, 2);
  std::vector<reply> replies(4);
  for (int i = 0; i < 3; ++i) {
    auto const e = crosslane_test::error_of([&] { (void)f.e->submit(many); });
    CROSSLANE_CHECK(e.code() == xl::errc::out_of_memory);
    CROSSLANE_CHECK_EQ(std::string{e.object()}, "a batch of 5 positions: 5000 bytes of anything");
    f.e->evaluate(few, replies);
    check_replies(few, replies);
  }
  auto const e = crosslane_test::error_of([&] {
    device_evaluator{d,
                     [](auto q, int) -> std::unique_ptr<forward> {
                       (void)xl::buffer<char>{q, std::size_t{1} << 60};
                       return {};
                     },
                     {.largest_batch = 77}};
  });
  CROSSLANE_CHECK(e.code() == xl::errc::out_of_memory);
  CROSSLANE_CHECK(
      std::string{e.object()}.starts_with("memory for batches of 77 positions: 1152921504606846976 bytes of device memory on "));
  crosslane_test::expect_usable(d);
}

CROSSLANE_TEST(device_evaluator, wrong_arguments) {
  fixture f{d, {.largest_batch = 4}};
  std::vector<reply> replies(5);
  auto requests = requests_of(5, 1);
  CROSSLANE_CHECK(throws<std::invalid_argument>([&] { (void)f.e->evaluate(requests, replies); }));
  requests.resize(4);
  CROSSLANE_CHECK(throws<std::invalid_argument>([&] { (void)f.e->evaluate(requests, replies); }));
  replies.resize(4);
  CROSSLANE_CHECK(throws<std::invalid_argument>([&] { (void)f.e->submit({}); }));
  requests[2].moves = {3, 1858};
  CROSSLANE_CHECK(throws<std::invalid_argument>([&] { (void)f.e->evaluate(requests, replies); }));
  requests[2].moves.assign(257, 1);
  CROSSLANE_CHECK(throws<std::invalid_argument>([&] { (void)f.e->evaluate(requests, replies); }));
  requests[2].moves.assign(256, 1);
  f.e->evaluate(requests, replies);
  check_replies(requests, replies);
  for (device_evaluator::options const& o : {device_evaluator::options{.largest_batch = 0},
                                             {.largest_batch = 1 << 17},
                                             {.in_flight = 0},
                                             {.in_flight = 65},
                                             {.temperature = 0},
                                             {.temperature = NAN}})
    CROSSLANE_CHECK(throws<std::invalid_argument>([&] { fixture{d, o}; }));
}

CROSSLANE_TEST(legal_softmax, large_logits_and_temperatures) {
  xl::stream const q{d};
  std::vector<float> logits(2 * policy_size, -7);
  for (std::size_t i = 0; i < 40; ++i) logits[i] = i % 2 == 0 ? 3e38f : -3e38f;
  logits[policy_size + 1] = 50;
  logits[policy_size + 2] = 49;
  std::vector<std::uint16_t> moves(40);
  std::iota(moves.begin(), moves.end(), std::uint16_t{0});
  moves.insert(moves.end(), {1, 2});
  std::vector<std::uint32_t> const starts{0, 40, 42};
  auto const on_device = xl::make_buffer(q, logits);
  auto const starts_there = xl::make_buffer(q, starts);
  auto const moves_there = xl::make_buffer(q, moves);
  for (float const temperature : {0.01f, 1.0f, 100.0f}) {
    xl::buffer<float> shares{q, moves.size()};
    xl::tensor_view<float const, policy_logits> const view{on_device.data(), policy_logits{{2, int(policy_size)}}};
    xl::launch(q, {.grid = kernels::legal_softmax::blocks(2)}, kernels::legal_softmax{temperature}, view, starts_there, moves_there,
               shares);
    auto const got = xl::to_vector(q, shares);
    for (std::size_t i = 0; i < 40; ++i) CROSSLANE_CHECK_EQ(got[i], i % 2 == 0 ? 0.05f : 0.0f);
    double const expected = 1 / (1 + std::exp(-1 / double(temperature)));
    CROSSLANE_CHECK(std::abs(double(got[40]) - expected) < 1e-6);
    CROSSLANE_CHECK(std::abs(double(got[41]) - (1 - expected)) < 1e-6);
  }
}

}  // namespace
