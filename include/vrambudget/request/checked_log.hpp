// A log against the plan of its run, as it is asked for.
#pragma once

#include <string>

#include "vrambudget/error.hpp"
#include "vrambudget/log/log_check.hpp"
#include "vrambudget/log/parsed_log.hpp"
#include "vrambudget/model/model.hpp"
#include "vrambudget/request/plan_request.hpp"

namespace vrambudget::request {

/// `name`: of the log, for messages. Of the request count GPUs and adapters; without them the log's own, the adapters of
/// its command line as far as their files are here. `engine`: the build that wrote it, empty: as the log says.
/// `given`: its model; null: what the log's lines tell of it.
///
/// Errors: bad_format  none of its lines is one of llama.cpp's
///         those of find_profile(), find_gpus() and load_adapters()
[[nodiscard]] result<log_check> check_log_of(parsed_log log, const std::string& name,
                                             const plan_request& q, const std::string& engine,
                                             const model* given);

}  // namespace vrambudget::request
