#include "rebuilder.hpp"

#include <utility>

namespace vrambudget {

std::optional<chosen_profile> logged_profile(const parsed_log& log) {
  if (!log.build.empty())
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
  return std::move(out_);
}

void rebuilder::choose_profile() {
  auto chosen = options_.profile ? options_.profile : logged_profile(log_);
  if (!chosen) {
    chosen = chosen_profile{default_profile, false};
    assume("no build and no date: the rules of " + full_name(chosen->profile));
  } else if (!chosen->covers) {
    assume("the build is none that was compared: the rules of " + full_name(chosen->profile) +
           ", the nearest");
  }
  out_.r.profile = chosen->profile;
  out_.profile_covers = chosen->covers;
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
