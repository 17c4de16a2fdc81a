// Source: llama.cpp, common/preset.cpp: parse_ini_from_file, common_preset::to_args
#include "request/pasted/preset.hpp"

#include <algorithm>
#include <iterator>

#include "request/pasted/line_text.hpp"
#include "request/pasted/server_line.hpp"
#include "vrambudget/request/option.hpp"
#include "vrambudget/request/server_word.hpp"

namespace vrambudget::request::pasted {
namespace {

bool is_known(std::string_view name) {
  return find_option(name) != nullptr || find_server_word(name) != nullptr;
}

/// "ngl" as "-ngl", "ctx-size" as "--ctx-size"; a name that is none has two dashes.
std::string option_of(std::string_view key) {
  std::string one = "-" + std::string(key);
  return is_known(one) ? one : "-" + one;
}

bool is_switch(std::string_view name) {
  if (const option* o = find_option(name)) return !o->has_value();
  const server_word* w = find_server_word(name);
  return w != nullptr && w->n_values == 0;
}

/// "--no-mmap" of "--mmap", and the other way round.
std::string opposite_of(const std::string& name) {
  constexpr std::string_view no = "--no-";
  return name.starts_with(no) ? "--" + name.substr(no.size())
                              : std::string(no) + name.substr(name.find_first_not_of('-'));
}

words args_of(std::string_view key, std::string value) {
  if (key.starts_with("LLAMA_ARG_"))
    return of_llama_variables({{std::string(key), std::move(value)}}).args;
  std::string name = option_of(key);
  if (!is_switch(name)) return {std::move(name), std::move(value)};
  if (!means_off(value)) return {std::move(name)};
  std::string off = opposite_of(name);
  return is_known(off) ? words{std::move(off)} : words{};
}

}  // namespace

std::vector<preset> presets_in(std::string_view text) {
  words of_all;
  std::vector<preset> all;
  words* to = &of_all;
  std::size_t n_line = 0;
  while (!text.empty()) {
    ++n_line;
    std::string_view line = take_line(text);
    if (line.empty() || line[0] == ';' || line[0] == '#') continue;
    if (line[0] == '[') {
      const std::size_t end = line.find(']');
      if (end == line.npos) return {};
      const std::string_view name = line.substr(1, end - 1);
      if (name == "*") {
        to = &of_all;
      } else {
        all.push_back({std::string(name), n_line, {}});
        to = &all.back().args;
      }
      continue;
    }
    const std::size_t equals = line.find('=');
    if (equals == line.npos) continue;
    std::string_view value = line.substr(equals + 1);
    for (const std::string_view comment : {" ;", " #", "\t;", "\t#"})
      value = value.substr(0, value.find(comment));
    words more = args_of(trimmed(line.substr(0, equals)), std::string(trimmed(value)));
    to->insert(to->end(), std::make_move_iterator(more.begin()),
               std::make_move_iterator(more.end()));
  }
  // no file has more, and what is for all is copied to each
  constexpr std::size_t most_sections = 1 << 10, most_words = 1 << 12;
  if (all.size() > most_sections || of_all.size() > most_words) return {};
  std::erase_if(all, [](const preset& p) { return !names_model(p.args); });
  for (preset& p : all) p.args.insert(p.args.begin(), of_all.begin(), of_all.end());
  return all;
}

}  // namespace vrambudget::request::pasted
