// `vrambudget probe`: the GPUs of this machine as they are now.
#include <fmt/format.h>

#include <boost/json.hpp>
#include <memory>

#include "allocate.hpp"
#include "cli.hpp"
#include "live.hpp"
#include "plan.hpp"
#include "vrambudget/report/json.hpp"
#include "vrambudget/report/text.hpp"
#include "vrambudget/version.hpp"

namespace vrambudget::cli {
namespace {

namespace json = boost::json;

std::string compute_capability(const device& d) {
  return fmt::format("{}.{}", d.cc / 100, d.cc / 10 % 10);
}

void print_text(const std::vector<live_device>& all) {
  for (std::size_t i = 0; i < all.size(); ++i) {
    const live_device& d = all[i];
    fmt::print("{}CUDA{}  {}\n", i ? "\n" : "", i, d.gpu.name);
    const auto row = [](const char* what, const std::string& value) {
      fmt::print("    {:<20}{:>14}\n", what, value);
    };
    const auto size = [&](const char* what, const std::optional<bytes>& b) {
      if (b) row(what, in_mib(*b));
    };
    row("compute capability", compute_capability(d.gpu));
    row("multiprocessors", grouped(d.gpu.n_sm));
    size("total", d.gpu.total);
    size("free", d.gpu.free);
    size("used by others", d.used_by_others);
    size("reserved by driver", d.reserved);
    size("driver context", d.context);
    size("granularity", d.granularity);
  }
}

void print_json(const std::vector<live_device>& all) {
  json::array devices;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const live_device& d = all[i];
    json::object o{{"id", fmt::format("CUDA{}", i)},
                   {"gpu", d.gpu.name},
                   {"compute_capability", compute_capability(d.gpu)},
                   {"sm_count", d.gpu.n_sm},
                   {"total_bytes", d.gpu.total.count},
                   {"free_bytes", d.gpu.free.count}};
    const auto size = [&](const char* key, const std::optional<bytes>& b) {
      if (b) o[key] = b->count;
    };
    size("used_by_others_bytes", d.used_by_others);
    size("reserved_bytes", d.reserved);
    size("driver_context_bytes", d.context);
    size("granularity_bytes", d.granularity);
    devices.push_back(std::move(o));
  }
  fmt::print("{}\n", json::serialize(json::object{{"schema", json_schema},
                                                  {"vrambudget", version},
                                                  {"devices", std::move(devices)}}));
}

}  // namespace

std::function<int()> add_probe(CLI::App& app) {
  struct request {
    plan_request plan;
    std::string ballast = "0";
  };
  auto q = std::make_shared<request>();
  add_model_options(app, q->plan);
  app.add_flag("--json", q->plan.json, "JSON on stdout, schema 1");
  CLI::Option* model =
      app.add_option("--allocate", q->plan.model,
                     "take the buffers of this model's plan, compare, and give them back")
          ->type_name("MODEL");
  app.add_option("--ballast", q->ballast, "memory taken away on each device first [0]")
      ->type_name("SIZE")
      ->needs(model);
  return [q] {
    const bytes ballast = value_or_fail(parse_size(q->ballast), usage);
    const auto all = value_or_fail(live_devices(), no_gpu);
    if (!q->plan.model.empty()) return allocate(q->plan, all, ballast);
    q->plan.json ? print_json(all) : print_text(all);
    return static_cast<int>(yes);
  };
}

}  // namespace vrambudget::cli
