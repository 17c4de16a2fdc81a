// How good a file is, as text and as JSON.
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>

#include "vrambudget/catalogue/quality.hpp"

namespace vrambudget {

/// "94.08 %"; "-": nobody measured it.
[[nodiscard]] std::string same_top_text(const file_quality& q);

/// What is measured with its source, or the estimate with its basis. Absent: neither is known.
[[nodiscard]] std::optional<boost::json::object> kld_json(const file_quality& q);

}  // namespace vrambudget
