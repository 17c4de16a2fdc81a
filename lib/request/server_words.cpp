#include <algorithm>

#include "request/pasted/server_line.hpp"
#include "vrambudget/request/option.hpp"
#include "vrambudget/request/server_word.hpp"

namespace vrambudget::request {
namespace {

// Names and numbers of values: llama.cpp, common/arg.cpp; tools/llama-bench/llama-bench.cpp. Names of the
// last year that are gone stand among them.
constexpr server_word words[] = {
    // threads
    {"-t,--threads", 1},
    {"-tb,--threads-batch", 1},
    {"-C,--cpu-mask", 1},
    {"-Cr,--cpu-range", 1},
    {"--cpu-strict", 1},
    {"--prio", 1},
    {"--poll", 1},
    {"-Cb,--cpu-mask-batch", 1},
    {"-Crb,--cpu-range-batch", 1},
    {"--cpu-strict-batch", 1},
    {"--prio-batch", 1},
    {"--poll-batch", 1},
    {"--threads-http", 1},
    {"--numa", 1},

    // prompts and what is made of them
    {"-n,--predict,--n-predict", 1},
    {"--keep", 1},
    {"-p,--prompt", 1},
    {"-f,--file", 1},
    {"-bf,--binary-file", 1},
    {"-sys,--system-prompt", 1},
    {"-sysf,--system-prompt-file", 1},
    {"--in-prefix", 1},
    {"--in-suffix", 1},
    {"--in-prefix-bos", 0},
    {"-r,--reverse-prompt", 1},
    {"-e,--escape,--no-escape", 0},
    {"-sp,--special", 0},
    {"--spm-infill", 0},
    {"--verbose-prompt", 0},
    {"--display-prompt,--no-display-prompt", 0},
    {"-cnv,--conversation,-no-cnv,--no-conversation", 0},
    {"-st,--single-turn", 0},
    {"-i,--interactive", 0},
    {"-if,--interactive-first", 0},
    {"-mli,--multiline-input", 0},
    {"-co,--color", 0},
    {"--simple-io", 0},
    {"--show-timings,--no-show-timings", 0},
    {"-ptc,--print-token-count", 1},
    {"--prompt-cache", 1},
    {"--prompt-cache-all,--prompt-cache-ro", 0},
    {"--image,--audio,--video", 1},
    {"--video-fps", 1},
    {"--video-timestamp-interval", 1},
    {"--video-ffmpeg-dir", 1},

    // sampling
    {"--samplers", 1},
    {"-s,--seed", 1},
    {"--sampler-seq,--sampling-seq", 1},
    {"--ignore-eos", 0},
    {"--temp,--temperature", 1},
    {"--top-k", 1},
    {"--top-p", 1},
    {"--min-p", 1},
    {"--top-nsigma,--top-n-sigma", 1},
    {"--xtc-probability", 1},
    {"--xtc-threshold", 1},
    {"--typical,--typical-p", 1},
    {"--repeat-last-n", 1},
    {"--repeat-penalty", 1},
    {"--presence-penalty", 1},
    {"--frequency-penalty", 1},
    {"--dry-multiplier", 1},
    {"--dry-base", 1},
    {"--dry-allowed-length", 1},
    {"--dry-penalty-last-n", 1},
    {"--dry-sequence-breaker", 1},
    {"--adaptive-target", 1},
    {"--adaptive-decay", 1},
    {"--dynatemp-range", 1},
    {"--dynatemp-exp", 1},
    {"--mirostat", 1},
    {"--mirostat-lr", 1},
    {"--mirostat-ent", 1},
    {"-l,--logit-bias", 1},
    {"--grammar", 1},
    {"--grammar-file", 1},
    {"-j,--json-schema", 1},
    {"-jf,--json-schema-file", 1},
    {"-bs,--backend-sampling", 0, "the samplers' graphs on the GPU"},

    // positions
    {"--rope-scaling", 1},
    {"--rope-scale", 1},
    {"--rope-freq-base", 1},
    {"--rope-freq-scale", 1},
    {"--yarn-orig-ctx", 1},
    {"--yarn-ext-factor", 1},
    {"--yarn-attn-factor", 1},
    {"--yarn-beta-slow", 1},
    {"--yarn-beta-fast", 1},
    {"-gan,--grp-attn-n", 1},
    {"-gaw,--grp-attn-w", 1},
    {"-dt,--defrag-thold", 1},
    {"--context-shift,--no-context-shift", 0},

    // templates and reasoning
    {"--jinja,--no-jinja", 0},
    {"--chat-template", 1},
    {"--chat-template-file", 1},
    {"--chat-template-kwargs", 1},
    {"--skip-chat-parsing,--no-skip-chat-parsing", 0},
    {"--prefill-assistant,--no-prefill-assistant", 0},
    {"--reasoning-format", 1},
    {"-rea,--reasoning", 1},
    {"--reasoning-effort", 1},
    {"--reasoning-budget", 1},
    {"--reasoning-budget-message", 1},
    {"--reasoning-preserve,--no-reasoning-preserve", 0},

    // the server
    {"-a,--alias", 1},
    {"--tags", 1},
    {"--host", 1},
    {"--port", 1},
    {"--reuse-port", 0},
    {"--path", 1},
    {"--api-prefix", 1},
    {"--api-key", 1},
    {"--api-key-file", 1},
    {"--ssl-key-file", 1},
    {"--ssl-cert-file", 1},
    {"--cors-origins", 1},
    {"--cors-methods", 1},
    {"--cors-headers", 1},
    {"--cors-credentials,--no-cors-credentials", 0},
    {"--ui,--no-ui,--webui,--no-webui", 0},
    {"--ui-config,--webui-config", 1},
    {"--ui-config-file,--webui-config-file", 1},
    {"--ui-mcp-proxy,--no-ui-mcp-proxy,--webui-mcp-proxy,--no-webui-mcp-proxy", 0},
    {"--tools", 1},
    {"--tools-runtime", 1},
    {"--mcp-servers-config", 1},
    {"--mcp-servers-json", 1},
    {"-ag,--agent,-no-ag,--no-agent", 0},
    {"-to", 1},
    {"-fitp,--fit-print", 1},
    {"--mtp,--dflash,--eagle3", 0},
    {"--server-base", 1},
    {"--load-on-startup", 1},  // of presets
    {"--stop-timeout", 1},
    {"--sse-ping-interval", 1},
    {"-cb,--cont-batching,-nocb,--no-cont-batching", 0},
    {"--cache-prompt,--no-cache-prompt", 0},
    {"--cache-reuse", 1},
    {"--cache-idle-slots,--no-cache-idle-slots", 0},
    {"--metrics", 0},
    {"--props", 0},
    {"--slots,--no-slots", 0},
    {"--slot-save-path", 1},
    {"-sps,--slot-prompt-similarity", 1},
    {"--media-path", 1},
    {"--models-dir", 1},
    {"--models-preset", 1},
    {"--models-max", 1, "more models than one"},
    {"--models-autoload,--no-models-autoload", 0},
    {"--sleep-idle-seconds", 1},
    {"--embd-normalize", 1},
    {"--embd-output-format", 1},
    {"--embd-separator", 1},
    {"--cls-separator", 1},

    // logs
    {"--log-disable", 0},
    {"--log-file", 1},
    {"--log-prompts-dir", 1},
    {"--log-colors", 1},
    {"--log-jsonl,--no-log-jsonl", 0},
    {"-v,--verbose,--log-verbose", 0},
    {"-lv,--verbosity,--log-verbosity", 1},
    {"--log-prefix,--no-log-prefix", 0},
    {"--log-timestamps,--no-log-timestamps", 0},
    {"--perf,--no-perf", 0},
    {"--check-tensors", 0},

    // loading
    {"--warmup", 0},
    {"-kvo,--kv-offload", 0},
    {"--op-offload", 0},
    {"--mmap", 0},
    {"--mmproj-auto", 0},
    {"-lm,--load-mode", 1},
    {"-lzm,--lazy-mode", 1, "how weights are read"},
    {"-hft,--hf-token", 1},
    {"--kv-unified-per-slot", 1, "a limit for each slot"},
    {"--mtmd-batch-max-tokens", 1, "images of one batch"},
    {"-mmu,--mmproj-url", 1, "the projector: --mmproj with a file counts it"},
    {"-dev,--device", 1, "the choice of devices: name those with --gpu"},
    {"-devd,--spec-draft-device,--device-draft", 1, "the draft's choice of devices"},
    {"--rpc", 1, "devices of other machines"},
    {"--override-kv", 1, "changed hyperparameters"},
    {"--control-vector-layer-range", 2},

    // drafts
    {"--spec-draft-n-min,--draft-min,--draft-n-min", 1},
    {"--spec-draft-p-split,--draft-p-split", 1},
    {"--spec-draft-p-min,--draft-p-min", 1},
    {"--spec-draft-threads,-td,--threads-draft", 1},
    {"--spec-draft-threads-batch,-tbd,--threads-batch-draft", 1},
    {"--spec-draft-cpu-mask,-Cd,--cpu-mask-draft", 1},
    {"--spec-draft-cpu-range,-Crd,--cpu-range-draft", 1},
    {"--spec-draft-cpu-strict,--cpu-strict-draft", 1},
    {"--spec-draft-prio,--prio-draft", 1},
    {"--spec-draft-poll,--poll-draft", 1},
    {"--spec-draft-cpu-mask-batch,-Cbd,--cpu-mask-batch-draft", 1},
    {"--spec-draft-cpu-range-batch,-Crbd,--cpu-range-batch-draft", 1},
    {"--spec-draft-cpu-strict-batch,--cpu-strict-batch-draft", 1},
    {"--spec-draft-prio-batch,--prio-batch-draft", 1},
    {"--spec-draft-poll-batch,--poll-batch-draft", 1},
    {"--spec-draft-backend-sampling,--no-spec-draft-backend-sampling", 0},
    {"--spec-draft-sampling", 1},
    {"--spec-draft-replace,--spec-replace", 2},
    {"--spec-synth-len", 1},
    {"--spec-synth-rates", 1},
    {"--spec-ngram-size-n", 1},
    {"--spec-ngram-size-m", 1},
    {"--spec-ngram-min-hits", 1},
    {"--spec-ngram-mod-n-min", 1},
    {"--spec-ngram-mod-n-max", 1},
    {"--spec-ngram-mod-n-match", 1},
    {"--spec-ngram-simple-size-n", 1},
    {"--spec-ngram-simple-size-m", 1},
    {"--spec-ngram-simple-min-hits", 1},
    {"--spec-ngram-map-k-size-n", 1},
    {"--spec-ngram-map-k-size-m", 1},
    {"--spec-ngram-map-k-min-hits", 1},
    {"--spec-ngram-map-k4v-size-n", 1},
    {"--spec-ngram-map-k4v-size-m", 1},
    {"--spec-ngram-map-k4v-min-hits", 1},
    {"-lcs,--lookup-cache-static", 1},
    {"-lcd,--lookup-cache-dynamic", 1},

    // llama-bench
    {"-pg", 1},
    {"-o,--output", 1},
    {"-oe,--output-err", 1},
    {"--delay", 1},
    {"--progress", 0},
};

/// A word that is said otherwise here: our option, and what stands before its value.
struct other_word {
  std::string_view names, ours, prefix;
};
constexpr other_word other_words[] = {
    {"--draft", "--spec-draft-n-max", ""},
    {"-hf,-hfr,--hf-repo", "--model", "hf:"},
    {"-mu,--model-url", "--model", ""},
    {"-hfd,-hfrd,--spec-draft-hf,--hf-repo-draft", "--model-draft", "hf:"},
    {"-dr,--docker-repo", "--model", ""},
};

/// A word, with its value where it has one, that stands for others.
struct word_for_others {
  std::string_view names, value, others;
};
constexpr word_for_others shorthands[] = {
    {"-lm,--load-mode", "auto", ""},
    {"-lm,--load-mode", "mmap", ""},
    {"-lm,--load-mode", "none", "--no-mmap"},
    {"-lm,--load-mode", "dio", "--no-mmap"},
    {"-lm,--load-mode", "mlock", "--no-mmap,--mlock"},
    {"-lm,--load-mode", "mmap+mlock", "--mlock"},
    {"--spec-default", "", "--spec-type,ngram-mod"},
    {"--embd-gemma-default", "",
     "-hf,ggml-org/"
     "embeddinggemma-300M-qat-q4_0-GGUF,-b,2048,-ub,2048,-np,32,-c,65536,--embeddings"},
    {"--fim-qwen-3b-default", "", "-hf,ggml-org/Qwen2.5-Coder-3B-Q8_0-GGUF,-b,1024,-ub,1024,-c,0"},
    {"--fim-qwen-7b-default", "", "-hf,ggml-org/Qwen2.5-Coder-7B-Q8_0-GGUF,-b,1024,-ub,1024,-c,0"},
    {"--fim-qwen-7b-spec", "",
     "-hf,ggml-org/Qwen2.5-Coder-7B-Q8_0-GGUF,-hfd,ggml-org/"
     "Qwen2.5-Coder-0.5B-Q8_0-GGUF,-b,1024,-ub,1024,-c,0"},
    {"--fim-qwen-14b-spec", "",
     "-hf,ggml-org/Qwen2.5-Coder-14B-Q8_0-GGUF,-hfd,ggml-org/"
     "Qwen2.5-Coder-0.5B-Q8_0-GGUF,-b,1024,-ub,1024,-c,0"},
    {"--fim-qwen-30b-default", "",
     "-hf,ggml-org/Qwen3-Coder-30B-A3B-Instruct-Q8_0-GGUF,-b,1024,-ub,1024,-c,0"},
    {"--gpt-oss-20b-default", "",
     "-hf,ggml-org/gpt-oss-20b-GGUF,-b,32768,-ub,2048,-np,2,-c,262144"},
    {"--gpt-oss-120b-default", "",
     "-hf,ggml-org/gpt-oss-120b-GGUF,-b,32768,-ub,2048,-np,2,-c,262144"},
    {"--vision-gemma-4b-default", "", "-hf,ggml-org/gemma-3-4b-it-qat-GGUF,-c,0"},
    {"--vision-gemma-12b-default", "", "-hf,ggml-org/gemma-3-12b-it-qat-GGUF,-c,0"},
};

using words_typed = std::vector<std::string>;

/// What words stand for in their places.
words_typed without_shorthands(words_typed args) {
  words_typed out;
  for (std::size_t i = 0; i < args.size(); ++i) {
    if (args[i].starts_with("--"))  // "--top_k" is taken as well
      std::replace(args[i].begin(),
                   args[i].begin() +
                       static_cast<std::ptrdiff_t>(std::min(args[i].find('='), args[i].size())),
                   '_', '-');
    const std::size_t equals = args[i].starts_with("--") ? args[i].find('=') : args[i].npos;
    const std::string_view name = std::string_view(args[i]).substr(0, equals);
    const std::string_view value = equals != args[i].npos
                                       ? std::string_view(args[i]).substr(equals + 1)
                                   : i + 1 < args.size() ? std::string_view(args[i + 1])
                                                         : std::string_view();
    const word_for_others* w = find_named(shorthands, name, [&](const word_for_others& s) {
      return s.value.empty() || s.value == value;
    });
    if (w == nullptr) {
      out.push_back(args[i]);
      continue;
    }
    for_each_name(w->others, [&](std::string_view word) { out.emplace_back(word); });
    if (!w->value.empty() && equals == args[i].npos) ++i;
  }
  return out;
}

/// Whether a command begins here that is more than options.
bool starts_command(const std::string& word) {
  return pasted::program_of(word) || pasted::assignment_of(word) || word == "docker" ||
         word == "podman" || word == "sudo" || word == "env" || word == "nohup";
}

/// A command among the arguments, "-- docker run ...", as llama-server's options.
words_typed without_command(const words_typed& args, words_typed& notes) {
  const auto dashes = std::find(args.begin(), args.end(), "--");
  const bool begins = !args.empty() && starts_command(args.front());
  if (dashes == args.end() && !begins) return args;
  const auto from = begins ? args.begin() : dashes;
  words_typed out(args.begin(), from);
  words_typed rest(from, args.end());
  std::erase(rest, "--");
  if (const auto l = pasted::launch_of(rest)) {
    pasted::server_line line = pasted::as_server_line(*l);
    rest = std::move(line.args);
    notes.insert(notes.end(), line.notes.begin(), line.notes.end());
  }
  out.insert(out.end(), rest.begin(), rest.end());
  return out;
}

}  // namespace

std::span<const server_word> server_words() { return words; }

const server_word* find_server_word(std::string_view name) { return find_named(words, name); }

heeded_line without_server_words(const std::vector<std::string>& typed) {
  heeded_line line;
  const words_typed args = without_shorthands(without_command(typed, line.notes));
  std::string file_of_repo;
  for (std::size_t i = 0; i < args.size(); ++i) {
    const std::string& arg = args[i];
    const std::size_t equals = arg.starts_with("--") ? arg.find('=') : arg.npos;
    const std::string_view name = std::string_view(arg).substr(0, equals);
    if (!name.starts_with('-') || find_option(name) != nullptr) {
      line.args.push_back(arg);
      continue;
    }
    const bool is_last = i + 1 == args.size();
    if (const other_word* m = find_named(other_words, name);
        m && (equals != arg.npos || !is_last)) {
      line.args.emplace_back(m->ours);
      line.args.push_back(std::string(m->prefix) +
                          (equals == arg.npos ? args[++i] : arg.substr(equals + 1)));
    } else if ((name == "-hff" || name == "--hf-file") && !is_last) {
      file_of_repo = args[++i];
    } else if (const server_word* w = find_server_word(name)) {
      if (!w->not_modelled.empty())
        line.notes.push_back(std::string(name) + ": not modelled is " +
                             std::string(w->not_modelled));
      if (equals == arg.npos) i = std::min(i + w->n_values, args.size() - 1);
    } else {
      line.args.push_back(arg);
    }
  }
  // the file of a repository that -hf names; its quantization says nothing then
  const auto repo = std::find_if(line.args.begin(), line.args.end(),
                                 [](const std::string& a) { return a.starts_with("hf:"); });
  if (!file_of_repo.empty() && repo != line.args.end())
    *repo = repo->substr(0, repo->find(':', 3)) + "/" + file_of_repo;
  return line;
}

}  // namespace vrambudget::request
