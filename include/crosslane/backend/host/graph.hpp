// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Graphs on the CPU. A launch is one piece of work of its stream, which runs the nodes one after another in an order that their
/// dependencies allow and that the seed chooses. For the access checker each node is a piece of work of its own, so that nodes which
/// nothing orders race.
#pragma once

#include <crosslane/backend/host/backend.hpp>
#include <crosslane/backend/host/schedule.hpp>
#include <crosslane/runtime/graph_contract.hpp>

#include <algorithm>
#include <cstring>
#include <memory>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace crosslane::backend {

class host_graph;

/// A node of a graph. It never changes while executables use its work.
struct host_node {
  host_node(graph_node_kind kind_, std::shared_ptr<queue_item const> work_ = nullptr) noexcept : kind{kind_}, work{std::move(work_)} {}
  graph_node_kind kind;
  std::shared_ptr<queue_item const> work;  ///< of a kernel, a copy, a fill or a host function
  std::shared_ptr<host_event> event;
  std::shared_ptr<host_graph> child;
  std::vector<host_node*> after;
  host_node const* origin = nullptr;  ///< of a clone: the node that it is a copy of
};

inline std::shared_ptr<host_event> kept(host_event* e) {
  e->retain();
  return {e, [](host_event* k) { k->release(); }};
}
inline std::shared_ptr<queue_item const> item_of(queue_item* item) { return std::shared_ptr<queue_item const>{item}; }

/// Device memory that a captured call has allocated. Graphs and their executables share it.
struct graph_memory {
  graph_memory(void* p, void (*free_)(void*) noexcept) noexcept : begin{p}, free{free_} {}
  graph_memory(graph_memory const&) = delete;
  graph_memory& operator=(graph_memory const&) = delete;
  ~graph_memory() { free(begin); }
  void* begin;
  void (*free)(void*) noexcept;
};

class host_graph {
 public:
  host_node* add(host_node&& n, std::vector<host_node*> const& after) {
    nodes.push_back(std::make_unique<host_node>(std::move(n)));
    nodes.back()->after = after;
    return nodes.back().get();
  }
  std::vector<std::unique_ptr<host_node>> nodes;
  std::vector<std::shared_ptr<graph_memory>> memory;

  std::unique_ptr<host_graph> clone() const {
    auto copied = std::make_unique<host_graph>();
    std::unordered_map<host_node const*, host_node*> now;
    for (auto const& n : nodes) {
      host_node* const c = copied->add(host_node{*n}, {});
      c->origin = n.get();
      now[n.get()] = c;
    }
    for (std::size_t i = 0; i < nodes.size(); ++i)
      for (host_node const* const a : nodes[i]->after) copied->nodes[i]->after.push_back(now[a]);
    copied->memory = memory;
    return copied;
  }
};

/// A node of an executable graph. Child graphs are dissolved.
struct runnable_node {
  graph_node_kind kind = graph_node_kind::empty;
  std::shared_ptr<queue_item const> work;
  std::shared_ptr<host_event> event;
  std::vector<std::uint32_t> after;
  std::uint64_t strand = 0;  ///< nodes of one strand come one after another
};

/// One launch: the work of all nodes, with the check options of the launch.
class graph_run {
 public:
  struct node {
    std::unique_ptr<queue_item> work;
    recording::hold event;  ///< to complete or to wait for
    bool waits = false;     ///< whether it waits for the event
    std::vector<std::uint32_t> before;
    std::uint32_t open = 0;    ///< nodes that have to run before
    std::uint64_t number = 0;  ///< of the work, if streams are watched
    bool done = false;
  };
  std::vector<node> nodes;
  std::vector<std::shared_ptr<graph_memory>> memory;
  std::uint64_t seed = 0;

  graph_run() = default;
  graph_run(graph_run const&) = delete;
  graph_run& operator=(graph_run const&) = delete;
  /// Nodes that have not run never will. Others may wait for their events.
  ~graph_run() {
    for (node& n : nodes)
      if (!n.done) end(n);
  }

  void run() {
    thread_work const before = current_work;
    struct restore {
      thread_work const& before;
      ~restore() { current_work.number = before.number; }
    } const at_end{before};
    order_numbers numbers{seed, nodes.size()};
    std::vector<std::uint32_t> ready;
    for (std::uint32_t i = 0; i < nodes.size(); ++i)
      if (nodes[i].open == 0) ready.push_back(i);
    while (!ready.empty()) {
      auto const chosen = seed == 0   ? std::min_element(ready.begin(), ready.end())
                          : seed == 1 ? std::max_element(ready.begin(), ready.end())
                                      : ready.begin() + numbers.below(unsigned(ready.size()));
      node& n = nodes[*chosen];
      *chosen = ready.back();
      ready.pop_back();
      current_work.number = n.number;
      if (n.waits) n.event->wait();
      if (n.work) n.work->run();
      end(n);
      for (std::uint32_t const b : n.before)
        if (--nodes[b].open == 0) ready.push_back(b);
    }
  }

 private:
  static void end(node& n) noexcept {
    n.done = true;
    if (n.event && !n.waits) n.event->complete();
    n.work.reset();
    if (n.number != 0) watched_streams->finished(n.number);
  }
};

/// An executable graph.
class host_exec {
 public:
  std::vector<runnable_node> nodes;  ///< in an order that the dependencies allow
  std::vector<std::shared_ptr<graph_memory>> memory;
  std::unordered_map<host_node const*, std::uint32_t> index;  ///< of the nodes outside child graphs
  std::uint64_t strands = 0;

  /// Adds the nodes of a graph. Those without dependencies depend on `before`. Returns the nodes that no other depends on.
  std::vector<std::uint32_t> add(host_graph const& g, std::vector<std::uint32_t> const& before, bool outermost) {
    std::unordered_map<host_node const*, std::uint32_t> place;
    std::vector<host_node const*> waiting;
    for (auto const& n : g.nodes) waiting.push_back(n.get());
    while (!waiting.empty()) {
      std::vector<host_node const*> later;
      for (host_node const* const n : waiting) {
        bool const possible = std::all_of(n->after.begin(), n->after.end(), [&](host_node const* a) { return place.count(a) != 0; });
        if (!possible) {
          later.push_back(n);
          continue;
        }
        std::vector<std::uint32_t> after;
        for (host_node const* const a : n->after) after.push_back(place[a]);
        if (after.empty()) after = before;
        if (n->child) {
          std::vector<std::uint32_t> const ends = add(*n->child, after, false);
          if (!ends.empty()) after = ends;
        }
        nodes.push_back({n->kind, n->work, n->event, std::move(after), 0});
        place[n] = std::uint32_t(nodes.size() - 1);
      }
      waiting.swap(later);
    }
    std::unordered_set<host_node const*> followed;
    for (auto const& n : g.nodes) followed.insert(n->after.begin(), n->after.end());
    std::vector<std::uint32_t> ends;
    for (auto const& n : g.nodes)
      if (followed.count(n.get()) == 0) ends.push_back(place[n.get()]);
    memory.insert(memory.end(), g.memory.begin(), g.memory.end());
    if (outermost) index = std::move(place);
    return ends;
  }

  /// Covers the nodes with strands.
  void make_strands() {
    std::vector<bool> continued(nodes.size(), false);
    std::uint64_t count = 0;
    for (runnable_node& n : nodes) {
      n.strand = ~std::uint64_t{0};
      for (std::uint32_t const a : n.after)
        if (!continued[a]) {
          continued[a] = true;
          n.strand = nodes[a].strand;
          break;
        }
      if (n.strand == ~std::uint64_t{0}) n.strand = count++;
    }
    strands = count == 0 ? 0 : host_queue::numbers(count);
    for (runnable_node& n : nodes) n.strand += strands;
  }
};

/// A capture of the host's streams.
class host_capture final : public queue_capture {
 public:
  explicit host_capture(host_queue& first) : graph_{new host_graph}, number_{host_queue::numbers(1)} { members_.push_back({&first, {}}); }

  std::uint64_t number() const noexcept override { return number_; }
  bool has_ended() noexcept override {
    detail::spin_guard const guard{lock_};
    return ended_;
  }
  bool is_invalid() noexcept override {
    detail::spin_guard const guard{lock_};
    return invalid_;
  }
  void invalidate() noexcept override {
    detail::spin_guard const guard{lock_};
    invalid_ = true;
  }
  void take(host_queue& q, queue_item* item) override {
    std::shared_ptr<queue_item const> const work{item};
    work_facts const facts = work->facts();
    bool const copies = std::strncmp(facts.name, "copy", 4) == 0;
    graph_node_kind const kind = facts.grid.size() != 0                 ? graph_node_kind::kernel
                                 : copies                               ? graph_node_kind::copy
                                 : std::strcmp(facts.name, "fill") == 0 ? graph_node_kind::fill
                                                                        : graph_node_kind::kernel;  // a loop over elements
    add(q, {kind, work});
  }
  void callback(host_queue& q, void (*f)(void*), void* data) override {
    add(q, {graph_node_kind::host_function, item_of(host::host_function_item(f, data, {}))});
  }
  std::size_t mark(host_queue& q) override {
    detail::spin_guard const guard{lock_};
    marks_.push_back(of(q).last);
    return marks_.size() - 1;
  }
  void wait(host_queue& q, std::size_t mark) override {
    bool joins = false;
    {
      detail::spin_guard const guard{lock_};
      joins = std::none_of(members_.begin(), members_.end(), [&](member const& m) { return m.queue == &q; });
      if (joins) members_.push_back({&q, {}});
      std::vector<host_node*>& last = of(q).last;
      for (host_node* const n : marks_[mark])
        if (std::find(last.begin(), last.end(), n) == last.end()) last.push_back(n);
    }
    if (joins) q.set_capture(capture_hold{this});
  }
  void own(void* memory, void (*free)(void*) noexcept) override {
    detail::spin_guard const guard{lock_};
    graph_->memory.push_back(std::make_shared<graph_memory>(memory, free));
  }
  void forget(host_queue& q) noexcept override {
    detail::spin_guard const guard{lock_};
    for (member& m : members_)
      if (m.queue == &q) m.queue = nullptr;
  }

  /// Ends the capture. `joined`: whether the first stream waits for all work of the others.
  std::unique_ptr<host_graph> end(bool& valid, bool& joined) {
    std::vector<host_queue*> queues;
    std::unique_ptr<host_graph> result;
    {
      detail::spin_guard const guard{lock_};
      ended_ = true;
      valid = !invalid_;
      for (member const& m : members_)
        if (m.queue != nullptr) queues.push_back(m.queue);
      std::vector<host_node*> reached = members_[0].last;
      for (std::size_t i = 0; i < reached.size(); ++i)
        for (host_node* const a : reached[i]->after)
          if (std::find(reached.begin(), reached.end(), a) == reached.end()) reached.push_back(a);
      joined = std::all_of(members_.begin(), members_.end(), [&](member const& m) {
        return std::all_of(m.last.begin(), m.last.end(),
                           [&](host_node* n) { return std::find(reached.begin(), reached.end(), n) != reached.end(); });
      });
      result = std::move(graph_);
      members_.clear();
    }
    for (host_queue* const q : queues) q->set_capture({});
    return result;
  }
  bool is_first(host_queue const* q) noexcept {
    detail::spin_guard const guard{lock_};
    return !members_.empty() && members_[0].queue == q;
  }

 private:
  struct member {
    host_queue* queue;
    std::vector<host_node*> last;  ///< what its next work depends on
  };
  member& of(host_queue& q) {
    return *std::find_if(members_.begin(), members_.end(), [&](member const& m) { return m.queue == &q; });
  }
  void add(host_queue& q, host_node&& n) {
    detail::spin_guard const guard{lock_};
    member& m = of(q);
    m.last = {graph_->add(std::move(n), m.last)};
  }

  detail::spin_lock lock_;
  std::unique_ptr<host_graph> graph_;
  std::vector<member> members_;
  std::vector<std::vector<host_node*>> marks_;
  std::uint64_t number_;
  bool ended_ = false, invalid_ = false;
};

template <>
struct graphs<host> {
  using graph_handle = host_graph*;
  using node_handle = host_node*;
  using exec_handle = host_exec*;
  using node_list = std::vector<host_node*>;

  static status create(graph_handle* out) {
    *out = new host_graph;
    return {};
  }
  static status destroy(graph_handle g) noexcept {
    delete g;
    return {};
  }
  static status clone(graph_handle* out, graph_handle g) {
    if (!g->memory.empty()) return {host::not_copied};
    *out = g->clone().release();
    return {};
  }
  static status find_in_clone(node_handle* out, node_handle n, graph_handle clone) noexcept {
    for (auto const& c : clone->nodes)
      if (c->origin == n) {
        *out = c.get();
        return {};
      }
    return {host::no_such_node};
  }

  template <unsigned Width, class K, class... A>
  static status add_kernel(node_handle* out, graph_handle g, node_list const& after, device_properties const&,
                           detail::launch_geometry const& geometry, K const& kernel, A const&... arguments) {
    *out = g->add({graph_node_kind::kernel, item_of(kernel_item<Width>(geometry, kernel, arguments...))}, after);
    return {};
  }
  static status add_copy(node_handle* out, graph_handle g, node_list const& after, void* to, void const* from, std::size_t bytes,
                         source_location where) {
    *out = g->add({graph_node_kind::copy, item_of(copy_item(to, from, bytes, where))}, after);
    return {};
  }
  static status add_fill(node_handle* out, graph_handle g, node_list const& after, void* p, unsigned value, unsigned size,
                         std::size_t count, source_location where) {
    std::size_t const bytes = count * size;
    *out = g->add({graph_node_kind::fill,
                   item_of(host::transfer_item("fill", where, {p, bytes, nullptr, 0, bytes, 1}, host::set_elements{value, size}))},
                  after);
    return {};
  }
  static status add_host_function(node_handle* out, graph_handle g, node_list const& after, void (*f)(void*), void* data,
                                  source_location where) {
    *out = g->add({graph_node_kind::host_function, item_of(host::host_function_item(f, data, where))}, after);
    return {};
  }
  static status add_child(node_handle* out, graph_handle g, node_list const& after, graph_handle child) {
    if (!child->memory.empty()) return {host::not_copied};
    *out = g->add({graph_node_kind::child_graph}, after);
    (*out)->child = child->clone();
    return {};
  }
  static status add_empty(node_handle* out, graph_handle g, node_list const& after) {
    *out = g->add({graph_node_kind::empty}, after);
    return {};
  }
  static status add_record(node_handle* out, graph_handle g, node_list const& after, host_event* e) {
    *out = g->add({graph_node_kind::event_record}, after);
    (*out)->event = kept(e);
    return {};
  }
  static status add_wait(node_handle* out, graph_handle g, node_list const& after, host_event* e) {
    *out = g->add({graph_node_kind::event_wait}, after);
    (*out)->event = kept(e);
    return {};
  }
  static status add_dependency(graph_handle, node_handle first, node_handle then) {
    then->after.push_back(first);
    return {};
  }

  static constexpr bool is_made_anew(std::size_t) noexcept { return false; }
  /// The dependencies have no cycle: basic_graph sees to that.
  static status instantiate(exec_handle* out, graph_handle g) {
    auto made = std::make_unique<host_exec>();
    (void)made->add(*g, {}, true);
    made->make_strands();
    *out = made.release();
    return {};
  }
  static status destroy_exec(exec_handle e) noexcept {
    delete e;
    return {};
  }

  static status launch(exec_handle e, host_queue* q) {
    if (status const s = host::not_in_capture(q); s.code != 0) return s;
    for (runnable_node const& n : e->nodes)
      if (n.event && n.event->is_destroyed()) return {host::destroyed_event};
    auto run = std::make_shared<graph_run>();
    launch_facts scope;
    scope.read_check_scope(true);
    run->seed = scope.seed;
    run->memory = e->memory;
    run->nodes.resize(e->nodes.size());
    for (std::size_t i = 0; i < e->nodes.size(); ++i) {
      runnable_node const& from = e->nodes[i];
      graph_run::node& n = run->nodes[i];
      if (from.work) {
        n.work.reset(from.work->copy());
        n.work->take_check_scope();
      }
      n.open = std::uint32_t(from.after.size());
      for (std::uint32_t const a : from.after) run->nodes[a].before.push_back(std::uint32_t(i));
      // A node that waits refers to what was recorded before the launch.
      if (from.kind == graph_node_kind::event_wait) {
        n.waits = true;
        if (recording::hold r = from.event->latest())
          n.event.swap(r);
        else
          n.waits = false;
      }
    }
    if (watched_streams != nullptr) queue_nodes(*e, *run, q);
    for (std::size_t i = 0; i < e->nodes.size(); ++i)
      if (e->nodes[i].kind == graph_node_kind::event_record) {
        recording::hold r{new recording};
        r->set_work(run->nodes[i].number);
        e->nodes[i].event->set_latest(r);
        run->nodes[i].event.swap(r);
      }
    struct whole {
      std::shared_ptr<graph_run> run;
      void operator()() const { run->run(); }
    };
    std::vector<std::uint64_t> ends;
    if (watched_streams != nullptr)
      for (graph_run::node const& n : run->nodes)
        if (n.before.empty()) ends.push_back(n.number);
    std::uint64_t const end = q->enqueue<host>(whole{std::move(run)});
    if (watched_streams != nullptr)
      for (std::uint64_t const n : ends) watched_streams->waits(end, n);
    return {};
  }

  /// Changes a kernel's arguments or geometry.
  template <unsigned Width, class K, class... A>
  static status update_kernel(exec_handle e, node_handle n, device_properties const&, detail::launch_geometry const& geometry,
                              K const& kernel, A const&... arguments) {
    return update(e, n, kernel_item<Width>(geometry, kernel, arguments...));
  }
  static status update_copy(exec_handle e, node_handle n, void* to, void const* from, std::size_t bytes, source_location where) {
    return update(e, n, copy_item(to, from, bytes, where));
  }
  /// The same for a node of a graph.
  template <unsigned Width, class K, class... A>
  static status update_kernel_node(node_handle n, device_properties const&, detail::launch_geometry const& geometry, K const& kernel,
                                   A const&... arguments) {
    n->work.reset(kernel_item<Width>(geometry, kernel, arguments...));
    return {};
  }
  static status update_copy_node(node_handle n, void* to, void const* from, std::size_t bytes, source_location where) {
    n->work.reset(copy_item(to, from, bytes, where));
    return {};
  }

  static status begin_capture(host_queue* q) {
    if (q->is_lost()) return {host::lost_by_fork};
    host_capture* const made = new host_capture{*q};
    q->set_capture(capture_hold{made});
    made->release();
    return {};
  }
  static status end_capture(host_queue* q, graph_handle* out) {
    capture_hold const c = q->capture();
    if (!c) return {host::not_captured};
    auto& mine = static_cast<host_capture&>(*c.operator->());
    if (!mine.is_first(q)) return {host::not_joined};
    bool valid = false, joined = false;
    std::unique_ptr<host_graph> made = mine.end(valid, joined);
    if (!valid) return {host::capture_failed};
    if (!joined) return {host::not_joined};
    *out = made.release();
    return {};
  }

  static status nodes(graph_handle g, node_list& out) {
    for (auto const& n : g->nodes) out.push_back(n.get());
    return {};
  }
  static status edges(graph_handle g, node_list& from, node_list& to) {
    for (auto const& n : g->nodes)
      for (host_node* const a : n->after) {
        from.push_back(a);
        to.push_back(n.get());
      }
    return {};
  }
  static node_facts facts(node_handle n) noexcept {
    node_facts result;
    result.kind = n->kind;
    if (!n->work) return result;
    work_facts const facts = n->work->facts();
    if (n->kind == graph_node_kind::kernel) result.name = facts.name;
    result.kernel = facts.kernel;
    result.grid = facts.grid;
    result.block = facts.block;
    result.where = facts.where;
    return result;
  }
  /// Returns what identifies a kernel with these types of arguments.
  template <unsigned Width, class K, class... A>
  static void const* kernel_of() noexcept {
    return type_name<backend::kernel_identity<Width, K, A...>>();
  }

 private:
  template <unsigned Width, class K, class... A>
  static queue_item* kernel_item(detail::launch_geometry const& g, K const& kernel, A const&... arguments) {
    return host_queue::make_item<host>(backend::grid_work<host, Width, K, A...>{g, kernel, arguments...});
  }
  static queue_item* copy_item(void* to, void const* from, std::size_t bytes, source_location where) {
    return host::transfer_item("copy", where, {to, bytes, from, bytes, bytes, 1}, host::move_bytes{});
  }
  static status update(exec_handle e, node_handle n, queue_item* item) {
    std::shared_ptr<queue_item const> work{item};
    auto const found = e->index.find(n);
    if (found == e->index.end()) return {host::no_such_node};
    e->nodes[found->second].work.swap(work);
    return {};
  }

  /// Gives each node a number and tells the checker their order.
  static void queue_nodes(host_exec const& e, graph_run& run, host_queue* q) {
    detail::trace_note* const note = std::exchange(detail::next_trace_note, nullptr);  // of the launch, not of its begin
    std::uint64_t const begin = q->enqueue<host>([] {}, runs::always);
    detail::next_trace_note = note;
    for (std::size_t i = 0; i < e.nodes.size(); ++i) {
      runnable_node const& from = e.nodes[i];
      graph_run::node& n = run.nodes[i];
      n.number = watched_streams->queued_node({q->key(), q->device()}, reinterpret_cast<void const*>(std::uintptr_t(from.strand)));
      if (from.after.empty()) watched_streams->waits(n.number, begin);
      for (std::uint32_t const a : from.after) watched_streams->waits(n.number, run.nodes[a].number);
      if (n.waits) watched_streams->waits(n.number, n.event->work());
      if (n.work) n.work->note_queued(n.number);
    }
  }
};

}  // namespace crosslane::backend
