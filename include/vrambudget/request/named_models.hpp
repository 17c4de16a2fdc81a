// The models that a request names, read.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "vrambudget/error.hpp"
#include "vrambudget/machine/device.hpp"
#include "vrambudget/model/model.hpp"
#include "vrambudget/model/projector.hpp"
#include "vrambudget/plan/planner.hpp"
#include "vrambudget/request/model_reader.hpp"
#include "vrambudget/request/plan_request.hpp"

namespace vrambudget::request {

/// A model, and what goes beside it; null: nothing.
struct named_models {
  std::shared_ptr<const model> main, draft;
  std::shared_ptr<const projector> mmproj;

  /// They must outlive it.
  [[nodiscard]] planner on(std::vector<device> devices, limits l = {}) const {
    return {*main, std::move(devices), l, draft.get(), mmproj.get()};
  }
};

/// Reads a draft and a projector that `q` names and that are not given, for whatever models.
/// Errors: those of model_reader::read() and load_projector()
[[nodiscard]] result<void> read_companions(named_models& given, const plan_request& q,
                                           model_reader& reader);

/// The same with the model, of the size that `q` tells, with its adapters, and with the projector that its name
/// brings along.
/// Errors: invalid_argument  no model is given or named; those of of_size() and load_adapters()
[[nodiscard]] result<named_models> read_models(named_models given, const plan_request& q,
                                               model_reader& reader);

/// The same, of a model's bare name the file that is best on these devices; `q` names then what was read.
[[nodiscard]] result<named_models> read_best_models(named_models given, plan_request& q,
                                                    const std::vector<device>& devices, limits l,
                                                    model_reader& reader);

}  // namespace vrambudget::request
