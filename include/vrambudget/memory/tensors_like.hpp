// Tensors that a pattern which matches none may have meant.
#pragma once

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "vrambudget/model/model.hpp"
#include "vrambudget/model/tensor_class.hpp"

namespace vrambudget {

namespace detail {

/// Letters and digits that stand together, at least two of them: "ffn", "exps".
[[nodiscard]] inline std::vector<std::string> words_of(std::string_view pattern) {
  std::vector<std::string> words(1);
  for (const char c : pattern) {
    if (std::isalnum(static_cast<unsigned char>(c)))
      words.back() += c;
    else if (!words.back().empty())
      words.emplace_back();
  }
  std::erase_if(words, [](const std::string& w) { return w.size() < 2; });
  return words;
}

}  // namespace detail

/// Names without layer and ".weight" that have most words of the pattern; at most `most`, in the file's order.
[[nodiscard]] inline std::vector<std::string> tensors_like(const model& m, std::string_view pattern,
                                                           std::size_t most = 4) {
  const std::vector<std::string> words = detail::words_of(pattern);
  std::vector<std::string> like;
  std::ptrdiff_t best = 1;
  for (const model_tensor& t : m.tensors) {
    std::string name(layer_of(t.name).second);
    if (name.ends_with(".weight")) name.resize(name.size() - 7);
    const std::ptrdiff_t n = std::count_if(words.begin(), words.end(), [&](const std::string& w) {
      return name.find(w) != std::string::npos;
    });
    if (n > best) like.clear();
    best = std::max(best, n);
    if (n == best && like.size() < most && std::find(like.begin(), like.end(), name) == like.end())
      like.push_back(std::move(name));
  }
  return like;
}

}  // namespace vrambudget
