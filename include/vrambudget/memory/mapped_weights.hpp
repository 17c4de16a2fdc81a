// What a device maps of a model's files where it reads weights in place, as Metal does: of each file the range from
// the first of its tensors to the last, with all that lies between them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "vrambudget/basis.hpp"
#include "vrambudget/memory/weights.hpp"
#include "vrambudget/model/model.hpp"

namespace vrambudget {

/// One mapped range, in the views that a device makes of it.
struct mapped_tensors {
  bytes size;     ///< what the engine's log has
  bytes charged;  ///< all views, which overlap if there are several
};

/// The views of `size` bytes from `begin` on, none longer than `longest` (0: any) and each tensor whole in one.
///
/// Accuracy: exact
/// Source:   llama.cpp, ggml/src/ggml-metal/ggml-metal-device.m: ggml_metal_buffer_map
[[nodiscard]] constexpr bytes views_of(std::uint64_t begin, bytes size, bytes largest_tensor,
                                       bytes longest, bytes page) {
  const bytes whole = size + bytes{begin % page.count};
  const bytes paged = pad(whole, page.count);
  const bytes overlap = pad(largest_tensor, page.count) + page;
  if (longest.count == 0 || paged <= longest || longest <= overlap) return paged;
  constexpr int most_views = 64;
  bytes charged, i;
  for (int n = 0; n < most_views && i < whole; ++n, i += saturating_sub(longest, overlap))
    charged += i + longest <= whole ? longest : saturating_sub(paged, i);
  return charged;
}

namespace detail {

/// The range of a model that no file is known of, whose tensors lie as llama-quantize orders them: those of no layer
/// first, each group by name.
///
/// Source:   llama.cpp, src/llama-model-loader.h: weight_name_comparer
[[nodiscard]] inline bytes range_as_usual(const model& m, const weights& placed, int on) {
  using key = std::pair<int, std::string_view>;
  std::vector<key> keys;
  for (const model_tensor& t : m.tensors) keys.emplace_back(layer_of(t.name).first, t.name);
  const key *first = nullptr, *last = nullptr;
  for (const placed_weight& w : placed.all) {
    if (w.backend != on) continue;
    const key& k = keys[w.tensor];
    if (!first || k < *first) first = &k;
    if (!last || *last < k) last = &k;
  }
  bytes range;
  for (std::size_t i = 0; first && i < keys.size(); ++i)
    if (!(keys[i] < *first) && !(*last < keys[i]))
      range += &keys[i] == last ? m.tensors[i].size
                                : pad(m.tensors[i].size, cpu::buffers.alignment);
  return range;
}

}  // namespace detail

/// What backend `on` maps of all files; nothing lies there: zero.
///
/// Formula:  per file: last end - first begin of its tensors
/// Accuracy: exact; assumed of a model that no file is known of
/// Source:   llama.cpp, src/llama-model-loader.cpp: get_mapping_range
[[nodiscard]] inline mapped_tensors mapped_on(const model& m, const weights& placed, int on,
                                              bytes longest, bytes page) {
  struct span {
    std::uint64_t begin = ~std::uint64_t{0}, end = 0;
  };
  std::map<std::uint32_t, span> files;
  bytes largest;
  for (const placed_weight& w : placed.all) {
    if (w.backend != on) continue;
    const model_tensor& t = m.tensors[w.tensor];
    span& s = files[t.file];
    s.begin = std::min(s.begin, t.offset);
    s.end = std::max(s.end, t.offset + t.size.count);
    largest = std::max(largest, t.size);
  }
  mapped_tensors all;
  const auto add = [&](std::uint64_t begin, bytes size) {
    all.size += size;
    all.charged += views_of(begin, size, largest, longest, page);
  };
  if (m.path.empty()) {
    add(0, detail::range_as_usual(m, placed, on));
    return all;
  }
  for (const auto& [file, s] : files) add(s.begin, saturating_sub(bytes{s.end}, bytes{s.begin}));
  return all;
}

}  // namespace vrambudget
