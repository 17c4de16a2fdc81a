// Recipes from the question to the answers.
#include <utility>

#include "vrambudget/gguf/printable.hpp"
#include "vrambudget/quantize/recognised_recipe.hpp"
#include "vrambudget/request/asked_plan.hpp"
#include "vrambudget/request/find_recipe.hpp"
#include "vrambudget/request/named_adapters.hpp"
#include "vrambudget/request/recipes.hpp"

namespace vrambudget::request {

result<recipe_request> recipe_like(recipe_request q, model_reader& reader) {
  if (const auto ok = reader.check(q.like); !ok) return ok.error();
  const auto other = reader.open(q.like);
  if (!other) return other.error();
  if (!other->m) return other->m.error();
  const auto found = recognise_recipe(*other->m);
  if (!found) return found.error();
  if (!found->is_whole)
    return error{errc::unsupported, gguf::printable(q.like, 200) +
                                        ": no recipe of few rules gives the types that it has"};
  q.base = std::string(name(found->r.type));
  q.pure = found->r.pure;
  if (found->r.has_imatrix && !q.imatrix) q.imatrix = "";
  q.leave_output_tensor = q.leave_output_tensor || found->r.keeps_output;
  const auto take = [](const std::optional<ggml_type>& type, std::string& to) {
    if (type && to.empty()) to = std::string(traits(*type).name);
  };
  take(found->r.token_embedding, q.token_embedding_type);
  take(found->r.output, q.output_tensor_type);
  q.tensor_types.insert(q.tensor_types.end(), found->words.begin(), found->words.end());
  q.like.clear();
  return q;
}

result<made_recipes> ask_recipes(const std::string& name, const recipe_request& q,
                                 plan_request plan, const named_models& beside,
                                 std::vector<device> devices, model_reader& reader) {
  if (const auto ok = recipes_of(q); !ok) return ok.error();  // before a server is asked
  if (const auto ok = reader.check(name); !ok) return ok.error();
  auto from = open_recipe_source(name, q, reader);
  if (!from) return from.error();
  made_recipes made{std::move(*from), q};
  if (!q.like.empty()) {
    auto like = recipe_like(q, reader);
    if (!like) return like.error();
    made.asked = std::move(*like);
  }
  made.devices = std::move(devices);
  if (made.devices.empty()) {
    auto gpus = choose_devices(plan, environment_of_process());
    if (!gpus && !plan.gpus.names.empty()) return gpus.error();
    if (gpus) {
      made.devices = std::move(gpus->devices);
      made.gpu_notes = std::move(gpus->notes);
      plan.gpus.ram = gpus->ram;
    }
  }
  if (const auto ok = refuse_adapters(
          plan, "recipes are planned without adapters: the plan of the file counts them");
      !ok)
    return ok.error();
  named_models companions = beside;
  if (const auto ok = read_companions(companions, plan, reader); !ok) return ok.error();
  if (q.find) {
    if (made.devices.empty())
      return error{errc::invalid_argument, "--find: name a card with --gpu"};
    auto found = find_recipe(made.from, q, plan, made.devices, companions);
    if (!found) return found.error();
    made.asked = std::move(*found);
  }
  auto all = make_recipes(made.from, made.asked);
  if (!all) return all.error();
  made.all = std::move(*all);
  if (!made.devices.empty()) plan_recipes(made.all, plan, made.devices, companions);
  return made;
}

}  // namespace vrambudget::request
