// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Tests that need a separate process: its exit, fork(), libraries that are loaded. process_test.sh runs each case and reads its output.
#include "plugin.hpp"

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <string>
#include <thread>
#include <vector>

#include <dlfcn.h>
#include <sys/wait.h>

namespace xl = crosslane;

namespace {

xl::stream of_namespace_scope{xl::device{0}};

struct fails {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx) const {
    if (ctx.thread_rank() == 0) ctx.sync_block();  // the other has returned
  }
};
struct counts {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<int> out) const {
    ctx.sync_block();
    out[ctx.global_rank()] = int(ctx.global_rank());
  }
};

void require(bool right, char const* what) {
  if (right) return;
  std::fprintf(stderr, "wrong: %s\n", what);
  std::exit(1);
}

/// Returns the text of the error, or an empty text if there is none.
template <class F>
std::string error_of(F const& f) {
  try {
    f();
  } catch (xl::error const& e) {
    return e.what();
  }
  return {};
}
bool has(std::string const& text, char const* part) { return text.find(part) != std::string::npos; }

bool works(xl::stream const& q) {
  xl::buffer<int> b{q, 64 * 256};
  xl::launch(q, {.grid = 64, .block = 256}, counts{}, b);
  std::vector<int> v(64 * 256);
  xl::copy(q, b, v);
  q.synchronize();
  return v[64 * 256 - 1] == 64 * 256 - 1;
}

/// A kernel of a stream of namespace scope fails, and no call asks for the error.
int namespace_scope(plugin const&, void*) {
  xl::launch(of_namespace_scope, {.grid = 1, .block = 2}, fails{});
  return 0;
}

/// A kernel of such a stream still runs when the program ends, and then faults.
struct faults_late {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const&, int volatile* null) const {
    std::this_thread::sleep_for(std::chrono::milliseconds{60});
    *null = 1;
  }
};
int fault_at_the_end(plugin const&, void*) {
  xl::launch(of_namespace_scope, {.grid = 1, .block = 1}, faults_late{}, static_cast<int volatile*>(nullptr));
  std::this_thread::sleep_for(std::chrono::milliseconds{30});  // it has begun
  return 0;
}

int fork_child(plugin const& p, void*) {
  xl::stream q{xl::device{0}};
  xl::stream busy{xl::device{1}};
  require(works(q), "before fork()");
  xl::buffer<int> b{q, 16};
  xl::event reached{xl::device{0}}, pending{xl::device{1}};
  reached.record(q);
  q.synchronize();
  bool release = false;
  busy.host_callback([&] {
    while (!__atomic_load_n(&release, __ATOMIC_ACQUIRE)) std::this_thread::yield();
  });
  pending.record(busy);
  xl::launch(of_namespace_scope, {.grid = 1, .block = 2}, fails{});  // what the parent did is the parent's to tell
  of_namespace_scope.native()->synchronize();
  std::fflush(nullptr);
  pid_t const child = fork();
  if (child == 0) {
    char const* const text = "fork()";
    std::vector<int> v(16);
    require(has(error_of([&] { q.synchronize(); }), text), "synchronize");
    require(has(error_of([&] { (void)busy.query(); }), text), "query");
    require(has(error_of([&] { xl::launch(q, {.grid = 1, .block = 2}, fails{}); }), text), "launch");
    require(has(error_of([&] { xl::copy(q, b, v); }), text), "copy");
    require(has(error_of([&] { xl::fill(q, b, 0); }), text), "fill");
    require(has(error_of([&] { xl::fill(q, b, 3); }), text), "fill by a loop");
    require(has(error_of([&] { q.host_callback([] {}); }), text), "host callback");
    require(has(error_of([&] { xl::buffer<int>(busy, 3); }), text), "allocate");
    require(has(error_of([&] { pending.synchronize(); }), text), "event synchronize");
    require(has(error_of([&] { (void)pending.query(); }), text), "event query");
    require(has(error_of([&] { reached.record(q); }), text), "event record");
    xl::stream mine{xl::device{0}};
    require(has(error_of([&] { mine.wait(pending); }), text), "wait");
    mine.wait(reached);
    require(works(mine), "a new stream");
    xl::device{0}.synchronize();
    xl::device{1}.synchronize();
    xl::stream* const of_plugin = p.make_stream(1);
    require(works(*of_plugin), "a new stream of the library");
    p.delete_stream(of_plugin);
    std::exit(7);  // not _exit: with all destructors, the streams' of the parent among them
  }
  __atomic_store_n(&release, true, __ATOMIC_RELEASE);
  int status = 0;
  require(waitpid(child, &status, 0) == child && WIFEXITED(status), "the end of the child");
  require(WEXITSTATUS(status) == 7, "the child's answer");
  require(works(q), "after fork()");
  require(has(error_of([&] { of_namespace_scope.synchronize(); }), "barrier"), "the parent's error");
  return 0;
}

/// The program waits for streams of the library and gets their errors. The library recognises callbacks of the program.
int shares_state(plugin const& p, void*) {
  xl::device const d{0};
  xl::stream* const q = p.make_stream(0);
  bool done = false;
  p.launch_slow(*q, &done);
  d.synchronize();
  require(__atomic_load_n(&done, __ATOMIC_ACQUIRE), "the device waits for the library's stream");
  p.launch_failing(*q);
  std::string text = error_of([&] { d.synchronize(); });
  require(has(text, "failing_in_plugin") && has(text, "barrier"), "the device tells of the library's kernel");
  p.launch_failing(*q);
  text = error_of([&] { q->synchronize(); });
  require(has(text, "failing_in_plugin"), "the stream tells of the library's kernel");
  xl::stream mine{d};
  require(q->native()->key() != mine.native()->key(), "no two streams of one number");
  xl::launch(mine, {.grid = 1, .block = 2}, fails{});
  text = error_of([&] { p.synchronize_device(0); });
  require(has(text, "barrier"), "the library hears of the program's kernel");
  mine.host_callback([&] { p.synchronize(*q); });
  text = error_of([&] { mine.synchronize(); });
  require(has(text, "stream synchronize in a host callback"), "the library knows that it is in the program's callback");
  p.delete_stream(q);
  return 0;
}

/// The thread of a stream keeps the code of its library loaded.
int leaks_a_stream(plugin const& p, void* library) {
  xl::stream* const q = p.make_stream(0);
  static bool done = false;
  p.launch_slow(*q, &done);
  dlclose(library);
  xl::device{0}.synchronize();
  require(__atomic_load_n(&done, __ATOMIC_ACQUIRE), "the stream goes on");
  return 0;
}

/// An error that no call has asked for is printed before the library that defines its type is unloaded.
int leaves_an_error(plugin const& p, void* library) {
  xl::stream* const q = p.make_stream(0);
  p.launch_failing(*q);
  p.delete_stream(q);
  dlclose(library);
  return 0;
}

/// An unloaded library leaves no handlers behind: std::terminate() still ends the program as C++ requires.
int terminates_without_the_library(plugin const& p, void* library) {
  xl::stream* const q = p.make_stream(0);
  bool done = false;
  p.launch_slow(*q, &done);
  p.synchronize(*q);
  require(works(of_namespace_scope), "the program's own kernels, behind the library's");
  p.delete_stream(q);
  dlclose(library);
  std::terminate();
}

}  // namespace

int main(int argc, char** argv) {
  struct {
    char const* name;
    int (*run)(plugin const&, void*);
  } const cases[] = {
      {"namespace_scope", namespace_scope},
      {"fork", fork_child},
      {"shares_state", shares_state},
      {"leaks_a_stream", leaks_a_stream},
      {"leaves_an_error", leaves_an_error},
      {"fault_at_the_end", fault_at_the_end},
      {"terminates_without_the_library", terminates_without_the_library},
  };
  require(argc == 3, "the arguments: <case> <library>");
  void* const library = dlopen(argv[2], RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) std::fprintf(stderr, "%s\n", dlerror());
  auto const* const functions = library != nullptr ? static_cast<plugin const*>(dlsym(library, "plugin_functions")) : nullptr;
  require(functions != nullptr, "the library");
  for (auto const& c : cases)
    if (std::strcmp(argv[1], c.name) == 0) return c.run(*functions, library);
  require(false, "the name of the case");
}
