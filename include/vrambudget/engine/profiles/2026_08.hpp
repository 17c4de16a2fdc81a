// Builds of June to August 2026.
#pragma once

#include "vrambudget/engine/profile.hpp"

namespace vrambudget::engine {

/// Before fused kernels of experts kept what they read.
inline constexpr profile of_2026_08{.name = "2026-08",
                                    .first = {2026, 6, 5},
                                    .last = {2026, 9, 1},
                                    .first_build = 9500,
                                    .last_build = 10488,
                                    .rules = {.keeps_fused_sources = false},
                                    .claims = {.pool = false}};

}  // namespace vrambudget::engine
