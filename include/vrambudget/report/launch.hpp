// How to start what was planned, in programs that run llama.cpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "vrambudget/engine/run.hpp"
#include "vrambudget/error.hpp"
#include "vrambudget/model/model.hpp"
#include "vrambudget/plan/budget.hpp"
#include "vrambudget/plan/planner.hpp"

namespace vrambudget {

/// Programs that a plan can be written for.
enum class launcher : std::uint8_t { llama_server, ollama, koboldcpp, lmstudio };

/// As people write it: "Ollama".
[[nodiscard]] std::string_view name(launcher);
/// "llama-server", "ollama", "koboldcpp" or "lmstudio"; nothing for another text.
[[nodiscard]] std::optional<launcher> find_launcher(std::string_view name);

/// The files of a plan, as they are to be written down: a path, an address, "hf:org/repo:QUANT" or
/// "hf:org/repo/file.gguf".
struct launch_files {
  std::string model;
  std::string mmproj = {};  ///< empty: none
  std::string draft = {};   ///< empty: none
  std::string ollama = {};  ///< the model's name in Ollama's store, "qwen3:8b"; empty: not there
  bool mmproj_is_ollamas = false;  ///< it is the one that this name has
};

/// A plan in a program that may lack settings for it.
struct launch_fit {
  std::uint32_t n_gpu_layers = 0;  ///< that fit: those planned, or fewer
  std::string not_set = {};        ///< what it has no setting for: "-ncmoe 40"; empty: nothing

  friend bool operator==(const launch_fit&, const launch_fit&) = default;
};

/// What of a plan that runs still runs in a program: without what that has no setting for the same layers may need
/// more than the devices have, and then as many go there as they hold.
///
/// Errors:   unsupported  they hold it with no layer
///           those of planner::budget_for
[[nodiscard]] result<launch_fit> fit_launch(launcher, const launch_files& files, planner& p,
                                            const run& r, const budget& b);

/// What starts the run of a budget: a command line for llama-server, a Modelfile for Ollama, a .kcpps
/// file for KoboldCpp, what the SDK's load() takes for LM Studio. What the program has no setting for,
/// and what it makes of the plan on its own, is told in comments, or under "_not_set" and "_notes"
/// where the form has no comments. `n_gpu_layers`: what fit_launch() says; absent: those planned.
[[nodiscard]] std::string launch_text(launcher, const launch_files& files, const model& m,
                                      const run& r, const budget& b,
                                      std::optional<std::uint32_t> n_gpu_layers = {});

}  // namespace vrambudget
