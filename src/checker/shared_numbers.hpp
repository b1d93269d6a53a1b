// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// An array of numbers whose copies share what they have in common.
#pragma once

#include <cstdint>
#include <utility>

namespace crosslane::backend {

/// Numbers by their index of 32 bits, all 0 at first, which only increase. A tree whose nodes do not change once they are shared: a copy
/// takes constant time, a change replaces the nodes on one path, and raise(other) visits only nodes that the two do not share. Not for
/// several host threads at a time.
class shared_numbers {
 public:
  shared_numbers() noexcept = default;
  shared_numbers(shared_numbers const& other) noexcept : root_{kept(other.root_)}, height_{other.height_} {}
  shared_numbers(shared_numbers&& other) noexcept : root_{std::exchange(other.root_, nullptr)}, height_{other.height_} {}
  shared_numbers& operator=(shared_numbers other) noexcept {
    std::swap(root_, other.root_);
    std::swap(height_, other.height_);
    return *this;
  }
  ~shared_numbers() { drop(root_, height_); }

  bool empty() const noexcept { return root_ == nullptr; }

  std::uint32_t operator[](std::uint32_t index) const noexcept {
    if (root_ == nullptr || index > last_index()) return 0;
    node const* n = root_;
    for (unsigned h = height_; h != 0; --h) {
      n = static_cast<inner const*>(n)->below[digit(index, h)];
      if (n == nullptr) return 0;
    }
    return static_cast<leaf const*>(n)->numbers[digit(index, 0)];
  }

  /// Calls f(index) for each number that is not 0.
  template <class F>
  void each(F const& f) const {
    visit(root_, height_, 0, f);
  }

  /// Sets the number at an index to the larger one of itself and `value`.
  void raise(std::uint32_t index, std::uint32_t value) {
    if (value == 0) return;
    shared_numbers one;
    one.root_ = new leaf;
    static_cast<leaf*>(one.root_)->numbers[digit(index, 0)] = value;
    while (index > one.last_index()) one.grow(digit(index, one.height_ + 1));
    raise(one);
  }
  /// Sets each number to the larger one of itself and the other's.
  void raise(shared_numbers const& other) {
    if (other.root_ == nullptr || other.root_ == root_) return;
    if (root_ == nullptr) {
      *this = other;
      return;
    }
    while (height_ < other.height_) grow(0);
    if (height_ > other.height_) {
      shared_numbers grown{other};
      while (grown.height_ < height_) grown.grow(0);
      replace_root(larger(root_, grown.root_, height_));
    } else {
      replace_root(larger(root_, other.root_, height_));
    }
  }

 private:
  static constexpr unsigned digit_bits = 4, width = 1u << digit_bits;

  struct node {
    std::uint32_t users = 1;
  };
  struct leaf : node {
    std::uint32_t numbers[width] = {};
  };
  struct inner : node {
    node* below[width] = {};
  };

  static unsigned digit(std::uint32_t index, unsigned height) noexcept { return index >> (digit_bits * height) & (width - 1); }
  std::uint32_t last_index() const noexcept { return std::uint32_t((std::uint64_t{1} << digit_bits * (height_ + 1)) - 1); }

  template <class F>
  static void visit(node const* n, unsigned height, std::uint32_t begin, F const& f) {
    if (n == nullptr) return;
    for (std::uint32_t i = 0; i < width; ++i)
      if (height != 0)
        visit(static_cast<inner const*>(n)->below[i], height - 1, (begin | i) << digit_bits, f);
      else if (static_cast<leaf const*>(n)->numbers[i] != 0)
        f(begin | i);
  }

  /// Returns a node of equal numbers for one more user.
  static node* kept(node* n) noexcept {
    if (n != nullptr) ++n->users;
    return n;
  }
  static void drop(node* n, unsigned height) noexcept {
    if (n == nullptr || --n->users != 0) return;
    if (height == 0) {
      delete static_cast<leaf*>(n);
      return;
    }
    for (node* const below : static_cast<inner*>(n)->below) drop(below, height - 1);
    delete static_cast<inner*>(n);
  }

  /// Puts the tree under a new root.
  void grow(unsigned place) {
    inner* const root = new inner;
    root->below[place] = root_;
    root_ = root;
    ++height_;
  }
  void replace_root(node* root) noexcept {
    drop(root_, height_);
    root_ = root;
  }

  /// Returns the larger ones of the numbers of two nodes: one of the two if it has them all.
  static node* larger(node* a, node* b, unsigned height) {
    if (a == b || b == nullptr) return kept(a);
    if (a == nullptr) return kept(b);
    if (height == 0) return larger_leaf(static_cast<leaf*>(a), static_cast<leaf*>(b));
    inner *const left = static_cast<inner*>(a), *const right = static_cast<inner*>(b);
    node* both[width];
    bool only_left = true, only_right = true;
    for (unsigned i = 0; i < width; ++i) {
      both[i] = larger(left->below[i], right->below[i], height - 1);
      only_left = only_left && both[i] == left->below[i];
      only_right = only_right && both[i] == right->below[i];
    }
    if (only_left || only_right) {
      for (node* const n : both) drop(n, height - 1);
      return kept(only_left ? a : b);
    }
    inner* const result = new inner;
    for (unsigned i = 0; i < width; ++i) result->below[i] = both[i];
    return result;
  }
  static node* larger_leaf(leaf* a, leaf* b) {
    bool only_left = true, only_right = true;
    for (unsigned i = 0; i < width; ++i) {
      only_left = only_left && a->numbers[i] >= b->numbers[i];
      only_right = only_right && a->numbers[i] <= b->numbers[i];
    }
    if (only_left || only_right) return kept(only_left ? a : b);
    leaf* const result = new leaf;
    for (unsigned i = 0; i < width; ++i) result->numbers[i] = a->numbers[i] > b->numbers[i] ? a->numbers[i] : b->numbers[i];
    return result;
  }

  node* root_ = nullptr;
  unsigned height_ = 0;  ///< of the root; leaves have 0
};

}  // namespace crosslane::backend
