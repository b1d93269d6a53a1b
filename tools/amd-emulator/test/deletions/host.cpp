// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Launches a kernel of a code object under several seeds and says whether its results are right:
///   host <code object> <kernel> <seeds>
/// Prints "right", or the first seed that is wrong. A seed is wrong if a launch fails or `out` has another value.
#include <hip/hip_runtime.h>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace {

constexpr int blocks = 8, threads = 256, size = 1 << 15;
using Ints = std::vector<int>;

// The value of out[i], or -1 if the kernel does not write it.
struct Case {
  bool data_is_input;
  std::function<std::string(Ints const& out)> wrong;  // describes what is wrong
};
int input(int i) { return i * 7 % 1000 + 1; }

Case values(bool data_is_input, std::function<int(int)> expected, int n = size) {
  return {data_is_input, [=](Ints const& out) {
            for (int i = 0; i < n; i++) {
              int const e = expected(i);
              if (e != -1 && out[i] != e)
                return "out[" + std::to_string(i) + "] is " + std::to_string(out[i]) + ", not " + std::to_string(e);
            }
            return std::string();
          }};
}
// The result of `rounds` rounds in which each of n elements adds that of the element `step` behind it, within rows of `row`.
Ints rounds(Ints v, int count, int row, int step) {
  for (int r = 0; r < count; r++) {
    Ints const old = v;
    for (size_t i = 0; i < v.size(); i++) v[i] += old[i / row * row + (i % row + step) % row];
  }
  return v;
}
Ints thread_numbers(bool with_block) {
  Ints v(blocks * threads);
  for (int i = 0; i < blocks * threads; i++) v[i] = i % threads + (with_block ? i / threads : 0);
  return v;
}

std::map<std::string, Case> cases() {
  std::map<std::string, Case> c;
  c["load_use"] = values(true, [](int i) {
    if (i >= blocks * threads) return -1;
    int const b = i / threads, t = i % threads;
    int const s = input(b) + input(64 + t), other = input(b) + input(64 + (t ^ 1));
    return 2 * s + other;
  });
  auto const in_block = [](int extra) {
    return [extra](int i) { return i / 2048 >= blocks || i % 2048 >= 3 * 256 ? -1 : i % 256 + 1 + extra; };
  };
  c["message_in_block"] = values(false, in_block(0));
  c["message_in_lds"] = values(false, in_block(1));
  auto const between = [](int count, int added) {
    return [=](int i) { return i / 512 >= blocks / 2 || i % 512 >= count * 32 ? -1 : i % 512 + 1 + added; };
  };
  c["message_between_blocks"] = values(false, between(6, 0));
  c["ring"] = values(false, between(8, 1000));
  c["atomics_then_flag"] = values(false, [](int i) { return i / 512 >= blocks / 2 || i % 512 >= 6 * 32 ? -1 : i % 512 / 32 + 1; });
  c["store_buffer"] = {false, [](Ints const& out) {
                         for (int p = 0; p < blocks / 2; p++)
                           for (int r = 0; r < 40; r++)
                             if (!out[p * 128 + 2 * r] && !out[p * 128 + 2 * r + 1])
                               return "both sides of round " + std::to_string(r) + " read the old value";
                         return std::string();
                       }};
  auto const table = [](Ints v) { return [v](int i) { return i < int(v.size()) ? v[i] : -1; }; };
  c["lds_hand_over"] = c["global_hand_over"] = values(false, table(rounds(thread_numbers(false), 6, threads, 64)));
  c["double_buffer"] = values(true, [](int i) {
    if (i >= blocks * threads) return -1;
    int sum = 0;
    for (int r = 0; r < 8; r++) sum += input(i / threads * 2048 + r * 256 + (i % threads + 65) % threads) * (r + 1);
    return sum;
  });
  c["grid_barrier"] = c["unwaited_grid_barrier"] = values(false, table(rounds(thread_numbers(true), 4, blocks * threads, threads)));
  c["last_block"] = values(false, [](int i) { return i < threads ? blocks * (blocks + 1) / 2 * (i + 1) : -1; });
  c["spin_lock"] = values(false, [](int i) { return i < 2 ? 12 * blocks * (i + 1) : -1; });
  c["look_back"] = values(false, [](int i) {
    int const b = i / threads;
    return b < blocks ? b * (b + 1) / 2 + i % threads : -1;
  });
  return c;
}

void check(hipError_t e, char const* what) {
  if (e == hipSuccess) return;
  printf("%s: %s\n", what, hipGetErrorName(e));
  exit(2);
}

}  // namespace

int main(int argc, char** argv) {
  auto const all = cases();
  if (argc < 4 || !all.count(argv[2])) {
    for (auto& c : all) printf("%s\n", c.first.c_str());
    return argc < 2 ? 0 : 2;
  }
  Case const& c = all.at(argv[2]);
  hipModule_t module;
  hipFunction_t kernel;
  check(hipModuleLoad(&module, argv[1]), "hipModuleLoad");
  check(hipModuleGetFunction(&kernel, module, argv[2]), "hipModuleGetFunction");
  int* memory[3];
  for (auto& p : memory) check(hipMalloc(reinterpret_cast<void**>(&p), size * sizeof(int)), "hipMalloc");
  Ints data(size), out(size);
  if (c.data_is_input)
    for (int i = 0; i < size; i++) data[i] = input(i);
  for (int seed = 0; seed < atoi(argv[3]); seed++) {
    setenv("AMDEMU_SEED", std::to_string(seed).c_str(), 1);
    check(hipMemcpy(memory[0], data.data(), size * sizeof(int), hipMemcpyHostToDevice), "hipMemcpy");
    check(hipMemset(memory[1], 0, size * sizeof(int)), "hipMemset");
    check(hipMemset(memory[2], 0, size * sizeof(int)), "hipMemset");
    void* arguments[] = {memory, memory + 1, memory + 2};
    hipError_t e = hipModuleLaunchKernel(kernel, blocks, 1, 1, threads, 1, 1, 0, nullptr, arguments, nullptr);
    if (e == hipSuccess) e = hipDeviceSynchronize();
    std::string why = e == hipSuccess ? "" : hipGetErrorName(e);
    if (why.empty()) {
      check(hipMemcpy(out.data(), memory[2], size * sizeof(int), hipMemcpyDeviceToHost), "hipMemcpy");
      why = c.wrong(out);
    }
    if (!why.empty()) {
      printf("wrong with seed %d: %s\n", seed, why.c_str());
      return 1;
    }
  }
  printf("right\n");
}
