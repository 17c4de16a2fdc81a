// What cards compute, and how much of it prompts reach: data/gpus.json and data/prompt_shares.json, which are parts of the
// library.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "vrambudget/advise/prompt_speed.hpp"
#include "vrambudget/machine/device.hpp"
#include "vrambudget/model/model.hpp"
#include "vrambudget/plan/budget.hpp"

namespace vrambudget {

/// What it multiplies with: tensor cores, told by memory_of(), which sets the large chips of data centres apart;
/// "dp4a", instructions of Pascal for bytes; or neither, empty.
[[nodiscard]] std::string_view units_of(const device& d);

/// What a catalogued card computes, and of it what such cards were seen to reach with such work: the row of
/// data/prompt_shares.json that is of them.
///
/// Formula:  multiprocessors * operations a clock * highest clock
/// Accuracy: bound, and fitted. All 0: its units are not known, or it has not those of its generation. No share:
///           no such card was measured, nor any of laptops, whose power is limited; on cards with memory of their
///           own no mixture of experts, unless these are copied, which takes most of the time; no model that takes
///           so few operations a token
[[nodiscard]] compute_rate compute_rate_of(const device& d, const prompt_work& w);

/// How fast a planned run reads a prompt of one batch and one that fills a slot; one, if that is not longer. Empty: it is
/// not known, or the run drafts.
[[nodiscard]] std::vector<prompt_speed> prompt_speeds_of(const model& m, const run& r,
                                                         std::span<const device> devices,
                                                         const budget& b);

/// How fast a planned run decodes and reads prompts.
[[nodiscard]] run_speeds speeds_of(const model& m, const run& r, std::span<const device> devices,
                                   const budget& b);

}  // namespace vrambudget
