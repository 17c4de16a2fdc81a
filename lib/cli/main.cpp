// The program: picks a command, prints what goes wrong on stderr, and exits with a status that means it.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <deque>
#include <exception>
#include <map>
#include <new>
#include <span>

#include "catalogue/names.hpp"
#include "cli.hpp"
#include "io/json_text.hpp"
#include "options.hpp"
#include "os/files.hpp"
#include "os/terminal.hpp"
#include "output.hpp"
#include "unknown_words.hpp"
#include "vrambudget/engine/llama_cpp.hpp"
#include "vrambudget/request/server_word.hpp"
#include "vrambudget/version.hpp"

namespace {

using namespace vrambudget;
using namespace vrambudget::cli;

std::string about() {
  return fmt::format(
      "Will this model fit on this GPU, with how much context, and where does every byte go?\n"
      "Reads the header of a GGUF file and rebuilds what {} would allocate.\n\n"
      "  vrambudget MODEL --gpu 3090 --ctx 262144    the budget; without --ctx the largest "
      "context\n"
      "  vrambudget --gpu 3090 --ctx 32768           which known models fit\n"
      "  vrambudget cards MODEL --ctx 262144         which known cards hold it\n\n"
      "vrambudget plan --help lists the options of a budget, vrambudget COMMAND --help those of a "
      "command.\n\n"
      "Exit status: 0 fits or done, 1 does not fit or differs, 2 usage, 3 bad input, 4 no usable "
      "GPU or driver,\n70 a bug of ours, 74 the output cannot be written.",
      engine_name);
}

/// The command that a mistyped word may be; empty: it is none.
std::string nearest_command(const std::string& word, std::span<const char* const> commands) {
  const bool is_word =
      std::all_of(word.begin(), word.end(), [](char c) { return c >= 'a' && c <= 'z'; });
  if (!is_word || word.size() < 3 || detail::is_there(word)) return {};
  for (const char* c : commands)
    if (detail::edit_distance(word, c) <= (word.size() < 6 ? 1 : 2)) return c;
  return {};
}

int run_pasted(std::vector<std::string> args, std::vector<std::string> notes);

int run_program(std::vector<std::string> args, std::vector<std::string> notes = {},
                bool is_pasted = false) {
  constexpr std::array commands = {
      "plan",      "paste",    "best", "compare", "cards",   "together", "trade", "recipe",
      "inspect",   "template", "gpus", "models",  "engines", "probe",    "check", "batch",
      "calibrate", "completion"};
  constexpr std::array general = {"--help", "-h", "--version"};
  const auto is_in = [&](const auto& all) {
    return !args.empty() &&
           std::any_of(all.begin(), all.end(), [&](const char* c) { return args[0] == c; });
  };
  if (args.size() > 1 && args[0] == "help") {
    args = {args[1], "--help"};
    if (!is_in(commands)) throw failure{usage, "help " + args[0] + ": there is no such command"};
  }
  if (args.empty() || args[0] == "help") args = {"--help"};
  if (args[0] == "version") args = {"--version"};
  if (!is_in(commands) && !is_in(general)) {
    if (const std::string meant = nearest_command(args[0], commands); !meant.empty())
      throw failure{usage, fmt::format("'{}' is no command; nearest: {}", args[0], meant)};
    args.insert(args.begin(), "plan");
  }
  constexpr std::array of_runs = {"plan",     "best",  "compare", "cards",
                                  "together", "trade", "recipe",  "engines"};
  if (is_in(of_runs)) {
    request::heeded_line line = request::without_server_words({args.begin() + 1, args.end()});
    line.args.insert(line.args.begin(), std::move(args[0]));
    args = std::move(line.args);
    notes.insert(notes.end(), line.notes.begin(), line.notes.end());
  }
  args = with_all_values(with_long_names(args));

  CLI::App app{about(), "vrambudget"};
  app.require_subcommand(1);
  app.allow_windows_style_options(false);  // "/models/a.gguf" is a path there, too
  app.set_version_flag("--version", fmt::format("vrambudget {} for {}, catalogue of {}", version, engine_name,
                                          catalogue_date));
  std::map<CLI::App*, std::function<int()>> actions;
  std::deque<command_options> told;
  const auto add = [&](const char* name, const char* help, auto adder) {
    CLI::App* sub = app.add_subcommand(name, help);
    // the others' options are of no interest
    if (args[0] == name || args[0] == "completion") actions[sub] = adder(told.emplace_back(*sub));
  };
  add("plan", "the budget of a model on GPUs; the default command",
      [&](command_options& can) { return add_plan(can, std::move(notes), is_pasted); });
  add("paste", "the budget of what was pasted: a command line, a compose file, a Modelfile, ...",
      [&](command_options& can) { return add_paste(can, args, run_pasted); });
  add("best", "the best runs of a model by what is wanted most, side by side", add_best);
  add("compare", "files of models side by side: sizes, largest contexts, quality", add_compare);
  add("cards", "which known cards hold a run, smallest first", add_cards);
  add("together", "several models on the same GPUs at once", add_together);
  add("trade", "the largest context by type of KV cache, micro-batch and slots", add_trade);
  add("recipe", "the file that llama-quantize would make of a model", add_recipe);
  add("inspect", "what is inside of a file, or how two models differ", add_inspect);
  add("template",
      "a model's chat template: how tools are called, and whether that is the model's way",
      add_template);
  add("gpus", "GPUs known by name", add_gpus);
  add("models", "models known by name", add_models);
  add("engines", "builds whose rules are known, what changed between them, and what it costs",
      add_engines);
  add("probe", "the GPUs of this machine as they are now",
      [&](command_options& can) { return add_probe(can, args); });
  add("check", "a llama.cpp log against the prediction, line by line", add_check);
  add("batch", "questions as lines of JSON, answered line by line, for programs that ask many: {\"do\": \"plan\", "
      "\"model\": \"Qwen3-8B\", \"gpu\": \"3090\"}",
      add_batch);
  add("calibrate", "fits what the driver takes to what runs on your GPUs were seen to take",
      add_calibrate);
  add("completion", "what a shell sources to complete command lines, or the manual page",
      [&](command_options& can) { return add_completion(can, app); });

  for (CLI::App* sub : app.get_subcommands({})) sub->allow_extras();
  std::reverse(args.begin(), args.end());  // CLI11 takes them from the back
  try {
    app.parse(args);
  } catch (const CLI::Success& e) {
    return app.exit(e);
  } catch (const CLI::Error& e) {
    throw failure{usage, e.what()};
  }
  const CLI::App& command = *app.get_subcommands().front();
  if (const auto unknown = command.remaining(); !unknown.empty())
    throw failure{usage, unknown_words(command, unknown)};
  return actions.at(app.get_subcommands().front())();
}

/// The status, if what was printed is written as well.
int written(int status) {
  if (std::fflush(stdout) == 0 && !std::ferror(stdout)) return status;
  throw failure{not_written, fmt::format("the output cannot be written: {}", std::strerror(errno))};
}

std::string error_json(const std::string& message, int status) {
  namespace json = boost::json;
  return json_text(
      json::object{{"schema", json_schema},
                   {"vrambudget", vrambudget::version},
                   {"error", json::object{{"message", message}, {"status", status}}}});
}

int fail(const failure& f, bool as_json) {
  const std::string message = error_line(f.message);
  tell_user(message);
  if (!as_json || f.code == not_written) return f.code;
  try {
    print_out("{}\n", error_json(message, f.code));
  } catch (const failure&) {  // who reads only that has the status
  }
  return f.code;
}

/// As run_program(); what goes wrong is told, and its status given.
int run_pasted(std::vector<std::string> args, std::vector<std::string> notes) {
  const bool as_json = std::find(args.begin(), args.end(), "--json") != args.end();
  try {
    return run_program(std::move(args), std::move(notes), true);
  } catch (const failure& f) {
    std::fflush(stdout);  // what it is about stands before it
    return fail(f, as_json);
  }
}

}  // namespace

int main(int argc, char** argv) {
  detail::prepare_streams();
  const std::vector<std::string> args = detail::arguments_of(argc, argv);
  const bool as_json = std::find(args.begin(), args.end(), "--json") != args.end();
  try {
    return written(run_program(args));
  } catch (const failure& f) {
    return fail(f, as_json);
  } catch (const std::bad_alloc&) {
    return fail({bad_input, "there is no memory left for what this takes"}, as_json);
  } catch (const std::exception& e) {
    if (std::ferror(stdout))
      return fail({not_written, fmt::format("the output: {}", e.what())}, as_json);
    return fail({our_bug, fmt::format("this is a bug: {}", e.what())}, as_json);
  }
}
