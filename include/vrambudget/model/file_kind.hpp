// What a GGUF file is, where it need be no language model.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "vrambudget/gguf/header.hpp"
#include "vrambudget/model/projector.hpp"

namespace vrambudget {

enum class file_kind : std::uint8_t {
  model,  ///< or something that is nothing else here
  projector,
  adapter,
  control_vector,
  importance_matrix,
  vocabulary,
  diffusion
};

/// "LoRA adapter", as a sentence has it.
[[nodiscard]] constexpr std::string_view name(file_kind k) {
  constexpr std::array<std::string_view, 7> names = {
      "model",
      "projector of images or sound, for --mmproj",
      "adapter (LoRA) of a model, for --lora",
      "control vector of a model, for --control-vector",
      "importance matrix, for llama-quantize --imatrix",
      "vocabulary without a model",
      "diffusion model of images or video, or a part of one: llama.cpp does not run it"};
  return names[static_cast<std::size_t>(k)];
}

/// "lora_adapter", for programs.
[[nodiscard]] constexpr std::string_view key(file_kind k) {
  constexpr std::array<std::string_view, 7> keys = {
      "model",      "projector", "adapter", "control_vector", "importance_matrix",
      "vocabulary", "diffusion"};
  return keys[static_cast<std::size_t>(k)];
}

namespace detail {

/// `general.architecture` of diffusion models, as their converters write it.
/// Source: city96/ComfyUI-GGUF, loader.py: IMG_ARCH_LIST, TXT_ARCH_LIST without language models; from memory
inline constexpr std::array<std::string_view, 19> diffusion_architectures = {
    "aura", "chroma", "cosmos",  "flux",  "hidream",    "hunyuan_video", "hyvid",
    "krea", "ltxv",   "lumina2", "pig",   "qwen_image", "sd1",           "sd3",
    "sdxl", "sd35",   "wan",     "wan21", "z_image"};

/// Names that only such models' tensors begin with, where no architecture is told (stable-diffusion.cpp).
inline constexpr std::array<std::string_view, 7> diffusion_prefixes = {
    "model.diffusion_model.", "double_blocks.", "single_blocks.",   "transformer_blocks.",
    "first_stage_model.",     "joint_blocks.",  "cond_stage_model."};

[[nodiscard]] inline std::string_view text_of(const gguf::header& h, std::string_view key) {
  const gguf::value* v = h.find(key);
  return v && v->string() ? *v->string() : std::string_view();
}

}  // namespace detail

/// By `general.type`, the architecture, and where neither tells, the tensors' names.
[[nodiscard]] inline file_kind kind_of(const gguf::header& h) {
  const std::string_view type = detail::text_of(h, "general.type"),
                         arch = detail::text_of(h, "general.architecture");
  const auto any = [&](auto is) { return std::any_of(h.tensors().begin(), h.tensors().end(), is); };
  if (is_projector(h)) return file_kind::projector;
  if (type == "adapter" || h.find("adapter.type")) return file_kind::adapter;
  if (arch == "controlvector") return file_kind::control_vector;
  if (type == "imatrix" || h.find("imatrix.chunk_count")) return file_kind::importance_matrix;
  const auto& all = detail::diffusion_architectures;
  if (std::find(all.begin(), all.end(), arch) != all.end()) return file_kind::diffusion;
  if (arch.empty() && any([](const gguf::tensor_info& t) {
        return std::any_of(detail::diffusion_prefixes.begin(), detail::diffusion_prefixes.end(),
                           [&](std::string_view p) { return t.name.starts_with(p); });
      }))
    return file_kind::diffusion;
  if (h.tensors().empty() && h.find("tokenizer.ggml.tokens")) return file_kind::vocabulary;
  return file_kind::model;
}

}  // namespace vrambudget
