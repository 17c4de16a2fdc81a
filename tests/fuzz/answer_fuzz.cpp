// What a server says before a body, a line each; the rest of a line is also an address.
#include "hub/http_answer.hpp"
#include "planning.hpp"
#include "vrambudget/hub/url.hpp"

using namespace vrambudget;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  detail::answer_lines lines;
  while (!text.empty()) {
    const auto end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    if (!lines.add(line)) break;
    (void)shown_url(std::string(line));
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
  }
  if (const auto range = detail::parse_content_range(lines.range)) {
    fuzz::require(range->first <= range->last);
    fuzz::require(!range->total || range->last < *range->total);
  }
  (void)detail::next_link(lines.link);
  (void)detail::whole_number(lines.length);
  return 0;
}
