// Takes a plan's buffers in a process of its own and compares them with the plan.
#include "allocate.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "cli.hpp"
#include "live.hpp"
#include "vrambudget/gpu/allocate.hpp"
#include "vrambudget/report/text.hpp"
#include "vrambudget/version.hpp"

namespace vrambudget::cli {
namespace {

namespace json = boost::json;

/// What is taken on one device.
struct device_trial {
  int index = 0;
  std::vector<wanted_buffer> buffers;
  std::vector<std::optional<bytes>> taken;  ///< as `buffers`, once they were taken
};

constexpr const char* ballast_name = "ballast";

/// The driver's context is no buffer: the process that takes them has one by then.
std::vector<device_trial> trials_of(const budget& b, bytes ballast) {
  std::vector<device_trial> all;
  for (const device_budget& d : b.devices) {
    device_trial t;
    t.index = std::stoi(d.id.substr(d.id.find_first_of("0123456789")));
    if (ballast.count > 0) t.buffers.push_back({ballast_name, ballast});
    for (const term& buffer : d.terms)
      if (buffer.name != "driver_context")
        t.buffers.push_back({std::string(buffer.name), buffer.size});
    all.push_back(std::move(t));
  }
  return all;
}

result<json::object> take_all(const std::vector<device_trial>& trials) {
  const auto cuda = load_driver_api();
  if (!cuda) return cuda.error();
  if (const int s = cuda->cuInit(0); s != driver_api::success)
    return driver_error(*cuda, "cuInit", s);
  json::array devices;
  for (const device_trial& t : trials) {
    const auto taken = take_buffers(*cuda, t.index, t.buffers, is_interrupted);
    if (!taken) return taken.error();
    json::array sizes;
    for (const std::optional<bytes>& b : *taken)
      sizes.push_back(b ? json::value(b->count) : json::value());
    devices.push_back(std::move(sizes));
  }
  return json::object{{"devices", std::move(devices)}};
}

void read_answer(const json::object& answer, std::vector<device_trial>& trials) {
  for (std::size_t i = 0; i < trials.size(); ++i)
    for (const json::value& v : answer.at("devices").as_array().at(i).as_array())
      trials[i].taken.push_back(v.is_null() ? std::nullopt
                                            : std::optional(bytes{v.to_number<std::uint64_t>()}));
}

void print_text(const budget& b, const std::vector<device_trial>& trials,
                const std::vector<live_device>& devices) {
  fmt::print("{} tokens; buffers taken, written to and given back\n", grouped(b.context.n_ctx));
  for (std::size_t i = 0; i < trials.size(); ++i) {
    const device_trial& t = trials[i];
    fmt::print("\nCUDA{}  {}\n    {:<22}{:>16}{:>16}\n", t.index, b.devices[i].gpu.name, "",
               "predicted", "taken");
    const auto row = [](const std::string& name, bytes predicted, std::optional<bytes> taken) {
      fmt::print("    {:<22}{:>16}{:>16}\n", name, in_mib(predicted), taken ? in_mib(*taken) : "-");
    };
    if (const bytes context = b.devices[i].of("driver_context"); context.count > 0)
      row("driver_context", context, devices.at(static_cast<std::size_t>(t.index)).context);
    for (std::size_t k = 0; k < t.buffers.size(); ++k)
      row(t.buffers[k].name, t.buffers[k].size, t.taken[k]);
  }
}

void print_json(const budget& b, const std::vector<device_trial>& trials,
                const std::vector<live_device>& live) {
  json::array devices;
  for (std::size_t i = 0; i < trials.size(); ++i) {
    const device_trial& t = trials[i];
    json::array buffers;
    const auto add = [&](std::string_view name, bytes predicted, std::optional<bytes> taken) {
      json::object o{{"term", name}, {"predicted_bytes", predicted.count}};
      if (taken) o["taken_bytes"] = taken->count;
      buffers.push_back(std::move(o));
    };
    if (const bytes context = b.devices[i].of("driver_context"); context.count > 0)
      add("driver_context", context, live.at(static_cast<std::size_t>(t.index)).context);
    for (std::size_t k = 0; k < t.buffers.size(); ++k)
      add(t.buffers[k].name, t.buffers[k].size, t.taken[k]);
    devices.push_back(json::object{{"id", fmt::format("CUDA{}", t.index)},
                                   {"gpu", b.devices[i].gpu.name},
                                   {"buffers", std::move(buffers)}});
  }
  fmt::print("{}\n", json::serialize(json::object{{"schema", json_schema},
                                                  {"vrambudget", version},
                                                  {"n_ctx", b.context.n_ctx},
                                                  {"devices", std::move(devices)}}));
}

}  // namespace

int allocate(const plan_request& q, const std::vector<live_device>& live, bytes ballast) {
  std::vector<device> devices;
  for (const live_device& d : live) {
    devices.push_back(d.gpu);
    devices.back().free = saturating_sub(d.gpu.free, ballast);
  }
  const budget b = budget_on(q, devices);
  for (const device_budget& d : b.devices)
    if (!d.fits())
      throw failure{does_not_fit, fmt::format("{}: the plan needs {} of {}, nothing was taken",
                                              d.id, in_mib(d.used()), in_mib(d.usable))};
  std::vector<device_trial> trials = trials_of(b, ballast);
  const auto answer = in_own_process([&] { return take_all(trials); });
  if (!answer)
    throw failure{answer.error().code == errc::limit ? does_not_fit : no_gpu,
                  answer.error().message};
  read_answer(*answer, trials);
  q.json ? print_json(b, trials, live) : print_text(b, trials, live);
  return yes;
}

}  // namespace vrambudget::cli
