// A model and its contexts, made as llama-server makes them.
#pragma once

#include "common.h"
#include "llama.h"
#include "speculative.h"

namespace recorder {

/// The parameters of a llama-server that is started with these arguments (without the program's name), as
/// its own parser reads them, and what it then derives from them. `--fit` is off.
common_params server_params(int argc, char** argv);

struct server {
  llama_model* model = nullptr;
  llama_context* context = nullptr;
  /// A draft model or the model's own NextN layers; null: neither is asked for.
  common_speculative_init_result_ptr draft;
};

struct changed_parameters {
  int n_rs_seq = -1;  ///< of the context; -1: as derived
  bool all_outputs =
      false;  ///< logits for all tokens of a batch, as engines of early 2026 keep them
};

/// Refuses where the engine does.
server start_server(common_params& params, const changed_parameters& changed);

}  // namespace recorder
