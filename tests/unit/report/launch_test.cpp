#include "vrambudget/report/launch.hpp"

#include <doctest/doctest.h>

#include <boost/json.hpp>
#include <cstdio>
#include <sstream>
#include <string>
#include <vector>

#include "../contains.hpp"
#include "vrambudget/catalogue/gpus.hpp"
#include "vrambudget/catalogue/models.hpp"
#include "vrambudget/catalogue/shape.hpp"
#include "vrambudget/model/adapters.hpp"
#include "vrambudget/plan/planner.hpp"
#include "vrambudget/plan/verdict.hpp"
#include "vrambudget/report/json.hpp"
#include "vrambudget/request/run_line.hpp"

using namespace vrambudget;
using testing::contains;

namespace {

const model& qwen() {
  static const auto header = header_from_shape(find_model("Qwen3-30B-A3B").value().shape).value();
  static const gguf::header parsed = gguf::parse(header, {.check_data = false}).value();
  static const model m = read_model({&parsed, 1}).value();
  return m;
}

run parse(const std::string& line) {
  std::istringstream in(line);
  std::vector<std::string> words;
  for (std::string w; in >> w;) words.push_back(w);
  return request::parse_run(words).value();
}

budget budget_of(const run& r, std::size_t n_gpus = 2) {
  const device gpu = to_device(find_gpu("3090").value());
  return plan(qwen(), r, std::vector<device>(n_gpus, gpu)).value();
}

std::string emitted(launcher l, const std::string& flags, const launch_files& files,
                    std::size_t n_gpus = 2) {
  const run r = parse(flags);
  return launch_text(l, files, qwen(), r, budget_of(r, n_gpus));
}

std::string emitted(launcher l, const std::string& flags, std::size_t n_gpus = 2) {
  return emitted(l, flags, {.model = "/models/Qwen3 30B.gguf"}, n_gpus);
}

boost::json::value json_of(launcher l, const std::string& flags, std::size_t n_gpus = 2) {
  return boost::json::parse(emitted(l, flags, n_gpus));
}

std::string text(const boost::json::value& v) { return boost::json::serialize(v); }

#ifndef _WIN32  // which has no shell of POSIX
/// What a program gets of a line, one argument after the other with "|" behind each.
std::string through_shell(const std::string& words) {
  FILE* shell = ::popen(("printf '%s|' " + words).c_str(), "r");
  std::string out;
  for (int c = 0; shell && (c = std::fgetc(shell)) != EOF;) out += static_cast<char>(c);
  if (shell) ::pclose(shell);
  return out;
}
#endif

}  // namespace

// Names and meanings: llama.cpp, common/arg.cpp, whose common_params_parse() read such lines.
TEST_CASE("llama-server's line means the run that was planned") {
  for (const std::string flags :
       {"-c 8192", "-c 8192 -np 3 -b 1024 -ub 256 -fa off", "-c 5000 -np 3 -fa on",
        "-c 4096 -np 2 -kvu -ctk q8_0 -ctv q4_0", "-c 4096 -ngl 20 -ts 3,1 -nkvo --no-op-offload",
        "-c 4096 -ncmoe 5 -ncffn 2 -sm layer", "-c 4096 -cmoe -sm none -mg 1",
        "-c 4096 -ncmoe 5 -ot ffn_up_exps=CUDA1 -ncffn 3 -ot blk\\.3\\.=CUDA1",
        "-c 4096 -ot ffn_up_exps=CPU,blk\\.3\\.=CUDA1 --swa-full", "-c 4096 --spec-type ngram-mod",
        "-c 4096 -ts 0.333333343,0.7"}) {
    CAPTURE(flags);
    const run r = parse(flags);
    budget b = budget_of(r);
    const std::string line = launch_text(launcher::llama_server, {.model = "m.gguf"}, qwen(), r, b);
    const std::string start = "llama-server -m m.gguf ", end = " --fit off\n";
    REQUIRE(line.starts_with(start));
    REQUIRE(line.ends_with(end));
    std::string given = line.substr(start.size(), line.size() - start.size() - end.size());
    std::erase(given, '\'');  // this test's words have no spaces
    run again = parse(given);
    CHECK(again.tensor_split == r.tensor_split);
    std::erase_if(b.notes, [](const note& n) {  // the line has the context as it was rounded
      return n.kind == note_kind::context_rounded;
    });
    CHECK(budget_json(qwen(), again, budget_of(again), {}) == budget_json(qwen(), r, b, {}));
  }
}

// Flash attention that is left to the engine stays so: a draft and a projector decide for themselves.
TEST_CASE("what is left to the engine is not told") {
  CHECK(emitted(launcher::llama_server, "-c 4096") ==
        "llama-server -m '/models/Qwen3 30B.gguf' -c 4096 -ngl 49 --fit off\n");
}

// arg.cpp: each of these options appends to one list, whose first match decides.
TEST_CASE("overrides keep their place among -cmoe, -ncmoe and -ncffn") {
  const std::string line = emitted(
      launcher::llama_server, "-c 4096 -ot a=CPU -ncmoe 5 -ot b=CUDA1,c=CPU -ncffn 3 -ot d=CPU");
  CHECK(contains(line, " -ot a=CPU -ncmoe 5 -ot b=CUDA1,c=CPU -ncffn 3 -ot d=CPU "));
  // -cmoe after them is left what neither takes: experts from layer 5 on of other names than b
  const std::string late =
      emitted(launcher::llama_server, "-c 4096 -ncmoe 5 -ncmoe 2 -ot b=CUDA1 -cmoe");
  CHECK(contains(late, " -ncmoe 5 -ot 'b=CUDA1,\\.ffn_(up|down|gate|gate_up)_(ch|)exps=CPU' "));
}

#ifndef _WIN32
TEST_CASE("a shell gives llama-server the words that were meant") {
  const run r = parse("-c 4096 -ot $HOME`id`;(a|b)*?[0-9]\\.'x'\"y\"~#&!x{2}<>%=CPU");
  const launch_files files{.model = "/m/it's a \"model\" \u6a21\n.gguf"};
  const std::string line = launch_text(launcher::llama_server, files, qwen(), r, budget_of(r));
  CHECK(through_shell(line) == "llama-server|-m|" + files.model + "|-c|4096|-ngl|49|-ot|" +
                                   r.overrides[0].pattern + "=CPU|--fit|off|");
}
#endif

// -hf would fetch a projector beside the model and load it (arg.cpp: --mmproj-auto).
TEST_CASE("models elsewhere") {
  const auto line = [](const launch_files& f) {
    return emitted(launcher::llama_server, "-c 4096", f);
  };
  CHECK(line({.model = "hf:org/repo:Q4_K_M"}) ==
        "llama-server -hf org/repo:Q4_K_M --no-mmproj -c 4096 -ngl 49 --fit off\n");
  CHECK(line({.model = "hf:org/repo/sub/file.gguf"}) ==
        "llama-server -hf org/repo -hff sub/file.gguf --no-mmproj -c 4096 -ngl 49 --fit off\n");
  CHECK(line({.model = "hf:org/repo", .mmproj = "mm.gguf"}) ==
        "llama-server -hf org/repo -c 4096 -ngl 49 --mmproj mm.gguf --fit off\n");
  CHECK(line({.model = "https://host/m.gguf?a=b"}) ==
        "llama-server -mu 'https://host/m.gguf?a=b' -c 4096 -ngl 49 --fit off\n");
  const auto from = [](const launch_files& f) {
    const std::string all = emitted(launcher::ollama, "-c 4096", f);
    const std::size_t at = all.find("\nFROM ") + 6;
    return all.substr(at, all.find('\n', at) - at);
  };
  CHECK(from({.model = "hf:org/repo:Q4_K_M"}) == "hf.co/org/repo:Q4_K_M");
  CHECK(from({.model = "hf:org/repo/sub/file.gguf"}) == "hf.co/org/repo:file.gguf");
  CHECK(from({.model = "/blobs/sha256-1", .ollama = "qwen3:8b"}) == "qwen3:8b");
}

// ollama v0.17.4: parser/parser.go, api/types.go: Runner, envconfig/config.go; its parser read such files.
TEST_CASE("a Modelfile has what Ollama can set, and says what it cannot") {
  CHECK(emitted(launcher::ollama, "-c 16384 -np 2 -ctk q8_0 -ctv q8_0 -ub 1024 -cmoe") ==
        "# Modelfile; the server needs this environment:\n"
        "#   OLLAMA_FLASH_ATTENTION=1 OLLAMA_KV_CACHE_TYPE=q8_0 OLLAMA_NUM_PARALLEL=2 "
        "OLLAMA_SCHED_SPREAD=1\n"
        "# no setting for -cmoe\n"
        "# before 0.30 layers are divided over the GPUs by an estimate of Ollama's own\n"
        "# before 0.30 qwen3moe runs in an engine of Ollama's own: its buffers are not those "
        "planned\n"
        "FROM /models/Qwen3 30B.gguf\n"
        "PARAMETER num_ctx 8192\n"
        "PARAMETER num_batch 1024\n"
        "PARAMETER num_gpu 49\n");
}

// llm/server.go: KvSize = num_ctx * parallel; llama/llama.go: NewContextParams leaves kv_unified off.
TEST_CASE("Ollama's slots share no cache") {
  const std::string left = emitted(launcher::ollama, "-c 16384", 1);
  CHECK(contains(left, "OLLAMA_NUM_PARALLEL=1\n"));
  CHECK(contains(left, "PARAMETER num_ctx 16384\n"));
  CHECK(contains(left, "# one slot with the whole context"));
  const std::string shared = emitted(launcher::ollama, "-c 16384 -np 4 -kvu", 1);
  CHECK(contains(shared, "OLLAMA_NUM_PARALLEL=4\n"));
  CHECK(contains(shared, "PARAMETER num_ctx 4096\n"));
  CHECK(contains(shared, "num_ctx is for one of them"));
}

// fs/ggml/ggml.go: SupportsKVCacheType; llm/server.go: quantized types only with flash attention.
TEST_CASE("Ollama has one type for K and V, of three") {
  const auto told = [](const std::string& types) {
    const std::string all = emitted(launcher::ollama, "-c 4096 " + types, 1);
    const std::size_t env = all.find("TYPE=") + 5, lost = all.find("# no setting for ");
    return all.substr(env, all.find(' ', env) - env) + ":" +
           (lost == std::string::npos ? ""
                                      : all.substr(lost + 17, all.find('\n', lost) - lost - 17));
  };
  CHECK(told("") == "f16:");
  CHECK(told("-ctk q4_0 -ctv q4_0") == "q4_0:");
  CHECK(told("-ctk q8_0 -ctv q4_0") == "q8_0:-ctv q4_0");
  CHECK(told("-ctk q8_0") == "q8_0:-ctv f16");
  CHECK(told("-ctk bf16 -ctv bf16") == "f16:-ctk bf16 -ctv bf16");
  CHECK(told("-ctk q8_0 -fa off") == "f16:-ctk q8_0");
}

// llm/llama_server.go of 0.30: startLlamaServer: -ngl is num_gpu; nothing stands for -ncmoe.
TEST_CASE("what a program has no setting for costs layers, as few as it takes") {
  const device small = to_device(find_gpu("4060ti").value());
  const run r = parse("-c 8192 -np 1 -ncmoe 40");
  planner p(qwen(), {small});
  const budget b = p.budget_for(r).value();
  REQUIRE(judge(p, r, b).value().runs());
  const launch_files files{.model = "m.gguf"};
  const launch_fit fit = fit_launch(launcher::ollama, files, p, r, b).value();
  CHECK(fit.not_set == "-ncmoe 40");
  // what Ollama starts with so many layers runs, and with one more does not
  const auto runs = [&](std::uint32_t n) {
    const run told = parse("-c 8192 -np 1 -b 512 -fa on -ngl " + std::to_string(n));
    return judge(p, told, p.budget_for(told).value()).value().runs();
  };
  CHECK(fit.n_gpu_layers > 0);
  CHECK(runs(fit.n_gpu_layers));
  CHECK_FALSE(runs(fit.n_gpu_layers + 1));
  const std::string text = launch_text(launcher::ollama, files, qwen(), r, b, fit.n_gpu_layers);
  CHECK(contains(text, "PARAMETER num_gpu " + std::to_string(fit.n_gpu_layers) + "\n"));
  CHECK(contains(text, "# num_gpu: as many layers as fit, 49 were planned\n"));
  // the others have settings for it
  for (const launcher other : {launcher::koboldcpp, launcher::lmstudio, launcher::llama_server})
    CHECK(fit_launch(other, files, p, r, b).value() == launch_fit{49, ""});
}

TEST_CASE("a cache in a type that a program lacks counts as the one it gets") {
  // 48 layers x 2 x 131072 cells x 512 values: 12 GiB in f16, 4.1 GiB in q5_0, of which a 3090 holds one beside
  // 17.3 GiB of weights
  const device gpu = to_device(find_gpu("3090").value());
  const run r = parse("-c 131072 -np 1 -ctk q5_0 -ctv q5_0");
  planner p(qwen(), {gpu});
  const budget b = p.budget_for(r).value();
  REQUIRE(judge(p, r, b).value().runs());
  for (const launcher l : {launcher::ollama, launcher::koboldcpp}) {
    const launch_fit fit = fit_launch(l, {.model = "m.gguf"}, p, r, b).value();
    CHECK(fit.not_set == "-ctk q5_0 -ctv q5_0");
    CHECK(fit.n_gpu_layers < 49);
  }
  CHECK(fit_launch(launcher::lmstudio, {.model = "m.gguf"}, p, r, b).value().n_gpu_layers == 49);
}

// Without -nkvo the engine lends the GPU for attention over caches on the host, whose scores of 512 x 131072 tokens in
// f32 are 8 GiB for 32 heads; llama-graph.cpp: build_attn_mha keeps it on the CPU with -nkvo.
TEST_CASE("where not one layer fits nothing is to be started") {
  device small = to_device(find_gpu("3090").value());
  small.free = 4_GiB;
  const run r = parse("-c 131072 -np 1 -ngl 0 -nkvo -fa off");
  planner p(qwen(), {small});
  const budget b = p.budget_for(r).value();
  REQUIRE(judge(p, r, b).value().runs());
  const auto refused = fit_launch(launcher::ollama, {.model = "m.gguf"}, p, r, b);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == errc::unsupported);
  CHECK(refused.error().message ==
        "Ollama takes more than planned, without a setting for -nkvo: not one layer fits");
}

// api/types.go: DraftNumPredict is 4 unless it is set, and NextN layers then draft (llama_server.go: hasMTPDraft).
TEST_CASE("a Modelfile says whether a model with NextN layers drafts") {
  const auto header =
      header_from_shape(find_model("Qwen3.6-27B-MTP-UD-Q4_K_XL").value().shape).value();
  const gguf::header parsed = gguf::parse(header, {.check_data = false}).value();
  const model m = read_model({&parsed, 1}).value();
  REQUIRE(m.hp.n_layer_nextn == 1);
  const auto drafted = [&](const std::string& flags) {
    const run r = parse("-c 4096 -np 1 " + flags);
    const device gpu = to_device(find_gpu("3090").value());
    const budget b = plan(m, r, std::vector{gpu}).value();
    const std::string all = launch_text(launcher::ollama, {.model = "m.gguf"}, m, r, b);
    const std::size_t at = all.find("draft_num_predict ");
    return at == std::string::npos ? "" : all.substr(at + 18);
  };
  CHECK(drafted("") == "0\n");
  CHECK(drafted("--spec-type draft-mtp --spec-draft-n-max 2") == "2\n");
  CHECK_FALSE(contains(emitted(launcher::ollama, "-c 4096", 1), "draft_num_predict"));
}

TEST_CASE("nothing gets into a Modelfile through a name") {
  const std::string all =
      emitted(launcher::ollama, "-c 4096", {.model = "a\nPARAMETER num_gpu 0"}, 1);
  CHECK(contains(all, "FROM aPARAMETER num_gpu 0\n"));
  CHECK(contains(emitted(launcher::ollama, "-c 4096", {.model = " b\" "}),
                 "FROM \"\"\" b\" \"\"\"\n"));
}

// LostRuins/koboldcpp 1.122: koboldcpp.py: add_argument, load_model; gpttype_adapter.cpp:
// extra_context_handle_fragmentation = 128 more tokens in the cache.
TEST_CASE("KoboldCpp's file") {
  const auto v = json_of(
      launcher::koboldcpp,
      "-c 8192 -np 1 -ctk q4_0 -ctv q4_0 -ncmoe 7 -ncffn 2 -nkvo -ub 256 --no-op-offload", 1);
  CHECK(v.at("model_param") == "/models/Qwen3 30B.gguf");
  CHECK(v.at("contextsize").to_number<int>() == 8192 - 128);
  CHECK(v.at("batchsize").to_number<int>() == 2048);
  CHECK(v.at("ubatchsize").to_number<int>() == 256);
  CHECK(v.at("blasbatchsize").to_number<int>() == 256);
  CHECK(v.at("quantkv").to_number<int>() == 2);
  CHECK(v.at("moecpu").to_number<int>() == 7);
  CHECK(v.at("ffncpu").to_number<int>() == 2);
  CHECK(v.at("gpulayers").to_number<int>() == 49);
  CHECK(v.at("lowvram") == true);
  CHECK(v.at("noflashattention") == false);
  CHECK(v.at("noswa") == false);
  CHECK(text(v.at("usecuda")) == R"(["normal","mmq","0","lowvram"])");
  CHECK(text(v.at("_not_set")) == R"(["--no-op-offload"])");
  CHECK_FALSE(v.as_object().contains("parallelrequests"));
  CHECK_FALSE(json_of(launcher::koboldcpp, "-c 8192").as_object().contains("_not_set"));
}

// set_backend_props: a number in usecuda hides all other GPUs.
TEST_CASE("KoboldCpp sees as many GPUs as were planned") {
  const auto gpus = [](const std::string& flags) {
    return text(json_of(launcher::koboldcpp, "-c 8192 " + flags).at("usecuda"));
  };
  CHECK(gpus("") == R"(["normal","mmq"])");
  CHECK(gpus("-sm none -mg 1") == R"(["normal","mmq","1"])");
  const auto split = json_of(launcher::koboldcpp, "-c 8192 -ts 3,1 -mg 1");
  CHECK(text(split.at("tensor_split")) == "[3E0,1E0]");
  CHECK(split.at("maingpu") == 1);
}

// load_model: f16, bf16, q8_0, q5_1 and q4_0 for K and V alike; numbers are those of older versions.
TEST_CASE("KoboldCpp's cache types") {
  const auto type = [](const std::string& t) {
    const auto v = json_of(launcher::koboldcpp, "-c 8192 -ctk " + t + " -ctv " + t);
    return v.as_object().contains("quantkv") ? text(v.at("quantkv")) : text(v.at("_not_set"));
  };
  CHECK(type("f16") == "0");
  CHECK(type("q8_0") == "1");
  CHECK(type("q4_0") == "2");
  CHECK(type("bf16") == "3");
  CHECK(type("q5_1") == "\"q5_1\"");
  CHECK(type("q5_0") == R"(["-ctk q5_0","-ctv q5_0"])");
}

TEST_CASE("adapters, where a program has a setting for them") {
  const auto with = [](std::vector<float> scales, bool apply = true) {
    model m = qwen();
    adapters all;
    for (const float scale : scales)
      all.loras.push_back({.path = "/m/a.gguf",
                           .name = "a",
                           .architecture = m.architecture,
                           .scale = scale,
                           .pairs = {}});
    m.adapted_by = std::make_shared<const adapters>(all);
    run r = parse("-c 8192");
    r.lora_apply = apply;
    return [m, r](launcher l) {
      return launch_text(l, {.model = "/m/b.gguf"}, m, r, budget_of(r, 1));
    };
  };
  const auto one = with({1}), scaled = with({0.5f, 0.5f}), mixed = with({1, 0.5f});
  CHECK(contains(one(launcher::llama_server), " --lora /m/a.gguf "));
  CHECK(contains(mixed(launcher::llama_server), " --lora /m/a.gguf --lora-scaled /m/a.gguf:0.5 "));
  CHECK(contains(one(launcher::ollama), "\nADAPTER /m/a.gguf\n"));
  CHECK_FALSE(contains(one(launcher::ollama), "no setting"));
  CHECK(contains(scaled(launcher::ollama), "# no setting for --lora-scaled"));
  CHECK(contains(with({1}, false)(launcher::ollama), "# no setting for --lora /m/a.gguf"));
  const auto kobold = boost::json::parse(scaled(launcher::koboldcpp));
  CHECK(text(kobold.at("lora")) == R"(["/m/a.gguf","/m/a.gguf"])");
  CHECK(kobold.at("loramult").to_number<double>() == 0.5);
  CHECK_FALSE(kobold.as_object().contains("_not_set"));
  CHECK(contains(mixed(launcher::koboldcpp), "--lora-scaled /m/a.gguf:0.5"));
  CHECK(contains(one(launcher::lmstudio), R"({"key":"--lora","value":"/m/a.gguf"})"));
}

// @lmstudio/sdk 2.0.0: LLMLoadModelConfig, whose schema took such objects.
TEST_CASE("LM Studio's settings") {
  const auto v = json_of(launcher::lmstudio,
                         "-c 8192 -np 2 -ctk q8_0 -ctv bf16 -b 1024 -ub 256 -ngl 10 -ts 3,1");
  const auto& c = v.at("config");
  CHECK(c.at("autoFit") == false);       // otherwise it would choose context and layers itself
  CHECK(c.at("contextLength") == 4096);  // of one prediction, without useUnifiedKvCache
  CHECK(c.at("maxParallelPredictions") == 2);
  CHECK(c.at("useUnifiedKvCache") == false);
  CHECK(c.at("evalBatchSize") == 1024);
  CHECK(c.at("physicalBatchSize") == 256);
  CHECK(c.at("flashAttention") == true);
  CHECK(c.at("llamaKCacheQuantizationType") == "q8_0");
  CHECK(c.at("llamaVCacheQuantizationType") == false);
  CHECK(c.at("gpu").at("ratio").as_double() == 10.0 / 49);
  CHECK(
      text(c.at("llamaCppArgumentsOverride").at("overrideParameters")) ==
      R"([{"key":"-ctv","value":"bf16"},{"key":"-ngl","value":"10"},{"key":"-ts","value":"3,1"}])");
  const auto plain = json_of(launcher::lmstudio, "-c 8192 --pooling last").as_object();
  CHECK(plain.at("config").at("contextLength") == 8192);
  CHECK(plain.at("config").at("gpu").at("ratio") == "max");
  CHECK_FALSE(plain.at("config").as_object().contains("llamaCppArgumentsOverride"));
  CHECK(text(plain.at("_not_set")) == R"(["--pooling last"])");
  const auto key = boost::json::parse(
      emitted(launcher::lmstudio, "-c 8192", {.model = "/home/u/.lmstudio/models/p/r/f.gguf"}));
  CHECK(key.at("model") == "p/r/f.gguf");
}
