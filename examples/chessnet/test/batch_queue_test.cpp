// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The queue with stand-ins for the network.
#include "serve/batch_queue.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>

namespace {

using namespace chessnet;
using namespace std::chrono_literals;

/// Answers each position with its number, which stands in a value of its planes. Counts batches. No two may overlap.
class stand_in final : public evaluator {
 public:
  explicit stand_in(int largest) : largest_{largest} {}

  int largest_batch() const override { return largest_; }
  void evaluate(std::span<request const> requests, std::span<reply> replies) override {
    EXPECT_FALSE(busy.exchange(true));
    EXPECT_GE(requests.size(), 1u);
    EXPECT_LE(requests.size(), std::size_t(largest_));
    EXPECT_EQ(requests.size(), replies.size());
    sizes.push_back(requests.size());
    if (duration > 0ms) std::this_thread::sleep_for(duration);
    bool fails = false;
    for (std::size_t i = 0; i < requests.size(); ++i) {
      float const number = requests[i].planes.value[0];
      replies[i].q = number;
      replies[i].moves.assign(requests[i].moves.size(), number);
      fails = fails || number < 0;
    }
    busy = false;
    if (fails) throw std::runtime_error{"the device is gone"};
  }

  std::atomic<bool> busy{false};
  std::chrono::milliseconds duration{0};
  std::vector<std::size_t> sizes;  // to be read when the queue has ended

 private:
  int largest_;
};

request numbered(float number, std::size_t moves = 0) {
  request r;
  r.planes.value[0] = number;
  r.moves.assign(moves, 7);
  return r;
}

TEST(batch_queue, many_threads) {
  constexpr int threads = 16, of_each = 500;
  stand_in e{32};
  {
    batch_queue queue{e, {.batch = 32, .latency = 200us}};
    std::vector<std::thread> all;
    for (int t = 0; t < threads; ++t)
      all.emplace_back([&, t] {
        std::vector<std::future<reply>> pending;
        for (int i = 0; i < of_each; ++i) {
          float const number = float(t * of_each + i);
          if (i % 8 == 0) {
            auto const r = queue.evaluate(numbered(number, 3));
            EXPECT_EQ(r.q, number);
            EXPECT_EQ(r.moves, std::vector<float>(3, number));
          } else {
            pending.push_back(queue.submit(numbered(number)));
          }
          if (i % 50 == 49) {
            for (auto& p : pending) EXPECT_EQ(int(p.get().q) / of_each, t);
            pending.clear();
          }
        }
      });
    for (auto& t : all) t.join();
  }
  std::size_t sum = 0;
  for (auto const s : e.sizes) sum += s;
  EXPECT_EQ(sum, std::size_t(threads * of_each));
  EXPECT_LT(e.sizes.size(), sum);  // some batches have more than one position
}

TEST(batch_queue, a_full_batch_does_not_wait) {
  stand_in e{4};
  batch_queue queue{e, {.batch = 4, .latency = 1h}};
  std::vector<std::future<reply>> pending;
  for (int i = 0; i < 12; ++i) pending.push_back(queue.submit(numbered(float(i))));
  for (int i = 0; i < 12; ++i) EXPECT_EQ(pending[std::size_t(i)].get().q, float(i));
}

TEST(batch_queue, the_oldest_position_waits_for_the_latency) {
  stand_in e{64};
  batch_queue queue{e, {.batch = 64, .latency = 50ms}};
  auto const begin = std::chrono::steady_clock::now();
  auto first = queue.submit(numbered(1));
  std::this_thread::sleep_for(30ms);
  auto second = queue.submit(numbered(2));  // does not make the first wait longer
  EXPECT_EQ(first.get().q, 1);
  auto const waited = std::chrono::steady_clock::now() - begin;
  EXPECT_GE(waited, 50ms);
  EXPECT_LT(waited, 5s);  // a busy machine is slow, but does not wait for a full batch
  EXPECT_EQ(second.get().q, 2);
}

TEST(batch_queue, no_latency) {
  stand_in e{64};
  batch_queue queue{e, {.batch = 64, .latency = 0us}};
  for (int i = 0; i < 10; ++i) EXPECT_EQ(queue.evaluate(numbered(float(i))).q, float(i));
}

TEST(batch_queue, an_error_reaches_all_of_its_batch_and_no_other) {
  stand_in e{3};
  batch_queue queue{e, {.batch = 3, .latency = 1h}};
  std::vector<std::future<reply>> pending;
  for (float const number : {1.0f, -1.0f, 2.0f, 3.0f, 4.0f, 5.0f}) pending.push_back(queue.submit(numbered(number)));
  for (std::size_t i = 0; i < 3; ++i) {
    try {
      (void)pending[i].get();
      ADD_FAILURE() << "position " << i;
    } catch (std::runtime_error const& error) {
      EXPECT_STREQ(error.what(), "the device is gone");
    }
  }
  for (std::size_t i = 3; i < 6; ++i) EXPECT_EQ(pending[i].get().q, float(i));
}

TEST(batch_queue, the_end_evaluates_what_was_submitted) {
  stand_in e{8};
  e.duration = 1ms;
  std::vector<std::future<reply>> pending;
  {
    batch_queue queue{e, {.batch = 8, .latency = 1h}};
    for (int i = 0; i < 1001; ++i) pending.push_back(queue.submit(numbered(float(i))));
  }
  for (std::size_t i = 0; i < pending.size(); ++i) {
    ASSERT_EQ(pending[i].wait_for(0s), std::future_status::ready);
    EXPECT_EQ(pending[i].get().q, float(i));
  }
  EXPECT_EQ(e.sizes.size(), 126u);
}

TEST(batch_queue, ends_without_a_position) {
  stand_in e{8};
  batch_queue queue{e, {.batch = 8, .latency = 1h}};
}

TEST(batch_queue, wrong_requests_and_options) {
  stand_in e{8};
  EXPECT_THROW((batch_queue{e, {.batch = 9}}), std::invalid_argument);
  EXPECT_THROW((batch_queue{e, {.batch = 0}}), std::invalid_argument);
  EXPECT_THROW((batch_queue{e, {.batch = 8, .latency = -1us}}), std::invalid_argument);
  batch_queue queue{e, {.batch = 1}};
  EXPECT_THROW((void)queue.submit(numbered(1, most_moves + 1)), std::invalid_argument);
  auto wrong = numbered(1, 1);
  wrong.moves[0] = 1858;
  EXPECT_THROW((void)queue.submit(wrong), std::invalid_argument);
  EXPECT_EQ(queue.evaluate(numbered(3, most_moves)).q, 3);
}

}  // namespace
