// One RTX 3090 that runs Qwen3.6-27B (Q4_K_M, ends in Q8_0, 16.28 GiB) with vision at 262,144 tokens on a desktop,
// as its owner wrote it down in 2026: 15,382 MiB of weights on the GPU, 4,608 MiB of KV at q4_0, 150 MiB
// of recurrent state, 1,672 MiB of compute buffer, about 600 MiB of projector, 23.2 GiB in use.
#include <doctest/doctest.h>

#include <cmath>

#include "vrambudget/catalogue/gpus.hpp"
#include "vrambudget/catalogue/models.hpp"
#include "vrambudget/catalogue/shape.hpp"
#include "vrambudget/engine/find_profile.hpp"
#include "vrambudget/plan/planner.hpp"

using namespace vrambudget;

static gguf::header header_of(const catalogued_model& c) {
  static std::vector<std::vector<std::byte>> kept;
  kept.push_back(header_from_shape(c.shape).value());
  return gguf::parse(kept.back(), {.check_data = false}).value();
}

static double in_mib(bytes b) { return static_cast<double>(b.count) / (1 << 20); }

TEST_CASE("the run this began with, by the rules of its days") {
  const gguf::header h = header_of(find_model("Qwen3.6-27B-Q4_K_L").value());
  const model m = read_model({&h, 1}).value();
  const projector p =
      read_projector(header_of(find_projector("mmproj-Qwen3.6-27B-Q8_0").value())).value();
  // its micro-batch is not written down; 1,024 is the only usual one that gives its compute buffer
  run r{.n_ctx = 262144,
        .n_ubatch = 1024,
        .n_parallel = 1,
        .type_k = ggml_type::q4_0,
        .type_v = ggml_type::q4_0};
  r.profile = find_profile("2026-04").value().profile;
  const device gpu = to_device(find_gpu("3090").value(),
                               {operating_system::native_linux, std::nullopt, desktop::typical});
  const budget b = plan(m, r, {gpu}, {}, nullptr, &p).value();
  const device_budget& d = b.devices[0];
  CHECK(std::round(in_mib(d.of(term_kind::weights))) == 15382);
  CHECK(in_mib(d.of(term_kind::kv_cache)) == 4608);
  CHECK(std::round(in_mib(d.of(term_kind::recurrent_state))) == 150);
  CHECK(std::round(in_mib(d.of(term_kind::compute_buffer))) == 1672);
  CHECK(std::round(in_mib(d.of(term_kind::projector_weights))) == 600);

  // From what is held once all is loaded, with the least context and desktop, to everything in use.
  const bytes in_use{static_cast<std::uint64_t>(23.2 * (1 << 30))};
  const bytes later = d.of(term_kind::pool) + d.of(term_kind::projector_growth);
  CHECK(saturating_sub(d.used(estimate::low), later) + d.gpu.others->low < in_use);
  CHECK(d.used() + d.gpu.others->high > in_use);
}
