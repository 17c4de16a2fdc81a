// A log is read, its runs are rebuilt, planned and compared.
#include "planning.hpp"
#include "vrambudget/log/log_check.hpp"
#include "vrambudget/log/log_parser.hpp"

using namespace vrambudget;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static const auto given = request::open_model("Qwen3-0.6B-Q8_0").value();
  for (const model* m : {static_cast<const model*>(nullptr), given.get()}) {
    const log_check check = check_log(parse_log(text), {}, m);
    for (const checked_context& c : check.contexts)
      for (const log_comparison& l : c.lines)
        fuzz::require(l.verdict != verdict::differs || l.logged || l.logged_count);
  }
  return 0;
}
