#include "io/json_text.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "vrambudget/gguf/printable.hpp"

namespace vrambudget {

std::string json_text(const boost::json::value& v) {
  const std::string text = boost::json::serialize(v);
  std::string out;
  out.reserve(text.size());
  // but for texts all of it is ASCII
  gguf::in_shown_parts(
      text,
      [&](std::string_view run) {
        out += run;
        return true;
      },
      [&](std::uint32_t code) {
        out += code == 0xFFFD ? std::string(gguf::replacement_character)
                              : fmt::format("\\u{:04x}", code);
        return true;
      });
  return out;
}

}  // namespace vrambudget
