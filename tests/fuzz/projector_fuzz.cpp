// A header read as a projector, as one inside a model, as an adapter, a control vector, a chat template, and planned.
#include "header_mutator.hpp"
#include "planning.hpp"
#include "vrambudget/model/adapters.hpp"
#include "vrambudget/model/projector_inside.hpp"
#include "vrambudget/plan/projector_budget.hpp"

using namespace vrambudget;
using fuzz::holds;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span bytes(reinterpret_cast<const std::byte*>(data), size);
  const auto header = gguf::parse(bytes, {.check_data = false});
  if (!holds(header)) return 0;
  (void)holds(read_lora(*header));
  (void)holds(read_control_vector(*header));
  (void)holds(read_projector_inside(*header));
  const auto p = read_projector(*header);
  if (!holds(p)) return 0;
  const device& card = fuzz::devices_of(0).front();
  for (const flash_attn fa : {flash_attn::automatic, flash_attn::off}) {
    projector_run r;
    r.flash_attn = fa;
    (void)holds(plan_projector(*p, r, &card));
    (void)holds(plan_projector(*p, r, nullptr));
  }
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t most, unsigned seed) {
  return fuzz::mutate_header(data, size, most, seed, 0);
}
