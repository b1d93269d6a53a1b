// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The file of a trace: JSON in the Trace Event Format, which ui.perfetto.dev and chrome://tracing show.
///
/// The file is written through a window of shared memory, with the end of the JSON behind the last event and spaces behind that. So it is
/// valid JSON at any time, however the process ends, and the trace needs the memory of one window.
#pragma once

#include <crosslane/core/device_properties.hpp>
#include <crosslane/core/error.hpp>
#include <crosslane/core/extent.hpp>
#include <crosslane/runtime/async_errors.hpp>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

namespace crosslane::detail {

/// Nanoseconds of the host's clock, by which all times of a trace are given.
inline std::int64_t trace_clock() noexcept {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

/// A part of an event, as JSON. The longest names fit: of kernels and files 255 bytes, of ranges 127, each byte as six characters at most.
class trace_text {
 public:
  char const* data() const noexcept { return data_; }
  unsigned size() const noexcept { return size_; }

  [[gnu::format(printf, 2, 3)]] void append(char const* format, ...) noexcept {
    va_list arguments;
    va_start(arguments, format);
    int const written = std::vsnprintf(data_ + size_, sizeof data_ - size_, format, arguments);
    va_end(arguments);
    if (written > 0) size_ += unsigned(written);
    if (size_ >= sizeof data_) size_ = sizeof data_ - 1;
  }

  /// Appends a string in quotation marks, at most `most` bytes of it. Control characters are escaped. Bytes that are not UTF-8 become the
  /// replacement character.
  void append_string(char const* text, unsigned most = 255) noexcept {
    append("\"");
    auto const* c = reinterpret_cast<unsigned char const*>(text == nullptr ? "" : text);
    auto const* const end = c + strnlen(reinterpret_cast<char const*>(c), most);
    while (c < end) {
      unsigned const length = utf8_length(c, end);
      if (length == 0)
        append("\\ufffd");
      else if (length == 1 && (*c < 0x20 || *c == 0x7f))
        append("\\u%04x", unsigned{*c});
      else
        append("%s%.*s", *c == '"' || *c == '\\' ? "\\" : "", int(length), reinterpret_cast<char const*>(c));
      c += length == 0 ? 1 : length;
    }
    append("\"");
  }

  /// Appends microseconds, the unit of the format, with all nanoseconds.
  void append_time(char const* key, std::int64_t nanoseconds) noexcept {
    bool const negative = nanoseconds < 0;
    std::uint64_t const n = negative ? std::uint64_t(-nanoseconds) : std::uint64_t(nanoseconds);
    append(",\"%s\":%s%llu.%03u", key, negative ? "-" : "", static_cast<unsigned long long>(n / 1000), unsigned(n % 1000));
  }

 private:
  /// Returns the number of bytes of the character at c, or 0 if it is not one.
  static unsigned utf8_length(unsigned char const* c, unsigned char const* end) noexcept {
    if (*c < 0x80) return 1;
    unsigned const length = *c >= 0xc2 && *c <= 0xdf ? 2 : *c >= 0xe0 && *c <= 0xef ? 3 : *c >= 0xf0 && *c <= 0xf4 ? 4 : 0;
    if (length == 0 || c + length > end) return 0;
    for (unsigned i = 1; i < length; ++i)
      if ((c[i] & 0xc0) != 0x80) return 0;
    // Overlong forms, surrogates, and numbers above the last character.
    if ((*c == 0xe0 && c[1] < 0xa0) || (*c == 0xed && c[1] > 0x9f) || (*c == 0xf0 && c[1] < 0x90) || (*c == 0xf4 && c[1] > 0x8f)) return 0;
    return length;
  }

  unsigned size_ = 0;
  char data_[6144];
};

/// A row of the trace: a stream, or a thread of the program.
struct trace_lane {
  int process = 0;
  long thread = 0;
};

/// A library of the process that traces: its switch, and what it has to write before it is unloaded.
struct trace_library {
  int* state;
  void (*drain)(bool wait) noexcept;  ///< writes events whose times are known late, those of GPUs
  trace_library* next = nullptr;
};

/// The state of `trace_state`.
enum : int { trace_off = 0, trace_on = 1, trace_unknown = 2 };

/// Whether calls of this library are traced. The first call asks the environment.
[[gnu::visibility("hidden")]] inline int trace_state = trace_unknown;

/// The trace of the process.
class trace_file {
 public:
  /// Opens the file. Returns false if that fails; `text` then says why.
  bool open(char const* path, error_text& text) noexcept {
    spin_guard const guard{lock_};
    enter();
    inherited_ = false;
    if (file_ >= 0) close_file();
    return open_file(path, text);
  }

  void close() noexcept {
    spin_guard const guard{lock_};
    enter();
    inherited_ = false;
    if (file_ >= 0) close_file();
  }

  /// Returns a number that no other trace of the process has, or 0 if there is no trace.
  unsigned session() noexcept {
    spin_guard const guard{lock_};
    enter();
    if (inherited_) begin_inherited();
    return file_ >= 0 ? session_ : 0;
  }

  /// Writes an event of the trace `session`: the text `{...}` without the comma.
  void write(unsigned session, trace_text const& event) noexcept {
    spin_guard const guard{lock_};
    enter();
    if (file_ >= 0 && session == session_) put(event);
  }

  /// Returns the number of an arrow from the call that queues work to the work.
  std::uint64_t new_arrow() noexcept { return __atomic_add_fetch(&arrows_, 1, __ATOMIC_RELAXED); }

  /// Returns the time since the trace began.
  std::int64_t since_begin(std::int64_t time) const noexcept { return time - __atomic_load_n(&begin_, __ATOMIC_RELAXED); }

  /// Returns the lane of a stream. The first call for a stream writes its name, and that of its device.
  trace_lane stream(unsigned session, char const* backend, char const* device_name, stream_key key) noexcept {
    spin_guard const guard{lock_};
    enter();
    if (file_ < 0 || session != session_) return {};
    int const process = process_of(backend, device_name, key.device);
    unsigned number = 0;
    for (unsigned i = 0; i < lane_count_; ++i) {
      if (lanes_[i].process != process) continue;
      ++number;
      if (lanes_[i].stream == key.stream) return {process, long(number)};
    }
    ++number;
    bool const named = lane_count_ < most_lanes;
    if (named) lanes_[lane_count_++] = {key.stream, process};
    if (named || !told_more_) {
      trace_text name;
      if (named && key.stream == nullptr)
        name.append("default stream");
      else if (named)
        name.append("stream %u", number);
      else
        name.append("more streams");
      put_name("thread_name", process, named ? long(number) : long(most_lanes) + 1, name.data());
      if (!named) told_more_ = true;
    }
    return {process, named ? long(number) : long(most_lanes) + 1};
  }

  /// Returns the lane of the calling thread. The first call of a thread writes its name.
  trace_lane thread(unsigned session, unsigned& named_in) noexcept {
    trace_lane const lane{program, long(syscall(SYS_gettid))};
    if (named_in == session) return lane;
    named_in = session;
    spin_guard const guard{lock_};
    enter();
    if (file_ < 0 || session != session_) return lane;
    char name[32] = "thread";
    (void)pthread_getname_np(pthread_self(), name, sizeof name);
    put_name("thread_name", program, lane.thread, lane.thread == long(getpid()) ? "main thread" : name);
    return lane;
  }

  /// Writes how much memory of a device its buffers use, after a change.
  void memory(unsigned session, char const* backend, char const* device_name, int device, std::int64_t change) noexcept {
    spin_guard const guard{lock_};
    enter();
    if (file_ < 0 || session != session_) return;
    int const process = process_of(backend, device_name, device);
    std::int64_t& bytes = bytes_[process - first_device];
    bytes += change;
    if (bytes < 0) bytes = 0;  // allocated before the trace began
    trace_text event;
    event.append("{\"ph\":\"C\",\"name\":\"memory of buffers\",\"pid\":%d,\"tid\":0", process);
    event.append_time("ts", since_begin(trace_clock()));
    event.append(",\"args\":{\"bytes\":%lld}}", static_cast<long long>(bytes));
    put(event);
  }

  void add(trace_library& library) noexcept {
    spin_guard const guard{lock_};
    enter();
    library.next = libraries_;
    libraries_ = &library;
    __atomic_store_n(library.state, file_ >= 0 || inherited_ ? trace_on : trace_off, __ATOMIC_RELAXED);
  }
  /// Removes a library that is being unloaded. The last one closes the file.
  void remove(trace_library& library) noexcept {
    spin_guard const guard{lock_};
    enter();
    trace_library** link = &libraries_;
    while (*link != nullptr && *link != &library) link = &(*link)->next;
    if (*link != nullptr) *link = library.next;
    __atomic_store_n(library.state, trace_off, __ATOMIC_RELAXED);
    if (libraries_ == nullptr && file_ >= 0) close_file();
  }

  /// Lets each library write what it holds back.
  void drain_all(bool wait) noexcept {
    for (unsigned position = 0;; ++position) {
      void (*drain)(bool) noexcept = nullptr;
      {
        spin_guard const guard{lock_};
        enter();
        trace_library const* library = libraries_;
        for (unsigned i = 0; i < position && library != nullptr; ++i) library = library->next;
        if (library == nullptr) return;
        drain = library->drain;
      }
      drain(wait);
    }
  }

  /// Switches all libraries of the process.
  void set_state(int state) noexcept {
    spin_guard const guard{lock_};
    enter();
    for (trace_library* l = libraries_; l != nullptr; l = l->next) __atomic_store_n(l->state, state, __ATOMIC_RELAXED);
  }

  /// Opens the file that the environment names, once per process.
  void open_from_environment() noexcept {
    char path[sizeof path_] = "";
    {
      spin_guard const guard{lock_};
      enter();
      if (asked_environment_) return;
      asked_environment_ = true;
      if (char const* const value = std::getenv("CROSSLANE_TRACE")) std::snprintf(path, sizeof path, "%s", value);
    }
    error_text text;
    if (path[0] != 0 && !open(path, text)) std::fprintf(stderr, "crosslane: CROSSLANE_TRACE: %s\n", text.c_str());
  }

 private:
  struct stream_lane {
    void const* stream;
    int process;
  };
  static constexpr int program = 1, first_device = 2;
  static constexpr unsigned most_lanes = 1024;
  static constexpr std::size_t window_bytes = std::size_t{256} << 10;
  static constexpr char end_of_json[] = "\n]}\n";
  static constexpr std::size_t end_bytes = sizeof end_of_json - 1;

  /// Leaves the parent's file alone in the child of a fork(). The child begins its own when it has something to write.
  void enter() noexcept {
    int const now = this_process();
    if (process_ == now) return;
    inherited_ = inherited_ || file_ >= 0;
    if (file_ >= 0) {
      (void)::close(file_);
      (void)munmap(window_, window_bytes);
    }
    file_ = -1;
    process_ = now;
  }

  void begin_inherited() noexcept {
    inherited_ = false;
    char path[sizeof path_];
    std::snprintf(path, sizeof path, "%s", path_);
    error_text text;
    if (!open_file(path, text, true)) std::fprintf(stderr, "crosslane: trace of a child process: %s\n", text.c_str());
  }

  /// Writes `path` to path_, `%p` replaced by the number of the process. With `own`, the number is also put before the ending.
  void set_name(char const* path, bool own) noexcept {
    char const* const slash = std::strrchr(path, '/');
    char const* const dot = std::strrchr(slash == nullptr ? path : slash, '.');
    char const* const ending = dot == nullptr || !own ? path + std::strlen(path) : dot;
    std::size_t n = 0;
    auto const put_number = [&](char const* before) {
      int const written = std::snprintf(name_ + n, sizeof name_ - n, "%s%d", before, int(getpid()));
      n = n + std::size_t(written) < sizeof name_ ? n + std::size_t(written) : sizeof name_ - 1;
    };
    for (char const* c = path;; ++c) {
      if (own && c == ending) put_number(".");
      if (*c == 0 || n + 1 >= sizeof name_) break;
      if (c[0] == '%' && c[1] == 'p')
        put_number(""), ++c;
      else
        name_[n++] = *c;
    }
    name_[n] = 0;
  }

  bool open_file(char const* path, error_text& text, bool own = false) noexcept {
    std::snprintf(path_, sizeof path_, "%s", path);
    // Another process that has the same environment may be writing the file, such as a parent that waits for this one.
    for (;; own = true) {
      set_name(path_, own);
      file_ = ::open(name_, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
      if (file_ < 0) {
        text.append("the file %s cannot be opened: %s", name_, std::strerror(errno));
        return false;
      }
      if (flock(file_, LOCK_EX | LOCK_NB) == 0) break;
      if (own) {
        text.append("the file %s is in use", name_);
        (void)::close(file_);
        file_ = -1;
        return false;
      }
      (void)::close(file_);
    }
    window_ = nullptr;
    window_begin_ = position_ = 0;
    lane_count_ = 0;
    device_count_ = 0;
    told_more_ = false;
    for (std::int64_t& bytes : bytes_) bytes = 0;
    if (ftruncate(file_, 0) != 0 || !next_window()) {
      text.append("the file %s cannot be written: %s", name_, std::strerror(errno));
      (void)::close(file_);
      file_ = -1;
      return false;
    }
    ++session_;
    __atomic_store_n(&begin_, trace_clock(), __ATOMIC_RELAXED);
    trace_text begin;
    begin.append("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n");
    std::memcpy(window_, begin.data(), begin.size());
    std::memcpy(window_ + begin.size(), end_of_json, end_bytes);
    position_ = begin.size();
    first_ = true;
    put_name("process_name", program, 0, program_name());
    return true;
  }

  static char const* program_name() noexcept {
#if defined(__GLIBC__)
    return program_invocation_short_name;
#else
    return "program";
#endif
  }

  /// Cuts the file behind its last event.
  void close_file() noexcept {
    (void)munmap(window_, window_bytes);
    (void)ftruncate(file_, off_t(position_ + end_bytes));
    (void)::close(file_);
    file_ = -1;
    window_ = nullptr;
  }

  /// Extends the file with spaces and maps the window that contains the position.
  bool next_window() noexcept {
    std::size_t const page = std::size_t(sysconf(_SC_PAGESIZE));
    std::size_t const begin = position_ / page * page;
    static constexpr std::size_t piece = 4096;
    char spaces[piece];
    std::memset(spaces, ' ', piece);
    // A write, unlike an access to the window, can fail without a signal when the disk is full.
    std::size_t end = window_ == nullptr ? 0 : window_begin_ + window_bytes;
    while (end < begin + window_bytes) {
      std::size_t const count = begin + window_bytes - end < piece ? begin + window_bytes - end : piece;
      ssize_t const written = pwrite(file_, spaces, count, off_t(end));
      if (written <= 0) return false;
      end += std::size_t(written);
    }
    void* const mapped = mmap(nullptr, window_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file_, off_t(begin));
    if (mapped == MAP_FAILED) return false;
    if (window_ != nullptr) (void)munmap(window_, window_bytes);
    window_ = static_cast<char*>(mapped);
    window_begin_ = begin;
    return true;
  }

  void put(trace_text const& event) noexcept {
    std::size_t const needed = 2 + event.size() + end_bytes;
    if (position_ + needed > window_begin_ + window_bytes && !next_window()) {
      std::fprintf(stderr, "crosslane: the trace %s ends here: %s\n", name_, std::strerror(errno));
      close_file();
      return;
    }
    // The first bytes, which replace the end of the JSON, are written last.
    char* const to = window_ + (position_ - window_begin_);
    std::size_t const separator = first_ ? 0 : 2;
    std::memcpy(to + separator + event.size(), end_of_json, end_bytes);
    std::memcpy(to + separator, event.data(), event.size());
    std::memcpy(to, ",\n", separator);
    first_ = false;
    position_ += separator + event.size();
  }

  void put_name(char const* what, int process, long thread, char const* name) noexcept {
    trace_text event;
    event.append("{\"ph\":\"M\",\"name\":\"%s\",\"pid\":%d,\"tid\":%ld,\"args\":{\"name\":", what, process, thread);
    event.append_string(name);
    event.append("}}");
    put(event);
  }

  /// Returns the number under which a device stands. The first call for a device writes its name.
  int process_of(char const* backend, char const* device_name, int device) noexcept {
    for (int i = 0; i < device_count_; ++i)
      if (devices_[i].index == device && std::strcmp(devices_[i].backend, backend) == 0) return first_device + i;
    if (device_count_ == most_devices) return first_device + most_devices - 1;
    trace_device& added = devices_[device_count_];
    std::snprintf(added.backend, sizeof added.backend, "%s", backend);
    added.index = device;
    char name[320];
    std::snprintf(name, sizeof name, "%s device %d: %s", backend, device, device_name);
    put_name("process_name", first_device + device_count_, 0, name);
    return first_device + device_count_++;
  }

  struct trace_device {
    char backend[32];
    int index;
  };

  spin_lock lock_;
  int process_ = 0;  ///< the process that the file belongs to
  int file_ = -1;
  unsigned session_ = 0;
  std::uint64_t arrows_ = 0;
  std::int64_t begin_ = 0;
  char* window_ = nullptr;
  std::size_t window_begin_ = 0, position_ = 0;  ///< in the file; the end of the JSON begins at the position
  bool first_ = true, told_more_ = false, asked_environment_ = false;
  bool inherited_ = false;                ///< the process that called fork() was traced, and this one has written nothing yet
  char path_[512] = "", name_[544] = "";  ///< as given, and the file's
  unsigned lane_count_ = 0;
  stream_lane lanes_[most_lanes];
  int device_count_ = 0;
  trace_device devices_[most_devices];
  std::int64_t bytes_[most_devices] = {};
  trace_library* libraries_ = nullptr;
};

/// Returns the trace of the process.
[[gnu::visibility("hidden")]] inline trace_file& the_trace() noexcept {
  static trace_file& file = process_wide<trace_file>("trace 1");
  return file;
}

/// The work of this library that is written late: one list per backend, linked at the first use.
struct late_trace {
  void (*drain)(bool wait) noexcept;
  late_trace* next = nullptr;
};
[[gnu::visibility("hidden")]] inline late_trace* late_traces = nullptr;
[[gnu::visibility("hidden")]] inline spin_lock late_traces_lock;

[[gnu::visibility("hidden")]] inline void drain_this_library(bool wait) noexcept {
  late_trace* first = nullptr;
  {
    spin_guard const guard{late_traces_lock};
    first = late_traces;
  }
  for (late_trace* l = first; l != nullptr; l = l->next) l->drain(wait);  // elements are never removed
}

/// Lets the trace switch this library while it is loaded.
struct [[gnu::visibility("hidden")]] trace_registration {
  trace_registration() noexcept {
    the_trace().open_from_environment();
    the_trace().add(library);
  }
  trace_registration(trace_registration const&) = delete;
  trace_registration& operator=(trace_registration const&) = delete;
  ~trace_registration() {
    drain_this_library(true);
    the_trace().remove(library);
  }
  trace_library library{&trace_state, &drain_this_library};

  static void once() noexcept { static trace_registration const of_this_library; }
};

/// Returns whether there is a trace. Called only while trace_state is not trace_off.
[[gnu::visibility("hidden"), gnu::cold, gnu::noinline]] inline bool is_tracing() noexcept {
  trace_registration::once();
  return __atomic_load_n(&trace_state, __ATOMIC_RELAXED) == trace_on;
}

/// Whether calls must look whether there is a trace.
CROSSLANE_INLINE bool may_trace() noexcept { return __builtin_expect(__atomic_load_n(&trace_state, __ATOMIC_RELAXED) != trace_off, 0); }

/// The number of the trace in which the calling thread has been named.
[[gnu::visibility("hidden")]] inline thread_local unsigned thread_named_in = 0;

}  // namespace crosslane::detail
