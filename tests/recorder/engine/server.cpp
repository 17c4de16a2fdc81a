#include "server.hpp"

#include <algorithm>

#include "arg.h"
#include "graph.hpp"
#include "refusal.hpp"

namespace recorder {
namespace {

bool drafts_itself(const common_params& p) {
  const auto& types = p.speculative.types;
  return std::find(types.begin(), types.end(), COMMON_SPECULATIVE_TYPE_DRAFT_MTP) != types.end();
}

/// tools/server/server-context.cpp: server_output_limits.
void limit_outputs(common_params& p) {
  const bool pooled =
      p.pooling_type != LLAMA_POOLING_TYPE_UNSPECIFIED && p.pooling_type != LLAMA_POOLING_TYPE_NONE;
  common_speculative_output_limits limits{p.n_batch, 1};
  if (!p.embedding && !pooled)
    limits = common_speculative_get_output_limits(p.n_batch, p.n_parallel,
                                                  common_speculative_n_max(&p.speculative));
  p.n_outputs_max = std::max(1, limits.total);
  p.n_outputs_max_per_seq = std::max(1, limits.per_seq);
}

}  // namespace

common_params server_params(int argc, char** argv) {
  common_params p;
  if (!common_params_parse(argc, argv, p, LLAMA_EXAMPLE_SERVER)) refuse("arguments");
  p.fit_params = false;
  // tools/server/server.cpp: llama_server
  if (p.embedding) p.n_batch = std::min(p.n_batch, p.n_ubatch);
  if (p.n_parallel < 0) {
    p.n_parallel = 4;
    p.kv_unified = true;
  }
  limit_outputs(p);
  return p;
}

server start_server(common_params& params, const changed_parameters& changed) {
  server s;
  s.model =
      llama_model_load_from_file(params.model.path.c_str(), common_model_params_to_llama(params));
  if (!s.model) refuse("model load failed");

  llama_context_params cp = common_context_params_to_llama(params);
  if (changed.n_rs_seq >= 0) cp.n_rs_seq = static_cast<std::uint32_t>(changed.n_rs_seq);
  if (changed.all_outputs) cp.n_outputs_max = cp.n_outputs_max_per_seq = 0;
  graphs_of("");
  s.context = llama_init_from_model(s.model, cp);
  if (!s.context) refuse("context creation failed");

  if (params.speculative.has_dft() || drafts_itself(params)) {
    common_params draft = common_base_params_to_speculative(params);
    graphs_of("draft ");
    s.draft = common_speculative_init_from_params(draft, s.model, s.context);
    if (!s.draft->context()) refuse("draft context creation failed");
  }
  graphs_of(nullptr);
  return s;
}

}  // namespace recorder
