// What a command line names, read; where that fails the command ends. What takes long is told on the terminal.
#pragma once

#include <vector>

#include "failure.hpp"
#include "vrambudget/model/model.hpp"
#include "vrambudget/plan/planner.hpp"
#include "vrambudget/request/asked_plan.hpp"
#include "vrambudget/request/model_reader.hpp"
#include "vrambudget/request/named_gpus.hpp"
#include "vrambudget/request/named_models.hpp"
#include "vrambudget/request/plan_request.hpp"

namespace vrambudget::cli {

using namespace request;  // what people ask for is read there

/// Reads models, with notes and a line of progress on stderr.
[[nodiscard]] model_reader reader_of(const source_options& sources);

/// A model; a wrong name is wrong use, a wrong file bad input.
[[nodiscard]] model read_or_fail(model_reader& reader, const std::string& typed);
[[nodiscard]] named_models models_or_fail(const plan_request& q, model_reader& reader);
/// The same, of a model's bare name the file that is best on these devices, which `q` names then.
[[nodiscard]] named_models best_models_or_fail(plan_request& q, const std::vector<device>& devices,
                                               limits l, model_reader& reader);
/// The draft and the projector alone.
[[nodiscard]] named_models companions_or_fail(const plan_request& q, model_reader& reader);

/// Where no one model is asked about an adapter is wrong use; `why` is said.
void one_model_or_fail(const plan_request& q, std::string_view why);

/// The GPUs that are meant; one that is not known is wrong use.
[[nodiscard]] named_gpus gpus_or_fail(const gpu_request& q);
[[nodiscard]] named_gpus devices_or_fail(const plan_request& q);

/// The budget of the request's model on `devices`, without a context at the largest one that fits. A bare name
/// means the file of the catalogue on any device, since what is measured is kept under that name.
[[nodiscard]] budget budget_or_fail(const plan_request& q, const std::vector<device>& devices);

}  // namespace vrambudget::cli
