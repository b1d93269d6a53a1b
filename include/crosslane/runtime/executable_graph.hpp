// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Graphs that can be launched: instantiated from a basic_graph.
#pragma once

#include <crosslane/runtime/graph.hpp>
#include <crosslane/runtime/stream_hold.hpp>

#include <cstring>
#include <memory>
#include <utility>
#include <vector>

namespace crosslane {

/// A graph that can be launched. Move-only. Launches of one executable run one after another: one on another stream than the last waits for
/// all that is queued on that stream.
template <graph_backend B>
class basic_executable_graph {
  using native = crosslane::backend::graphs<B>;

 public:
  using backend = B;                 ///< the backend of the graph
  using node = basic_graph_node<B>;  ///< a node of the graph that this one was made from

  /// Takes over the executable. `other` becomes a moved-from one: its functions throw invalid_handle.
  basic_executable_graph(basic_executable_graph&& other) noexcept { swap(other); }
  /// Destroys this executable and takes over `other`, which becomes a moved-from one.
  basic_executable_graph& operator=(basic_executable_graph&& other) noexcept {
    basic_executable_graph taken{static_cast<basic_executable_graph&&>(other)};
    swap(taken);
    return *this;
  }
  /// Launches that have begun still run.
  ~basic_executable_graph() {
    if (parts_.empty()) return;
    detail::note_in_callback<B>("the end of an executable graph");
    detail::while_current<B>(device_, [this] {
      for (part& p : parts_) destroy(p);
      release_functions();
    });
  }

  /// Returns the device for whose streams the graph is.
  [[nodiscard]] basic_device<B> device() const noexcept { return basic_device<B>{detail::known_device{device_}}; }

  /// Queues the graph: its nodes run when all work queued so far is done, and later work waits for all of them. Throws invalid_argument if
  /// the stream is of another device, invalid_call if it is being captured, and vendor errors. Errors of the nodes surface at the next
  /// synchronising call. A graph with a loop that the backend does not have waits for each round, see basic_graph::while_node().
  template <stream_like S>
  void launch(S const& on, source_location where = source_location::current()) {
    require("graph launch", where);
    auto const q = detail::ref_of(on, where);
    if (q.device() != device())
      throw_error(errc::invalid_argument, where, "graph launch: the graph is of %s device %d, the stream is of device %d", B::name, device_,
                  q.device().index());
    auto const current = q.make_current("graph launch", where);
    detail::refuse_in_capture(q, "graph launch", "add the graph to the captured one as a child node", where);
    come_behind_last(q, where);
    for (detail::kept_share const& f : functions_) f->runs_on(q.log_key());
    detail::traced_work<B> const traced{q, [&] { return detail::traced_call{"launch", "graph", where}; }};
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      part& p = parts_[i];
      if (p.is_stale) make_anew(p, where);
      detail::check<B>(native::launch(p.executable, q.native()), "graph launch", where, [&](error_text& t) {
        t.append("a graph of %zu nodes on ", entries_.size());
        q.describe(t);
      });
      if (i < loops_.size()) run_loop(i, q, where);
    }
    last_ = detail::stream_hold<B>{q};
    detail::launches<B>().record({"graph", q.log_key(), {0, 0, 0}, {0, 0, 0}, where});
  }

  /// Changes the geometry and the arguments of a kernel node for later launches. The kernel object may have other values. Throws
  /// invalid_argument, which names the node, if the node is not of the graph, or has another kernel or other types of arguments. Otherwise
  /// errors are those of launch(). A grid of size 0 is an error.
  template <class K, class... A, class Configuration = detail::configuration>
  void update(node n, launch_config config, K const& kernel, A&&... arguments) {
    source_location const where = config.where;
    std::size_t const i = index_of("graph update", n, where);
    typename basic_device<B>::guard const current{device(), where};
    detail::launch_geometry const g{config.grid, detail::block_extent<K>(config), config.dynamic_shared, where};
    if (g.grid.size() == 0 || g.block.size() == 0)
      throw_error(errc::invalid_argument, where,
                  "graph update: kernel %s with a grid or a block of size 0: an executable graph keeps its nodes", type_name<K>());
    basic_graph<B>::with_kernel(
        device_, "graph update", g, kernel,
        [&](auto width, device_properties const& p, auto const&... a) {
          void const* const wanted = native::template kernel_of<width, K, std::remove_cvref_t<decltype(a)>...>();
          auto const& facts = entries_[i].facts;
          if (facts.kind != graph_node_kind::kernel || (facts.kernel != nullptr && facts.kernel != wanted)) {
            error_text t;
            t.append("graph update: ");
            detail::append_node(t, i, facts);
            t.append(" cannot become kernel %s%s", type_name<K>(),
                     facts.name != nullptr && std::strcmp(facts.name, type_name<K>()) == 0 ? " with other types of arguments" : "");
            throw error{errc::invalid_argument, t, where};
          }
          change(i, "graph update", where, [&](auto handle, part& of) {
            return of.is_stale ? native::template update_kernel_node<width>(handle, p, g, kernel, a...)
                               : native::template update_kernel<width>(of.executable, handle, p, g, kernel, a...);
          });
        },
        static_cast<A&&>(arguments)...);
  }

  /// Changes the source and the destination of a copy node for later launches. The number of bytes may change too. Throws invalid_argument,
  /// which names the node, if it is no copy. Otherwise errors are those of copy().
  template <class From, class To>
  void update_copy(node n, From&& from, To&& to, source_location where = source_location::current()) {
    std::size_t const i = index_of("graph update", n, where);
    detail::check_sides<From, To>();
    std::size_t const bytes = detail::check_copy("graph update", from, to, where);
    detail::require_no_peer<B>(device_, "graph update", from, to, where);
    typename basic_device<B>::guard const current{device(), where};
    if (entries_[i].facts.kind != graph_node_kind::copy || bytes == 0) {
      error_text t;
      t.append("graph update: ");
      detail::append_node(t, i, entries_[i].facts);
      t.append(" cannot become a copy of %zu bytes", bytes);
      throw error{errc::invalid_argument, t, where};
    }
    change(i, "graph update", where, [&](auto handle, part& of) {
      return of.is_stale ? native::update_copy_node(handle, to.data(), from.data(), bytes, where)
                         : native::update_copy(of.executable, handle, to.data(), from.data(), bytes, where);
    });
  }

 private:
  friend class basic_graph<B>;

  struct part {
    typename native::exec_handle executable{};
    typename native::graph_handle source{};  ///< a copy of the graph, if changes of nodes go to it
    bool has_source = false, is_stale = false;
  };

  basic_executable_graph(basic_graph<B> const& g, source_location where) {
    auto const current = g.make_current("graph instantiate", where);
    device_ = g.device_;
    number_ = g.number_;
    entries_ = g.entries_;
    functions_ = g.functions_;
    for (typename native::graph_handle const from : g.parts_) {
      parts_.emplace_back();
      part& p = parts_.back();
      if (native::is_made_anew(entries_.size())) {
        p.has_source = native::clone(&p.source, from).code == 0;  // some graphs cannot be copied
        if (!p.has_source) B::clear_last_error();
      }
      status const answer = native::instantiate(&p.executable, from);
      if (answer.code == 0) continue;
      if (p.has_source) (void)native::destroy(p.source);
      parts_.pop_back();
      for (part& made : parts_) destroy(made);
      parts_.clear();
      detail::check<B>(answer, "graph instantiate", where, [&](error_text& t) { g.describe(t); });
    }
    for (detail::graph_loop<B> const& l : g.loops_)
      loops_.push_back({l.condition, std::make_shared<basic_executable_graph>(l.body->instantiate(where))});
  }

  struct loop {
    unsigned const* condition;
    std::shared_ptr<basic_executable_graph> body;
  };
  void run_loop(std::size_t i, basic_stream_ref<B> const& q, source_location where) {
    for (;;) {
      unsigned goes_on = 0;
      detail::check<B>(B::copy(&goes_on, loops_[i].condition, sizeof goes_on, q.native(), where), "while node", where,
                       [&](error_text& t) { q.describe(t); });
      q.synchronize(where);
      if (goes_on == 0) return;
      loops_[i].body->launch(q, where);
    }
  }

  /// Calls f(handle, part) for a node, which is that of the copied graph if the executable is to be made anew.
  template <class F>
  void change(std::size_t i, char const* call, source_location where, F const& f) {
    part& p = parts_[entries_[i].part];
    typename native::node_handle handle = entries_[i].native;
    status answer{};
    if (p.has_source) {
      answer = native::find_in_clone(&handle, handle, p.source);
      p.is_stale = p.is_stale || answer.code == 0;
    }
    if (answer.code == 0) answer = f(handle, p);
    detail::check<B>(answer, call, where, [&](error_text& t) {
      detail::append_node(t, i, entries_[i].facts);
      t.append(" of ");
      describe(t);
    });
  }
  void make_anew(part& p, source_location where) {
    typename native::exec_handle made{};
    detail::check<B>(native::instantiate(&made, p.source), "graph instantiate", where, [&](error_text& t) { describe(t); });
    (void)native::destroy_exec(p.executable);
    p.executable = made;
    p.is_stale = false;
  }
  static void destroy(part& p) noexcept {
    (void)native::destroy_exec(p.executable);
    if (p.has_source) (void)native::destroy(p.source);
  }
  /// Orders a launch behind the last one if that was on another stream.
  void come_behind_last(basic_stream_ref<B> const& q, source_location where) {
    if (!last_ || B::key(last_.native()) == B::key(q.native()) || detail::is_captured<B>(last_.native())) return;
    basic_event<B, false> done{device(), where};
    done.record(last_.ref(), where);
    q.wait(done, where);
  }
  /// Lets the functions live until the last launch is done.
  void release_functions() noexcept {
    if (!last_) return;
    bool const waits = !detail::is_captured<B>(last_.native());
    for (detail::kept_share const& f : functions_) {
      if (f->empty()) continue;
      f->retain();
      // A captured stream cannot run this: the functions then stay until the process ends.
      if (waits)
        (void)detail::succeeds<B>(
            [&] { return B::stream_callback(last_.native(), &detail::kept_list::release, &detail::kept_list::release, f.get()); });
    }
  }

  std::size_t index_of(char const* call, node n, source_location where) const {
    require(call, where);
    if (n.graph_ != number_ || n.index_ >= entries_.size())
      throw_error(errc::invalid_argument, where, "%s: node %zu is not of the graph that this executable was made from", call, n.index_);
    return n.index_;
  }
  void require(char const* call, source_location where) const {
    detail::refuse_in_callback<B>(call, where);
    if (parts_.empty()) throw_error(errc::invalid_handle, where, "%s executable graph: moved from", B::name);
  }
  void describe(error_text& t) const noexcept { t.append("a graph of %zu nodes on %s device %d", entries_.size(), B::name, device_); }
  void swap(basic_executable_graph& other) noexcept {
    std::swap(device_, other.device_);
    std::swap(number_, other.number_);
    std::swap(parts_, other.parts_);
    std::swap(entries_, other.entries_);
    std::swap(loops_, other.loops_);
    std::swap(functions_, other.functions_);
    std::swap(last_, other.last_);
  }

  int device_ = 0;
  unsigned long long number_ = 0;
  std::vector<part> parts_;
  std::vector<detail::graph_entry<B>> entries_;
  std::vector<loop> loops_;
  std::vector<detail::kept_share> functions_;
  detail::stream_hold<B> last_;  ///< the stream of the last launch
};

}  // namespace crosslane
