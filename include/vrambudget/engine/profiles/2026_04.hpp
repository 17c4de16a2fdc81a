// Builds of April and May 2026.
#pragma once

#include "vrambudget/engine/profile.hpp"

namespace vrambudget {

/// Caches and states are those of 86 logs to the byte. Of their compute buffers all 78 of the host and
/// 201 of 222 of cards agree, but they are of two models and two owners: too few to claim it.
inline constexpr engine_profile profile_2026_04{.name = "2026-04",
                                                .first = {2026, 4, 16},
                                                .last = {2026, 5, 28},
                                                .first_build = 8807,
                                                .last_build = 9330,
                                                .rules = {.logits_of_all_tokens = true,
                                                          .f32_masks = true,
                                                          .flash_attn_copies_in_pool = true,
                                                          .keeps_fused_sources = false,
                                                          .picks_rows_early = true,
                                                          .indexer_v_cache = true,
                                                          .states_for_rollback = false},
                                                .claims = {.compute = false, .pool = false}};

}  // namespace vrambudget
