// Whether a model can be the one of a log.
#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "os/decimal.hpp"
#include "scan.hpp"
#include "vrambudget/log/logged_model.hpp"

namespace vrambudget {
namespace {

using detail::numbers_of;
using detail::skip;
using detail::take_number;

/// The largest value that a key has over all layers, as print_info's lists have it.
std::optional<std::uint64_t> largest(const log_model& lines, std::string_view key) {
  const auto it = lines.info.find(key);
  if (it == lines.info.end()) return std::nullopt;
  const auto all = numbers_of(it->second);
  if (!all) return std::nullopt;
  return *std::max_element(all->begin(), all->end());
}

}  // namespace

std::optional<std::string> contradiction(const model& m, const log_model& lines) {
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
  return std::nullopt;
}

bool other_size(const model& m, const log_model& lines) {
  for (const char* key : {"file size", "model size"}) {
    const auto it = lines.info.find(key);
    if (it == lines.info.end()) continue;
    double n = 0;
    const std::string& text = it->second;
    const auto [rest, failed] = detail::read_decimal(text.data(), text.data() + text.size(), n);
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

}  // namespace vrambudget
