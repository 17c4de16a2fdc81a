// `vrambudget recipe`: the file that llama-quantize would make of a model.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "cli.hpp"
#include "inputs.hpp"
#include "options.hpp"
#include "output.hpp"
#include "vrambudget/report/recipes.hpp"
#include "vrambudget/request/recipes.hpp"

namespace vrambudget::cli {
namespace {

struct recipe_question {
  plan_request q;
  recipe_request recipe;
};

int run_recipe(const recipe_question& a) {
  if (a.q.model.empty())
    throw failure{usage, "recipe: name a model: vrambudget recipe Qwen3-8B --base Q4_K_M"};
  const recipe_request& r = a.recipe;
  if (r.find && (!r.base.empty() || !r.tensor_types.empty() || !r.tensor_type_file.empty() ||
                 !r.token_embedding_type.empty() || !r.output_tensor_type.empty() || r.pure ||
                 r.leave_output_tensor || !r.prune_layers.empty()))
    throw failure{usage,
                  "--find finds the types: of llama-quantize's options leave all but --imatrix and "
                  "--keep-split out"};
  if (!r.like.empty() && (r.find || !r.base.empty() || r.pure))
    throw failure{usage, "--like says what --base, --pure and --find say"};
  plan_request q = a.q;
  const std::string model = std::exchange(q.model, {});
  if (!q.gpus.names.empty()) (void)devices_or_fail(q);  // a card that is not known is wrong use
  model_reader reader = reader_of(q.sources);
  recipe_request wanted = r;
  if (wanted.base.empty()) wanted.base = recipe_request().base;
  auto asked = ask_recipes(model, wanted, q, {}, {}, reader);
  if (!asked && r.find && asked.error().message.find(" does not fit") != std::string::npos)
    throw failure{does_not_fit, asked.error().message};
  const made_recipes made = value_or_fail(std::move(asked));
  if (q.json)
    print_out("{}", recipes_json(told(made)));
  else
    print_text(recipes_text(told(made), stdout_style().width), made.gpu_notes);
  const bool is_asked = q.r.n_ctx > 0 && !made.devices.empty();
  const auto fits = [](const recipe_answer& one) { return one.runs && one.runs->fits; };
  return !is_asked || std::any_of(made.all.begin(), made.all.end(), fits) ? yes : does_not_fit;
}

}  // namespace

std::function<int()> add_recipe(command_options& can) {
  auto a = std::make_shared<recipe_question>();
  recipe_request& r = a->recipe;
  r.base.clear();  // to tell whether it is typed
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
  can.text("--like", r.like, "MODEL", "the recipe that this file looks like, by path or name");
  can.flag("--find", r.find,
           "the recipe with the most bits where they help most that fits -c on the card");
  can.rows({topic::gpus, topic::plan}, a->q);
  can.rows_of_run(a->q);
  can.flag("--json", a->q.json, "JSON on stdout, schema 1");
  return [a] { return run_recipe(*a); };
}

}  // namespace vrambudget::cli
