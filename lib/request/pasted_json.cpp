// Runs in a pasted text as JSON, each with its options as plans take them.
#include <boost/json.hpp>

#include "io/json_text.hpp"
#include "vrambudget/request/answers.hpp"
#include "vrambudget/request/option.hpp"
#include "vrambudget/request/pasted_run.hpp"
#include "vrambudget/request/run_line.hpp"
#include "vrambudget/request/server_word.hpp"

namespace vrambudget::request {
namespace {

namespace json = boost::json;

/// The files that a line names, by what options call them.
void add_files(const std::vector<std::string>& args, json::object& to) {
  for (std::size_t i = 0; i + 1 < args.size(); ++i) {
    const option* o = find_option(args[i]);
    if (!o || (o->topic != topic::model && o->topic != topic::files)) continue;
    json::value& v = to[field_of(*o)];
    if (std::holds_alternative<kind::adapters>(o->value) && v.is_string())
      v = std::string(v.get_string()) + "," + args[i + 1];  // each is loaded
    else
      v = args[i + 1];
  }
}

result<json::object> as_json(pasted_run r) {
  heeded_line line = without_server_words(r.args);
  const auto known = parse_known_run(line.args);
  if (!known) return in_context("line " + std::to_string(r.line), known.error());
  json::object options;
  add_files(line.args, options);
  for (const argument& a : arguments_of(*known)) {
    const option& row = *find_option(a.flag);
    json::value& v = options[field_of(row)];
    if (a.value.empty())
      v = !row.turns_off();  // "offload_kqv" of --no-kv-offload
    else if (v.is_string())
      v = json::array{v, json::value(a.value)};
    else if (v.is_array())
      v.get_array().push_back(json::value(a.value));
    else
      v = json::value(a.value);
  }
  r.notes.insert(r.notes.end(), line.notes.begin(), line.notes.end());
  json::object o{{"program", r.program}, {"line", r.line}};
  if (!r.name.empty()) o["name"] = r.name;
  o["args"] = json::value_from(r.args);
  o["options"] = std::move(options);
  o["notes"] = json::value_from(r.notes);
  return o;
}

}  // namespace

result<std::string> runs_json(std::string_view text) {
  auto runs = find_runs(text);
  if (!runs) return runs.error();
  json::array all;
  for (pasted_run& r : *runs) {
    auto one = as_json(std::move(r));
    if (!one) return one.error();
    all.push_back(std::move(*one));
  }
  return json_text(all);
}

}  // namespace vrambudget::request
