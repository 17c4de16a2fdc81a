#include "vrambudget/catalogue/compared_file.hpp"

#include <algorithm>

#include "vrambudget/catalogue/catalogued_file.hpp"
#include "vrambudget/catalogue/speeds.hpp"
#include "vrambudget/plan/least_spare.hpp"
#include "vrambudget/plan/max_context.hpp"

namespace vrambudget {
namespace {

/// What is known of the catalogued file of that name.
file_quality quality_by_name(const std::string& name, double bits_per_weight) {
  const auto f = find_catalogued_file(name);
  const catalogued_files* all = f ? family_of(*f) : nullptr;
  return all ? quality_of(all->name, f->quantization, bits_per_weight)
             : quality_of(name, "", bits_per_weight);
}

}  // namespace

result<compared_file> compare_file(planner& p, const run& r, const std::string& name) {
  const model& m = p.get_model();
  compared_file c{.name = name,
                  .size = m.tensor_bytes(),
                  .bits_per_weight = m.bits_per_weight(),
                  .weights_on_devices = {},
                  .n_ctx = {},
                  .spare = {},
                  .quality = quality_by_name(name, m.bits_per_weight())};
  for (std::size_t i = 0; i < compared_cache_types.size(); ++i) {
    run typed = r;
    typed.n_ctx = 0;
    typed.type_k = typed.type_v = compared_cache_types[i];
    const auto most = max_context(p, typed);
    if (!most) return most.error();
    c.largest[i] = *most;
  }
  run asked = r;
  if (r.n_ctx > 0) c.n_ctx = r.n_ctx;
  if (r.n_ctx == 0) {
    const auto most = max_context(p, r);
    if (!most) return most.error();
    asked.n_ctx = std::max(most->n_ctx, 256u);
  }
  const result<budget> b = p.budget_for(asked);
  if (!b) return b.error();
  c.fits = b->fits();
  if (c.fits) c.speeds = decode_speeds_of(m, asked, p.devices(), *b);
  c.spare = least_spare(*b);
  for (const device_budget& d : b->devices) c.weights_on_devices += d.of(term_kind::weights);
  return c;
}

}  // namespace vrambudget
