// Any text is searched for runs: what is found begins in the text, and its options are read without harm.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "vrambudget/request/pasted_run.hpp"
#include "vrambudget/request/run_line.hpp"
#include "vrambudget/request/server_word.hpp"

using namespace vrambudget;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto runs = request::find_runs(text);
  if (!runs) return 0;
  const auto n_line = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 1;
  for (const request::pasted_run& r : *runs) {
    if (r.line == 0 || r.line > n_line || r.program.empty()) std::abort();
    (void)request::parse_known_run(request::without_server_words(r.args).args);
  }
  return 0;
}
