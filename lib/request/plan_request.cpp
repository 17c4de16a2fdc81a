// Requests for plans: their options, and what they name.
#include "plan_request.hpp"

#include <fmt/format.h>

#include "model_sources.hpp"
#include "projectors.hpp"
#include "run_options.hpp"
#include "vrambudget/engine/find_profile.hpp"
#include "vrambudget/engine/llama_cpp.hpp"
#include "vrambudget/plan/max_context.hpp"

namespace vrambudget::request {

status status_of(const error& e) { return e.code == errc::invalid_argument ? usage : bad_input; }

std::optional<context_limit> find_context(const plan_request& q, planner& p, run& r) {
  if (r.n_ctx != 0 && !q.max_context) return std::nullopt;
  auto most = max_context(p, r);
  if (!most) throw failure{status_of(most.error()), most.error().message, most.error().code};
  if (r.n_ctx == 0) r.n_ctx = most->n_ctx ? most->n_ctx : n_ctx_multiple;
  return *most;
}

std::string choose_engine(const std::string& text, run& r) {
  const chosen_profile c = value_or_fail(find_profile(text), usage);
  r.profile = c.profile;
  const std::string rules = "by the rules of " + full_name(c.profile);
  if (!c.covers)
    return "no logs of engine '" + text + "' are known: " + rules + ", the nearest that is";
  return c.profile == engine_profiles.front() ? "" : rules;
}

plan_models load_models(const plan_request& q) {
  plan_models all{load_model(q.model), std::nullopt, std::nullopt};
  if (!q.draft.empty()) all.draft = load_model(q.draft);
  if (!q.mmproj.empty()) all.mmproj = load_projector(q.mmproj);
  return all;
}

budget budget_on(const plan_request& q, const std::vector<device>& devices) {
  const plan_models models = load_models(q);
  planner p = models.on(devices);
  run r = q.r;
  (void)find_context(q, p, r);
  result<budget> b = p.budget_for(r);
  if (!b) throw failure{status_of(b.error()), b.error().message, b.error().code};
  return std::move(*b);
}

void add_model_options(CLI::App& app, plan_request& q) {
  app.add_option("--model-draft,--spec-draft-model", q.draft,
                 "-md: a model that drafts for it, by file or name")
      ->type_name("MODEL");
  add_source_options(app);
  app.add_option("--mmproj", q.mmproj, "-mm: a projector for images or sound, by file or name")
      ->type_name("FILE");
  add_run_options(app, q.r);
}

void add_plan_options(CLI::App& app, plan_request& q) {
  app.add_option(
      "MODEL,-m,--model", q.model,
      "a GGUF file, any file of a split set, an address, hf:org/repo:QUANT, ollama:name, or a "
      "model's name in any file type of llama-quantize (Qwen3-8B-Q5_K_M)");
  add_gpu_options(app, q.gpus);
  app.add_option("--reserve", q.reserve, "memory to keep free on each GPU [0]")->type_name("SIZE");
  app.add_flag("--buffers-only", q.buffers_only,
               "count the engine's own buffers, no driver context and no pool");
  app.add_option(
         "--engine", q.engine,
         fmt::format("whose rules hold: a release, build or day, as `vrambudget engines` says [{}]",
                     engine_release))
      ->type_name("llama.cpp@VERSION");
  app.add_flag("--explain", q.explain, "each term's formula with this model's numbers");
  app.add_flag("--max-context", q.max_context,
               "also find the largest context (found anyway without --ctx)");
  add_model_options(app, q);
}

std::vector<device> choose_devices(plan_request& q) {
  if (!q.engine.empty()) q.engine_note = choose_engine(q.engine, q.r);
  gpu_request named = q.gpus;
  named.no_calibration |= q.buffers_only;
  named_gpus gpus = parse_gpus(named);
  q.calibration_notes = std::move(gpus.calibration_notes);
  return std::move(gpus.devices);
}

limits limits_of(const plan_request& q) {
  return {value_or_fail(parse_size(q.reserve), usage), q.buffers_only};
}

void add_notes(const plan_request& q, const model& m, budget& b) {
  if (!q.engine_note.empty()) b.notes.push_back(q.engine_note);
  if (q.mmproj.empty())
    if (const std::string beside = projector_beside(m); !beside.empty())
      b.notes.push_back("a projector lies beside the model and is not counted: --mmproj " + beside);
  b.notes.insert(b.notes.end(), q.calibration_notes.begin(), q.calibration_notes.end());
}

}  // namespace vrambudget::request
