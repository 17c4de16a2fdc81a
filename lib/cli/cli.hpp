// The commands of the program.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

#include "request/inputs.hpp"

namespace vrambudget::cli {

using namespace request;  // what people type is read there

/// Whether stdout is a terminal that takes colours.
[[nodiscard]] bool stdout_has_colours();

// Each adds its options to `app` and gives what runs the command; `args` start with its name.
[[nodiscard]] std::function<int()> add_plan(CLI::App& app);
[[nodiscard]] std::function<int()> add_inspect(CLI::App& app);
[[nodiscard]] std::function<int()> add_gpus(CLI::App& app);
[[nodiscard]] std::function<int()> add_models(CLI::App& app);
[[nodiscard]] std::function<int()> add_engines(CLI::App& app);
[[nodiscard]] std::function<int()> add_probe(CLI::App& app, const std::vector<std::string>& args);
[[nodiscard]] std::function<int()> add_check(CLI::App& app);
[[nodiscard]] std::function<int()> add_calibrate(CLI::App& app);
/// `program`: whose commands are described.
[[nodiscard]] std::function<int()> add_completion(CLI::App& app, const CLI::App& program);

}  // namespace vrambudget::cli
