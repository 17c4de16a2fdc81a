#include "request/pasted/launch.hpp"

#include <algorithm>
#include <cctype>
#include <iterator>

#include "vrambudget/request/option.hpp"

namespace vrambudget::request::pasted {
namespace {

std::string_view base_name(std::string_view path) {
  if (const std::size_t slash = path.find_last_of("/\\"); slash != path.npos)
    path.remove_prefix(slash + 1);
  if (path.ends_with(".exe")) path.remove_suffix(4);
  return path;
}

/// Options of `docker run` that stand alone; all others have a value: docs.docker.com, docker container run.
constexpr std::string_view alone[] = {"--detach",         "--disable-content-trust",
                                      "--init",           "--interactive",
                                      "--no-healthcheck", "--oom-kill-disable",
                                      "--privileged",     "--publish-all",
                                      "--quiet",          "--read-only",
                                      "--replace",        "--rm",
                                      "--sig-proxy",      "--tty"};

/// "-it", "-d": letters that take no value.
bool are_flags(std::string_view word) {
  return word.size() > 1 && word[1] != '-' &&
         word.find_first_not_of("ditPq", 1) == std::string_view::npos;
}

/// Where --mount has them: "type=bind,source=/srv/models,target=/models".
std::optional<mount> mount_of_parts(std::string_view text) {
  mount m;
  for_each_name(text, [&](std::string_view part) {
    const auto set = assignment_of(part);
    if (!set) return;
    if (set->first == "source" || set->first == "src") m.source = set->second;
    if (set->first == "target" || set->first == "dst" || set->first == "destination")
      m.target = set->second;
  });
  return m.source.empty() || m.target.empty() ? std::nullopt : std::optional(m);
}

/// What follows "docker".
std::optional<launch> launch_of_docker(std::span<const std::string> all, variables set) {
  const auto is_start = [](const std::string& w) { return w == "run" || w == "create"; };
  const auto start = std::find_if(all.begin(), all.end(), is_start);
  if (start == all.end()) return std::nullopt;
  std::vector<mount> mounts;
  words entrypoint;
  auto i = start + 1;
  for (; i != all.end() && i->starts_with('-'); ++i) {
    std::string name = *i, value;
    if (const std::size_t equals = name.find('='); equals != name.npos) {
      value = name.substr(equals + 1);
      name.resize(equals);
    } else if (are_flags(name) ||
               std::find(std::begin(alone), std::end(alone), name) != std::end(alone)) {
      continue;
    } else if (++i != all.end()) {
      value = *i;
    } else {
      return std::nullopt;
    }
    if (name == "-e" || name == "--env") {
      if (auto v = assignment_of(value)) set.push_back(std::move(*v));
    } else if (name == "-v" || name == "--volume") {
      if (auto m = mount_of(value)) mounts.push_back(std::move(*m));
    } else if (name == "--mount") {
      if (auto m = mount_of_parts(value)) mounts.push_back(std::move(*m));
    } else if (name == "--entrypoint") {
      entrypoint = {value};
    }
  }
  if (i == all.end()) return std::nullopt;
  return launch_in_container(*i, std::move(entrypoint), words(i + 1, all.end()), std::move(set),
                             std::move(mounts));
}

template <std::size_t n>
std::optional<program> find_in(const named_program (&all)[n], std::string_view name) {
  for (const named_program& p : all)
    if (p.name == name) return p.program;
  return std::nullopt;
}

std::optional<program> program_of_image(std::string_view image) {
  const std::size_t colon = image.rfind(':');
  const std::string_view tag =
      colon == image.npos || image.find('/', colon) != image.npos ? "" : image.substr(colon + 1);
  const std::string_view name = image.substr(0, tag.empty() ? image.npos : colon);
  if (base_name(name) == "ollama") return program::ollama;
  if (name.find("kobold") != name.npos) return program::koboldcpp;
  if (name.find(tool_box) == name.npos) return std::nullopt;
  return tag.starts_with("light") ? program::llama_cli : program::llama_server;
}

}  // namespace

std::optional<std::string> value_of(const variables& all, std::string_view name) {
  const auto it =
      std::find_if(all.rbegin(), all.rend(), [&](const auto& v) { return v.first == name; });
  return it == all.rend() ? std::nullopt : std::optional(it->second);
}

std::optional<std::pair<std::string, std::string>> assignment_of(std::string_view word) {
  const std::size_t equals = word.find('=');
  if (equals == word.npos || equals == 0) return std::nullopt;
  const std::string_view name = word.substr(0, equals);
  const auto fits = [](char c) { return c == '_' || std::isalnum(static_cast<unsigned char>(c)); };
  if (!std::all_of(name.begin(), name.end(), fits) || (name[0] >= '0' && name[0] <= '9'))
    return std::nullopt;
  return std::pair{std::string(name), std::string(word.substr(equals + 1))};
}

std::string_view name_of(program p) {
  constexpr std::string_view names[] = {
      "llama-server", "llama-cli",        "llama-bench",           "KoboldCpp",
      "Ollama",       "llama-cpp-python", "text-generation-webui", "LM Studio"};
  return names[static_cast<std::size_t>(p)];
}

std::optional<program> program_of(std::string_view path) {
  if (const auto p = find_in(old_paths, path)) return p;
  const std::string_view name = base_name(path);
  // "koboldcpp-linux-x64", "koboldcpp_cu12"
  if (name.starts_with("koboldcpp-") || name.starts_with("koboldcpp_")) return program::koboldcpp;
  return find_in(programs, name);
}

std::optional<mount> mount_of(std::string_view volume) {
  // the colon behind a drive's letter divides nothing: "D:\models:/models"
  const std::size_t from = volume.size() > 2 && volume[1] == ':' && volume[2] != ':' &&
                                   std::isalpha(static_cast<unsigned char>(volume[0])) &&
                                   (volume[2] == '\\' || volume[2] == '/')
                               ? 2
                               : 0;
  const std::size_t colon = volume.find(':', from);
  if (colon == volume.npos || colon == 0) return std::nullopt;
  std::string_view target = volume.substr(colon + 1);
  target = target.substr(0, target.find(':'));
  if (!target.starts_with('/')) return std::nullopt;
  return mount{std::string(volume.substr(0, colon)), std::string(target)};
}

std::optional<launch> launch_in_container(std::string_view image, words entrypoint, words args,
                                          variables set, std::vector<mount> mounts) {
  words all = std::move(entrypoint);
  all.insert(all.end(), std::make_move_iterator(args.begin()), std::make_move_iterator(args.end()));
  std::optional<launch> l = launch_of(all, set);
  if (!l) {
    auto p = program_of_image(image);
    if (!p) return std::nullopt;
    if (!all.empty() && image.find("full") != image.npos)
      if (const auto meant = find_in(switches, all.front())) {
        p = meant;
        all.erase(all.begin());
      }
    l = launch{*p, std::move(all), std::move(set), {}};
  }
  l->mounts = std::move(mounts);
  return l;
}

std::optional<launch> launch_of(std::span<const std::string> all, variables set) {
  // a command does not begin with an option: "--alias ollama" starts nothing
  if (!all.empty() && all.front().starts_with('-')) return std::nullopt;
  for (auto i = all.begin(); i != all.end(); ++i) {
    std::string_view word = *i;
    if (auto v = assignment_of(word)) {
      // a unit of systemd: "ExecStart=/usr/bin/llama-server"
      if (const auto p = v->first.starts_with("Exec") ? program_of(v->second) : std::nullopt)
        return launch{*p, words(i + 1, all.end()), std::move(set), {}};
      set.push_back(std::move(*v));
      continue;
    }
    if (const auto p = program_of(word))
      return launch{*p, words(i + 1, all.end()), std::move(set), {}};
    word = base_name(word);
    if (word == "docker" || word == "podman" || word == "nerdctl")
      return launch_of_docker(std::span(i + 1, all.end()), std::move(set));
    if (word == tool_box && i + 1 != all.end())
      if (const auto p = find_in(tools, *(i + 1)))
        return launch{*p, words(i + 2, all.end()), std::move(set), {}};
    if (word == lm_studios_box && i + 1 != all.end())
      if (const auto p = find_in(lm_studios_tools, *(i + 1)))
        return launch{*p, words(i + 2, all.end()), std::move(set), {}};
  }
  return std::nullopt;
}

variables variables_set_by(std::span<const std::string> all) {
  variables set;
  if (all.empty()) return set;
  if (all[0].starts_with("$env:")) {  // $env:NAME = "value", with or without blanks
    std::string whole = all[0].substr(5);
    for (const std::string& w : all.subspan(1)) whole += w;
    if (auto v = assignment_of(whole)) set.push_back(std::move(*v));
    return set;
  }
  const bool is_told = all[0] == "export" || all[0] == "set" || all[0] == "setx" || all[0] == "env";
  for (const std::string& word : all.subspan(is_told ? 1 : 0)) {
    auto v = assignment_of(word);
    if (!v) return is_told ? set : variables{};
    if (v->first == "Environment") v = assignment_of(v->second);
    if (v) set.push_back(std::move(*v));
  }
  return set;
}

}  // namespace vrambudget::request::pasted
