// `vrambudget together`: several models on the same devices at once.
#include "vrambudget/report/together.hpp"

#include <fmt/format.h>

#include <memory>
#include <string>
#include <vector>

#include "cli.hpp"
#include "inputs.hpp"
#include "options.hpp"
#include "output.hpp"
#include "vrambudget/request/asked_together.hpp"

namespace vrambudget::cli {
namespace {

struct together_request : plan_request {
  std::vector<std::string> models;
};

int run_together(const together_request& q) {
  if (q.models.size() < 2)
    throw failure{usage, "together: name two models or more; for one: vrambudget " +
                             (q.models.empty() ? "MODEL" : q.models.front()) + " --gpu 3060"};
  const named_gpus gpus = devices_or_fail(q);
  model_reader reader = reader_of(q.sources);
  std::vector<model> models;
  for (const std::string& name : q.models) models.push_back(read_or_fail(reader, name));
  const named_models beside = companions_or_fail(q, reader);
  std::vector<const model*> all;
  for (const model& m : models) all.push_back(&m);
  const together_question asked = value_or_fail(together_question_of(
      q, std::move(all), gpus.devices, gpus.ram, beside.draft.get(), beside.mmproj.get()));
  const together_answer answer = value_or_fail(plan_together(asked));
  if (q.json)
    print_out("{}", together_json(asked, answer));
  else
    print_text(together_text(asked, answer, stdout_style().width), gpus.notes);
  return answer.all.runs() ? yes : does_not_fit;
}

}  // namespace

std::function<int()> add_together(command_options& can) {
  auto q = std::make_shared<together_request>();
  can.texts("MODELS", q->models, "two models or more, as plan takes one");
  can.rows({topic::gpus, topic::plan}, *q);
  can.rows_of_run(*q);
  can.flag("--json", q->json, "JSON on stdout, schema 1");
  return [q] { return run_together(*q); };
}

}  // namespace vrambudget::cli
