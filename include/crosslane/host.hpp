// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Adds the host backend to a file whose default backend is that of a GPU. One program can then run a kernel on both and compare:
/// basic_stream<host>, basic_buffer<T, memory_kind::device, host>, basic_graph<host>, ... In such a file the core header leaves this header
/// out, to save compile time.
#pragma once

#include <crosslane/backend/host/backend.hpp>
#include <crosslane/backend/host/graph.hpp>
#include <crosslane/crosslane.hpp>
