// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Loads and stores of AMD GPUs, with cache hints. There is no separate read-only path.
#pragma once

#include <crosslane/backend/native/gpu/access_words.hpp>
#include <crosslane/core/access.hpp>

namespace crosslane::backend {

struct hip_access {
  template <access Access, class T>
  static CROSSLANE_DEVICE_FN T load(T const* from) {
    return load_words(from, []<unsigned Bytes>(access_words<Bytes> const* p) {
      using word = typename compiler_words<Bytes>::type;
      auto const* const words = reinterpret_cast<word const*>(p);
      if constexpr (Access == access::streaming)
        return __builtin_bit_cast(access_words<Bytes>, __builtin_nontemporal_load(words));
      else if constexpr (Access == access::as_volatile)
        return __builtin_bit_cast(access_words<Bytes>, word(*const_cast<word const volatile*>(words)));
      else
        return __builtin_bit_cast(access_words<Bytes>, *words);
    });
  }
  template <access Access, class T>
  static CROSSLANE_DEVICE_FN void store(T* to, T const& value) {
    store_words(to, value, []<unsigned Bytes>(access_words<Bytes>* p, access_words<Bytes> const& x) {
      using word = typename compiler_words<Bytes>::type;
      auto* const words = reinterpret_cast<word*>(p);
      auto const bits = __builtin_bit_cast(word, x);
      if constexpr (Access == access::streaming)
        __builtin_nontemporal_store(bits, words);
      else if constexpr (Access == access::as_volatile)
        *const_cast<word volatile*>(words) = bits;
      else
        *words = bits;
    });
  }

  /// Prefetches an address. gfx12 has an instruction, for addresses that are uniform in the wave; elsewhere this has no effect.
  static CROSSLANE_DEVICE_FN void prefetch(void const* address) { __builtin_prefetch(address); }

 private:
  /// The compiler's vector types, which its built-ins and volatile accesses do not split. They may alias other types.
  template <unsigned Bytes>
  struct compiler_words {
    typedef access_word<Bytes> type __attribute__((may_alias));
  };
};
template <>
struct hip_access::compiler_words<8> {
  typedef std::uint32_t type __attribute__((ext_vector_type(2), may_alias));
};
template <>
struct hip_access::compiler_words<16> {
  typedef std::uint32_t type __attribute__((ext_vector_type(4), may_alias));
};

}  // namespace crosslane::backend
