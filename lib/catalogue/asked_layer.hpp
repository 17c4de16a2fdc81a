// Words of the table of asked tensors for layers: "recr,-lead".
#pragma once

#include <cstdint>
#include <string_view>

#include "vrambudget/model/hparams.hpp"

namespace vrambudget {

/// Whether all words hold in layer `il`, and "-recr" where "recr" does not; for a tensor of no layer that is the first
/// one. A key of `width_keys` holds if it is above 0, a word that is not known never does. "nextn" and "all" are none.
[[nodiscard]] bool holds_in(std::uint32_t il, const hparams& hp, std::string_view words);

/// Whether a tensor is asked for in a layer: in layers that draft (NextN) if "nextn" or "all" is among the words, in
/// the others unless "nextn" is, and where the rest of them hold.
[[nodiscard]] bool is_asked_in(std::uint32_t il, const hparams& hp, std::string_view words);

}  // namespace vrambudget
