// Questions of other languages: options and answers are JSON, models are read once and kept.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "vrambudget/error.hpp"
#include "vrambudget/gpu/probe.hpp"
#include "vrambudget/machine/device.hpp"
#include "vrambudget/model/model.hpp"
#include "vrambudget/model/projector.hpp"
#include "vrambudget/plan/sweep_columns.hpp"

namespace vrambudget {

/// What a plan is about. What is absent here is named in the options: "model", "draft", "mmproj", "gpu".
struct plan_inputs {
  std::shared_ptr<const model> main, draft;
  std::shared_ptr<const projector> mmproj;
  std::vector<device> devices;
};

/// What a sweep goes over, and what stands beside each of its models; everything else is in the options,
/// "draft" and "mmproj" too if they are absent here.
struct sweep_request {
  std::vector<std::shared_ptr<const model>> models;
  std::shared_ptr<const model> draft;
  std::shared_ptr<const projector> mmproj;
  std::vector<std::vector<device>> gpus;
  std::vector<std::pair<std::string, std::string>> cache_types;
  std::vector<std::uint32_t> n_parallel, n_ctx;
  unsigned n_threads = 0;  ///< 0: as many as the machine runs at once
};

// `options`: an object as request_of() (options.hpp) takes it; empty: none. All may be called by several
// threads at once. Errors are those of the program: a name that is not found, a file that is no model,
// a run that the engine refuses.

/// A model by path, address, hf:, ollama: or name.
[[nodiscard]] result<std::shared_ptr<const model>> open_model(const std::string& name,
                                                              std::string_view options = {});
/// A projector by path.
[[nodiscard]] result<std::shared_ptr<const projector>> open_projector(const std::string& path);

/// The devices that "gpu", "free", "os" and "display" mean; without "gpu" those of this machine.
[[nodiscard]] result<std::vector<device>> open_devices(std::string_view options);

/// The budget, schema 1. Without a context the largest one that fits is planned, and "max_context" says
/// what binds it.
[[nodiscard]] result<std::string> plan_json(const plan_inputs& in, std::string_view options);

/// {"n_ctx", "bound_by"} of the largest context that fits; `limit`: not more than this; 0: the training
/// length.
[[nodiscard]] result<std::string> max_context_json(const plan_inputs& in, std::string_view options,
                                                   std::uint32_t limit);

/// All points of a grid (plan/sweep.hpp), at most 100 million. "draft" and "mmproj" are beside each model.
/// Options that the axes decide are refused. `progress` is called on the caller's thread.
[[nodiscard]] result<sweep_result> sweep(const sweep_request& q, std::string_view options,
                                         const sweep_progress& progress);

/// A model's summary: schema 1's "model".
[[nodiscard]] std::string model_json(const model& m);
/// The catalogue of GPUs; `name`: only this one.
[[nodiscard]] result<std::string> gpus_json(const std::string& name);
/// The catalogue of models.
[[nodiscard]] std::string models_json();

/// The GPUs of this machine as they are now, and their driver.
struct machine_now {
  driver_version version;
  std::vector<live_device> devices;
  std::vector<device> planned;  ///< as `devices`, as plans take them
};
/// Errors: io  no driver, no device, or either fails
[[nodiscard]] result<machine_now> probe_machine();
/// The same as `vrambudget probe --json` says it.
[[nodiscard]] result<std::string> probe_json();

}  // namespace vrambudget
