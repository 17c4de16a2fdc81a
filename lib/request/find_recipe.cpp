#include "vrambudget/request/find_recipe.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "vrambudget/catalogue/quality.hpp"
#include "vrambudget/memory/place_layers.hpp"
#include "vrambudget/memory/weights.hpp"
#include "vrambudget/model/tensor_class.hpp"
#include "vrambudget/plan/least_spare.hpp"
#include "vrambudget/plan/planner.hpp"
#include "vrambudget/quantize/recognised_recipe.hpp"
#include "vrambudget/request/asked_plan.hpp"

namespace vrambudget::request {
namespace {

using gt = ggml_type;
using vrambudget::detail::tensor_role;

/// Types of rising size, and the file type that gives each to what no rule names.
struct rung {
  gt type;
  file_type base;
};
constexpr std::array rungs_plain{
    rung{gt::q2_k, file_type::q2_k},     rung{gt::q3_k, file_type::q3_k_s},
    rung{gt::iq4_xs, file_type::iq4_xs}, rung{gt::q4_k, file_type::q4_k_s},
    rung{gt::q5_k, file_type::q5_k_s},   rung{gt::q6_k, file_type::q6_k},
    rung{gt::q8_0, file_type::q8_0}};
/// Those that want an importance matrix come before.
constexpr std::array rungs_imatrix{
    rung{gt::iq2_xxs, file_type::iq2_xxs}, rung{gt::iq2_s, file_type::iq2_m},
    rung{gt::iq3_xxs, file_type::iq3_xxs}, rung{gt::iq3_s, file_type::iq3_s},
    rung{gt::iq4_xs, file_type::iq4_xs},   rung{gt::q4_k, file_type::q4_k_s},
    rung{gt::q5_k, file_type::q5_k_s},     rung{gt::q6_k, file_type::q6_k},
    rung{gt::q8_0, file_type::q8_0}};

double bits_of(gt t) {
  return 8.0 * static_cast<double>(traits(t).block_bytes) / static_cast<double>(traits(t).block);
}

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

class search {
 public:
  search(const recipe_source& from, const recipe_request& q, const plan_request& plan,
         const std::vector<device>& devices, const named_models& beside)
      : from_(from), q_(q), plan_(plan), devices_(devices), beside_(beside) {
    rungs_ = q.imatrix ? std::span<const rung>(rungs_imatrix) : std::span<const rung>(rungs_plain);
  }

  result<recipe_request> run() {
    if (const auto ok = place(); !ok) return ok.error();
    if (const auto ok = group_names(); !ok) return ok.error();
    const auto least = spare();
    if (!least) return least.error();
    if (!*least)
      return error{errc::not_found, from_.name + " does not fit with " +
                                        std::string(name(rungs_[0].base)) +
                                        " --pure, the smallest that is tried" +
                                        (q_.imatrix ? "" : " without an importance matrix")};
    spare_ = **least;
    while (name_group* g = best())
      if (const auto ok = raise(*g); !ok) return ok.error();
    if (const auto ok = settle(); !ok) return ok.error();
    return request();
  }

 private:
  /// What llama-quantize gives types to.
  result<void> group_names() {
    recipe keeps;
    keeps.type = rungs_[0].base;
    keeps.pure = true;
    const auto chosen = chosen_types(from_.m, keeps);
    if (!chosen) return chosen.error();
    const bool is_tied = from_.m.find("output.weight") == nullptr;
    std::map<std::string_view, std::size_t> known;
    for (std::uint32_t i = 0; i < chosen->size(); ++i) {
      if ((*chosen)[i].is_kept) continue;
      const model_tensor& t = from_.m.tensors[i];
      const auto [il, rest] = layer_of(t.name);
      const auto [it, is_new] = known.emplace(rest, groups_.size());
      if (is_new) groups_.push_back(new_group(t, rest, is_tied));
      name_group& g = groups_[it->second];
      g.tensors.push_back(i);
      g.layers.push_back(il);
      g.row = g.row == 0 ? t.ne[0] : std::min(g.row, t.ne[0]);
      g.weights += static_cast<std::uint64_t>(t.ne[0] * t.ne[1] * t.ne[2] * t.ne[3]);
    }
    constexpr std::size_t most = 256;
    if (groups_.size() > most)
      return error{errc::limit, std::to_string(groups_.size()) +
                                    " names of matrices, expected at most " + std::to_string(most)};
    if (groups_.empty()) return error{errc::not_found, from_.name + " has no matrices to quantize"};
    for (name_group& g : groups_) {
      if (g.is_input) g.rung = rungs_.size() - 1;
      for (const std::uint32_t i : g.tensors)
        g.has_host = g.has_host || (!g.is_input && !on_card_[i]);
      if (g.has_host && !plan_.gpus.ram)
        return error{errc::invalid_argument,
                     "--find: of " + g.rest + " some lies on the host: say with --ram what it has"};
    }
    return {};
  }

  /// Which tensors the run has on a card.
  result<void> place() {
    const auto used = devices_of(plan_.r, devices_);
    if (!used) return used.error();
    const auto where = place_layers(plan_.r, *used, from_.m.hp.n_layer_all);
    if (!where) return where.error();
    const auto placed = place_weights(from_.m, *where, plan_.r, devices_.size());
    if (!placed) return placed.error();
    on_card_.assign(from_.m.tensors.size(), false);
    for (const placed_weight& w : placed->all)
      if (w.backend != where->host()) on_card_[w.tensor] = true;
    return {};
  }

  [[nodiscard]] name_group new_group(const model_tensor& t, std::string_view rest,
                                     bool is_tied) const {
    name_group g;
    g.rest = std::string(rest);
    g.preference = preference_of(t.name);
    const moe_hparams& moe = from_.m.hp.moe;
    if (rest.find("_exps") != rest.npos && moe.n_expert > 0) {
      const std::uint32_t used = from_.m.hp.n_expert_used(from_.m.hp.n_layer() - 1);
      g.share = std::max(1u, used) / static_cast<double>(moe.n_expert);
    }
    const bool is_input = place_of(from_.m, t.name).kind == tensor_class::input;
    g.is_input = is_input && !(is_tied && t.name == "token_embd.weight");
    return g;
  }

  /// The fall of the curve for a weight that goes from one type to the next, and the bits that it costs.
  [[nodiscard]] double gain(const name_group& g) const {
    const double from = bits_of(rungs_[g.rung].type), to = bits_of(rungs_[g.rung + 1].type);
    // the curve ends a little before 8.5 bits, and begins above 2
    const double low = curve_kld(std::max(from, 2.02)).value_or(0);
    const double high = curve_kld(std::min(to, 8.5)).value_or(0);
    return g.share * std::max(low - high, 0.0) / (to - from);
  }

  /// The name whose next type gains most for its bytes; null: none is left.
  name_group* best() {
    name_group* found = nullptr;
    for (name_group& g : groups_) {
      if (g.is_closed || g.is_input || g.rung + 1 >= rungs_.size()) continue;
      if (!found || std::pair(-gain(g), g.preference) < std::pair(-gain(*found), found->preference))
        found = &g;
    }
    return found;
  }

  /// On the cards.
  [[nodiscard]] bytes size_of(const name_group& g, std::size_t rung) const {
    bytes sum;
    for (const std::uint32_t i : g.tensors) {
      if (!on_card_[i]) continue;
      const model_tensor& t = from_.m.tensors[i];
      const auto type = vrambudget::detail::fitting_type(rungs_[rung].type, t.ne[0]);
      sum += data_size(type ? *type : rungs_[rung].type, t.ne);
    }
    return sum;
  }

  /// Takes the next type if the model still fits, else in as many layers as do. What surely fits is not planned.
  result<void> raise(name_group& g) {
    const bytes more = saturating_sub(size_of(g, g.rung + 1), size_of(g, g.rung));
    constexpr bytes slack = 256_MiB;
    if (!g.has_host && more + slack < spare_) {
      ++g.rung;
      raised_.push_back(static_cast<std::size_t>(&g - groups_.data()));
      spare_ = saturating_sub(spare_, more);
      return {};
    }
    if (const auto ok = settle(); !ok) return ok.error();
    if (more <= spare_) {
      ++g.rung;
      const auto left = spare();
      if (!left) return left.error();
      if (*left) {
        spare_ = **left;
        return {};
      }
      --g.rung;
    }
    g.is_closed = true;
    return fill(g);
  }

  /// Plans what was taken without; buffers grow a little with types, and so what does not fit goes back.
  result<void> settle() {
    for (;;) {
      const auto left = spare();
      if (!left) return left.error();
      if (*left) {
        spare_ = **left;
        return {};
      }
      if (raised_.empty()) return error{errc::not_found, from_.name + " does not fit"};
      --groups_[raised_.back()].rung;
      raised_.pop_back();
    }
  }

  /// The next type in as many layers as fit.
  result<void> fill(name_group& g) {
    if (g.layers.size() < 2 || g.layers.front() < 0) return {};
    std::size_t low = 0, high = g.layers.size() - 1;
    while (low < high) {
      g.n_more = (low + high + 1) / 2;
      const auto left = spare();
      if (!left) return left.error();
      if (*left) {
        low = g.n_more;
        spare_ = **left;
      } else {
        high = g.n_more - 1;
      }
    }
    g.n_more = low;
    return {};
  }

  /// What the recipe leaves free on the fullest card; nothing: it does not fit.
  result<std::optional<bytes>> spare() {
    const auto recipes = recipes_of(request());
    if (!recipes) return recipes.error();
    const auto f = quantize_file({}, from_.m, recipes->front().r);
    if (!f) return f.error();
    planner p(f->m, devices_, limits_of(plan_, plan_.gpus.ram), beside_.draft.get(),
              beside_.mmproj.get());
    const auto b = p.budget_for(plan_.r);
    if (!b) return b.error();
    if (!b->fits()) return std::optional<bytes>();
    return std::optional(least_spare(*b));
  }

  [[nodiscard]] recipe_request request() const {
    // the type of most weights is the file's
    std::map<std::size_t, std::uint64_t> weights;
    for (const name_group& g : groups_)
      if (!g.is_input) weights[g.rung] += g.weights;
    std::size_t base = 0;
    for (const auto& [rung, n] : weights)
      if (!weights.count(base) || n > weights[base]) base = rung;
    recipe_request out = q_;
    out.base = std::string(name(rungs_[base].base));
    out.pure = true;
    out.tensor_types.clear();
    for (const name_group& g : groups_) add_rule(g, base, out);
    return out;
  }

  void add_rule(const name_group& g, std::size_t base, recipe_request& out) const {
    const auto named = [&](std::size_t rung) {
      return std::string(traits(rungs_[rung].type).name);
    };
    if (g.n_more > 0) {
      std::vector<int> layers = in_order_of_use(g.layers, static_cast<int>(from_.m.hp.n_layer_all));
      layers.resize(g.n_more);
      out.tensor_types.push_back("blk.(" + vrambudget::detail::layers_pattern(layers) + ")." +
                                 vrambudget::detail::escaped(g.rest) + "=" + named(g.rung + 1));
    }
    if (g.rung == base) return;
    const bool fills = g.row % static_cast<std::int64_t>(traits(rungs_[g.rung].type).block) == 0;
    if (g.rest == "token_embd.weight" && fills)
      out.token_embedding_type = named(g.rung);
    else if (g.rest == "output.weight" && fills)
      out.output_tensor_type = named(g.rung);
    else
      out.tensor_types.push_back((g.layers.front() < 0
                                      ? "^" + vrambudget::detail::escaped(g.rest)
                                      : vrambudget::detail::pattern_for(from_.m, g.rest)) +
                                 "=" + named(g.rung));
  }

  const recipe_source& from_;
  const recipe_request& q_;
  const plan_request& plan_;
  const std::vector<device>& devices_;
  const named_models& beside_;
  std::span<const rung> rungs_;
  std::vector<name_group> groups_;
  std::vector<bool> on_card_;        ///< by tensor
  std::vector<std::size_t> raised_;  ///< groups, in the order in which they got their types
  bytes spare_;
};

}  // namespace

result<recipe_request> find_recipe(const recipe_source& from, const recipe_request& q,
                                   const plan_request& plan, const std::vector<device>& devices,
                                   const named_models& beside) {
  if (plan.r.n_ctx == 0)
    return error{errc::invalid_argument, "--find: name the context that is to fit with -c"};
  return search(from, q, plan, devices, beside).run();
}

}  // namespace vrambudget::request
