#include "vrambudget/request/find_recipe.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "request/recipe/name_groups.hpp"
#include "vrambudget/catalogue/quality.hpp"
#include "vrambudget/plan/least_spare.hpp"
#include "vrambudget/plan/planner.hpp"
#include "vrambudget/request/asked_plan.hpp"

namespace vrambudget::request {
namespace {

double bits_of(ggml_type t) {
  return 8.0 * static_cast<double>(traits(t).block_bytes) / static_cast<double>(traits(t).block);
}

/// Goes up from the smallest types, a step at a time.
class search {
 public:
  search(const recipe_source& from, const recipe_request& q, const plan_request& plan,
         const std::vector<device>& devices, const named_models& beside)
      : from_(from),
        q_(q),
        plan_(plan),
        devices_(devices),
        beside_(beside),
        rungs_(rungs_of(q.imatrix.has_value())) {}

  result<recipe_request> run() {
    auto groups = name_groups_of(from_, plan_, devices_, rungs_);
    if (!groups) return groups.error();
    groups_ = std::move(*groups);
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
    return recipe_of(from_.m, groups_, rungs_, q_);
  }

 private:
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
    for (name_group& g : groups_.all) {
      if (g.is_closed || g.is_input || g.rung + 1 >= rungs_.size()) continue;
      if (!found || std::pair(-gain(g), g.preference) < std::pair(-gain(*found), found->preference))
        found = &g;
    }
    return found;
  }

  [[nodiscard]] bytes size_of(const name_group& g, std::size_t rung) const {
    return size_on_cards(from_.m, groups_, g, rungs_[rung].type);
  }

  /// Takes the next type if the model still fits, else in as many layers as do. What surely fits is not planned.
  result<void> raise(name_group& g) {
    const bytes more = saturating_sub(size_of(g, g.rung + 1), size_of(g, g.rung));
    constexpr bytes slack = 256_MiB;
    if (!g.has_host && more + slack < spare_) {
      ++g.rung;
      raised_.push_back(static_cast<std::size_t>(&g - groups_.all.data()));
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
      --groups_.all[raised_.back()].rung;
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
    const auto recipes = recipes_of(recipe_of(from_.m, groups_, rungs_, q_));
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

  const recipe_source& from_;
  const recipe_request& q_;
  const plan_request& plan_;
  const std::vector<device>& devices_;
  const named_models& beside_;
  std::span<const rung> rungs_;
  name_groups groups_;
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
