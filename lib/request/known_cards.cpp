#include "vrambudget/request/known_cards.hpp"

#include <algorithm>
#include <string>

#include "vrambudget/catalogue/gpus.hpp"
#include "vrambudget/request/asked_plan.hpp"
#include "vrambudget/request/file_choice.hpp"
#include "vrambudget/request/kept_calibration.hpp"

namespace vrambudget::request {
namespace {

/// Their driver contexts as they were calibrated.
result<void> calibrate(std::vector<known_card>& all, operating_system system,
                       const environment& around) {
  named_gpus as_named;
  as_named.system = system;
  for (const known_card& k : all) as_named.devices.push_back(k.alone);
  if (const auto done = calibrate_devices(as_named, around); !done) return done.error();
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i].alone.driver_context = as_named.devices[i].driver_context;
    if (all[i].second) all[i].second->driver_context = all[i].alone.driver_context;
  }
  return {};
}

}  // namespace

result<std::vector<known_card>> known_cards(const plan_request& q, const environment& around) {
  if (!q.gpus.names.empty() || !q.gpus.free.empty())
    return error{errc::invalid_argument,
                 "cards looks at all known ones: leave --gpu and --free out, or plan for yours: "
                 "vrambudget MODEL --gpu " +
                     (q.gpus.names.empty() ? std::string("3090") : q.gpus.names.front())};
  surroundings first;
  first.display = q.gpus.display;
  if (q.gpus.system) first.system = *q.gpus.system;
  surroundings other = first;
  other.display = desktop::none;  // the first one draws it
  const bool alike = !first.display && first.system == operating_system::native_linux;
  std::vector<known_card> all;
  for (const gpu_entry& g : gpus()) {
    all.push_back({g.id, g.memory, to_device(g, first)});
    if (g.form != "laptop" && g.form != "unified")
      all.back().second = alike ? all.back().alone : to_device(g, other);
  }
  if (q.gpus.no_calibration || q.buffers_only) return all;
  if (const auto done = calibrate(all, first.system, around); !done) return done.error();
  return all;
}

result<cards_question> cards_question_of(const plan_request& q, const model& m, const model* draft,
                                         const projector* mmproj) {
  if (const auto ok = refuse_chosen_runs(q, "or name a card with --gpu and plan"); !ok)
    return ok.error();
  cards_question asked{&m, q.r, limits_of(q, q.gpus.ram), draft, mmproj};
  const std::uint32_t trained = m.hp.n_ctx_train;
  if (asked.r.n_ctx == 0)
    asked.r.n_ctx = q.tells_ctx ? trained
                    : trained   ? std::min(trained, least_context)
                                : least_context;
  return asked;
}

}  // namespace vrambudget::request
