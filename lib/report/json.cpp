// Budgets as JSON, schema 1.
#include "vrambudget/report/json.hpp"

#include <boost/json.hpp>

#include "io/json_text.hpp"
#include "vrambudget/engine/profile.hpp"
#include "vrambudget/engine/speculative.hpp"
#include "vrambudget/model/adapters.hpp"
#include "vrambudget/report/sentences.hpp"
#include "vrambudget/report/speed.hpp"
#include "vrambudget/request/run_line.hpp"
#include "vrambudget/version.hpp"

namespace vrambudget {
namespace {

namespace json = boost::json;

json::array terms_of(const term_list& list, bool explain) {
  json::array all;
  for (const term& t : list.terms) {
    json::object o{{"term", name(t.kind)}, {"bytes", t.size.count}, {"basis", name(t.basis)}};
    if (t.low) o["low_bytes"] = t.low->count;
    if (t.expected) o["expected_bytes"] = t.expected->count;
    if (t.held) o["held"] = name(*t.held);
    if (std::string why = explain ? sentence(t.why) : ""; !why.empty()) o["note"] = std::move(why);
    all.push_back(std::move(o));
  }
  return all;
}

json::object run_of(const run& r, const budget& b) {
  const context_params& c = b.context;
  constexpr const char* modes[] = {"none", "layer", "row", "tensor"};
  return {{"n_ctx", c.n_ctx},
          {"n_ctx_seq", c.n_ctx_seq},
          {"n_batch", c.n_batch},
          {"n_ubatch", c.n_ubatch},
          {"n_seq_max", c.n_seq_max},
          {"kv_unified", c.kv_unified},
          {"flash_attn", c.flash_attn},
          {"type_k", traits(c.type_k).name},
          {"type_v", traits(c.type_v).name},
          {"n_gpu_layers", b.n_gpu_layers},
          {"split_mode", modes[static_cast<std::size_t>(r.split_mode)]},
          {"swa_full", c.swa_full},
          {"offload_kqv", c.offload_kqv},
          {"op_offload", r.op_offload}};
}

json::object draft_of(const run& r, const draft_summary& d) {
  const context_params& c = d.context;
  json::object o{{"type", name(d.type)},
                 {"name", d.name},
                 {"architecture", d.architecture},
                 {"n_max", r.spec_draft_n_max},
                 {"n_ctx", c.n_ctx},
                 {"flash_attn", c.flash_attn},
                 {"type_k", traits(c.type_k).name},
                 {"type_v", traits(c.type_v).name},
                 {"n_gpu_layers", d.n_gpu_layers}};
  if (d.pipelining == pipelining::given_up) o["retried"] = true;
  if (d.prompt.n_nodes)
    o["graph"] = json::object{{"nodes", {d.prompt.n_nodes, d.generation.n_nodes}},
                              {"splits", {d.prompt.n_splits, d.generation.n_splits}}};
  return o;
}

json::object projector_of(const projector_budget& p) {
  json::array encoders;
  for (const encoder_budget& e : p.encoders) {
    const auto need = [&](const image_need& n) {
      json::object o{
          {"size", {n.nx, n.ny}}, {"compute_bytes", n.compute.count}, {"host_bytes", n.host.count}};
      if (n.n_tokens) o["n_tokens"] = n.n_tokens;
      if (n.n_images > 1) o["n_images"] = n.n_images;
      return o;
    };
    json::object o{{"kind", name(e.kind)},     {"type", e.type},
                   {"basis", name(e.basis)},   {"weights_bytes", e.weights.count},
                   {"warmup", need(e.warmup)}, {"largest", need(e.largest)}};
    if (e.graph.n_nodes) {
      o["flash_attn"] = e.flash_attn;
      o["n_embd"] = e.n_embd;
      o["graph"] = json::object{{"nodes", e.graph.n_nodes}, {"splits", e.graph.n_splits}};
    }
    encoders.push_back(std::move(o));
  }
  return {{"name", p.name}, {"on_device", p.device.has_value()}, {"encoders", std::move(encoders)}};
}

json::object device_of(const device_budget& d, bool explain) {
  json::object o{{"id", name(d.id)},
                 {"gpu", d.gpu.full_name()},
                 {"total_bytes", d.gpu.total.count},
                 {"usable_bytes", d.usable.count},
                 {"terms", terms_of(d, explain)},
                 {"used_bytes", d.used().count}};
  if (const bytes low = d.used(estimate::low); low != d.used()) o["used_low_bytes"] = low.count;
  o["free_bytes"] = d.spare().count;
  if (d.held_by_host.count > 0) o["held_by_host_bytes"] = d.held_by_host.count;
  o["fits"] = d.fits(estimate::expected);
  if (d.gpu.others) {
    json::object others{{"bytes", d.gpu.others->high.count}, {"basis", name(d.gpu.others->basis)}};
    if (d.gpu.others->low != d.gpu.others->high) {
      others["low_bytes"] = d.gpu.others->low.count;
      others["expected_bytes"] = d.gpu.others->expected.count;
    }
    if (explain) others["note"] = d.gpu.others->note;
    o["others"] = std::move(others);
  }
  return o;
}

json::object prompt_cache_of(const prompt_cache& c, basis of_state) {
  json::object o;
  if (c.limit) o["limit_bytes"] = c.limit->count;
  o["full_slot_bytes"] = c.full_slot.count;
  o["full_slot_basis"] = name(of_state);
  o["saves_full_slot"] = c.saves_full_slot();
  return o;
}

json::object checkpoint_of(const context_checkpoints& c, basis of_state) {
  return {{"bytes", c.each.count},
          {"basis", name(of_state)},
          {"per_slot", c.per_slot},
          {"slots", c.n_slots},
          {"all_bytes", c.all().count},
          {"per_request", {checkpoints_a_request::least, checkpoints_a_request::most}}};
}

json::object host_of(const host_budget& h, bool explain) {
  json::object o{{"terms", terms_of(h, explain)}, {"used_bytes", h.used().count}};
  if (h.ram) o["ram_bytes"] = h.ram->count;
  if (const measured_range& p = h.process; p.high.count > 0)
    o["process"] = json::object{{"bytes", p.high.count},
                                {"low_bytes", p.low.count},
                                {"expected_bytes", p.expected.count},
                                {"basis", name(p.basis)}};
  o["resident_bytes"] = h.resident().count;
  o["mapped_bytes"] = h.mapped().count;
  if (h.mapped_range) o["mapped_range_bytes"] = h.mapped_range->count;
  if (h.repacked_for) o["repacked_for"] = h.repacked_for->name;
  if (const auto later = h.grows_to()) o["grows_to_bytes"] = later->count;
  if (h.prompts) o["prompt_cache"] = prompt_cache_of(*h.prompts, h.state_basis);
  if (h.checkpoints) o["checkpoint"] = checkpoint_of(*h.checkpoints, h.state_basis);
  if (!h.ram) return o;
  o["fits"] = h.fits();
  o["reads_from_disk"] = h.reads_from_disk();
  if (const auto missing = h.short_bytes()) o["short_bytes"] = missing->count;
  return o;
}

json::object fit_of(const fitted_run& f) {
  json::array split, overrides;
  if (f.moved)
    for (const float n : f.r.tensor_split) split.emplace_back(static_cast<std::uint32_t>(n));
  if (f.moved)
    for (const tensor_override& x : f.r.overrides)
      overrides.push_back(json::array{x.pattern, x.buffer});
  return {{"status", f.status == fit_status::success ? "success" : "failure"},
          {"n_ctx", f.r.n_ctx},
          {"n_gpu_layers", f.r.n_gpu_layers},
          {"tensor_split", std::move(split)},
          {"overrides", std::move(overrides)}};
}

/// The whole run as words of a command line.
json::array arguments_in(const run& r) {
  json::array words;
  for (const request::argument& a : request::arguments_of(r)) {
    words.emplace_back(a.flag);
    if (!a.value.empty()) words.emplace_back(a.value);
  }
  return words;
}

json::object limit_of(const context_limit& l) {
  return {{"n_ctx", l.n_ctx}, {"n_ctx_loads", l.n_ctx_loads}, {"bound_by", name_of_bound(l)}};
}

json::object adapters_of(const adapters& all) {
  json::array loras, vectors;
  for (const lora_adapter& l : all.loras)
    loras.push_back(json::object{
        {"path", l.path}, {"name", l.name}, {"scale", l.scale}, {"pairs", l.pairs.size()}});
  for (const control_vector& v : all.control_vectors)
    vectors.push_back(json::object{{"path", v.path}, {"scale", v.scale}});
  return {{"loras", std::move(loras)}, {"control_vectors", std::move(vectors)}};
}

}  // namespace

json::object best_json(const best_run& best) {
  return {{"flags", flags_of(best.how)},
          {"arguments", arguments_in(best.how.changed)},
          {"gives", sentence(best.how)},
          {"on_host", name(best.moved)},
          {"free_bytes", best.how.spare.count},
          {"host_bytes", best.how.host.count}};
}

json::object model_summary(const model& m) {
  json::object o;
  if (!m.path.empty()) o["path"] = m.path;
  o["name"] = m.name;
  o["architecture"] = m.architecture;
  o["n_params"] = m.n_params;
  if (m.file_size.count) o["file_bytes"] = m.file_size.count;
  o["bits_per_weight"] = m.bits_per_weight();
  o["tensor_count"] = m.tensors.size();
  o["n_layer"] = m.hp.n_layer();
  o["n_ctx_train"] = m.hp.n_ctx_train;
  return o;
}

std::string budget_json(const model& m, const run& r, const budget& b, const json_extras& extras) {
  json::object o{
      {"schema", json_schema}, {"vrambudget", version}, {"engine", full_name(r.profile)}};
  o["model"] = model_summary(m);
  o["run"] = run_of(r, b);
  if (m.adapted_by) o["adapters"] = adapters_of(*m.adapted_by);
  if (b.draft) o["draft"] = draft_of(r, *b.draft);
  if (b.projector) o["projector"] = projector_of(*b.projector);
  json::array devices;
  for (const device_budget& d : b.devices) devices.push_back(device_of(d, extras.explain));
  o["devices"] = std::move(devices);
  o["host"] = host_of(b.host, extras.explain);
  o["fits"] = extras.judged.runs();
  o["verdict"] = name(extras.judged.kind);
  if (const auto& at = extras.judged.fails_at)
    o["fails_at"] = json::object{{"stage", name(at->stage)},
                                 {"device", name(at->device)},
                                 {"bytes", at->size.count},
                                 {"short_bytes", at->missing.count}};
  if (b.pipelining == pipelining::given_up) o["retried"] = true;
  if (!extras.judged.runs()) o["missing_bytes"] = b.missing().count;
  if (extras.max_context) o["max_context"] = limit_of(*extras.max_context);
  if (!extras.limits.empty()) {
    json::object by_type;
    for (const context_row& c : extras.limits) by_type[traits(c.type).name] = limit_of(c.limit);
    o["max_context_by_type"] = std::move(by_type);
  }
  if (extras.fitted) o["fit"] = fit_of(*extras.fitted);
  if (extras.best) o["best"] = best_json(*extras.best);
  if (!extras.backends.empty()) o["backends"] = backends_json(extras.backends);
  if (auto speed = speed_json(b.devices, extras.speeds); !speed.empty()) o["speed"] = std::move(speed);
  if (b.prompt.n_nodes)
    o["graph"] = json::object{{"nodes", {b.prompt.n_nodes, b.generation.n_nodes}},
                              {"splits", {b.prompt.n_splits, b.generation.n_splits}}};
  if (!extras.suggestions.empty()) {
    json::array all;
    for (const suggestion& s : extras.suggestions) {
      json::object change{{"flags", flags_of(s)},
                          {"gives", sentence(s)},
                          {"free_bytes", s.spare.count},
                          {"host_bytes", s.host.count}};
      if (s.decodes) change["decode"] = rates_json(*s.decodes);
      all.push_back(std::move(change));
    }
    o["suggestions"] = std::move(all);
  }
  if (const auto& f = extras.smaller) {
    json::object file{{"model", f->name},
                      {"flags", flags_of(f->runs)},
                      {"gives", sentence(*f)},
                      {"bits_per_weight", f->bits},
                      {"free_bytes", f->runs.spare.count},
                      {"host_bytes", f->runs.host.count}};
    if (f->runs.decodes) file["decode"] = rates_json(*f->runs.decodes);
    o["smaller_file"] = std::move(file);
  }
  if (!b.notes.empty()) {
    json::array notes;
    for (const note& n : b.notes) notes.emplace_back(sentence(n));
    o["notes"] = std::move(notes);
  }
  return json_text(o) + "\n";
}

}  // namespace vrambudget
