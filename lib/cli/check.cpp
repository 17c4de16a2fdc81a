// `vrambudget check`: a llama.cpp log against the prediction.
#include "vrambudget/report/check.hpp"

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>

#include "cli.hpp"
#include "input_text.hpp"
#include "inputs.hpp"
#include "options.hpp"
#include "output.hpp"
#include "vrambudget/log/log_check.hpp"
#include "vrambudget/log/log_parser.hpp"
#include "vrambudget/request/checked_log.hpp"

namespace vrambudget::cli {
namespace {

struct check_request : plan_request {
  std::string log, engine;
};

parsed_log read_log(const std::string& path) {
  log_parser parser;
  read_text(path, [&](std::string_view piece) {
    parser.feed(piece);
    return true;
  });
  return parser.finish();
}

int run_check(const check_request& q) {
  parsed_log log = read_log(q.log);
  std::optional<model> given;
  model_reader reader = reader_of(q.sources);
  if (!q.model.empty()) given = read_or_fail(reader, q.model);
  auto checked =
      request::check_log_of(std::move(log), q.log, q, q.engine, given ? &*given : nullptr);
  if (!checked && checked.error().code == errc::not_found)  // a GPU's name
    throw failure{usage, checked.error().message};
  const log_check c = value_or_fail(std::move(checked));
  if (q.json)
    print_out("{}", check_json(c));
  else
    print_text(check_text(c, stdout_style()));
  const bool failed = std::any_of(c.log.refused.begin(), c.log.refused.end(),
                                  [](const log_refusal& r) { return !r.retried; });
  if (failed || c.count(verdict::differs)) return does_not_fit;
  return c.has_compared() ? yes : bad_input;
}

}  // namespace

std::function<int()> add_check(command_options& can) {
  auto q = std::make_shared<check_request>();
  can.required_text("LOG", q->log,
                    "the log of llama-server or any program of llama.cpp; -: standard input");
  can.text("MODEL", q->model, "TEXT",
           "its model, by file or name [by the log's own lines, as far as they go]");
  can.text("--engine", q->engine, "VERSION",
           "the build that wrote the log, where it does not say: a release, build or day");
  can.row("--lora", *q);
  can.row("--control-vector", *q);
  can.rows({topic::gpus}, *q);
  can.flag("--json", q->json, "JSON on stdout, schema 1");
  return [q] { return run_check(*q); };
}

}  // namespace vrambudget::cli
