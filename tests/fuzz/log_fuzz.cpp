// Any bytes are read as a log, in the same way however they are chunked, and every number stays in its bounds.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "vrambudget/log/log_parser.hpp"

using namespace vrambudget;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void check_buffers(const std::vector<log_buffer>& all) {
  require(all.size() <= log_parser::max_entries);
  for (const log_buffer& b : all) {
    require(!b.device.empty() && b.size.line > 0);
    require(std::isfinite(b.size.mib) && b.size.mib >= 0);
    const auto same = static_cast<std::uint64_t>(b.size.mib * 0x1p20);
    if (b.size.decimals <= 2) require(b.size.prints(bytes{same}));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const parsed_log whole = parse_log(input);
  log_parser pieces;
  for (std::size_t at = 0; at < input.size(); at += 3) pieces.feed(input.substr(at, 3));
  const parsed_log again = pieces.finish();
  require(whole.n_known == again.n_known && whole.n_lines == again.n_lines &&
          whole.contexts.size() == again.contexts.size() &&
          whole.models.size() == again.models.size());
  for (const log_model& m : whole.models) check_buffers(m.buffers);
  for (const log_context& c : whole.contexts) {
    require(whole.models.empty() || c.model < whole.models.size());
    check_buffers(c.buffers);
  }
  return 0;
}
