// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Graphs: work that is described once and launched often. A launch of a graph costs less than the launches of its nodes, and nodes that do
/// not depend on each other may run at the same time.
///
/// A graph is captured from streams by basic_graph_capture (graph_capture.hpp), or its nodes are added one by one. A
/// basic_executable_graph (executable_graph.hpp) is launched. The backends' own graphs do the work: CUDA's
/// and HIP's, and on the host a scheduler that runs the nodes in an order that their dependencies allow, which the seed of the check
/// options chooses. With crosslane::checked two nodes of which neither depends on the other race if they use the same memory.
///
/// A graph, an executable graph and a capture are used by one host thread at a time.
#pragma once

#include <crosslane/runtime/copy.hpp>
#include <crosslane/runtime/event.hpp>
#include <crosslane/runtime/graph_contract.hpp>
#include <crosslane/runtime/launch.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace crosslane {

template <graph_backend B>
class basic_graph;
template <graph_backend B>
class basic_executable_graph;
template <graph_backend B>
class basic_graph_capture;

namespace detail {

/// A share of a graph's functions.
class kept_share {
 public:
  kept_share() : list_{new kept_list} {}
  kept_share(kept_share const& other) noexcept : list_{other.list_} { list_->retain(); }
  kept_share& operator=(kept_share other) noexcept {
    std::swap(list_, other.list_);
    return *this;
  }
  ~kept_share() { list_->release(); }
  kept_list* operator->() const noexcept { return list_; }
  kept_list* get() const noexcept { return list_; }
  bool operator==(kept_share const&) const = default;

 private:
  kept_list* list_;
};

/// A node as the library knows it.
template <graph_backend B>
struct graph_entry {
  typename backend::graphs<B>::node_handle native{};
  std::size_t part = 0;  ///< which of the backend's graphs has it
  backend::node_facts facts;
  std::vector<std::size_t> after;
};

/// The facts of a loop that the backend's graphs do not have.
template <graph_backend B>
struct graph_loop {
  unsigned const* condition;
  std::shared_ptr<basic_graph<B>> body;
};

inline char const* kind_name(graph_node_kind kind) noexcept {
  switch (kind) {
    case graph_node_kind::kernel: return "kernel";
    case graph_node_kind::copy: return "copy";
    case graph_node_kind::fill: return "fill";
    case graph_node_kind::host_function: return "host function";
    case graph_node_kind::child_graph: return "child graph";
    case graph_node_kind::empty: return "empty";
    case graph_node_kind::event_record: return "event record";
    case graph_node_kind::event_wait: return "event wait";
    case graph_node_kind::while_loop: return "while";
    case graph_node_kind::other: break;
  }
  return "other";
}

/// Appends "node 3, kernel scale added at a.cpp:7".
inline void append_node(error_text& t, std::size_t index, backend::node_facts const& facts) noexcept {
  t.append("node %zu, %s", index, kind_name(facts.kind));
  if (facts.name != nullptr) t.append(" %s", facts.name);
  if (facts.where.line != 0) t.append(" added at %s:%u", facts.where.file, facts.where.line);
}

/// Throws invalid_argument for a copy between buffers of which one is not of the graph's device.
template <runtime_backend B, class From, class To>
void require_no_peer(int own, char const* call, From const& from, To const& to, source_location where) {
  int const source = owning_device(from), destination = owning_device(to);
  if (source >= 0 && destination >= 0 && (source != own || destination != own))
    throw_error(errc::invalid_argument, where,
                "%s: from %s device %d to device %d in a graph of device %d: capture a copy(), which copies between devices", call, B::name,
                source, destination, own);
}

inline unsigned long long next_graph_number() noexcept {
  static unsigned long long last = 0;
  return __atomic_add_fetch(&last, 1, __ATOMIC_RELAXED);
}

}  // namespace detail

/// A node of a graph: a small value. It is valid for the graph that made it and for executables of that graph.
template <graph_backend B>
class basic_graph_node {
 public:
  /// Returns the place of the node in the graph: nodes count from 0 in the order in which they were added.
  [[nodiscard]] std::size_t index() const noexcept { return index_; }
  /// Whether both are the same node of the same graph.
  friend bool operator==(basic_graph_node const&, basic_graph_node const&) = default;

 private:
  friend class basic_graph<B>;
  friend class basic_executable_graph<B>;
  basic_graph_node(unsigned long long graph, std::size_t index) noexcept : graph_{graph}, index_{index} {}
  unsigned long long graph_;
  std::size_t index_;
};

/// A graph: nodes and their dependencies. Move-only; clone() copies. The functions that add a node take first the nodes that it depends on:
/// `{}` or `{a, b}`. They throw invalid_argument if one of these is not a node of the graph.
///
/// Memory and events that nodes use must live until the last launch has finished. Buffers are passed as their addresses.
///
///   xl::graph g{d};
///   auto const in = g.copy_node({}, values, x);
///   auto const scaled = g.kernel_node({in}, {.grid = xl::cover(n, 256), .block = 256}, scale{}, x, 2.f);
///   g.copy_node({scaled}, x, values);
///   auto run = g.instantiate();
///   for (int i = 0; i < 100; ++i) run.launch(q);
///   q.synchronize();
template <graph_backend B>
class basic_graph {
  using native = crosslane::backend::graphs<B>;
  using entry = detail::graph_entry<B>;

 public:
  using backend = B;                                    ///< the backend of the graph
  using native_handle = typename native::graph_handle;  ///< the vendor's handle type
  using node = basic_graph_node<B>;                     ///< a node of the graph
  using nodes_before = std::vector<node>;               ///< the nodes that another depends on

  /// Makes an empty graph for streams of a device. Throws vendor errors.
  explicit basic_graph(basic_device<B> on, source_location where = source_location::current()) : device_{on.index()} {
    detail::refuse_in_callback<B>("graph create", where);
    add_part(where);
    functions_.emplace_back();
  }

  /// Takes over the graph. `other` becomes a moved-from graph: its functions throw invalid_handle.
  basic_graph(basic_graph&& other) noexcept { swap(other); }
  /// Destroys this graph and takes over `other`, which becomes a moved-from graph.
  basic_graph& operator=(basic_graph&& other) noexcept {
    basic_graph taken{static_cast<basic_graph&&>(other)};
    swap(taken);
    return *this;
  }
  ~basic_graph() {
    for (native_handle const g : parts_) (void)native::destroy(g);
  }

  /// Returns the device for whose streams the graph is.
  [[nodiscard]] basic_device<B> device() const noexcept { return basic_device<B>{detail::known_device{device_}}; }
  /// Returns the vendor's handle, which this object still owns. A graph with a loop that the vendor does not have consists of several: this
  /// is the first.
  [[nodiscard]] native_handle native_graph(source_location where = source_location::current()) const {
    require(where);
    return parts_[0];
  }
  /// Returns the number of nodes. A child graph is one node.
  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
  /// Returns all nodes in the order in which they were added or captured.
  [[nodiscard]] std::vector<node> nodes() const {
    std::vector<node> result;
    for (std::size_t i = 0; i < entries_.size(); ++i) result.push_back(node{number_, i});
    return result;
  }
  /// Returns what a node does.
  [[nodiscard]] graph_node_kind kind(node n, source_location where = source_location::current()) const {
    return entries_[index_of("kind", n, where)].facts.kind;
  }
  /// Returns the name of a node's kernel, or what the node does if it has none or its name is not known.
  [[nodiscard]] char const* name(node n, source_location where = source_location::current()) const {
    auto const& facts = entries_[index_of("name", n, where)].facts;
    return facts.name != nullptr ? facts.name : detail::kind_name(facts.kind);
  }

  /// Adds a launch of a kernel. Arguments, checks and errors are those of launch(). Resident and cooperative kernels come into a graph by a
  /// capture. A grid of size 0 is an empty node. `config.priority` has no effect.
  template <class K, class... A, class Configuration = detail::configuration>
  node kernel_node(nodes_before const& after, launch_config config, K const& kernel, A&&... arguments) {
    source_location const where = config.where;
    auto const current = make_current("kernel node", where);
    detail::launch_geometry const g{config.grid, detail::block_extent<K>(config), config.dynamic_shared, where};
    if (g.grid.size() == 0 || g.block.size() == 0) return empty_node(after, where);
    std::vector<std::size_t> const before = indices("kernel node", after, where);
    entry e = make_entry(graph_node_kind::kernel, where);
    with_kernel(
        device_, "kernel node", g, kernel,
        [&](auto width, device_properties const& p, auto const&... a) {
          detail::check<B>(native::template add_kernel<width>(&e.native, parts_.back(), handles(before), p, g, kernel, a...), "kernel node",
                           where, [&](error_text& t) { t.append("kernel %s on %s device %d", type_name<K>(), B::name, device_); });
          e.facts = {graph_node_kind::kernel,
                     type_name<K>(),
                     native::template kernel_of<width, K, std::remove_cvref_t<decltype(a)>...>(),
                     g.grid,
                     g.block,
                     where};
        },
        static_cast<A&&>(arguments)...);
    return add(static_cast<entry&&>(e), before);
  }

  /// Adds a copy of all elements of `from` to `to`. Types and errors are those of copy(), and buffers of two devices are refused with
  /// invalid_argument.
  template <class From, class To>
  node copy_node(nodes_before const& after, From&& from, To&& to, source_location where = source_location::current()) {
    detail::check_sides<From, To>();
    std::size_t const bytes = detail::check_copy("copy node", from, to, where);
    detail::require_no_peer<B>(device_, "copy node", from, to, where);
    auto const current = make_current("copy node", where);
    if (bytes == 0) return empty_node(after, where);
    std::vector<std::size_t> const before = indices("copy node", after, where);
    entry e = make_entry(graph_node_kind::copy, where);
    detail::check<B>(native::add_copy(&e.native, parts_.back(), handles(before), to.data(), from.data(), bytes, where), "copy node", where,
                     [&](error_text& t) { t.append("%zu bytes on %s device %d", bytes, B::name, device_); });
    return add(static_cast<entry&&>(e), before);
  }

  /// Sets all elements of a buffer or span of device memory to a value. Elements have 1, 2 or 4 bytes.
  template <class R, class T>
  node fill_node(nodes_before const& after, R&& range, T const& value, source_location where = source_location::current()) {
    using element = detail::element_of<std::remove_reference_t<R>>;
    static_assert(!std::is_const_v<element> && std::is_trivially_copyable_v<element> && std::is_convertible_v<T const&, element>,
                  "crosslane: a fill node sets elements that are trivially copyable and not constant");
    static_assert(sizeof(element) == 1 || sizeof(element) == 2 || sizeof(element) == 4,
                  "crosslane: a fill node sets elements of 1, 2 or 4 bytes: add a kernel, or capture crosslane::fill");
    auto const current = make_current("fill node", where);
    detail::require_valid(range, where);
    detail::require_on_device<B>(device_, "fill node", where, range);
    if (range.size() == 0) return empty_node(after, where);
    std::vector<std::size_t> const before = indices("fill node", after, where);
    element const typed = static_cast<element>(value);
    unsigned bits = 0;
    __builtin_memcpy(&bits, &typed, sizeof typed);
    entry e = make_entry(graph_node_kind::fill, where);
    detail::check<B>(native::add_fill(&e.native, parts_.back(), handles(before), range.data(), bits, unsigned(sizeof typed),
                                      std::size_t(range.size()), where),
                     "fill node", where, [&](error_text& t) {
                       t.append("%zu elements of %zu bytes on %s device %d", std::size_t(range.size()), sizeof typed, B::name, device_);
                     });
    return add(static_cast<entry&&>(e), before);
  }

  /// Adds a call of `f()` on the host. The graph owns `f`. `f` must not call the runtime, see basic_stream_ref::host_callback(). An
  /// exception from `f` surfaces at the next call that synchronises the stream on which the graph was launched last; later nodes still run.
  template <class F>
  node host_node(nodes_before const& after, F f, source_location where = source_location::current()) {
    return add_node(graph_node_kind::host_function, "host node", after, where, [&](auto* made, auto const& before) {
      detail::kept_function* const kept = functions_[0]->add(new detail::kept_call<F>{static_cast<F&&>(f), where});
      return native::add_host_function(made, parts_.back(), before, &detail::kept_function::run<B>, kept, where);
    });
  }

  /// Adds all nodes of another graph of the device as one node. They are copied. Throws invalid_argument if that graph is of another
  /// device, and not_supported if it has loops or captured allocations.
  node child_node(nodes_before const& after, basic_graph const& child, source_location where = source_location::current()) {
    detail::refuse_in_callback<B>("child node", where);
    require(where);
    child.require_copyable("child node", where);
    require_own("child node", "child graph", child.device_, where);
    node const result = add_node(graph_node_kind::child_graph, "child node", after, where, [&](auto* made, auto const& before) {
      return native::add_child(made, parts_.back(), before, child.parts_[0]);
    });
    for (detail::kept_share const& f : child.functions_) functions_.push_back(f);
    host_work_ = host_work_ || child.has_host_work();
    return result;
  }

  /// Adds a node that does nothing, to depend on.
  node empty_node(nodes_before const& after, source_location where = source_location::current()) {
    return add_node(graph_node_kind::empty, "empty node", after, where,
                    [&](auto* made, auto const& before) { return native::add_empty(made, parts_.back(), before); });
  }

  /// Adds a record of an event of the device, which streams can wait for. The event must outlive the graph's launches. Throws
  /// invalid_argument if the event is of another device.
  template <bool Timed>
  node record_node(nodes_before const& after, basic_event<B, Timed> const& recorded, source_location where = source_location::current()) {
    recorded.require(where);
    require_own("record node", "event", recorded.device().index(), where);
    return add_node(graph_node_kind::event_record, "record node", after, where,
                    [&](auto* made, auto const& before) { return native::add_record(made, parts_.back(), before, recorded.native()); });
  }
  /// Adds a wait for what an event has recorded when the graph is launched. It does not wait if that is nothing.
  template <bool Timed>
  node wait_node(nodes_before const& after, basic_event<B, Timed> const& recorded, source_location where = source_location::current()) {
    recorded.require(where);
    return add_node(graph_node_kind::event_wait, "wait node", after, where,
                    [&](auto* made, auto const& before) { return native::add_wait(made, parts_.back(), before, recorded.native()); });
  }

  /// Adds a loop: runs the graph `body` again while the first element of `condition`, a buffer or span of unsigned in device memory, is not
  /// 0. The element is read before each round, also before the first. The graph copies `body`, which must have no host functions, events,
  /// loops or captured allocations; otherwise this throws not_supported. Throws invalid_argument if the body or the condition is of another
  /// device.
  ///
  /// With CUDA 12.4 and later the loop runs on the device. HIP has no such node, and neither has the host: there a launch of the graph
  /// launches what was added before the loop, then launches the body, copies the condition to the host and waits for it, round by round,
  /// and then launches what was added behind the loop. So each round costs a launch and a wait of the calling thread, which a
  /// synchronisation of the stream does too. All nodes added before the loop run before it, and all added behind it run after it, whatever
  /// their dependencies: state them nevertheless, since CUDA follows only these.
  template <class R>
  node while_node(nodes_before const& after, R const& condition, basic_graph const& body,
                  source_location where = source_location::current()) {
    static_assert(std::is_same_v<std::remove_cv_t<detail::element_of<R const>>, unsigned>,
                  "crosslane: the condition of a loop is an unsigned in device memory");
    auto const current = make_current("while node", where);
    detail::require_valid(condition, where);
    if (condition.size() == 0) throw_error(errc::size_mismatch, where, "while node: the condition has no element, it must have one");
    detail::require_on_device<B>(device_, "while node", where, condition);
    body.require_copyable("while node", where);
    require_own("while node", "body", body.device_, where);
    if (body.has_host_work())
      throw_error(errc::not_supported, where, "while node: the body has host functions or events, which a loop on a device cannot have");
    std::vector<std::size_t> const before = indices("while node", after, where);
    entry e = make_entry(graph_node_kind::while_loop, where);
    unsigned const* const address = condition.data();
    if constexpr (requires { native::add_loop(&e.native, parts_[0], handles(before), address, body.parts_[0]); }) {
      detail::check<B>(native::add_loop(&e.native, parts_.back(), handles(before), address, body.parts_[0]), "while node", where,
                       [&](error_text& t) { describe(t); });
    } else {
      loops_.push_back({address, std::make_shared<basic_graph>(body.clone(where))});
      add_part(where);
      detail::check<B>(native::add_empty(&e.native, parts_.back(), {}), "while node", where, [&](error_text& t) { describe(t); });
      e.part = parts_.size() - 1;
    }
    has_loops_ = true;
    return add(static_cast<entry&&>(e), before);
  }

  /// Makes `then` depend on `first`. Throws invalid_argument, which names both nodes, if `first` already depends on `then`: that would be a
  /// cycle.
  void depend(node first, node then, source_location where = source_location::current()) {
    auto const current = make_current("depend", where);
    std::size_t const a = index_of("depend", first, where), b = index_of("depend", then, where);
    if (a == b || reaches(b, a)) {
      error_text t;
      t.append("depend: a cycle in a graph: ");
      detail::append_node(t, b, entries_[b].facts);
      t.append(" cannot depend on ");
      detail::append_node(t, a, entries_[a].facts);
      t.append(a == b ? ", which it is" : ", which depends on it");
      throw error{errc::invalid_argument, t, where};
    }
    for (std::size_t const known : entries_[b].after)
      if (known == a) return;
    if (entries_[a].part > entries_[b].part)
      throw_error(errc::not_supported, where, "depend: node %zu was added before a loop, and node %zu behind it", b, a);
    if (entries_[a].part == entries_[b].part)
      detail::check<B>(native::add_dependency(parts_[entries_[a].part], entries_[a].native, entries_[b].native), "depend", where,
                       [&](error_text& t) { describe(t); });
    entries_[b].after.push_back(a);
  }

  /// Returns a copy. find() has its nodes. Throws not_supported if the graph has loops or captured allocations.
  [[nodiscard]] basic_graph clone(source_location where = source_location::current()) const {
    auto const current = make_current("graph clone", where);
    require_copyable("graph clone", where);
    basic_graph result{device_};
    native_handle copied{};
    detail::check<B>(native::clone(&copied, parts_[0]), "graph clone", where, [&](error_text& t) { describe(t); });
    result.parts_.push_back(copied);
    result.functions_ = functions_;
    result.host_work_ = host_work_;
    result.cloned_from_ = number_;
    for (entry e : entries_) {
      detail::check<B>(native::find_in_clone(&e.native, e.native, copied), "graph clone", where, [&](error_text& t) { describe(t); });
      result.entries_.push_back(static_cast<entry&&>(e));
    }
    return result;
  }
  /// Returns the node of this clone that is the copy of a node of the graph it was cloned from. Throws invalid_argument for other nodes.
  [[nodiscard]] node find(node original, source_location where = source_location::current()) const {
    if (original.graph_ != cloned_from_ || original.index_ >= entries_.size())
      throw_error(errc::invalid_argument, where, "find: node %zu is not of the graph that this one was cloned from", original.index_);
    return node{number_, original.index_};
  }

  /// Makes the graph executable. Later changes of the graph do not change the executable. Throws vendor errors, such as out_of_memory.
  [[nodiscard]] basic_executable_graph<B> instantiate(source_location where = source_location::current()) const {
    return basic_executable_graph<B>{*this, where};
  }

  /// Returns a line for each node: its number, what it does, the kernel and its geometry, the place that added it, and the nodes that it
  /// depends on.
  [[nodiscard]] std::string text() const {
    std::string result;
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      entry const& e = entries_[i];
      error_text line;
      line.append("%zu: %s", i, detail::kind_name(e.facts.kind));
      append_details(line, e.facts, ", ");
      if (e.facts.where.line != 0) line.append(", %s:%u", e.facts.where.file, e.facts.where.line);
      result += line.c_str();
      for (std::size_t k = 0; k < e.after.size(); ++k) result += (k == 0 ? ", after " : " ") + std::to_string(e.after[k]);
      result += '\n';
    }
    return result;
  }
  /// Returns the graph in the DOT language of Graphviz.
  [[nodiscard]] std::string dot() const {
    std::string result = "digraph {\n";
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      error_text label;
      label.append("%zu: %s", i, detail::kind_name(entries_[i].facts.kind));
      append_details(label, entries_[i].facts, "\\n");
      std::string quoted;
      for (char const c : std::string{label.c_str()}) quoted += c == '"' ? std::string{"\\\""} : std::string(1, c);
      result += "  n" + std::to_string(i) + " [label=\"" + quoted + "\"];\n";
    }
    for (std::size_t i = 0; i < entries_.size(); ++i)
      for (std::size_t const a : entries_[i].after) result += "  n" + std::to_string(a) + " -> n" + std::to_string(i) + ";\n";
    return result + "}\n";
  }

  /// Throws invalid_handle if the graph is moved-from.
  void require(source_location where) const {
    if (parts_.empty()) throw_error(errc::invalid_handle, where, "%s graph: moved from", B::name);
  }

 private:
  friend class basic_executable_graph<B>;
  friend class basic_graph_capture<B>;

  explicit basic_graph(int device) noexcept : device_{device} {}

  /// Calls f(width, properties, arguments...) for the instance of a kernel, after the checks of a launch.
  template <class K, class F, class... A>
  static void with_kernel(int index, char const* call, detail::launch_geometry const& g, K const& kernel, F const& f, A&&... arguments) {
    static_assert(!detail::kernel_resident<K>() && !kernel_shape_of<K>::cooperative,
                  "crosslane: a resident or cooperative kernel comes into a graph by a capture");
    static_assert(kernel_shape_of<K>::cluster::blocks == 1, "crosslane: a kernel with clusters comes into a graph by a capture");
    static_assert(detail::check_arguments<K, decltype(detail::kernel_argument(static_cast<A&&>(arguments), g.where))...>(
        std::make_integer_sequence<int, int(sizeof...(A)) + 1>{}));
    static_assert(detail::check_arithmetics<B, K, decltype(detail::kernel_argument(static_cast<A&&>(arguments), g.where))...>());
    detail::require_on_device<B>(index, call, g.where, arguments...);
    checked_kernel(index, g, kernel, f, detail::kernel_argument(static_cast<A&&>(arguments), g.where)...);
  }
  template <class K, class F, class... A>
  static void checked_kernel(int index, detail::launch_geometry const& g, K const&, F const& f, A const&... arguments) {
    static_assert(detail::check_argument_bytes<detail::argument_bytes<K, A...>(), B::max_argument_bytes>::ok);
    device_properties const& p = basic_device<B>{detail::known_device{index}}.properties(g.where);
    detail::with_instance<B, K, A...>(index, p, g, [&](auto width) { f(width, p, arguments...); });
  }

  typename basic_device<B>::guard make_current(char const* call, source_location where) const {
    detail::refuse_in_callback<B>(call, where);
    require(where);
    return typename basic_device<B>::guard{device(), where};
  }
  void add_part(source_location where) {
    typename basic_device<B>::guard const current{device(), where};
    native_handle made{};
    detail::check<B>(native::create(&made), "graph create", where, [&](error_text& t) { describe(t); });
    parts_.push_back(made);
  }
  entry make_entry(graph_node_kind kind, source_location where) const {
    entry e;
    e.part = parts_.size() - 1;
    e.facts.kind = kind;
    e.facts.where = where;
    return e;
  }
  /// Adds the node that make(handle, handles before it) gives to the backend's graph.
  template <class Make>
  node add_node(graph_node_kind kind, char const* call, nodes_before const& after, source_location where, Make const& make) {
    auto const current = make_current(call, where);
    std::vector<std::size_t> const before = indices(call, after, where);
    entry e = make_entry(kind, where);
    detail::check<B>(make(&e.native, handles(before)), call, where, [&](error_text& t) { describe(t); });
    return add(static_cast<entry&&>(e), before);
  }
  node add(entry&& e, std::vector<std::size_t> const& after) {
    e.after = after;
    if (e.facts.kind == graph_node_kind::host_function || e.facts.kind == graph_node_kind::event_record ||
        e.facts.kind == graph_node_kind::event_wait)
      host_work_ = true;
    entries_.push_back(static_cast<entry&&>(e));
    return node{number_, entries_.size() - 1};
  }
  std::size_t index_of(char const* call, node n, source_location where) const {
    require(where);
    if (n.graph_ != number_ || n.index_ >= entries_.size())
      throw_error(errc::invalid_argument, where, "%s: node %zu is of another graph", call, n.index_);
    return n.index_;
  }
  std::vector<std::size_t> indices(char const* call, nodes_before const& after, source_location where) const {
    std::vector<std::size_t> result;
    for (node const n : after)
      if (std::size_t const i = index_of(call, n, where); !has(result, i)) result.push_back(i);
    return result;
  }
  static bool has(std::vector<std::size_t> const& list, std::size_t i) noexcept {
    for (std::size_t const k : list)
      if (k == i) return true;
    return false;
  }
  /// Returns the backend's nodes of the current part. Those of earlier parts run before in any case.
  std::vector<typename native::node_handle> handles(std::vector<std::size_t> const& before) const {
    std::vector<typename native::node_handle> result;
    for (std::size_t const i : before)
      if (entries_[i].part + 1 == parts_.size()) result.push_back(entries_[i].native);
    return result;
  }
  /// Whether `to` depends on `from`.
  bool reaches(std::size_t from, std::size_t to) const {
    std::vector<bool> seen(entries_.size(), false);
    std::vector<std::size_t> open{to};
    while (!open.empty()) {
      std::size_t const i = open.back();
      open.pop_back();
      for (std::size_t const a : entries_[i].after) {
        if (a == from) return true;
        if (!seen[a]) open.push_back(a);
        seen[a] = true;
      }
    }
    return false;
  }
  bool has_host_work() const noexcept { return host_work_; }
  void require_own(char const* call, char const* what, int other, source_location where) const {
    if (other != device_)
      throw_error(errc::invalid_argument, where, "%s: the %s is of %s device %d, the graph is of device %d", call, what, B::name, other,
                  device_);
  }
  void require_copyable(char const* call, source_location where) const {
    require(where);
    if (has_loops_) throw_error(errc::not_supported, where, "%s: a graph with a while node cannot be copied", call);
  }
  static void append_details(error_text& t, crosslane::backend::node_facts const& facts, char const* separator) noexcept {
    if (facts.name != nullptr) t.append(" %s", facts.name);
    if (facts.grid.size() != 0)
      t.append("%sgrid (%u, %u, %u) block (%u, %u, %u)", separator, facts.grid.x, facts.grid.y, facts.grid.z, facts.block.x, facts.block.y,
               facts.block.z);
  }
  void describe(error_text& t) const noexcept { t.append("a graph of %zu nodes on %s device %d", entries_.size(), B::name, device_); }
  void swap(basic_graph& other) noexcept {
    std::swap(device_, other.device_);
    std::swap(number_, other.number_);
    std::swap(cloned_from_, other.cloned_from_);
    std::swap(parts_, other.parts_);
    std::swap(entries_, other.entries_);
    std::swap(loops_, other.loops_);
    std::swap(functions_, other.functions_);
    std::swap(host_work_, other.host_work_);
    std::swap(has_loops_, other.has_loops_);
  }

  int device_ = 0;
  unsigned long long number_ = detail::next_graph_number(), cloned_from_ = 0;
  std::vector<native_handle> parts_;  ///< one, and another one behind each loop that the backend does not have
  std::vector<entry> entries_;
  std::vector<detail::graph_loop<B>> loops_;   ///< number i is between parts i and i + 1
  std::vector<detail::kept_share> functions_;  ///< its own, then those of child graphs
  bool host_work_ = false, has_loops_ = false;
};

}  // namespace crosslane
