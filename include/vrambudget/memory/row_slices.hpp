// How `-sm row` divided matrices among cards, in builds that had it: by rows, each part in an allocation of
// its own. Everything else lies as with `-sm layer`.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "vrambudget/backends/cuda/backend.hpp"
#include "vrambudget/engine/run.hpp"
#include "vrambudget/machine/device.hpp"
#include "vrambudget/memory/weights.hpp"
#include "vrambudget/model/tensor_class.hpp"

namespace vrambudget {

/// Divides matrices by rows.
///
/// Formula:  card i has the rows from floor(rows * share before it) to floor(rows * share until it), each
///           less its remainder by 128 (64 before Volta); the last card has the rest. Shares are -ts, or the
///           cards' whole memory
/// Accuracy: assumed: no run of such a build was recorded
/// Source:   llama.cpp before b9890, ggml/src/ggml-cuda/ggml-cuda.cu: get_row_split, get_row_rounding,
///           ggml_backend_cuda_split_buffer_type
class row_slicer {
 public:
  row_slicer(std::span<const device> cards, const run& r) : from_(cards.size()) {
    float sum = 0;
    const bool given = std::any_of(r.tensor_split.begin(), r.tensor_split.end(),
                                   [](float share) { return share > 0; });
    for (std::size_t i = 0; i < cards.size(); ++i) {
      from_[i] = sum;
      if (!given)
        sum += static_cast<float>(cards[i].total.count);
      else if (i < r.tensor_split.size())
        sum += r.tensor_split[i];
    }
    for (float& f : from_) f /= sum;
    constexpr std::uint32_t volta = 700;
    for (std::size_t i = 0; i < cards.size(); ++i)
      if (from_[i] < (i + 1 < cards.size() ? from_[i + 1] : 1.0f))
        rounding_ = std::max<std::uint64_t>(rounding_, cards[i].cc >= volta ? 128 : 64);
  }

  /// Rows of a matrix of `n_rows` on card `i`.
  [[nodiscard]] std::uint64_t rows_on(std::size_t i, std::uint64_t n_rows) const {
    const auto from = [&](std::size_t card) {
      const auto row = static_cast<std::uint64_t>(static_cast<float>(n_rows) * from_[card]);
      return row - row % rounding_;
    };
    const std::uint64_t low = i == 0 ? 0 : from(i);
    const std::uint64_t high = i + 1 == from_.size() ? n_rows : from(i + 1);
    return high > low ? high - low : 0;
  }

  /// Whether a tensor on card `home` is divided: a matrix that a plain product reads, of which that card
  /// keeps rows itself.
  [[nodiscard]] bool divides(const model_tensor& t, std::size_t home) const {
    const std::string_view name = t.name;
    const auto is = [&](std::string_view part) { return name.find(part) != name.npos; };
    const bool is_product = name.ends_with(".weight") && !is("norm") && !is("conv1d") &&
                            !is("attn_rel_b") && !is("rope_f");
    return is_product && t.ne[1] > 1 && t.ne[2] == 1 && t.ne[3] == 1 &&
           rows_on(home, static_cast<std::uint64_t>(t.ne[1])) > 0;
  }

  /// Room of the rows of a divided tensor on card `i`.
  [[nodiscard]] bytes size_on(std::size_t i, const model_tensor& t) const {
    const std::uint64_t rows = rows_on(i, static_cast<std::uint64_t>(t.ne[1]));
    const auto width = static_cast<std::uint64_t>(t.ne[0]);
    return rows == 0 ? bytes{}
                     : row_size(t.type, width) * rows + cuda::buffers.row_padding(t.type, width);
  }

  /// What card `i` draws from its pool for a product that another one has asked for: its inputs in the
  /// kernel's form and its rows of the result.
  ///
  /// Formula:  n_tokens * (pad(width, 512) * 36 / 32 + 4 * rows)
  /// Accuracy: bound
  /// Source:   llama.cpp before b9890, ggml/src/ggml-cuda/ggml-cuda.cu: ggml_cuda_op_mul_mat
  [[nodiscard]] bytes scratch_on(std::size_t i, const model_tensor& t,
                                 std::uint64_t n_tokens) const {
    const std::uint64_t rows = rows_on(i, static_cast<std::uint64_t>(t.ne[1]));
    const bytes input = pad(bytes{static_cast<std::uint64_t>(t.ne[0])}, 512);
    return n_tokens * (bytes{input.count / 32 * 36} + 4 * bytes{rows});
  }

 private:
  std::vector<float> from_;  ///< share of the cards before each
  std::uint64_t rounding_ = 1;
};

}  // namespace vrambudget
