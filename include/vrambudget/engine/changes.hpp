// What changed in the engine between builds, for readers: each rule of rules.hpp, what held before and
// since, and between which builds it changed as far as logs tell.
#pragma once

#include <array>
#include <string_view>

#include "vrambudget/engine/rules.hpp"

namespace vrambudget {

/// One rule that changed. Builds are mainline llama.cpp's.
struct engine_change {
  std::string_view name;
  std::string_view before, now;
  std::string_view when;
  void (*undo)(engine_rules&);  ///< makes it as before
};

/// Newest first. Between two builds: the last that is known to have the old rule, the first with the new.
inline constexpr std::array engine_changes{
    engine_change{"indexer_v_cache", "Qwen4's indexer caches K and V", "K alone",
                  "between b10760 and b10889 (PR 28330)",
                  [](engine_rules& r) { r.indexer_v_cache = true; }},
    engine_change{"keeps_fused_sources",
                  "experts' results and weights are free once the next operation has read them",
                  "they stay until the fused kernel's last addition",
                  "between b10488 and b11146 (PR 27301 of 2026-08-18, PR 25952)",
                  [](engine_rules& r) { r.keeps_fused_sources = false; }},
    engine_change{"flash_attn_copies_in_pool",
                  "f16 copies of quantized K and V come from the pool, by the cells in use",
                  "they are part of the compute buffer, by all cells",
                  "by 2026-06-05, between b9246 and b9603 (PR 23907)",
                  [](engine_rules& r) { r.flash_attn_copies_in_pool = true; }},
    engine_change{"logits_of_all_tokens",
                  "llama-server reserves logits of every token of a micro-batch",
                  "of as many as it asks for: slots times drafted tokens plus one",
                  "after 2026-05-28, between b9246 and b9603 (PR 23861)",
                  [](engine_rules& r) { r.logits_of_all_tokens = true; }},
    engine_change{"f32_masks", "masks of flash attention are f32 and converted on the device",
                  "they are f16 from the start",
                  "after 2026-05-28, between b9246 and b9603 (PR 23764)",
                  [](engine_rules& r) { r.f32_masks = true; }},
    engine_change{"states_for_rollback", "one recurrent state per slot",
                  "one more for every token that is drafted", "between b9246 and b9849",
                  [](engine_rules& r) { r.states_for_rollback = false; }},
    engine_change{"picks_rows_early", "rows of logits are picked in the last layer",
                  "where drafts read hidden states, those of all tokens are kept",
                  "between b9246 and b9849", [](engine_rules& r) { r.picks_rows_early = true; }},
    engine_change{"rotates_quantized", "quantized K and V are stored as they are",
                  "they are rotated, by matrices that are inputs", "between b5274 and b8807",
                  [](engine_rules& r) { r.rotates_quantized = false; }},
    engine_change{"both_inputs", "graphs hold token numbers",
                  "and the place for embeddings given directly", "between b6699 and b8807",
                  [](engine_rules& r) { r.both_inputs = false; }},
    engine_change{"latent_v_cache", "latent attention caches K and V",
                  "K alone, of which V is a part", "2026-01-24 (PR 19067)",
                  [](engine_rules& r) { r.latent_v_cache = true; }},
    engine_change{"four_slots", "one slot unless -np says otherwise", "four over one cache",
                  "by b7079 of 2025-11-16 (PR 16736)",
                  [](engine_rules& r) { r.four_slots = false; }},
    engine_change{"window_caches", "layers with a sliding window cache the whole context",
                  "the window and a micro-batch", "2025-05-20 (PR 13194)",
                  [](engine_rules& r) { r.window_caches = false; }},
};

}  // namespace vrambudget
