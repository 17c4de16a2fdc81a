#include "catalogue/asked_shape.hpp"

#include <charconv>

#include "catalogue/next_part.hpp"

namespace vrambudget {
namespace {

constexpr std::pair<std::string_view, std::uint64_t (*)(const hparams&, std::uint32_t)> widths[] = {
    {"n_embd", [](const hparams& hp, std::uint32_t) -> std::uint64_t { return hp.n_embd; }},
    {"n_vocab", [](const hparams& hp, std::uint32_t) -> std::uint64_t { return hp.n_vocab; }},
    {"n_head", [](const hparams& hp, std::uint32_t il) -> std::uint64_t { return hp.n_head(il); }},
    {"n_head_kv",
     [](const hparams& hp, std::uint32_t il) -> std::uint64_t { return hp.n_head_kv(il); }},
    {"n_embd_head_k",
     [](const hparams& hp, std::uint32_t il) -> std::uint64_t { return hp.n_embd_head_k(il); }},
    {"n_embd_head_v",
     [](const hparams& hp, std::uint32_t il) -> std::uint64_t { return hp.n_embd_head_v(il); }},
    {"n_embd_k_gqa",
     [](const hparams& hp, std::uint32_t il) -> std::uint64_t { return hp.n_embd_k_gqa(il); }},
    {"n_embd_v_gqa",
     [](const hparams& hp, std::uint32_t il) -> std::uint64_t { return hp.n_embd_v_gqa(il); }},
    {"n_rot", [](const hparams& hp, std::uint32_t il) -> std::uint64_t { return hp.n_rot(il); }},
    {"n_ff", [](const hparams& hp, std::uint32_t il) -> std::uint64_t { return hp.n_ff(il); }},
    {"n_ff_exp",
     [](const hparams& hp, std::uint32_t il) -> std::uint64_t { return hp.n_ff_exp(il); }},
    {"n_ff_shexp",
     [](const hparams& hp, std::uint32_t) -> std::uint64_t { return hp.moe.n_ff_shexp; }},
    {"n_ff_chexp",
     [](const hparams& hp, std::uint32_t) -> std::uint64_t { return hp.moe.n_ff_chexp; }},
    {"n_expert", [](const hparams& hp, std::uint32_t) -> std::uint64_t { return hp.moe.n_expert; }},
    {"n_chunk_expert",
     [](const hparams& hp, std::uint32_t) -> std::uint64_t {
       return hp.moe.n_group_experts ? hp.moe.n_expert / hp.moe.n_group_experts : 0;
     }},
    {"n_slot", [](const hparams& hp, std::uint32_t) -> std::uint64_t { return hp.switched.n_slot; }},
    {"n_rank", [](const hparams& hp, std::uint32_t) -> std::uint64_t { return hp.switched.n_rank; }},
    {"indexer_n_head",
     [](const hparams& hp, std::uint32_t) -> std::uint64_t { return hp.indexer.n_head; }},
    {"indexer_head_size",
     [](const hparams& hp, std::uint32_t) -> std::uint64_t { return hp.indexer.head_size; }},
    {"n_ctx_train",
     [](const hparams& hp, std::uint32_t) -> std::uint64_t { return hp.n_ctx_train; }},
    {"d_conv", [](const hparams& hp, std::uint32_t) -> std::uint64_t { return hp.ssm.d_conv; }},
    {"d_inner", [](const hparams& hp, std::uint32_t) -> std::uint64_t { return hp.ssm.d_inner; }},
    {"d_state", [](const hparams& hp, std::uint32_t) -> std::uint64_t { return hp.ssm.d_state; }},
    {"dt_rank", [](const hparams& hp, std::uint32_t) -> std::uint64_t { return hp.ssm.dt_rank; }},
    {"n_group", [](const hparams& hp, std::uint32_t) -> std::uint64_t { return hp.ssm.n_group; }}};

/// Nothing: a name that is not known here.
std::optional<std::uint64_t> factor_of(std::string_view written, const hparams& hp,
                                       std::uint32_t il) {
  for (const auto& [name, of] : widths)
    if (name == written) return of(hp, il);
  std::uint64_t n = 0;
  if (std::from_chars(written.data(), written.data() + written.size(), n).ec != std::errc())
    return std::nullopt;
  return n;
}

/// Nothing: a part of it is not known, or it is too large.
std::optional<std::int64_t> dimension_of(std::string_view written, const hparams& hp,
                                         std::uint32_t il) {
  std::int64_t sum = 0;
  while (!written.empty()) {
    std::string_view product = next_part(written, '+');
    std::int64_t n = 1;
    while (!product.empty()) {
      const auto factor = factor_of(next_part(product, '*'), hp, il);
      if (!factor || __builtin_mul_overflow(n, *factor, &n)) return std::nullopt;
    }
    if (__builtin_add_overflow(sum, n, &sum)) return std::nullopt;
  }
  return sum;
}

}  // namespace

std::optional<std::array<std::int64_t, 4>> asked_shape(std::string_view written, const hparams& hp,
                                                       std::uint32_t il) {
  std::array<std::int64_t, 4> ne{1, 1, 1, 1};
  if (written.empty()) return std::nullopt;
  for (std::size_t i = 0; i < ne.size() && !written.empty(); ++i) {
    const auto n = dimension_of(next_part(written, ','), hp, il);
    if (!n) return std::nullopt;
    ne[i] = *n;
  }
  return ne;
}

std::string text_of(const std::array<std::int64_t, 4>& ne) {
  std::size_t n = ne.size();
  while (n > 1 && ne[n - 1] == 1) --n;
  std::string text = std::to_string(ne[0]);
  for (std::size_t i = 1; i < n; ++i) text += " x " + std::to_string(ne[i]);
  return text;
}

}  // namespace vrambudget
