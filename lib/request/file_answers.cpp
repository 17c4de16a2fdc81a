// Answers about files: what llama-quantize would write, what is inside, what a log says.
#include <utility>

#include "vrambudget/log/log_parser.hpp"
#include "vrambudget/report/check.hpp"
#include "vrambudget/report/inspection.hpp"
#include "vrambudget/report/recipes.hpp"
#include "vrambudget/request/answers.hpp"
#include "vrambudget/request/checked_log.hpp"
#include "vrambudget/request/recipes.hpp"

namespace vrambudget::request {

result<std::string> recipe_of_json(const std::string& name, std::string_view recipe,
                                   const plan_inputs& beside, const plan_request& q) {
  if (!q.model.empty()) return error{errc::invalid_argument, "the options name a model, too"};
  const auto asked = read_recipe_request(recipe);
  if (!asked) return asked.error();
  model_reader reader(q.sources);
  const auto made = ask_recipes(name, *asked, q, beside, beside.devices, reader);
  if (!made) return made.error();
  return recipes_json(vrambudget::told(*made));
}

result<std::string> inspection_of_json(const std::string& name, const std::string& other,
                                       const std::string& keys, const source_options& sources) {
  model_reader reader(sources);
  if (const auto ok = reader.check(name); !ok) return ok.error();
  auto first = reader.open(name);
  if (!first) return first.error();
  const auto unchanged = [&](const opened_model& of, result<std::string> says) {
    if (auto same = of.check_unchanged(); !same) return result<std::string>(same.error());
    return says;
  };
  if (!keys.empty()) return unchanged(*first, metadata_json(first->headers.front(), keys));
  const inspected f{name, std::move(*first), reader.used()};
  if (other.empty()) {
    if (!f.file.m && f.kind() == file_kind::model) return f.file.m.error();
    return unchanged(f.file, inspection_json(f));
  }
  if (const auto ok = reader.check(other); !ok) return ok.error();
  const auto second = reader.open(other);
  if (!second) return second.error();
  if (!f.file.m) return f.file.m.error();
  if (!second->m) return second->m.error();
  return difference_json(*f.file.m, *second->m);
}

result<std::string> check_of_json(std::string_view log, const model* given, const plan_request& q,
                                  const std::string& engine) {
  log_parser parser;
  parser.feed(log);
  const auto checked = check_log_of(parser.finish(), "the log", q, engine, given);
  if (!checked) return checked.error();
  return check_json(*checked);
}

}  // namespace vrambudget::request
