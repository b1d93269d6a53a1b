// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Finds what connects two NVIDIA GPUs. The CUDA runtime does not tell it. The driver's management library (NVML) does; it is loaded at the
/// first question, so that programs need not link to it.
#pragma once

#include <cuda_runtime_api.h>

#include <crosslane/core/device_link.hpp>

#include <dlfcn.h>

namespace crosslane::backend {

/// The functions of NVML that are needed. All return 0 for success. The type of the last argument of p2p_status is an enumeration of NVML.
/// The library stays loaded until the program ends: to load it takes longer than to ask.
class management_library {
 public:
  management_library() noexcept {
    library_ = dlopen("libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL);
    int (*init)() = nullptr;
    ready_ = find(init, "nvmlInit_v2") && find(device_, "nvmlDeviceGetHandleByPciBusId_v2") &&
             find(p2p_status_, "nvmlDeviceGetP2PStatus") && init() == 0;
  }
  management_library(management_library const&) = delete;
  management_library& operator=(management_library const&) = delete;

  /// Returns what connects two devices, given by their PCI addresses.
  link_kind kind(char const* device, char const* peer) const noexcept {
    void *a = nullptr, *b = nullptr;
    if (!ready_ || device_(device, &a) != 0 || device_(peer, &b) != 0) return link_kind::unknown;
    constexpr int by_nvlink = 2, by_pci = 4;  // NVML's numbers of what it can be asked
    int status = -1;
    if (p2p_status_(a, b, by_nvlink, &status) == 0 && status == 0) return link_kind::nvlink;
    if (p2p_status_(a, b, by_pci, &status) == 0 && status == 0) return link_kind::pcie;
    return link_kind::unknown;
  }

 private:
  template <class Function>
  bool find(Function& function, char const* name) const noexcept {
    function = library_ == nullptr ? nullptr : reinterpret_cast<Function>(dlsym(library_, name));
    return function != nullptr;
  }

  void* library_ = nullptr;
  bool ready_ = false;
  int (*device_)(char const*, void**) = nullptr;
  int (*p2p_status_)(void*, void*, int, int*) = nullptr;
};

/// Returns what connects two devices of the CUDA runtime.
inline link_kind cuda_link_kind(int device, int peer) noexcept {
  char address[32], address_of_peer[32];
  if (cudaDeviceGetPCIBusId(address, sizeof address, device) != cudaSuccess) return link_kind::unknown;
  if (cudaDeviceGetPCIBusId(address_of_peer, sizeof address_of_peer, peer) != cudaSuccess) return link_kind::unknown;
  static management_library const library;
  return library.kind(address, address_of_peer);
}

}  // namespace crosslane::backend
