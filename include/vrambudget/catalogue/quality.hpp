// How far a file's answers are from those of the model it was quantized from: published measurements, and a
// curve for all others, from data/quality.json, which is part of the library.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace vrambudget {

/// Mean Kullback-Leibler divergence of the next token's probabilities, as somebody measured it.
struct published_quality {
  std::string model;                       ///< catalogued_files::name, "Qwen3.6-27B"
  std::string quantization;                ///< "UD-Q4_K_XL"
  double kld = 0;                          ///< nats
  std::optional<double> same_top_percent;  ///< how often the likeliest token is the same
  std::string reference;                   ///< what it was compared with: "BF16"
  std::string of;                          ///< what was measured, if not the model itself
  std::string source;
};

/// All of them, in the file's order.
[[nodiscard]] std::span<const published_quality> published_qualities();
/// Null: nobody is known to have measured that file.
[[nodiscard]] const published_quality* find_quality(std::string_view model,
                                                    std::string_view quantization);

/// The curve that others are estimated by: the divergence of Llama 3 8B by bits a weight, straight lines in log(kld)
/// between its points. Nothing beyond its ends, 2.0 and 8.5 bits.
[[nodiscard]] std::optional<double> curve_kld(double bits_per_weight);

/// Where the divergence of a file of so many bits a weight most likely lies.
struct kld_interval {
  double low = 0, high = 0;
};

/// Formula:  curve_kld() times 0.2 to 1.5, which is how models differ, and 0.5 to 2, which is how types of one model do
/// Units:    nats
/// Accuracy: an estimate; nothing beyond the ends of the curve
[[nodiscard]] std::optional<kld_interval> estimated_kld(double bits_per_weight);

/// What is known of how good a file is: at most one of the two.
struct file_quality {
  const published_quality* measured = nullptr;  ///< null: nobody did
  std::optional<kld_interval> estimated = {};   ///< of one that nobody measured

  [[nodiscard]] bool is_known() const { return measured || estimated; }
};

/// A model's file, measured or estimated. Files in a type that the model was trained in (MXFP4, QAT) are not
/// estimated: the curve is not theirs.
[[nodiscard]] file_quality quality_of(std::string_view model, std::string_view quantization,
                                      double bits_per_weight);

}  // namespace vrambudget
