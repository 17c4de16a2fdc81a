// A catalogued shape as text: a header is made of it, and planned.
#include "planning.hpp"
#include "vrambudget/catalogue/shape.hpp"
#include "vrambudget/gguf/header.hpp"
#include "vrambudget/model/model.hpp"
#include "vrambudget/plan/planner.hpp"

using namespace vrambudget;
using fuzz::holds;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = header_from_shape({reinterpret_cast<const char*>(data), size});
  if (!holds(bytes)) return 0;
  const auto header = gguf::parse(*bytes, {.check_data = false});
  if (!holds(header)) return 0;
  const auto m = read_model({&*header, 1});
  if (holds(m)) (void)holds(plan(*m, run{.n_ctx = 4096}, fuzz::devices_of(0)));
  return 0;
}
