#include "request/answers.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <mutex>
#include <optional>

#include "gpu/live_machine.hpp"
#include "inputs.hpp"
#include "plan_request.hpp"
#include "projectors.hpp"
#include "report/live_devices.hpp"
#include "request/options.hpp"
#include "vrambudget/advise/what_would_fit.hpp"
#include "vrambudget/catalogue/gpus.hpp"
#include "vrambudget/catalogue/models.hpp"
#include "vrambudget/os/threads.hpp"
#include "vrambudget/plan/max_context.hpp"
#include "vrambudget/plan/sweep.hpp"
#include "vrambudget/report/json.hpp"
#include "vrambudget/version.hpp"

namespace vrambudget {
namespace {

namespace json = boost::json;
using request::failure;

/// Options of sources are the process's, models on disk are looked for once: one request at a time.
std::mutex& reading() {
  static std::mutex m;
  return m;
}

error as_error(const failure& f) {
  const errc usual = f.code == request::usage    ? errc::invalid_argument
                     : f.code == request::no_gpu ? errc::io
                                                 : errc::not_found;
  return {f.why.value_or(usual), f.message};
}

/// What `work` gives, or the failure it threw, as a result.
template <class Work>
auto guarded(Work work) -> result<decltype(work())> {
  try {
    return work();
  } catch (const failure& f) {
    return as_error(f);
  } catch (const exception& e) {
    return e.what_failed;
  }
}

request::plan_request read_options(std::string_view text) {
  if (text.empty()) return request_of({});
  boost::system::error_code bad;
  const json::value v = json::parse(text, bad);
  if (bad || !v.is_object())
    throw failure{request::usage, "the options are no JSON object", errc::bad_format};
  return request_of(v.as_object());
}

/// A request with all that it names.
struct asked {
  request::plan_request q;
  plan_inputs in;
  limits l;

  [[nodiscard]] planner plans() const {
    return {*in.main, in.devices, l, in.draft.get(), in.mmproj.get()};
  }
};

asked read(const plan_inputs& given, std::string_view options) {
  const std::lock_guard one(reading());
  asked a{read_options(options), given, {}};
  if (a.in.devices.empty())
    a.in.devices = request::choose_devices(a.q);
  else if (!a.q.engine.empty())
    a.q.engine_note = request::choose_engine(a.q.engine, a.q.r);
  a.l = request::limits_of(a.q);
  if (!a.in.main) {
    if (a.q.model.empty()) throw failure{request::usage, "no model is named"};
    a.in.main = std::make_shared<model>(request::load_model(a.q.model));
  }
  if (!a.in.draft && !a.q.draft.empty())
    a.in.draft = std::make_shared<model>(request::load_model(a.q.draft));
  if (!a.in.mmproj && !a.q.mmproj.empty())
    a.in.mmproj = std::make_shared<projector>(request::load_projector(a.q.mmproj));
  if (a.in.mmproj && a.q.mmproj.empty()) a.q.mmproj = a.in.mmproj->path;
  return a;
}

/// What a sweep would not heed is no option of it.
void refuse_axes(const request::plan_request& q) {
  const run usual;
  const char* given = q.r.n_ctx != usual.n_ctx                                   ? "a context"
                      : q.r.n_parallel != usual.n_parallel                       ? "slots"
                      : q.r.type_k != usual.type_k || q.r.type_v != usual.type_v ? "cache types"
                      : !q.gpus.names.empty()                                    ? "GPUs"
                      : !q.model.empty()                                         ? "a model"
                      : q.max_context                                            ? "max_context"
                      : !q.family.empty() || q.min_ctx != 0 ? "what models are ranked by"
                      : !q.emit.empty()                     ? "emit"
                                                            : nullptr;
  if (given)
    throw failure{request::usage,
                  fmt::format("the options of a sweep name {}: its axes do, or nothing", given),
                  errc::invalid_argument};
}

void refuse_too_many(const sweep_axes& axes) {
  constexpr std::uint64_t most = 100'000'000;
  std::uint64_t n = 1;
  for (const std::size_t axis : {axes.models.size(), axes.gpus.size(), axes.cache_types.size(),
                                 axes.n_parallel.size(), axes.n_ctx.size()}) {
    n *= axis;
    if (axis > most || n > most)
      throw failure{request::usage, fmt::format("a sweep has at most {} points", most),
                    errc::invalid_argument};
  }
}

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

result<std::shared_ptr<const model>> open_model(const std::string& name, std::string_view options) {
  return guarded([&]() -> std::shared_ptr<const model> {
    const std::lock_guard one(reading());
    (void)read_options(options);  // those of sources hold for the process
    return std::make_shared<model>(request::load_model(name));
  });
}

result<std::shared_ptr<const projector>> open_projector(const std::string& path) {
  return guarded([&]() -> std::shared_ptr<const projector> {
    return std::make_shared<projector>(request::load_projector(path));
  });
}

result<std::vector<device>> open_devices(std::string_view options) {
  return guarded([&] {
    const std::lock_guard one(reading());
    request::plan_request q = read_options(options);
    return request::choose_devices(q);
  });
}

result<std::string> plan_json(const plan_inputs& in, std::string_view options) {
  return guarded([&] {
    const asked a = read(in, options);
    planner p = a.plans();
    run r = a.q.r;
    const std::optional<context_limit> limit = request::find_context(a.q, p, r);
    budget b = p.budget_for(r).value();
    request::add_notes(a.q, *a.in.main, b);
    std::vector<suggestion> changes;
    if (!b.fits()) changes = what_would_fit(p, r);
    return budget_json(*a.in.main, r, b, {limit, changes, a.q.explain});
  });
}

result<std::string> max_context_json(const plan_inputs& in, std::string_view options,
                                     std::uint32_t limit) {
  return guarded([&] {
    const asked a = read(in, options);
    planner p = a.plans();
    const context_limit most = max_context(p, a.q.r, limit).value();
    return json::serialize(json::object{{"n_ctx", most.n_ctx}, {"bound_by", most.bound_by}});
  });
}

result<sweep_result> sweep(const sweep_request& q, std::string_view options,
                           const sweep_progress& progress) {
  return guarded([&] {
    sweep_axes axes;
    std::optional<model> draft;
    std::optional<projector> mmproj;
    {
      const std::lock_guard one(reading());
      request::plan_request base = read_options(options);
      refuse_axes(base);
      if (!base.engine.empty()) (void)request::choose_engine(base.engine, base.r);
      axes.base = base.r;
      axes.held_against = request::limits_of(base);
      axes.draft = q.draft.get();
      if (!base.draft.empty()) axes.draft = &draft.emplace(request::load_model(base.draft));
      axes.mmproj = q.mmproj.get();
      if (!base.mmproj.empty()) axes.mmproj = &mmproj.emplace(request::load_projector(base.mmproj));
      for (const auto& [k, v] : q.cache_types) {
        const run r = request_of({{"type_k", k}, {"type_v", v}}).r;
        axes.cache_types.emplace_back(r.type_k, r.type_v);
      }
    }
    for (const auto& m : q.models) axes.models.push_back(m.get());
    axes.gpus = q.gpus;
    axes.n_parallel = q.n_parallel;
    axes.n_ctx = q.n_ctx;
    refuse_too_many(axes);
    return sweep(axes, progress, on_threads(q.n_threads));
  });
}

std::string model_json(const model& m) { return json::serialize(model_summary(m)); }

result<std::string> gpus_json(const std::string& name) {
  return guarded([&] {
    json::array all;
    if (!name.empty())
      all.push_back(gpu_of(find_gpu(name).value()));
    else
      for (const gpu_entry& g : gpus()) all.push_back(gpu_of(g));
    return json::serialize(all);
  });
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

}  // namespace vrambudget
