// The files that llama-quantize would make of a model by recipes, and how each runs.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "vrambudget/catalogue/compared_file.hpp"
#include "vrambudget/catalogue/expected_kld.hpp"
#include "vrambudget/error.hpp"
#include "vrambudget/machine/device.hpp"
#include "vrambudget/model/model.hpp"
#include "vrambudget/quantize/quantized_file.hpp"
#include "vrambudget/request/model_reader.hpp"
#include "vrambudget/request/named_models.hpp"
#include "vrambudget/request/plan_request.hpp"
#include "vrambudget/request/recipe_request.hpp"

namespace vrambudget::request {

/// What a recipe is applied to.
struct recipe_source {
  model m;             ///< its tensors' types are those that the recipe finds
  std::string name;    ///< without a quantization, if it is catalogued: "Qwen3.6-27B"
  std::string says;    ///< what it is, for a reader
  std::string family;  ///< the catalogued model that it is by its name; empty: none
  opened_model opened;
  bool is_quantized = false;  ///< so that llama-quantize wants `--allow-requantize`
};

/// The model that a request names as llama-quantize would be given it. Of a catalogued model any file stands for the
/// one of full precision, whose matrices are in BF16.
///
/// Errors: those of model_reader::open(), and of read_model() where it is no model
///         invalid_argument  a source type that is none
[[nodiscard]] result<recipe_source> open_recipe_source(const std::string& typed,
                                                       const recipe_request& q,
                                                       model_reader& reader);

/// One recipe's file.
struct recipe_answer {
  std::string base;  ///< "Q4_K_M"
  recipe r;
  quantized_file file;
  std::string printed = {};                ///< by llama-quantize: "16670.25 MiB (5.20 BPW)"
  bool is_exact = true;                    ///< the file's size, as far as its header is known
  bytes on_card = {}, on_host = {};        ///< weights with all layers on one card
  std::vector<std::string> notes = {};     ///< what a reader should know of it
  std::optional<compared_file> runs = {};  ///< on the cards, if there are any
  std::string not_planned =
      {};  ///< why it has no plan there; empty: it has one, or there are no cards
  std::optional<expected_kld> expected = {};  ///< its divergence, by bits a weight
};

/// All that are asked for.
/// Errors: those of recipes_of() and quantize_file()
[[nodiscard]] result<std::vector<recipe_answer>> make_recipes(const recipe_source& from,
                                                              const recipe_request& q);

/// Plans each on the devices, as the request is run. `beside`: a draft and a projector.
void plan_recipes(std::vector<recipe_answer>& all, const plan_request& q,
                  const std::vector<device>& devices, const named_models& beside);

/// The request with the recipe that the file of `q.like` looks like; what it names itself comes first.
/// Errors: those of model_reader::open() and read_model()
///         unsupported  no recipe of few rules gives its types
[[nodiscard]] result<recipe_request> recipe_like(recipe_request q, model_reader& reader);

/// What was asked, with what it is about.
struct made_recipes {
  recipe_source from;
  recipe_request asked;  ///< if a recipe was looked for, the one that was found
  std::vector<recipe_answer> all = {};
  std::vector<device> devices = {};  ///< that they are planned on; none: they are not
  std::vector<std::string> gpu_notes = {};
};

/// The recipes of a request, planned on the given devices, or else on those that it names or this machine has.
/// `beside`: a draft and a projector.
///
/// Errors: those of the functions above and of find_recipe(); not_found: nothing fits
///         invalid_argument  a recipe is looked for without a card
[[nodiscard]] result<made_recipes> ask_recipes(const std::string& name, const recipe_request& q,
                                               plan_request plan, const named_models& beside,
                                               std::vector<device> devices, model_reader& reader);

}  // namespace vrambudget::request
