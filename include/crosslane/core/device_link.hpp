// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The link between two devices in vendor-neutral terms.
#pragma once

namespace crosslane {

/// The kinds of links, as far as the vendor's libraries tell them.
enum class link_kind : unsigned char {
  unknown,      ///< not told, or of another kind
  same_memory,  ///< both devices have the same memory, as the devices of the host backend do
  pcie,         ///< PCI Express
  nvlink,       ///< NVIDIA's NVLink, directly or by a switch
  xgmi,         ///< AMD's Infinity Fabric between GPUs
};

/// Returns the kind in words: "PCIe".
constexpr char const* to_string(link_kind kind) noexcept {
  switch (kind) {
    case link_kind::same_memory: return "same memory";
    case link_kind::pcie: return "PCIe";
    case link_kind::nvlink: return "NVLink";
    case link_kind::xgmi: return "xGMI";
    case link_kind::unknown: break;
  }
  return "unknown";
}

/// How kernels on one device reach the memory of another. The other direction is a link of its own.
struct device_link {
  int from = 0;                         ///< the index of the device whose kernels access memory
  int to = 0;                           ///< the index of the device whose memory it is
  bool peer_access = false;             ///< whether basic_device::enable_peer_access() works. Copies work without it
  bool native_atomics = false;          ///< whether the hardware executes atomic operations of kernels across the link
  int performance_rank = -1;            ///< the vendor's rank among the machine's links: a lower one is faster; -1 if it has none
  link_kind kind = link_kind::unknown;  ///< what connects the devices
  unsigned hops = 0;                    ///< steps from device to device; 0 if unknown
};

}  // namespace crosslane
