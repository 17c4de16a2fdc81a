#include "vrambudget/request/answers.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <utility>

#include "io/json_text.hpp"
#include "vrambudget/catalogue/preferred_runs.hpp"
#include "vrambudget/catalogue/ranked_models.hpp"
#include "vrambudget/gguf/header.hpp"
#include "vrambudget/os/threads.hpp"
#include "vrambudget/plan/max_context.hpp"
#include "vrambudget/plan/sweep.hpp"
#include "vrambudget/report/cards.hpp"
#include "vrambudget/report/comparison.hpp"
#include "vrambudget/report/json.hpp"
#include "vrambudget/report/preferred_runs.hpp"
#include "vrambudget/report/ranking.hpp"
#include "vrambudget/report/engines.hpp"
#include "vrambudget/report/together.hpp"
#include "vrambudget/report/trade.hpp"
#include "vrambudget/request/asked_together.hpp"
#include "vrambudget/request/file_choice.hpp"
#include "vrambudget/request/known_cards.hpp"
#include "vrambudget/request/model_reader.hpp"
#include "vrambudget/request/named_adapters.hpp"
#include "vrambudget/request/projectors.hpp"
#include "vrambudget/request/under_backends.hpp"
#include "vrambudget/version.hpp"

namespace vrambudget::request {

/// A request with all that it names.
struct read_request {
  plan_request q;
  plan_inputs in;
  std::vector<std::string> gpu_notes;

  [[nodiscard]] planner plans() const { return in.on(in.devices, limits_of(q, q.gpus.ram)); }
};

namespace {

/// The devices that the request names, if none are given, and what the host has then; what is said of them.
result<std::vector<std::string>> choose_if_absent(std::vector<device>& devices,
                                                  std::optional<bytes>& ram,
                                                  const plan_request& q) {
  if (!devices.empty()) return std::vector<std::string>();
  auto gpus = choose_devices(q, environment_of_process());
  if (!gpus) return gpus.error();
  devices = std::move(gpus->devices);
  ram = gpus->ram;
  return std::move(gpus->notes);
}

result<read_request> read(const plan_inputs& given, const plan_request& q, model_reader& reader) {
  read_request a{q, given, {}};
  auto notes = choose_if_absent(a.in.devices, a.q.gpus.ram, q);
  if (!notes) return notes.error();
  a.gpu_notes = std::move(*notes);
  auto models = read_best_models(a.in, a.q, a.in.devices, limits_of(a.q, a.q.gpus.ram), reader);
  if (!models) return models.error();
  static_cast<named_models&>(a.in) = std::move(*models);
  // of one that was opened by name its files are known, and where they are published
  if (a.q.model.empty() && a.in.main->path.empty()) a.q.model = a.in.main->name;
  if (a.in.mmproj && a.q.mmproj.empty()) a.q.mmproj = a.in.mmproj->path;
  return a;
}

result<read_request> read(const plan_inputs& given, const plan_request& q) {
  model_reader reader(q.sources);
  return read(given, q, reader);
}

/// `names_devices`: they are those of the request, which other backends can be named for.
result<planned> plan_on(planner& p, const read_request& a, bool names_devices) {
  auto made = make_plan(a.q, p, a.gpu_notes);
  if (!made) return made.error();
  if (!made->b.fits()) {
    auto smaller =
        smaller_file_that_runs(a.q, made->r, a.in.devices, limits_of(a.q, a.q.gpus.ram),
                               a.in.draft.get(), a.in.mmproj.get(), effort_for(made->changes));
    if (!smaller) return smaller.error();
    made->smaller = std::move(*smaller);
  }
  made->limits = limits_by_type(a.q, p, *made);
  if (names_devices) made->backends = under_backends(a.q, a.in, *made, environment_of_process());
  return planned{std::move(*made), a.in.main};
}

std::string as_json(const planned& p, const plan_request& q) {
  return budget_json(*p.of, p.r, p.b,
                     {p.limit, p.limits, p.changes, p.judged, q.explain,
                      p.fitted ? &*p.fitted : nullptr, p.best ? &*p.best : nullptr, p.smaller,
                      p.speeds, p.backends});
}

/// What a sweep would not heed is no option of it.
result<void> refuse_axes(const plan_request& q) {
  const run usual;
  const char* given = q.r.n_ctx != usual.n_ctx                                   ? "a context"
                      : q.r.n_parallel != usual.n_parallel                       ? "slots"
                      : q.r.type_k != usual.type_k || q.r.type_v != usual.type_v ? "cache types"
                      : !q.gpus.names.empty()                                    ? "GPUs"
                      : !q.model.empty()                                         ? "a model"
                      : q.file_size                                              ? "a file's size"
                      : q.max_context                                            ? "max_context"
                                                                                 : nullptr;
  if (!given) return {};
  return error{errc::invalid_argument,
               fmt::format("the options of a sweep name {}: its axes do, or nothing", given)};
}

/// Of several models the options name none, and tell no file's size.
result<void> refuse_one_model(const plan_inputs& beside, const plan_request& q) {
  if (beside.main || !q.model.empty())
    return error{errc::invalid_argument, "the options name a model: give all of them as models"};
  if (q.file_size)
    return error{errc::invalid_argument, "the options tell a file's size, and there are several"};
  return {};
}

result<void> refuse_too_many(const sweep_axes& axes) {
  constexpr std::uint64_t most = 100'000'000;
  std::uint64_t n = 1;
  for (const std::size_t axis : {axes.models.size(), axes.gpus.size(), axes.cache_types.size(),
                                 axes.n_parallel.size(), axes.n_ctx.size()}) {
    n *= axis;
    if (axis > most || n > most)
      return error{errc::invalid_argument, fmt::format("a sweep has at most {} points", most)};
  }
  return {};
}

}  // namespace

result<std::shared_ptr<const model>> open_model(const std::string& name,
                                                const source_options& sources) {
  auto m = model_reader(sources).read(name);
  if (!m) return m.error();
  return std::make_shared<const model>(std::move(*m));
}

result<std::shared_ptr<const model>> model_of_header(std::span<const std::byte> header,
                                                     bytes file_size, const std::string& name) {
  const auto parsed = gguf::parse(header, {.file_size = file_size});
  if (!parsed) return in_context(name, parsed.error());
  auto m = model_of_headers({&*parsed, 1}, name, file_size);
  if (!m) return m.error();
  return std::make_shared<const model>(std::move(*m));
}

result<std::shared_ptr<const projector>> open_projector(const std::string& path) {
  auto p = load_projector(path);
  if (!p) return p.error();
  return std::make_shared<const projector>(std::move(*p));
}

result<std::vector<device>> open_devices(const plan_request& q) {
  auto gpus = choose_devices(q, environment_of_process());
  if (!gpus) return gpus.error();
  return std::move(gpus->devices);
}

result<planned> plan(const plan_inputs& in, const plan_request& q) {
  const auto a = read(in, q);
  if (!a) return a.error();
  planner p = a->plans();
  return plan_on(p, *a, in.devices.empty());
}

struct kept_planner::kept {
  read_request a;
  planner p;
  bool names_devices;

  /// The same with another run.
  [[nodiscard]] read_request with(const plan_request& q) const {
    read_request now = a;
    now.q = q;
    now.q.model = a.q.model;
    now.q.file_note = a.q.file_note;
    now.q.mmproj = a.q.mmproj;
    now.q.gpus = a.q.gpus;
    return now;
  }
};

kept_planner::kept_planner(std::unique_ptr<kept> k) : kept_(std::move(k)) {}
kept_planner::kept_planner(kept_planner&&) noexcept = default;
kept_planner::~kept_planner() = default;

result<kept_planner> kept_planner::of(const plan_inputs& in, const plan_request& q) {
  auto a = read(in, q);
  if (!a) return a.error();
  planner p = a->plans();
  return kept_planner(std::unique_ptr<kept>(new kept{std::move(*a), std::move(p), in.devices.empty()}));
}

result<std::string> kept_planner::plan_json(const plan_request& q) {
  const auto p = plan_on(kept_->p, kept_->with(q), kept_->names_devices);
  return p ? as_json(*p, q) : result<std::string>(p.error());
}

result<context_limit> kept_planner::largest_context(const plan_request& q, std::uint32_t limit) {
  return max_context(kept_->p, q.r, limit);
}

result<launched_run> launch(const plan_inputs& in, const plan_request& q,
                            const std::string& program) {
  const auto l = find_launcher(program);
  if (!l)
    return error{errc::invalid_argument,
                 "program '" + program + "': llama-server, ollama, koboldcpp or lmstudio"};
  auto a = read(in, q);
  if (!a) return a.error();
  planner p = a->plans();
  const auto made = make_plan(a->q, p, a->gpu_notes);
  return made ? launch_of(*l, a->q, a->in, p, *made) : made.error();
}

result<std::string> launch_json(const plan_inputs& in, const plan_request& q,
                                const std::string& program) {
  const auto started = launch(in, q, program);
  if (!started) return started.error();
  boost::json::array notes(started->notes.begin(), started->notes.end());
  return json_text(boost::json::object{{"schema", json_schema},
                                       {"vrambudget", version},
                                       {"program", program},
                                       {"text", started->text},
                                       {"notes", std::move(notes)}});
}

result<std::string> plan_json(const plan_inputs& in, const plan_request& q) {
  const auto p = plan(in, q);
  return p ? as_json(*p, q) : result<std::string>(p.error());
}

result<context_limit> largest_context(const plan_inputs& in, const plan_request& q,
                                      std::uint32_t limit) {
  const auto a = read(in, q);
  if (!a) return a.error();
  planner p = a->plans();
  return max_context(p, q.r, limit);
}

result<sweep_result> sweep_grid(const sweep_request& grid, const plan_request& q,
                                const sweep_progress& progress) {
  if (const auto ok = refuse_axes(q); !ok) return ok.error();
  if (const auto ok = refuse_chosen_runs(q, "a sweep plans what its axes say"); !ok)
    return ok.error();
  std::vector<std::shared_ptr<const model>> models = grid.models;
  if (models.size() == 1) {
    auto by = load_adapters(q);
    if (!by) return by.error();
    if (*by) models.front() = adapted(*models.front(), std::move(*by));
  } else if (const auto one = refuse_adapters(
                 q, "adapters are of one model, and the sweep has several: sweep that one alone");
             !one) {
    return one.error();
  }
  named_models beside{nullptr, grid.draft, grid.mmproj};
  model_reader reader(q.sources);
  if (const auto ok = read_companions(beside, q, reader); !ok) return ok.error();
  sweep_axes axes;
  axes.base = q.r;
  axes.held_against = limits_of(q, q.gpus.ram);
  axes.draft = beside.draft.get();
  axes.mmproj = beside.mmproj.get();
  for (const auto& m : models) axes.models.push_back(m.get());
  axes.gpus = grid.gpus;
  axes.cache_types = grid.cache_types;
  axes.n_parallel = grid.n_parallel;
  axes.n_ctx = grid.n_ctx;
  if (const auto ok = refuse_too_many(axes); !ok) return ok.error();
  return sweep(axes, progress, on_threads(grid.n_threads));
}

result<std::string> rank_json(const std::vector<device>& devices, const plan_request& q) {
  if (!q.model.empty() || !q.draft.empty() || !q.mmproj.empty() || q.file_size)
    return error{errc::invalid_argument,
                 "a ranking takes no model, draft or projector, and no file's size"};
  if (const auto ok = refuse_adapters(q, of_all_models); !ok) return ok.error();
  ranking_question asked{devices, limits_of(q, q.gpus.ram), q.r, q.min_ctx,
                         q.prefer.value_or(preference::quality)};
  const auto chosen = choose_if_absent(asked.devices, asked.held_against.ram, q);
  if (!chosen) return chosen.error();
  model_reader reader(q.sources);
  const known_models among{reader.stored(), read_stored, q.family, {}};
  const std::vector<ranked_model> all = rank_models(asked, among, on_threads()).models;
  if (all.empty() && q.family.empty())
    if (const auto ok = check_ranking(asked); !ok) return ok.error();
  return ranking_json(asked, all);
}

result<std::string> cards_that_hold_json(const plan_inputs& given, const plan_request& q) {
  if (!given.devices.empty())
    return error{errc::invalid_argument, "all known cards are looked at: give no devices"};
  const auto known = known_cards(q, environment_of_process());
  if (!known) return known.error();
  model_reader reader(q.sources);
  const auto models = read_models(given, q, reader);
  if (!models) return models.error();
  const auto asked = cards_question_of(q, *models->main, models->draft.get(), models->mmproj.get());
  if (!asked) return asked.error();
  const auto found = find_cards(*asked, *known, on_threads());
  if (!found) return found.error();
  return cards_json(*asked, *known, *found);
}

result<std::string> best_runs_json(const plan_inputs& in, const plan_request& q) {
  if (const auto ok = refuse_chosen_runs(q, "best plans them all"); !ok) return ok.error();
  const auto a = read(in, q);
  if (!a) return a.error();
  planner p = a->plans();
  const auto all = find_preferred_runs(p, told_run(q, *a->in.main));
  if (!all) return all.error();
  return preferred_runs_json(*a->in.main, q.r, *all);
}

result<std::string> engines_json(const plan_inputs& in, const plan_request& q) {
  if (const auto ok = refuse_chosen_runs(q, "engines plans one run"); !ok) return ok.error();
  if (!in.main && q.model.empty()) return vrambudget::engines_json(nullptr);
  const auto a = read(in, q);
  if (!a) return a.error();
  planner p = a->in.on(a->in.devices);
  const auto c = compare_engines(a->q, p);
  if (!c) return c.error();
  return vrambudget::engines_json(&*c);
}

result<std::string> keep_measured_run_json(const measured_run& m, const named_models& in,
                                           const plan_request& q) {
  const environment around = environment_of_process();
  const auto gpus = find_gpus(q.gpus, around);
  if (!gpus) return gpus.error();
  model_reader reader(q.sources);
  const auto models = read_models(in, q, reader);
  if (!models) return models.error();
  const auto kept = keep_measured_run(m, q, *models, *gpus, reader, around);
  if (!kept) return kept.error();
  return kept_contexts_json(*kept, around);
}

result<std::string> kept_contexts_with_json(const std::vector<std::string>& recordings) {
  const environment around = environment_of_process();
  const auto kept = keep_recordings(recordings, around);
  if (!kept) return kept.error();
  return kept_contexts_json(*kept, around);
}

result<std::string> forget_contexts_json(const std::string& gpu) {
  const environment around = environment_of_process();
  const auto kept = forget_contexts(gpu, around);
  if (!kept) return kept.error();
  return kept_contexts_json(*kept, around);
}

result<std::string> trades_json(const plan_inputs& in, const plan_request& q) {
  if (const auto ok = refuse_chosen_runs(q, "trade tries many"); !ok) return ok.error();
  const auto a = read(in, q);
  if (!a) return a.error();
  const auto all = find_trades([&] { return a->plans(); }, q.r, trade_axes_of(q.r), on_threads());
  if (!all) return all.error();
  return trade_json(*a->in.main, q.r, *all);
}

result<std::vector<compared_file>> compare_files(const std::vector<file_to_compare>& files,
                                                 const plan_inputs& beside, const plan_request& q,
                                                 model_reader& reader) {
  if (const auto ok = refuse_one_model(beside, q); !ok) return ok.error();
  if (const auto ok = refuse_chosen_runs(q, "files are compared as they run alike"); !ok)
    return ok.error();
  std::vector<compared_file> all;
  for (const file_to_compare& f : files) {
    plan_inputs in = beside;
    in.main = f.read;
    plan_request one = q;
    one.model = f.name;
    const auto a = read(in, one, reader);
    if (!a) return a.error();
    planner p = a->plans();
    auto c = compare_file(p, a->q.r, a->q.model);
    if (!c) return c.error();
    all.push_back(std::move(*c));
  }
  return all;
}

result<std::string> comparison_of_files_json(const std::vector<file_to_compare>& files,
                                             const plan_inputs& beside, const plan_request& q) {
  plan_inputs in = beside;
  plan_request on = q;
  const auto chosen = choose_if_absent(in.devices, on.gpus.ram, q);
  if (!chosen) return chosen.error();
  model_reader reader(q.sources);
  const auto all = compare_files(files, in, on, reader);
  if (!all) return all.error();
  return comparison_json(*all);
}

result<std::string> models_together_json(const std::vector<std::shared_ptr<const model>>& models,
                                         const plan_inputs& beside, const plan_request& q) {
  if (const auto ok = refuse_one_model(beside, q); !ok) return ok.error();
  plan_inputs in = beside;
  std::optional<bytes> ram = q.gpus.ram;
  const auto chosen = choose_if_absent(in.devices, ram, q);
  if (!chosen) return chosen.error();
  model_reader reader(q.sources);
  if (const auto ok = refuse_adapters(q, of_one_of_several); !ok) return ok.error();
  if (const auto ok = read_companions(in, q, reader); !ok) return ok.error();
  std::vector<const model*> all;
  for (const auto& m : models) all.push_back(m.get());
  const auto asked = together_question_of(q, std::move(all), std::move(in.devices), ram,
                                          in.draft.get(), in.mmproj.get());
  if (!asked) return asked.error();
  const auto answer = plan_together(*asked);
  if (!answer) return answer.error();
  return together_json(*asked, *answer);
}

}  // namespace vrambudget::request
