// `vrambudget compare`: files of models side by side on the same GPUs.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "cli.hpp"
#include "inputs.hpp"
#include "options.hpp"
#include "output.hpp"
#include "vrambudget/report/comparison.hpp"
#include "vrambudget/request/answers.hpp"

namespace vrambudget::cli {

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
    asked->q.gpus.ram = gpus.ram;
    model_reader reader = reader_of(asked->q.sources);
    plan_inputs on;
    on.devices = gpus.devices;
    std::vector<file_to_compare> files;
    for (const std::string& name : asked->models) files.push_back({name, nullptr});
    const std::vector<compared_file> all =
        value_or_fail(compare_files(files, on, asked->q, reader));
    if (asked->q.json)
      print_out("{}", comparison_json(all));
    else
      print_text(comparison_text(all), gpus.notes);
    return std::all_of(all.begin(), all.end(), [](const auto& c) { return c.fits; }) ? yes
                                                                                     : does_not_fit;
  };
}

}  // namespace vrambudget::cli
