// A header and eight bytes that choose a run: read as a model, planned, and searched for its largest context.
#include "header_mutator.hpp"
#include "planning.hpp"
#include "vrambudget/catalogue/asked_tensors.hpp"
#include "vrambudget/model/model.hpp"
#include "vrambudget/plan/max_context.hpp"
#include "vrambudget/plan/planner.hpp"

using namespace vrambudget;
using fuzz::holds;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < fuzz::n_run_bytes) return 0;
  const std::span chosen(data + size - fuzz::n_run_bytes, fuzz::n_run_bytes);
  const std::span bytes(reinterpret_cast<const std::byte*>(data), size - fuzz::n_run_bytes);
  const auto header = gguf::parse(bytes, {.check_data = false});
  if (!holds(header)) return 0;
  const auto m = read_model({&*header, 1});
  if (!holds(m)) return 0;
  (void)holds(check_asked_tensors(*m));
  const run r = fuzz::run_of(chosen.first<fuzz::n_run_bytes>());
  planner p(*m, fuzz::devices_of(chosen[7]));
  if (const auto b = p.budget_for(r); holds(b))
    for (const device_budget& d : b->devices) fuzz::require(!d.used().overflowed());
  constexpr std::uint32_t quick = 16;  // layers
  if ((chosen[7] & 24) == 24 && m->hp.n_layer_all < quick) (void)holds(max_context(p, r));
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t most, unsigned seed) {
  return fuzz::mutate_header(data, size, most, seed, fuzz::n_run_bytes);
}
