// accuracy_table DATA: the tables of docs/accuracy.md, the shares of DATA/decode_shares.json, then which rows of DATA/overheads.jsonl are left out.
#include <fmt/format.h>

#include <exception>

#include "page.hpp"
#include "speeds.hpp"
#include "totals.hpp"

int main(int argc, char** argv) try {
  using namespace vrambudget::accuracy;
  if (argc != 2) {
    fmt::print(stderr, "usage: accuracy_table data\n");
    return 2;
  }
  for (const page_table& t : page_tables(argv[1])) fmt::print("{}:\n\n{}\n", t.name, t.markdown);
  fmt::print("decode_shares.json:\n\n{}\n",
             share_rows(fitted_shares(read_speeds(std::string(argv[1]) + "/speeds.jsonl"))));
  std::map<std::string, int> left_out;
  (void)read_totals(std::string(argv[1]) + "/overheads.jsonl", &left_out);
  fmt::print("Rows left out:\n");
  for (const auto& [why, n] : left_out) fmt::print("{:5}  {}\n", n, why);
  return 0;
} catch (const std::exception& e) {
  fmt::print(stderr, "accuracy_table: {}\n", e.what());
  return 3;
}
