#include "rebuilder.hpp"

#include <algorithm>
#include <utility>

#include "vrambudget/plan/planner.hpp"

namespace vrambudget {

namespace {

/// Sources without their history count few builds, or none.
constexpr std::size_t digits_of_a_build = 4;

/// llama.cpp #16812 names what a sequence gets n_ctx_seq.
constexpr std::uint32_t first_build_of_ctx_seq = 6900;

/// Whether builds of a profile write the lines that this log has.
bool writes_lines_of(const engine_profile& p, const parsed_log& log) {
  if (log.has_ctx_per_seq && p.first_build >= first_build_of_ctx_seq) return false;
  switch (log.rotation) {
    case rotation_line::none:
      break;
    case rotation_line::flag:
      return p.rules.rotates_quantized && !p.rules.states_tell_rotation;
    case rotation_line::width:
      return p.rules.states_tell_rotation;
  }
  return true;
}

}  // namespace

std::optional<chosen_profile> logged_profile(const parsed_log& log) {
  if (log.build.size() >= digits_of_a_build)
    if (const auto p = find_profile("b" + log.build)) return *p;
  if (!log.date.empty())
    if (const auto p = find_profile(log.date)) return *p;
  return std::nullopt;
}

rebuilder::rebuilder(const parsed_log& log, std::size_t i, const model& m, const rebuild_options& o)
    : log_(log), c_(log.contexts[i]), index_(i), m_(m), options_(o) {
  if (c_.model < log.models.size()) lines_ = &log.models[c_.model];
}

rebuilt_run rebuilder::make() {
  out_.r = options_.base;
  choose_profile();
  choose_devices();
  choose_context();
  choose_sequences();
  choose_caches();
  choose_flash_attn();
  choose_placement();
  choose_draft();
  static const log_model none;
  fit_placement(c_, lines_ ? *lines_ : none, m_, out_);
  choose_cpu();
  settle_profile_by_graph();
  return std::move(out_);
}

void rebuilder::choose_profile() {
  auto chosen = options_.profile ? options_.profile : logged_profile(log_);
  const bool is_open = !options_.profile && !(chosen && chosen->covers);
  const std::string told =
      chosen ? "the build is none that was compared: " : "no build and no date: ";
  if (chosen && !chosen->covers && writes_lines_of(chosen->profile, log_)) {
    assume(told + "it is " + place_of(*chosen) + ", the nearest, whose rules are taken");
  } else if (is_open) {
    std::string because;
    if (!chosen && writes_lines_of(default_profile, log_)) {
      chosen = chosen_profile{default_profile, false};
    } else {
      const auto it =
          std::find_if(engine_profiles.begin(), engine_profiles.end(),
                       [&](const engine_profile& p) { return writes_lines_of(p, log_); });
      chosen = chosen_profile{it == engine_profiles.end() ? default_profile : *it, false};
      because = ", whose lines these are";
    }
    assume(told + "the rules of " + full_name(chosen->profile) + because);
  }
  out_.r.profile = chosen->profile;
  out_.profile_covers = chosen->covers;
  if (is_open) profile_assumed_ = out_.assumed.size() - 1;
}

/// Numbers of nodes tell builds apart that no line tells: those of the first profile whose graphs have them.
void rebuilder::settle_profile_by_graph() {
  if (!profile_assumed_ || !c_.graph_nodes || m_.tensors.empty() || out_.devices.empty()) return;
  planner p(m_, out_.devices, {{}, true});
  const auto has_nodes = [&](const engine_profile& e) {
    run r = out_.r;
    r.profile = e;
    const auto b = p.budget_for(r);
    return b && b->prompt.n_nodes == c_.graph_nodes->value.first &&
           b->generation.n_nodes == c_.graph_nodes->value.second;
  };
  if (has_nodes(out_.r.profile)) return;
  for (const engine_profile& e : engine_profiles)
    if (e.claims.graphs && writes_lines_of(e, log_) && has_nodes(e)) {
      out_.r.profile = e;
      out_.assumed[*profile_assumed_] =
          "the rules of " + full_name(e) + ", whose graphs have as many nodes";
      return;
    }
}

/// A second context of a model with NextN layers drafts for the first.
void rebuilder::choose_draft() {
  run& r = out_.r;
  r.draft_type_k = r.draft_type_v = ggml_type::f16;
  if (m_.hp.n_layer_all == m_.hp.n_layer() || index_ + 1 >= log_.contexts.size()) return;
  const log_context& next = log_.contexts[index_ + 1];
  if (next.model != c_.model) return;
  r.spec_types = {spec_type::draft_mtp};
  if (r.n_outputs_max && r.n_parallel && r.n_outputs_max % r.n_parallel == 0 &&
      r.n_outputs_max / r.n_parallel > 1)
    r.spec_draft_n_max = r.n_outputs_max / r.n_parallel - 1;
  if (r.n_rs_seq) r.spec_draft_n_max = r.n_rs_seq;
  out_.draft_types_known = false;
  for (const log_cache& k : next.caches)
    if (!k.recurrent) {
      out_.draft_types_known |= k.type_k.has_value();
      if (k.type_k) r.draft_type_k = *k.type_k;
      if (k.type_v) r.draft_type_v = *k.type_v;
    }
}

rebuilt_run rebuild_run(const parsed_log& log, std::size_t i, const model& m,
                        const rebuild_options& options) {
  return rebuilder(log, i, m, options).make();
}

}  // namespace vrambudget
