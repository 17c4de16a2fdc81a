// Questions of other languages: requests as structs, models that were read once, answers as values or as the
// JSON that the program prints.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "vrambudget/advise/suggestion.hpp"
#include "vrambudget/catalogue/compared_file.hpp"
#include "vrambudget/error.hpp"
#include "vrambudget/gpu/probe.hpp"
#include "vrambudget/machine/device.hpp"
#include "vrambudget/model/model.hpp"
#include "vrambudget/model/projector.hpp"
#include "vrambudget/plan/answer.hpp"
#include "vrambudget/plan/sweep_columns.hpp"
#include "vrambudget/request/asked_plan.hpp"
#include "vrambudget/request/calibrate.hpp"
#include "vrambudget/request/launched_run.hpp"
#include "vrambudget/request/model_reader.hpp"
#include "vrambudget/request/named_models.hpp"
#include "vrambudget/request/plan_request.hpp"

namespace vrambudget::request {

/// What a plan is about. What is absent here is named in the request.
struct plan_inputs : named_models {
  std::vector<device> devices;
};

/// What a sweep goes over, and what stands beside each of its models; everything else is in the request,
/// the draft and the projector too if they are absent here.
struct sweep_request {
  std::vector<std::shared_ptr<const model>> models;
  std::shared_ptr<const model> draft;
  std::shared_ptr<const projector> mmproj;
  std::vector<std::vector<device>> gpus;
  std::vector<std::pair<ggml_type, ggml_type>> cache_types;  ///< of K and V
  std::vector<std::uint32_t> n_parallel, n_ctx;
  unsigned n_threads = 0;  ///< 0: as many as the machine runs at once
};

// All may be called by several threads at once. Errors are those of the program: a name that is not found,
// a file that is no model, a run that the engine refuses.

/// A model by path, address, hf:, ollama: or name.
[[nodiscard]] result<std::shared_ptr<const model>> open_model(const std::string& name,
                                                              const source_options& sources = {});
/// A model by the bytes of its file's header, and what the whole file has. A set of several files is no such.
/// Errors: those of gguf::parse() and read_model(); unsupported  a projector, or another file that is no model
[[nodiscard]] result<std::shared_ptr<const model>> model_of_header(
    std::span<const std::byte> header, bytes file_size, const std::string& name);
/// A projector by path or name.
[[nodiscard]] result<std::shared_ptr<const projector>> open_projector(const std::string& path);

/// The devices that the request names; without names those of this machine.
[[nodiscard]] result<std::vector<device>> open_devices(const plan_request& q);

/// A plan, and the model that it is of.
struct planned : made_plan {
  std::shared_ptr<const model> of;
};

/// Without a context the largest one that fits is planned.
[[nodiscard]] result<planned> plan(const plan_inputs& in, const plan_request& q);
/// The same as `vrambudget --json` says it, schema 1.
[[nodiscard]] result<std::string> plan_json(const plan_inputs& in, const plan_request& q);

/// Devices and models that are planned for many times: placements and graphs' memory are used again. One call at a time:
/// who shares it among threads has them take turns.
class kept_planner {
 public:
  /// Errors: those of plan() that are not of a run
  [[nodiscard]] static result<kept_planner> of(const plan_inputs& in, const plan_request& q);
  kept_planner(kept_planner&&) noexcept;
  ~kept_planner();

  /// As request::plan_json() of the same and of `q`, which is of the run alone.
  [[nodiscard]] result<std::string> plan_json(const plan_request& q);
  /// As request::largest_context().
  [[nodiscard]] result<context_limit> largest_context(const plan_request& q, std::uint32_t limit);

 private:
  struct kept;
  explicit kept_planner(std::unique_ptr<kept> k);
  std::unique_ptr<kept> kept_;
};

/// The plan as what starts it in `program`: "llama-server", "ollama", "koboldcpp" or "lmstudio".
/// Errors: those of launch_of(); invalid_argument  there is no such program, or no model is named
[[nodiscard]] result<launched_run> launch(const plan_inputs& in, const plan_request& q,
                                          const std::string& program);

/// The largest context that fits; `limit`: not more than this; 0: the training length.
[[nodiscard]] result<context_limit> largest_context(const plan_inputs& in, const plan_request& q,
                                                    std::uint32_t limit);

/// The same as an object: "program", "text", "notes".
[[nodiscard]] result<std::string> launch_json(const plan_inputs& in, const plan_request& q,
                                              const std::string& program);

/// All points of a grid (plan/sweep.hpp), at most 100 million. Options that the axes decide are refused.
/// `progress` is called on the caller's thread.
[[nodiscard]] result<sweep_result> sweep_grid(const sweep_request& grid, const plan_request& q,
                                              const sweep_progress& progress);

/// All known models, those of this disk first, the best first: what the program says with --json and no model.
/// A draft or a projector is refused. `devices`: none: those that the request names.
[[nodiscard]] result<std::string> rank_json(const std::vector<device>& devices,
                                            const plan_request& q);

/// Which known cards hold a run: what `vrambudget cards --json` says. Devices are refused, given or named.
[[nodiscard]] result<std::string> cards_that_hold_json(const plan_inputs& in,
                                                       const plan_request& q);

/// The best runs by each preference: what `vrambudget best --json` says.
[[nodiscard]] result<std::string> best_runs_json(const plan_inputs& in, const plan_request& q);

/// The builds whose rules are known and what changed between them, and what that does to the run, if a model is given or
/// named: what `vrambudget engines --json` says.
[[nodiscard]] result<std::string> engines_json(const plan_inputs& in, const plan_request& q);

/// Keeps what a run took of GPUs that are named, or of this machine's: what `vrambudget calibrate --used --json` says.
[[nodiscard]] result<std::string> keep_measured_run_json(const measured_run& m,
                                                         const named_models& in,
                                                         const plan_request& q);
/// What is kept, after reading recordings of `vrambudget probe`, if any are named: what `vrambudget calibrate --json` says.
[[nodiscard]] result<std::string> kept_contexts_with_json(
    const std::vector<std::string>& recordings);
/// The same after a GPU's measurements, or all, were forgotten.
[[nodiscard]] result<std::string> forget_contexts_json(const std::string& gpu);

/// The largest context by cache type, micro-batch and slots: what `vrambudget trade --json` says.
[[nodiscard]] result<std::string> trades_json(const plan_inputs& in, const plan_request& q);

/// A file that is compared: a model that was read, or by name.
struct file_to_compare {
  std::string name;
  std::shared_ptr<const model> read = {};  ///< absent: what the name means on the devices
};

/// Files of models on the same devices, each as the request is run. `beside`: as for several at once.
[[nodiscard]] result<std::vector<compared_file>> compare_files(
    const std::vector<file_to_compare>& files, const plan_inputs& beside, const plan_request& q,
    model_reader& reader);
/// The same on the devices that the request names, if none are given: what `vrambudget compare --json` says.
[[nodiscard]] result<std::string> comparison_of_files_json(
    const std::vector<file_to_compare>& files, const plan_inputs& beside, const plan_request& q);

/// Several models at once: what `vrambudget together --json` says. `beside`: a draft and a projector for each,
/// and the devices; what is absent of these is named in the request, which names no model.
[[nodiscard]] result<std::string> models_together_json(
    const std::vector<std::shared_ptr<const model>>& models, const plan_inputs& beside,
    const plan_request& q);

/// The file that llama-quantize would make of the model of that name, as read_recipe_request() has it: what
/// `vrambudget recipe --json` says. `beside`: as for several at once; without devices there and in the request, and none
/// in this machine, there is no plan of it.
[[nodiscard]] result<std::string> recipe_of_json(const std::string& name, std::string_view recipe,
                                                 const plan_inputs& beside, const plan_request& q);

/// What is inside of a file, or how it and `other` differ, or the metadata whose keys have the regular expression `keys`;
/// either may be empty: what `vrambudget inspect --json` says.
[[nodiscard]] result<std::string> inspection_of_json(const std::string& name,
                                                     const std::string& other,
                                                     const std::string& keys,
                                                     const source_options& sources);

/// A log against the plan of its run: what `vrambudget check --json` says. See check_log_of().
[[nodiscard]] result<std::string> check_of_json(std::string_view log, const model* given,
                                                const plan_request& q, const std::string& engine);

/// A model's summary: schema 1's "model".
[[nodiscard]] std::string model_json(const model& m);
/// The catalogue of GPUs; `name`: only this one, or those with all of its words.
[[nodiscard]] result<std::string> gpus_json(const std::string& name);
/// The same with those of a name that no plan can be made for yet ("planned": false), as `vrambudget gpus` says it.
[[nodiscard]] result<std::string> known_gpus_json(const std::string& name);
/// The catalogue of models; `name`: the files of this one, or the one file that it is of.
[[nodiscard]] result<std::string> models_json(const std::string& name = {});
/// The runs of find_runs(): {"program", "line", "name" (absent: none), "args", "options", "notes"} each; `options` as plans
/// take them, with "model".
/// Errors: those of find_runs(); invalid_argument  an option's value is none
[[nodiscard]] result<std::string> runs_json(std::string_view text);
/// A file's chat template, as `vrambudget template --json` says it; by the name of the model.
/// Errors: those of model_reader::look_at()
[[nodiscard]] result<std::string> template_of_json(const std::string& name,
                                                   const source_options& sources = {});
/// The options of a plan: {"name", "names", "kind", "turns_off", "help"} each, `name` as
/// Python has it.
[[nodiscard]] std::string options_json();

/// What tells one state of the catalogue's facts about GPUs and what drivers take from another: 16 hexadecimal digits.
[[nodiscard]] std::string catalogue_version();

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

}  // namespace vrambudget::request
