#include "batch_answers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <exception>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include "io/json_text.hpp"
#include "vrambudget/gguf/printable.hpp"
#include "vrambudget/report/sentences.hpp"
#include "vrambudget/request/answers.hpp"
#include "vrambudget/request/error_name.hpp"
#include "vrambudget/request/grid.hpp"
#include "vrambudget/request/request_json.hpp"

namespace vrambudget::cli {
namespace {

using namespace request;
namespace json = boost::json;

constexpr std::size_t longest_message = 2000;
constexpr std::uint64_t most_points = 100'000;

error refusal(std::string why) { return {errc::invalid_argument, std::move(why)}; }

/// A question while it is read: what is taken out of it is no option.
class asked_line {
 public:
  asked_line(json::object all, loaded_models& models) : all_(std::move(all)), models_(models) {}

  /// Takes a text; absent or null: empty.
  result<std::string> text(std::string_view key) {
    const json::value v = taken(key);
    if (v.is_null()) return std::string();
    if (!v.is_string()) return refusal(fmt::format("{}: {} is no text", key, json_text(v)));
    return std::string(v.get_string());
  }

  result<std::uint32_t> number(std::string_view key) {
    const json::value v = taken(key);
    if (v.is_null()) return std::uint32_t{0};
    boost::system::error_code bad;
    const auto n = v.is_number() ? v.to_number<std::uint32_t>(bad) : 0;
    if (bad || !v.is_number())
      return refusal(fmt::format("{}: {} is no number of 32 bits", key, json_text(v)));
    return n;
  }

  result<json::object> object(std::string_view key) {
    const json::value v = taken(key);
    if (v.is_null()) return json::object();
    if (!v.is_object()) return refusal(fmt::format("{}: {} is no object", key, json_text(v)));
    return v.get_object();
  }

  result<std::vector<std::string>> names() {
    const json::value v = taken("models");
    std::vector<std::string> all;
    if (v.is_string()) all.emplace_back(v.get_string());
    if (v.is_array())
      for (const json::value& one : v.get_array()) {
        if (!one.is_string())
          return refusal(fmt::format("models: {} is no name of a model", json_text(one)));
        all.emplace_back(one.get_string());
      }
    if (all.empty()) return refusal("models: name those that are meant");
    return all;
  }

  /// What is left, as options.
  result<plan_request> options() const { return request_of(all_); }

  /// The model that the options name, where it is kept.
  result<plan_inputs> inputs(const plan_request& q) const {
    plan_inputs in;
    auto m = q.model.empty() ? result<std::shared_ptr<const model>>(nullptr)
                             : models_.get(q.model, q.sources);
    if (!m) return m.error();
    in.main = std::move(*m);
    return in;
  }

  /// One of several models; a name means the catalogue's file.
  result<std::shared_ptr<const model>> model_of(const std::string& name,
                                                const plan_request& q) const {
    auto m = models_.get(name, q.sources);
    if (!m || *m) return m;
    return open_model(name, q.sources);
  }

 private:
  json::value taken(std::string_view key) {
    const auto at = all_.find(key);
    if (at == all_.end()) return nullptr;
    json::value v = std::move(at->value());
    all_.erase(at);
    return v;
  }

  json::object all_;
  loaded_models& models_;
};

/// Of a question about one model.
template <class Answer>
result<std::string> of_one(asked_line& asked, const Answer& answer) {
  const auto q = asked.options();
  if (!q) return q.error();
  const auto in = asked.inputs(*q);
  return in ? answer(*in, *q) : in.error();
}

result<std::string> answer_budget(asked_line& asked) { return of_one(asked, plan_json); }
result<std::string> answer_cards(asked_line& asked) { return of_one(asked, cards_that_hold_json); }
result<std::string> answer_best(asked_line& asked) { return of_one(asked, best_runs_json); }
result<std::string> answer_trade(asked_line& asked) { return of_one(asked, trades_json); }

result<std::string> answer_max_context(asked_line& asked) {
  const auto limit = asked.number("limit");
  if (!limit) return limit.error();
  return of_one(asked, [&](const plan_inputs& in, const plan_request& q) -> result<std::string> {
    const auto most = largest_context(in, q, *limit);
    if (!most) return most.error();
    return json_text(json::object{{"n_ctx", most->n_ctx},
                                  {"n_ctx_loads", most->n_ctx_loads},
                                  {"bound_by", name_of_bound(*most)}});
  });
}

result<std::string> answer_emit(asked_line& asked) {
  const auto program = asked.text("program");
  if (!program) return program.error();
  return of_one(asked, [&](const plan_inputs& in, const plan_request& q) {
    return launch_json(in, q, program->empty() ? "llama-server" : *program);
  });
}

result<std::string> answer_rank(asked_line& asked) {
  const auto family = asked.text("family");
  const auto min_ctx = asked.number("min_ctx");
  if (!family) return family.error();
  if (!min_ctx) return min_ctx.error();
  auto q = asked.options();
  if (!q) return q.error();
  q->family = *family;
  q->min_ctx = *min_ctx;
  return rank_json({}, *q);
}

result<std::string> answer_compare(asked_line& asked) {
  const auto names = asked.names();
  if (!names) return names.error();
  const auto q = asked.options();
  if (!q) return q.error();
  std::vector<file_to_compare> files;
  for (const std::string& name : *names) files.push_back({name, nullptr});
  return comparison_of_files_json(files, {}, *q);
}

/// The models of a question about several, read.
result<std::vector<std::shared_ptr<const model>>> all_models(const asked_line& asked,
                                                             const std::vector<std::string>& names,
                                                             const plan_request& q) {
  std::vector<std::shared_ptr<const model>> all;
  for (const std::string& name : names) {
    auto m = asked.model_of(name, q);
    if (!m) return m.error();
    all.push_back(std::move(*m));
  }
  return all;
}

result<std::string> answer_together(asked_line& asked) {
  const auto names = asked.names();
  if (!names) return names.error();
  const auto q = asked.options();
  if (!q) return q.error();
  if (names->size() < 2) return refusal("together: name two models or more");
  const auto all = all_models(asked, *names, *q);
  return all ? models_together_json(*all, {}, *q) : all.error();
}

result<std::string> answer_recipe(asked_line& asked) {
  const auto recipe = asked.object("recipe");
  const auto name = asked.text("model");
  if (!recipe) return recipe.error();
  if (!name) return name.error();
  const auto q = asked.options();
  if (!q) return q.error();
  return recipe_of_json(*name, json_text(*recipe), {}, *q);
}

result<std::string> answer_inspect(asked_line& asked) {
  const auto name = asked.text("model"), other = asked.text("other"), keys = asked.text("keys");
  if (!name) return name.error();
  if (!other) return other.error();
  if (!keys) return keys.error();
  const auto q = asked.options();
  return q ? inspection_of_json(*name, *other, *keys, q->sources) : q.error();
}

result<std::string> answer_template(asked_line& asked) {
  const auto name = asked.text("model");
  if (!name) return name.error();
  const auto q = asked.options();
  return q ? template_of_json(*name, q->sources) : q.error();
}

/// An answer that has no options, by one text of the question.
template <class Answer>
result<std::string> of_text(asked_line& asked, std::string_view key, const Answer& answer) {
  const auto text = asked.text(key);
  if (!text) return text.error();
  if (const auto none = asked.options(); !none) return none.error();
  return answer(*text);
}

result<std::string> answer_gpus(asked_line& asked) { return of_text(asked, "name", gpus_json); }
result<std::string> answer_models(asked_line& asked) { return of_text(asked, "name", models_json); }
result<std::string> answer_paste(asked_line& asked) { return of_text(asked, "text", runs_json); }

result<std::string> answer_check(asked_line& asked) {
  const auto log = asked.text("text"), build = asked.text("build");
  if (!log) return log.error();
  if (!build) return build.error();
  const auto q = asked.options();
  if (!q) return q.error();
  if (q->model.empty()) return check_of_json(*log, nullptr, *q, *build);
  const auto given = asked.model_of(q->model, *q);
  return given ? check_of_json(*log, given->get(), *q, *build) : given.error();
}

result<std::string> answer_sweep(asked_line& asked) {
  const auto names = asked.names();
  const auto grid = asked.object("grid");
  if (!names) return names.error();
  if (!grid) return grid.error();
  const auto q = asked.options();
  if (!q) return q.error();
  auto all = all_models(asked, *names, *q);
  if (!all) return all.error();
  const auto g = sweep_request_of(std::move(*all), *grid, *q);
  if (!g) return g.error();
  std::uint64_t n_points = 1;
  for (const std::size_t axis : {g->models.size(), g->gpus.size(), g->cache_types.size(),
                                 g->n_parallel.size(), g->n_ctx.size()}) {
    if (axis > most_points || (n_points *= axis) > most_points)
      return refusal(fmt::format("a line's sweep has at most {} points", most_points));
  }
  const auto swept = sweep_grid(*g, *q, {});
  if (!swept) return swept.error();
  return sweep_json(*swept);
}

struct deed {
  std::string_view name;
  result<std::string> (*answer)(asked_line&);
};
constexpr deed deeds[] = {
    {"plan", answer_budget},       {"max_context", answer_max_context},
    {"emit", answer_emit},         {"rank", answer_rank},
    {"cards", answer_cards},       {"best", answer_best},
    {"trade", answer_trade},       {"compare", answer_compare},
    {"together", answer_together}, {"recipe", answer_recipe},
    {"inspect", answer_inspect},   {"template", answer_template},
    {"gpus", answer_gpus},         {"models", answer_models},
    {"paste", answer_paste},       {"check", answer_check},
    {"sweep", answer_sweep}};

result<std::string> answer_to(json::object asked, loaded_models& models) {
  asked_line q(std::move(asked), models);
  const auto what = q.text("do");
  if (!what) return what.error();
  const std::string_view name = what->empty() ? "plan" : std::string_view(*what);
  const auto* const found = std::find_if(std::begin(deeds), std::end(deeds),
                                         [&](const deed& d) { return d.name == name; });
  if (found != std::end(deeds)) return found->answer(q);
  std::string all;
  for (const deed& d : deeds) all += fmt::format("{}{}", all.empty() ? "" : ", ", d.name);
  return refusal(fmt::format("do: '{}' is none of {}", name, all));
}

/// "id", or the number of the line.
std::string head_of(const json::value* id, std::uint64_t number) {
  return id ? fmt::format("\"id\":{}", json_text(*id)) : fmt::format("\"line\":{}", number);
}

std::string with_error(const std::string& head, std::string_view code, std::string_view message) {
  return fmt::format("{{{},\"error\":{}}}", head,
                     json_text(json::object{
                         {"code", code}, {"message", gguf::printable(message, longest_message)}}));
}

/// As answer_to(); what cannot be foreseen is an error like others.
std::string answer_told(json::object asked, loaded_models& models, const std::string& head) {
  const auto made = answer_to(std::move(asked), models);
  if (!made) return with_error(head, request::name(made.error().code), made.error().message);
  std::string_view text = *made;
  while (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  return fmt::format("{{{},\"answer\":{}}}", head, text);
}

}  // namespace

std::string batch_answers::answer(std::string_view line, std::uint64_t number) {
  boost::system::error_code bad;
  std::string head = head_of(nullptr, number);
  try {
    json::value asked = json::parse(line, bad);
    if (bad) return with_error(head, request::name(errc::bad_format), "no JSON: " + bad.message());
    if (!asked.is_object()) return with_error(head, request::name(errc::bad_format), "no JSON object");
    json::object& all = asked.get_object();
    if (const auto id = all.find("id"); id != all.end()) {
      head = head_of(&id->value(), number);
      all.erase(id);
    }
    return answer_told(std::move(all), models_, head);
  } catch (const std::bad_alloc&) {
    return with_error(head, request::name(errc::limit), "there is no memory left for what this takes");
  } catch (const exception& e) {
    return with_error(head, request::name(e.what_failed.code), e.what());
  } catch (const std::exception& e) {
    return with_error(head, "bug", e.what());
  }
}

std::string batch_answers::refuse_long(std::uint64_t number) {
  return with_error(head_of(nullptr, number), request::name(errc::limit),
                    fmt::format("the line is longer than {} bytes", longest_question));
}

}  // namespace vrambudget::cli
