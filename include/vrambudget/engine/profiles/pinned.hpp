// The pinned release.
#pragma once

#include "vrambudget/engine/llama_cpp.hpp"
#include "vrambudget/engine/profile.hpp"

namespace vrambudget {

/// All recorded runs of tests/truth are of this release; logs of b11200 and b11258 agree.
inline constexpr engine_profile pinned_profile{.name = engine_release,
                                               .first = {2026, 9, 28},
                                               .last = {2026, 10, 31},
                                               .first_build = 11146,
                                               .last_build = 11258,
                                               .rules = {},
                                               .claims = {}};

}  // namespace vrambudget
