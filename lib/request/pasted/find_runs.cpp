#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cctype>
#include <iterator>

#include "request/pasted/configuration.hpp"
#include "request/pasted/llama_cpp_python.hpp"
#include "request/pasted/preset.hpp"
#include "request/pasted/prose.hpp"
#include "request/pasted/server_line.hpp"
#include "vrambudget/request/option.hpp"
#include "vrambudget/request/pasted_run.hpp"
#include "vrambudget/request/server_word.hpp"

namespace vrambudget::request {
namespace {

using namespace pasted;
namespace json = boost::json;

using found_runs = std::vector<pasted_run>;

pasted_run as_run(std::string name, std::size_t line, const launch& l) {
  server_line s = as_server_line(l);
  return {std::move(name), std::string(name_of(l.program)), line, std::move(s.args),
          std::move(s.notes)};
}

std::size_t line_of(std::string_view text, std::size_t at) {
  return 1 + static_cast<std::size_t>(
                 std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
}

result<found_runs> runs_of_json(std::string_view text) {
  boost::system::error_code failed;
  const json::value v = json::parse(text, failed);
  if (failed)
    return error{errc::bad_format, fmt::format("JSON that is none: {}", failed.message())};
  const json::object* file = v.if_object();
  if (!file || !(file->contains("model_param") || file->contains("model")))
    return error{errc::not_found,
                 "JSON without model_param: expected what KoboldCpp saves as .kcpps"};
  server_line s = of_kcpps(*file);
  return found_runs{
      {"", std::string(name_of(program::koboldcpp)), 1, std::move(s.args), std::move(s.notes)}};
}

/// Where a line begins with FROM; npos: none does.
std::size_t find_from(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::size_t word = std::min(text.find_first_not_of(" \t", at), text.size());
    const std::string_view line = text.substr(word, end > word ? end - word : 0);
    constexpr std::string_view from = "from ";
    // "from llama_cpp import Llama" is Python
    if (line.size() > from.size() && line.find(" import ") == line.npos &&
        std::equal(from.begin(), from.end(), line.begin(),
                   [](char a, char b) { return a == std::tolower(static_cast<unsigned char>(b)); }))
      return word;
    at = end + 1;
  }
  return text.npos;
}

/// Whether the words are options alone: one says what the model is, or all are known and there are several.
bool are_options(const words& all) {
  if (all.front().size() < 2 || !all.front().starts_with('-')) return false;
  if (names_model(all)) return true;
  std::size_t n_known = 0;
  for (const std::string& word : all) {
    const std::string_view name = std::string_view(word).substr(0, word.find('='));
    const bool is_number = name.size() > 1 && name[1] >= '0' && name[1] <= '9';
    if (!name.starts_with('-') || is_number) continue;
    if (find_option(name) == nullptr && find_server_word(name) == nullptr) return false;
    ++n_known;
  }
  return n_known > 1;
}

/// Variables that stand in front of Ollama's server hold for what is run on it, wherever that is told.
variables of_ollamas_server(const std::vector<std::pair<std::size_t, launch>>& all) {
  variables set;
  for (const auto& [line, l] : all)
    if (l.program == program::ollama &&
        std::find(l.args.begin(), l.args.end(), "serve") != l.args.end())
      set.insert(set.end(), l.environment.begin(), l.environment.end());
  return set;
}

struct commands_found {
  found_runs runs;
  variables set;  ///< what is exported
};

commands_found runs_of_commands(std::string_view text) {
  constexpr std::size_t most_runs = 1 << 10, most_variables = 1 << 10;
  commands_found found;
  std::vector<std::pair<std::size_t, launch>> launches;
  for (const command& c : commands_of(text)) {
    if (launches.size() == most_runs || found.set.size() > most_variables) break;
    if (auto l = launch_of(c.all, found.set)) {
      launches.emplace_back(c.line, std::move(*l));
    } else if (are_options(c.all)) {
      launches.emplace_back(c.line, launch{program::llama_server, c.all, found.set, {}});
    } else {
      const variables more = variables_set_by(c.all);
      found.set.insert(found.set.end(), more.begin(), more.end());
    }
  }
  const variables served = of_ollamas_server(launches);
  for (auto& [line, l] : launches) {
    std::string prose;
    if (l.program == program::llama_server || l.program == program::llama_cli)
      prose = take_prose(l.args);
    if (l.program == program::ollama)
      l.environment.insert(l.environment.begin(), served.begin(), served.end());
    pasted_run r = as_run("", line, l);
    if (!prose.empty()) r.notes.push_back("not read, as no option is behind it: " + prose);
    if (!l.args.empty() || !r.args.empty()) found.runs.push_back(std::move(r));
  }
  // prose names programs too, and servers are started in front of a run
  const auto names_one = [](const pasted_run& r) { return names_model(r.args); };
  if (std::any_of(found.runs.begin(), found.runs.end(), names_one))
    std::erase_if(found.runs, [&](const pasted_run& r) { return !names_one(r); });
  return found;
}

bool is_of_ollama(const variables& all) {
  return std::any_of(all.begin(), all.end(),
                     [](const auto& v) { return v.first.starts_with("OLLAMA_"); });
}

}  // namespace

result<std::vector<pasted_run>> find_runs(std::string_view text) {
  if (text.size() > most_pasted_bytes)
    return error{errc::limit,
                 fmt::format("{} bytes: at most {} are read", text.size(), most_pasted_bytes)};
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == text.npos) return error{errc::not_found, "the text is empty"};
  if (text[first] == '{') return runs_of_json(text);
  if (std::vector<python_call> calls = python_calls_in(text); !calls.empty()) {
    found_runs all;
    for (python_call& c : calls)
      all.push_back({"", std::string(name_of(program::llama_cpp_server)), c.line,
                     std::move(c.read.args), std::move(c.read.notes)});
    return all;
  }
  const commands_found commands = runs_of_commands(text);
  if (const auto document = yaml_document::read(text); document && document->root().is_map()) {
    found_runs all;
    const line_numbers lines(text);
    for (const configured_launch& c : launches_in(document->root()))
      all.push_back(as_run(c.name, lines.of(c.at), c.started));
    if (!all.empty()) return all;
  }
  found_runs of_presets;
  for (preset& p : presets_in(text)) {
    launch l{program::llama_server, std::move(p.args), {}, {}};
    of_presets.push_back(as_run(std::move(p.name), p.line, l));
  }
  if (!of_presets.empty()) return of_presets;
  if (const std::size_t from = find_from(text); from != text.npos && commands.runs.empty()) {
    server_line s = of_modelfile(text, commands.set);
    return found_runs{{"", std::string(name_of(program::ollama)), line_of(text, from),
                       std::move(s.args), std::move(s.notes)}};
  }
  if (!commands.runs.empty()) return commands.runs;
  if (is_of_ollama(commands.set))
    return found_runs{as_run("", line_of(text, first), {program::ollama, {}, commands.set, {}})};
  return error{
      errc::not_found,
      "no run is in it; known are commands with llama-server, llama-cli, llama-bench, koboldcpp, "
      "ollama, lms load, llama_cpp.server or the webui's server.py, Python's Llama(...), compose "
      "files, llama-swap's models, Modelfiles, OLLAMA_... and .kcpps files"};
}

}  // namespace vrambudget::request
