#include "catalogue/dynamic_sizes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "catalogue/names.hpp"
#include "vrambudget/model/tensor_purpose.hpp"
#include "vrambudget/quantize/quantize.hpp"

namespace vrambudget::detail {
namespace {

bytes times(bytes b, double share) {
  return {static_cast<std::uint64_t>(static_cast<double>(b.count) * share)};
}

std::string gib(bytes b) { return fmt::format("{:.2f}", static_cast<double>(b.count) / 0x1p30); }

template <class Rows>
const auto* row_of(const Rows& rows, std::string_view label) {
  const auto it =
      std::find_if(rows.begin(), rows.end(), [&](const auto& r) { return r.label == label; });
  return it == rows.end() ? nullptr : &*it;
}

estimated_file estimated(model m, std::string_view label, const size_shares& s, bytes of,
                         const std::string& why) {
  const size_range within = {times(of, s.low), times(of, s.high)};
  std::string says = fmt::format("{} is estimated at {} GiB, {} to {}: {}", label,
                                 gib(m.tensor_bytes()), gib(within.low), gib(within.high), why);
  return {std::move(m), within, std::move(says)};
}

result<estimated_file> by_ratio(const model& shape, const dynamic_ratio& r) {
  auto m = quantized(shape, *find_quantization(name(r.plain)));
  if (!m) return m.error();
  const bytes plain = m->tensor_bytes();
  scale_matrices(*m, times(plain, r.shares.middle));
  return estimated(std::move(*m), r.label, r.shares, plain,
                   fmt::format("8 of 10 such files were {:.3f} to {:.3f} times as large as {}",
                               r.shares.low, r.shares.high, name(r.plain)));
}

mixed_type type_in(const dynamic_recipe& r, std::string_view name, tensor_role role) {
  if (role == tensor_role::token_embd) return {r.token_embd, r.token_embd, 0};
  if (role == tensor_role::output) return {r.output, r.output, 0};
  if (!stacks_experts(name)) return r.other;
  return role == tensor_role::ffn_down ? r.expert_down : r.expert_in;
}

result<estimated_file> by_recipe(model m, const dynamic_recipe& r) {
  for (model_tensor& t : m.tensors) {
    const tensor_use use = use_of(t.name, m.traits->keeps_small_matrices);
    if (use.is_kept || !is_matrix(t)) continue;
    const mixed_type mixed = type_in(r, t.name, use.role);
    const auto usual = fitting_type(mixed.usual, t.ne[0]);
    const auto raised = fitting_type(mixed.raised, t.ne[0]);
    if (!usual || !raised) return usual ? raised.error() : usual.error();
    t.type = *usual;
    const bytes least = data_size(*usual, t.ne), most = data_size(*raised, t.ne);
    t.size = least + times(saturating_sub(most, least), mixed.share);
  }
  m.file_size = {};
  const bytes size = m.tensor_bytes();
  return estimated(std::move(m), r.label, r.shares, size,
                   "by the types that such files have since February 2026; older ones differ");
}

}  // namespace

std::string_view dynamic_label(std::string_view typed) {
  std::string_view found;
  const auto look = [&](const auto& rows) {
    for (const auto& r : rows)
      if (folded(r.label) == typed) found = r.label;
  };
  look(dense_ratios);
  look(expert_recipes);
  return found;
}

result<estimated_file> estimate_file(const model& shape, std::string_view label) {
  const bool has_experts = shape.hp.moe.n_expert > 0;
  if (has_experts)
    if (const auto* recipe = row_of(expert_recipes, label)) return by_recipe(shape, *recipe);
  const dynamic_ratio* ratio =
      has_experts ? row_of(expert_ratios, label) : row_of(dense_ratios, label);
  if (ratio) return by_ratio(shape, *ratio);
  return error{errc::unsupported,
               fmt::format("the size of {} cannot be estimated of a model {} experts", label,
                           has_experts ? "with" : "without")};
}

void scale_matrices(model& m, bytes data) {
  const auto is_row_of_many = [](const model_tensor& t) { return t.ne[1] > 1; };
  bytes vectors;
  for (const model_tensor& t : m.tensors)
    if (!is_row_of_many(t)) vectors += t.size;
  const double ratio = static_cast<double>(saturating_sub(data, vectors).count) /
                       static_cast<double>(saturating_sub(m.tensor_bytes(), vectors).count);
  for (model_tensor& t : m.tensors)
    if (is_row_of_many(t))
      t.size = bytes{static_cast<std::uint64_t>(static_cast<double>(t.size.count) * ratio) + 1};
}

}  // namespace vrambudget::detail
