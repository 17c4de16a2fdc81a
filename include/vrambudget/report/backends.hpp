// One run under each backend that a machine can take, side by side.
#pragma once

#include <boost/json/array.hpp>
#include <optional>
#include <string>
#include <vector>

#include "vrambudget/plan/answer.hpp"
#include "vrambudget/plan/verdict.hpp"
#include "vrambudget/units.hpp"

namespace vrambudget {

/// What a run takes under one of them.
struct backend_row {
  std::string backend;            ///< "vulkan"
  bytes on_devices, on_host;      ///< of all GPUs together
  std::optional<run_verdict> judged = {};
  std::optional<context_limit> limit = {};  ///< the largest context, if it was looked for
  std::string why = {};                     ///< there is no plan; empty: there is
};

/// A line each.
[[nodiscard]] std::string backends_text(const std::vector<backend_row>& rows);
/// {"backend", "devices_bytes", "host_bytes", "verdict", "fits", "max_context"} or {"backend", "error"} of each.
[[nodiscard]] boost::json::array backends_json(const std::vector<backend_row>& rows);

}  // namespace vrambudget
