// What is loaded beside a model's own tensors: LoRA adapters, which add products of low rank to those of
// its tensors, and control vectors, which are added to what its layers give.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "vrambudget/error.hpp"
#include "vrambudget/gguf/header.hpp"
#include "vrambudget/gguf/printable.hpp"
#include "vrambudget/model/file_kind.hpp"
#include "vrambudget/model/model.hpp"

namespace vrambudget {

/// What an adapter adds to the product of one tensor: B A x.
struct low_rank_pair {
  std::string of;  ///< the model's tensor
  model_tensor a;  ///< `OF.lora_a`
  model_tensor b;  ///< `OF.lora_b`
};

/// A LoRA adapter.
struct lora_adapter {
  std::string path;          ///< where it was read from
  std::string name;          ///< `general.name`, or what the file is called
  std::string architecture;  ///< `general.architecture`: of models that it is for
  float scale = 1;           ///< as it was asked for; 0: it is loaded and never applied
  std::vector<low_rank_pair> pairs;
};

/// A file of directions, one for each layer that it changes.
struct control_vector {
  std::string path = {};  ///< where it was read from
  float scale = 1;        ///< as it was asked for
  std::int64_t n_embd = 0;
};

/// All that are loaded with a model. Control vectors are added up into one.
struct adapters {
  std::vector<lora_adapter> loras;
  std::vector<control_vector> control_vectors;
};

namespace detail {

inline result<void> expect_text(const gguf::header& h, std::string_view key,
                                std::string_view expected) {
  const std::string found = gguf::printable(text_of(h, key));
  if (found == expected) return {};
  return error{errc::bad_format, "key '" + std::string(key) + "' is '" + found + "', expected '" +
                                     std::string(expected) + "': not a LoRA adapter"};
}

inline std::string shape_of(const model_tensor& t) {
  std::string s = "[";
  for (std::size_t i = 0; i < t.ne.size(); ++i) s += (i ? ", " : "") + std::to_string(t.ne[i]);
  return s + "]";
}

}  // namespace detail

/// Reads a LoRA adapter. Norms that it may have are left out, as the engine does.
///
/// Errors:   bad_format   no adapter, one that is no LoRA, a tensor that is no part of a pair
/// Source:   llama.cpp, src/llama-adapter.cpp: llama_adapter_lora_init_impl
[[nodiscard]] inline result<lora_adapter> read_lora(const gguf::header& h) {
  for (const auto& [key, expected] :
       {std::pair{"general.type", "adapter"}, std::pair{"adapter.type", "lora"}})
    if (const auto ok = detail::expect_text(h, key, expected); !ok) return ok.error();
  lora_adapter l;
  l.name = gguf::printable(detail::text_of(h, "general.name"));
  l.architecture = gguf::printable(detail::text_of(h, "general.architecture"));
  std::map<std::string_view, low_rank_pair> pairs;  // in the order of their names
  for (const gguf::tensor_info& t : h.tensors()) {
    if (const auto ok = gguf::require_elements(t); !ok) return ok.error();
    std::string_view name = t.name;
    const bool is_a = name.ends_with(".lora_a"), is_b = name.ends_with(".lora_b");
    if (!is_a && !is_b) {
      if (name.ends_with("_norm.weight")) continue;
      return error{errc::bad_format, "tensor '" + gguf::printable(name) +
                                         "' of a LoRA adapter ends neither in .lora_a nor .lora_b"};
    }
    name.remove_suffix(std::string_view(".lora_a").size());
    low_rank_pair& p = pairs[name];
    auto& part = is_a ? p.a : p.b;
    part = {std::string(t.name), t.type, t.ne, t.size};
  }
  for (auto& [name, p] : pairs) {
    p.of = name;
    if (p.a.name.empty() || p.b.name.empty())
      return error{errc::bad_format, "tensor '" + gguf::printable(name) +
                                         "' has only one of its two " +
                                         "matrices, .lora_a and .lora_b"};
    l.pairs.push_back(std::move(p));
  }
  return l;
}

/// Reads a control vector.
///
/// Errors:   bad_format   none, or a tensor that is no direction of a layer; directions of different sizes
/// Source:   llama.cpp, common/common.cpp: common_control_vector_load_one
[[nodiscard]] inline result<control_vector> read_control_vector(const gguf::header& h) {
  constexpr std::string_view prefix = "direction.";
  control_vector v;
  for (const gguf::tensor_info& t : h.tensors()) {
    const auto refuse = [&](std::string why) {
      return error{errc::bad_format, "tensor '" + gguf::printable(t.name) + "' " + std::move(why)};
    };
    int il = 0;
    const char* const end = t.name.data() + t.name.size();
    if (!t.name.starts_with(prefix) ||
        std::from_chars(t.name.data() + prefix.size(), end, il).ec != std::errc{} || il <= 0)
      return refuse("is no direction of a layer, direction.1 and on");
    if (t.type != ggml_type::f32 || t.ne[1] != 1 || t.ne[2] != 1 || t.ne[3] != 1)
      return refuse("is no row of f32");
    if (v.n_embd != 0 && t.ne[0] != v.n_embd)
      return refuse("has " + std::to_string(t.ne[0]) + " values, others " +
                    std::to_string(v.n_embd));
    v.n_embd = t.ne[0];
  }
  if (v.n_embd == 0)
    return error{errc::bad_format, "no tensors named direction.1 and on: not a control vector"};
  return v;
}

/// Whether a pair is of this tensor's shape.
///
/// Errors:   invalid_argument  it is not
/// Source:   llama.cpp, src/llama-adapter.cpp: llama_adapter_lora_init_impl
[[nodiscard]] inline result<void> check_pair(const model_tensor& t, const low_rank_pair& p) {
  const auto refuse = [&](const char* why) {
    return error{errc::invalid_argument, "tensor '" + t.name + "' " + detail::shape_of(t) + ": " +
                                             why + " A " + detail::shape_of(p.a) + " and B " +
                                             detail::shape_of(p.b)};
  };
  // of embeddings the two change places: A's rows are looked up
  const bool of_embeddings = t.name.ends_with("token_embd.weight");
  const bool fits = of_embeddings ? t.ne[0] == p.b.ne[1] && t.ne[1] == p.a.ne[1]
                                  : t.ne[0] == p.a.ne[0] && t.ne[1] == p.b.ne[1];
  if (!fits) return refuse("an adapter for another model, with");
  if (!of_embeddings && p.a.ne[1] != p.b.ne[0]) return refuse("different ranks of");
  return {};
}

}  // namespace vrambudget
