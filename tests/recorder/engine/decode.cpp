#include "decode.hpp"

#include <algorithm>

#include "../stand_in/device.hpp"
#include "llama.h"

namespace recorder {
namespace {

bool decode(llama_context* context, int n, llama_pos first) {
  const int n_vocab = llama_vocab_n_tokens(llama_model_get_vocab(llama_get_model(context)));
  llama_batch b = llama_batch_init(n, 0, 1);
  b.n_tokens = n;
  for (int i = 0; i < n; ++i) {
    b.token[i] = (i * 7 + 3) % std::min(n_vocab, 50);
    b.pos[i] = first + i;
    b.n_seq_id[i] = 1;
    b.seq_id[i][0] = 0;
    b.logits[i] = i == n - 1;
  }
  const int status = llama_decode(context, b);
  llama_synchronize(context);
  llama_batch_free(b);
  return status == 0;
}

}  // namespace

std::optional<std::vector<std::size_t>> decode_growth(llama_context* context,
                                                      const std::vector<memory_part>& parts) {
  std::vector<std::size_t> before;
  for (int i = 0; i < stand_in::n_cards(); ++i) before.push_back(stand_in::card_at(i)->used);

  const int n_ctx = static_cast<int>(llama_n_ctx_seq(context));
  const int chunk = std::min(static_cast<int>(llama_n_ubatch(context)), n_ctx);
  if (!decode(context, chunk, 0)) return std::nullopt;
  for (int i = 0; i < 2 && chunk + i < n_ctx; ++i) decode(context, 1, chunk + i);
  if (n_ctx - chunk > chunk + 2) {
    mark_used(parts, n_ctx - chunk);
    decode(context, chunk, n_ctx - chunk);
  }
  mark_used(parts, n_ctx - 1);
  decode(context, 1, n_ctx - 1);

  std::vector<std::size_t> growth;
  for (int i = 0; i < stand_in::n_cards(); ++i)
    growth.push_back(stand_in::card_at(i)->peak - before[static_cast<std::size_t>(i)]);
  return growth;
}

}  // namespace recorder
