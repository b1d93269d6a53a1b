// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The copy of trivially copyable elements in kernels, behind std::copy, std::move, std::sort and others. In libstdc++ 12.3 to 14 it moves
/// a single element by a function that is not constexpr. nvcc leaves out that call in a kernel, without a diagnostic: the element would not
/// be copied. So these versions get a copy of their own, which must be declared before the standard library's is used. If the standard
/// library was included first, the copy is an error of ptxas that says so.
#pragma once

#if __has_include(<bits/c++config.h>)
#include <bits/c++config.h>
#if _GLIBCXX_RELEASE == 13 || _GLIBCXX_RELEASE == 14 || (_GLIBCXX_RELEASE == 12 && __GLIBCXX__ >= 20230508)
#if defined(_GLIBCXX_ALGORITHM) || defined(_BASIC_STRING_H)
// Code before this header may have used the copy. nvcc itself includes <functional>, and with it <vector>.
#define CROSSLANE_STANDARD_COPY_IS_LATE() 1
#else
#define CROSSLANE_STANDARD_COPY_IS_LATE() 0

#include <bits/stl_algobase.h>

namespace std _GLIBCXX_VISIBILITY(default) {
_GLIBCXX_BEGIN_NAMESPACE_VERSION

template <bool IsMove, class T, class U>
__host__ __device__ constexpr void crosslane_assign(U& to, T& from) {
  if constexpr (IsMove)
    to = static_cast<T&&>(from);
  else
    to = from;
}
template <bool IsMove>
struct crosslane_copy_forward {
#pragma nv_exec_check_disable  // the compiler knows the built-in function as one of the host
  template <class T, class U>
  __host__ __device__ static constexpr U* __copy_m(T* first, T* last, U* result) {
    ptrdiff_t const count = last - first;
    if (count > 1)
      __builtin_memmove(result, first, sizeof(T) * count);
    else if (count == 1)
      crosslane_assign<IsMove>(*result, *first);
    return result + count;
  }
};
template <bool IsMove>
struct crosslane_copy_backward {
#pragma nv_exec_check_disable  // the compiler knows the built-in function as one of the host
  template <class T, class U>
  __host__ __device__ static constexpr U* __copy_move_b(T* first, T* last, U* result) {
    ptrdiff_t const count = last - first;
    if (count > 1)
      __builtin_memmove(result - count, first, sizeof(T) * count);
    else if (count == 1)
      crosslane_assign<IsMove>(result[-1], *first);
    return result - count;
  }
};
template <>
struct __copy_move<false, true, random_access_iterator_tag> : crosslane_copy_forward<false> {};
template <>
struct __copy_move<true, true, random_access_iterator_tag> : crosslane_copy_forward<true> {};
template <>
struct __copy_move_backward<false, true, random_access_iterator_tag> : crosslane_copy_backward<false> {};
template <>
struct __copy_move_backward<true, true, random_access_iterator_tag> : crosslane_copy_backward<true> {};

_GLIBCXX_END_NAMESPACE_VERSION
}  // namespace std _GLIBCXX_VISIBILITY(default)

#endif
#endif
#endif

#ifndef CROSSLANE_STANDARD_COPY_IS_LATE
/// 1 if code before this header may have used the standard library's copy, which then cannot be replaced.
#define CROSSLANE_STANDARD_COPY_IS_LATE() 0
#endif
