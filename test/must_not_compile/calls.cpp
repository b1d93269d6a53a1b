// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Uses of host functions and host variables in kernels. Each is a compile error; nvcc without the headers' diagnostics compiles an empty
/// kernel from it. The file has all of them, and the messages name each one.
#include <crosslane/crosslane.hpp>

namespace xl = crosslane;

#ifdef CROSSLANE_TEST_WRONG
#define MARK
#else
#define MARK CROSSLANE_FN
#endif

MARK inline float called_function(float x) { return x + 1; }
template <class T>
MARK T called_template(T x) {
  return x + 1;
}
MARK inline float called_in_lambda(float x) { return x + 1; }
MARK inline float called_in_function(float x) { return x + 1; }
CROSSLANE_FN inline float calls_another(float x) { return called_in_function(x); }
MARK inline float called_by_pointer(float x) { return x + 1; }
MARK inline float default_argument() { return 1; }
CROSSLANE_FN inline float has_default(float x = default_argument()) { return x; }

struct member {
  float value;
  MARK float called_member() const { return value; }
  MARK float called_member_pointer() const { return value; }
  MARK explicit operator float() const { return value; }
  MARK float operator[](int) const { return value; }
};
struct constructed {
  float value;
  MARK explicit constructed(float x) : value{x} {}
};
struct destroyed {
  float* value;
  CROSSLANE_FN explicit destroyed(float* x) : value{x} {}
  MARK ~destroyed() { *value = 0; }
};
struct base {
  float value;
  MARK base() : value{1} {}
};
struct derived : base {};
struct element {
  float value;
  MARK element() : value{1} {}
};
struct copied {
  float value;
  CROSSLANE_FN explicit copied(float x) : value{x} {}
  MARK copied(copied const& other) : value{other.value + 1} {}
};
struct has_copied {
  copied part;
};
struct range {
  float* first;
  MARK float* begin() const { return first; }
  MARK float* end() const { return first + 1; }
};
#ifdef CROSSLANE_TEST_WRONG
float variable = 3;
#else
constexpr float variable = 3;
#endif

// Host functions that are passed to a template of the test, and to functions of the library that take a callable.
struct passed_on {
  MARK float operator()(float x) const { return x + 1; }
};
struct reducer {
  MARK float operator()(float a, float b) const { return a + b; }
};
struct scanner {
  MARK float operator()(float a, float b) const { return a + b; }
};
struct block_reducer {
  MARK float operator()(float a, float b) const { return a + b; }
};
struct transformer {
  MARK float operator()(float x) const { return x + 1; }
};
struct of_each_element {
  MARK void operator()(float& x) const { x += 1; }
};
struct of_each_index {
  float* to;
  MARK void operator()(unsigned i) const { to[i] = 1; }
};
template <class F>
CROSSLANE_FN auto pass_on(F const& f, float x) {
  return f(x);
}

struct kernel {
  template <class Ctx>
  struct shared {
    xl::block_scratch<float, Ctx> scratch;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, float* x, member const* members) const {
    x[0] = called_function(x[0]);
    x[1] = called_template(x[1]);
    x[2] = calls_another(x[2]);
    x[3] = [](auto y) { return called_in_lambda(y); }(x[3]);
    float (*const pointer)(float) = called_by_pointer;
    x[4] = pointer(x[4]);
    x[5] = has_default();
    x[6] = members[0].called_member();
    float (member::* const member_pointer)() const = &member::called_member_pointer;
    x[7] = (members[1].*member_pointer)();
    x[8] = float(members[2]) + members[3][0];
    x[9] = constructed{x[9]}.value;
    destroyed const to_destroy{x + 10};
    derived const with_base;
    element elements[3];
    x[11] = with_base.value + elements[int(x[11])].value;
    has_copied const original{copied{x[12]}}, copy = original;
    x[12] = copy.part.value;
    for (float& y : range{x + 13}) y = 1;
    x[14] = variable;
    x[15] = pass_on(passed_on{}, x[15]);
    x[16] = xl::wave(ctx).reduce(x[16], reducer{});
    x[17] = xl::wave(ctx).inclusive_scan(x[17], scanner{});
    x[18] = xl::block_reduce(ctx, s.scratch, x[18], block_reducer{});
  }
};

void launch(xl::stream const& q, xl::buffer<float>& b, member const* members) {
  xl::launch(q, {.grid = 1, .block = 32}, kernel{}, b.data(), members);
  xl::transform(q, b, b, transformer{});
  xl::for_each(q, b, of_each_element{});
  xl::for_each(q, 4u, of_each_index{b.data()});
}
