// `vrambudget calibrate`: what the user's own cards were seen to take, fitted and kept for later plans.
#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <memory>

#include "cli.hpp"
#include "inputs.hpp"
#include "io/json_text.hpp"
#include "measurements.hpp"
#include "options.hpp"
#include "output.hpp"
#include "vrambudget/catalogue/catalogued_file.hpp"
#include "vrambudget/catalogue/gpus.hpp"
#include "vrambudget/catalogue/overheads.hpp"
#include "vrambudget/io/calibration_json.hpp"
#include "vrambudget/os/this_system.hpp"
#include "vrambudget/report/json.hpp"
#include "vrambudget/report/text.hpp"
#include "vrambudget/request/kept_calibration.hpp"
#include "vrambudget/version.hpp"

namespace vrambudget::cli {
namespace {

namespace json = boost::json;

struct calibrate_request {
  plan_request plan;
  std::vector<std::string> inputs, used;  ///< a model with `used`, else recordings
  std::string run;
  std::optional<std::string> forget;
  bool loaded = false;
};

/// A card before this command changed it.
struct card_before {
  calibrated_device card;
  measured_range context;

  [[nodiscard]] bool is(const calibrated_device& d) const {
    return card.gpu == d.gpu && card.system == d.system && card.driver == d.driver;
  }
};

/// The context of a card of that name, as the driver spells it, without its own measurements.
modelled_context modelled_for(const std::string& gpu) {
  const auto known = find_gpu(gpu);
  return known ? driver_context_of(known->cc, known->n_sm.value_or(0)) : driver_context_of(0, 0);
}

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

void print_card(const calibrated_device& d, const card_before* before) {
  const calibrated_context& f = d.fit;
  print_out("{} under {}{}\n", d.gpu, name(d.system),
             d.driver.empty() ? "" : ", driver " + d.driver);
  print_out("  {:<10}{:>16}{:>16}  {}\n", "date", "measured", "less fitted", "what");
  for (const calibration_measurement& m : d.measurements)
    print_out("  {:<10}{:>16}{:>16}  {}\n", m.date, in_mib(m.used),
               m.is_of_a_run() == f.of_runs ? signed_mib(residual(f, m)) : "not counted",
               what_ran(m));
  const measured_range counted = context_range(d, "", modelled_for(d.gpu));
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

void print_all(const calibration& all, const std::vector<card_before>& before) {
  if (all.devices.empty()) {
    print_out(
        "Nothing is calibrated. What nvidia-smi shows for a run calibrates a card:\n"
        "  vrambudget calibrate --used 21530MiB MODEL --gpu 3090 -c 262144\n");
    return;
  }
  bool first = true;
  for (const calibrated_device& d : all.devices) {
    const auto b =
        std::find_if(before.begin(), before.end(), [&](const card_before& c) { return c.is(d); });
    if (!before.empty() && b == before.end()) continue;
    if (!first) print_out("\n");
    first = false;
    print_card(d, b == before.end() ? nullptr : &*b);
  }
  print_out("\n{}\n", calibration_path(environment_of_process()));
}

void print_json(const calibration& all, const std::vector<card_before>& before) {
  json::value kept = json::parse(calibration_json(all));
  json::array& devices = kept.at("devices").as_array();
  for (std::size_t i = 0; i < devices.size(); ++i) {
    const calibrated_device& d = all.devices[i];
    json::array& rows = devices[i].at("measurements").as_array();
    for (std::size_t k = 0; k < rows.size(); ++k)
      if (d.measurements[k].is_of_a_run() == d.fit.of_runs)
        rows[k].as_object()["residual_bytes"] = std::llround(residual(d.fit, d.measurements[k]));
    for (const card_before& b : before)
      if (b.is(d))
        devices[i].as_object()["before"] =
            json::object{{"bytes", b.context.high.count}, {"basis", name(b.context.basis)}};
  }
  print_out("{}\n",
             json_text(json::object{{"schema", json_schema},
                                          {"vrambudget", version},
                                          {"file", calibration_path(environment_of_process())},
                                          {"devices", std::move(devices)}}));
}

int finish(const calibrate_request& q, const calibration& all,
           const std::vector<card_before>& before) {
  q.plan.json ? print_json(all, before) : print_all(all, before);
  return yes;
}

/// Changes what is kept of this user's cards.
calibration change_or_fail(const std::function<result<void>(calibration&)>& change) {
  return value_or_fail(change_calibration(environment_of_process(), change), bad_input);
}

result<void> add_all(calibration& all, const std::vector<card_measurement>& measured) {
  for (const card_measurement& m : measured)
    if (const auto added = add_measurement(all, m.card, m.measurement); !added)
      return in_context(m.card.gpu, added.error());
  return {};
}

/// Which of a model's files ran is not to be guessed.
void require_one_file(const plan_request& q) {
  if (reader_of(q.sources).finds_file(q.model)) return;
  if (const auto all = catalogued_files_of(q.model); all && all->files.size() > 1)
    throw failure{usage, fmt::format("{} has {} files: name the one that ran, like {}", q.model,
                                     all->files.size(), all->files.front().name)};
}

int add_totals(calibrate_request& q) {
  if (q.inputs.size() != 1) throw failure{usage, "--used is what one MODEL took: name that one"};
  if (q.plan.r.n_ctx == 0) throw failure{usage, "say with which context it ran: -c N"};
  q.plan.model = q.inputs[0];
  require_one_file(q.plan);
  const named_gpus gpus = gpus_or_fail(q.plan.gpus);
  for (const device& d : gpus.devices)
    if (d.backend != backend_kind::cuda)
      throw failure{usage, fmt::format("calibrate: {} is no CUDA device, of which alone contexts "
                                       "are kept",
                                       d.full_name())};
  const budget b = budget_or_fail(q.plan, gpus.devices);
  if (q.used.size() != b.devices.size())
    throw failure{usage, fmt::format("--used has {} sizes, the run takes {} GPUs", q.used.size(),
                                     b.devices.size())};
  std::vector<card_measurement> measured;
  std::vector<card_before> before;
  for (std::size_t i = 0; i < q.used.size(); ++i) {
    const device_budget& d = b.devices[i];
    const read_size used = value_or_fail(parse_reading(q.used[i]), usage);
    if (used.size > d.gpu.total + used.resolution)
      throw failure{usage, fmt::format("--used {}: {} has {} in all", q.used[i],
                                       d.gpu.full_name(), in_mib(d.gpu.total))};
    auto m = measurement_of(d, used, q.loaded);
    m.date = today();
    m.model = q.plan.model;
    m.run = q.run + (q.loaded ? (q.run.empty() ? "" : " ") + std::string("(loaded)") : "");
    measured.push_back({{d.gpu.name, gpus.system, gpus.driver, {}, {}}, std::move(m)});
    before.push_back({measured.back().card, d.gpu.driver_context});
  }
  const calibration all =
      change_or_fail([&](calibration& kept) { return add_all(kept, measured); });
  return finish(q, all, before);
}

int add_recordings(const calibrate_request& q) {
  std::vector<card_measurement> measured;
  for (const std::string& file : q.inputs)
    for (card_measurement& m : recorded_contexts(file, this_system()))
      measured.push_back(std::move(m));
  std::vector<card_before> before;
  const calibration all = change_or_fail([&](calibration& kept) {
    for (const card_measurement& m : measured) {
      const calibrated_device* c = find_calibration(kept, m.card.gpu, m.card.system, m.card.driver);
      const modelled_context modelled = modelled_for(m.card.gpu);
      before.push_back({m.card, c ? context_range(*c, m.card.driver, modelled) : modelled.in_use});
    }
    return add_all(kept, measured);
  });
  return finish(q, all, before);
}

int forget(const calibrate_request& q) {
  std::string name = *q.forget;
  if (const auto known = find_gpu(name)) name = known->name;
  const calibration all = change_or_fail([&](calibration& kept) -> result<void> {
    const auto n = std::erase_if(kept.devices, [&](const calibrated_device& d) {
      return q.forget->empty() || d.gpu == name || d.gpu == *q.forget;
    });
    if (n == 0 && !q.forget->empty()) return error{errc::not_found, name + " is not calibrated"};
    return {};
  });
  return finish(q, all, {});
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
    if (q->forget) return forget(*q);
    if (!q->used.empty()) return add_totals(*q);
    if (q->loaded) throw failure{usage, "--loaded says when --used was read"};
    if (!q->inputs.empty()) return add_recordings(*q);
    return finish(*q, value_or_fail(stored_calibration(environment_of_process()), bad_input), {});
  };
}

}  // namespace vrambudget::cli
