// Builds of April and May 2026.
#pragma once

#include "vrambudget/engine/profile.hpp"

namespace vrambudget::engine {

inline constexpr profile of_2026_04{.name = "2026-04",
                                    .first = {2026, 4, 16},
                                    .last = {2026, 5, 28},
                                    .first_build = 8807,
                                    .last_build = 9330,
                                    .rules = {.logits_of_all_tokens = true,
                                              .f32_masks = true,
                                              .flash_attn_copies_in_pool = true,
                                              .keeps_fused_sources = false,
                                              .states_for_rollback = false},
                                    .claims = {.compute = false, .pool = false}};

}  // namespace vrambudget::engine
