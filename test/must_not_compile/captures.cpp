// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Lambdas of kernels that would read an object of the host through `this`.
#include <crosslane/crosslane.hpp>

namespace xl = crosslane;

template <class T>
class object {
 public:
  void run(xl::stream const& q) const {
    [[maybe_unused]] float const a = 1;
#if CROSSLANE_TEST_WRONG == 1
    xl::for_each(q, 4u, [=, this] CROSSLANE_LAMBDA(unsigned i) { data_[i] = value_ + a; });
#elif CROSSLANE_TEST_WRONG == 2
    xl::for_each(q, 4u, [=] CROSSLANE_LAMBDA(unsigned i) { data_[i] = value_ + a; });
#else
    object const* others = others_;  // of the own class, and not `this`
    xl::for_each(q, 4u, [*this, others] CROSSLANE_LAMBDA(unsigned i) { data_[i] = value_ + others[i].value_; });
#endif
  }

 private:
  T* data_ = nullptr;
  T value_ = 1;
  object* others_ = nullptr;
};
template class object<float>;
