#include "engine_functions.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "log/scan.hpp"

namespace vrambudget::detail {
namespace {

/// The engine's functions that say something of interest, in all their spellings.
constexpr std::pair<std::string_view, log_source> functions[] = {
    {"print_info", log_source::info},
    {"llm_load_print_meta", log_source::info},
    {"llama_model_loader", log_source::loader},
    {"load_tensors", log_source::tensors},
    {"llm_load_tensors", log_source::tensors},
    {"llama_context", log_source::context},
    {"llama_new_context_with_model", log_source::context},
    {"llama_init_from_model", log_source::context},
    {"sched_reserve", log_source::context},
    {"graph_reserve", log_source::context},
    {"llama_kv_cache", log_source::cache},
    {"llama_kv_cache_init", log_source::cache},
    {"llama_kv_cache_unified", log_source::cache},
    {"llama_kv_cache_iswa", log_source::cache},
    {"llama_kv_cache_unified_iswa", log_source::cache},
    {"llama_kv_cache_dsa", log_source::cache},
    {"llama_kv_cache_dsa_iswa", log_source::cache},
    {"llama_kv_cache_msa", log_source::cache},
    {"llama_kv_cache_dsv4", log_source::cache},
    {"llama_kv_cache_recurrent", log_source::cache},
    {"llama_memory_recurrent", log_source::cache},
    {"llama_memory_hybrid", log_source::cache},
    {"llama_memory_hybrid_iswa", log_source::cache},
    {"llama_memory_hybrid_idx", log_source::cache},
    {"ggml_cuda_init", log_source::device},
    {"llama_prepare_model_devices", log_source::device},
    {"llama_model_load_from_file_impl", log_source::device},
    {"llama_load_model_from_file", log_source::device},
    {"load_hparams", log_source::projector},
    {"clip_init", log_source::projector},
    {"clip_ctx", log_source::projector},
    {"clip_model_loader", log_source::projector},
    {"alloc_compute_meta", log_source::projector},
    {"reserve_compute_meta", log_source::projector},
    {"warmup", log_source::projector},
    {"ggml_backend_cuda_buffer_type_alloc_buffer", log_source::device_memory},
    {"alloc_tensor_range", log_source::tensor_memory},
    {"ggml_gallocr_reserve_n", log_source::graph_memory},
    {"ggml_gallocr_reserve_n_impl", log_source::graph_memory},
    {"init", log_source::other},
    {"create_memory", log_source::other},
    {"main", log_source::other},
    {"common_memory_breakdown_print", log_source::other},
    {"llama_memory_breakdown_print", log_source::other},
};

const std::pair<std::string_view, log_source>* find_function(std::string_view name) {
  const auto* it = std::find_if(std::begin(functions), std::end(functions),
                                [&](const auto& f) { return f.first == name; });
  return it == std::end(functions) ? nullptr : it;
}

}  // namespace

log_source source_of(std::string_view name) {
  const auto* f = find_function(name);
  return f ? f->second : log_source::other;
}

std::size_t next_function(std::string_view s, std::size_t from, std::size_t& length) {
  for (std::size_t colon = s.find_first_of(":,", from); colon != s.npos;
       colon = s.find_first_of(":,", colon + 1)) {
    std::size_t begin = colon;
    while (begin > from && is_word(s[begin - 1])) --begin;
    // run-together lines: "MiBllama_context:" has no border in front of the name
    for (std::size_t at = begin; at < colon; ++at) {
      if (at > begin && is_word(s[at]) && s[at] == '_') continue;
      const std::string_view name = s.substr(at, colon - at);
      if (name.size() < 4 || name.size() > 48) continue;
      const bool border = at == begin;
      if (find_function(name) && (border || name.find('_') != name.npos)) {
        length = name.size();
        return at;
      }
    }
  }
  return s.npos;
}

}  // namespace vrambudget::detail
