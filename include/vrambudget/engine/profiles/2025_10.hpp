// Builds of mid 2025, up to October.
#pragma once

#include "vrambudget/engine/profile.hpp"

namespace vrambudget {

/// Of these only caches are known: their compute buffers follow other graphs as well.
inline constexpr engine_profile profile_2025_10{.name = "2025-10",
                                                .first = {2025, 5, 20},
                                                .last = {2025, 10, 31},
                                                .first_build = 5440,
                                                .last_build = 6900,
                                                .rules = {.logits_of_all_tokens = true,
                                                          .f32_masks = true,
                                                          .flash_attn_copies_in_pool = true,
                                                          .keeps_fused_sources = false,
                                                          .both_inputs = false,
                                                          .picks_rows_early = true,
                                                          .rotates_quantized = false,
                                                          .latent_v_cache = true,
                                                          .indexer_v_cache = true,
                                                          .states_for_rollback = false,
                                                          .four_slots = false},
                                                .claims = {.compute = false, .pool = false}};

}  // namespace vrambudget
