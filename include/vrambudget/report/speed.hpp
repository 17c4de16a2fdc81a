// How fast a run decodes and reads prompts, as text and as JSON.
#pragma once

#include <boost/json/object.hpp>
#include <span>
#include <string>

#include "vrambudget/advise/prompt_speed.hpp"
#include "vrambudget/advise/speed.hpp"
#include "vrambudget/plan/budget.hpp"

namespace vrambudget {

/// A line for each depth; `explain`: with what a token reads at the last. Empty: nothing is known. `devices`:
/// those of the run's budget, here and below.
[[nodiscard]] std::string speed_text(std::span<const device_budget> devices,
                                     std::span<const decode_speed> all, bool explain);

/// A line for each length of a prompt; `explain`: with what the last takes. Empty: nothing is known.
[[nodiscard]] std::string prompt_text(std::span<const device_budget> devices,
                                      std::span<const prompt_speed> all, bool explain);

/// "23 to 38", outwards and never over the bound; "at most 51" where no more is known.
[[nodiscard]] std::string expected_text(const decode_speed& s);
/// The same for a table: "23-38", "max 51".
[[nodiscard]] std::string brief_text(const decode_speed& s);

/// How fast at one depth, in JSON.
[[nodiscard]] boost::json::object rates_json(const decode_speed& s);
/// Its part "speed": "decode", that of each depth, with what a token reads, and "prompt", that of each length. Empty:
/// nothing is known.
[[nodiscard]] boost::json::object speed_json(std::span<const device_budget> devices,
                                             const run_speeds& all);

}  // namespace vrambudget
