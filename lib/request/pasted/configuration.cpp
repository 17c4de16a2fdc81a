// Source: llama-swap's configuration, config.example.yaml of mostlygeek/llama-swap; the compose specification.
#include "request/pasted/configuration.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace vrambudget::request::pasted {
namespace {

// A document can name one text a thousand times: what is made of it stays small.
constexpr std::size_t most_bytes = 1 << 16;    ///< of a command
constexpr std::size_t most_words = 1 << 12;    ///< of a command
constexpr std::size_t most_entries = 1 << 10;  ///< models and services that are looked at

/// "KEY: value" or "- KEY=value".
variables variables_of(const yaml_value& v) {
  variables all;
  for (const auto& [name, value] : v.members())
    if (auto text = value.text()) all.emplace_back(name, std::move(*text));
  for (const yaml_value& one : v.items())
    if (auto set = assignment_of(one.text().value_or(""))) all.push_back(std::move(*set));
  return all;
}

/// llama-swap's macros: a map, or a list of maps or of assignments.
variables macros_of(const yaml_value& v) {
  variables all = variables_of(v);
  for (const yaml_value& one : v.items())
    for (auto& set : variables_of(one)) all.push_back(std::move(set));
  return all;
}

/// The text with ${NAME} replaced, and ${NAME:-usual} by what is usual; what nothing stands for stays.
std::string with_macros(std::string text, const variables& macros) {
  constexpr int most_rounds = 8;  // macros may name macros
  for (int round = 0; round < most_rounds; ++round) {
    bool is_changed = false;
    for (std::size_t at = 0; (at = text.find("${", at)) != text.npos && text.size() < most_bytes;) {
      const std::size_t end = text.find('}', at);
      if (end == text.npos) break;
      const std::string name = text.substr(at + 2, end - at - 2);
      const std::size_t usual = name.find(":-");
      auto stands = value_of(macros, name.substr(0, usual));
      if (!stands && usual != name.npos) stands = name.substr(usual + 2);
      if (stands) text.replace(at, end + 1 - at, *stands);
      is_changed = is_changed || stands;
      at += stands ? stands->size() : 2;
    }
    if (!is_changed) break;
  }
  return text;
}

/// A command as one text or as a list of words; none where it is longer than any is.
words words_of(const yaml_value& v, const variables& macros) {
  words all;
  const auto text = v.text();
  if (std::string whole = text ? with_macros(*text, macros) : ""; whole.size() <= most_bytes)
    for (command& c : commands_of(whole, line_end::is_blank))
      all.insert(all.end(), std::make_move_iterator(c.all.begin()),
                 std::make_move_iterator(c.all.end()));
  for (const yaml_value& word : v.items())
    if (const auto one = word.text(); one && all.size() < most_words)
      all.push_back(with_macros(*one, macros));
  if (all.size() > most_words) all.clear();
  return all;
}

std::optional<launch> launch_of_swap(const yaml_value& model, variables macros) {
  const variables own = macros_of(model["macros"]);
  macros.insert(macros.end(), own.begin(), own.end());
  return launch_of(words_of(model["cmd"], macros), variables_of(model["env"]));
}

std::vector<mount> mounts_of(const yaml_value& volumes) {
  std::vector<mount> all;
  for (const yaml_value& v : volumes.items()) {
    if (const auto text = v.text()) {
      if (auto m = mount_of(with_macros(*text, {}))) all.push_back(std::move(*m));
    } else if (const auto source = v["source"].text(), target = v["target"].text();
               source && target) {
      all.push_back({*source, *target});
    }
  }
  return all;
}

std::optional<launch> launch_of_service(const yaml_value& s) {
  variables set = variables_of(s["environment"]);
  for (auto& [name, value] : set) value = with_macros(std::move(value), {});
  return launch_in_container(with_macros(s["image"].text().value_or(""), {}),
                             words_of(s["entrypoint"], {}), words_of(s["command"], {}),
                             std::move(set), mounts_of(s["volumes"]));
}

void take(std::vector<configured_launch>& all, const std::string& name, const yaml_value& v,
          const variables& macros) {
  std::optional<launch> l;
  if (v["cmd"])
    l = launch_of_swap(v, macros);
  else if (v["image"] || v["command"] || v["entrypoint"])
    l = launch_of_service(v);
  if (l) all.push_back({name, v.character(), std::move(*l)});
}

}  // namespace

std::vector<configured_launch> launches_in(const yaml_value& root) {
  std::vector<configured_launch> all;
  const variables macros = macros_of(root["macros"]);
  const auto take_members = [&](const yaml_value& of) {
    auto members = of.members();
    members.resize(std::min(members.size(), most_entries));
    for (const auto& [name, v] : members) take(all, name, v, macros);
  };
  for (const char* key : {"models", "services"}) take_members(root[key]);
  if (!all.empty()) return all;
  take(all, "", root, macros);
  if (all.empty()) take_members(root);
  return all;
}

}  // namespace vrambudget::request::pasted
