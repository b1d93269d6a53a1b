// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Adds the host backend to a file whose default backend is a GPU's, so that one program runs a kernel on both and compares:
/// basic_stream<host>, basic_buffer<T, memory_kind::device, host>, ... Not in the core there, since it costs compile time.
#pragma once

#include <crosslane/backend/host/backend.hpp>
#include <crosslane/crosslane.hpp>
