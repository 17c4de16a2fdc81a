// How to start what was planned, in programs that run llama.cpp.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "vrambudget/engine/run.hpp"
#include "vrambudget/model/model.hpp"
#include "vrambudget/plan/budget.hpp"

namespace vrambudget {

/// Programs that a plan can be written for.
enum class launcher : std::uint8_t { llama_server, ollama, koboldcpp, lmstudio };

/// "llama-server", "ollama", "koboldcpp" or "lmstudio"; nothing for another text.
[[nodiscard]] std::optional<launcher> find_launcher(std::string_view name);

/// The files of a plan, as they are to be written down: a path, an address, "hf:org/repo:QUANT" or
/// "hf:org/repo/file.gguf".
struct launch_files {
  std::string model;
  std::string mmproj = {};  ///< empty: none
  std::string draft = {};   ///< empty: none
  std::string ollama = {};  ///< the model's name in Ollama's store, "qwen3:8b"; empty: not there
};

/// What starts the run of a budget: a command line for llama-server, a Modelfile for Ollama, a .kcpps
/// file for KoboldCpp, what the SDK's load() takes for LM Studio. What the program has no setting for,
/// and what it makes of the plan on its own, is told in comments, or under "_not_set" and "_notes"
/// where the form has no comments.
[[nodiscard]] std::string launch_text(launcher, const launch_files& files, const model& m,
                                      const run& r, const budget& b);

}  // namespace vrambudget
