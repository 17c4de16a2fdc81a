// `vrambudget probe`: the GPUs of this machine as they are now.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <memory>

#include "allocate.hpp"
#include "cli.hpp"
#include "gpu/live_machine.hpp"
#include "gpu/vulkan_probe.hpp"
#include "inputs.hpp"
#include "io/json_text.hpp"
#include "options.hpp"
#include "output.hpp"
#include "recording.hpp"
#include "report/live_devices.hpp"
#include "vrambudget/engine/device_id.hpp"
#include "vrambudget/gguf/printable.hpp"
#include "vrambudget/report/text.hpp"
#include "vrambudget/request/typed.hpp"
#include "vrambudget/version.hpp"

namespace vrambudget::cli {
namespace {

namespace json = boost::json;

void print_devices(const std::vector<live_device>& all) {
  for (std::size_t i = 0; i < all.size(); ++i) {
    const live_device& d = all[i];
    print_out("{}{}  {}\n", i ? "\n" : "", name(device_id{.index = static_cast<std::uint32_t>(i)}),
               d.gpu.name);
    const auto row = [](const char* what, const std::string& value) {
      print_out("    {:<20}{:>14}\n", what, value);
    };
    const auto size = [&](const char* what, const std::optional<bytes>& b) {
      if (b) row(what, in_mib(*b));
    };
    row("compute capability", fmt::format("{}.{}", d.gpu.cc / 100, d.gpu.cc / 10 % 10));
    row("multiprocessors", grouped(d.gpu.n_sm));
    size("total", d.gpu.total);
    size("free", d.gpu.free);
    size("used by others", d.used_by_others);
    size("reserved by driver", d.reserved);
    size("driver context", d.context);
    size("granularity", d.granularity);
  }
}

/// As `--gpu name=...,align=...` takes them.
void print_vulkan_devices(const std::vector<live_vulkan_device>& all) {
  for (std::size_t i = 0; i < all.size(); ++i) {
    const live_vulkan_device& d = all[i];
    const device_limits& l = d.gpu.limits;
    print_out("\n{}  {} ({})\n",
               name(device_id{backend_kind::vulkan, static_cast<std::uint32_t>(i)}),
               gguf::printable(d.gpu.name), name(d.kind));
    print_out("    {:<20}{:>14}\n", "total", in_mib(d.gpu.total));
    print_out("    {:<20}{:>14}{}\n", "free", in_mib(d.gpu.free),
               d.tells_budget ? "" : "  the driver tells no budget: all of it");
    print_out("    align={},mapalign={},range={},maxalloc={},maxbuf={},fp16={:d},index64={:d}\n",
               l.alignment, l.host_alignment, l.range, l.allocation, l.buffer, !l.lacks_fp16,
               l.indexes_64_bits);
  }
}

void print_json(json::object members) {
  json::object o{{"schema", json_schema}, {"vrambudget", version}};
  o.insert(members.begin(), members.end());
  print_out("{}\n", json_text(o));
}

/// llama-server's options among the arguments, as they were given.
std::string run_line(const std::vector<std::string>& args) {
  constexpr std::array with_value = {"--allocate", "--ballast", "--dump", "--model-draft",
                                     "--spec-draft-model"};
  std::string line;
  for (std::size_t i = 1; i < args.size(); ++i) {
    const std::string name = args[i].substr(0, args[i].find('='));
    const bool is_own = std::find(with_value.begin(), with_value.end(), name) != with_value.end();
    if (is_own && name == args[i]) ++i;
    if (!is_own && name != "--json") line += (line.empty() ? "" : " ") + args[i];
  }
  return line;
}

}  // namespace

std::function<int()> add_probe(command_options& can, const std::vector<std::string>& args) {
  struct request {
    plan_request plan;
    std::string ballast = "0", dump, run;
  };
  auto q = std::make_shared<request>();
  q->run = run_line(args);
  can.rows_of_run(q->plan);
  can.flag("--json", q->plan.json, "JSON on stdout, schema 1");
  can.text("--allocate", q->plan.model, "MODEL",
           "take the buffers of this model's plan, compare, and give them back");
  can.text("--ballast", q->ballast, "SIZE", "memory taken away on each device first [0]");
  can.needs("--ballast", "--allocate");
  can.text("--dump", q->dump, "FILE", "also write what was found as a recording (data/README.md)");
  return [q] {
    const bytes ballast = value_or_fail(parse_size(q->ballast), usage);
    auto found = this_machine();
    const auto vulkan = vulkan_devices_here();
    const bool has_vulkan = vulkan && !vulkan->empty();
    if (!found && (!has_vulkan || !q->plan.model.empty() || !q->dump.empty()))
      throw failure{
          no_gpu, found.error().message + "; plan for a card by name: vrambudget MODEL --gpu 3090"};
    const live_machine here = found ? std::move(*found) : live_machine{};
    std::optional<trial> t;
    if (!q->plan.model.empty()) t = allocate(q->plan, here.devices, ballast);
    const json::object tried = t ? trial_json(*t, q->plan, q->run, here.devices) : json::object();
    if (!q->dump.empty()) write_recording(q->dump, recording_of(here, tried));
    if (q->plan.json) {
      json::object told = t ? tried : devices_json(here.devices);
      if (!t && has_vulkan)
        for (auto& [key, value] : vulkan_devices_json(*vulkan)) told[key] = value;
      print_json(std::move(told));
    } else if (t) {
      print_trial(*t, here.devices);
    } else {
      print_devices(here.devices);
      if (has_vulkan) print_vulkan_devices(*vulkan);
    }
    return static_cast<int>(yes);
  };
}

}  // namespace vrambudget::cli
