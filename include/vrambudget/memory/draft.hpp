// Which models can draft for which: how a run drafts, and why the engine would not take it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "vrambudget/arch/description.hpp"
#include "vrambudget/engine/speculative.hpp"
#include "vrambudget/error.hpp"
#include "vrambudget/memory/effective_context.hpp"
#include "vrambudget/model/model.hpp"

namespace vrambudget {

/// True for drafts that store no K and V and read their target's.
[[nodiscard]] inline bool reads_target_cache(const model& m) {
  return m.traits->borrows == borrowing::caches;
}

/// True for models that borrow from a target and cannot run without one.
/// Source: llama.cpp, src/llama-context.cpp: llama_context
[[nodiscard]] inline bool needs_target(const model& m) {
  switch (m.traits->borrows) {
    case borrowing::nothing:
      break;
    case borrowing::caches:
      return true;
    case borrowing::embeddings:
      return !m.find("token_embd.weight");
    case borrowing::embeddings_and_output:
      return !m.find("token_embd.weight") || !m.find("output.weight");
  }
  return false;
}

/// Whether a model's NextN layers can draft.
[[nodiscard]] inline bool has_nextn(const model& m) {
  return m.hp.n_layer_nextn > 0 && m.hp.attn.router_layer < 0;
}

/// The run with what a draft model is for, if the command line does not say.
/// Source: llama.cpp, common/speculative.cpp: common_speculative_types_from_gguf
[[nodiscard]] inline run with_draft_type(run r, const model* draft) {
  if (!draft || !r.spec_types.empty()) return r;
  const std::string last = "blk." + std::to_string(draft->hp.n_layer_all - 1) + ".";
  spec_type type = spec_type::draft_simple;
  if (draft->traits->drafts_blocks)
    type = draft->find("markov_w1.weight") ? spec_type::draft_dspark : spec_type::draft_dflash;
  else if (draft->find(last + "nextn.eh_proj.weight"))
    type = spec_type::draft_mtp;
  r.spec_types = {type};
  return r;
}

/// Types that draft by a model.
inline constexpr std::initializer_list<spec_type> drafting_types = {
    spec_type::draft_simple, spec_type::draft_eagle3, spec_type::draft_mtp, spec_type::draft_dflash,
    spec_type::draft_dspark};

/// The first of a run's types that does.
[[nodiscard]] inline spec_type type_of_draft(const run& r) {
  const auto it = std::find_first_of(r.spec_types.begin(), r.spec_types.end(),
                                     drafting_types.begin(), drafting_types.end());
  return it == r.spec_types.end() ? spec_type::none : *it;
}

/// Layers of the main model whose inputs the draft reads. llama-server arranges that when it starts to
/// draft; it counts only if `--spec-type` says that it does.
/// Source: llama.cpp, common/speculative.cpp: common_speculative_impl_draft_eagle3, _dflash
[[nodiscard]] inline std::vector<std::uint32_t> read_layers(const model& main, const model* draft,
                                                            const run& r) {
  std::vector<std::uint32_t> layers;
  if (draft &&
      has_type(r, {spec_type::draft_eagle3, spec_type::draft_dflash, spec_type::draft_dspark}))
    for (const std::uint32_t l : draft->hp.draft.target_layers)
      if (l < main.hp.n_layer()) layers.push_back(l);
  return layers;
}

namespace detail {

/// Errors:   invalid_argument  the engine has no graph of a model's NextN layers
inline result<void> check_nextn(const model& m, const char* role, const engine_profile& by) {
  if (!has_nextn(m))
    return error{
        errc::invalid_argument,
        std::string("--spec-type draft-mtp needs NextN layers, and this ") + role + " has none"};
  const arch::description* d = arch::find_description(*m.traits);
  const bool has_graph = d && d->build_nextn && d->nextn_since <= by.last_build;
  if (m.is_known() && m.hp.n_layer() > 0 && !has_graph)
    return error{
        errc::invalid_argument,
        "the engine has no graph for the NextN layers of architecture '" + m.architecture + "'"};
  return {};
}

}  // namespace detail

/// Errors:   invalid_argument  the draft does not go with the main model
/// Source:   llama.cpp, src/llama-context.cpp: llama_init_from_model;
///           common/speculative.cpp: common_speculative_are_compatible
[[nodiscard]] inline result<void> check_draft(const model& main, const model* draft, const run& r) {
  const auto refuse = [](std::string why) { return error{errc::invalid_argument, std::move(why)}; };
  constexpr std::uint32_t max_vocab_difference = 128;  // SPEC_VOCAB_MAX_SIZE_DIFFERENCE
  if (draft && reads_target_cache(*draft) && main.hp.swa.type == swa_type::none)
    return refuse("architecture '" + draft->architecture +
                  "' reads its target's caches, one of them a sliding window's, which this model "
                  "has not");
  if (loads_nextn(r))
    return draft ? detail::check_nextn(*draft, "draft", r.profile)
                 : detail::check_nextn(main, "model", r.profile);
  if (!draft) return refuse("this --spec-type needs a draft model: -md FILE");
  const architecture_traits& t = *main.traits;
  const bool shows_layers = t.shows_layers && t.shows_layers_since <= r.profile.last_build;
  if (main.is_known() && !shows_layers && !read_layers(main, draft, r).empty())
    return refuse(
        "the draft reads hidden states between layers, which the engine does not give for "
        "architecture '" +
        main.architecture + "'");
  const std::uint32_t a = main.hp.n_vocab, b = draft->hp.n_vocab;
  if (has_type(r, {spec_type::draft_simple}) && (a > b ? a - b : b - a) > max_vocab_difference)
    return refuse("the draft has another vocabulary: " + std::to_string(b) + " tokens instead of " +
                  std::to_string(a) + ", and the engine would not draft with it");
  return {};
}

/// How a run drafts. Decided once: whoever plans asks this, not the run.
struct drafting {
  run r;                      ///< the run, with what its draft model is for
  const model* by = nullptr;  ///< whose context drafts; null: none does
  bool own_model = false;     ///< a model beside the main one, not the main one's NextN layers
  spec_type type = spec_type::none;
  std::vector<std::uint32_t>
      read_layers;  ///< of the main model: their inputs are kept for the draft
};

/// Errors:   invalid_argument  the main model only drafts for others, or check_draft()'s
[[nodiscard]] inline result<drafting> drafting_of(const model& main, const model* draft,
                                                  const run& given) {
  if (needs_target(main))
    return error{errc::invalid_argument,
                 "architecture '" + main.architecture +
                     "' only drafts for another model: give that one, and this file with -md"};
  drafting d;
  d.r = with_draft_type(given, draft);
  d.read_layers = read_layers(main, draft, given);
  d.type = type_of_draft(d.r);
  if (d.type == spec_type::none) return d;
  if (auto goes = check_draft(main, draft, d.r); !goes) return goes.error();
  d.by = draft ? draft : &main;
  d.own_model = draft != nullptr;
  return d;
}

/// The draft's context beside `target`: as long, with as many sequences, caches of its own types, and one
/// row of logits a sequence (a whole block, if it drafts blocks).
///
/// Errors:   invalid_argument  the engine refuses it
/// Source:   llama.cpp, common/speculative.cpp: common_base_params_to_speculative,
///           common_speculative_init_result
[[nodiscard]] inline result<context_params> draft_context(const drafting& by,
                                                          const context_params& target) {
  const run& r = by.r;
  run d = by.own_model ? placement_of_draft(r) : r;
  d.n_ctx = target.n_ctx;
  d.type_k = r.draft_type_k;
  d.type_v = r.draft_type_v;
  d.n_rs_seq = 0;
  d.n_outputs_max =
      target.n_seq_max * (has_type(r, {spec_type::draft_dflash, spec_type::draft_dspark})
                              ? 1 + r.spec_draft_n_max
                              : 1);
  d.n_batch = detail::asked_batch(r);
  d.embeddings = false;
  d.pooling = pooling::unspecified;
  d.spec_types.clear();
  auto c = effective_context(d, by.by->hp);
  if (c && loads_nextn(r)) c->kind = context_kind::mtp;
  return c;
}

}  // namespace vrambudget
