// Tensors counted by what they are for, by type and by layer.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "vrambudget/model/model.hpp"
#include "vrambudget/model/tensor_purpose.hpp"

namespace vrambudget::inspection {

struct amount {
  std::size_t n = 0;
  bytes size;

  void add(const model_tensor& t) {
    ++n;
    size += t.size;
  }
};

/// Counts of what belongs together, and of its parts.
template <class Part>
struct group {
  amount all;
  std::map<Part, amount> parts;

  void add(const model_tensor& t, const Part& part) {
    all.add(t);
    parts[part].add(t);
  }
};

struct tensor_groups {
  std::map<tensor_purpose, group<ggml_type>> by_use;
  std::map<ggml_type, group<tensor_purpose>> by_type;
};

[[nodiscard]] inline tensor_groups groups_of(const model& m) {
  tensor_groups g;
  for (const model_tensor& t : m.tensors) {
    const tensor_purpose p = purpose_of(m, t);
    g.by_use[p].add(t, t.type);
    g.by_type[t.type].add(t, p);
  }
  return g;
}

/// "ssm_conv1d" of "blk.3.ssm_conv1d.weight"; "ssm_dt" of its bias.
[[nodiscard]] inline std::string short_name(std::string_view name) {
  std::string_view rest = stack_of(name).rest;
  for (const std::string_view end : {".weight", ".bias"})
    if (rest.ends_with(end)) rest.remove_suffix(end.size());
  return std::string(rest);
}

/// The parts of something by size of their counts, the largest first.
template <class Part>
[[nodiscard]] std::vector<std::pair<Part, amount>> by_size(const std::map<Part, amount>& parts) {
  std::vector<std::pair<Part, amount>> all(parts.begin(), parts.end());
  std::stable_sort(all.begin(), all.end(),
                   [](const auto& a, const auto& b) { return a.second.size > b.second.size; });
  return all;
}

/// A layer as a strip shows it.
struct layer_look {
  char kind =
      '?';  ///< 'a' attention, 'w' with a window, 's' state space, 'd' draft; capital: with experts
  char bits = ' ';  ///< of a weight of its matrices, rounded; '+': ten and more
};

[[nodiscard]] std::vector<layer_look> layers_of(const model& m);

/// Rows of 64 layers with their kinds and bits; empty: no layers.
[[nodiscard]] std::string strip_of(const model& m);

}  // namespace vrambudget::inspection
