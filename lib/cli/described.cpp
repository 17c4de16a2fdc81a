#include "described.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <variant>

#include "vrambudget/ggml/type.hpp"
#include "vrambudget/request/option.hpp"

namespace vrambudget::cli {
namespace {

/// What the value of a row can be, where it is one of some: each as it is written.
std::vector<std::string> words_of(const request::option& row) {
  std::vector<std::string> words;
  const auto add_choices = [&](const auto& kind) {
    if constexpr (requires { kind.words; })
      for (auto w = kind.words.begin(); w != kind.words.end(); ++w)
        if (std::none_of(kind.words.begin(), w,
                         [&](const auto& o) { return o.second == w->second; }))
          words.emplace_back(w->first);
  };
  std::visit(add_choices, row.value);
  if (std::holds_alternative<request::kind::display>(row.value))
    for (const desktop d : {desktop::none, desktop::light, desktop::typical, desktop::heavy})
      words.emplace_back(name(d));
  if (!std::holds_alternative<request::kind::cache_type>(row.value)) return words;
  request::plan_request scratch;
  for (const type_traits& t : type_table)
    if (set(row, scratch, t.name)) words.emplace_back(t.name);
  return words;
}

/// The row's names that CLI11 does not know, "-ub", with which its help begins: "-ub: micro-batch".
void add_short_words(const request::option& row, described_option& d) {
  std::vector<std::string> words;
  request::for_each_name(row.names, [&](std::string_view name) {
    const std::string prefix = std::string(name) + ": ";
    if (!d.help.starts_with(prefix)) return;
    d.help.erase(0, prefix.size());
    words.emplace_back(name);
  });
  d.names.insert(d.names.begin(), words.begin(), words.end());
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
  if (const request::option* row = request::find_option(d.names.back())) {
    add_short_words(*row, d);
    d.words = words_of(*row);
  }
  return d;
}

}  // namespace

described_command describe_command(const CLI::App& command) {
  described_command c{command.get_name(), command.get_description(), {}};
  for (const CLI::Option* o : command.get_options()) {
    const std::string position = o->get_positional() ? o->get_name(true) : "";
    if (!position.empty()) c.options.push_back({{position}, {}, o->get_description(), {}, {}});
    if (o->nonpositional()) c.options.push_back(describe(*o));
  }
  return c;
}

std::vector<described_command> describe(const CLI::App& program) {
  std::vector<described_command> all;
  for (const CLI::App* command : program.get_subcommands({}))
    all.push_back(describe_command(*command));
  return all;
}

}  // namespace vrambudget::cli
