// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Prints the devices of the machine and, if there is more than one, the table of their links: row `from`, column `to`.
#include <crosslane/crosslane.hpp>
#include <crosslane/runtime/device_links.hpp>

#include <cstdio>
#include <exception>
#include <string>

namespace xl = crosslane;

namespace {

/// "xGMI, 1 hop, rank 0, atomics": how kernels on one device reach the memory of another.
std::string text(xl::device_link const& link) {
  if (!link.peer_access) return "copies only";
  std::string result = xl::to_string(link.kind);
  if (link.hops != 0) result += ", " + std::to_string(link.hops) + (link.hops == 1 ? " hop" : " hops");
  if (link.performance_rank >= 0) result += ", rank " + std::to_string(link.performance_rank);
  if (link.native_atomics) result += ", atomics";
  return result;
}

void print() {
  int const count = xl::device::count();
  for (int i = 0; i < count; ++i) {
    xl::device_properties const& p = xl::device{i}.properties();
    std::printf("%s device %d: %s, %s, waves of %u lanes\n", xl::default_backend::name, i, p.name, p.architecture, p.wave_size);
  }
  if (count < 2) return;
  std::printf("\nlinks, for kernels of the row's device and memory of the column's:\n");
  auto const links = xl::device_links<xl::default_backend>();
  std::size_t width = 9;
  for (xl::device_link const& link : links) width = width < text(link).size() ? text(link).size() : width;
  auto const print_row = [&](std::string const& name, auto const& cell) {
    std::string row = name;
    for (int to = 0; to < count; ++to) {
      row.resize(10 + std::size_t(to) * (width + 2), ' ');
      row += cell(to);
    }
    std::printf("%s\n", row.c_str());
  };
  auto const device_name = [](int i) { return "device " + std::to_string(i); };
  print_row("", device_name);
  std::size_t next = 0;
  for (int from = 0; from < count; ++from)
    print_row(device_name(from), [&](int to) { return from == to ? std::string{"-"} : text(links[next++]); });
  std::printf("\n");
}

}  // namespace

int main() try {
  if (xl::device::count() == 0) {
    std::fprintf(stderr, "list_devices: no %s device on this machine\n", xl::default_backend::name);
    return 77;
  }
  print();
} catch (std::exception const& e) {
  std::fprintf(stderr, "list_devices: %s\n", e.what());
  return 1;
}
