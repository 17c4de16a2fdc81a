// Catalogues and this machine as JSON.
#include <boost/json.hpp>

#include "gpu/live_machine.hpp"
#include "report/live_devices.hpp"
#include "vrambudget/catalogue/gpus.hpp"
#include "vrambudget/catalogue/models.hpp"
#include "vrambudget/report/json.hpp"
#include "vrambudget/request/answers.hpp"
#include "vrambudget/version.hpp"

namespace vrambudget::request {
namespace {

namespace json = boost::json;

json::object gpu_of(const gpu_entry& g) {
  json::object o{
      {"id", g.id}, {"name", g.name}, {"form", g.form}, {"memory_bytes", g.memory.count}};
  const device d = to_device(g);
  o["total_bytes"] = d.total.count;
  if (g.cc)
    o["compute_capability"] = std::to_string(g.cc / 100) + "." + std::to_string(g.cc / 10 % 10);
  if (g.n_sm) o["n_sm"] = *g.n_sm;
  if (g.bandwidth_bytes_per_s) o["bandwidth_bytes_per_s"] = g.bandwidth_bytes_per_s;
  o["aliases"] = json::value_from(g.aliases);
  return o;
}

}  // namespace

std::string model_json(const model& m) { return json::serialize(model_summary(m)); }

result<std::string> gpus_json(const std::string& name) {
  json::array all;
  if (name.empty()) {
    for (const gpu_entry& g : gpus()) all.push_back(gpu_of(g));
    return json::serialize(all);
  }
  const auto meant = gpus_named(name);
  if (!meant) return meant.error();
  for (const gpu_entry& g : *meant) all.push_back(gpu_of(g));
  return json::serialize(all);
}

std::string models_json() {
  json::array all;
  for (const catalogued_model& m : catalogued_models())
    all.push_back(json::object{{"id", m.id},
                               {"name", m.name},
                               {"architecture", m.architecture},
                               {"quantization", m.quantization},
                               {"data_bytes", m.data.count}});
  return json::serialize(all);
}

result<machine_now> probe_machine() {
  auto live = this_machine();
  if (!live) return live.error();
  machine_now m{live->version, std::move(live->devices), {}};
  for (const live_device& d : m.devices) m.planned.push_back(to_device(d));
  return m;
}

result<std::string> probe_json() {
  const auto live = this_machine();
  if (!live) return live.error();
  json::object o{{"schema", json_schema}, {"vrambudget", version}};
  for (auto& [key, value] : devices_json(live->devices)) o[key] = value;
  return json::serialize(o);
}

}  // namespace vrambudget::request
