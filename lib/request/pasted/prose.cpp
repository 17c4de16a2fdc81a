#include "request/pasted/prose.hpp"

#include <fmt/format.h>

#include <cctype>
#include <cstddef>

#include "vrambudget/request/option.hpp"
#include "vrambudget/request/server_word.hpp"

namespace vrambudget::request::pasted {
namespace {

/// Whether a word is a value of the option before it.
bool is_value_of(const std::string& option_word, const std::string& word) {
  if (word.starts_with('-') && word.size() > 1 &&
      !std::isdigit(static_cast<unsigned char>(word[1])))
    return false;
  if (option_word.find('=') != option_word.npos) return false;
  if (const option* o = find_option(option_word)) {
    constexpr std::string_view told = "on,off,auto,0,1,true,false";
    return o->has_value() && (o->alone().empty() || has_name(told, word));
  }
  return true;  // of one that nobody knows
}

/// Behind an option and its values.
std::size_t end_of_option(const words& args, std::size_t at) {
  const server_word* const w = find_server_word(args[at]);
  const std::size_t most = w ? w->n_values : 1;
  std::size_t end = at + 1;
  while (end <= at + most && end < args.size() && is_value_of(args[at], args[end])) ++end;
  return end;
}

}  // namespace

std::string take_prose(words& args) {
  constexpr std::size_t few = 2;
  std::size_t end = 0;  // behind the last option
  for (std::size_t i = 0; i < args.size(); ++i)
    if (args[i].starts_with('-')) end = end_of_option(args, i);
  if (end == 0 || end + few > args.size()) return {};
  const auto begin = args.begin() + static_cast<std::ptrdiff_t>(end);
  std::string prose = fmt::format("{}", fmt::join(begin, args.end(), " "));
  args.erase(begin, args.end());
  return prose;
}

}  // namespace vrambudget::request::pasted
