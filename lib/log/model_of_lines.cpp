#include "model_of_lines.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "os/decimal.hpp"
#include "scan.hpp"
#include "vrambudget/gguf/writer.hpp"

namespace vrambudget {
namespace {

using detail::numbers_of;
using detail::take_number;

/// Keys of print_info and the metadata they are read from, without the architecture.
constexpr std::pair<std::string_view, std::string_view> info_keys[] = {
    {"n_ctx_train", "context_length"},
    {"n_embd", "embedding_length"},
    {"n_head", "attention.head_count"},
    {"n_head_kv", "attention.head_count_kv"},
    {"n_rot", "rope.dimension_count"},
    {"n_swa", "attention.sliding_window"},
    {"n_embd_head_k", "attention.key_length"},
    {"n_embd_head_v", "attention.value_length"},
    {"n_embd_head_k_mla", "attention.key_length_mla"},
    {"n_embd_head_v_mla", "attention.value_length_mla"},
    {"n_ff", "feed_forward_length"},
    {"n_ff_exp", "expert_feed_forward_length"},
    {"n_ff_shexp", "expert_shared_feed_forward_length"},
    {"n_expert", "expert_count"},
    {"n_expert_used", "expert_used_count"},
    {"n_expert_shared", "expert_shared_count"},
    {"n_layer_dense_lead", "leading_dense_block_count"},
    {"n_lora_q", "attention.q_lora_rank"},
    {"n_lora_kv", "attention.kv_lora_rank"},
    {"ssm_d_conv", "ssm.conv_kernel"},
    {"ssm_d_inner", "ssm.inner_size"},
    {"ssm_d_state", "ssm.state_size"},
    {"ssm_dt_rank", "ssm.time_step_rank"},
    {"ssm_n_group", "ssm.group_count"},
    {"n_vocab", "vocab_size"},
};

/// Writes what the log dumped of the file's metadata; a value that was cut short is left out.
void add_dumped(gguf::writer& out, const log_model& lines, std::vector<std::string>& have) {
  for (const auto& [key, typed] : lines.metadata) {
    const auto& [type, value] = typed;
    if (value.ends_with("...") || std::find(have.begin(), have.end(), key) != have.end()) continue;
    std::string_view rest = value;
    bool ok = true;
    if (type == "u32" || type == "i32" || type == "u64" || type == "u16") {
      const auto n = take_number(rest);
      ok = n && *n <= UINT32_MAX;
      if (ok) out.add(key, static_cast<std::uint32_t>(*n));
    } else if (type == "f32") {
      float f = 0;
      ok = detail::read_decimal(value.data(), value.data() + value.size(), f).ec == std::errc{};
      if (ok) out.add(key, f);
    } else if (type == "bool") {
      out.add(key, value == "true");
    } else if (type == "str" && key.starts_with("general.")) {
      out.add(key, std::string_view(value));
    } else if (type.starts_with("arr[i32") || type.starts_with("arr[u32")) {
      const auto all = numbers_of(value);
      ok = all.has_value();
      if (ok) out.add(key, *all);
    } else {
      ok = false;
    }
    if (ok) have.push_back(key);
  }
}

/// Writes what print_info said and the metadata did not.
void add_info(gguf::writer& out, const log_model& lines, std::vector<std::string>& have) {
  const std::string prefix = lines.architecture + ".";
  const auto missing = [&](const std::string& key) {
    return std::find(have.begin(), have.end(), key) == have.end();
  };
  for (const auto& [name, key] : info_keys) {
    const auto it = lines.info.find(name);
    if (it == lines.info.end() || !missing(prefix + std::string(key))) continue;
    const auto all = numbers_of(it->second);
    if (!all) continue;
    if (all->size() > 1)
      out.add(prefix + std::string(key), *all);
    else if (all->front() != 0 || name == "n_ff")
      out.add(prefix + std::string(key), all->front());
  }
  const auto n_layer = lines.number("n_layer"), n_all = lines.number("n_layer_all");
  if (n_layer && missing(prefix + "block_count"))
    out.add(prefix + "block_count", static_cast<std::uint32_t>(n_all.value_or(*n_layer)));
  if (n_layer && n_all && *n_all > *n_layer && missing(prefix + "nextn_predict_layers"))
    out.add(prefix + "nextn_predict_layers", static_cast<std::uint32_t>(*n_all - *n_layer));
  for (const char* key :
       {"attention.layer_norm_rms_epsilon", "attention.layer_norm_epsilon"})  // of no size
    if (missing(prefix + key)) out.add(prefix + key, 1e-6f);
  if (missing("tokenizer.ggml.model")) out.add("tokenizer.ggml.model", std::string_view("none"));
}

}  // namespace

result<model> model_of_lines(const log_model& lines) {
  gguf::writer out;
  std::vector<std::string> have;
  add_dumped(out, lines, have);
  if (std::find(have.begin(), have.end(), "general.architecture") == have.end())
    out.add("general.architecture", std::string_view(lines.architecture));
  add_info(out, lines, have);
  const auto header = out.finish();
  const auto parsed = gguf::parse(header, {.check_data = false});
  if (!parsed) return parsed.error();
  auto m = read_model({&*parsed, 1});
  if (m && m->name.empty()) m->name = lines.name;
  return m;
}

}  // namespace vrambudget
