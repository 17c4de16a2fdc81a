// Files side by side as text and as JSON.
#pragma once

#include <span>
#include <string>

#include "vrambudget/catalogue/compared_file.hpp"

namespace vrambudget {

/// A table, a file a column; up to three of usual names are 80 columns wide.
[[nodiscard]] std::string comparison_text(std::span<const compared_file> all);
/// One JSON object and a line feed.
[[nodiscard]] std::string comparison_json(std::span<const compared_file> all);

}  // namespace vrambudget
