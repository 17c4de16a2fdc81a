// Text from files and drivers as text of XML.
#pragma once

#include <string>
#include <string_view>

namespace vrambudget {

/// The text with XML's own characters escaped; what is no UTF-8, or no character of XML, becomes U+FFFD.
/// Of more than `longest` characters the rest is cut off, and an ellipsis says so.
[[nodiscard]] std::string xml_text(std::string_view text, std::size_t longest = 1000);

}  // namespace vrambudget
