#include "live_machine.hpp"

#include <boost/json.hpp>
#include <optional>
#include <string>
#include <utility>

#include "own_process.hpp"
#include "vrambudget/catalogue/overheads.hpp"
#include "vrambudget/os/this_system.hpp"

namespace vrambudget {
namespace {

namespace json = boost::json;

json::object to_json(const live_device& d) {
  json::object o{{"name", d.gpu.name},
                 {"cc", d.gpu.cc},
                 {"n_sm", d.gpu.n_sm},
                 {"total", d.gpu.total.count},
                 {"free", d.gpu.free.count}};
  const auto put = [&](const char* key, const std::optional<bytes>& b) {
    if (b) o[key] = b->count;
  };
  put("reserved", d.reserved);
  put("used_by_others", d.used_by_others);
  put("granularity", d.granularity);
  put("context", d.context);
  return o;
}

live_device from_json(const json::object& o) {
  const auto number = [&](const char* key) { return o.at(key).to_number<std::uint64_t>(); };
  const auto size = [&](const char* key) -> std::optional<bytes> {
    if (!o.contains(key)) return std::nullopt;
    return bytes{number(key)};
  };
  live_device d;
  d.gpu.name = o.at("name").as_string();
  d.gpu.cc = static_cast<std::uint32_t>(number("cc"));
  d.gpu.n_sm = static_cast<std::uint32_t>(number("n_sm"));
  d.gpu.total = {number("total")};
  d.gpu.free = {number("free")};
  d.reserved = size("reserved");
  d.used_by_others = size("used_by_others");
  d.granularity = size("granularity");
  d.context = size("context");
  return d;
}

result<json::object> ask_driver() {
  const auto cuda = load_driver_api();
  if (!cuda) return cuda.error();
  const auto nvml = load_nvml_api();
  const auto all = probe_devices(*cuda, nvml ? &*nvml : nullptr);
  if (!all) return all.error();
  json::array devices;
  for (const live_device& d : *all) devices.push_back(to_json(d));
  json::object answer{{"devices", std::move(devices)}};
  const driver_version version = version_of(*cuda, nvml ? &*nvml : nullptr);
  if (version.driver) answer["driver"] = *version.driver;
  if (version.cuda) answer["cuda"] = *version.cuda;
  return answer;
}

}  // namespace

device to_device(const live_device& d) {
  device g = d.gpu;
  const modelled_context modelled = driver_context_of(g.cc, g.n_sm);
  g.driver_context = modelled.in_use;
  g.draft_context = driver_contexts().draft;
  if (d.context)
    g.driver_context = {*d.context, *d.context + modelled.growth, *d.context + modelled.most_growth,
                        basis::fitted, "measured on this GPU just now, and what grows in use"};
  if (this_system() != operating_system::native_linux)
    g.spills_from = saturating_sub(g.total + d.reserved.value_or(bytes{}), spilled_below_total());
  if (d.used_by_others)
    g.others = {*d.used_by_others, *d.used_by_others, *d.used_by_others, basis::fitted,
                "held by others on this GPU just now"};
  return g;
}

result<live_machine> this_machine() {
  const auto answer = in_own_process(ask_driver);
  if (!answer) return answer.error();
  live_machine m;
  const auto text = [&](const char* key, std::optional<std::string>& to) {
    if (const json::value* v = answer->if_contains(key)) to = std::string(v->as_string());
  };
  text("driver", m.version.driver);
  text("cuda", m.version.cuda);
  for (const json::value& d : answer->at("devices").as_array())
    m.devices.push_back(from_json(d.as_object()));
  return m;
}

}  // namespace vrambudget
