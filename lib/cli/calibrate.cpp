// `vrambudget calibrate`: what the user's own cards were seen to take, fitted and kept for later plans.
#include "vrambudget/request/calibrate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "cli.hpp"
#include "inputs.hpp"
#include "options.hpp"
#include "output.hpp"
#include "vrambudget/report/text.hpp"
#include "vrambudget/request/kept_calibration.hpp"

namespace vrambudget::cli {
namespace {

struct calibrate_request {
  plan_request plan;
  std::vector<std::string> inputs, used;  ///< a model with `used`, else recordings
  std::string run;
  std::optional<std::string> forget;
  bool loaded = false;
};

std::string signed_mib(double size) {
  return (size < 0 ? "-" : "+") +
         in_mib({static_cast<std::uint64_t>(std::llround(std::abs(size)))});
}

std::string what_ran(const calibration_measurement& m) {
  return m.is_of_a_run() ? m.model + (m.run.empty() ? "" : " ") + m.run : m.source;
}

std::string pool_text(const calibrated_context& f) {
  if (!f.of_runs) return "not drawn in what was measured; kernels' code is not in it either";
  if (!f.pool_share_error)
    return "taken as drawn whole: too few runs with pools of different sizes to tell";
  return fmt::format("{:.2f} +-{:.2f} of its bound was drawn; plans count all of it", f.pool_share,
                     *f.pool_share_error);
}

void print_card(const calibrated_device& d, const context_before* before) {
  const calibrated_context& f = d.fit;
  print_out("{} under {}{}\n", d.gpu, name(d.system),
            d.driver.empty() ? "" : ", driver " + d.driver);
  print_out("  {:<10}{:>16}{:>16}  {}\n", "date", "measured", "less fitted", "what");
  for (const calibration_measurement& m : d.measurements)
    print_out("  {:<10}{:>16}{:>16}  {}\n", m.date, in_mib(m.used),
              m.is_of_a_run() == f.of_runs ? signed_mib(residual(f, m)) : "not counted",
              what_ran(m));
  const measured_range counted = context_range(d, "", modelled_context_of(d.gpu));
  print_out("  driver_context  {}, {} to {} {}\n", in_mib(f.context), in_mib(counted.low),
            in_mib(counted.high),
            f.n_measurements > 1 ? "with 95 % confidence"
                                 : "as cards spread; another reading tells how far this one does");
  print_out("  pool            {}\n", pool_text(f));
  print_out("  plans count     {}", in_mib(counted.high));
  if (before)
    print_out("; before: {} ({})", in_mib(before->context.high), name(before->context.basis));
  print_out("\n");
}

void print_all(const kept_contexts& kept) {
  if (kept.all.devices.empty()) {
    print_out(
        "Nothing is calibrated. What nvidia-smi shows for a run calibrates a card:\n"
        "  vrambudget calibrate --used 21530MiB MODEL --gpu 3090 -c 262144\n");
    return;
  }
  bool first = true;
  for (const calibrated_device& d : kept.all.devices) {
    const auto b = std::find_if(kept.before.begin(), kept.before.end(),
                                [&](const context_before& c) { return c.is(d); });
    if (!kept.before.empty() && b == kept.before.end()) continue;
    if (!first) print_out("\n");
    first = false;
    print_card(d, b == kept.before.end() ? nullptr : &*b);
  }
  print_out("\n{}\n", calibration_path(environment_of_process()));
}

int finish(const calibrate_request& q, result<kept_contexts>&& changed) {
  const kept_contexts kept = value_or_fail(std::move(changed));
  if (q.plan.json)
    print_out("{}\n", kept_contexts_json(kept, environment_of_process()));
  else
    print_all(kept);
  return yes;
}

int add_totals(calibrate_request& q) {
  if (q.inputs.size() != 1) throw failure{usage, "--used is what one MODEL took: name that one"};
  q.plan.model = q.inputs[0];
  const named_gpus gpus = gpus_or_fail(q.plan.gpus);
  model_reader reader = reader_of(q.plan.sources);
  const named_models models = models_or_fail(q.plan, reader);
  return finish(q, keep_measured_run({q.used, q.loaded, q.run}, q.plan, models, gpus, reader,
                                     environment_of_process()));
}

}  // namespace

std::function<int()> add_calibrate(command_options& can) {
  auto q = std::make_shared<calibrate_request>();
  can.texts("MODEL,-m,--model", q->inputs,
            "the model that ran, by file or name (with --used), or recordings of probe");
  can.list("--used", q->used, "SIZE,...",
           "what nvidia-smi shows for the engine's process on each GPU, after a prompt of a "
           "micro-batch or more: 21530MiB");
  can.flag("--loaded", q->loaded, "it was read when the model had been loaded, before any prompt");
  can.rows({topic::gpus}, q->plan);
  can.text("--driver", q->plan.gpus.driver, "VERSION", "the driver's version, 550.54.14");
  can.row("--engine", q->plan);
  can.optional_text("--forget", q->forget, "NAME", "forget a GPU's measurements [all of them]");
  can.flag("--json", q->plan.json, "JSON on stdout, schema 1");
  can.rows_of_run(q->plan);
  return [q, &can] {
    q->run = can.given_of_run();
    const environment around = environment_of_process();
    if (q->forget) return finish(*q, forget_contexts(*q->forget, around));
    if (!q->used.empty()) return add_totals(*q);
    if (q->loaded) throw failure{usage, "--loaded says when --used was read"};
    return finish(*q, keep_recordings(q->inputs, around));
  };
}

}  // namespace vrambudget::cli
