// Completions for shells: options of the command that is typed, words where a value is one of some, names of GPUs and
// models from the program itself, else files.
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <utility>

#include "described.hpp"
#include "report/launch/arguments.hpp"

namespace vrambudget::cli {
namespace {

using commands = std::vector<described_command>;

std::string joined(const std::vector<std::string>& all, const char* between) {
  return fmt::format("{}", fmt::join(all, between));
}

std::vector<std::string> names_of(const commands& all) {
  std::vector<std::string> names;
  for (const described_command& c : all) names.push_back(c.name);
  return names;
}

bool is_gpu(const described_option& o) { return o.names.back() == "--gpu"; }

bool is_model(const described_option& o) {
  return o.shown == "MODEL" || o.names.back() == "--model";
}

bool is_file(const described_option& o) {
  return is_model(o) || o.shown == "FILE" || o.shown == "TEXT";
}

/// Calls `visit` with each option that has a value, once for all commands.
void for_each_valued(const commands& all,
                     const std::function<void(const described_option&)>& visit) {
  std::vector<std::string> seen;
  for (const described_command& c : all)
    for (const described_option& o : c.options) {
      if (o.is_positional() || o.shown.empty()) continue;
      if (std::find(seen.begin(), seen.end(), o.names.front()) != seen.end()) continue;
      seen.push_back(o.names.front());
      visit(o);
    }
}

std::string bash(const commands& all) {
  std::string values, options;
  for_each_valued(all, [&](const described_option& o) {
    std::string words = launching::in_quotes(joined(o.words, " "));
    if (is_gpu(o)) words = R"sh("$("$1" gpus 2>/dev/null | sed '1d; /^$/,$d; s/ .*//')")sh";
    if (is_model(o)) words = R"sh("$("$1" models 2>/dev/null | sed 's/ .*//')")sh";
    values += fmt::format("    {}) words={}; files={} ;;\n", joined(o.names, "|"), words,
                          is_file(o) ? "-f" : "");
  });
  for (const described_command& c : all) {
    std::vector<std::string> names;
    for (const described_option& o : c.options)
      if (!o.is_positional()) names.insert(names.end(), o.names.begin(), o.names.end());
    options += fmt::format("      {}) words={} ;;\n", c.name, launching::in_quotes(joined(names, " ")));
  }
  return fmt::format(R"sh(# bash completion of vrambudget
_vrambudget() {{
  local cur=${{COMP_WORDS[COMP_CWORD]}} command=plan files= words= word
  for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    case $word in
      {0}) command=$word; break ;;
    esac
  done
  case ${{COMP_WORDS[COMP_CWORD-1]}} in
{1}    *)
    if [[ $cur != -* ]]; then
      words="{2} $("$1" models 2>/dev/null | sed 's/ .*//')"; files=-f
    else
      case $command in
{3}      esac
    fi ;;
  esac
  COMPREPLY=($(compgen $files -W "$words" -- "$cur"))
}}
complete -o bashdefault -F _vrambudget vrambudget
)sh",
                     joined(names_of(all), "|"), values, joined(names_of(all), " "), options);
}

/// "'*'{-c,--ctx}'[context]:value:(a b)'", which _arguments reads.
std::string zsh_option(const described_option& o) {
  std::string help = o.help, value;
  for (const char* special : {"[", "]", ":"})
    for (auto at = help.find(special); at != help.npos; at = help.find(special, at + 2))
      help.insert(at, "\\");
  if (!o.shown.empty()) {
    const std::string action = is_gpu(o)          ? "_vrambudget_gpus"
                               : is_model(o)      ? "_vrambudget_models"
                               : is_file(o)       ? "_files"
                               : !o.words.empty() ? "(" + joined(o.words, " ") + ")"
                                                  : " ";
    value = ":value:" + action;
  }
  if (o.is_positional()) return launching::in_quotes("*:" + o.names.front() + ":_vrambudget_models");
  const std::string names =
      o.names.size() == 1 ? o.names.front() : "{" + joined(o.names, ",") + "}";
  return fmt::format("'*'{}{}", names, launching::in_quotes("[" + help + "]" + value));
}

std::string zsh(const commands& all) {
  std::string described, arguments;
  for (const described_command& c : all) {
    described += fmt::format("    {}\n", launching::in_quotes(c.name + ":" + c.help));
    std::string options;
    bool has_positional = false;
    for (const described_option& o : c.options) {
      if (o.is_positional() && std::exchange(has_positional, true)) continue;
      options += " \\\n        " + zsh_option(o);
    }
    arguments += fmt::format("    {})\n      _arguments{} ;;\n", c.name, options);
  }
  return fmt::format(R"sh(#compdef vrambudget
_vrambudget_gpus() {{
  compadd -- ${{(f)"$(vrambudget gpus 2>/dev/null | sed '1d; /^$/,$d; s/ .*//')"}}
}}
_vrambudget_models() {{
  compadd -- ${{(f)"$(vrambudget models 2>/dev/null | sed 's/ .*//')"}}
  _files
}}
_vrambudget() {{
  local command=plan word
  local -a commands=(
{0}  )
  (( CURRENT == 2 )) && _describe -t commands command commands
  for word in ${{words[2,CURRENT-1]}}; do
    case $word in
      {1}) command=$word; break ;;
    esac
  done
  case $command in
{2}  esac
}}
_vrambudget "$@"
)sh",
                     described, joined(names_of(all), "|"), arguments);
}

std::string fish(const commands& all) {
  std::string lines;
  for (const described_command& c : all) {
    lines += fmt::format(
        "complete -c vrambudget -n 'test (count (commandline -opc)) -eq 1' -a {} -d {}\n", c.name,
        launching::in_quotes(c.help));
    for (const described_option& o : c.options) {
      if (o.is_positional()) continue;
      std::string names, value;
      for (const std::string& n : o.names)
        names += n.starts_with("--") ? " -l " + n.substr(2)
                 : n.size() == 2     ? " -s " + n.substr(1)
                                     : " -o " + n.substr(1);
      if (is_gpu(o))
        value = " -x -a '(vrambudget gpus 2>/dev/null | sed \"1d; /^\\$/,\\$d; s/ .*//\")'";
      else if (is_model(o))
        value = " -r -a '(vrambudget models 2>/dev/null | sed \"s/ .*//\")'";
      else if (!o.words.empty())
        value = " -x -a " + launching::in_quotes(joined(o.words, " "));
      else if (!o.shown.empty())
        value = is_file(o) ? " -r" : " -x";
      lines +=
          fmt::format("complete -c vrambudget -n 'test (__vrambudget_command) = {}'{}{} -d {}\n",
                      c.name, names, value, launching::in_quotes(o.help));
    }
  }
  return fmt::format(R"sh(# fish completion of vrambudget
function __vrambudget_command
  for word in (commandline -opc)[2..-1]
    if contains -- $word {}
      echo $word
      return
    end
  end
  echo plan
end
complete -c vrambudget -a '(vrambudget models 2>/dev/null | sed "s/ .*//")'
{})sh",
                     joined(names_of(all), " "), lines);
}

}  // namespace

std::string completion_of(const commands& all, const std::string& shell) {
  if (shell == "bash") return bash(all);
  if (shell == "zsh") return zsh(all);
  if (shell == "fish") return fish(all);
  return {};
}

}  // namespace vrambudget::cli
