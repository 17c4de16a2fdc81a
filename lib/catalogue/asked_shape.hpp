// Shapes of tensors as the table of asked tensors writes them: "n_embd,2*n_ff".
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "vrambudget/model/hparams.hpp"

namespace vrambudget {

/// A shape that the engine asks for.
struct asked_ne {
  std::array<std::int64_t, 4> ne{1, 1, 1, 1};
  std::array<bool, 4> is_least{};  ///< "?n_vocab": that or more; "?": any
  bool is_count = false;           ///< "#": only the number of elements counts

  [[nodiscard]] bool fits(const std::array<std::int64_t, 4>& found) const;
};

/// The shapes between semicolons whose words, before a colon, hold in layer `il`; any of them may be there. Of each
/// dimension the first of the sums between bars that is not 0, with the hyperparameters of layer `widths_of`. None: it
/// is empty, or names what is not known here.
[[nodiscard]] std::vector<asked_ne> asked_shapes(std::string_view written, const hparams& hp,
                                                 std::uint32_t il, std::uint32_t widths_of);

/// "4096 x 128256", without trailing ones; "640 x 2 or more".
[[nodiscard]] std::string text_of(const std::array<std::int64_t, 4>& ne);
[[nodiscard]] std::string text_of(const asked_ne& asked);

}  // namespace vrambudget
