// `vrambudget best`: the best runs of a model by what is wanted most.
#include <fmt/format.h>

#include <memory>

#include "cli.hpp"
#include "inputs.hpp"
#include "options.hpp"
#include "output.hpp"
#include "vrambudget/report/preferred_runs.hpp"
#include "vrambudget/request/asked_plan.hpp"

namespace vrambudget::cli {
namespace {

int run_best(plan_request q) {
  if (q.model.empty()) throw failure{usage, "best: name a model: vrambudget best Qwen3-8B-Q8_0"};
  if (const auto ok = refuse_chosen_runs(q, "best plans them all"); !ok)
    throw failure{usage, ok.error().message};
  const named_gpus gpus = devices_or_fail(q);
  const limits l = limits_of(q, gpus.ram);
  model_reader reader = reader_of(q.sources);
  const named_models models = best_models_or_fail(q, gpus.devices, l, reader);
  planner p = models.on(gpus.devices, l);
  const auto all = value_or_fail(find_preferred_runs(p, request::told_run(q, *models.main)));
  if (q.json)
    print_out("{}", preferred_runs_json(*models.main, q.r, all));
  else
    print_text(preferred_runs_text(*models.main, all, stdout_style().width), gpus.notes);
  return all.empty() ? does_not_fit : yes;
}

}  // namespace

std::function<int()> add_best(command_options& can) {
  auto q = std::make_shared<plan_request>();
  can.rows({topic::model, topic::gpus, topic::plan}, *q);
  can.rows_of_run(*q);
  can.flag("--json", q->json, "JSON on stdout, schema 1");
  return [q] { return run_best(*q); };
}

}  // namespace vrambudget::cli
