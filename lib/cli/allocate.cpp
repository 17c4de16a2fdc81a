// Takes a plan's buffers in a process of its own and compares them with the plan.
#include "allocate.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "gpu/live_machine.hpp"
#include "gpu/own_process.hpp"
#include "os/files.hpp"
#include "os/paths.hpp"
#include "output.hpp"
#include "vrambudget/catalogue/models.hpp"
#include "vrambudget/report/text.hpp"

namespace vrambudget::cli {
namespace {

namespace json = boost::json;

constexpr const char* ballast_name = "ballast";

/// The driver's context is no buffer: the process that takes them has one by then. Pages are what they take.
std::vector<device_trial> trials_of(const budget& b, bytes ballast) {
  std::vector<device_trial> all;
  for (const device_budget& d : b.devices) {
    device_trial t;
    t.index = static_cast<int>(d.id.index);
    const auto add = [&t](std::string_view name, bytes size, basis known) {
      t.buffers.push_back({std::string(name), size});
      t.known.push_back(known);
    };
    if (ballast.count > 0) add(ballast_name, ballast, basis::exact);
    for (const term& buffer : d.terms)
      if (buffer.kind != term_kind::driver_context && buffer.kind != term_kind::page_rounding)
        add(name(buffer.kind), buffer.size, buffer.basis);
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
    for (const taken_buffer& b : *taken) sizes.push_back({b.free_before.count, b.free_after.count});
    devices.push_back(std::move(sizes));
  }
  return json::object{{"devices", std::move(devices)}};
}

void read_answer(const json::object& answer, std::vector<device_trial>& trials) {
  const auto size = [](const json::value& v) { return bytes{v.to_number<std::uint64_t>()}; };
  for (std::size_t i = 0; i < trials.size(); ++i)
    for (const json::value& v : answer.at("devices").as_array().at(i).as_array())
      trials[i].taken.push_back({size(v.at(0)), size(v.at(1))});
}

/// The catalogue's id, or the file's name without the folders of this machine.
std::string public_name(const std::string& typed) {
  if (!detail::is_there(typed))
    if (const auto known = find_model(typed)) return known->id;
  return detail::name_in(typed);
}

}  // namespace

trial allocate(const plan_request& q, const std::vector<live_device>& live, bytes ballast) {
  // a recording is the same on every machine: nothing here is calibrated
  std::vector<device> devices;
  for (const live_device& d : live) {
    devices.push_back(to_device(d));
    devices.back().free = saturating_sub(d.gpu.free, ballast);
  }
  trial t{budget_or_fail(q, devices), ballast, {}};
  for (const device_budget& d : t.plan.devices)
    if (!d.fits())
      throw failure{does_not_fit, fmt::format("{}: the plan needs {} of {}, nothing was taken",
                                              name(d.id), in_mib(d.used()), in_mib(d.usable))};
  t.devices = trials_of(t.plan, ballast);
  const auto answer = in_own_process([&] { return take_all(t.devices); });
  if (!answer)
    throw failure{answer.error().code == errc::limit ? does_not_fit : no_gpu,
                  answer.error().message};
  read_answer(*answer, t.devices);
  return t;
}

void print_trial(const trial& t, const std::vector<live_device>& live) {
  print_out("{} tokens; buffers taken, written to and given back\n",
             grouped(t.plan.context.n_ctx));
  for (std::size_t i = 0; i < t.devices.size(); ++i) {
    const device_trial& d = t.devices[i];
    const device_budget& b = t.plan.devices[i];
    print_out("\n{}  {}\n    {:<22}{:>16}{:>16}\n", name(b.id), b.gpu.name, "", "predicted",
               "taken");
    const auto row = [](std::string_view name, bytes predicted, std::optional<bytes> taken) {
      print_out("    {:<22}{:>16}{:>16}\n", name, in_mib(predicted), taken ? in_mib(*taken) : "-");
    };
    if (const bytes context = b.of(term_kind::driver_context); context.count > 0)
      row(name(term_kind::driver_context), context,
          live.at(static_cast<std::size_t>(d.index)).context);
    for (std::size_t k = 0; k < d.buffers.size(); ++k)
      row(d.buffers[k].name, d.buffers[k].size, d.taken[k].size());
  }
}

json::object trial_json(const trial& t, const plan_request& q, const std::string& run,
                        const std::vector<live_device>& live) {
  json::array devices;
  for (std::size_t i = 0; i < t.devices.size(); ++i) {
    const device_trial& d = t.devices[i];
    const device_budget& b = t.plan.devices[i];
    json::array buffers;
    for (const term& context : b.terms) {
      if (context.kind != term_kind::driver_context) continue;
      json::object o{{"term", name(context.kind)},
                     {"basis", name(context.basis)},
                     {"predicted_bytes", context.size.count}};
      if (const auto measured = live.at(static_cast<std::size_t>(d.index)).context)
        o["taken_bytes"] = measured->count;
      buffers.push_back(std::move(o));
    }
    for (std::size_t k = 0; k < d.buffers.size(); ++k) {
      json::object o{{"term", d.buffers[k].name},
                     {"basis", name(d.known[k])},
                     {"predicted_bytes", d.buffers[k].size.count},
                     {"free_before_bytes", d.taken[k].free_before.count},
                     {"free_after_bytes", d.taken[k].free_after.count}};
      if (const auto size = d.taken[k].size()) o["taken_bytes"] = size->count;
      buffers.push_back(std::move(o));
    }
    devices.push_back(
        json::object{{"id", name(b.id)}, {"gpu", b.gpu.name}, {"buffers", std::move(buffers)}});
  }
  json::object o{{"model", public_name(q.model)}};
  if (!q.draft.empty()) o["draft"] = public_name(q.draft);
  o["run"] = run;
  o["n_ctx"] = t.plan.context.n_ctx;
  if (t.ballast.count > 0) o["ballast_bytes"] = t.ballast.count;
  o["devices"] = std::move(devices);
  return o;
}

}  // namespace vrambudget::cli
