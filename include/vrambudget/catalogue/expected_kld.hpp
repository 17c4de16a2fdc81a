// How far a file that nobody measured is expected to be from its model: by the published curve, and by files of the same
// model that were measured.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "vrambudget/catalogue/quality.hpp"

namespace vrambudget {

struct expected_kld {
  kld_interval range;
  std::size_t n = 0;      ///< measured files of the model that the curve was drawn through; 0: none
  std::string reference;  ///< what these were compared with; empty: none were
  std::string basis;      ///< for a reader
};

/// Whether a catalogued model was trained in few bits, as gpt-oss in MXFP4: no curve tells what other types lose then.
[[nodiscard]] bool is_trained_in_few_bits(std::string_view model);

/// The divergence of a file of a model, "Qwen3.6-27B", by its bits a weight.
///
/// Formula:  without measured files estimated_kld(). Else curve_kld() times their mean factor (of logarithms), and that
///           times or divided by 1.7, which is how files of one model scatter about such a curve (log-sd 0.2 to 0.35).
///           Counted are files of up to 6.7 bits, above which kernels decide, against full precision if there are such
/// Units:    nats
/// Accuracy: an estimate; nothing for a model that was trained in few bits
[[nodiscard]] std::optional<expected_kld> expected_kld_of(std::string_view model,
                                                          double bits_per_weight);

}  // namespace vrambudget
