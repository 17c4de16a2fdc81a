// `vrambudget engines`: the builds whose rules are known, what changed between them, and what that does
// to one model's budget.
#include "vrambudget/report/engines.hpp"

#include <memory>
#include <utility>
#include <vector>

#include "cli.hpp"
#include "inputs.hpp"
#include "options.hpp"
#include "output.hpp"

namespace vrambudget::cli {

std::function<int()> add_engines(command_options& can) {
  auto q = std::make_shared<plan_request>();
  can.text("MODEL,-m,--model", q->model, "TEXT", "also what the changes do to this model's budget");
  can.rows({topic::gpus}, *q);
  can.row("--engine", *q);
  can.flag("--json", q->json, "JSON on stdout, schema 1");
  can.rows_of_run(*q);
  return [q] {
    const auto print = [&](const engine_comparison* c) {
      print_out("{}", q->json ? engines_json(c) : engines_text(c));
      return yes;
    };
    if (q->model.empty()) return print(nullptr);
    model_reader reader = reader_of(q->sources);
    std::vector<device> devices = gpus_or_fail(q->gpus).devices;
    plan_request meant = *q;
    const named_models models = best_models_or_fail(meant, devices, {}, reader);
    planner p = models.on(std::move(devices));
    const engine_comparison c = value_or_fail(compare_engines(meant, p));
    return print(&c);
  };
}

}  // namespace vrambudget::cli
