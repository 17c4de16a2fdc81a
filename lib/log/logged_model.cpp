#include "vrambudget/log/logged_model.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "scan.hpp"
#include "vrambudget/catalogue/models.hpp"
#include "vrambudget/catalogue/shape.hpp"
#include "vrambudget/gguf/writer.hpp"

namespace vrambudget {
namespace {

using detail::skip;
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

/// "[4, 4, 8]" or "4"; nothing if it is cut short or no such numbers.
std::optional<std::vector<std::uint32_t>> numbers_of(std::string_view text) {
  std::vector<std::uint32_t> out;
  const bool list = skip(text, "[");
  while (true) {
    const auto n = take_number(text);
    if (!n || *n > UINT32_MAX || out.size() >= 4096) return std::nullopt;
    out.push_back(static_cast<std::uint32_t>(*n));
    if (!list || skip(text, "]")) return out;
    if (!skip(text, ",")) return std::nullopt;
  }
}

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
      ok = std::from_chars(value.data(), value.data() + value.size(), f).ec == std::errc{};
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

result<model> from_lines(const log_model& lines) {
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

result<model> from_catalogue(const catalogued_model& c) {
  const auto header = header_from_shape(c.shape);
  if (!header) return header.error();
  const auto parsed = gguf::parse(*header, {.check_data = false});
  if (!parsed) return parsed.error();
  auto m = read_model({&*parsed, 1});
  if (m) m->name = c.name;
  return m;
}

/// The largest value that a key has over all layers, as print_info's lists have it.
std::optional<std::uint64_t> largest(const log_model& lines, std::string_view key) {
  const auto it = lines.info.find(key);
  if (it == lines.info.end()) return std::nullopt;
  const auto all = numbers_of(it->second);
  if (!all) return std::nullopt;
  return *std::max_element(all->begin(), all->end());
}

}  // namespace

std::string contradicts(const model& m, const log_model& lines) {
  if (!lines.architecture.empty() && lines.architecture != m.architecture)
    return "the log's model is a '" + lines.architecture + "', this one a '" + m.architecture + "'";
  const hparams& hp = m.hp;
  std::uint64_t heads = 0, kv = 0, ff = 0;
  for (std::uint32_t il = 0; il < hp.n_layer(); ++il) {
    heads = std::max<std::uint64_t>(heads, hp.n_head(il));
    kv = std::max<std::uint64_t>(kv, hp.n_head_kv(il));
    ff = std::max<std::uint64_t>(ff, hp.n_ff(il));
  }
  const auto differs = [](std::string_view key, std::uint64_t logged, std::uint64_t here) {
    return "the log's model has " + std::string(key) + " " + std::to_string(logged) +
           ", this one " + std::to_string(here);
  };
  if (const auto n = lines.number("n_layer"); n && *n != hp.n_layer() && *n != hp.n_layer_all)
    return differs("n_layer", *n, hp.n_layer());
  const std::pair<std::string_view, std::uint64_t> all[] = {
      {"n_embd", hp.n_embd}, {"n_head", heads},       {"n_head_kv", kv},
      {"n_ff", ff},          {"n_vocab", hp.n_vocab}, {"n_expert", hp.moe.n_expert}};
  for (const auto& [key, here] : all)
    if (const auto n = largest(lines, key); n && *n != here && (*n != 0 || key == "n_expert"))
      return differs(key, *n, here);
  if (lines.info.empty()) {  // only the metadata tells
    const std::string prefix = lines.architecture + ".";
    for (const auto& [key, typed] : lines.metadata) {
      std::string_view value = typed.second;
      const auto n = take_number(value);
      if (!n) continue;
      if (key == prefix + "block_count" && *n != hp.n_layer_all)
        return differs("block_count", *n, hp.n_layer_all);
      if (key == prefix + "embedding_length" && *n != hp.n_embd)
        return differs("embedding_length", *n, hp.n_embd);
    }
  }
  return {};
}

bool other_size(const model& m, const log_model& lines) {
  for (const char* key : {"file size", "model size"}) {
    const auto it = lines.info.find(key);
    if (it == lines.info.end()) continue;
    double n = 0;
    const std::string& text = it->second;
    const auto [rest, failed] = std::from_chars(text.data(), text.data() + text.size(), n);
    std::string_view unit(rest, static_cast<std::size_t>(text.data() + text.size() - rest));
    if (failed != std::errc{} || !(n > 0)) continue;
    const double mib = n * (skip(unit, "GiB") ? 1024 : 1);
    return std::abs(static_cast<double>(m.tensor_bytes().count) / 0x1p20 / mib - 1) > 0.005;
  }
  return false;
}

bool same_types(const model& m, const log_model& lines) {
  if (lines.type_counts.empty()) return false;
  std::map<std::string, std::uint32_t, std::less<>> counts;
  const auto folded = [](std::string_view name) {
    std::string s(name);
    for (char& c : s) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    return s;
  };
  for (const model_tensor& t : m.tensors) ++counts[folded(traits(t.type).name)];
  std::map<std::string, std::uint32_t, std::less<>> logged;
  for (const auto& [name, n] : lines.type_counts) logged[folded(name)] += n;
  return counts == logged;
}

result<logged_model> find_logged_model(const log_model& lines) {
  if (lines.architecture.empty())
    return error{errc::not_found, "the log does not say which architecture its model has"};
  const bool has_dimensions = lines.info.contains("n_embd") && lines.info.contains("n_layer");
  std::optional<logged_model> found;
  for (const catalogued_model& c : catalogued_models()) {
    if (!has_dimensions || c.architecture != lines.architecture) continue;
    auto m = from_catalogue(c);
    if (!m || !contradicts(*m, lines).empty()) continue;
    const bool same = same_types(*m, lines);
    if (found && !same) continue;
    found = {std::move(*m), same ? model_source::same_file : model_source::catalogue};
    if (same) break;
  }
  if (found) return std::move(*found);
  auto m = from_lines(lines);
  if (!m)
    return error{errc::not_found,
                 "the log's lines do not describe its model whole: " + m.error().message};
  return logged_model{std::move(*m), model_source::lines};
}

}  // namespace vrambudget
