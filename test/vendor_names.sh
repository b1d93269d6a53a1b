#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# vendor_names.sh INCLUDE_DIR: vendors' names stand only where the map in the design allows them.
set -u
cd "$1/crosslane" || exit 1

names='(cuda|cu|nv|hip|hsa)[A-Z_][A-Za-z0-9_]*|(thread|block)Idx|(block|grid)Dim|warpSize'
names+='|__(device|host|global|shared|constant|managed|launch_bounds|forceinline)__'
names+='|__(shfl|ballot|any|all|activemask|match|reduce|syncthreads|syncwarp|popc|ffs|clz|brev|threadfence|ldg|half|nv|hip|ockl|ocml)[a-z0-9_]*'
names+='|__(CUDA|CUDACC|NVCC|HIP|HIPCC|GFX|AMDGCN|AMDGPU|amdgcn)[A-Za-z0-9_]*|__builtin_amdgcn_[a-z0-9_]*'

found=$(grep -rnwE --include='*.hpp' "$names" . | grep -vE '^\./(platform/|backend/((native/)?((cuda|hip|gpu)/|select\.hpp)))')
if [ -n "$found" ]; then
  printf 'Vendor names outside of platform/, backend/{,native/}{cuda,hip,gpu}/ and backend/{,native/}select.hpp:\n%s\n' "$found"
  exit 1
fi
