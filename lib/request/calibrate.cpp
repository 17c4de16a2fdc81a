// Measurements of the user's own cards, added to what is kept and told.
#include "vrambudget/request/calibrate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>

#include "io/json_text.hpp"
#include "request/measurements.hpp"
#include "vrambudget/catalogue/catalogued_file.hpp"
#include "vrambudget/catalogue/gpus.hpp"
#include "vrambudget/catalogue/overheads.hpp"
#include "vrambudget/io/calibration_json.hpp"
#include "vrambudget/os/this_system.hpp"
#include "vrambudget/report/json.hpp"
#include "vrambudget/report/text.hpp"
#include "vrambudget/request/asked_plan.hpp"
#include "vrambudget/request/kept_calibration.hpp"
#include "vrambudget/request/run_line.hpp"
#include "vrambudget/version.hpp"

namespace vrambudget::request {
namespace {

namespace json = boost::json;

error refused(std::string message) { return {errc::invalid_argument, std::move(message)}; }

/// What was measured is at fault where nothing is left for the driver.
result<void> add_all(calibration& all, const std::vector<card_measurement>& measured) {
  for (const card_measurement& m : measured)
    if (const auto added = add_measurement(all, m.card, m.measurement); !added)
      return in_context(m.card.gpu, error{errc::bad_format, added.error().message});
  return {};
}

/// Which of a model's files ran is not to be guessed.
result<void> require_one_file(const plan_request& q, model_reader& reader) {
  if (q.model.empty() || reader.finds_file(q.model)) return {};
  if (const auto all = catalogued_files_of(q.model); all && all->files.size() > 1)
    return refused(fmt::format("{} has {} files: name the one that ran, like {}", q.model,
                               all->files.size(), all->files.front().name));
  return {};
}

std::string words_of(const measured_run& m, const run& r) {
  std::string words = m.run;
  const auto add = [&](std::string_view word) {
    if (!word.empty()) words.append(words.empty() ? "" : " ").append(word);
  };
  if (m.run.empty())
    for (const argument& a : arguments_of(r)) add(a.flag), add(a.value);
  if (m.loaded) add("(loaded)");
  return words;
}

}  // namespace

modelled_context modelled_context_of(const std::string& gpu) {
  const auto known = find_gpu(gpu);
  return known ? driver_context_of(known->cc, known->n_sm.value_or(0)) : driver_context_of(0, 0);
}

result<kept_contexts> keep_measured_run(const measured_run& m, const plan_request& q,
                                        const named_models& models, const named_gpus& gpus,
                                        model_reader& reader, const environment& around) {
  if (q.r.n_ctx == 0) return refused("say with which context it ran: -c N");
  if (const auto one = require_one_file(q, reader); !one) return one.error();
  for (const device& d : gpus.devices)
    if (d.backend != backend_kind::cuda)
      return refused(fmt::format(
          "calibrate: {} is no CUDA device, of which alone contexts are kept", d.full_name()));
  planner p = models.on(gpus.devices);
  const auto b = budget_of(q, p);
  if (!b) return b.error();
  if (m.used.size() != b->devices.size())
    return refused(fmt::format("--used has {} sizes, the run takes {} GPUs", m.used.size(),
                               b->devices.size()));
  std::vector<card_measurement> measured;
  kept_contexts kept;
  for (std::size_t i = 0; i < m.used.size(); ++i) {
    const device_budget& d = b->devices[i];
    const auto used = parse_reading(m.used[i]);
    if (!used) return refused(used.error().message);
    if (used->size > d.gpu.total + used->resolution)
      return refused(fmt::format("--used {}: {} has {} in all", m.used[i], d.gpu.full_name(),
                                 in_mib(d.gpu.total)));
    auto one = measurement_of(d, *used, m.loaded);
    if (!one) return one.error();
    one->date = today();
    one->model = q.model.empty() ? p.get_model().name : q.model;
    one->run = words_of(m, q.r);
    measured.push_back({{d.gpu.name, gpus.system, gpus.driver, {}, {}}, std::move(*one)});
    kept.before.push_back({measured.back().card, d.gpu.driver_context});
  }
  auto all = change_calibration(around, [&](calibration& c) { return add_all(c, measured); });
  if (!all) return all.error();
  kept.all = std::move(*all);
  return kept;
}

result<kept_contexts> keep_recordings(const std::vector<std::string>& files,
                                      const environment& around) {
  kept_contexts kept;
  if (files.empty()) {
    auto all = stored_calibration(around);
    if (!all) return all.error();
    kept.all = std::move(*all);
    return kept;
  }
  std::vector<card_measurement> measured;
  for (const std::string& file : files) {
    auto recorded = recorded_contexts(file, this_system());
    if (!recorded) return recorded.error();
    std::move(recorded->begin(), recorded->end(), std::back_inserter(measured));
  }
  auto all = change_calibration(around, [&](calibration& c) {
    for (const card_measurement& m : measured) {
      const calibrated_device* d = find_calibration(c, m.card.gpu, m.card.system, m.card.driver);
      const modelled_context modelled = modelled_context_of(m.card.gpu);
      kept.before.push_back(
          {m.card, d ? context_range(*d, m.card.driver, modelled) : modelled.in_use});
    }
    return add_all(c, measured);
  });
  if (!all) return all.error();
  kept.all = std::move(*all);
  return kept;
}

result<kept_contexts> forget_contexts(const std::string& gpu, const environment& around) {
  const auto known = find_gpu(gpu);
  const std::string name = known ? known->name : gpu;
  auto all = change_calibration(around, [&](calibration& kept) -> result<void> {
    const auto n = std::erase_if(kept.devices, [&](const calibrated_device& d) {
      return gpu.empty() || d.gpu == name || d.gpu == gpu;
    });
    if (n == 0 && !gpu.empty()) return error{errc::not_found, name + " is not calibrated"};
    return {};
  });
  if (!all) return all.error();
  return kept_contexts{std::move(*all), {}};
}

std::string kept_contexts_json(const kept_contexts& kept, const environment& around) {
  json::value v = json::parse(calibration_json(kept.all));
  json::array& devices = v.at("devices").as_array();
  for (std::size_t i = 0; i < devices.size(); ++i) {
    const calibrated_device& d = kept.all.devices[i];
    json::array& rows = devices[i].at("measurements").as_array();
    for (std::size_t k = 0; k < rows.size(); ++k)
      if (d.measurements[k].is_of_a_run() == d.fit.of_runs)
        rows[k].as_object()["residual_bytes"] = std::llround(residual(d.fit, d.measurements[k]));
    for (const context_before& b : kept.before)
      if (b.is(d))
        devices[i].as_object()["before"] =
            json::object{{"bytes", b.context.high.count}, {"basis", name(b.context.basis)}};
  }
  return json_text(json::object{{"schema", json_schema},
                                {"vrambudget", version},
                                {"file", calibration_path(around)},
                                {"devices", std::move(devices)}});
}

}  // namespace vrambudget::request
