// The commands of the program.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "failure.hpp"
#include "vrambudget/report/text.hpp"

namespace CLI {
class App;
}

namespace vrambudget::request {
struct plan_request;
}

namespace vrambudget::cli {

class command_options;

/// Runs `plan` with pasted arguments, its name first, and notes on them; prints what goes wrong, and gives the status.
using plan_command =
    std::function<int(std::vector<std::string> args, std::vector<std::string> notes)>;

/// What `plan` can be told besides the model.
void add_options_of_plan(command_options& can, request::plan_request& q);

/// How text is drawn on stdout: a terminal's width and colours, and blocks where its locale has them.
[[nodiscard]] text_style stdout_style(bool explain = false);
/// Prints text and below it notes; on a terminal lines that it has no room for are broken at blanks.
void print_text(std::string text, const std::vector<std::string>& notes = {});

// Each says what the command can be told and gives what runs it; `args` start with its name.
/// `is_pasted`: the arguments are those of a run that may be another machine's.
[[nodiscard]] std::function<int()> add_plan(command_options& can, std::vector<std::string> notes,
                                            bool is_pasted);
[[nodiscard]] std::function<int()> add_paste(command_options& can,
                                             const std::vector<std::string>& args,
                                             plan_command plan);
[[nodiscard]] std::function<int()> add_batch(command_options& can);
[[nodiscard]] std::function<int()> add_best(command_options& can);
[[nodiscard]] std::function<int()> add_cards(command_options& can);
[[nodiscard]] std::function<int()> add_together(command_options& can);
[[nodiscard]] std::function<int()> add_trade(command_options& can);
[[nodiscard]] std::function<int()> add_recipe(command_options& can);
[[nodiscard]] std::function<int()> add_inspect(command_options& can);
[[nodiscard]] std::function<int()> add_template(command_options& can);
[[nodiscard]] std::function<int()> add_gpus(command_options& can);
[[nodiscard]] std::function<int()> add_models(command_options& can);
[[nodiscard]] std::function<int()> add_engines(command_options& can);
[[nodiscard]] std::function<int()> add_compare(command_options& can);
[[nodiscard]] std::function<int()> add_probe(command_options& can,
                                             const std::vector<std::string>& args);
[[nodiscard]] std::function<int()> add_check(command_options& can);
[[nodiscard]] std::function<int()> add_calibrate(command_options& can);
/// `program`: whose commands are described.
[[nodiscard]] std::function<int()> add_completion(command_options& can, const CLI::App& program);

}  // namespace vrambudget::cli
