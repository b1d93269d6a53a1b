// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Builds a sparse matrix from triples and multiplies it by a vector, on every device that this program was built for and on the CPU.
/// Compares the results with those of plain C++.
#include "common/difference.hpp"
#include "common/program.hpp"
#include "common/recorder.hpp"
#include "reference.hpp"
#include "sparse.hpp"

namespace sparse {
namespace {

template <xl::runtime_backend Backend>
std::vector<examples::row> measure(xl::basic_device<Backend> device, problem const& p, reference const& expected, int repeat,
                                   examples::progress& shown) {
  xl::basic_stream<Backend> const q{device};
  std::size_t const n = p.row.size(), kept = expected.value.size();
  auto const memory = [&]<class T>(T, std::size_t size) { return xl::basic_buffer<T, xl::memory_kind::device, Backend>{q, size}; };
  auto const upload = [&]<class T>(std::vector<T> const& from) {
    auto to = memory(T{}, from.size());
    xl::copy(q, from, to);
    return to;
  };
  auto const difference = [&](auto const& from, auto const& right) {
    std::vector<typename std::remove_cvref_t<decltype(from)>::value_type> got(right.size());
    xl::copy(q, from.view().subspan(0, right.size()), got);
    q.synchronize();
    return examples::largest_difference(got, right);
  };
  auto const row = upload(p.row), column = upload(p.column);
  auto const value = upload(p.value), x = upload(p.x);
  auto cells = memory(std::uint64_t{}, n), entries = memory(std::uint64_t{}, n), count = memory(std::uint64_t{}, 1);
  auto sorted = memory(float{}, n), sums = memory(float{}, n), y = memory(float{}, p.rows);
  auto begin = memory(unsigned{}, p.rows + 1), columns = memory(unsigned{}, n);
  triples const t{row, column, value};
  matrix const m{p.rows, p.columns, begin, columns, sums};

  examples::recorder<Backend> recorder{q, repeat, shown};
  constexpr std::size_t triple = 12, entry = 8;  // bytes, of a triple also after it is sorted
  std::size_t const vectors = (p.rows + 1) * sizeof(unsigned) + (p.columns + p.rows) * sizeof(float);
  recorder.run("sort", 2 * triple * n, [&] { sort(q, t, m, cells, sorted); });
  recorder.difference(std::max(difference(cells, expected.cells), difference(sorted, expected.sorted)), 0);
  recorder.run("add duplicates", triple * (n + kept), [&] { add_duplicates(q, cells, sorted, entries, m, count); });
  recorder.difference(std::max(difference(sums, expected.value), difference(count, std::vector<std::uint64_t>{kept})), 0);
  recorder.run("index rows", 0, [&] { index(q, entries, count, m); });
  recorder.difference(std::max(difference(columns, expected.column), difference(begin, expected.begin)), 0);
  recorder.run("build: all three", triple * n + entry * kept, [&] { build(q, t, m); });
  recorder.difference(std::max(difference(sums, expected.value), difference(begin, expected.begin)), 0);
  recorder.run("multiply: 8 lanes a row", entry * kept + vectors, [&] { multiply(q, m, x, y); });
  recorder.difference(difference(y, expected.y), 0);
  xl::fill(q, y, 0.0f);
  recorder.run("multiply: segmented_reduce", entry * kept + vectors, [&] { multiply_by_reduction(q, m, x, y); });
  recorder.difference(difference(y, expected.y), 0);
  return recorder.rows();
}

constexpr auto usage =
    "usage: sparse [options] [rows] [triples]\n"
    "\n"
    "Builds a square sparse matrix from random triples (row, column, value) and multiplies it by a vector, on every device found and on\n"
    "the CPU with waves of 32 and of 64 lanes; compared with plain C++. Unless said, 65536 rows and 16 triples for each row.\n"
    "\n";

void run(examples::options const& chosen) {
  auto const& numbers = chosen.operands;
  std::size_t const rows = numbers.empty() ? 65536 : examples::parse_count(numbers[0], "rows", 1, std::size_t{1} << 28);
  std::size_t const count = numbers.size() > 1 ? examples::parse_count(numbers[1], "triples", 0, std::size_t{1} << 28) : 16 * rows;
  examples::require_device(chosen, "sparse");
  auto const old = examples::old_rows(chosen);

  std::vector<examples::row> made;
  std::size_t kept = 0;
  {
    examples::progress shown;
    shown.show("the reference: plain C++, one thread");
    problem const p{rows, rows, count};
    reference const expected{p};
    kept = expected.value.size();
    examples::for_each_device(chosen, [&](auto device) {
      auto const results = measure(device, p, expected, chosen.repeat, shown);
      made.insert(made.end(), results.begin(), results.end());
    });
  }
  std::cout << count << " triples, " << kept << " entries in " << rows << " rows\n\n";
  examples::print_rows(chosen, old, made);
  std::cout << "\nGB/s: bytes that must be read and written once, by time; a sort moves them in several passes\n"
               "difference: from plain C++; all numbers must be the same, since sums are exact\n\n";
}

}  // namespace
}  // namespace sparse

int main(int count, char** arguments) { return examples::run_program("sparse", sparse::usage, count, arguments, 2, sparse::run); }
