// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Captures: the calls on streams become a basic_graph.
#pragma once

#include <crosslane/runtime/graph.hpp>
#include <crosslane/runtime/stream_hold.hpp>

#include <algorithm>
#include <utility>
#include <vector>

namespace crosslane {

/// A scope in which calls on a stream make a graph instead of running. Streams that wait for an event which was recorded in the capture
/// join it; the captured stream must wait for their work before the end. The page docs/guide/graphs.md lists the calls that can be
/// captured.
///
/// A call that cannot be captured throws invalid_call, which names it, and makes the capture invalid: end() throws. After the end of the
/// scope, also by an exception, the stream works as before. The work of an unfinished or invalid capture is dropped.
///
///   xl::graph_capture capture{q};
///   xl::launch(q, {.grid = blocks, .block = 256}, scale{}, x, 2.f);
///   xl::reduce(q, x, sum, xl::plus{}, {.workspace = memory});
///   xl::graph g = capture.end();
template <graph_backend B>
class basic_graph_capture {
  using native = crosslane::backend::graphs<B>;

 public:
  using backend = B;  ///< the backend of the stream

  /// Begins to capture the stream. Throws invalid_call if it is already captured, with the place where that began, and vendor errors.
  template <stream_like S>
  requires std::same_as<typename S::backend, B>
  explicit basic_graph_capture(S const& on, source_location where = source_location::current()) : stream_{detail::ref_of(on, where)} {
    auto const q = stream_.ref();
    auto const current = q.make_current("begin of a capture", where);
    unsigned long long before = 0;
    detail::check<B>(B::stream_capture(q.native(), &before), "begin of a capture", where, [&](error_text& t) { q.describe(t); });
    if (before != 0) {
      error_text t;
      t.append("begin of a capture: ");
      q.describe(t);
      t.append(" is already captured");
      if (source_location const began = captures::begin_of(before); began.line != 0) t.append(", since %s:%u", began.file, began.line);
      throw error{errc::invalid_call, t, where};
    }
    detail::check<B>(native::begin_capture(q.native()), "begin of a capture", where, [&](error_text& t) { q.describe(t); });
    (void)B::stream_capture(q.native(), &entry_.number);
    entry_.device = q.device().index();
    entry_.where = where;
    entry_.functions = functions_.get();
    captures::add(entry_);
    active_ = true;
  }
  basic_graph_capture(basic_graph_capture const&) = delete;
  basic_graph_capture& operator=(basic_graph_capture const&) = delete;
  /// Drops the captured work if end() was not called.
  ~basic_graph_capture() {
    if (!active_) return;
    typename native::graph_handle dropped{};
    bool made = false;
    detail::while_current<B>(stream_.ref().device().index(),
                             [&] { made = detail::succeeds<B>([&] { return native::end_capture(stream_.native(), &dropped); }); });
    if (made) (void)native::destroy(dropped);
    captures::remove(entry_);
  }

  /// Ends the capture and returns the graph. Throws invalid_call if the capture is invalid, and names the call that could not be captured
  /// if the library made it; also if a stream that has joined has work that the captured stream does not wait for, or if it was called
  /// before.
  [[nodiscard]] basic_graph<B> end(source_location where = source_location::current()) {
    if (!active_) throw_error(errc::invalid_call, where, "end of a capture: it has ended");
    auto const q = stream_.ref();
    auto const current = q.make_current("end of a capture", where);
    basic_graph<B> g{q.device().index()};
    typename native::graph_handle made{};
    status const answer = native::end_capture(q.native(), &made);
    active_ = false;
    captures::remove(entry_);
    auto const describe = [&](error_text& t) {
      q.describe(t);
      t.append(", captured since %s:%u", entry_.where.file, entry_.where.line);
      if (entry_.failed_call == nullptr) return;
      t.append(", where %s", entry_.failed_call);
      if (entry_.failed_at.line != 0) t.append(" at %s:%u", entry_.failed_at.file, entry_.failed_at.line);
      t.append(" cannot be captured");
    };
    detail::check<B>(answer, "end of a capture", where, describe);
    if (entry_.spoilt) {
      (void)native::destroy(made);
      error_text t;
      t.append("end of a capture: ");
      describe(t);
      throw error{errc::invalid_call, t, where};
    }
    g.parts_.push_back(made);
    g.functions_.push_back(functions_);
    read_nodes(g, where);
    return g;
  }

 private:
  using captures = detail::active_captures<B>;

  void read_nodes(basic_graph<B>& g, source_location where) const {
    std::vector<typename native::node_handle> all, from, to;
    auto const describe = [&](error_text& t) { stream_.ref().describe(t); };
    detail::check<B>(native::nodes(g.parts_[0], all), "end of a capture", where, describe);
    detail::check<B>(native::edges(g.parts_[0], from, to), "end of a capture", where, describe);
    std::vector<std::pair<typename native::node_handle, std::size_t>> places;
    for (auto const n : all) {
      places.emplace_back(n, g.entries_.size());
      detail::graph_entry<B> e;
      e.native = n;
      e.facts = native::facts(n);
      (void)g.add(static_cast<detail::graph_entry<B>&&>(e), {});
    }
    std::sort(places.begin(), places.end());
    auto const place_of = [&](auto n) { return std::lower_bound(places.begin(), places.end(), std::pair{n, std::size_t{0}})->second; };
    for (std::size_t i = 0; i < from.size(); ++i) g.entries_[place_of(to[i])].after.push_back(place_of(from[i]));
  }

  detail::stream_hold<B> stream_;
  detail::kept_share functions_;
  typename captures::entry entry_;
  bool active_ = false;
};

}  // namespace crosslane
