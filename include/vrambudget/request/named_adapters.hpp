// Adapters as people name them: LoRA adapters and control vectors, by their files.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

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

/// Adapters that a command line names, those of `args` which are here as files.
[[nodiscard]] plan_request adapters_of_line(const std::vector<std::string>& args);

/// Why they are not counted: of a ranking, of several models at once.
inline constexpr std::string_view of_all_models =
    "adapters are of one model, and a ranking looks at all: plan that one";
inline constexpr std::string_view of_one_of_several =
    "adapters are of one model, and there are several: the plan of that one says what they take, "
    "which --reserve keeps free here";

/// That adapters are not counted where a question is not about one model.
/// Errors: invalid_argument  `--lora`, `--control-vector`; the message says `why` not
[[nodiscard]] result<void> refuse_adapters(const plan_request& q, std::string_view why);

}  // namespace vrambudget::request
