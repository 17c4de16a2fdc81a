// What would make a run fit, as text.
#include <fmt/format.h>

#include <algorithm>

#include "lines.hpp"
#include "vrambudget/report/sentences.hpp"
#include "vrambudget/report/speed.hpp"
#include "vrambudget/report/text.hpp"

namespace vrambudget {
namespace {

/// Flags and what they do on one line where there is room, else below each other.
std::string line(const std::string& flags, const std::string& says, const std::string& numbers,
                 std::size_t width) {
  constexpr std::size_t beside = 19;  // columns of flags that leave room for the rest of the line
  const std::size_t room = width - numbers.size();
  const std::size_t apart = numbers.starts_with(' ') ? 0 : 1;
  if (flags.size() <= beside && 2 + beside + 1 + says.size() + apart <= room)
    return fmt::format("  {:<{}} {:<{}}{}\n", flags, beside, says, room - beside - 3, numbers);
  std::string text;
  for (const std::string& part : broken("  " + flags, width, 4)) text += part + "\n";
  const std::vector<std::string> parts = broken("    " + says, room - apart, 4);
  for (std::size_t i = 0; i + 1 < parts.size(); ++i) text += parts[i] + "\n";
  return text + fmt::format("{:<{}}{}\n", parts.back(), room, numbers);
}

}  // namespace

std::string best_text(const std::optional<best_run>& best, preference most, std::size_t width) {
  std::string text = fmt::format("Best run (--prefer {}):", name(most));
  if (!best) return text + " none fits with what is told, whatever else is given up\n\n";
  if (best->how.changes.empty()) return text + " as it is told\n\n";
  text += "\n";
  for (const std::string& part : broken("  " + flags_of(best->how), width, 4)) text += part + "\n";
  for (const std::string& part : broken("  " + sentence(best->how), width, 4)) text += part + "\n";
  return text + "\n";
}

std::string suggestions_text(const std::vector<suggestion>& all,
                             const std::optional<smaller_file>& smaller, std::size_t width) {
  if (all.empty() && !smaller) return "No change of the run makes it fit.\n";
  const bool tells_speed = (smaller && smaller->runs.decodes) ||
                           std::any_of(all.begin(), all.end(),
                                       [](const suggestion& s) { return s.decodes.has_value(); });
  const auto columns = [&](const std::string& spare, const std::string& host,
                           const std::string& speed) {
    return fmt::format("{:>11}{:>9}", spare, host) +
           (tells_speed ? fmt::format("{:>10}", speed) : "");
  };
  const std::string heads = columns("spare", "host GiB", "tokens/s");
  std::string text = fmt::format("{:<{}}{}\n", "What would fit:", width - heads.size(), heads);
  const auto add = [&](const std::string& flags, const std::string& says, const suggestion& s) {
    text += line(flags, says,
                 columns(in_mib(s.spare), fmt::format("{:.2f}", gib_of(s.host)),
                         s.decodes ? brief_text(*s.decodes) : ""),
                 width);
  };
  for (const suggestion& s : all) add(flags_of(s), sentence(s), s);
  if (smaller) add(name_and_flags(*smaller), sentence(*smaller), smaller->runs);
  return text;
}

}  // namespace vrambudget
