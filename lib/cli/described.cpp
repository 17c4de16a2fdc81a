#include "described.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>

namespace vrambudget::cli {
namespace {

/// The names at the beginning of help: "-ub" of "-ub: micro-batch", which are read before CLI11 reads.
void take_short_words(described_option& d) {
  for (;;) {
    const auto end = d.help.find(": ");
    const std::string name = d.help.substr(0, end);
    if (end == name.npos || name.size() < 2 || name[0] != '-' || name.find(' ') != name.npos)
      return;
    d.names.insert(d.names.begin(), name);
    d.help.erase(0, end + 2);
  }
}

/// "on|off|auto" as words.
std::vector<std::string> words_of(const std::string& shown) {
  if (shown.find('|') == shown.npos) return {};
  return CLI::detail::split(shown, '|');
}

described_option describe(const CLI::Option& o) {
  described_option d;
  for (const std::string& s : o.get_snames()) d.names.push_back("-" + s);
  for (const std::string& l : o.get_lnames()) d.names.push_back("--" + l);
  if (o.get_items_expected_max() > 0) {
    d.shown = o.get_type_name();
    d.shown.resize(std::min(d.shown.find(':'), d.shown.size()));
  }
  d.help = o.get_description();
  d.group = o.get_group();
  d.words = words_of(d.shown);
  take_short_words(d);
  return d;
}

}  // namespace

std::vector<described_command> describe(const CLI::App& program) {
  std::vector<described_command> all;
  for (const CLI::App* command : program.get_subcommands({})) {
    described_command c{command->get_name(), command->get_description(), {}};
    for (const CLI::Option* o : command->get_options()) {
      const std::string position = o->get_positional() ? o->get_name(true) : "";
      if (!position.empty()) c.options.push_back({{position}, {}, o->get_description(), {}, {}});
      if (o->nonpositional()) c.options.push_back(describe(*o));
    }
    all.push_back(std::move(c));
  }
  return all;
}

}  // namespace vrambudget::cli
