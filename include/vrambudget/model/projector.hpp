// A projector file (mmproj): what makes images and sound readable for a text model.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "vrambudget/gguf/header.hpp"
#include "vrambudget/model/model.hpp"
#include "vrambudget/model/projector_type.hpp"

namespace vrambudget {

/// One encoder of a projector. The engine loads each with buffers of its own.
struct encoder {
  const projector_type* type = nullptr;
  std::string type_name;  ///< as the file has it
  modality kind = modality::vision;
  encoder_hparams hp;
};

/// A projector read from its header.
struct projector {
  std::string path;               ///< where it was read from; empty: a catalogued shape
  std::string name;               ///< `general.name`
  std::vector<encoder> encoders;  ///< vision, then audio, as far as the file has them
  std::vector<model_tensor> tensors;
};

/// Whether a header is a projector's and not a model's.
[[nodiscard]] inline bool is_projector(const gguf::header& h) {
  const gguf::value* arch = h.find("general.architecture");
  return arch && arch->string() == projector_architecture;
}

namespace detail {

/// The name of the type of an encoder; some files name one type that stands for two.
inline std::string projector_type_name(const gguf::header& h, modality kind) {
  const auto text = [&](const std::string& key) {
    const gguf::value* v = h.find(key);
    return std::string(v && v->string() ? *v->string() : "");
  };
  std::string type = text("clip.projector_type");
  if (type.empty()) type = text(std::string("clip.") + vrambudget::name(kind) + ".projector_type");
  if (type == "qwen2.5o") return kind == modality::vision ? "qwen2.5vl_merger" : "qwen2a";
  return type;
}

inline void read_sizes(keys& k, const std::string& p, encoder_hparams& hp) {
  constexpr std::uint32_t most_layers = 1024;
  hp.n_embd = k.positive(p + "embedding_length");
  hp.n_head = k.required(p + "attention.head_count");
  hp.n_head_kv = k.u32(p + "attention.head_count_kv", hp.n_head);
  hp.n_embd_head = k.u32(p + "attention.head_dim");
  hp.n_ff = k.required(p + "feed_forward_length");
  hp.n_layer = k.required(p + "block_count");
  hp.projection_dim = k.required(p + "projection_dim");
  k.limit(p + "embedding_length", hp.n_embd, max_width);
  k.limit(p + "attention.head_count", hp.n_head, 1u << 16);
  k.limit(p + "attention.head_count_kv", hp.n_head_kv, 1u << 16);
  k.limit(p + "attention.head_dim", hp.n_embd_head, 1u << 16);
  k.limit(p + "feed_forward_length", hp.n_ff, max_width);
  k.limit(p + "block_count", hp.n_layer, most_layers);
  k.limit(p + "projection_dim", hp.projection_dim, max_width);
  if (const gguf::value* v = k.find(p + "feature_layer"); v && v->is_array())
    for (const std::uint32_t il :
         k.per_layer(p + "feature_layer",
                     static_cast<std::uint32_t>(std::min<std::uint64_t>(v->size(), most_layers)))) {
      k.limit(p + "feature_layer", il, hp.n_layer);
      hp.feature_layers.push_back(il);
    }
}

/// Source: llama.cpp, tools/mtmd/clip.cpp: load_hparams
inline void read_images(keys& k, const projector_type& type, encoder_hparams& hp) {
  constexpr std::uint32_t largest_image = 8192, largest_patch = 65535;
  hp.image_size = k.required("vision.image_size");
  hp.patch_size = k.positive("vision.patch_size");
  hp.n_merge = type.merge.otherwise;
  if (type.merge.key)
    hp.n_merge = type.merge.required ? k.positive(type.merge.key)
                                     : k.u32(type.merge.key, type.merge.otherwise);
  if (type.limits.from == image_limits::source::file ||
      type.limits.from == image_limits::source::file_or_user) {
    hp.file_min_pixels = k.required("vision.image_min_pixels");
    hp.file_max_pixels = k.required("vision.image_max_pixels");
  }
  if (type.limits.from == image_limits::source::least_in_file)
    hp.file_min_pixels = k.required("vision.image_min_pixels");
  k.limit("vision.image_size", hp.image_size, largest_image);
  k.limit("vision.patch_size", hp.patch_size, largest_patch);
  const std::uint32_t most_merged = std::max(1u, largest_patch / hp.patch_size);
  if (hp.n_merge == 0 || hp.n_merge > most_merged)
    k.fail({errc::bad_format, "key 'clip." +
                                  std::string(type.merge.key ? type.merge.key : "vision.n_merge") +
                                  "' is " + std::to_string(hp.n_merge) + ", expected 1 to " +
                                  std::to_string(most_merged)});
}

inline void read_sound(keys& k, encoder_hparams& hp) {
  constexpr std::uint32_t most_bins = 1u << 16;
  hp.n_mel_bins = k.positive("audio.num_mel_bins");
  k.limit("audio.num_mel_bins", hp.n_mel_bins, most_bins);
}

inline result<encoder> read_encoder(const gguf::header& h, modality kind) {
  const std::string type = projector_type_name(h, kind);
  encoder e;
  e.kind = kind;
  e.type_name = type;
  e.type = find_projector_type(type);
  if (!e.type) e.type = &unknown_projector_types[static_cast<std::size_t>(kind)];
  keys k(h, std::string(projector_architecture));
  read_sizes(k, std::string(vrambudget::name(kind)) + ".", e.hp);
  if (kind == modality::vision) read_images(k, *e.type, e.hp);
  if (kind == modality::audio) read_sound(k, e.hp);
  if (e.type->read) e.type->read(k, e.hp);
  if (const auto read = k.status(); !read) return read.error();
  return e;
}

}  // namespace detail

/// Reads a projector.
///
/// Errors:   invalid_argument  a model and not a projector, or one without an encoder
/// Accuracy: of a type that is not known, images have the size that the file names
///           others            a key that is missing, of the wrong type or out of bounds
/// Source:   llama.cpp, tools/mtmd/clip.cpp: clip_model_loader
[[nodiscard]] inline result<projector> read_projector(const gguf::header& h) {
  if (!is_projector(h)) {
    const gguf::value* arch = h.find("general.architecture");
    return error{errc::invalid_argument,
                 "not a projector: architecture '" +
                     std::string(arch && arch->string() ? *arch->string() : "") +
                     "', expected 'clip'"};
  }
  projector p;
  if (const gguf::value* v = h.find("general.name"); v && v->string()) p.name = *v->string();
  for (const modality kind : {modality::vision, modality::audio}) {
    const gguf::value* has = h.find(std::string("clip.has_") + name(kind) + "_encoder");
    if (!has || !has->boolean().value_or(false)) continue;
    // Gemma 3n's files bring an encoder for sound that the engine does not load
    if (!p.encoders.empty() && p.encoders.front().type_name == "gemma3nv") continue;
    auto e = detail::read_encoder(h, kind);
    if (!e) return e.error();
    p.encoders.push_back(std::move(*e));
  }
  if (p.encoders.empty())
    return error{errc::invalid_argument, "a projector without an encoder for images or sound"};
  for (const gguf::tensor_info& t : h.tensors()) {
    if (const auto ok = gguf::require_elements(t); !ok) return ok.error();
    p.tensors.push_back({std::string(t.name), t.type, t.ne, t.size});
  }
  return p;
}

}  // namespace vrambudget
