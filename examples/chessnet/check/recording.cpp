// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "recording.hpp"

#include "input/policy_index.hpp"
#include "output/write_file.hpp"
#include "serve/evaluator.hpp"
#include "weights/file.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <thread>

namespace chessnet {
namespace {

constexpr std::string_view magic = "chessnet recording 1\n";

/// Appends and reads the parts of a file in the same order.
class writer {
 public:
  std::string bytes{magic};

  template <class T>
  requires std::is_arithmetic_v<T> void operator()(T const& x) {
    raw(&x, sizeof x);
  }
  void operator()(std::string const& x) { range(x.data(), x.size()); }
  template <class T>
  requires std::is_arithmetic_v<T> void operator()(std::vector<T> const& x) {
    range(x.data(), x.size());
  }
  template <class T>
  void operator()(std::vector<T> const& x) {
    (*this)(std::uint64_t(x.size()));
    for (auto const& each : x) (*this)(each);
  }
  void operator()(recorded_layer const& x) { (*this)(x.name), (*this)(x.extents), (*this)(x.values); }
  void operator()(network_outputs<float> const& x) { (*this)(x.policy), (*this)(x.q), (*this)(x.draw), (*this)(x.moves_left); }

 private:
  template <class T>
  void range(T const* data, std::size_t size) {
    (*this)(std::uint64_t(size));
    raw(data, size * sizeof(T));
  }
  void raw(void const* data, std::size_t size) { bytes.append(static_cast<char const*>(data), size); }
};

class reader {
 public:
  explicit reader(std::span<std::byte const> bytes) : left_{bytes} {
    if (bytes.size() < magic.size() || std::memcmp(bytes.data(), magic.data(), magic.size()) != 0)
      throw std::runtime_error{"it is no recording of this program"};
    left_ = bytes.subspan(magic.size());
  }

  template <class T>
  requires std::is_arithmetic_v<T> void operator()(T& x) {
    raw(&x, 1);
  }
  void operator()(std::string& x) { x.resize(size(1)), raw(x.data(), x.size()); }
  template <class T>
  requires std::is_arithmetic_v<T> void operator()(std::vector<T>& x) {
    x.resize(size(sizeof(T))), raw(x.data(), x.size());
  }
  template <class T>
  void operator()(std::vector<T>& x) {
    x.resize(size(sizeof(std::uint64_t)));  // each has at least its own size
    for (auto& each : x) (*this)(each);
  }
  void operator()(recorded_layer& x) { (*this)(x.name), (*this)(x.extents), (*this)(x.values); }
  void operator()(network_outputs<float>& x) { (*this)(x.policy), (*this)(x.q), (*this)(x.draw), (*this)(x.moves_left); }

  [[nodiscard]] bool at_end() const { return left_.empty(); }

 private:
  [[noreturn]] static void cut_off() { throw std::runtime_error{"it is cut off"}; }
  /// Reads the number of elements, so many of which the rest of the file can have.
  std::size_t size(std::size_t bytes_of_each) {
    std::uint64_t n = 0;
    (*this)(n);
    if (n > left_.size() / bytes_of_each) cut_off();
    return std::size_t(n);
  }
  template <class T>
  void raw(T* data, std::size_t count) {
    if (left_.size() / sizeof(T) < count) cut_off();
    if (count > 0) std::memcpy(data, left_.data(), count * sizeof(T));
    left_ = left_.subspan(count * sizeof(T));
  }
  std::span<std::byte const> left_;
};

/// Calls file(part) for each part of the recording.
void parts(auto& file, auto& r) {
  file(r.network), file(r.target), file(r.precision), file(r.positions), file(r.moves), file(r.layers), file(r.outputs);
}

/// Throws unless the sizes fit each other.
void require_whole(recording const& r) {
  auto const positions = r.positions.size();
  auto const require = [](bool right, char const* what) {
    if (!right) throw std::runtime_error{std::string{"its "} + what + " do not fit each other"};
  };
  require(r.outputs.size() == positions && r.moves.size() == positions, "positions and outputs");
  for (auto const& out : r.outputs) require(out.policy.size() == policy_size, "outputs");
  for (auto const& moves : r.moves)
    for (auto const m : moves) require(m < policy_size, "moves");
  for (auto const& layer : r.layers) {
    std::size_t size = 1;
    for (auto const n : layer.extents) {
      require(n > 0 && size <= layer.values.size(), "layers");
      size *= std::size_t(n);
    }
    require(!layer.extents.empty() && std::size_t(layer.extents[0]) == positions && size == layer.values.size(), "layers");
  }
}

}  // namespace

recording record_reference(network const& n, std::span<game const> games, reference::heads const& heads) {
  recording r{n.describe(), "reference", "double", {}, {}, {}, {}};
  r.outputs.resize(games.size());
  for (auto const& g : games) {
    r.positions.push_back(to_fen(g.current()));
    r.moves.push_back(request_for(g, n.input).moves);
  }

  std::atomic<std::size_t> next{0};
  std::mutex mutex;
  std::exception_ptr error;
  auto const evaluate = [&](std::size_t i) {
    std::size_t layer = 0;
    auto const keep = [&](std::string const& name, std::vector<int> const& extents, std::span<double const> values) {
      if (name == "embedding_input" || name == "attention_logits") return;
      std::lock_guard const lock{mutex};
      if (layer == r.layers.size()) {
        std::vector<int> all{int(games.size())};
        all.insert(all.end(), extents.begin(), extents.end());
        r.layers.push_back({name, all, std::vector<float>(games.size() * values.size())});
      }
      auto& to = r.layers[layer++].values;
      std::transform(values.begin(), values.end(), to.begin() + std::ptrdiff_t(i * values.size()), [](double x) { return float(x); });
    };
    auto const out = reference::evaluate<double>(n, encode(games[i], n.input), heads, keep);
    r.outputs[i] = {{out.policy.begin(), out.policy.end()}, float(out.q), float(out.draw), float(out.moves_left)};
  };
  auto const work = [&] {
    try {
      for (std::size_t i = next++; i < games.size(); i = next++) evaluate(i);
    } catch (...) {
      std::lock_guard const lock{mutex};
      error = std::current_exception();
      next = games.size();
    }
  };
  std::vector<std::thread> others;
  auto const threads = std::min<std::size_t>(games.size(), std::max(1u, std::thread::hardware_concurrency()));
  for (std::size_t i = 1; i < threads; ++i) others.emplace_back(work);
  work();
  for (auto& t : others) t.join();
  if (error) std::rethrow_exception(error);
  return r;
}

void save(recording const& r, std::filesystem::path const& path) {
  writer file;
  parts(file, r);
  write_file(path, file.bytes);
}

recording load(std::filesystem::path const& path) {
  try {
    recording r;
    auto const bytes = read_file(path);
    reader file{bytes};
    parts(file, r);
    if (!file.at_end()) throw std::runtime_error{"something follows its end"};
    require_whole(r);
    return r;
  } catch (std::runtime_error const& error) {
    throw std::runtime_error{"cannot read '" + path.string() + "': " + error.what()};
  }
}

}  // namespace chessnet
