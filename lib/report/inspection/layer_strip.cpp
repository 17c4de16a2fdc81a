// Layers as two characters each: what a layer is, and how many bits its weights have.
#include <fmt/format.h>

#include <cmath>

#include "report/inspection/tensor_groups.hpp"
#include "report/lines.hpp"

namespace vrambudget::inspection {
namespace {

constexpr std::uint32_t most_layers = 4096;

struct layer_sum {
  std::uint64_t bits = 0, weights = 0;
  bool has_experts = false, has_attention = false, has_state = false;
};

bool is_matrix(const model_tensor& t) { return t.ne[1] > 1; }

/// The kinds that come again and again, "sssa"; empty: all are alike, or none do. Layers for drafting do not count.
std::string turn_of(const std::vector<layer_look>& all) {
  constexpr std::size_t longest = 16;
  std::string kinds;
  for (const layer_look& l : all)
    if ((l.kind | 32) != 'd') kinds += l.kind;
  for (std::size_t n = 1; n <= std::min(longest, kinds.size() / 2); ++n) {
    bool is_one = true;
    for (std::size_t i = n; i < kinds.size() && is_one; ++i) is_one = kinds[i] == kinds[i - n];
    if (is_one) return n == 1 ? std::string() : kinds.substr(0, n);
  }
  return {};
}

}  // namespace

std::vector<layer_look> layers_of(const model& m) {
  const std::uint32_t n = std::min(m.hp.n_layer_all, most_layers);
  std::vector<layer_sum> sums(n);
  for (const model_tensor& t : m.tensors) {
    const stacked_name name = stack_of(t.name);
    if (name.il < 0 || static_cast<std::uint32_t>(name.il) >= n) continue;
    layer_sum& s = sums[static_cast<std::size_t>(name.il)];
    s.has_experts = s.has_experts || stacks_experts(name.rest);
    s.has_attention = s.has_attention || name.rest.starts_with("attn_");
    s.has_state = s.has_state || name.rest.starts_with("ssm_") ||
                  name.rest.starts_with("time_mix_") || name.rest.starts_with("shortconv");
    if (!is_matrix(t)) continue;
    s.bits += t.size.count * 8;
    s.weights += static_cast<std::uint64_t>(t.ne[0] * t.ne[1] * t.ne[2] * t.ne[3]);
  }
  std::vector<layer_look> all(n);
  for (std::uint32_t il = 0; il < n; ++il) {
    const layer_sum& s = sums[il];
    const bool is_draft = m.hp.n_layer() > 0 && il >= m.hp.n_layer();
    char kind = is_draft                             ? 'd'
                : s.has_state                        ? 's'
                : s.has_attention && m.hp.is_swa(il) ? 'w'
                : s.has_attention                    ? 'a'
                                                     : 'f';
    if (s.has_experts) kind = static_cast<char>(kind - 32);
    all[il].kind = kind;
    if (s.weights == 0) continue;
    const auto bits = std::lround(static_cast<double>(s.bits) / static_cast<double>(s.weights));
    all[il].bits = bits > 9 ? '+' : static_cast<char>('0' + bits);
  }
  return all;
}

std::string strip_of(const model& m) {
  constexpr std::size_t row = 64;
  const std::vector<layer_look> all = layers_of(m);
  if (all.empty()) return {};
  std::string kinds, text;
  for (const layer_look& l : all)
    if (kinds.find(l.kind) == kinds.npos) kinds += l.kind;
  const auto meaning = [](char kind) -> std::string_view {
    switch (kind | 32) {
      case 'a':
        return "attention";
      case 'w':
        return "attention in a window";
      case 's':
        return "state space";
      case 'd':
        return "draft";
      default:
        return "feed-forward alone";
    }
  };
  for (const char k : kinds)
    text += fmt::format("{}{} {}{}", text.empty() ? "" : ", ", k, meaning(k),
                        k < 'a' ? " and experts" : "");
  const std::string turn = turn_of(all);
  if (!turn.empty()) text += ", in turns of " + turn;
  std::string head;
  for (const std::string& line : broken("layers: " + text + "; below, bits a weight", 80, 2))
    head += line + "\n";
  text = "\n" + head;
  for (std::size_t at = 0; at < all.size(); at += row) {
    std::string kind, bits;
    for (std::size_t il = at; il < std::min(at + row, all.size()); ++il) {
      kind += all[il].kind;
      bits += all[il].bits;
    }
    text += fmt::format("  {:>6}  {}\n  {:>6}  {}\n", at, kind, "", bits);
  }
  return text;
}

}  // namespace vrambudget::inspection
