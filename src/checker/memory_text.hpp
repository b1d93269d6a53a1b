// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Texts about places in memory: which buffer, where it was made, and which element.
#pragma once

#include "watched_memory.hpp"

#include <crosslane/core/error.hpp>

#include <cstddef>

namespace crosslane::backend {

/// "the buffer of 16 elements of 4 bytes made at a.cpp:3", "the block's shared memory of 256 bytes"
inline void append_memory(error_text& text, watched_block const& block) {
  if (block.shared) {
    text.append("the block's %sshared memory of %zu bytes", block.dynamic ? "dynamic " : "", block.bytes);
    return;
  }
  char const* const freed = block.freed ? "freed " : "";
  if (block.element_bytes == 0)
    text.append("a %sbuffer of %zu bytes", freed, block.bytes);
  else
    text.append("the %sbuffer of %zu elements of %zu bytes", freed, block.bytes / block.element_bytes, block.element_bytes);
  if (block.made.line != 0) text.append(" made at %s:%u", block.made.file, block.made.line);
}

/// "element 4 of the buffer of 16 elements of 4 bytes made at a.cpp:3". The address may lie outside. `bytes` is the size of the access, 0
/// if it is not known.
inline void append_object(error_text& text, watched_block const& block, char const* at, std::size_t bytes = 0) {
  std::ptrdiff_t const offset = at - block.begin, size = std::ptrdiff_t(block.element_bytes), wide = std::ptrdiff_t(bytes);
  if (size == 0) {
    bool const outside = offset < 0 || std::size_t(offset) + bytes > block.bytes;
    if (offset < 0)
      text.append("%td bytes before ", -offset);
    else if (outside && bytes > 1)
      text.append("bytes %td to %td of ", offset, offset + wide - 1);
    else
      text.append("byte %td of ", offset);
  } else {
    std::ptrdiff_t const rest = (offset % size + size) % size, element = (offset - rest) / size;
    if (rest == 0 && wide > size && wide % size == 0)
      text.append("elements %td to %td of ", element, element + wide / size - 1);
    else if (rest == 0)
      text.append("element %td of ", element);
    else
      text.append("byte %td of element %td of ", rest, element);
  }
  append_memory(text, block);
}

/// The same for an access of `bytes` outside. `block` is the nearest one; null if there is none.
inline void append_outside(error_text& text, watched_block const* block, char const* at, std::size_t bytes) {
  constexpr std::ptrdiff_t far_bytes = 65536;
  if (block == nullptr) {
    text.append("far from any buffer");
    return;
  }
  append_object(text, *block, at, bytes);
  if (block->shared && block->bytes == 0) text.append(": the launch asks for no dynamic shared memory (.dynamic_shared)");
  if (block->begin - at >= far_bytes || at - (block->begin + block->bytes) >= far_bytes) text.append(", the nearest one");
}

}  // namespace crosslane::backend
