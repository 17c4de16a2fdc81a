// LM Studio: `lms load`.
//
// Source: lmstudio-ai/lms, src/subcommands/load.ts
#include "request/pasted/server_line.hpp"

namespace vrambudget::request::pasted {

server_line of_lm_studio(const words& args) {
  server_line line;
  std::string model, gpu, n_ctx;
  for (std::size_t i = 0; i < args.size(); ++i) {
    const std::size_t equals = args[i].starts_with("--") ? args[i].find('=') : std::string::npos;
    const std::string name = args[i].substr(0, equals);
    const auto value = [&]() -> std::string {
      if (equals != std::string::npos) return args[i].substr(equals + 1);
      return i + 1 < args.size() ? args[++i] : "";
    };
    if (name == "--gpu")
      gpu = value();
    else if (name == "-c" || name == "--context-length")
      n_ctx = value();
    else if (name == "--identifier" || name == "--ttl" || name == "--host" || name == "--port")
      (void)value();
    else if (!name.starts_with('-') && model.empty())
      model = name;
  }
  if (!model.empty()) line.args = {"-m", model};
  line.args.insert(line.args.end(), {"-np", "1"});
  if (!n_ctx.empty())
    line.args.insert(line.args.end(), {"-c", n_ctx});
  else
    line.notes.emplace_back(
        "no --context-length: LM Studio takes what it keeps for the model, 4,096 by default");
  if (gpu == "off" || gpu == "0")
    line.args.insert(line.args.end(), {"-ngl", "0"});
  else if (gpu.empty())
    line.notes.emplace_back(
        "no --gpu: LM Studio takes as many layers as it reckons to fit; planned are all");
  else if (gpu != "max" && gpu != "1" && gpu != "1.0")
    line.notes.emplace_back("--gpu " + gpu +
                            ": a share of the layers; planned are all, -ngl says how many");
  return line;
}

}  // namespace vrambudget::request::pasted
