// What `plan` is asked, for the commands that go on from a plan and for the bindings.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "inputs.hpp"
#include "vrambudget/engine/run.hpp"
#include "vrambudget/plan/answer.hpp"
#include "vrambudget/plan/budget.hpp"
#include "vrambudget/plan/planner.hpp"

namespace vrambudget::request {

/// What the command line says.
struct plan_request {
  std::string model, draft, mmproj;
  gpu_request gpus;
  std::string reserve = "0", engine, engine_note, emit;
  std::vector<std::string> calibration_notes;
  bool buffers_only = false, json = false, svg = false, explain = false, max_context = false;
  run r;
  std::string family;         ///< of the models that are ranked; empty: all
  std::uint32_t min_ctx = 0;  ///< tokens that a ranked model must take at least; 0: not said
};

/// What a request names besides its GPUs.
struct plan_models {
  model main;
  std::optional<model> draft;
  std::optional<projector> mmproj;

  [[nodiscard]] planner on(std::vector<device> devices, limits l = {}) const {
    return {main, std::move(devices), l, draft ? &*draft : nullptr, mmproj ? &*mmproj : nullptr};
  }
};

/// Reads them.
/// Errors: bad_input, as a failure
[[nodiscard]] plan_models load_models(const plan_request& q);

/// The exit status of a plan that fails.
[[nodiscard]] status status_of(const error& e);

/// Adds the options of a plan: the model, the GPUs, what they are held against, and
/// add_model_options().
void add_plan_options(CLI::App& app, plan_request& q);

/// Adds the draft model, the projector and llama-server's options.
void add_model_options(CLI::App& app, plan_request& q);

/// Takes the profile that `--engine` means into `r`; what a reader of the plan should know of it.
/// Errors: usage, as a failure
[[nodiscard]] std::string choose_engine(const std::string& text, run& r);

/// The devices it means, with the rules of its engine and what was calibrated of them.
/// Errors: usage, bad_input, as a failure
[[nodiscard]] std::vector<device> choose_devices(plan_request& q);

/// Errors: usage, as a failure
[[nodiscard]] limits limits_of(const plan_request& q);

/// The largest context, if it is asked for; a run that names none gets it.
/// Errors: usage, bad_input, as a failure
[[nodiscard]] std::optional<context_limit> find_context(const plan_request& q, planner& p, run& r);

/// What a reader should know besides the plan's own notes.
void add_notes(const plan_request& q, const model& m, budget& b);

/// The budget of the request's model on `devices`, without a context at the largest one that fits.
/// Errors: usage, bad_input, as a failure
[[nodiscard]] budget budget_on(const plan_request& q, const std::vector<device>& devices);

}  // namespace vrambudget::request
