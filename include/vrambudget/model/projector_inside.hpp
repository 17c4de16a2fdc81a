// A model and its projector in one file, as Ollama's own converter writes them: tensors "v.", "a." and "mm." beside
// those of the text model, and keys ARCH.vision.*. llama.cpp refuses such a file; Ollama's own engine loads it.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>

#include "vrambudget/model/encoder_tensor.hpp"
#include "vrambudget/model/projector.hpp"

namespace vrambudget {

/// Whether a model's file has a projector inside.
[[nodiscard]] inline bool has_projector_inside(const gguf::header& h) {
  return !is_projector(h) && has_encoder_tensors(h);
}

/// Leaves the text model of such a file, and says so; nothing changes where there is no projector inside.
inline void keep_text_model(model& m) {
  const auto is_text = [](const model_tensor& t) { return !is_encoder_tensor(t.name); };
  const auto end = std::stable_partition(m.tensors.begin(), m.tensors.end(), is_text);
  if (end == m.tensors.end()) return;
  for (auto it = end; it != m.tensors.end(); ++it)
    m.n_params -= static_cast<std::uint64_t>(it->ne[0] * it->ne[1] * it->ne[2] * it->ne[3]);
  m.tensors.erase(end, m.tensors.end());
  m.types_basis = basis::assumed;
  m.types_note =
      "model and projector lie in one file, which only Ollama's own engine loads: its buffers are "
      "taken to be llama.cpp's";
}

/// The projector inside a model's file: all of its tensors, and a ceiling for its buffers.
///
/// Errors:   invalid_argument  there is none
///           bad_format, limit  a key of the wrong type or out of bounds
/// Source:   ollama, convert/convert_{gemma3, llama4, mistral, qwen25vl}.go: KV;
///           model/models/qwen25vl/process_image.go: the most pixels of an image of any size
[[nodiscard]] inline result<projector> read_projector_inside(const gguf::header& h) {
  const gguf::value* arch = h.find("general.architecture");
  if (!has_projector_inside(h) || !arch || !arch->string())
    return error{errc::invalid_argument, "a model's file without a projector inside"};
  constexpr std::uint32_t most_pixels = 2u << 20, most_patch = 1u << 12, most_side = 1u << 13;
  keys k(h, std::string(*arch->string()));
  projector p;
  encoder e;
  e.type = &unknown_projector_types[static_cast<std::size_t>(modality::vision)];
  e.type_name = k.architecture() + " in Ollama's form";
  const auto at_most = [&](const char* key, std::uint32_t most, std::uint32_t otherwise = 0) {
    const std::uint32_t n = k.u32(key, otherwise);
    k.limit(key, n, most);
    return n;
  };
  e.hp.n_embd = at_most("vision.embedding_length", detail::max_width);
  e.hp.n_ff = at_most("vision.feed_forward_length", detail::max_width, 4 * e.hp.n_embd);
  e.hp.n_head = at_most("vision.attention.head_count", 1u << 16);
  e.hp.n_layer = at_most("vision.block_count", 1u << 10);
  e.hp.patch_size = std::max(1u, at_most("vision.patch_size", most_patch, 14));
  e.hp.projection_dim = at_most("embedding_length", detail::max_width);
  e.hp.image_size = at_most("vision.image_size", most_side,
                            static_cast<std::uint32_t>(std::ceil(std::sqrt(std::min(
                                k.u32("vision.max_pixels", most_pixels), most_side * most_side)))));
  if (const auto read = k.status(); !read) return read.error();
  p.encoders.push_back(std::move(e));
  for (const gguf::tensor_info& t : h.tensors())
    if (is_encoder_tensor(t.name)) p.tensors.push_back({std::string(t.name), t.type, t.ne, t.size});
  return p;
}

}  // namespace vrambudget
