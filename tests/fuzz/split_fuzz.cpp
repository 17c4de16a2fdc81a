// Several headers, each behind its length in four bytes: read as the parts of one model.
#include <algorithm>
#include <cstring>

#include "planning.hpp"
#include "vrambudget/gguf/split.hpp"
#include "vrambudget/model/model.hpp"
#include "vrambudget/plan/planner.hpp"
#include "vrambudget/report/split_parts.hpp"

using namespace vrambudget;
using fuzz::holds;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<gguf::header> parts;
  while (size >= 4 && parts.size() < 8) {
    std::uint32_t n = 0;
    std::memcpy(&n, data, sizeof n);
    n = static_cast<std::uint32_t>(std::min<std::size_t>(n, size - 4));
    const auto part =
        gguf::parse({reinterpret_cast<const std::byte*>(data) + 4, n}, {.check_data = false});
    if (!holds(part)) return 0;
    if (const auto s = gguf::split_of(*part); holds(s))
      (void)holds(gguf::split_paths("m" + gguf::split_suffix(*s), *s));
    parts.push_back(*part);
    data += 4 + n;
    size -= 4 + n;
  }
  if (parts.empty()) return 0;
  const auto m = read_model(parts);
  if (!holds(m)) return 0;
  (void)holds(plan(*m, run{.n_ctx = 4096}, fuzz::devices_of(0)));
  return 0;
}
