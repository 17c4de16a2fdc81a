// `vrambudget plan`: a budget, or which known models fit.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <memory>

#include "cli.hpp"
#include "inputs.hpp"
#include "options.hpp"
#include "os/files.hpp"
#include "output.hpp"
#include "ranking.hpp"
#include "vrambudget/catalogue/catalogued_file.hpp"
#include "vrambudget/plan/max_context.hpp"
#include "vrambudget/report/backends.hpp"
#include "vrambudget/report/json.hpp"
#include "vrambudget/report/launch.hpp"
#include "vrambudget/report/svg.hpp"
#include "vrambudget/report/text.hpp"
#include "vrambudget/request/file_choice.hpp"
#include "vrambudget/request/launched_run.hpp"
#include "vrambudget/request/under_backends.hpp"

namespace vrambudget::cli {
namespace {

/// What starts the run; nothing where it would need more than there is.
void print_launch(const plan_request& q, const named_models& models, planner& p,
                  const request::made_plan& made) {
  const auto started = request::launch_of(*find_launcher(q.emit), q, models, p, made);
  if (!started) throw failure{does_not_fit, "--emit: " + started.error().message};
  print_out("{}", started->text);
  for (const std::string& n : started->notes) tell_user(n);
}

/// Of the largest contexts what the first device takes at shorter and longer ones, up to the training length.
std::vector<context_curve> context_curves(const plan_request& q, planner& p,
                                          const std::vector<context_row>& limits) {
  constexpr std::uint32_t n_points = 16;
  std::vector<context_curve> all;
  for (const context_row& row : limits) {
    run r = q.r;
    r.type_k = r.type_v = row.type;
    context_curve c{row.type, row.limit, {}};
    for (std::uint32_t i = 0; i <= n_points; ++i) {
      r.n_ctx = std::max(p.get_model().hp.n_ctx_train / n_points * i, 256u);
      if (const auto b = p.budget_for(r))
        c.points.emplace_back(b->context.n_ctx, b->devices[0].used());
    }
    if (!c.points.empty()) all.push_back(std::move(c));
  }
  return all;
}

int show(const plan_request& q, const named_gpus& gpus, const named_models& models, planner& p,
         limits l) {
  const model& m = *models.main;
  request::made_plan made = value_or_fail(make_plan(q, p, gpus.notes));
  if (!made.b.fits())
    made.smaller = value_or_fail(
        request::smaller_file_that_runs(q, made.r, gpus.devices, l, models.draft.get(),
                                        models.mmproj.get(), effort_for(made.changes)));
  const budget& b = made.b;
  if (q.emit.empty()) made.limits = limits_by_type(q, p, made);
  made.backends = request::under_backends(q, models, made, environment_of_process());
  if (!q.emit.empty()) {
    print_launch(q, models, p, made);
  } else if (q.svg) {
    print_out("{}", budget_svg(m, b,
                                b.devices.size() == 1 ? context_curves(q, p, made.limits)
                                                      : std::vector<context_curve>{}));
  } else if (q.json) {
    print_out("{}", budget_json(m, made.r, b,
                                 {made.limit, made.limits, made.changes, made.judged, q.explain,
                                  made.fitted ? &*made.fitted : nullptr,
                                  made.best ? &*made.best : nullptr, made.smaller, made.speeds,
                                  made.backends}));
  } else {
    const text_style s = stdout_style(q.explain);
    std::string text = q.prefer ? best_text(made.best, *q.prefer, s.width) : std::string();
    text += budget_text(m, made.r, b, made.judged, q.file_note, s, made.speeds);
    if (!b.fits()) text += "\n" + suggestions_text(made.changes, made.smaller, s.width);
    if (made.limit && !b.keeps_kv())
      text += "\nLargest context: " + context_text(*made.limit) + "\n";
    if (!made.limits.empty())
      text += "\n" + contexts_text(made.limits, b.context, m.hp.n_ctx_train);
    if (!made.backends.empty()) text += "\n" + backends_text(made.backends);
    if (made.fitted) text += "\n" + fit_text(*made.fitted, q.fit.has_value());
    print_text(std::move(text));
  }
  return made.judged.runs() ? yes : does_not_fit;
}

/// Who names a GPU alone asks what runs on it.
void refuse_gpu_as_model(const plan_request& q) {
  constexpr std::size_t longest = 32;  // of a GPU's name, as people type it
  if (!q.gpus.names.empty() || q.model.empty() || q.model.size() > longest ||
      q.model.find_first_of("/:") != q.model.npos || detail::is_there(q.model))
    return;
  gpu_request as_gpu;
  as_gpu.names = {q.model};
  as_gpu.no_calibration = true;
  if (!find_gpus(as_gpu, environment_of_process(), true) || find_catalogued_file(q.model)) return;
  throw failure{usage, fmt::format("{} is a GPU: `vrambudget --gpu '{}'` shows what runs on it",
                                   q.model, q.model)};
}

int run_plan(const plan_request& q) {
  if (!q.emit.empty() && !find_launcher(q.emit))
    throw failure{usage, "--emit " + q.emit + ": llama-server, ollama, koboldcpp or lmstudio"};
  if (!q.emit.empty() && q.model.empty()) throw failure{usage, "--emit: name a model"};
  const named_gpus gpus = devices_or_fail(q);
  const limits l = limits_of(q, gpus.ram);
  if (q.model.empty() && !q.draft.empty())
    throw failure{usage, "-md " + q.draft + ": name the model it drafts for as well"};
  if (q.model.empty() && !q.mmproj.empty())
    throw failure{usage, "--mmproj " + q.mmproj + ": name the model it belongs to as well"};
  if (q.model.empty() && q.file_size) throw failure{usage, "--file-size: name the model"};
  if (q.model.empty() && q.svg) throw failure{usage, "--svg: name a model"};
  if (!q.model.empty() && (!q.family.empty() || q.min_ctx || q.top))
    throw failure{usage,
                  "--family, --min-ctx and --top are for the ranking of models, without MODEL"};
  if (q.model.empty()) return show_ranking(q, gpus.devices, l);
  model_reader reader = reader_of(q.sources);
  plan_request meant = q;
  const named_models models = best_models_or_fail(meant, gpus.devices, l, reader);
  planner p = models.on(gpus.devices, l);
  return show(meant, gpus, models, p, l);
}

}  // namespace

void add_options_of_plan(command_options& can, plan_request& q) {
  can.rows({topic::gpus, topic::plan}, q);
  can.rows_of_run(q);
  can.flag("--json", q.json, "JSON on stdout, schema 1");
  can.flag("--svg", q.svg, "a picture of the budget on stdout, as SVG");
  can.text("--emit", q.emit, "PROGRAM",
           "instead of the budget what starts the run: llama-server (a command line), ollama (a "
           "Modelfile), koboldcpp (a .kcpps file), lmstudio (what its SDK's load takes)");
  can.exclude("--svg", "--json");
  can.exclude("--svg", "--emit");
}

std::function<int()> add_plan(command_options& can, std::vector<std::string> notes,
                              bool is_pasted) {
  auto q = std::make_shared<plan_request>();
  q->value_notes = std::move(notes);
  q->is_pasted = is_pasted;
  can.rows({topic::model}, *q);
  add_options_of_plan(can, *q);
  can.text("--family", q->family, "NAME",
           "without MODEL: rank only names or architectures with this");
  can.tokens("--min-ctx", q->min_ctx, "N",
             "without MODEL: rank only models that can take so many tokens");
  can.number("--top", q->top, "N", "without MODEL: show only the first N");
  return [q] {
    try {
      return run_plan(*q);
    } catch (const failure&) {
      refuse_gpu_as_model(*q);
      throw;
    }
  };
}

}  // namespace vrambudget::cli
