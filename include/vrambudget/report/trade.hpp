// What a longer context is traded for, as text, JSON and a picture.
#pragma once

#include <span>
#include <string>

#include "vrambudget/advise/trade.hpp"
#include "vrambudget/engine/run.hpp"
#include "vrambudget/model/model.hpp"

namespace vrambudget {

/// A row for each type and micro-batch, a column for each number of slots; 80 columns wide with up to six of them.
/// `r`: what the command is given; runs that hold its context are marked. One sentence if nothing fits.
[[nodiscard]] std::string trade_text(const model& m, const run& r, std::span<const trade> all);
/// One JSON object and a line feed.
[[nodiscard]] std::string trade_json(const model& m, const run& r, std::span<const trade> all);
/// A whole SVG file, 720 pixels wide: a bar for each run, by slots, then type, then micro-batch.
[[nodiscard]] std::string trade_svg(const model& m, const run& r, std::span<const trade> all);

}  // namespace vrambudget
