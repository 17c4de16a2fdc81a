// A model's matrices by name, each with the type that a recipe gives it in all layers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "vrambudget/error.hpp"
#include "vrambudget/machine/device.hpp"
#include "vrambudget/request/plan_request.hpp"
#include "vrambudget/request/recipe_request.hpp"
#include "vrambudget/request/recipes.hpp"

namespace vrambudget::request {

/// Types of rising size, and the file type that gives each to what no rule names.
struct rung {
  ggml_type type;
  file_type base;
};

/// Without an importance matrix those that need none.
[[nodiscard]] std::span<const rung> rungs_of(bool has_imatrix);

/// Matrices of one name in all layers.
struct name_group {
  std::string rest;  ///< "attn_v.weight"
  std::vector<std::uint32_t> tensors;
  std::vector<int> layers;
  std::int64_t row = 0;  ///< elements, of the shortest
  std::uint64_t weights = 0;
  int preference = 0;     ///< the lower the sooner
  double share = 1;       ///< of tokens that use a weight
  bool is_input = false;  ///< read on the host
  bool has_host = false;  ///< layers or experts of it lie there
  std::size_t rung = 0;
  std::size_t n_more = 0;  ///< layers that have the next rung
  bool is_closed = false;  ///< its next type does not fit
};

struct name_groups {
  std::vector<name_group> all;
  std::vector<bool> on_card;  ///< by tensor, as the run places them
};

/// The names of what llama-quantize gives types to, all at the first rung, and at the last what is read on the host.
/// Errors: not_found         no matrices
///         limit             too many names
///         invalid_argument  some lie on the host, whose memory is not told
[[nodiscard]] result<name_groups> name_groups_of(const recipe_source& from,
                                                 const plan_request& plan,
                                                 const std::vector<device>& devices,
                                                 std::span<const rung> rungs);

/// Data of a group on the cards, if it has a rung's type.
[[nodiscard]] bytes size_on_cards(const model& m, const name_groups& groups, const name_group& g,
                                  ggml_type type);

/// The recipe that gives all groups their types: the type of most weights is the file's. `q`: what else it says.
[[nodiscard]] recipe_request recipe_of(const model& m, const name_groups& groups,
                                       std::span<const rung> rungs, const recipe_request& q);

}  // namespace vrambudget::request
