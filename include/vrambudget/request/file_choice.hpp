// Which file a model's bare name means: the best one of its files that runs as it is asked for.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "vrambudget/error.hpp"
#include "vrambudget/machine/device.hpp"
#include "vrambudget/plan/planner.hpp"
#include "vrambudget/request/plan_request.hpp"

namespace vrambudget::request {

/// A file that was chosen among others.
struct file_choice {
  std::string name;  ///< "Qwen3-8B-Q6_K"
  std::string says;  ///< what was chosen, for a reader
};

/// The file of the catalogued model `q.model` names without a quantization: of those with 8.5 bits a weight
/// or less the largest that runs on these devices, with the context of the request, or else with one of
/// `least_context` tokens or its training length. Under four bits only if no other runs. If none runs, one of
/// four bits. Nothing: the name says which file, or is none of the catalogue's.
///
/// Errors: those of read_catalogued() and planner::budget_for()
inline constexpr std::uint32_t least_context = 8192;
[[nodiscard]] result<std::optional<file_choice>> choose_file(const plan_request& q,
                                                             const std::vector<device>& devices,
                                                             limits l);

}  // namespace vrambudget::request
