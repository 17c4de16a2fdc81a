#include "request/recipe/name_groups.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <string_view>
#include <utility>

#include "vrambudget/memory/place_layers.hpp"
#include "vrambudget/memory/weights.hpp"
#include "vrambudget/model/tensor_class.hpp"
#include "vrambudget/model/tensor_purpose.hpp"
#include "vrambudget/quantize/recognised_recipe.hpp"

namespace vrambudget::request {
namespace {

using vrambudget::detail::tensor_role;

constexpr std::array rungs_plain{
    rung{ggml_type::q2_k, file_type::q2_k},     rung{ggml_type::q3_k, file_type::q3_k_s},
    rung{ggml_type::iq4_xs, file_type::iq4_xs}, rung{ggml_type::q4_k, file_type::q4_k_s},
    rung{ggml_type::q5_k, file_type::q5_k_s},   rung{ggml_type::q6_k, file_type::q6_k},
    rung{ggml_type::q8_0, file_type::q8_0}};
/// Those that want an importance matrix come before.
constexpr std::array rungs_imatrix{
    rung{ggml_type::iq2_xxs, file_type::iq2_xxs}, rung{ggml_type::iq2_s, file_type::iq2_m},
    rung{ggml_type::iq3_xxs, file_type::iq3_xxs}, rung{ggml_type::iq3_s, file_type::iq3_s},
    rung{ggml_type::iq4_xs, file_type::iq4_xs},   rung{ggml_type::q4_k, file_type::q4_k_s},
    rung{ggml_type::q5_k, file_type::q5_k_s},     rung{ggml_type::q6_k, file_type::q6_k},
    rung{ggml_type::q8_0, file_type::q8_0}};

int preference_of(std::string_view name) {
  switch (vrambudget::detail::role_of(name)) {
    case tensor_role::attn_v:
    case tensor_role::attn_qkv:
    case tensor_role::attn_kv_b:
      return 0;
    case tensor_role::ffn_down:
      return 1;
    case tensor_role::output:
    case tensor_role::token_embd:
      return 2;
    case tensor_role::attn_k:
      return 3;
    case tensor_role::attn_output:
      return 4;
    case tensor_role::attn_q:
      return 5;
    case tensor_role::other:
      return 6;
    case tensor_role::ffn_gate:
    case tensor_role::ffn_up:
      break;
  }
  return 7;
}

/// As llama-quantize spreads more bits: the first and the last eighth, every third between, and then the others.
std::vector<int> in_order_of_use(std::vector<int> layers, int n) {
  const auto rank = [n](int il) {
    if (il < n / 8 || il >= 7 * n / 8) return 0;
    return (il - n / 8) % 3 == 2 ? 1 : 2;
  };
  std::stable_sort(layers.begin(), layers.end(), [&](int a, int b) { return rank(a) < rank(b); });
  return layers;
}

/// Which tensors the run has on a card.
result<std::vector<bool>> placed_on_cards(const model& m, const run& r,
                                          const std::vector<device>& devices) {
  const auto used = devices_of(r, devices);
  if (!used) return used.error();
  const auto where = place_layers(r, *used, m.hp.n_layer_all);
  if (!where) return where.error();
  const auto placed = place_weights(m, *where, r, devices.size());
  if (!placed) return placed.error();
  std::vector<bool> on_card(m.tensors.size(), false);
  for (const placed_weight& w : placed->all)
    if (w.backend != where->host()) on_card[w.tensor] = true;
  return on_card;
}

name_group new_group(const model& m, const model_tensor& t, std::string_view rest, bool is_tied) {
  name_group g;
  g.rest = std::string(rest);
  g.preference = preference_of(t.name);
  const moe_hparams& moe = m.hp.moe;
  if (stacks_experts(rest) && moe.n_expert > 0) {
    const std::uint32_t used = m.hp.n_expert_used(m.hp.n_layer() - 1);
    g.share = std::max(1u, used) / static_cast<double>(moe.n_expert);
  }
  const bool is_input = place_of(m, stack_of(t.name)).kind == tensor_class::input;
  g.is_input = is_input && !(is_tied && t.name == "token_embd.weight");
  return g;
}

void add_rule(const model& m, const name_group& g, std::span<const rung> rungs, std::size_t base,
              recipe_request& out) {
  const auto named = [&](std::size_t rung) { return std::string(traits(rungs[rung].type).name); };
  if (g.n_more > 0) {
    std::vector<int> layers = in_order_of_use(g.layers, static_cast<int>(m.hp.n_layer_all));
    layers.resize(g.n_more);
    out.tensor_types.push_back("blk.(" + vrambudget::detail::layers_pattern(layers) + ")." +
                               vrambudget::detail::escaped(g.rest) + "=" + named(g.rung + 1));
  }
  if (g.rung == base) return;
  const bool fills = g.row % static_cast<std::int64_t>(traits(rungs[g.rung].type).block) == 0;
  if (g.rest == "token_embd.weight" && fills)
    out.token_embedding_type = named(g.rung);
  else if (g.rest == "output.weight" && fills)
    out.output_tensor_type = named(g.rung);
  else
    out.tensor_types.push_back((g.layers.front() < 0 ? "^" + vrambudget::detail::escaped(g.rest)
                                                     : vrambudget::detail::pattern_for(m, g.rest)) +
                               "=" + named(g.rung));
}

}  // namespace

std::span<const rung> rungs_of(bool has_imatrix) {
  return has_imatrix ? std::span<const rung>(rungs_imatrix) : std::span<const rung>(rungs_plain);
}

result<name_groups> name_groups_of(const recipe_source& from, const plan_request& plan,
                                   const std::vector<device>& devices,
                                   std::span<const rung> rungs) {
  auto on_card = placed_on_cards(from.m, plan.r, devices);
  if (!on_card) return on_card.error();
  name_groups groups{{}, std::move(*on_card)};
  recipe keeps;
  keeps.type = rungs[0].base;
  keeps.pure = true;
  const auto chosen = chosen_types(from.m, keeps);
  if (!chosen) return chosen.error();
  const bool is_tied = from.m.find("output.weight") == nullptr;
  std::map<std::string_view, std::size_t> known;
  for (std::uint32_t i = 0; i < chosen->size(); ++i) {
    if ((*chosen)[i].is_kept) continue;
    const model_tensor& t = from.m.tensors[i];
    const auto [il, rest] = layer_of(t.name);
    const auto [it, is_new] = known.emplace(rest, groups.all.size());
    if (is_new) groups.all.push_back(new_group(from.m, t, rest, is_tied));
    name_group& g = groups.all[it->second];
    g.tensors.push_back(i);
    g.layers.push_back(il);
    g.row = g.row == 0 ? t.ne[0] : std::min(g.row, t.ne[0]);
    g.weights += static_cast<std::uint64_t>(t.ne[0] * t.ne[1] * t.ne[2] * t.ne[3]);
  }
  constexpr std::size_t most = 256;
  if (groups.all.size() > most)
    return error{errc::limit, std::to_string(groups.all.size()) +
                                  " names of matrices, expected at most " + std::to_string(most)};
  if (groups.all.empty()) return error{errc::not_found, from.name + " has no matrices to quantize"};
  for (name_group& g : groups.all) {
    if (g.is_input) g.rung = rungs.size() - 1;
    for (const std::uint32_t i : g.tensors)
      g.has_host = g.has_host || (!g.is_input && !groups.on_card[i]);
    if (g.has_host && !plan.gpus.ram)
      return error{errc::invalid_argument,
                   "--find: of " + g.rest + " some lies on the host: say with --ram what it has"};
  }
  return groups;
}

bytes size_on_cards(const model& m, const name_groups& groups, const name_group& g,
                    ggml_type type) {
  bytes sum;
  for (const std::uint32_t i : g.tensors) {
    if (!groups.on_card[i]) continue;
    const auto fitting = vrambudget::detail::fitting_type(type, m.tensors[i].ne[0]);
    sum += data_size(fitting ? *fitting : type, m.tensors[i].ne);
  }
  return sum;
}

recipe_request recipe_of(const model& m, const name_groups& groups, std::span<const rung> rungs,
                         const recipe_request& q) {
  // the type of most weights is the file's
  std::map<std::size_t, std::uint64_t> weights;
  for (const name_group& g : groups.all)
    if (!g.is_input) weights[g.rung] += g.weights;
  std::size_t base = 0;
  for (const auto& [rung, n] : weights)
    if (!weights.count(base) || n > weights[base]) base = rung;
  recipe_request out = q;
  out.base = std::string(name(rungs[base].base));
  out.pure = true;
  out.tensor_types.clear();
  for (const name_group& g : groups.all) add_rule(m, g, rungs, base, out);
  return out;
}

}  // namespace vrambudget::request
