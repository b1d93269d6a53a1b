// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Convolutions by cuDNN's graphs of operations.
#include "cudnn.hpp"

#include <cudnn.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

namespace bench {
namespace {

constexpr std::int64_t most_workspace = std::int64_t{1} << 30;
constexpr double most_seconds = 8;  // of the search for the fastest plan

void check(cudnnStatus_t status, char const* call) {
  if (status != CUDNN_STATUS_SUCCESS) throw std::runtime_error{std::string{"cuDNN, "} + call + ": " + cudnnGetErrorString(status)};
}

/// A descriptor of the backend. Its attributes are set, then it is finished.
class descriptor {
 public:
  descriptor() = default;
  explicit descriptor(cudnnBackendDescriptorType_t type) { check(cudnnBackendCreateDescriptor(type, &handle_), "a descriptor"); }
  descriptor(descriptor&& other) noexcept : handle_{std::exchange(other.handle_, nullptr)} {}
  descriptor& operator=(descriptor&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~descriptor() {
    if (handle_ != nullptr) (void)cudnnBackendDestroyDescriptor(handle_);
  }

  template <class T>
  descriptor& set(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, std::vector<T> const& values) {
    check(cudnnBackendSetAttribute(handle_, name, type, std::int64_t(values.size()), values.data()), "an attribute");
    return *this;
  }
  descriptor& set(cudnnBackendAttributeName_t name, descriptor const& value) {
    return set(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, std::vector{value.handle_});
  }
  descriptor& finish(char const* what) {
    check(cudnnBackendFinalize(handle_), what);
    return *this;
  }
  [[nodiscard]] cudnnBackendDescriptor_t get() const { return handle_; }

 private:
  cudnnBackendDescriptor_t handle_ = nullptr;
};

using numbers = std::vector<std::int64_t>;

descriptor tensor(std::int64_t name, numbers const& extents, numbers const& strides) {
  descriptor d{CUDNN_BACKEND_TENSOR_DESCRIPTOR};
  d.set(CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_TYPE_DATA_TYPE, std::vector{CUDNN_DATA_HALF})
      .set(CUDNN_ATTR_TENSOR_DIMENSIONS, CUDNN_TYPE_INT64, extents)
      .set(CUDNN_ATTR_TENSOR_STRIDES, CUDNN_TYPE_INT64, strides)
      .set(CUDNN_ATTR_TENSOR_UNIQUE_ID, CUDNN_TYPE_INT64, numbers{name})
      .set(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, CUDNN_TYPE_INT64, numbers{16})
      .finish("a tensor");
  return d;
}

/// Four axes n, c, h, w, in memory n, h, w, c.
descriptor tensor_nhwc(std::int64_t name, std::int64_t n, std::int64_t c, std::int64_t h, std::int64_t w) {
  return tensor(name, {n, c, h, w}, {c * h * w, 1, w * c, c});
}

struct plan {
  descriptor handle;
  std::int64_t workspace;
};

class convolution {
 public:
  convolution(xl::stream_ref q, convolution_sizes const& s) : q_{q} {
    check(cudnnCreate(&handle_), "cudnnCreate");
    check(cudnnSetStream(handle_, q.native()), "cudnnSetStream");
    x_ = tensor_nhwc('x', s.images, s.channels, s.height, s.width);
    w_ = tensor_nhwc('w', s.outputs, s.channels, s.filter, s.filter);
    y_ = tensor_nhwc('y', s.images, s.outputs, s.height, s.width);
    numbers const zeros(2, (s.filter - 1) / 2), ones(2, 1);
    how_ = descriptor{CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR};
    how_.set(CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, CUDNN_TYPE_INT64, numbers{2})
        .set(CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, std::vector{CUDNN_DATA_FLOAT})
        .set(CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_TYPE_CONVOLUTION_MODE, std::vector{CUDNN_CROSS_CORRELATION})
        .set(CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, CUDNN_TYPE_INT64, zeros)
        .set(CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, CUDNN_TYPE_INT64, zeros)
        .set(CUDNN_ATTR_CONVOLUTION_DILATIONS, CUDNN_TYPE_INT64, ones)
        .set(CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, CUDNN_TYPE_INT64, ones)
        .finish("a convolution");
    operation_ = descriptor{CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR};
    operation_.set(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X, x_)
        .set(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W, w_)
        .set(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y, y_)
        .set(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC, how_)
        .set(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA, CUDNN_TYPE_FLOAT, std::vector{1.f})
        .set(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA, CUDNN_TYPE_FLOAT, std::vector{0.f})
        .finish("an operation");
    graph_ = descriptor{CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR};
    graph_.set(CUDNN_ATTR_OPERATIONGRAPH_OPS, operation_)
        .set(CUDNN_ATTR_OPERATIONGRAPH_HANDLE, CUDNN_TYPE_HANDLE, std::vector{handle_})
        .finish("a graph of operations");
  }
  convolution(convolution const&) = delete;
  convolution& operator=(convolution const&) = delete;
  ~convolution() {
    for (descriptor* const d : {&chosen_, &graph_, &operation_, &how_, &y_, &w_, &x_}) *d = descriptor{};
    (void)cudnnDestroy(handle_);
  }

  /// Runs all plans that cuDNN has, and keeps the fastest with right results.
  void choose(std::vector<convolution_memory> const& sets, std::function<bool(std::function<void()> const&)> const& is_right) {
    auto const begin = std::chrono::steady_clock::now();
    double best = 1e300;
    int count = 0;
    std::int64_t bytes = 0;
    workspace_.emplace(q_, std::size_t(most_workspace));
    for (auto const mode : {CUDNN_HEUR_MODE_A, CUDNN_HEUR_MODE_FALLBACK})
      for (auto& configuration : configurations(mode)) {
        if (std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() > most_seconds) break;
        auto p = make_plan(configuration);
        if (!p) continue;
        double const t = seconds(*p, sets);
        if (t < 0) continue;
        ++count;
        if (t >= best || !is_right([&] { check(run(p->handle, sets.front()), "an execution"); })) continue;
        best = t;
        bytes = p->workspace;
        chosen_ = std::move(p->handle);
      }
    if (chosen_.get() == nullptr) throw std::runtime_error{"cuDNN: no plan of " + std::to_string(count) + " has the right result"};
    workspace_.emplace(q_, std::size_t(std::max<std::int64_t>(bytes, 1)));
    std::fprintf(stderr, "cuDNN: the fastest of %d plans takes %.1f us, with a workspace of %lld bytes\n", count, best * 1e6,
                 static_cast<long long>(bytes));
  }

  void queue(convolution_memory const& m) const { check(run(chosen_, m), "an execution"); }

 private:
  std::vector<descriptor> configurations(cudnnBackendHeurMode_t mode) const {
    descriptor heuristics{CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR};
    heuristics.set(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph_).set(CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE, std::vector{mode});
    std::vector<descriptor> result;
    if (cudnnBackendFinalize(heuristics.get()) != CUDNN_STATUS_SUCCESS) return result;
    std::int64_t count = 0;
    check(cudnnBackendGetAttribute(heuristics.get(), CUDNN_ATTR_ENGINEHEUR_RESULTS, CUDNN_TYPE_BACKEND_DESCRIPTOR, 0, &count, nullptr),
          "the number of configurations");
    std::vector<cudnnBackendDescriptor_t> handles;
    for (std::int64_t i = 0; i < count; ++i) handles.push_back(result.emplace_back(CUDNN_BACKEND_ENGINECFG_DESCRIPTOR).get());
    check(cudnnBackendGetAttribute(heuristics.get(), CUDNN_ATTR_ENGINEHEUR_RESULTS, CUDNN_TYPE_BACKEND_DESCRIPTOR, count, &count,
                                   handles.data()),
          "the configurations");
    result.resize(std::size_t(count));
    return result;
  }

  /// Returns nothing if the configuration cannot be used.
  std::optional<plan> make_plan(descriptor const& configuration) const {
    plan p{descriptor{CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR}, 0};
    p.handle.set(CUDNN_ATTR_EXECUTION_PLAN_HANDLE, CUDNN_TYPE_HANDLE, std::vector{handle_})
        .set(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, configuration);
    if (cudnnBackendFinalize(p.handle.get()) != CUDNN_STATUS_SUCCESS) return std::nullopt;
    std::int64_t count = 0;
    check(cudnnBackendGetAttribute(p.handle.get(), CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE, CUDNN_TYPE_INT64, 1, &count, &p.workspace),
          "the size of a workspace");
    if (p.workspace > most_workspace) return std::nullopt;
    return p;
  }

  cudnnStatus_t run(descriptor const& p, convolution_memory const& m) const {
    descriptor pack{CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR};
    pack.set(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, CUDNN_TYPE_INT64, numbers{'x', 'w', 'y'})
        .set(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, CUDNN_TYPE_VOID_PTR,
             std::vector<void*>{const_cast<void*>(m.in), const_cast<void*>(m.filter), m.out})
        .set(CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR, std::vector<void*>{const_cast<std::byte*>(workspace_->data())})
        .finish("a variant pack");
    return cudnnBackendExecute(handle_, p.get(), pack.get());
  }

  /// Returns the time of a call after a first one; -1 if the plan cannot be run.
  double seconds(plan const& p, std::vector<convolution_memory> const& sets) const {
    constexpr int calls = 10;
    if (run(p.handle, sets.front()) != CUDNN_STATUS_SUCCESS) return -1;
    xl::timed_event from{q_.device()}, to{q_.device()};
    double best = 1e300;
    for (int round = 0; round < 3; ++round) {
      from.record(q_);
      for (int i = 0; i < calls; ++i)
        if (run(p.handle, sets[std::size_t(i) % sets.size()]) != CUDNN_STATUS_SUCCESS) return -1;
      to.record(q_);
      to.synchronize();
      best = std::min(best, double(xl::elapsed_milliseconds(from, to)) * 1e-3 / calls);
    }
    return best;
  }

  xl::stream_ref q_;
  cudnnHandle_t handle_{};
  descriptor x_, w_, y_, how_, operation_, graph_, chosen_;
  std::optional<xl::buffer<std::byte>> workspace_;
};

}  // namespace

std::string cudnn_version() {
  std::size_t const v = cudnnGetVersion();
  return std::to_string(v / 10000) + "." + std::to_string(v / 100 % 100);
}

std::function<void(convolution_memory const&)> cudnn_convolution(xl::stream_ref q, convolution_sizes const& s,
                                                                 std::vector<convolution_memory> const& sets,
                                                                 std::function<bool(std::function<void()> const&)> const& is_right) {
  auto const of = std::make_shared<convolution>(q, s);
  of->choose(sets, is_right);
  return [of](convolution_memory const& m) { of->queue(m); };
}

}  // namespace bench
