// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// A wave's knowledge of others: for each wave of a launch, up to which of its memory operations everything is ordered before now.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace emu {

/// Numbers of a wave's operations. Of global memory: [0] those that a wait for loads covers, [1] those of stores. Of LDS: [0].
struct Epochs {
  uint32_t n[2] = {0, 0};
  bool covers(Epochs const& o) const { return n[0] >= o.n[0] && n[1] >= o.n[1]; }
  Epochs join(Epochs const& o) const { return {{std::max(n[0], o.n[0]), std::max(n[1], o.n[1])}}; }
};

/// A vector clock. Copies share memory: it is a tree of 16 children a node whose nodes are never changed, so that clocks which differ in a
/// few waves differ in a few nodes. A wave that has synchronised with nobody has no node.
class Clock {
 public:
  Clock() = default;
  Clock(Clock const& o) : root(ref(o.root)) {}
  Clock(Clock&& o) noexcept : root(o.root) { o.root = nullptr; }
  Clock& operator=(Clock o) noexcept {
    std::swap(root, o.root);
    return *this;
  }
  ~Clock() { drop(root, height); }

  explicit operator bool() const { return root; }
  bool operator==(Clock const& o) const { return root == o.root; }
  Epochs get(uint32_t wave) const {
    Node const* n = root;
    for (int h = height; n && h; h--) n = static_cast<Inner const*>(n)->kids[wave >> (4 * h) & 15];
    return n ? static_cast<Leaf const*>(n)->epochs[wave & 15] : Epochs();
  }
  /// Adds that the wave's operations up to e are ordered before.
  void add(uint32_t wave, Epochs const& e) {
    if (!get(wave).covers(e)) root = put(root, height, wave, e);
  }
  void join(Clock const& o) {
    if (root == o.root || !o.root) return;
    Node* const n = merge(root, o.root, height);
    drop(root, height);
    root = n;
  }

  /// Sets the depth for launches of this many waves. No clock may exist.
  static void set_waves(uint64_t waves) {
    height = 0;
    while (waves > 16ull << (4 * height)) height++;
  }
  static size_t bytes() { return allocated; }

 private:
  struct Node {
    uint32_t refs = 1;
  };
  struct Inner : Node {
    Node* kids[16] = {};
  };
  struct Leaf : Node {
    Epochs epochs[16];
  };
  static Node* ref(Node* n) {
    if (n) n->refs++;
    return n;
  }
  template <class T>
  static T* make() {
    allocated += sizeof(T);
    return new T;
  }
  static void drop(Node* n, int h) {
    if (!n || --n->refs) return;
    if (!h) {
      allocated -= sizeof(Leaf);
      delete static_cast<Leaf*>(n);
      return;
    }
    for (Node* k : static_cast<Inner*>(n)->kids) drop(k, h - 1);
    allocated -= sizeof(Inner);
    delete static_cast<Inner*>(n);
  }
  // Takes the reference to n and returns one to the result. Nodes that nobody else has are changed in place.
  static Node* put(Node* n, int h, uint32_t wave, Epochs const& e) {
    if (!h) {
      Leaf* l = static_cast<Leaf*>(n);
      if (!n || n->refs > 1) {
        l = make<Leaf>();
        if (n) std::copy_n(static_cast<Leaf*>(n)->epochs, 16, l->epochs);
        drop(n, h);
      }
      l->epochs[wave & 15] = l->epochs[wave & 15].join(e);
      return l;
    }
    Inner* i = static_cast<Inner*>(n);
    if (!n || n->refs > 1) {
      i = make<Inner>();
      if (n)
        for (int k = 0; k < 16; k++) i->kids[k] = ref(static_cast<Inner*>(n)->kids[k]);
      drop(n, h);
    }
    Node*& kid = i->kids[wave >> (4 * h) & 15];
    kid = put(kid, h - 1, wave, e);
    return i;
  }
  // Returns a reference to the join. It is a or b if that covers the other.
  static Node* merge(Node* a, Node* b, int h) {
    if (a == b || !b) return ref(a);
    if (!a) return ref(b);
    bool is_a = true, is_b = true;
    if (!h) {
      Epochs const *x = static_cast<Leaf*>(a)->epochs, *y = static_cast<Leaf*>(b)->epochs;
      for (int k = 0; k < 16; k++) {
        is_a = is_a && x[k].covers(y[k]);
        is_b = is_b && y[k].covers(x[k]);
      }
      if (is_a || is_b) return ref(is_a ? a : b);
      Leaf* const l = make<Leaf>();
      for (int k = 0; k < 16; k++) l->epochs[k] = x[k].join(y[k]);
      return l;
    }
    Node *const *x = static_cast<Inner*>(a)->kids, *const *y = static_cast<Inner*>(b)->kids;
    Node* r[16];
    for (int k = 0; k < 16; k++) {
      r[k] = merge(x[k], y[k], h - 1);
      is_a = is_a && r[k] == x[k];
      is_b = is_b && r[k] == y[k];
    }
    if (is_a || is_b) {
      for (Node* k : r) drop(k, h - 1);
      return ref(is_a ? a : b);
    }
    Inner* const i = make<Inner>();
    std::copy_n(r, 16, i->kids);
    return i;
  }

  Node* root = nullptr;
  static inline int height = 0;
  static inline size_t allocated = 0;
};

}  // namespace emu
