#include "unknown_words.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <utility>

#include "catalogue/names.hpp"
#include "described.hpp"
#include "vrambudget/request/option.hpp"
#include "vrambudget/request/server_word.hpp"

namespace vrambudget::cli {
namespace {

/// All names that options of the command and of llama-server have.
std::vector<std::string> known_options(const CLI::App& command) {
  std::vector<std::string> all;
  for (const described_option& o : describe_command(command).options)
    if (!o.is_positional()) all.insert(all.end(), o.names.begin(), o.names.end());
  for (const request::server_word& w : request::server_words())
    request::for_each_name(w.names, [&](std::string_view n) { all.emplace_back(n); });
  return all;
}

std::string without_dashes(std::string_view name) {
  name.remove_prefix(std::min(name.find_first_not_of('-'), name.size()));
  return std::string(name.substr(0, name.find('=')));
}

/// Words that other programs have for it, or that people look for; empty: none.
std::string_view meant_by(std::string_view word) {
  constexpr std::pair<std::string_view, std::string_view> known[] = {
      {"vram", "--gpu 24GiB"},
      {"memory", "--gpu 24GiB, or --ram of the host"},
      {"kv", "-ctk and -ctv"},
      {"kv-type", "-ctk and -ctv"},
      {"cache-type", "-ctk and -ctv"},
      {"kv-cache", "-ctk and -ctv"},
      {"quant", "MODEL-Q5_K_M"},
      {"context", "-c"},
      {"context-length", "-c"},
      {"max-model-len", "-c"},
      {"num-ctx", "-c"},
      {"tokens", "-c"},
      {"contextsize", "-c"},
      {"gpulayers", "-ngl"},
      {"layers", "-ngl"},
      {"slots", "-np"},
      {"users", "-np"},
      {"system-ram", "--ram"}};
  for (const auto& [theirs, ours] : known)
    if (word == theirs) return ours;
  return {};
}

/// The option that is most alike, if one is; empty: none.
std::string nearest_option(const std::string& typed, const std::vector<std::string>& known) {
  const std::string word = without_dashes(typed);
  if (const std::string_view meant = meant_by(word); !meant.empty()) return std::string(meant);
  std::vector<std::pair<std::size_t, std::string>> distances;
  for (const std::string& k : known)
    distances.emplace_back(detail::edit_distance(word, without_dashes(k)), k);
  const std::size_t most = word.size() < 4 ? 1 : word.size() < 8 ? 2 : 3;
  const auto alike = detail::nearest(std::move(distances), most, 1);
  return alike.empty() ? std::string() : alike.front();
}

}  // namespace

std::string unknown_words(const CLI::App& command, const std::vector<std::string>& all) {
  std::vector<std::string> known;
  std::string text;
  bool is_option_before = false, is_word_left = false;
  for (const std::string& word : all) {
    const bool is_option = word.size() > 1 && word.starts_with('-');
    // behind an unknown option it may be its value
    if (!is_option && is_option_before) {
      is_option_before = false;
      continue;
    }
    is_option_before = is_option && word.find('=') == word.npos;
    if (!is_option) {
      text += fmt::format("{}'{}' is one word too many", text.empty() ? "" : "; ", word);
      is_word_left = true;
      continue;
    }
    if (known.empty()) known = known_options(command);
    text += fmt::format("{}{} is no option", text.empty() ? "" : "; ", word);
    if (const std::string meant = nearest_option(word, known); !meant.empty())
      text += ", nearest: " + meant;
  }
  if (is_word_left && command.get_name() == "plan")
    text += "; of several models: vrambudget compare, or together";
  return text;
}

}  // namespace vrambudget::cli
