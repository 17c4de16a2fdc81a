// The table, and how a row is found.
#include <array>

#include "vrambudget/engine/llama_cpp.hpp"
#include "vrambudget/request/option.hpp"

namespace vrambudget::request {
namespace {

constexpr std::array<std::pair<std::string_view, flash_attn>, 9> flash_attn_words{
    {{"on", flash_attn::on},
     {"off", flash_attn::off},
     {"auto", flash_attn::automatic},
     {"1", flash_attn::on},
     {"0", flash_attn::off},
     {"true", flash_attn::on},
     {"false", flash_attn::off},
     {"enabled", flash_attn::on},
     {"disabled", flash_attn::off}}};

constexpr std::array<std::pair<std::string_view, split_mode>, 4> split_mode_words{
    {{"none", split_mode::none},
     {"layer", split_mode::layer},
     {"row", split_mode::row},
     {"tensor", split_mode::tensor}}};

constexpr std::array<std::pair<std::string_view, pooling>, 5> pooling_words{
    {{"none", pooling::none},
     {"mean", pooling::mean},
     {"cls", pooling::cls},
     {"last", pooling::last},
     {"rank", pooling::rank}}};

/// The same words for what may not be told.
constexpr auto wishes = [] {
  std::array<std::pair<std::string_view, std::optional<preference>>, preference_words.size()> all;
  for (std::size_t i = 0; i < all.size(); ++i)
    all[i] = {preference_words[i].first, preference_words[i].second};
  return all;
}();
constexpr std::array<std::pair<std::string_view, std::optional<bool>>, 8> on_off_words{
    {{"on", true},
     {"off", false},
     {"1", true},
     {"0", false},
     {"true", true},
     {"false", false},
     {"enabled", true},
     {"disabled", false}}};

constexpr std::array<std::pair<std::string_view, std::optional<operating_system>>, 3> system_words{
    {{"linux", operating_system::native_linux},
     {"windows", operating_system::windows},
     {"wsl2", operating_system::wsl2}}};

/// The engine's names of CPUs, then those of processors that it takes one of these variants for.
constexpr auto cpu_words = [] {
  constexpr std::pair<std::string_view, std::string_view> known_as[] = {
      {"skylake", "haswell"},        {"zen2", "haswell"},
      {"zen3", "haswell"},           {"tigerlake", "icelake"},
      {"rocketlake", "icelake"},     {"zen5", "zen4"},
      {"raptorlake", "alderlake"},   {"arrowlake", "alderlake"},
      {"emeraldrapids", "sapphirerapids"}, {"graviton3", "armv8.6_1"},
      {"graviton4", "armv8.6_2"},    {"m1", "apple_m1"},
      {"m2", "apple_m2_m3"},         {"m3", "apple_m2_m3"},
      {"m4", "apple_m4"}};
  std::array<std::pair<std::string_view, std::optional<cpu_variant>>,
             cpu_variants.size() + std::size(known_as)>
      all;
  std::size_t n = 0;
  for (const cpu_variant& v : cpu_variants) all[n++] = {v.name, v};
  for (const auto& [name, variant] : known_as) all[n++] = {name, *find_cpu_variant(variant)};
  return all;
}();

/// A member of the run, and of its projector.
template <auto member>
constexpr auto& of_run(plan_request& q) {
  return q.r.*member;
}
template <auto member>
constexpr auto& of_projector(plan_request& q) {
  return q.r.mmproj.*member;
}
constexpr plan_request& whole(plan_request& q) { return q; }

void rerank(plan_request& q) {
  q.r.embeddings = true;
  q.r.pooling = pooling::rank;
}

/// After `-ncmoe N -ot ...` it decides last: as one more pattern, the engine's own.
void keep_experts_on_host(plan_request& q) {
  run& r = q.r;
  const bool decides_last = std::any_of(r.overrides.begin(), r.overrides.end(),
                                        [](const tensor_override& o) { return o.after_cpu_moe; }) &&
                            !r.cpu_moe;
  if (decides_last)
    r.overrides.push_back(
        {R"(\.ffn_(up|down|gate|gate_up)_(ch|)exps)", "CPU", true, r.n_cpu_ffn > 0});
  else
    r.cpu_moe = true;
}

namespace rows {  // where the words of a row mean kinds and topics

using namespace kind;
using enum topic;

// Names, and values that are not ours: common/arg.cpp.
constexpr option table[] = {
    {model, "MODEL,-m,--model", "", text{at<&plan_request::model>}, "MODEL",
     "a GGUF file, any file of a split set, an address, hf:org/repo:QUANT, ollama:name, or a "
     "model's "
     "name in any file type of llama-quantize (Qwen3-8B-Q5_K_M)"},
    {model, "--file-size", "", optional_size{at<&plan_request::file_size>}, "SIZE",
     "how large the file of a model is that is named only, in bytes or as 17.9GB", "as published"},

    {gpus, "--gpu", "", texts{at<&plan_request::gpus, &gpu_request::names>}, "NAME",
     "a GPU by name, several times or as 2x3090; by size, 24GiB; by numbers, "
     "name=P106-090,total=3072MiB,cc=6.1,sm=6; with a Vulkan driver's limits, "
     "name=7900xtx,range=134217728,align=256; none: all on the CPU",
     "those of this machine"},
    {gpus, "--backend", "",
     backends{at<&plan_request::gpus, &gpu_request::backends>}, "NAME,...",
     "whose code runs it on them: cuda, vulkan, metal, hip (ROCm), cpu; of several the first is "
     "planned, and what the others take is told beside it",
     "cuda for NVIDIA's, metal for Apple's, vulkan for others and for a mixture"},
    {gpus, "--free", "", sizes{at<&plan_request::gpus, &gpu_request::free>}, "SIZE,...",
     "free memory of each GPU: 23GiB, 22.5GB, or MiB as nvidia-smi prints them", "all of it"},
    {gpus, "--os", "system",
     choice<std::optional<operating_system>>{at<&plan_request::gpus, &gpu_request::system>,
                                             system_words},
     "NAME", "the system of the named GPUs: linux, windows, wsl2", "this one"},
    {gpus, "--display", "", display{at<&plan_request::gpus, &gpu_request::display>},
     "none|light|heavy|SIZE",
     "the first named GPU draws a desktop, which takes a part of it; alone: a typical one",
     "none under Linux, typical under Windows and WSL2"},
    {gpus, "--no-calibration", "", on_off{at<&plan_request::gpus, &gpu_request::no_calibration>},
     "", "plan without what `vrambudget calibrate` found of these GPUs"},

    {plan, "--ram", "", optional_size{at<&plan_request::gpus, &gpu_request::ram>}, "SIZE",
     "memory of the host that the server may take, 64GiB",
     "what this machine has available; unknown beside named GPUs"},
    {gpus, "--working-set", "", optional_size{at<&plan_request::gpus, &gpu_request::working_set>},
     "SIZE",
     "what a Mac's GPU may use of its memory: recommendedMaxWorkingSetSize in the engine's log, or "
     "what iogpu.wired_limit_mb was set to",
     "2/3 of it, 3/4 above 32 GB"},
    {plan, "--cpu", "", choice<std::optional<cpu_variant>>{of_run<&run::cpu>, cpu_words}, "NAME",
     "the host's CPU, which decides what weights it repacks: x64, haswell, icelake, zen4, m1, ...",
     "this machine's; haswell beside named GPUs, m1 beside Apple's"},
    {plan, "--reserve", "", size{at<&plan_request::reserve>}, "SIZE",
     "memory to keep free on each GPU", "0"},
    {plan, "--buffers-only", "", on_off{at<&plan_request::buffers_only>}, "",
     "count the engine's own buffers, no driver context and no pool"},
    {plan, "--engine", "", engine_version{whole}, "llama.cpp@VERSION",
     "whose rules hold: a release, build or day, as `vrambudget engines` says", engine_release},
    {plan, "--explain", "", on_off{at<&plan_request::explain>}, "",
     "each term's formula with this model's numbers, and what the words mean"},
    {plan, "--max-context", "", on_off{at<&plan_request::max_context>}, "",
     "also find the largest context (found anyway without --ctx)"},

    {plan, "--prefer", "", choice<std::optional<preference>>{at<&plan_request::prefer>, wishes},
     "quality|speed|context|balance",
     "with MODEL: plan the best run by that, with all that is not told chosen: context, cache "
     "types, what goes to the host, micro-batch, slots; without: what comes first",
     "as told; quality"},

    {files, "-md,--model-draft,--spec-draft-model", "draft", text{at<&plan_request::draft>},
     "MODEL", "a model that drafts for it, by file or name"},
    {files, "-mm,--mmproj", "", text{at<&plan_request::mmproj>}, "FILE",
     "a projector for images or sound, by file or name"},
    {files, "--no-mmproj,--no-mmproj-auto", "", on_off{at<&plan_request::no_mmproj>}, "",
     "count no projector that is not named (Ollama loads one with its models that have one)"},

    {files, "--lora", "loras", adapters{at<&plan_request::loras>}, "FILE,...",
     "LoRA adapters of the model, FILE or FILE:SCALE"},
    {files, "--lora-scaled", "", adapters{at<&plan_request::loras>, true}, "FILE:SCALE,...",
     "the same; of scale 0 an adapter is loaded and not applied"},
    {files, "--control-vector", "control_vectors", adapters{at<&plan_request::control_vectors>},
     "FILE,...", "control vectors, added to what the layers give"},
    {files, "--control-vector-scaled", "", adapters{at<&plan_request::control_vectors>, true},
     "FILE:SCALE,...", "the same"},

    {sources, "--offline", "", on_off{at<&plan_request::sources, &source_options::offline>}, "",
     "only headers that were kept"},
    {sources, "--no-cache", "", on_off{at<&plan_request::sources, &source_options::no_cache>}, "",
     "keep no headers, use none that were kept"},
    {sources, "--timeout", "", count{at<&plan_request::sources, &source_options::timeout>, 1, 3600},
     "SECONDS", "give up on a server that sends nothing for so long", "20"},
    {sources, "--retries", "", count{at<&plan_request::sources, &source_options::retries>, 0, 100},
     "N", "after 429, 5xx, a cut or stalled transfer", "4"},

    {context, "-c,--ctx-size,--ctx", "n_ctx",
     count{.at = of_run<&run::n_ctx>, .told = at<&plan_request::tells_ctx>}, "N",
     "context in tokens over all slots, 262144 or 256k; 0: the model's own",
     "the largest that fits"},
    {context, "-fit,--fit", "", choice<std::optional<bool>>{at<&plan_request::fit>, on_off_words},
     "on|off",
     "plan what llama-server itself makes of the run, which moves layers and shortens the "
     "context until it fits; off: nothing is told of that",
     "told beside"},
    {context, "-fitt,--fit-target", "", sizes{at<&plan_request::fit_targets>}, "MiB,...",
     "what it leaves free on each GPU", "1024 on each"},
    {context, "-fitc,--fit-ctx", "", count{.at = at<&plan_request::fit_ctx>}, "N",
     "the context that it keeps in any case", "4096"},
    {context, "-b,--batch-size", "n_batch", count{of_run<&run::n_batch>}, "N", "logical batch",
     "2048"},
    {context, "-ub,--ubatch-size", "n_ubatch", count{of_run<&run::n_ubatch>}, "N", "micro-batch",
     "512"},
    {context, "-np,--parallel", "n_parallel",
     count{.at = of_run<&run::n_parallel>, .is_auto_at_0 = true}, "N",
     "slots; 0 or not given: 4 over one unified cache"},
    {context, "-kvu,--kv-unified", "", optional_on_off{of_run<&run::kv_unified>}, "",
     "one cache for all slots"},
    {context, "-no-kvu,--no-kv-unified", "", optional_on_off{of_run<&run::kv_unified>, false}, "",
     "a cache for each slot"},
    {context, "-fa,--flash-attn", "",
     choice<flash_attn>{of_run<&run::flash_attn>, flash_attn_words}, "on|off|auto",
     "flash attention", "auto"},
    {context, "-ctk,--cache-type-k", "type_k", cache_type{of_run<&run::type_k>}, "TYPE",
     "type of cached K", "f16"},
    {context, "-ctv,--cache-type-v", "type_v", cache_type{of_run<&run::type_v>}, "TYPE",
     "type of cached V", "f16"},
    {context, "--swa-full", "", on_off{of_run<&run::swa_full>}, "",
     "full-size cache for sliding-window layers"},
    {context, "--embeddings,--embedding", "", on_off{of_run<&run::embeddings>}, "",
     "embeddings only"},
    {context, "--rerank,--reranking", "", on_off{nullptr, true, rerank}, "",
     "scores of a reranker: --embeddings --pooling rank"},
    {context, "--pooling", "", choice<pooling>{of_run<&run::pooling>, pooling_words}, "TYPE",
     "none, mean, cls, last or rank", "the model's"},

    {context, "--lora-init-without-apply", "lora_apply", on_off{of_run<&run::lora_apply>, false},
     "", "adapters are loaded, and applied only when a request asks for it"},

    {placement, "-ngl,--n-gpu-layers,--gpu-layers", "", layers{of_run<&run::n_gpu_layers>}, "N",
     "layers on GPUs, 'all' or a number", "all"},
    {placement, "-sm,--split-mode", "",
     choice<split_mode>{of_run<&run::split_mode>, split_mode_words}, "MODE",
     "none, layer or tensor; row in builds before b9890", "layer"},
    {placement, "-mg,--main-gpu", "", index{of_run<&run::main_gpu>}, "I", "the GPU of -sm none",
     "0"},
    {placement, "-ts,--tensor-split", "", shares{of_run<&run::tensor_split>}, "A,B,...",
     "shares of the layers per GPU", "by free memory"},
    {placement, "-ot,--override-tensor", "overrides", overrides{of_run<&run::overrides>, true},
     "PATTERN=BUFFER,...", "tensors that match go to CPU, CUDA0, ..."},
    {placement, "-cmoe,--cpu-moe", "", on_off{of_run<&run::cpu_moe>, true, keep_experts_on_host},
     "", "experts stay on the host"},
    {placement, "-ncmoe,--n-cpu-moe", "",
     count{.at = of_run<&run::n_cpu_moe>, .keeps_largest = true}, "N",
     "experts of the first N layers stay on the host"},
    {placement, "-ncffn,--n-cpu-ffn", "",
     count{.at = of_run<&run::n_cpu_ffn>, .keeps_largest = true}, "N",
     "dense FFN tensors of the first N layers stay on the host"},
    {placement, "-nkvo,--no-kv-offload", "offload_kqv", on_off{of_run<&run::offload_kqv>, false},
     "", "the KV cache stays on the host"},
    {placement, "--no-op-offload", "", on_off{of_run<&run::op_offload>, false}, "",
     "large batches over host weights stay on the host"},

    {topic::host, "--no-mmap", "", on_off{of_run<&run::mmap>, false}, "",
     "weights on the host are copied, not mapped from the file"},
    {topic::host, "-nr,--no-repack", "", on_off{of_run<&run::repack>, false}, "",
     "the CPU does not lay weights out anew for its instructions"},
    {topic::host, "--repack", "", on_off{of_run<&run::repack>}, "", "it does"},
    {topic::host, "--no-host", "", on_off{of_run<&run::no_host>}, "",
     "weights on the host lie in the CPU's own buffers, not in those that a GPU reads"},
    {topic::host, "--mlock", "", on_off{of_run<&run::mlock>}, "",
     "mapped weights are held in memory"},
    {topic::host, "-cram,--cache-ram", "", limit{of_run<&run::cache_ram>}, "MIB",
     "memory for saved prompts; -1: no limit; 0: none", "8192"},
    {topic::host, "-ctxcp,--ctx-checkpoints,--swa-checkpoints", "",
     count{of_run<&run::ctx_checkpoints>}, "N",
     "states that a slot can return to, where the model's memory can't drop its last tokens", "32"},
    {topic::host, "-cms,--checkpoint-min-step", "", count{of_run<&run::checkpoint_min_step>}, "N",
     "tokens between them, but for those near a prompt's end", "8192"},

    {topic::draft, "--spec-type", "spec_types", spec_types{of_run<&run::spec_types>}, "TYPE,...",
     "speculative decoding: draft-mtp by the model's own NextN layers; draft-simple, draft-eagle3, "
     "draft-dflash or draft-dspark by the model of -md; ngram-..."},
    {topic::draft, "--spec-draft-n-max,--draft-max,--draft-n", "",
     count{of_run<&run::spec_draft_n_max>}, "N", "tokens drafted at once", "3"},
    {topic::draft, "-ctkd,--cache-type-k-draft,--spec-draft-type-k", "draft_type_k",
     cache_type{of_run<&run::draft_type_k>}, "TYPE", "the draft's -ctk", "f16"},
    {topic::draft, "-ctvd,--cache-type-v-draft,--spec-draft-type-v", "draft_type_v",
     cache_type{of_run<&run::draft_type_v>}, "TYPE", "the draft's -ctv", "f16"},
    {topic::draft, "-ngld,--gpu-layers-draft,--n-gpu-layers-draft,--spec-draft-ngl",
     "draft_n_gpu_layers", layers{of_run<&run::draft_n_gpu_layers>}, "N", "the draft's -ngl",
     "all"},
    {topic::draft, "-otd,--override-tensor-draft,--spec-draft-override-tensor", "draft_overrides",
     overrides{of_run<&run::draft_overrides>}, "PATTERN=BUFFER,...", "the draft's -ot"},
    {topic::draft, "-cmoed,--cpu-moe-draft,--spec-draft-cpu-moe", "draft_cpu_moe",
     on_off{of_run<&run::draft_cpu_moe>}, "", "the draft's -cmoe"},
    {topic::draft, "-ncmoed,--n-cpu-moe-draft,--spec-draft-n-cpu-moe,--spec-draft-ncmoe",
     "draft_n_cpu_moe", count{of_run<&run::draft_n_cpu_moe>}, "N", "the draft's -ncmoe"},

    {topic::projector, "--no-mmproj-offload", "",
     on_off{of_projector<&projector_run::offload>, false}, "", "the projector stays on the host"},
    {topic::projector, "--mmproj-offload", "", on_off{of_projector<&projector_run::offload>}, "",
     "it goes to a GPU"},
    {topic::projector, "--mmproj-device,-mmdev", "", projector_device{of_run<&run::mmproj>},
     "DEVICE", "the projector's device: CUDA1, Vulkan1, ROCm1, MTL0, or none", "the first"},
    {topic::projector, "--image-min-tokens", "",
     optional_count{of_projector<&projector_run::image_min_tokens>}, "N",
     "tokens of the smallest image", "the projector's"},
    {topic::projector, "--image-max-tokens", "",
     optional_count{of_projector<&projector_run::image_max_tokens>}, "N",
     "tokens of the largest image", "the projector's"},
    {topic::projector, "--no-warmup", "", on_off{of_projector<&projector_run::warmup>, false}, "",
     "no memory for images before the first one"},
};

}  // namespace rows

using rows::table;

constexpr bool names_are_unique() {
  bool unique = true;
  for (const option& a : table)
    for (const option& b : table)
      if (&a != &b)
        for_each_name(a.names,
                      [&](std::string_view n) { unique = unique && !has_name(b.names, n); });
  return unique;
}
static_assert(names_are_unique());

}  // namespace

std::span<const option> options() { return table; }

const option* find_option(std::string_view name) {
  if (const option* o = find_named(table, name)) return o;
  for (const option& o : table)
    if (has_name(o.fields, name)) return &o;
  return nullptr;
}

std::string key_of(std::string_view name) {
  name.remove_prefix(std::min(name.find_first_not_of('-'), name.size()));
  std::string key(name);
  std::replace(key.begin(), key.end(), '-', '_');
  return key;
}

std::string field_of(const option& o) {
  if (!o.fields.empty()) return std::string(o.fields.substr(0, o.fields.find(',')));
  std::string field;
  for_each_name(o.names, [&](std::string_view n) {
    if (field.empty() && n.starts_with("--")) field = key_of(n);
  });
  return o.turns_off() ? field.substr(3) : field;
}

std::string help_of(const option& o) {
  std::string help(o.help);
  if (!o.usual.empty()) help += " [" + std::string(o.usual) + "]";
  return help;
}

}  // namespace vrambudget::request
