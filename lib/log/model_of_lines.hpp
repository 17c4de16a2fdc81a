// A model made of what a log says of it.
#pragma once

#include "vrambudget/error.hpp"
#include "vrambudget/log/parsed_log.hpp"
#include "vrambudget/model/model.hpp"

namespace vrambudget {

/// Its hyperparameters, without tensors: a header is written of the log's lines and read again.
/// Errors: as read_model: too little of it is in the log
[[nodiscard]] result<model> model_of_lines(const log_model& lines);

}  // namespace vrambudget
