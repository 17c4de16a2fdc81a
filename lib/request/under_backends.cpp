#include "vrambudget/request/under_backends.hpp"

#include <string>
#include <utility>

namespace vrambudget::request {
namespace {

backend_row row_of(asked_backend b, const made_plan& made) {
  backend_row row{std::string(word_of(b)), {}, made.b.host.needed()};
  for (const device_budget& d : made.b.devices) row.on_devices += d.used();
  row.judged = made.judged;
  row.limit = made.limit;
  return row;
}

backend_row row_without(asked_backend b, const error& why) {
  backend_row row;
  row.backend = word_of(b);
  row.why = why.message;
  return row;
}

}  // namespace

std::vector<backend_row> under_backends(const plan_request& q, const named_models& models,
                                        const made_plan& first, const environment& around) {
  std::vector<backend_row> rows;
  if (q.gpus.backends.size() < 2) return rows;
  for (const asked_backend b : q.gpus.backends) {
    if (b == q.gpus.backends.front()) {
      if (rows.empty()) rows.push_back(row_of(b, first));
      continue;
    }
    plan_request one = q;
    one.gpus.backends = {b};
    const auto gpus = choose_devices(one, around);
    if (!gpus) {
      rows.push_back(row_without(b, gpus.error()));
      continue;
    }
    planner p = models.on(gpus->devices, limits_of(one, gpus->ram));
    const auto made = make_plan(one, p, {});
    rows.push_back(made ? row_of(b, *made) : row_without(b, made.error()));
  }
  return rows;
}

}  // namespace vrambudget::request
