// Builds of the days around 31 May 2026.
#pragma once

#include "vrambudget/engine/profile.hpp"

namespace vrambudget::engine {

/// Between the change of masks and that of flash attention's copies.
inline constexpr profile of_2026_05_31{.name = "2026-05-31",
                                       .first = {2026, 5, 29},
                                       .last = {2026, 6, 4},
                                       .first_build = 9331,
                                       .last_build = 9499,
                                       .rules = {.flash_attn_copies_in_pool = true,
                                                 .keeps_fused_sources = false,
                                                 .states_for_rollback = false},
                                       .claims = {.compute = false, .pool = false}};

}  // namespace vrambudget::engine
