// Variables of the environment that llama.cpp's programs take as options.
//
// Source: llama.cpp, common/arg.cpp: set_env, common_arg::get_value_from_env; those of the last year that
// are gone stand among them.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "request/pasted/line_text.hpp"
#include "request/pasted/server_line.hpp"
#include "vrambudget/request/option.hpp"

namespace vrambudget::request::pasted {
namespace {

struct llama_variable {
  std::string_view name;      ///< without LLAMA_ARG_
  std::string_view option;    ///< what it stands for, where its value is not false
  std::string_view off = {};  ///< where it is
};

/// Those that move memory or name a model.
constexpr llama_variable known[] = {
    {"MODEL", "-m"},
    {"MODEL_URL", "-mu"},
    {"HF_REPO", "-hf"},
    {"HF_FILE", "-hff"},
    {"DOCKER_REPO", "-dr"},
    {"CTX_SIZE", "-c"},
    {"KV_UNIFIED_PER_SLOT", "--kv-unified-per-slot"},
    {"BATCH", "-b"},
    {"UBATCH", "-ub"},
    {"N_PARALLEL", "-np"},
    {"KV_UNIFIED", "-kvu", "-no-kvu"},
    {"FLASH_ATTN", "-fa"},
    {"CACHE_TYPE_K", "-ctk"},
    {"CACHE_TYPE_V", "-ctv"},
    {"SWA_FULL", "--swa-full"},
    {"EMBEDDINGS", "--embeddings"},
    {"RERANKING", "--rerank"},
    {"POOLING", "--pooling"},
    {"BACKEND_SAMPLING", "-bs"},
    {"N_GPU_LAYERS", "-ngl"},
    {"SPLIT_MODE", "-sm"},
    {"MAIN_GPU", "-mg"},
    {"TENSOR_SPLIT", "-ts"},
    {"OVERRIDE_TENSOR", "-ot"},
    {"CPU_MOE", "-cmoe"},
    {"N_CPU_MOE", "-ncmoe"},
    {"N_CPU_FFN", "-ncffn"},
    {"KV_OFFLOAD", "-kvo", "-nkvo"},
    {"REPACK", "--repack", "-nr"},
    {"NO_HOST", "--no-host"},
    {"MMAP", "", "--no-mmap"},
    {"MLOCK", "--mlock"},
    {"LOAD_MODE", "-lm"},
    {"LAZY_MODE", "-lzm"},
    {"FIT", "-fit"},
    {"FIT_TARGET", "-fitt"},
    {"FIT_CTX", "-fitc"},
    {"CACHE_RAM", "-cram"},
    {"CTX_CHECKPOINTS", "-ctxcp"},
    {"CHECKPOINT_MIN_SPACING_NT", "-cms"},
    {"DEVICE", "-dev"},
    {"RPC", "--rpc"},
    {"MODELS_MAX", "--models-max"},
    {"MMPROJ", "-mm"},
    {"MMPROJ_URL", "-mmu"},
    {"MMPROJ_AUTO", "--mmproj-auto", "--no-mmproj"},
    {"MMPROJ_OFFLOAD", "--mmproj-offload", "--no-mmproj-offload"},
    {"IMAGE_MIN_TOKENS", "--image-min-tokens"},
    {"IMAGE_MAX_TOKENS", "--image-max-tokens"},
    {"MTMD_BATCH_MAX_TOKENS", "--mtmd-batch-max-tokens"},
    {"SPEC_TYPE", "--spec-type"},
    {"SPEC_DRAFT_MODEL", "-md"},
    {"MODEL_DRAFT", "-md"},
    {"SPEC_DRAFT_HF_REPO", "-hfd"},
    {"HFD_REPO", "-hfd"},
    {"SPEC_DRAFT_N_MAX", "--spec-draft-n-max"},
    {"DRAFT_MAX", "--spec-draft-n-max"},
    {"SPEC_DRAFT_CACHE_TYPE_K", "-ctkd"},
    {"CACHE_TYPE_K_DRAFT", "-ctkd"},
    {"SPEC_DRAFT_CACHE_TYPE_V", "-ctvd"},
    {"CACHE_TYPE_V_DRAFT", "-ctvd"},
    {"N_GPU_LAYERS_DRAFT", "-ngld"},
    {"SPEC_DRAFT_CPU_MOE", "-cmoed"},
    {"SPEC_DRAFT_N_CPU_MOE", "-ncmoed"},
};

/// Other variables that move memory, and what is not counted where they are set.
struct noted_variable {
  std::string_view name, says;
};
constexpr noted_variable noted[] = {
    {"CUDA_VISIBLE_DEVICES", "the choice of devices: name those with --gpu"},
    {"NVIDIA_VISIBLE_DEVICES", "the choice of devices: name those with --gpu"},
    {"HIP_VISIBLE_DEVICES", "the choice of devices: name those with --gpu"},
    {"ROCR_VISIBLE_DEVICES", "the choice of devices: name those with --gpu"},
    {"GGML_VK_VISIBLE_DEVICES", "the choice of devices: name those with --gpu"},
    {"GGML_CUDA_ENABLE_UNIFIED_MEMORY", "memory of the host where the GPU's is full"},
    {"GGML_CUDA_NO_VMM", "another pool"},
    {"GGML_CUDA_FORCE_MMQ", "kernels that draw otherwise on the pool"},
    {"GGML_CUDA_FORCE_CUBLAS", "kernels that draw otherwise on the pool"},
    {"GGML_CUDA_DISABLE_FUSION", "kernels that draw otherwise on the pool"},
};

bool has_value(std::string_view option_name) {
  const option* o = find_option(option_name);
  return o == nullptr || o->has_value();
}

}  // namespace

server_line of_llama_variables(const variables& all) {
  constexpr std::string_view prefix = "LLAMA_ARG_", no = "NO_";
  server_line line;
  for (auto v = all.begin(); v != all.end(); ++v) {
    const auto is_set_again = [&](const auto& later) { return later.first == v->first; };
    if (std::any_of(v + 1, all.end(), is_set_again)) continue;
    std::string_view name = v->first;
    for (const noted_variable& n : noted)
      if (n.name == name) line.notes.push_back(fmt::format("{}: not modelled is {}", name, n.says));
    if (!name.starts_with(prefix)) continue;
    name.remove_prefix(prefix.size());
    const auto find = [](std::string_view wanted) {
      return std::find_if(std::begin(known), std::end(known),
                          [&](const llama_variable& k) { return k.name == wanted; });
    };
    auto k = find(name);
    bool is_on = !means_off(v->second);
    if (k == std::end(known) && name.starts_with(no)) {  // whatever its value is
      k = find(name.substr(no.size()));
      is_on = k == std::end(known) || k->off.empty();
    }
    if (k == std::end(known)) continue;
    const bool is_switch = !k->off.empty() || !has_value(k->option);
    const std::string_view option = is_on || !is_switch ? k->option : k->off;
    if (option.empty()) continue;
    line.args.emplace_back(option);
    if (!is_switch) line.args.push_back(v->second);
  }
  return line;
}

}  // namespace vrambudget::request::pasted
