// What speculative decoding changes in a run, before any draft model is looked at.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>

#include "vrambudget/engine/run.hpp"

namespace vrambudget {

/// llama-server's name of a type.
[[nodiscard]] constexpr std::string_view name(spec_type t) {
  constexpr std::array<std::string_view, 11> names = {
      "none",         "draft-simple", "draft-eagle3",  "draft-mtp", "draft-dflash", "draft-dspark",
      "ngram-simple", "ngram-map-k",  "ngram-map-k4v", "ngram-mod", "ngram-cache"};
  static_assert(names.size() == static_cast<std::size_t>(spec_type::ngram_cache) + 1);
  return names[static_cast<std::size_t>(t)];
}
[[nodiscard]] inline std::optional<spec_type> spec_type_named(std::string_view text) {
  for (std::size_t i = 0; i <= static_cast<std::size_t>(spec_type::ngram_cache); ++i)
    if (name(static_cast<spec_type>(i)) == text) return static_cast<spec_type>(i);
  return std::nullopt;
}

/// Whether a run drafts in one of these ways.
[[nodiscard]] inline bool has_type(const run& r, std::initializer_list<spec_type> any) {
  return std::find_first_of(r.spec_types.begin(), r.spec_types.end(), any.begin(), any.end()) !=
         r.spec_types.end();
}

/// Whether a run loads NextN layers, which are skipped otherwise.
[[nodiscard]] inline bool loads_nextn(const run& r) { return has_type(r, {spec_type::draft_mtp}); }

/// Most tokens one sequence gets to check at once, besides the one it is at.
///
/// Formula:  max over the types: `--spec-draft-n-max` for drafts, the engine's lengths for n-grams
/// Source:   llama.cpp, common/speculative.cpp: common_speculative_n_max
[[nodiscard]] inline std::uint32_t drafted_tokens(const run& r) {
  std::uint32_t most = 0;
  for (const spec_type t : r.spec_types) switch (t) {
      case spec_type::none:
        break;
      case spec_type::draft_simple:
      case spec_type::draft_eagle3:
      case spec_type::draft_mtp:
      case spec_type::draft_dflash:
      case spec_type::draft_dspark:
        most = std::max(most, r.spec_draft_n_max);
        break;
      case spec_type::ngram_simple:
      case spec_type::ngram_map_k:
      case spec_type::ngram_map_k4v:
        most = std::max(most, 48u);
        break;
      case spec_type::ngram_mod:
        most = std::max(most, 64u);
        break;
      case spec_type::ngram_cache:
        most = std::max(most, 8u);
        break;
    }
  return most;
}

/// Recurrent states kept back per sequence, to undo drafts that were wrong.
/// Source: llama.cpp, common/common.h: need_n_rs_seq
[[nodiscard]] inline std::uint32_t states_kept_back(const run& r) {
  return has_type(r, {spec_type::draft_mtp, spec_type::draft_eagle3, spec_type::draft_dflash,
                      spec_type::draft_dspark})
             ? r.spec_draft_n_max
             : 0;
}

/// The run by which a draft model of its own is placed: the target's, with the draft's own options.
/// Source: llama.cpp, common/speculative.cpp: common_base_params_to_speculative
[[nodiscard]] inline run placement_of_draft(const run& r) {
  run d = r;
  d.n_gpu_layers = r.draft_n_gpu_layers;
  d.overrides = r.draft_overrides;
  d.cpu_moe = r.draft_cpu_moe;
  d.n_cpu_moe = r.draft_n_cpu_moe;
  d.n_cpu_ffn = 0;
  return d;
}

}  // namespace vrambudget
