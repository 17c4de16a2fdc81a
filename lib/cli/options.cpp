#include "options.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cctype>

#include "vrambudget/request/typed.hpp"

namespace vrambudget::cli {
namespace {

using request::option;
using request::topic;

bool is_short_word(std::string_view name) {
  return name.size() > 2 && name[0] == '-' && name[1] != '-';
}

/// The names without those of one dash and several letters.
std::string readable_names(const option& o) {
  std::string all;
  request::for_each_name(o.names, [&](std::string_view n) {
    if (!is_short_word(n)) all += (all.empty() ? "" : ",") + std::string(n);
  });
  return all;
}

/// "-ub: micro-batch [512]"
std::string shown_help(const option& o) {
  std::string help;
  request::for_each_name(o.names, [&](std::string_view n) {
    if (is_short_word(n)) help += std::string(n) + ": ";
  });
  return help + request::help_of(o);
}

bool is_of_server(topic t) { return t == topic::files || request::is_of_run(t); }

const char* group_of(topic t) {
  if (t == topic::sources) return "Models on servers";
  return is_of_server(t) ? "llama-server's options" : "Options";
}

/// An error of ours as one of CLI11's, which stops its reading.
template <class T>
void check(const result<T>& r) {
  if (!r) throw CLI::ValidationError(r.error().message);
}

}  // namespace

command_options::command_options(CLI::App& app) : app_(app) {
  // of an option that is given again the last one counts, as in llama-server
  app_.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
}

void command_options::flag(const char* names, bool& to, const char* help) {
  app_.add_flag(names, to, help);
}

void command_options::text(const char* names, std::string& to, const char* shown,
                           const char* help) {
  app_.add_option(names, to, help)->type_name(shown);
}

void command_options::required_text(const char* names, std::string& to, const char* help) {
  app_.add_option(names, to, help)->required();
}

void command_options::texts(const char* names, std::vector<std::string>& to, const char* help) {
  app_.add_option(names, to, help)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

void command_options::list(const char* names, std::vector<std::string>& to, const char* shown,
                           const char* help) {
  app_.add_option(names, to, help)
      ->type_name(shown)
      ->allow_extra_args(false)
      ->delimiter(',')
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

void command_options::words(const char* names, std::vector<std::string>& to, const char* shown,
                            const char* help) {
  app_.add_option(names, to, help)
      ->type_name(shown)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

void command_options::optional_text(const char* names, std::optional<std::string>& to,
                                    const char* shown, const char* help) {
  app_.add_option_function<std::vector<std::string>>(
          names,
          [&to](const std::vector<std::string>& all) { to = all.empty() ? "" : all.front(); }, help)
      ->type_name(shown)
      ->expected(0, 1);
}

void command_options::number(const char* names, std::uint32_t& to, const char* shown,
                             const char* help) {
  app_.add_option(names, to, help)->type_name(shown);
}

void command_options::tokens(const char* names, std::uint32_t& to, const char* shown,
                             const char* help) {
  app_.add_option_function<std::string>(
          names,
          [&to](const std::string& typed) {
            const auto n = request::parse_tokens(typed);
            check(n);
            to = *n;
          },
          help)
      ->type_name(shown);
}

/// Each is taken when it is met: some add to those before. What is wrong with a value names its option.
CLI::Option* command_options::add(const option& o, request::plan_request& q) {
  const std::string names = readable_names(o), help = shown_help(o);
  const auto take = [&o, &q](std::string_view typed) {
    const auto ok = set(o, q, typed);
    if (ok) return;
    const std::string& says = ok.error().message;
    throw CLI::ValidationError(says.starts_with('-') ? says
                                                     : fmt::format("{}: {}", o.flag(), says));
  };
  CLI::Option* added = o.has_value()
                           ? app_.add_option_function<std::string>(
                                 names, [take](const std::string& typed) { take(typed); }, help)
                           : app_.add_flag_callback(
                                 names, [take] { take({}); }, help);
  if (o.has_value() && names[0] == '-') added->type_name(std::string(o.shown));
  return added->group(group_of(o.topic))->trigger_on_parse();
}

void command_options::rows(std::initializer_list<topic> about, request::plan_request& q) {
  for (const topic t : about)
    for (const option& o : request::options())
      if (o.topic == t) {
        const CLI::Option* added = add(o, q);
        if (is_of_server(t)) of_run_.push_back(added);
      }
}

void command_options::row(const char* name, request::plan_request& q) {
  add(*request::find_option(name), q);
}

void command_options::rows_of_run(request::plan_request& q) {
  rows({topic::files, topic::sources, topic::context, topic::placement, topic::host, topic::draft,
        topic::projector},
       q);
}

void command_options::needs(const char* name, const char* other) {
  app_.get_option(name)->needs(app_.get_option(other));
}

void command_options::exclude(const char* one, const char* other) {
  app_.get_option(one)->excludes(app_.get_option(other));
}

std::string command_options::given_of_run() const {
  std::string line;
  for (const CLI::Option* o : of_run_) {
    if (o->count() == 0) continue;
    line += (line.empty() ? "" : " ") + o->get_name();
    if (o->get_items_expected_max() == 0) continue;
    for (const std::string& value : o->results()) line += " " + value;
  }
  return line;
}

std::vector<std::string> with_all_values(const std::vector<std::string>& args) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < args.size(); ++i) {
    out.push_back(args[i]);
    const option* known = args[i].starts_with("--") ? request::find_option(args[i]) : nullptr;
    if (known == nullptr || known->alone().empty()) continue;
    request::plan_request scratch;
    const bool follows = i + 1 < args.size() && set(*known, scratch, args[i + 1]).has_value();
    out.back() += "=" + (follows ? args[++i] : std::string(known->alone()));
  }
  return out;
}

std::vector<std::string> with_long_names(const std::vector<std::string>& args) {
  std::vector<std::string> out = args;
  for (std::string& a : out) {
    if (!is_short_word(a)) continue;
    const option* known = request::find_option(a);
    if (known != nullptr) a = CLI::detail::split(readable_names(*known), ',').front();
    // "-ctx" is a mistake and not "-c tx"
    else if (std::isalpha(static_cast<unsigned char>(a[1])))
      a.insert(0, "-");
  }
  return out;
}

}  // namespace vrambudget::cli
