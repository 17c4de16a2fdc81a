// What changed in the engine between builds, a row a switch of rules.hpp: what held before and since,
// from which build on, how that is known, and what a log shows of it. The rules of each build follow.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "vrambudget/engine/rules.hpp"

namespace vrambudget {

/// One rule that changed. Builds are mainline llama.cpp's.
struct engine_change {
  std::string_view name;
  bool engine_rules::*rule;        ///< since then as engine_rules has it by default
  std::uint32_t first_build;       ///< the first that is known to have it: 9849 of b9849
  std::string_view before, now;    ///< what it does
  std::string_view when;           ///< between the last build known without and the first with it
  std::string_view log_shows_old;  ///< what a log tells of a build that only the old rule explains
  std::string_view log_shows_new;  ///< and the new one; both empty: no log can tell

  [[nodiscard]] constexpr bool is_in(const engine_rules& r) const {
    return r.*rule == engine_rules{}.*rule;
  }
  /// Makes it as before.
  constexpr void undo(engine_rules& r) const { r.*rule = !(engine_rules{}.*rule); }
};

/// Newest first.
inline constexpr std::array engine_changes{
    engine_change{
        .name = "indexer_v_cache",
        .rule = &engine_rules::indexer_v_cache,
        .first_build = 10889,
        .before = "Qwen4's indexer caches K and V",
        .now = "K alone",
        .when = "between b10760 and b10889 (PR 28330)",
        .log_shows_old = "this build keeps V for the indexer",
        .log_shows_new = "this build keeps no V for the indexer",
    },
    engine_change{
        .name = "keeps_fused_sources",
        .rule = &engine_rules::keeps_fused_sources,
        .first_build = 11146,
        .before = "experts' results and weights are free once the next operation has read them",
        .now = "they stay until the fused kernel's last addition",
        .when = "between b10488 and b11146 (PR 27301 of 2026-08-18, PR 25952)",
        .log_shows_old = "this build does not keep what fused expert kernels read",
        .log_shows_new = "this build keeps what fused expert kernels read until they are done",
    },
    engine_change{
        .name = "row_buffers",
        .rule = &engine_rules::row_buffers,
        .first_build = 9890,
        .before = "-sm row divides matrices by rows among cards",
        .now = "row splitting removed: the engine refuses -sm row",
        .when = "2026-06-05 (PR 24216), by b9890",
        .log_shows_old = {},  // a log shows the buffers or has none to show
        .log_shows_new = {},
    },
    engine_change{
        .name = "flash_attn_copies_in_pool",
        .rule = &engine_rules::flash_attn_copies_in_pool,
        .first_build = 9603,
        .before = "f16 copies of quantized K and V come from the pool, by the cells in use",
        .now = "they are part of the compute buffer, by all cells",
        .when = "by 2026-06-05, between b9246 and b9603 (PR 23907)",
        .log_shows_old = "this build takes the f16 copies of quantized K and V from the pool",
        .log_shows_new = "this build has the f16 copies of quantized K and V in the compute buffer",
    },
    engine_change{
        .name = "logits_of_all_tokens",
        .rule = &engine_rules::logits_of_all_tokens,
        .first_build = 9603,
        .before = "llama-server reserves logits of every token of a micro-batch",
        .now = "of as many as it asks for: slots times drafted tokens plus one",
        .when = "after 2026-05-28, between b9246 and b9603 (PR 23861)",
        .log_shows_old = "this build reserves logits for every token of a micro-batch",
        .log_shows_new = "this build reserves logits only for the rows asked for",
    },
    engine_change{
        .name = "f32_masks",
        .rule = &engine_rules::f32_masks,
        .first_build = 9603,
        .before = "masks of flash attention are f32 and converted on the device",
        .now = "they are f16 from the start",
        .when = "after 2026-05-28, between b9246 and b9603 (PR 23764)",
        .log_shows_old = "this build keeps flash attention's mask as f32",
        .log_shows_new = "this build keeps flash attention's mask as f16",
    },
    engine_change{
        .name = "states_for_rollback",
        .rule = &engine_rules::states_for_rollback,
        .first_build = 9849,
        .before = "one recurrent state per slot",
        .now = "one more for every token that is drafted",
        .when = "between b9246 and b9849",
        .log_shows_old = "this build keeps no recurrent states back for drafts",
        .log_shows_new = "this build keeps recurrent states back for drafts",
    },
    engine_change{
        .name = "picks_rows_early",
        .rule = &engine_rules::picks_rows_early,
        .first_build = 9849,
        .before = "rows of logits are picked in the last layer",
        .now = "where drafts read hidden states, those of all tokens are kept",
        .when = "between b9246 and b9849",
        .log_shows_old = "this build picks the rows of logits in the last layer",
        .log_shows_new = "this build keeps the hidden states of all tokens for drafts",
    },
    engine_change{
        .name = "rotates_quantized",
        .rule = &engine_rules::rotates_quantized,
        .first_build = 8807,
        .before = "quantized K and V are stored as they are",
        .now = "they are rotated, by matrices that are inputs",
        .when = "between b5274 and b8807",
        .log_shows_old = "this build does not rotate quantized K and V",
        .log_shows_new = "this build rotates quantized K and V",
    },
    engine_change{
        .name = "both_inputs",
        .rule = &engine_rules::both_inputs,
        .first_build = 8807,
        .before = "graphs hold token numbers",
        .now = "and the place for embeddings given directly",
        .when = "between b6699 and b8807",
        .log_shows_old = "this build's graphs hold only token numbers",
        .log_shows_new = "this build's graphs hold token numbers and embeddings",
    },
    engine_change{
        .name = "latent_v_cache",
        .rule = &engine_rules::latent_v_cache,
        .first_build = 8807,
        .before = "latent attention caches K and V",
        .now = "K alone, of which V is a part",
        .when = "2026-01-24 (PR 19067)",
        .log_shows_old = "this build keeps V of latent attention beside K",
        .log_shows_new = "this build keeps no V for latent attention",
    },
    engine_change{
        .name = "four_slots",
        .rule = &engine_rules::four_slots,
        .first_build = 7079,
        .before = "one slot unless -np says otherwise",
        .now = "four over one cache",
        .when = "by b7079 of 2025-11-16 (PR 16736)",
        .log_shows_old = {},  // a log says how many slots there are, not who chose them
        .log_shows_new = {},
    },
    engine_change{
        .name = "window_caches",
        .rule = &engine_rules::window_caches,
        .first_build = 5440,
        .before = "layers with a sliding window cache the whole context",
        .now = "the window and a micro-batch",
        .when = "2025-05-20 (PR 13194)",
        .log_shows_old = "this build has full caches for sliding-window layers",
        .log_shows_new = "this build has smaller caches for sliding-window layers",
    },
};

/// The rules of build b`number`: without what changed after it.
[[nodiscard]] constexpr engine_rules rules_of_build(std::uint32_t number) {
  engine_rules r;
  for (const engine_change& c : engine_changes)
    if (c.first_build > number) c.undo(r);
  return r;
}

namespace detail {
/// Whether each switch has a row: as many as there are, none twice.
constexpr bool each_switch_has_a_row() {
  for (std::size_t i = 0; i < engine_changes.size(); ++i)
    for (std::size_t k = 0; k < i; ++k)
      if (engine_changes[i].rule == engine_changes[k].rule ||
          engine_changes[i].name == engine_changes[k].name)
        return false;
  return engine_changes.size() * sizeof(bool) == sizeof(engine_rules);
}
}  // namespace detail
static_assert(detail::each_switch_has_a_row());

}  // namespace vrambudget
