// Measured speeds of decoding against what the memory of the card gives: data/speeds.jsonl.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "vrambudget/advise/speed.hpp"

namespace vrambudget::accuracy {

/// One measurement on one device.
struct speed_reading {
  std::string
      device;  ///< an id of gpus.json or other_gpus.json, or the name of one that is in neither
  std::string model, types;
  std::string memory, generation;  ///< memory_of() a card with an id; empty: it has none
  weight_class weights = weight_class::bits_16;
  double tokens_per_s = 0, most = 0;  ///< measured, and what its memory gives
  bool held_out = false;              ///< not to be fitted to
  bool is_cuda = false;               ///< a card of gpus.json under CUDA

  [[nodiscard]] double share() const { return tokens_per_s / most; }
  [[nodiscard]] bool is_of_card() const { return !memory.empty(); }
};

/// The share that a group of cards and weights reaches; an empty name stands for all.
struct share_group {
  std::string memory, generation;
  std::optional<weight_class> weights;
  std::size_t n = 0,
              n_files = 0;  ///< measurements; of how many files on how many cards, counted together
  double low = 0, median = 0, high = 0;

  [[nodiscard]] bool has(const speed_reading& r) const;
  [[nodiscard]] bool holds(const speed_reading& r) const {
    return low <= r.share() && r.share() <= high;
  }
};

/// Which groups there are: by memory, generation and weights, and of the first two alone; or by memory alone, where
/// measurements are too few to tell more apart.
enum class grouping : std::uint8_t { fine, by_memory };

/// Every group of four files or more, those that say most about a card first.
///
/// Formula:  of the shares by size: the middle, and the k-th from either end, k = (n_files + 1) / 10, at
///           least 1. Runs of one file on one card count as one where k is chosen, as they are alike
[[nodiscard]] std::vector<share_group> fitted_shares(const std::vector<speed_reading>& readings,
                                                     grouping by = grouping::fine);

/// How measurements lie that were not fitted to.
struct held_out_line {
  std::string held_out;  ///< what is left out together
  std::size_t n = 0;     ///< with a group left to predict them
  std::size_t n_without = 0;
  std::size_t n_within = 0;
  double factor = 0;  ///< between measured and middle, either way: the median
};
[[nodiscard]] std::vector<held_out_line> held_out_lines(const std::vector<speed_reading>& readings,
                                                        grouping by = grouping::fine);

/// A catalogued model, read once. Throws std::runtime_error: there is none.
[[nodiscard]] const model& model_named(const std::string& name);
/// The median of sorted numbers, one at least.
[[nodiscard]] double middle(const std::vector<double>& sorted);

/// Those under CUDA, or those of cards under other backends.
[[nodiscard]] std::vector<speed_reading> of_cards(const std::vector<speed_reading>& all, bool cuda);

/// Throws std::runtime_error where a row names what is not known.
[[nodiscard]] std::vector<speed_reading> read_speeds(const std::string& file);

/// Rows of "shares" in data/decode_shares.json, a line each.
[[nodiscard]] std::string share_rows(const std::vector<share_group>& groups);

[[nodiscard]] std::string markdown(const std::vector<share_group>& groups);
[[nodiscard]] std::string markdown(const std::vector<held_out_line>& lines);

}  // namespace vrambudget::accuracy
