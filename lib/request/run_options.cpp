// llama-server's options, with its names and meanings, as a `run`.
#include "run_options.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <iterator>
#include <utility>

#include "vrambudget/engine/speculative.hpp"

namespace vrambudget::request {
namespace {

constexpr std::pair<const char*, const char*> long_names[] = {
    {"-ub", "--ubatch-size"},
    {"-np", "--parallel"},
    {"-fa", "--flash-attn"},
    {"-ctk", "--cache-type-k"},
    {"-ctv", "--cache-type-v"},
    {"-ngl", "--n-gpu-layers"},
    {"-sm", "--split-mode"},
    {"-mg", "--main-gpu"},
    {"-ts", "--tensor-split"},
    {"-ot", "--override-tensor"},
    {"-cmoe", "--cpu-moe"},
    {"-ncmoe", "--n-cpu-moe"},
    {"-ncffn", "--n-cpu-ffn"},
    {"-kvu", "--kv-unified"},
    {"-no-kvu", "--no-kv-unified"},
    {"-nkvo", "--no-kv-offload"},
    {"-md", "--model-draft"},
    {"-ctkd", "--cache-type-k-draft"},
    {"-ctvd", "--cache-type-v-draft"},
    {"-ngld", "--gpu-layers-draft"},
    {"-otd", "--override-tensor-draft"},
    {"-cmoed", "--cpu-moe-draft"},
    {"-ncmoed", "--n-cpu-moe-draft"},
    {"-mm", "--mmproj"},
    {"-mmdev", "--mmproj-device"},
};

/// A token count: digits, or digits and k for times 1024.
std::uint32_t tokens(const std::string& text) {
  std::uint64_t n = 0;
  const char* end = text.data() + text.size();
  const auto [rest, failed] = std::from_chars(text.data(), end, n);
  const bool kilo = end - rest == 1 && (*rest == 'k' || *rest == 'K');
  if (failed != std::errc{} || (rest != end && !kilo))
    throw CLI::ValidationError("'" + text + "' is not a number of tokens");
  n *= n <= UINT32_MAX && kilo ? 1024 : 1;
  if (n > INT32_MAX) throw CLI::ValidationError(text + " tokens are more than 2147483647");
  return static_cast<std::uint32_t>(n);
}

ggml_type cache_type(const std::string& text) {
  constexpr std::array accepted = {ggml_type::f32,    ggml_type::f16,  ggml_type::bf16,
                                   ggml_type::q8_0,   ggml_type::q4_0, ggml_type::q4_1,
                                   ggml_type::iq4_nl, ggml_type::q5_0, ggml_type::q5_1};
  const auto t = type_from_name(text);
  if (t && std::find(accepted.begin(), accepted.end(), *t) != accepted.end()) return *t;
  std::string names;
  for (const ggml_type a : accepted)
    names += (names.empty() ? "" : ", ") + std::string(traits(a).name);
  throw CLI::ValidationError("'" + text + "' is not a KV cache type; there are " + names);
}

template <class T>
T one_of(const std::string& text, std::initializer_list<std::pair<const char*, T>> values) {
  std::string names;
  for (const auto& [name, value] : values) {
    if (text == name) return value;
    names += (names.empty() ? "" : ", ") + std::string(name);
  }
  throw CLI::ValidationError("'" + text + "' is none of " + names);
}

std::vector<tensor_override> overrides(const std::string& text) {
  std::vector<tensor_override> all;
  for (const std::string& part : CLI::detail::split(text, ',')) {
    const std::size_t at = part.find('=');
    if (at == std::string::npos || at + 1 == part.size())
      throw CLI::ValidationError("'" + part + "' is not PATTERN=BUFFER");
    all.push_back({part.substr(0, at), part.substr(at + 1)});
  }
  return all;
}

std::vector<float> proportions(const std::string& text) {
  std::vector<float> all;
  for (const std::string& part :
       CLI::detail::split(text, text.find('/') == std::string::npos ? ',' : '/')) {
    float f = 0;
    if (!CLI::detail::lexical_cast(part, f) || !(f >= 0))
      throw CLI::ValidationError("'" + part + "' in '" + text + "' is not a proportion");
    all.push_back(f);
  }
  return all;
}

std::int32_t gpu_layers(const std::string& text) {
  if (text == "all" || text == "auto" || text == "-1") return -1;
  return static_cast<std::int32_t>(tokens(text));
}

/// Adds an option whose text `set` turns into a value.
template <class Set>
CLI::Option* value(CLI::App& app, const std::string& names, const std::string& shown,
                   const std::string& help, Set set) {
  return app.add_option_function<std::string>(names, set, help)->type_name(shown);
}

void add_context_options(CLI::App& app, run& r) {
  value(app, "-c,--ctx-size,--ctx", "N",
        "context in tokens over all slots, 262144 or 256k; 0: the model's own",
        [&](const std::string& s) { r.n_ctx = tokens(s); });
  value(app, "-b,--batch-size", "N", "logical batch [2048]",
        [&](const std::string& s) { r.n_batch = tokens(s); });
  value(app, "--ubatch-size", "N", "-ub: micro-batch [512]",
        [&](const std::string& s) { r.n_ubatch = tokens(s); });
  value(app, "--parallel", "N", "-np: slots; 0 or not given: 4 over one unified cache",
        [&](const std::string& s) { r.n_parallel = s == "-1" || s == "auto" ? 0 : tokens(s); });
  value(app, "--flash-attn", "on|off|auto", "-fa: flash attention [auto]",
        [&](const std::string& s) {
          using enum flash_attn;
          r.flash_attn = one_of<flash_attn>(
              s, {{"on", on}, {"off", off}, {"auto", automatic}, {"1", on}, {"0", off}});
        });
  value(app, "--cache-type-k", "TYPE", "-ctk: type of cached K [f16]",
        [&](const std::string& s) { r.type_k = cache_type(s); });
  value(app, "--cache-type-v", "TYPE", "-ctv: type of cached V [f16]",
        [&](const std::string& s) { r.type_v = cache_type(s); });
  app.add_flag_callback(
      "--kv-unified", [&] { r.kv_unified = true; }, "-kvu: one cache for all slots");
  app.add_flag_callback(
      "--no-kv-unified", [&] { r.kv_unified = false; }, "a cache for each slot");
  app.add_flag("--swa-full", r.swa_full, "full-size cache for sliding-window layers");
  app.add_flag("--embeddings,--embedding", r.embeddings, "embeddings only");
  app.add_flag_callback(
      "--rerank,--reranking",
      [&r] {
        r.embeddings = true;
        r.pooling = pooling::rank;
      },
      "scores of a reranker: --embeddings --pooling rank");
  value(app, "--pooling", "TYPE", "none, mean, cls, last or rank", [&](const std::string& s) {
    using enum pooling;
    r.pooling = one_of<pooling>(
        s, {{"none", none}, {"mean", mean}, {"cls", cls}, {"last", last}, {"rank", rank}});
  });
}

/// After `-ncmoe N -ot ...` it decides last: as one more pattern, the engine's own.
void add_cpu_moe(run& r) {
  const bool decides_last = std::any_of(r.overrides.begin(), r.overrides.end(),
                                        [](const tensor_override& o) { return o.after_cpu_moe; }) &&
                            !r.cpu_moe;
  if (decides_last)
    r.overrides.push_back(
        {R"(\.ffn_(up|down|gate|gate_up)_(ch|)exps)", "CPU", true, r.n_cpu_ffn > 0});
  else
    r.cpu_moe = true;
}

void add_placement_options(CLI::App& app, run& r) {
  value(app, "--n-gpu-layers,--gpu-layers", "N", "-ngl: layers on GPUs, 'all' or a number [all]",
        [&](const std::string& s) { r.n_gpu_layers = gpu_layers(s); });
  value(app, "--split-mode", "MODE", "-sm: none, layer or row [layer]", [&](const std::string& s) {
    using enum split_mode;
    r.split_mode =
        one_of<split_mode>(s, {{"none", none}, {"layer", layer}, {"row", row}, {"tensor", tensor}});
  });
  value(app, "--main-gpu", "I", "-mg: the GPU of -sm none [0]",
        [&](const std::string& s) { r.main_gpu = static_cast<std::int32_t>(tokens(s)); });
  value(app, "--tensor-split", "A,B,...", "-ts: shares of the layers per GPU [by free memory]",
        [&](const std::string& s) { r.tensor_split = proportions(s); });
  value(app, "--override-tensor", "PATTERN=BUFFER,...",
        "-ot: tensors that match go to CPU, CUDA0, ...",
        [&](const std::string& s) {
          for (tensor_override& o : overrides(s)) {
            o.after_cpu_moe = r.cpu_moe || r.n_cpu_moe > 0;
            o.after_cpu_ffn = r.n_cpu_ffn > 0;
            r.overrides.push_back(std::move(o));
          }
        })
      ->trigger_on_parse();
  app.add_flag_callback(
         "--cpu-moe", [&] { add_cpu_moe(r); }, "-cmoe: experts stay on the host")
      ->trigger_on_parse();
  value(app, "--n-cpu-moe", "N", "-ncmoe: experts of the first N layers stay on the host",
        [&](const std::string& s) { r.n_cpu_moe = std::max(r.n_cpu_moe, tokens(s)); })
      ->trigger_on_parse();
  value(app, "--n-cpu-ffn", "N", "-ncffn: dense FFN tensors of the first N layers stay on the host",
        [&](const std::string& s) { r.n_cpu_ffn = std::max(r.n_cpu_ffn, tokens(s)); })
      ->trigger_on_parse();
  app.add_flag_callback(
      "--no-kv-offload", [&] { r.offload_kqv = false; }, "-nkvo: the KV cache stays on the host");
  app.add_flag_callback(
      "--no-op-offload", [&] { r.op_offload = false; },
      "large batches over host weights stay on the host");
}

spec_type parse_spec_type(const std::string& text) {
  if (const auto t = spec_type_named(text)) return *t;
  std::string names;
  for (std::size_t i = 0; i <= static_cast<std::size_t>(spec_type::ngram_cache); ++i)
    names += (i ? ", " : "") + std::string(name(static_cast<spec_type>(i)));
  throw CLI::ValidationError("'" + text + "' is none of " + names);
}

void add_draft_options(CLI::App& app, run& r) {
  value(app, "--spec-type", "TYPE,...",
        "speculative decoding: draft-mtp by the model's own NextN layers; draft-simple, "
        "draft-eagle3, draft-dflash or draft-dspark by the model of -md; ngram-...",
        [&](const std::string& s) {
          for (const std::string& name : CLI::detail::split(s, ','))
            r.spec_types.push_back(parse_spec_type(name));
        })
      ->trigger_on_parse();
  value(app, "--spec-draft-n-max", "N", "tokens drafted at once [3]",
        [&](const std::string& s) { r.spec_draft_n_max = tokens(s); });
  value(app, "--cache-type-k-draft,--spec-draft-type-k", "TYPE", "-ctkd: the draft's -ctk [f16]",
        [&](const std::string& s) { r.draft_type_k = cache_type(s); });
  value(app, "--cache-type-v-draft,--spec-draft-type-v", "TYPE", "-ctvd: the draft's -ctv [f16]",
        [&](const std::string& s) { r.draft_type_v = cache_type(s); });
  value(app, "--gpu-layers-draft,--n-gpu-layers-draft,--spec-draft-ngl", "N",
        "-ngld: the draft's -ngl [all]",
        [&](const std::string& s) { r.draft_n_gpu_layers = gpu_layers(s); });
  value(app, "--override-tensor-draft,--spec-draft-override-tensor", "PATTERN=BUFFER,...",
        "-otd: the draft's -ot",
        [&](const std::string& s) {
          for (tensor_override& o : overrides(s)) r.draft_overrides.push_back(std::move(o));
        })
      ->trigger_on_parse();
  app.add_flag("--cpu-moe-draft,--spec-draft-cpu-moe", r.draft_cpu_moe,
               "-cmoed: the draft's -cmoe");
  value(app, "--n-cpu-moe-draft,--spec-draft-n-cpu-moe,--spec-draft-ncmoe", "N",
        "-ncmoed: the draft's -ncmoe",
        [&](const std::string& s) { r.draft_n_cpu_moe = tokens(s); });
}

void add_projector_options(CLI::App& app, projector_run& p) {
  app.add_flag_callback(
      "--no-mmproj-offload", [&] { p.offload = false; }, "the projector stays on the host");
  app.add_flag_callback(
      "--mmproj-offload", [&] { p.offload = true; }, "it goes to a GPU");
  value(app, "--mmproj-device", "DEVICE", "-mmdev: the projector's device [CUDA0]",
        [&](const std::string& s) {
          p.offload = s != "none";
          if (!p.offload) return;
          if (!s.starts_with("CUDA"))
            throw CLI::ValidationError("'" + s + "' is no device: CUDA0, CUDA1, ... or none");
          p.device = tokens(s.substr(4));
        });
  value(app, "--image-min-tokens", "N", "tokens of the smallest image [the projector's]",
        [&](const std::string& s) { p.image_min_tokens = tokens(s); });
  value(app, "--image-max-tokens", "N", "tokens of the largest image [the projector's]",
        [&](const std::string& s) { p.image_max_tokens = tokens(s); });
  app.add_flag_callback(
      "--no-warmup", [&] { p.warmup = false; }, "no memory for images before the first one");
}

}  // namespace

std::uint32_t parse_tokens(const std::string& text) { return tokens(text); }

void add_run_options(CLI::App& app, run& r) {
  app.option_defaults()->multi_option_policy(
      CLI::MultiOptionPolicy::TakeLast);  // as llama-server does
  add_context_options(app, r);
  add_placement_options(app, r);
  add_draft_options(app, r);
  add_projector_options(app, r.mmproj);
  for (CLI::Option* o : app.get_options())
    if (o->get_group() == "Options" && o->get_name() != "--help")
      o->group("llama-server's options");
}

std::vector<std::string> with_long_names(const std::vector<std::string>& args) {
  std::vector<std::string> out = args;
  for (std::string& a : out) {
    const auto* known = std::find_if(std::begin(long_names), std::end(long_names),
                                     [&](const auto& n) { return a == n.first; });
    if (known != std::end(long_names)) a = known->second;
    // "-ctx" is a mistake and not "-c tx"
    else if (a.size() > 2 && a[0] == '-' && std::isalpha(static_cast<unsigned char>(a[1])))
      a.insert(0, "-");
  }
  return out;
}

namespace {

result<run> parse(const std::vector<std::string>& args, bool others) {
  CLI::App app;
  run r;
  app.set_help_flag();
  app.allow_extras(others);
  add_run_options(app, r);
  std::vector<std::string> reversed = with_long_names(args);
  std::reverse(reversed.begin(), reversed.end());  // CLI11 takes them from the back
  try {
    app.parse(reversed);
  } catch (const CLI::Error& e) {
    return error{errc::invalid_argument, e.what()};
  }
  return r;
}

}  // namespace

result<run> parse_run(const std::vector<std::string>& args) { return parse(args, false); }

result<run> parse_known_run(const std::vector<std::string>& args) { return parse(args, true); }

}  // namespace vrambudget::request
