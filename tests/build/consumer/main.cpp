// What a launcher does: a model, a card, a run, an answer.
#include <cstdio>
#include <vrambudget/vrambudget.hpp>

namespace vb = vrambudget;

int main() {
  const auto header =
      vb::header_from_shape(vb::find_model("Qwen3.6-27B-UD-Q4_K_XL").value().shape).value();
  const auto parsed = vb::gguf::parse(header, {.check_data = false}).value();
  const vb::model model = vb::read_model({&parsed, 1}).value();
  const vb::run run{.n_ctx = 262144,
                    .n_parallel = 1,
                    .type_k = vb::ggml_type::q4_0,
                    .type_v = vb::ggml_type::q4_0};

  vb::planner planner(model, {vb::to_device(vb::find_gpu("3090").value())});
  const vb::budget budget = planner.budget_for(run).value();
  const vb::context_limit most = vb::max_context(planner, run).value();
  std::printf("%llu bytes of KV cache, at most %u tokens\n",
              static_cast<unsigned long long>(budget.devices[0].of(vb::term_kind::kv_cache).count),
              most.n_ctx);
  return budget.devices[0].of(vb::term_kind::kv_cache).count == 4831838208 && most.n_ctx == 262144
             ? 0
             : 1;
}
