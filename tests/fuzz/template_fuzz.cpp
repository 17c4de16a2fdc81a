// A chat template as a file may have it.
#include "planning.hpp"
#include "vrambudget/template/reading.hpp"

using namespace vrambudget;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const template_reading r = read_template({reinterpret_cast<const char*>(data), size});
  fuzz::require(r.calls.has_value() || r.tool_format.empty());
  return 0;
}
