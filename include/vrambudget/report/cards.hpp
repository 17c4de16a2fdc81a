// Cards that hold a run, as text and as JSON.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "vrambudget/advise/cards.hpp"

namespace vrambudget {

/// How many hold it, what the next smaller one lacks, and those that do, one a line of at most `width` columns.
[[nodiscard]] std::string cards_text(const cards_question& q, const std::vector<known_card>& known,
                                     const found_cards& found, std::size_t width = 80);
/// All of them as one JSON object, schema 1, and a line feed.
[[nodiscard]] std::string cards_json(const cards_question& q, const std::vector<known_card>& known,
                                     const found_cards& found);

}  // namespace vrambudget
