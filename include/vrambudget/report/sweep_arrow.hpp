// A sweep's rows as an Arrow stream, which polars, pyarrow, DuckDB, pandas and others take as it lies in memory.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "vrambudget/plan/sweep_columns.hpp"
#include "vrambudget/report/arrow_abi.hpp"

namespace vrambudget {

/// What the numbers on a sweep's axes are called, in their order.
struct sweep_labels {
  std::vector<std::string> models, gpus;
  std::vector<std::pair<std::string, std::string>> cache_types;  ///< of K and V
};

/// One batch of all rows: `model`, `gpu`, `type_k`, `type_v` and `basis` are dictionaries of text, `fits` and
/// `interpolated` booleans, all else numbers of 64 bits. Numbers are not copied: what the stream gives keeps `rows`
/// alive, also once the stream is released.
///
/// Shape:  every number of an axis in `rows` has a label; labels may repeat
void export_arrow(std::shared_ptr<const sweep_result> rows, const sweep_labels& labels,
                  ArrowArrayStream& out);

}  // namespace vrambudget
