// `vrambudget recipe`: the file that llama-quantize would make of a model.
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "cli.hpp"
#include "inputs.hpp"
#include "options.hpp"
#include "vrambudget/report/recipes.hpp"
#include "vrambudget/request/find_recipe.hpp"
#include "vrambudget/request/recipes.hpp"

namespace vrambudget::cli {
namespace {

struct question {
  plan_request q;
  recipe_request recipe;
  bool find = false;
};

/// The cards that are named, or those of this machine; none where there are none.
named_gpus cards_of(const plan_request& q) {
  auto gpus = choose_devices(q, environment_of_process());
  if (gpus || !q.gpus.names.empty()) return devices_or_fail(q);
  return {};
}

int run_recipe(question a) {
  if (a.q.model.empty())
    throw failure{usage, "recipe: name a model: vrambudget recipe Qwen3-8B --base Q4_K_M"};
  value_or_fail(recipes_of(a.recipe));  // what is typed wrong is told before a server is asked
  model_reader reader = reader_of(a.q.sources);
  if (const auto ok = reader.check(a.q.model); !ok) throw failure{usage, ok.error().message};
  const recipe_source from = value_or_fail(open_recipe_source(a.q.model, a.recipe, reader));
  const named_gpus gpus = cards_of(a.q);
  a.q.gpus.ram = gpus.ram;
  const named_models beside = companions_or_fail(a.q, reader);
  if (a.find) {
    if (gpus.devices.empty()) throw failure{usage, "--find: name a card with --gpu"};
    auto found = find_recipe(from, a.recipe, a.q, gpus.devices, beside);
    if (!found && found.error().code == errc::not_found)
      throw failure{does_not_fit, found.error().message};
    a.recipe = value_or_fail(std::move(found));
  }
  std::vector<recipe_answer> all = value_or_fail(make_recipes(from, a.recipe));
  told_recipes told{from, a.recipe, all, {}, a.find};
  if (!gpus.devices.empty()) {
    plan_recipes(all, a.q, gpus.devices, beside);
    for (const device& d : gpus.devices) told.cards.push_back(d.full_name());
  }
  if (a.q.json)
    fmt::print("{}", recipes_json(told));
  else
    print_text(recipes_text(told, stdout_style().width), gpus.notes);
  const bool is_asked = a.q.r.n_ctx > 0 && !gpus.devices.empty();
  const auto fits = [](const recipe_answer& r) { return r.runs && r.runs->fits; };
  return !is_asked || std::any_of(all.begin(), all.end(), fits) ? yes : does_not_fit;
}

}  // namespace

std::function<int()> add_recipe(command_options& can) {
  auto a = std::make_shared<question>();
  recipe_request& r = a->recipe;
  can.rows({topic::model}, a->q);
  can.text("--base", r.base, "TYPE",
           "llama-quantize's TYPE; several: Q4_K_M,Q6_K or Q3_K_M..Q6_K [Q4_K_M]");
  can.text("--token-embedding-type", r.token_embedding_type, "TYPE", "of token_embd.weight");
  can.text("--output-tensor-type", r.output_tensor_type, "TYPE", "of output.weight");
  can.words("--tensor-type", r.tensor_types, "PATTERN=TYPE",
            "of tensors whose names have the regular expression; the first that is found holds");
  can.text("--tensor-type-file", r.tensor_type_file, "FILE", "more of them, blanks between");
  can.flag("--pure", r.pure, "no rules of the file type: one type for all");
  can.flag("--leave-output-tensor", r.leave_output_tensor, "output.weight keeps its type");
  can.optional_text("--imatrix", r.imatrix, "FILE",
                    "an importance matrix is given: some file types choose otherwise then");
  can.text("--prune-layers", r.prune_layers, "N,...", "leaves these layers out");
  can.flag("--keep-split", r.keep_split, "as many files as the source has");
  can.text(
      "--source-type", r.source_type, "TYPE",
      "matrices of the source are in bf16, f16 or f32 [as they are; bf16 of a catalogued model]");
  can.flag("--find", a->find,
           "the recipe with the most bits where they help most that fits -c on the card");
  can.rows({topic::gpus, topic::plan}, a->q);
  can.rows_of_run(a->q);
  can.flag("--json", a->q.json, "JSON on stdout, schema 1");
  for (const char* other :
       {"--base", "--token-embedding-type", "--output-tensor-type", "--pure", "--tensor-type",
        "--tensor-type-file", "--leave-output-tensor", "--prune-layers"})
    can.exclude("--find", other);
  return [a] { return run_recipe(*a); };
}

}  // namespace vrambudget::cli
