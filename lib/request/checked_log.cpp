#include "vrambudget/request/checked_log.hpp"

#include <fmt/format.h>

#include <utility>

#include "vrambudget/engine/find_profile.hpp"
#include "vrambudget/os/environment.hpp"
#include "vrambudget/request/named_adapters.hpp"
#include "vrambudget/request/named_gpus.hpp"
#include "vrambudget/request/run_line.hpp"

namespace vrambudget::request {

result<log_check> check_log_of(parsed_log log, const std::string& name, const plan_request& q,
                               const std::string& engine, const model* given) {
  if (log.n_known == 0)
    return error{errc::bad_format, fmt::format("{}: none of its {} lines is one of llama.cpp's",
                                               name, log.n_lines)};
  rebuild_options options;
  if (!engine.empty()) {
    auto profile = find_profile(engine);
    if (!profile) return error{errc::invalid_argument, profile.error().message};
    options.profile = std::move(*profile);
  }
  if (!q.gpus.names.empty()) {
    auto gpus = find_gpus(q.gpus, environment_of_process());
    if (!gpus) return gpus.error();
    options.devices = std::move(gpus->devices);
  }
  if (auto r = parse_known_run(log.args)) options.base = std::move(*r);
  const bool tells = !q.loras.empty() || !q.control_vectors.empty();
  auto by = load_adapters(tells ? q : adapters_of_line(log.args));
  if (!by) return by.error();
  options.adapted_by = std::move(*by);
  return check_log(std::move(log), options, given);
}

}  // namespace vrambudget::request
