// `vrambudget compare`: files of models side by side on the same GPUs.
#include <fmt/format.h>

#include <memory>
#include <vector>

#include "cli.hpp"
#include "inputs.hpp"
#include "options.hpp"
#include "vrambudget/report/comparison.hpp"

namespace vrambudget::cli {
namespace {

compared_file compared(const plan_request& q, const named_gpus& gpus, const std::string& name,
                       model_reader& reader) {
  plan_request one = q;
  one.model = name;
  const limits l = limits_of(one, gpus.ram);
  const plan_models models = best_models_or_fail(one, gpus.devices, l, reader);
  planner p = models.on(gpus.devices, l);
  return value_or_fail(compare_file(p, one.r, one.model));
}

}  // namespace

std::function<int()> add_compare(command_options& can) {
  struct question {
    plan_request q;
    std::vector<std::string> models;
  };
  auto asked = std::make_shared<question>();
  can.texts("MODEL", asked->models, "two or more, as for a plan");
  can.rows({topic::gpus, topic::plan}, asked->q);
  can.rows_of_run(asked->q);
  can.flag("--json", asked->q.json, "JSON on stdout, schema 1");
  return [asked] {
    if (asked->models.size() < 2) throw failure{usage, "compare: name two models or more"};
    const named_gpus gpus = devices_or_fail(asked->q);
    model_reader reader = reader_of(asked->q.sources);
    std::vector<compared_file> all;
    for (const std::string& name : asked->models)
      all.push_back(compared(asked->q, gpus, name, reader));
    if (asked->q.json)
      fmt::print("{}", comparison_json(all));
    else
      print_text(comparison_text(all), gpus.notes);
    return std::all_of(all.begin(), all.end(), [](const auto& c) { return c.fits; }) ? yes
                                                                                     : does_not_fit;
  };
}

}  // namespace vrambudget::cli
