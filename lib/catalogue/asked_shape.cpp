#include "catalogue/asked_shape.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "catalogue/asked_layer.hpp"
#include "catalogue/next_part.hpp"

namespace vrambudget {
namespace {

/// Draft layers have a window, whatever the file says of them.
bool is_windowed(const hparams& hp, std::uint32_t il) {
  return il >= hp.n_layer() || hp.is_swa(il);
}

std::int64_t n_embd_head_k_mla_il(const hparams& hp, std::uint32_t il) {
  return is_windowed(hp, il) ? hp.mla.n_embd_head_k_swa : hp.n_embd_head_k_mla();
}

constexpr std::pair<std::string_view, std::int64_t (*)(const hparams&, std::uint32_t)> widths[] = {
    {"n_embd", [](const hparams& hp, std::uint32_t) -> std::int64_t { return hp.n_embd; }},
    {"n_vocab", [](const hparams& hp, std::uint32_t) -> std::int64_t { return hp.n_vocab; }},
    {"n_layer", [](const hparams& hp, std::uint32_t) -> std::int64_t { return hp.n_layer(); }},
    {"n_head", [](const hparams& hp, std::uint32_t il) -> std::int64_t { return hp.n_head(il); }},
    {"n_head_kv",
     [](const hparams& hp, std::uint32_t il) -> std::int64_t { return hp.n_head_kv(il); }},
    {"n_embd_head_k",
     [](const hparams& hp, std::uint32_t il) -> std::int64_t { return hp.n_embd_head_k(il); }},
    {"n_embd_head_v",
     [](const hparams& hp, std::uint32_t il) -> std::int64_t { return hp.n_embd_head_v(il); }},
    {"n_embd_head_k_full",
     [](const hparams& hp, std::uint32_t) -> std::int64_t { return hp.attn.n_embd_head_k; }},
    {"n_embd_k_gqa",
     [](const hparams& hp, std::uint32_t il) -> std::int64_t { return hp.n_embd_k_gqa(il); }},
    {"n_embd_v_gqa",
     [](const hparams& hp, std::uint32_t il) -> std::int64_t { return hp.n_embd_v_gqa(il); }},
    {"n_embd_head_k_mla",
     [](const hparams& hp, std::uint32_t) -> std::int64_t { return hp.n_embd_head_k_mla(); }},
    {"n_embd_head_v_mla",
     [](const hparams& hp, std::uint32_t) -> std::int64_t { return hp.n_embd_head_v_mla(); }},
    {"n_embd_head_nope",
     [](const hparams& hp, std::uint32_t) -> std::int64_t {
       return std::int64_t{hp.n_embd_head_k_mla()} - hp.n_rot();
     }},
    {"n_lora_kv",
     [](const hparams& hp, std::uint32_t) -> std::int64_t { return hp.mla.n_lora_kv; }},
    {"n_embd_head_k_mla_il",
     [](const hparams& hp, std::uint32_t il) -> std::int64_t {
       return n_embd_head_k_mla_il(hp, il);
     }},
    {"n_embd_head_v_mla_il",
     [](const hparams& hp, std::uint32_t il) -> std::int64_t {
       return is_windowed(hp, il) ? hp.mla.n_embd_head_v_swa : hp.n_embd_head_v_mla();
     }},
    {"n_embd_head_nope_il",
     [](const hparams& hp, std::uint32_t il) -> std::int64_t {
       return n_embd_head_k_mla_il(hp, il) - hp.n_rot();
     }},
    {"n_lora_kv_il",
     [](const hparams& hp, std::uint32_t il) -> std::int64_t {
       return is_windowed(hp, il) ? hp.mla.n_lora_kv_swa : hp.mla.n_lora_kv;
     }},
    {"n_rot", [](const hparams& hp, std::uint32_t il) -> std::int64_t { return hp.n_rot(il); }},
    {"n_ff", [](const hparams& hp, std::uint32_t il) -> std::int64_t { return hp.n_ff(il); }},
    {"n_ff_exp",
     [](const hparams& hp, std::uint32_t il) -> std::int64_t { return hp.n_ff_exp(il); }},
    {"n_ff_chexp",
     [](const hparams& hp, std::uint32_t) -> std::int64_t { return hp.moe.n_ff_chexp; }},
    {"n_expert", [](const hparams& hp, std::uint32_t) -> std::int64_t { return hp.moe.n_expert; }},
    {"n_expert_used",
     [](const hparams& hp, std::uint32_t il) -> std::int64_t { return hp.n_expert_used(il); }},
    {"n_chunk_expert",
     [](const hparams& hp, std::uint32_t) -> std::int64_t {
       return hp.moe.n_group_experts ? hp.moe.n_expert / hp.moe.n_group_experts : 0;
     }},
    {"n_slot",
     [](const hparams& hp, std::uint32_t) -> std::int64_t { return hp.switched.n_slot; }},
    {"n_rank",
     [](const hparams& hp, std::uint32_t) -> std::int64_t { return hp.switched.n_rank; }},
    {"indexer_n_head",
     [](const hparams& hp, std::uint32_t) -> std::int64_t { return hp.indexer.n_head; }},
    {"indexer_head_size",
     [](const hparams& hp, std::uint32_t) -> std::int64_t { return hp.indexer.head_size; }},
    {"n_ctx_train",
     [](const hparams& hp, std::uint32_t) -> std::int64_t { return hp.n_ctx_train; }},
    {"d_conv", [](const hparams& hp, std::uint32_t) -> std::int64_t { return hp.ssm.d_conv; }},
    {"d_inner", [](const hparams& hp, std::uint32_t) -> std::int64_t { return hp.ssm.d_inner; }},
    {"d_state", [](const hparams& hp, std::uint32_t) -> std::int64_t { return hp.ssm.d_state; }},
    {"dt_rank", [](const hparams& hp, std::uint32_t) -> std::int64_t { return hp.ssm.dt_rank; }},
    {"n_group", [](const hparams& hp, std::uint32_t) -> std::int64_t { return hp.ssm.n_group; }},
    {"dt_dim",
     [](const hparams& hp, std::uint32_t) -> std::int64_t {
       return std::max(64u, hp.n_embd / 16);
     }},
    {"hc", [](const hparams& hp, std::uint32_t) -> std::int64_t { return hp.hc.mult; }},
    {"compress_ratio",
     [](const hparams& hp, std::uint32_t il) -> std::int64_t { return hp.dsv4.ratio(il); }},
    {"compress_coff",
     [](const hparams& hp, std::uint32_t il) -> std::int64_t {
       return hp.dsv4.ratio(il) == 4 ? 2 : 1;
     }},
    {"n_embd_per_layer",
     [](const hparams& hp, std::uint32_t) -> std::int64_t { return hp.n_embd_per_layer; }},
    {"n_embd_inp",
     [](const hparams& hp, std::uint32_t) -> std::int64_t { return hp.n_embd_inp(); }},
    {"n_embd_out",
     [](const hparams& hp, std::uint32_t) -> std::int64_t { return hp.n_embd_out(); }},
    {"n_ple_rows", [](const hparams& hp, std::uint32_t) -> std::int64_t { return hp.ple.n_rows; }},
    {"n_shortconv_l_cache",
     [](const hparams& hp, std::uint32_t) -> std::int64_t { return hp.n_shortconv_l_cache; }},
    {"n_target_layers",
     [](const hparams& hp, std::uint32_t) -> std::int64_t {
       return static_cast<std::int64_t>(hp.draft.target_layers.size());
     }},
    {"n_cls_out",
     [](const hparams& hp, std::uint32_t) -> std::int64_t { return hp.widths.n_cls_out; }},
    {"n_token_types",
     [](const hparams& hp, std::uint32_t) -> std::int64_t { return hp.widths.n_token_types; }}};

constexpr std::int64_t too_large = INT64_MAX;

/// Nothing: a name that is not known here.
std::optional<std::int64_t> factor_of(std::string_view written, const hparams& hp,
                                      std::uint32_t il) {
  for (const auto& [name, of] : widths)
    if (name == written) return of(hp, il);
  for (const std::string_view key : width_keys)
    if (key == written) return hp.widths.of(key);
  std::int64_t n = 0;
  if (std::from_chars(written.data(), written.data() + written.size(), n).ec != std::errc())
    return std::nullopt;
  return n;
}

/// "n_embd/n_head*2", from the left; what is divided by 0 is 0, and what is too large the largest there is, which no
/// tensor has. Nothing: a part of it is not known.
std::optional<std::int64_t> product_of(std::string_view written, const hparams& hp,
                                       std::uint32_t il) {
  std::int64_t n = 1;
  for (bool is_divided = false; !written.empty();) {
    const std::size_t end = std::min(written.find_first_of("*/"), written.size());
    const auto factor = factor_of(written.substr(0, end), hp, il);
    if (!factor) return std::nullopt;
    if (is_divided)
      n = *factor ? n / *factor : 0;
    else if (__builtin_mul_overflow(n, *factor, &n))
      return too_large;
    is_divided = end < written.size() && written[end] == '/';
    written.remove_prefix(std::min(end + 1, written.size()));
  }
  return n;
}

std::optional<std::int64_t> sum_of(std::string_view written, const hparams& hp, std::uint32_t il) {
  std::int64_t sum = 0;
  while (!written.empty()) {
    const auto n = product_of(next_part(written, '+'), hp, il);
    if (!n) return std::nullopt;
    if (__builtin_add_overflow(sum, *n, &sum)) return too_large;
  }
  return sum;
}

std::optional<std::int64_t> dimension_of(std::string_view written, const hparams& hp,
                                         std::uint32_t il) {
  std::optional<std::int64_t> n = 0;
  while (!written.empty() && n == 0) n = sum_of(next_part(written, '|'), hp, il);
  return n;
}

std::optional<asked_ne> one_shape(std::string_view written, const hparams& hp, std::uint32_t il) {
  asked_ne asked;
  asked.is_count = written.starts_with('#');
  if (asked.is_count) written.remove_prefix(1);
  for (std::size_t i = 0; i < asked.ne.size() && !written.empty(); ++i) {
    std::string_view dimension = next_part(written, ',');
    asked.is_least[i] = dimension.starts_with('?');
    if (asked.is_least[i]) dimension.remove_prefix(1);
    const auto n = dimension_of(dimension, hp, il);
    if (!n) return std::nullopt;
    asked.ne[i] = *n;
  }
  return asked;
}

/// Modulo 2^64.
std::uint64_t elements_of(const std::array<std::int64_t, 4>& ne) {
  std::uint64_t n = 1;
  for (const std::int64_t size : ne) n *= static_cast<std::uint64_t>(size);
  return n;
}

}  // namespace

bool asked_ne::fits(const std::array<std::int64_t, 4>& found) const {
  if (is_count)
    return elements_of(found) == elements_of(ne);
  for (std::size_t i = 0; i < ne.size(); ++i)
    if (is_least[i] ? found[i] < ne[i] : found[i] != ne[i]) return false;
  return true;
}

std::vector<asked_ne> asked_shapes(std::string_view written, const hparams& hp, std::uint32_t il,
                                   std::uint32_t widths_of) {
  std::vector<asked_ne> all;
  while (!written.empty()) {
    std::string_view shape = next_part(written, ';');
    if (const std::size_t end = shape.find(':'); end != shape.npos) {
      const bool is_meant = holds_in(il, hp, shape.substr(0, end));
      shape.remove_prefix(end + 1);
      if (!is_meant) continue;
    }
    const auto asked = one_shape(shape, hp, widths_of);
    if (!asked) return {};
    all.push_back(*asked);
  }
  return all;
}

std::string text_of(const asked_ne& asked) {
  std::size_t n = asked.ne.size();
  while (n > 1 && asked.ne[n - 1] == 1 && !asked.is_least[n - 1]) --n;
  std::string text;
  for (std::size_t i = 0; i < n; ++i) {
    if (i > 0) text += " x ";
    text += std::to_string(asked.ne[i]);
    if (asked.is_least[i]) text += " or more";
  }
  return text;
}

std::string text_of(const std::array<std::int64_t, 4>& ne) { return text_of(asked_ne{.ne = ne}); }

}  // namespace vrambudget
