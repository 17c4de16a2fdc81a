// Recipes as text and as JSON.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "vrambudget/request/recipes.hpp"

namespace vrambudget {

/// What recipes are told of.
struct told_recipes {
  const request::recipe_source& from;
  const request::recipe_request& asked;
  const std::vector<request::recipe_answer>& all;
  std::vector<std::string> cards = {};  ///< that they are planned on
  bool is_found = false;                ///< the one recipe was looked for, and not typed
};

[[nodiscard]] inline told_recipes told(const request::made_recipes& made) {
  told_recipes t{made.from, made.asked, made.all, {}, made.asked.find};
  for (const device& d : made.devices) t.cards.push_back(d.full_name());
  return t;
}

/// One recipe with its types by tensor, or several in a table, in lines of 80 columns or `width`.
[[nodiscard]] std::string recipes_text(const told_recipes& t, std::size_t width = 80);
/// One JSON object and a line feed; several recipes are in "recipes".
[[nodiscard]] std::string recipes_json(const told_recipes& t);

}  // namespace vrambudget
