// What the memory of cards gives, and how much of it decoding reaches: data/gpus.json and
// data/decode_shares.json, which are parts of the library.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "vrambudget/advise/speed.hpp"
#include "vrambudget/catalogue/gpus.hpp"
#include "vrambudget/error.hpp"
#include "vrambudget/machine/device.hpp"
#include "vrambudget/model/model.hpp"
#include "vrambudget/plan/budget.hpp"
#include "vrambudget/plan/planner.hpp"

namespace vrambudget {

/// How a device's memory is read, of which shares are known: "unified", "hbm" or "gddr" under CUDA; "metal"; "rocm",
/// "rocm unified"; of AMD's under Vulkan "vulkan", "vulkan unified". Empty: of no such device.
[[nodiscard]] std::string_view memory_of(const device& d);

/// The catalogued card of that name, of several the one whose memory is nearest; null: none is.
[[nodiscard]] const gpu_entry* entry_of(const device& d);
/// Its memory's bandwidth; absent: it is not catalogued.
/// Units: bytes a second
[[nodiscard]] std::optional<std::uint64_t> bandwidth_of(const device& d);

/// What such cards were seen to reach with such weights: the first row of data/decode_shares.json that is of
/// them. Absent: there is none.
///
/// Accuracy: fitted
[[nodiscard]] std::optional<reached_share> reached_share_of(const device& d, weight_class c);

/// How fast a run decodes with `depth` tokens in its cache. `context`: as in its budget. Nothing: it is not known.
[[nodiscard]] std::optional<decode_speed> decode_speed_at(const model& m, const run& r,
                                                          std::span<const device> devices,
                                                          const context_params& context,
                                                          std::uint64_t depth);

/// How fast a planned run decodes: with an empty cache, and at the end of a slot's context. Empty: it is not
/// known, or the run drafts, and how many drafted tokens are taken depends on the text.
[[nodiscard]] std::vector<decode_speed> decode_speeds_of(const model& m, const run& r,
                                                         std::span<const device> devices,
                                                         const budget& b);

/// How fast a run decodes at the end of a slot's context. Nothing: as decode_speeds_of(), or the run has no plan.
[[nodiscard]] std::optional<decode_speed> decode_speed_when_full(planner& p, const run& r);

}  // namespace vrambudget
