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
  bool engine_rules::*rule;
  bool since;                      ///< what the switch is from then on
  std::uint32_t first_build;       ///< the first that is known to have it: 9849 of b9849
  std::string_view before, now;    ///< what it does
  std::string_view when;           ///< between the last build known without and the first with it
  std::string_view log_shows_old;  ///< what a log tells of a build that only the old rule explains
  std::string_view log_shows_new;  ///< and the new one; both empty: no log can tell

  [[nodiscard]] constexpr bool is_in(const engine_rules& r) const { return r.*rule == since; }
  /// Makes it as before, or as since then.
  constexpr void undo(engine_rules& r) const { r.*rule = !since; }
  constexpr void apply(engine_rules& r) const { r.*rule = since; }
};

/// Builds whose source packages without a number have: reckoned from the days of these packages, 17 builds
/// a day after the release.
inline constexpr std::uint32_t build_of_october = 11250, build_of_november = 11800;
/// The first that is known to refuse `-sm row`.
inline constexpr std::uint32_t build_without_row_buffers = 9890;

namespace detail {
inline constexpr std::string_view since_october =
    "in 2026-10 (llama-cpp-sys-2 0.1.161 of 2026-11-03 has it)";
inline constexpr std::string_view by_october = "by 2026-10-01 (llama-cpp-python 0.3.36 has it)";
}  // namespace detail

/// Newest first.
inline constexpr std::array engine_changes{
    engine_change{
        .name = "mixed_inputs",
        .rule = &engine_rules::mixed_inputs,
        .since = true,
        .first_build = build_of_november,
        .before = "graphs hold token numbers and embeddings given directly",
        .now = "and, third, tokens among such embeddings: up to nine times the embeddings of a "
               "micro-batch on the first card",
        .when = detail::since_october,
        .log_shows_old = "this build's graphs hold no third input",
        .log_shows_new = "this build's graphs hold a third input, tokens among embeddings",
    },
    engine_change{
        .name = "groups_shared_expert",
        .rule = &engine_rules::groups_shared_expert,
        .since = true,
        .first_build = build_of_november,
        .before = "an expert that all tokens share is computed after the routed ones",
        .now =
            "CUDA moves it next to their first products, and its result stays until they are added",
        .when = detail::since_october,
        .log_shows_old = "this build computes shared experts last",
        .log_shows_new = "this build computes shared experts beside the routed ones",
    },
    engine_change{
        .name = "scales_token_rows",
        .rule = &engine_rules::scales_token_rows,
        .since = true,
        .first_build = build_of_november,
        .before = "Gemma's embeddings are multiplied by a constant",
        .now = "by an input, a number for each token; Granite's as well, if it sees images",
        .when = detail::since_october,
        .log_shows_old = "this build scales Gemma's embeddings by a constant",
        .log_shows_new = "this build scales Gemma's embeddings token by token",
    },
    engine_change{
        .name = "gathers_states_once",
        .rule = &engine_rules::gathers_states_once,
        .since = true,
        .first_build = build_of_november,
        .before = "recurrent states of the batch and those behind it are read one after the other",
        .now =
            "in one go; scans that read states by themselves leave a gathered copy of the others",
        .when = detail::since_october,
        .log_shows_old = "this build gathers recurrent states twice",
        .log_shows_new = "this build gathers recurrent states once",
    },
    engine_change{
        .name = "pools_index_blocks",
        .rule = &engine_rules::pools_index_blocks,
        .since = true,
        .first_build = build_of_november,
        .before = "Qwen4's indexer pools the keys of a block whenever it chooses",
        .now = "it keeps a pooled key beside each key: twice the cache, smaller graphs",
        .when = detail::since_october,
        .log_shows_old = "this build pools the keys of Qwen4's indexer in each graph",
        .log_shows_new = "this build caches pooled keys of Qwen4's indexer",
    },
    engine_change{
        .name = "states_tell_rotation",
        .rule = &engine_rules::states_tell_rotation,
        .since = true,
        .first_build = build_of_november,
        .before = "a saved sequence begins with the number of its cells",
        .now = "and with the widths by which its K and V were rotated, 8 bytes a cache",
        .when = detail::since_october,
        .log_shows_old = {},
        .log_shows_new = {},
    },
    engine_change{
        .name = "indexes_four_heads",
        .rule = &engine_rules::indexes_four_heads,
        .since = true,
        .first_build = build_of_november,
        .before = "CUDA's fused indexer takes 32 or 64 heads",
        .now = "or 4",
        .when = detail::since_october,
        .log_shows_old = {},
        .log_shows_new = {},
    },
    engine_change{
        .name = "divides_indexed_heads",
        .rule = &engine_rules::divides_indexed_heads,
        .since = true,
        .first_build = build_of_november,
        .before = "-sm tensor refuses models with Qwen4's indexer",
        .now = "it divides them, and each card has the whole index",
        .when = detail::since_october,
        .log_shows_old = {},  // a log shows the model or that it was refused
        .log_shows_new = {},
    },
    engine_change{
        .name = "warms_up_within_limit",
        .rule = &engine_rules::warms_up_within_limit,
        .since = true,
        .first_build = build_of_november,
        .before = "a projector is warmed up with its own number of tokens",
        .now = "with no more than --image-max-tokens allows",
        .when = detail::since_october,
        .log_shows_old = {},
        .log_shows_new = {},
    },
    engine_change{
        .name = "scales_drafted_values",
        .rule = &engine_rules::scales_drafted_values,
        .since = true,
        .first_build = build_of_november,
        .before = "DFlash passes over a file's attention.value_scale",
        .now = "it multiplies by it after attention",
        .when = detail::since_october,
        .log_shows_old = {},
        .log_shows_new = {},
    },
    engine_change{
        .name = "keeps_eight_bits",
        .rule = &engine_rules::keeps_eight_bits,
        .since = true,
        .first_build = build_of_november,
        .before = "Blackwell multiplies MXFP4 and NVFP4 by four bits",
        .now = "by eight where the file's general.tensor_extra says so",
        .when = detail::since_october,
        .log_shows_old = {},
        .log_shows_new = {},
    },
    engine_change{
        .name = "pads_by_tokens",
        .rule = &engine_rules::pads_by_tokens,
        .since = true,
        .first_build = build_of_november,
        .before = "what experts multiply is padded as for one token",
        .now = "as for all tokens of the batch: at most 18 KiB more of the pool",
        .when = detail::since_october,
        .log_shows_old = {},
        .log_shows_new = {},
    },
    engine_change{
        .name = "multiplies_thin_floats",
        .rule = &engine_rules::multiplies_thin_floats,
        .since = true,
        .first_build = build_of_november,
        .before = "from Ampere on, matrices whose rows are no multiple of 32 go to cuBLAS from two "
                  "columns on",
        .now = "from nine on, if they are small",
        .when = detail::since_october,
        .log_shows_old = {},
        .log_shows_new = {},
    },
    engine_change{
        .name = "sums_nvfp4_in_bf16",
        .rule = &engine_rules::sums_nvfp4_in_bf16,
        .since = true,
        .first_build = build_of_november,
        .before = "cuBLAS multiplies NVFP4 in f16",
        .now = "in bf16, and before Ampere in f32",
        .when = detail::since_october,
        .log_shows_old = {},
        .log_shows_new = {},
    },
    engine_change{
        .name = "copies_unread_inputs",
        .rule = &engine_rules::copies_unread_inputs,
        .since = true,
        .first_build = build_of_october,
        .before = "pipeline parallelism has four copies of the inputs that a graph reads",
        .now = "of all inputs that it holds",
        .when = detail::by_october,
        .log_shows_old = "this build copies only the inputs that are read",
        .log_shows_new = "this build copies inputs that nothing reads",
    },
    engine_change{
        .name = "starts_hrm_in_layer",
        .rule = &engine_rules::starts_hrm_in_layer,
        .since = true,
        .first_build = build_of_october,
        .before = "HRM's first state lies with the inputs, on the host",
        .now = "with layer 0",
        .when = detail::by_october,
        .log_shows_old = "this build keeps HRM's first state on the host",
        .log_shows_new = "this build keeps HRM's first state with layer 0",
    },
    engine_change{
        .name = "fits_by_streams",
        .rule = &engine_rules::fits_by_streams,
        .since = true,
        .first_build = build_of_october,
        .before = "without -c the server asks for the training length times its slots",
        .now = "times its caches: once, where slots share one",
        .when = detail::by_october,
        .log_shows_old = {},  // a log shows the context, not who chose it
        .log_shows_new = {},
    },
    engine_change{
        .name = "scans_96",
        .rule = &engine_rules::scans_96,
        .since = true,
        .first_build = build_of_october,
        .before = "CUDA scans states of 128 and 256",
        .now = "and of 96",
        .when = detail::by_october,
        .log_shows_old = {},
        .log_shows_new = {},
    },
    engine_change{
        .name = "convolves_f16_depthwise",
        .rule = &engine_rules::convolves_f16_depthwise,
        .since = true,
        .first_build = build_of_october,
        .before = "depthwise convolutions with f16 kernels run on the CPU",
        .now = "on CUDA",
        .when = detail::by_october,
        .log_shows_old = {},
        .log_shows_new = {},
    },
    engine_change{
        .name = "cuts_whole_v_heads",
        .rule = &engine_rules::cuts_whole_v_heads,
        .since = true,
        .first_build = build_of_october,
        .before = "-sm tensor cuts V and attention's output where K's heads end",
        .now = "where V's own heads end, which may be smaller than K's (MiMo)",
        .when = detail::by_october,
        .log_shows_old = {},  // no log of an engine that ends itself
        .log_shows_new = {},
    },
    engine_change{
        .name = "indexer_v_cache",
        .rule = &engine_rules::indexer_v_cache,
        .since = false,
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
        .since = true,
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
        .since = false,
        .first_build = build_without_row_buffers,
        .before = "-sm row divides matrices by rows among cards",
        .now = "row splitting removed: the engine refuses -sm row",
        .when = "2026-06-05 (PR 24216), by b9890",
        .log_shows_old = {},  // a log shows the buffers or has none to show
        .log_shows_new = {},
    },
    engine_change{
        .name = "flash_attn_copies_in_pool",
        .rule = &engine_rules::flash_attn_copies_in_pool,
        .since = false,
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
        .since = false,
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
        .since = false,
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
        .since = true,
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
        .since = false,
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
        .since = true,
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
        .since = true,
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
        .since = false,
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
        .since = true,
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
        .since = true,
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
  for (const engine_change& c : engine_changes) c.first_build > number ? c.undo(r) : c.apply(r);
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
