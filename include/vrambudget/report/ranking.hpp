// A ranking of models as text and as JSON.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "vrambudget/catalogue/ranked_models.hpp"

namespace vrambudget {

/// Those that fit, the first `most`, one a line: of each model its best file, of those on this disk all. `n_more`: what
/// ranking::more_with_q8_0 counts; `width`: columns that there are.
[[nodiscard]] std::string ranking_text(const ranking_question& q,
                                       const std::vector<ranked_model>& all, std::size_t n_more,
                                       std::size_t width = 80,
                                       std::size_t most = std::string::npos);
/// All of them as one JSON object, schema 1, and a line feed.
[[nodiscard]] std::string ranking_json(const ranking_question& q,
                                       const std::vector<ranked_model>& all);

}  // namespace vrambudget
