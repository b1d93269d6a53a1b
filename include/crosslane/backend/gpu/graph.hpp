// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Graphs, by the calls that CUDA and HIP have in common. `Vendor` supplies what differs.
#pragma once

#include <crosslane/backend/gpu/launch.hpp>
#include <crosslane/runtime/graph_contract.hpp>

#include <vector>

namespace crosslane::backend {

template <class Backend, class Vendor>
struct gpu_graphs {
  using graph_handle = CROSSLANE_GPU(Graph_t);
  using node_handle = CROSSLANE_GPU(GraphNode_t);
  using exec_handle = CROSSLANE_GPU(GraphExec_t);
  using node_list = std::vector<node_handle>;
  using stream_handle = typename Backend::stream_handle;
  using event_handle = typename Backend::event_handle;

  static status create(graph_handle* out) noexcept { return from(CROSSLANE_GPU(GraphCreate)(out, 0)); }
  static status destroy(graph_handle g) noexcept { return from(CROSSLANE_GPU(GraphDestroy)(g)); }
  static status clone(graph_handle* out, graph_handle g) noexcept { return from(CROSSLANE_GPU(GraphClone)(out, g)); }
  static status find_in_clone(node_handle* out, node_handle n, graph_handle clone) noexcept {
    return from(CROSSLANE_GPU(GraphNodeFindInClone)(out, n, clone));
  }

  template <unsigned Width, class K, class... A>
  static status add_kernel(node_handle* out, graph_handle g, node_list const& after, device_properties const& p,
                           detail::launch_geometry const& geometry, K const& kernel, A const&... arguments) {
    return with_parameters<Width>(
        [&](CROSSLANE_GPU(KernelNodeParams) const& parameters) {
          return CROSSLANE_GPU(GraphAddKernelNode)(out, g, after.data(), after.size(), &parameters);
        },
        p, geometry, kernel, arguments...);
  }
  static status add_copy(node_handle* out, graph_handle g, node_list const& after, void* to, void const* from_, std::size_t bytes,
                         source_location) noexcept {
    return from(CROSSLANE_GPU(GraphAddMemcpyNode1D)(out, g, after.data(), after.size(), to, from_, bytes, CROSSLANE_GPU(MemcpyDefault)));
  }
  static status add_fill(node_handle* out, graph_handle g, node_list const& after, void* p, unsigned value, unsigned size,
                         std::size_t count, source_location) noexcept {
    CROSSLANE_GPU(MemsetParams) parameters{};
    parameters.dst = p;
    parameters.value = value;
    parameters.elementSize = size;
    parameters.width = count;
    parameters.height = 1;
    return from(CROSSLANE_GPU(GraphAddMemsetNode)(out, g, after.data(), after.size(), &parameters));
  }
  static status add_host_function(node_handle* out, graph_handle g, node_list const& after, void (*f)(void*), void* data,
                                  source_location) noexcept {
    CROSSLANE_GPU(HostNodeParams) parameters{};
    parameters.fn = f;
    parameters.userData = data;
    return from(CROSSLANE_GPU(GraphAddHostNode)(out, g, after.data(), after.size(), &parameters));
  }
  static status add_child(node_handle* out, graph_handle g, node_list const& after, graph_handle child) noexcept {
    return from(CROSSLANE_GPU(GraphAddChildGraphNode)(out, g, after.data(), after.size(), child));
  }
  static status add_empty(node_handle* out, graph_handle g, node_list const& after) noexcept {
    return from(CROSSLANE_GPU(GraphAddEmptyNode)(out, g, after.data(), after.size()));
  }
  static status add_record(node_handle* out, graph_handle g, node_list const& after, event_handle e) noexcept {
    return from(CROSSLANE_GPU(GraphAddEventRecordNode)(out, g, after.data(), after.size(), e));
  }
  static status add_wait(node_handle* out, graph_handle g, node_list const& after, event_handle e) noexcept {
    return from(CROSSLANE_GPU(GraphAddEventWaitNode)(out, g, after.data(), after.size(), e));
  }
  static status add_dependency(graph_handle g, node_handle first, node_handle then) noexcept {
    return from(Vendor::add_dependency(g, first, then));
  }

  static constexpr bool is_made_anew(std::size_t nodes) noexcept { return nodes > Vendor::most_updated_nodes; }
  static status instantiate(exec_handle* out, graph_handle g) noexcept { return from(CROSSLANE_GPU(GraphInstantiateWithFlags)(out, g, 0)); }
  static status destroy_exec(exec_handle e) noexcept { return from(CROSSLANE_GPU(GraphExecDestroy)(e)); }
  static status launch(exec_handle e, stream_handle s) noexcept { return from(CROSSLANE_GPU(GraphLaunch)(e, s)); }

  /// Changes a kernel's arguments or geometry.
  template <unsigned Width, class K, class... A>
  static status update_kernel(exec_handle e, node_handle n, device_properties const& p, detail::launch_geometry const& geometry,
                              K const& kernel, A const&... arguments) {
    return with_parameters<Width>(
        [&](CROSSLANE_GPU(KernelNodeParams) const& parameters) { return CROSSLANE_GPU(GraphExecKernelNodeSetParams)(e, n, &parameters); },
        p, geometry, kernel, arguments...);
  }
  static status update_copy(exec_handle e, node_handle n, void* to, void const* from_, std::size_t bytes, source_location) noexcept {
    return from(CROSSLANE_GPU(GraphExecMemcpyNodeSetParams1D)(e, n, to, from_, bytes, CROSSLANE_GPU(MemcpyDefault)));
  }
  /// The same for a node of a graph.
  template <unsigned Width, class K, class... A>
  static status update_kernel_node(node_handle n, device_properties const& p, detail::launch_geometry const& geometry, K const& kernel,
                                   A const&... arguments) {
    return with_parameters<Width>(
        [&](CROSSLANE_GPU(KernelNodeParams) const& parameters) { return CROSSLANE_GPU(GraphKernelNodeSetParams)(n, &parameters); }, p,
        geometry, kernel, arguments...);
  }
  static status update_copy_node(node_handle n, void* to, void const* from_, std::size_t bytes, source_location) noexcept {
    return from(CROSSLANE_GPU(GraphMemcpyNodeSetParams1D)(n, to, from_, bytes, CROSSLANE_GPU(MemcpyDefault)));
  }

  /// In the relaxed mode: calls that run at once and concern no stream, such as allocations of pinned memory and the loading of a kernel's
  /// code, are allowed meanwhile.
  static status begin_capture(stream_handle s) noexcept {
    return from(CROSSLANE_GPU(StreamBeginCapture)(s, CROSSLANE_GPU(StreamCaptureModeRelaxed)));
  }
  static status end_capture(stream_handle s, graph_handle* out) noexcept { return from(CROSSLANE_GPU(StreamEndCapture)(s, out)); }

  static status nodes(graph_handle g, node_list& out) {
    std::size_t count = 0;
    if (status const s = from(CROSSLANE_GPU(GraphGetNodes)(g, nullptr, &count)); s.code != 0) return s;
    out.resize(count);
    return count == 0 ? status{} : from(CROSSLANE_GPU(GraphGetNodes)(g, out.data(), &count));
  }
  static status edges(graph_handle g, node_list& first, node_list& then) {
    std::size_t count = 0;
    if (status const s = from(Vendor::edges(g, nullptr, nullptr, &count)); s.code != 0) return s;
    first.resize(count);
    then.resize(count);
    return count == 0 ? status{} : from(Vendor::edges(g, first.data(), then.data(), &count));
  }
  static node_facts facts(node_handle n) noexcept {
    node_facts result;
    CROSSLANE_GPU(GraphNodeType) type{};
    if (CROSSLANE_GPU(GraphNodeGetType)(n, &type) != CROSSLANE_GPU(Success)) return result;
    result.kind = Vendor::kind(type);
    CROSSLANE_GPU(KernelNodeParams) parameters{};
    if (result.kind != graph_node_kind::kernel) return result;
    if (CROSSLANE_GPU(GraphKernelNodeGetParams)(n, &parameters) != CROSSLANE_GPU(Success)) {
      Backend::clear_last_error();
      return result;
    }
    result.grid = {parameters.gridDim.x, parameters.gridDim.y, parameters.gridDim.z};
    result.block = {parameters.blockDim.x, parameters.blockDim.y, parameters.blockDim.z};
    if (kernel_entry const* const known = kernel_entry::find(parameters.func)) {
      result.name = known->name;
      result.kernel = known->address;
    }
    return result;
  }
  /// Returns what identifies a kernel with these types of arguments.
  template <unsigned Width, class K, class... A>
  static void const* kernel_of() noexcept {
    return known_entry<Backend, Width, K, A...>().address;
  }

 protected:
  static status from(typename Backend::native_status s) noexcept { return {int(s)}; }

 private:
  /// Calls use(parameters) for a node that launches the kernel.
  template <unsigned Width, class Use, class K, class... A>
  static status with_parameters(Use const& use, device_properties const& p, detail::launch_geometry const& g, K const& kernel,
                                A const&... arguments) {
    kernel_entry const& entry = known_entry<Backend, Width, K, A...>();
    std::size_t dynamic = g.dynamic_shared;
    if (status const s = reserve_dynamic_shared<Backend, Width, K, A...>(p, entry.function, dynamic); s.code != 0) return s;
    return with_pointers<K>(
        [&](void** pointers) {
          CROSSLANE_GPU(KernelNodeParams) parameters{};
          parameters.func = const_cast<void*>(entry.address);
          parameters.gridDim = dim3{g.grid.x, g.grid.y, g.grid.z};
          parameters.blockDim = dim3{g.block.x, g.block.y, g.block.z};
          parameters.sharedMemBytes = unsigned(dynamic);
          parameters.kernelParams = pointers;
          return from(use(parameters));
        },
        kernel, arguments...);
  }
};

}  // namespace crosslane::backend
