// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The kernel of examples/layouts on tensors of Python's array libraries. A shared library that softmax.py calls.
#include "layouts/softmax.hpp"

#include <crosslane/tensor/dlpack.hpp>

#include <string>
#include <string_view>

namespace {

namespace xl = crosslane;
using layouts::axis::c;

constexpr bool on_cpu = std::string_view{xl::default_backend::name} == "host";

/// Returns a new tensor of the same order without gaps, filled by the kernel. Returns null if `in` does not have elements T in the order of
/// L.
template <class T, class L, class In>
void* softmax_of(In const& in, xl::stream_ref q) {
  auto const run = [&](auto const& view) -> void* {
    xl::tensor<T, L> out{q, view.extents()};
    layouts::run_softmax(q, view, out);
    if constexpr (on_cpu) q.synchronize();
    return xl::to_dlpack<In>(std::move(out));
  };
  if (xl::dlpack_matches<T const, L>(in)) return run(xl::dlpack_view<T const, L>(q.device(), in));
  // Parts of larger tensors.
  using gaps = xl::with_strides<L>;
  if (xl::dlpack_matches<T const, gaps>(in)) return run(xl::dlpack_view<T const, gaps>(q.device(), in));
  return nullptr;
}

/// `stream` is the array library's own stream on a GPU.
template <class In>
void* softmax(In const& in, void* stream) {
  xl::device const device{on_cpu ? 0 : in.dl_tensor.device.device_id};
  auto const run = [&](xl::stream_ref q) -> void* {
    if (void* out = softmax_of<float, xl::nchw>(in, q)) return out;
    if (void* out = softmax_of<float, xl::nhwc>(in, q)) return out;
    if (void* out = softmax_of<xl::half, xl::nchw>(in, q)) return out;
    if (void* out = softmax_of<xl::half, xl::nhwc>(in, q)) return out;
    (void)xl::dlpack_view<float const, xl::nchw>(device, in);  // throws with the reason
    return nullptr;
  };
  if constexpr (on_cpu)
    return run(xl::stream{device});
  else
    return run(xl::stream_ref::from_native(static_cast<xl::stream_ref::native_handle>(stream), device));
}

thread_local std::string failure;

template <class Call>
void* or_failure(Call const& call) noexcept {
  try {
    return call();
  } catch (std::exception const& e) {
    failure = e.what();
    return nullptr;
  }
}

}  // namespace

/// Takes a DLManagedTensor or DLManagedTensorVersioned, which stays the caller's. Returns a new one of the same kind, which the caller
/// owns. Returns null on failure; softmax_failure() then has the reason.
extern "C" void* softmax_unversioned(xl::dlpack::managed_tensor const* in, void* stream) {
  return or_failure([&] { return softmax(*in, stream); });
}
extern "C" void* softmax_versioned(xl::dlpack::managed_tensor_versioned const* in, void* stream) {
  return or_failure([&] { return softmax(*in, stream); });
}
/// Frees a result that no library has taken.
extern "C" void softmax_free_unversioned(xl::dlpack::managed_tensor* result) { result->deleter(result); }
extern "C" void softmax_free_versioned(xl::dlpack::managed_tensor_versioned* result) { result->deleter(result); }
extern "C" char const* softmax_failure() { return failure.c_str(); }
