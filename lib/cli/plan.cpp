// `vrambudget plan`: a budget, or which known models fit.
#include "plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "calibrated.hpp"
#include "cli.hpp"
#include "model_sources.hpp"
#include "projectors.hpp"
#include "ranking.hpp"
#include "run_options.hpp"
#include "vrambudget/engine/llama_cpp.hpp"
#include "vrambudget/plan/solve.hpp"
#include "vrambudget/report/json.hpp"
#include "vrambudget/report/launch.hpp"
#include "vrambudget/report/text.hpp"
#include "vrambudget/version.hpp"

namespace vrambudget::cli {
namespace {

status status_of(const error& e) { return e.code == errc::invalid_argument ? usage : bad_input; }

constexpr ggml_type context_types[] = {ggml_type::f16, ggml_type::q8_0, ggml_type::q4_0};

/// The largest context, if it is asked for; a run that names none gets it.
std::optional<context_limit> find_context(const plan_request& q, planner& p, run& r) {
  if (r.n_ctx != 0 && !q.max_context) return std::nullopt;
  auto most = max_context(p, r);
  if (!most) throw failure{status_of(most.error()), most.error().message};
  if (r.n_ctx == 0) r.n_ctx = most->n_ctx ? most->n_ctx : engine::n_ctx_multiple;
  return *most;
}

/// Files as they lie here; of a catalogued model the name that its publisher gives it.
launch_files files_of(const plan_request& q, const model& m) {
  const auto file = [](const std::string& typed, const std::string& known) {
    std::error_code ignored;
    const bool elsewhere = typed.find(':') != std::string::npos;
    if (elsewhere || typed.empty() || std::filesystem::exists(typed, ignored)) return typed;
    return known.empty() ? typed + ".gguf" : known;
  };
  return {file(q.model, m.path), file(q.mmproj, ""), file(q.draft, "")};
}

int show(const plan_request& q, const model& m, planner& p) {
  run r = q.r;
  const std::optional<context_limit> limit = find_context(q, p, r);
  result<budget> b = p.budget_for(r);
  if (!b) throw failure{status_of(b.error()), b.error().message};
  if (!q.engine_note.empty()) b->notes.push_back(q.engine_note);
  if (q.mmproj.empty())
    if (const std::string beside = projector_beside(m); !beside.empty())
      b->notes.push_back("a projector lies beside the model and is not counted: --mmproj " +
                         beside);
  b->notes.insert(b->notes.end(), q.calibration_notes.begin(), q.calibration_notes.end());
  std::vector<suggestion> changes;
  if (!b->fits()) changes = what_would_fit(p, r);

  if (!q.emit.empty()) {
    fmt::print("{}", launch_text(*find_launcher(q.emit), files_of(q, m), r, *b));
    if (!b->fits())
      fmt::print(stderr, "vrambudget: this does not fit: {} are missing\n", in_mib(b->missing()));
  } else if (q.json) {
    fmt::print("{}", budget_json(m, r, *b, {limit, changes, q.explain}));
  } else {
    fmt::print("{}", budget_text(m, *b, {stdout_has_colours(), true, q.explain}));
    if (!b->fits()) fmt::print("\n{}", suggestions_text(changes));
    if (limit && !b->keeps_kv()) fmt::print("\nLargest context: {}\n", context_text(*limit));
    if (limit && b->keeps_kv()) {
      std::vector<context_row> rows;
      for (const ggml_type t : context_types) {
        run other = q.r;
        other.type_k = other.type_v = t;
        if (const auto most = max_context(p, other)) rows.push_back({t, *most});
      }
      fmt::print("\n{}", contexts_text(rows, m.hp.n_ctx_train));
    }
  }
  return b->fits() ? yes : does_not_fit;
}

int run_plan(plan_request q) {
  if (!q.engine.empty()) q.engine_note = choose_engine(q.engine, q.r);
  if (!q.emit.empty() && !find_launcher(q.emit))
    throw failure{usage, "--emit " + q.emit + ": llama-server, ollama, koboldcpp or lmstudio"};
  if (!q.emit.empty() && q.model.empty()) throw failure{usage, "--emit: name a model"};
  named_gpus gpus = parse_gpus(q.gpus);
  if (!q.no_calibration && !q.buffers_only)
    q.calibration_notes = calibrate_devices(stored_calibration(), gpus);
  const std::vector<device>& devices = gpus.devices;
  const limits l{value_or_fail(parse_size(q.reserve), usage), q.buffers_only};
  if (q.model.empty() && !q.draft.empty())
    throw failure{usage, "-md " + q.draft + ": name the model it drafts for as well"};
  if (q.model.empty() && !q.mmproj.empty())
    throw failure{usage, "--mmproj " + q.mmproj + ": name the model it belongs to as well"};
  if (!q.model.empty() && (!q.family.empty() || q.min_ctx))
    throw failure{usage, "--family and --min-ctx are for the ranking of models, without MODEL"};
  if (q.model.empty()) return show_ranking(q, devices, l);
  const plan_models models = load_models(q);
  planner p = models.on(devices, l);
  return show(q, models.main, p);
}

}  // namespace

std::string choose_engine(const std::string& text, run& r) {
  const engine::chosen_profile c = value_or_fail(engine::find_profile(text), usage);
  r.profile = c.profile;
  const std::string rules = "by the rules of " + full_name(c.profile);
  if (!c.covers)
    return "no logs of engine '" + text + "' are known: " + rules + ", the nearest that is";
  return c.profile == engine::profiles.front() ? "" : rules;
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
  find_context(q, p, r);
  result<budget> b = p.budget_for(r);
  if (!b) throw failure{status_of(b.error()), b.error().message};
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

std::function<int()> add_plan(CLI::App& app) {
  auto q = std::make_shared<plan_request>();
  app.add_option(
      "MODEL,-m,--model", q->model,
      "a GGUF file, any file of a split set, an address, hf:org/repo:QUANT, ollama:name, or a "
      "model's name");
  add_gpu_options(app, q->gpus);
  app.add_option("--reserve", q->reserve, "memory to keep free on each GPU [0]")->type_name("SIZE");
  app.add_flag("--buffers-only", q->buffers_only,
               "count the engine's own buffers, no driver context and no pool");
  app.add_flag("--no-calibration", q->no_calibration,
               "plan without what `vrambudget calibrate` found of these GPUs");
  app.add_option("--engine", q->engine,
                 "whose rules hold: a release, build or day, as `vrambudget engines` says [v0.5.0]")
      ->type_name("llama.cpp@VERSION");
  app.add_flag("--max-context", q->max_context,
               "also find the largest context (found anyway without --ctx)");
  app.add_flag("--json", q->json, "JSON on stdout, schema 1");
  app.add_option(
         "--emit", q->emit,
         "instead of the budget what starts the run: llama-server (a command line), ollama (a "
         "Modelfile), koboldcpp (a .kcpps file), lmstudio (load settings)")
      ->type_name("PROGRAM");
  app.add_flag("--explain", q->explain, "each term's formula with this model's numbers");
  app.add_option("--family", q->family, "without MODEL: rank only names or architectures with this")
      ->type_name("NAME");
  app.add_option_function<std::string>(
         "--min-ctx", [q](const std::string& s) { q->min_ctx = parse_tokens(s); },
         "without MODEL: rank only models that can take so many tokens")
      ->type_name("N");
  add_model_options(app, *q);
  return [q] { return run_plan(*q); };
}

}  // namespace vrambudget::cli
