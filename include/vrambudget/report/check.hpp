// A checked log as text and as JSON.
#pragma once

#include <string>

#include "vrambudget/log/log_check.hpp"
#include "vrambudget/report/text.hpp"

namespace vrambudget {

/// The run as it was rebuilt, then line by line what was logged and predicted.
[[nodiscard]] std::string check_text(const log_check& c, const text_style& s);
/// The same as one JSON object, schema 1, and a line feed.
[[nodiscard]] std::string check_json(const log_check& c);

}  // namespace vrambudget
