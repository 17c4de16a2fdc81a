// Builds of June to August 2026.
#pragma once

#include "vrambudget/engine/profile.hpp"

namespace vrambudget {

/// Before fused kernels of experts kept what they read. Graphs of delta nets had two nodes less in each
/// layer, and those of GLM's indexer more than now: a log of each shows other compute buffers.
inline constexpr engine_profile profile_2026_08{
    .name = "2026-08",
    .first = {2026, 6, 5},
    .last = {2026, 9, 1},
    .first_build = 9603,
    .last_build = 10488,
    .rules = {.keeps_fused_sources = false, .indexer_v_cache = true},
    .claims = {.pool = false,
               .but_not = " qwen35 qwen35moe qwen3next qwen4exp kimi-linear glm-dsa "}};

}  // namespace vrambudget
