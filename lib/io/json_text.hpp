// JSON as it is given to others.
#pragma once

#include <boost/json/value.hpp>
#include <string>

namespace vrambudget {

/// UTF-8 in any case, without a character that a terminal would act on: those are escaped, and each byte of a text that
/// is no UTF-8 is U+FFFD.
[[nodiscard]] std::string json_text(const boost::json::value& v);

}  // namespace vrambudget
