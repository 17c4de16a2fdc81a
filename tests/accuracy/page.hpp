// The tables of docs/accuracy.md, each with the name that the page has it under.
#pragma once

#include <string>
#include <vector>

namespace vrambudget::accuracy {

struct page_table {
  std::string name;  ///< "contexts"
  std::string
      markdown;  ///< what stands between <!-- accuracy: contexts --> and the next empty line
};

/// `data`: the folder of contexts.jsonl, capacities.jsonl, overheads.jsonl, speeds.jsonl and prompts.jsonl.
[[nodiscard]] std::vector<page_table> page_tables(const std::string& data);

}  // namespace vrambudget::accuracy
