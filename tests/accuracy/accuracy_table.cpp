// accuracy_table OVERHEADS.jsonl: the table of errors in docs/accuracy.md, then what data/overheads.json must say.
#include <fmt/format.h>

#include <exception>

#include "accuracy.hpp"

int main(int argc, char** argv) try {
  using namespace vrambudget::accuracy;
  if (argc != 2) {
    fmt::print(stderr, "usage: accuracy_table data/overheads.jsonl\n");
    return 2;
  }
  std::map<std::string, int> left_out;
  const std::vector<row> rows = read_rows(argv[1], &left_out);
  fmt::print("{}\nRows left out:\n", markdown(table_of(rows)));
  for (const auto& [why, n] : left_out) fmt::print("{:5}  {}\n", n, why);
  fmt::print("\nThe context alone, MiB:\n");
  for (const auto& [rig, s] : samples_of(rows))
    fmt::print("  {:<12}{:>4} samples {:>8.1f} to {:.1f}\n", rig, s.n, s.low, s.high);
  return 0;
} catch (const std::exception& e) {
  fmt::print(stderr, "accuracy_table: {}\n", e.what());
  return 3;
}
