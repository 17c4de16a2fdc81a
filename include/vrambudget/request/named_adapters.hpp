// Adapters as people name them: LoRA adapters and control vectors, by their files.
#pragma once

#include <memory>

#include "vrambudget/error.hpp"
#include "vrambudget/model/adapters.hpp"
#include "vrambudget/model/model.hpp"
#include "vrambudget/request/plan_request.hpp"

namespace vrambudget::request {

/// Those that a request names; null: none.
/// Errors: what the files, read_lora() and read_control_vector() give, with the path in front
[[nodiscard]] result<std::shared_ptr<const adapters>> load_adapters(const plan_request& q);

/// The model with what is loaded beside its tensors.
[[nodiscard]] std::shared_ptr<const model> adapted(const model& m,
                                                   std::shared_ptr<const adapters> by);

/// That adapters are of one model, where several are asked about.
/// Errors: invalid_argument  `--lora`, `--control-vector`
[[nodiscard]] result<void> refuse_adapters(const plan_request& q);

}  // namespace vrambudget::request
