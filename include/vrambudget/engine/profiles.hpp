// All profiles: builds whose logs or recorded runs were compared, and what is claimed of each. Their
// rules follow from changes.hpp; which of them is meant by a build or a day, find_profile.hpp says.
#pragma once

#include <algorithm>
#include <array>
#include <string>

#include "vrambudget/engine/changes.hpp"
#include "vrambudget/engine/llama_cpp.hpp"
#include "vrambudget/engine/profile.hpp"

namespace vrambudget {
namespace detail {
constexpr engine_profile with_rules(engine_profile p) {
  p.rules = rules_of_build(p.last_build);
  return p;
}
inline constexpr engine_claims claims_of_summer = {
    .pool = false,
    .slices = false,
    .graphs = false,
    .but_not = " qwen35 qwen35moe qwen3next qwen4exp kimi-linear glm-dsa "};
}  // namespace detail

/// Newest first.
inline constexpr std::array engine_profiles{
    // GGML 0.26.0, which calls itself 0.6.0-dev; runs recorded from its source
    detail::with_rules({.name = "2026-11",
                        .first = {2026, 11, 3},
                        .last = {2026, 11, 3},
                        .first_build = build_of_november,
                        .last_build = build_of_november}),
    // GGML 0.25.3, recorded from its source; the log of b11258 agrees. GLM-5-next's graph was another one.
    detail::with_rules({.name = "2026-10",
                        .first = {2026, 10, 1},
                        .last = {2026, 10, 1},
                        .first_build = build_of_october,
                        .last_build = 11258,
                        .claims = {.but_not = " glm5-next "}}),
    // the recorded runs of tests/truth are of this release; a log of b11200 agrees
    detail::with_rules({.name = engine_release,
                        .first = {2026, 9, 25},
                        .last = {2026, 9, 28},
                        .first_build = 11146,
                        .last_build = 11200}),
    // Graphs of delta nets had two nodes less in each layer, and those of GLM's indexer more than now:
    // a log of each shows other compute buffers.
    detail::with_rules({.name = "2026-08",
                        .first = {2026, 7, 7},
                        .last = {2026, 9, 1},
                        .first_build = build_without_row_buffers,
                        .last_build = 10488,
                        .claims = detail::claims_of_summer}),
    // The same, but that -sm row was still there. Its last day is reckoned: b9330 is of 2026-05-28, b9800 of
    // 2026-07-01, 14 builds a day.
    detail::with_rules({.name = "2026-06",
                        .first = {2026, 6, 5},
                        .last = {2026, 7, 6},
                        .first_build = 9603,
                        .last_build = build_without_row_buffers - 1,
                        .claims = detail::claims_of_summer}),
    // Caches and states are those of 86 logs to the byte. Of their compute buffers all 78 of the host and
    // 201 of 222 of cards agree, but they are of two models and two owners: too few to claim it.
    detail::with_rules(
        {.name = "2026-04",
         .first = {2026, 4, 16},
         .last = {2026, 5, 28},
         .first_build = 8807,
         .last_build = 9330,
         .claims = {.compute = false, .pool = false, .slices = false, .graphs = false}}),
    // of these only caches are known: their compute buffers follow other graphs as well
    detail::with_rules(
        {.name = "2025-10",
         .first = {2025, 5, 20},
         .last = {2025, 10, 31},
         .first_build = 5440,
         .last_build = 6900,
         .claims = {.compute = false, .pool = false, .slices = false, .graphs = false}}),
    // before layers with a sliding window had caches of their own
    detail::with_rules(
        {.name = "2025-04",
         .first = {2025, 1, 1},
         .last = {2025, 5, 19},
         .first_build = 4400,
         .last_build = 5439,
         .claims = {.compute = false, .pool = false, .slices = false, .graphs = false}}),
};

/// What is planned for if nothing else is asked: the newest release that is known to the byte.
inline constexpr const engine_profile& default_profile =
    *std::find_if(engine_profiles.begin(), engine_profiles.end(),
                  [](const engine_profile& p) { return p.name == engine_release; });
static_assert(default_profile.rules == engine_rules{});

/// The names of all profiles, for messages.
[[nodiscard]] inline std::string profile_names() {
  std::string names;
  for (const engine_profile& p : engine_profiles)
    names += (names.empty() ? "" : ", ") + std::string(p.name);
  return names;
}

}  // namespace vrambudget
