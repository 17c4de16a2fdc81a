// Catalogues and this machine as JSON.
#include <fmt/format.h>

#include <boost/json.hpp>

#include "catalogue/embedded.hpp"
#include "gpu/live_machine.hpp"
#include "io/json_text.hpp"
#include "report/live_devices.hpp"
#include "template/sha256.hpp"
#include "vrambudget/catalogue/catalogued_file.hpp"
#include "vrambudget/catalogue/gpus.hpp"
#include "vrambudget/catalogue/models.hpp"
#include "vrambudget/catalogue/other_gpus.hpp"
#include "vrambudget/report/json.hpp"
#include "vrambudget/request/answers.hpp"
#include "vrambudget/request/model_reader.hpp"
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

/// Without a total: what a driver was seen to report is in its plan.
json::object other_of(const other_gpu& g) {
  json::object o{{"id", g.id},
                 {"name", g.name},
                 {"vendor", g.vendor},
                 {"form", g.form},
                 {"planned", g.is_planned()},
                 {"architecture", g.architecture}};
  if (!g.memory.empty()) {
    json::array& sizes = (o["memory_choices_bytes"] = json::array()).as_array();
    for (const bytes size : g.memory) sizes.push_back(size.count);
  }
  if (g.n_unit) o["compute_units"] = *g.n_unit;
  o["bandwidth_bytes_per_s"] = g.bandwidth_bytes_per_s;
  o["aliases"] = json::value_from(g.aliases);
  return o;
}

/// The keys of a catalogued model, and what is known of the file besides.
result<json::object> file_of(const catalogued_file& f) {
  const auto m = read_catalogued(f);
  if (!m) return m.error();
  json::object o{{"id", f.shape->id},
                 {"name", f.name},
                 {"architecture", m->architecture},
                 {"quantization", f.quantization},
                 {"data_bytes", m->tensor_bytes().count},
                 {"bits_per_weight", m->bits_per_weight()},
                 {"n_params", m->n_params}};
  if (m->hp.n_ctx_train) o["n_ctx_train"] = m->hp.n_ctx_train;
  if (const published_file* p = f.published) {
    json::object& file = (o["published"] = json::object()).as_object();
    if (!p->file.empty()) file["file"] = p->file;
    if (!p->repository.empty()) file["repository"] = p->repository;
    file["file_bytes"] = p->size.count;
    if (!p->within.is_one())
      file["rounded_from_bytes"] = {p->within.low.count, p->within.high.count};
  }
  return o;
}

}  // namespace

std::string model_json(const model& m) { return json_text(model_summary(m)); }

result<std::string> gpus_json(const std::string& name) {
  json::array all;
  if (name.empty()) {
    for (const gpu_entry& g : gpus()) all.push_back(gpu_of(g));
    return json_text(all);
  }
  const auto meant = gpus_named(name);
  if (!meant) return meant.error();
  for (const gpu_entry& g : *meant) all.push_back(gpu_of(g));
  return json_text(all);
}

result<std::string> known_gpus_json(const std::string& name) {
  if (name.empty()) return gpus_json(name);
  const auto meant = known_gpus_named(name);
  if (!meant) return meant.error();
  json::array all;
  for (const gpu_entry& g : meant->planned) all.push_back(gpu_of(g));
  for (const other_gpu& g : meant->others) all.push_back(other_of(g));
  return json_text(all);
}

result<std::string> models_json(const std::string& name) {
  json::array all;
  if (!name.empty()) {
    const auto meant = catalogued_files_meant(name);
    if (!meant) return meant.error();
    for (const catalogued_file& f : meant->files) {
      auto file = file_of(f);
      if (!file) return file.error();
      all.push_back(std::move(*file));
    }
    return json_text(all);
  }
  for (const catalogued_model& m : catalogued_models())
    all.push_back(json::object{{"id", m.id},
                               {"name", m.name},
                               {"architecture", m.architecture},
                               {"quantization", m.quantization},
                               {"data_bytes", m.data.count}});
  return json_text(all);
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
  const auto vulkan = vulkan_devices_here();
  const bool has_vulkan = vulkan && !vulkan->empty();
  if (!live && !has_vulkan) return live.error();
  json::object o{{"schema", json_schema}, {"vrambudget", version}};
  for (auto& [key, value] : devices_json(live ? live->devices : std::vector<live_device>{}))
    o[key] = value;
  if (has_vulkan)
    for (auto& [key, value] : vulkan_devices_json(*vulkan)) o[key] = value;
  return json_text(o);
}

std::string catalogue_version() {
  std::string all;
  for (const auto& files : {vrambudget::detail::gpus_json(), vrambudget::detail::other_gpus_json(),
                            vrambudget::detail::overheads_json()})
    for (const auto& file : files) all += file.text;
  return fmt::format("{:016x}", vrambudget::detail::sha256_beginning(all));
}

}  // namespace vrambudget::request
