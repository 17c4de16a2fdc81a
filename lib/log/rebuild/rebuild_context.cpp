// The parameters of a context: sizes, sequences, caches, flash attention.
#include <algorithm>
#include <cmath>

#include "rebuilder.hpp"
#include "vrambudget/engine/context.hpp"
#include "vrambudget/engine/llama_cpp.hpp"

namespace vrambudget {

void rebuilder::choose_context() {
  run& r = out_.r;
  if (c_.n_ctx) {
    r.n_ctx = *c_.n_ctx;
  } else if (const log_cache* cache = full_cache(); cache && cache->n_cell) {
    r.n_ctx = *cache->n_cell * std::max(1u, cache->n_stream.value_or(1));
  } else if (r.n_ctx == 0) {
    out_.context_known = false;
    assume("no n_ctx: the training length");
  }
  if (c_.n_batch) r.n_batch = *c_.n_batch;
  if (c_.n_ubatch)
    r.n_ubatch = *c_.n_ubatch;
  else if (options_.base.n_ubatch == run{}.n_ubatch) {
    out_.ubatch_known = false;
    assume("no n_ubatch: 512");
  }
  if (!c_.n_batch) r.n_batch = std::max(r.n_batch, r.n_ubatch);
  if (c_.n_outputs_max) r.n_outputs_max = *c_.n_outputs_max;
}

const log_cache* rebuilder::full_cache() const {
  for (const log_cache& k : c_.caches)
    if (!k.recurrent && (k.cache.empty() || k.cache == "base")) return &k;
  return nullptr;
}

const log_cache* rebuilder::states() const {
  for (const log_cache& k : c_.caches)
    if (k.recurrent) return &k;
  return nullptr;
}

/// Rows of logits on the host are one per sequence.
std::optional<std::uint32_t> rebuilder::sequences_of_output() const {
  for (const log_buffer& b : c_.buffers) {
    if (b.term != log_term::output || m_.hp.n_vocab == 0 || out_.r.embeddings) continue;
    const double rows = b.size.mib * 0x1p20 / (4.0 * m_.hp.n_vocab);
    const auto n = static_cast<std::uint32_t>(std::lround(std::min(rows, 1e6)));
    if (n > 0 && b.size.prints(bytes{4} * m_.hp.n_vocab * n)) return n;
  }
  return std::nullopt;
}

void rebuilder::choose_sequences() {
  run& r = out_.r;
  const log_cache* kv = full_cache();
  const log_cache* rs = states();
  std::optional<std::uint32_t> n = c_.n_seq_max;
  if (!n && kv) n = kv->n_seq;
  if (!n && rs) n = rs->n_seq ? rs->n_seq : rs->n_cell;
  if (!n) n = sequences_of_output();
  if (n && *n > 0)
    r.n_parallel = *n;
  else if (r.n_parallel == 0)
    assume("no n_seq_max: " + std::to_string(sequences(r)));
  r.n_parallel = sequences(r);
  if (c_.kv_unified)
    r.kv_unified = *c_.kv_unified;
  else if (kv && kv->n_stream && r.n_parallel > 1)
    r.kv_unified = *kv->n_stream == 1;
  else if (c_.n_ctx && c_.n_ctx_seq && r.n_parallel > 1)
    r.kv_unified = *c_.n_ctx_seq >= *c_.n_ctx;
  else if (!options_.base.kv_unified)  // before streams there was one cache for all
    r.kv_unified = true;
  if (c_.n_rs_seq)
    r.n_rs_seq = *c_.n_rs_seq;
  else if (rs && rs->n_rs_seq)
    r.n_rs_seq = *rs->n_rs_seq;
}

void rebuilder::choose_caches() {
  run& r = out_.r;
  const log_cache* kv = full_cache();
  if (!kv)
    for (const log_cache& k : c_.caches)
      if (!k.recurrent) kv = &k;
  if (kv && kv->type_k) r.type_k = *kv->type_k;
  if (kv && kv->type_v)
    r.type_v = *kv->type_v;
  else if (kv && kv->type_k && m_.hp.is_mla())
    r.type_v = *kv->type_k;
  if (!(kv && kv->type_k) && log_.args.empty()) {
    out_.kv_types_known = false;
    if (has_kv_lines()) assume("no KV types: f16");
  }
  for (const log_cache& k : c_.caches)
    if (k.cache == "swa" && k.n_cell && c_.n_ctx) {
      const std::uint32_t per_stream =
          c_.n_ctx_seq.value_or(*c_.n_ctx / std::max(1u, k.n_stream.value_or(1)));
      // as many cells as the full cache, which a window alone would not need
      const std::uint64_t window =
          std::uint64_t{m_.hp.swa.n} * r.n_parallel + r.n_ubatch + n_ctx_multiple;
      r.swa_full = *k.n_cell >= per_stream && per_stream > window;
    }
}

bool rebuilder::has_kv_lines() const {
  return std::any_of(c_.buffers.begin(), c_.buffers.end(),
                     [](const log_buffer& b) { return b.term == log_term::kv_cache; });
}

void rebuilder::choose_flash_attn() {
  const std::string& s = c_.flash_attn;
  using enum flash_attn;
  if (s == "1" || s == "enabled" || s == "on" || s == "true")
    out_.r.flash_attn = on;
  else if (s == "0" || s == "disabled" || s == "off" || s == "false")
    out_.r.flash_attn = off;
  else if (c_.flash_attn_used)
    out_.r.flash_attn = *c_.flash_attn_used ? on : off;
  else if (!s.empty())
    out_.r.flash_attn = automatic;
}

}  // namespace vrambudget
