// How fast a run decodes, as text and as JSON.
#pragma once

#include <boost/json/object.hpp>
#include <span>
#include <string>

#include "vrambudget/advise/speed.hpp"
#include "vrambudget/engine/run.hpp"

namespace vrambudget {

/// A line for each depth; `explain`: with what a token reads at the last. Empty: nothing is known.
[[nodiscard]] std::string speed_text(const run& r, std::span<const decode_speed> all, bool explain);

/// "23 to 38", outwards and never over the bound; "at most 51" where no more is known.
[[nodiscard]] std::string expected_text(const decode_speed& s);
/// The same for a table: "23-38", "max 51".
[[nodiscard]] std::string brief_text(const decode_speed& s);

/// How fast at one depth, in JSON.
[[nodiscard]] boost::json::object rates_json(const decode_speed& s);
/// Its part "speed": that of each depth, with what a token reads.
[[nodiscard]] boost::json::object speed_json(const run& r, std::span<const decode_speed> all);

}  // namespace vrambudget
