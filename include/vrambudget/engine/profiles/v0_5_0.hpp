// llama.cpp v0.5.0.
#pragma once

#include "vrambudget/engine/profile.hpp"

namespace vrambudget::engine {

/// All recorded runs of tests/truth are of this release; logs of b11200 and b11258 agree.
inline constexpr profile v0_5_0{.name = "v0.5.0",
                                .first = {2026, 9, 28},
                                .last = {2026, 10, 31},
                                .first_build = 11146,
                                .last_build = 11258,
                                .rules = {},
                                .claims = {}};

}  // namespace vrambudget::engine
