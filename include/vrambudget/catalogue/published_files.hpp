// Sizes of published files of catalogued models, from data/published.json and published_sizes.json, which are part
// of the library.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "vrambudget/units.hpp"

namespace vrambudget {

/// What a size that is not known to the byte is within.
struct size_range {
  bytes low, high;

  [[nodiscard]] bool is_one() const { return low == high; }
};

/// What another file had under the same name, at another time.
struct earlier_size {
  size_range within;
  std::string read;  ///< the day on which it was so, "2025-11-01"; empty: not told
};

/// One published GGUF file. Its hyperparameters are its shape's; of its tensors' types only the
/// quantization's name is known.
struct published_file {
  std::string shape;                 ///< id of the catalogued model with the same hyperparameters
  std::string quantization;          ///< "Q8_0"
  bytes size;                        ///< of the whole file, or of all files of a split set
  bool is_exact = false;             ///< false: from a log or list that rounds
  size_range within;                 ///< what was rounded to that; `size` alone: to less than a MiB
  std::string repository;            ///< "org/repo"; empty: unknown
  std::string file;                  ///< empty: unknown
  std::string read;                  ///< the day on which it was so; empty: not told
  std::vector<earlier_size> others;  ///< repositories are uploaded again under the same names
};

/// All of them; those whose sizes are rounded come last.
[[nodiscard]] std::span<const published_file> published_files();

}  // namespace vrambudget
