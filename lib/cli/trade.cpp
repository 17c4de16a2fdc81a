// `vrambudget trade`: what a longer context is traded for.
#include "vrambudget/report/trade.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "cli.hpp"
#include "inputs.hpp"
#include "options.hpp"
#include "output.hpp"
#include "vrambudget/os/threads.hpp"

namespace vrambudget::cli {
namespace {

int run_trade(plan_request q) {
  if (q.model.empty()) throw failure{usage, "trade: name a model: vrambudget trade Qwen3-8B-Q8_0"};
  if (const auto ok = refuse_chosen_runs(q, "trade tries many"); !ok)
    throw failure{usage, ok.error().message};
  const named_gpus gpus = devices_or_fail(q);
  const limits l = limits_of(q, gpus.ram);
  model_reader reader = reader_of(q.sources);
  const named_models models = best_models_or_fail(q, gpus.devices, l, reader);
  const std::vector<trade> all = value_or_fail(find_trades(
      [&] { return models.on(gpus.devices, l); }, q.r, trade_axes_of(q.r), on_threads()));
  if (q.json)
    print_out("{}", trade_json(*models.main, q.r, all));
  else if (q.svg)
    print_out("{}", trade_svg(*models.main, q.r, all));
  else
    print_text(trade_text(*models.main, q.r, all), gpus.notes);
  return std::any_of(all.begin(), all.end(),
                     [&](const trade& t) { return t.holds(std::max(q.r.n_ctx, 1u)); })
             ? yes
             : does_not_fit;
}

}  // namespace

std::function<int()> add_trade(command_options& can) {
  auto q = std::make_shared<plan_request>();
  can.rows({topic::model, topic::gpus, topic::plan}, *q);
  can.rows_of_run(*q);
  can.flag("--json", q->json, "JSON on stdout, schema 1");
  can.flag("--svg", q->svg, "a picture on stdout, as SVG");
  can.exclude("--svg", "--json");
  return [q] { return run_trade(*q); };
}

}  // namespace vrambudget::cli
