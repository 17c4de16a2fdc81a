// Shapes of tensors as the table of asked tensors writes them: "n_embd,2*n_ff", a sum of products for each dimension.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "vrambudget/model/hparams.hpp"

namespace vrambudget {

/// The shape that it is in layer `il`; nothing: it is empty, names what is not known here, or is too large.
[[nodiscard]] std::optional<std::array<std::int64_t, 4>> asked_shape(std::string_view written,
                                                                     const hparams& hp,
                                                                     std::uint32_t il);

/// "4096 x 128256", without trailing ones.
[[nodiscard]] std::string text_of(const std::array<std::int64_t, 4>& ne);

}  // namespace vrambudget
