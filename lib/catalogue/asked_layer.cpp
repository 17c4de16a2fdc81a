#include "catalogue/asked_layer.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "catalogue/next_part.hpp"

namespace vrambudget {
namespace {

/// Whether any layer uses the tensors of block `il`.
bool is_read(const hparams& hp, std::uint32_t il) {
  const auto& all = hp.block_arr;
  return all.empty() || std::find(all.begin(), all.end(), il) != all.end();
}

/// What words say of a layer.
constexpr std::pair<std::string_view, bool (*)(const hparams&, std::uint32_t)> layer_words[] = {
    {"recr", [](const hparams& hp, std::uint32_t il) { return hp.is_recr(il); }},
    {"lead", [](const hparams& hp, std::uint32_t il) { return il < hp.moe.n_layer_dense_lead; }},
    {"exp", [](const hparams& hp, std::uint32_t) { return hp.moe.n_expert > 0; }},
    {"moe_step", [](const hparams& hp, std::uint32_t il) { return hp.is_moe_step(il); }},
    {"shexp", [](const hparams& hp, std::uint32_t) { return hp.moe.n_ff_shexp > 0; }},
    {"mla", [](const hparams& hp, std::uint32_t) { return hp.is_mla(); }},
    {"indexer", [](const hparams& hp, std::uint32_t) { return hp.indexer.n_head > 0; }},
    {"indexer_full", [](const hparams& hp, std::uint32_t il) { return hp.is_indexer_full(il); }},
    {"swa", [](const hparams& hp, std::uint32_t il) { return hp.is_swa(il); }},
    {"ff", [](const hparams& hp, std::uint32_t il) { return hp.n_ff(il) > 0; }},
    {"ff_exp", [](const hparams& hp, std::uint32_t il) { return hp.n_ff_exp(il) > 0; }},
    {"head", [](const hparams& hp, std::uint32_t il) { return hp.n_head(il) > 0; }},
    {"head_kv", [](const hparams& hp, std::uint32_t il) { return hp.n_head_kv(il) > 0; }},
    {"has_kv", [](const hparams& hp, std::uint32_t il) { return hp.has_kv(il); }},
    {"first", [](const hparams&, std::uint32_t il) { return il == 0; }},
    {"ple", [](const hparams& hp, std::uint32_t il) { return hp.is_ple(il); }},
    {"per_layer", [](const hparams& hp, std::uint32_t) { return hp.n_embd_per_layer > 0; }},
    {"compressed", [](const hparams& hp, std::uint32_t il) { return hp.dsv4.ratio(il) > 0; }},
    {"compressed_4", [](const hparams& hp, std::uint32_t il) { return hp.dsv4.ratio(il) == 4; }},
    {"hash", [](const hparams& hp, std::uint32_t il) { return il < hp.dsv4.hash_layer_count; }},
    {"own", is_read},
    {"hc", [](const hparams& hp, std::uint32_t) { return hp.hc.mult > 0; }},
    {"moe_every",
     [](const hparams& hp, std::uint32_t il) {
       const std::uint32_t n = hp.widths.of("moe_every_n_layers");
       return n > 0 && il % n == 1;
     }},
    {"posnet_resnet", [](const hparams&, std::uint32_t il) { return il != 2 && il < 5; }},
    {"posnet_attn", [](const hparams&, std::uint32_t il) { return il == 2; }},
    {"posnet_norm", [](const hparams&, std::uint32_t il) { return il == 2 || il == 5; }},
    {"kq_norm", [](const hparams& hp, std::uint32_t) { return hp.attn.use_kq_norm; }}};

}  // namespace

bool holds_in(std::uint32_t il, const hparams& hp, std::string_view words) {
  while (!words.empty()) {
    std::string_view word = next_part(words, ',');
    const bool wanted = !word.starts_with('-');
    if (!wanted) word.remove_prefix(1);
    bool holds = !wanted;
    for (const auto& [name, of] : layer_words)
      if (name == word) holds = of(hp, il);
    if (std::find(std::begin(width_keys), std::end(width_keys), word) != std::end(width_keys))
      holds = hp.widths.of(word) > 0;
    if (holds != wanted) return false;
  }
  return true;
}

bool is_asked_in(std::uint32_t il, const hparams& hp, std::string_view words) {
  bool is_in_part = il < hp.n_layer();
  while (!words.empty()) {
    const std::string_view word = next_part(words, ',');
    if (word == "nextn" || word == "all")
      is_in_part = word == "all" || il >= hp.n_layer();
    else if (!holds_in(il, hp, word))
      return false;
  }
  return is_in_part;
}

}  // namespace vrambudget
