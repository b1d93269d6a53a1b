// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Tensors whose layout in memory is part of their type.
#pragma once

#include <crosslane/crosslane.hpp>

#include <crosslane/tensor/blocked.hpp>
#include <crosslane/tensor/convert.hpp>
#include <crosslane/tensor/generate.hpp>
#include <crosslane/tensor/layer_norm.hpp>
#include <crosslane/tensor/packed.hpp>
#include <crosslane/tensor/part.hpp>
#include <crosslane/tensor/reduce.hpp>
#include <crosslane/tensor/reshape.hpp>
#include <crosslane/tensor/slice.hpp>
#include <crosslane/tensor/strided.hpp>
#include <crosslane/tensor/swizzled.hpp>
#include <crosslane/tensor/tensor.hpp>
#include <crosslane/tensor/tiled_view.hpp>
#include <crosslane/tensor/transform.hpp>
#include <crosslane/tensor/vectorised.hpp>
#include <crosslane/tensor/view.hpp>
