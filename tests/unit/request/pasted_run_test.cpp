// Runs in pasted texts: what is expected is read off the programs' own documentation.
#include "vrambudget/request/pasted_run.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace vrambudget;
using namespace vrambudget::request;

namespace {

using line = std::vector<std::string>;

std::vector<pasted_run> runs(std::string_view text) {
  auto found = find_runs(text);
  REQUIRE_MESSAGE(found.has_value(), (found ? "" : found.error().message));
  return std::move(*found);
}

pasted_run only(std::string_view text) {
  auto all = runs(text);
  REQUIRE(all.size() == 1);
  return all.front();
}

bool notes_have(const pasted_run& r, std::string_view part) {
  return std::any_of(r.notes.begin(), r.notes.end(),
                     [&](const std::string& n) { return n.find(part) != n.npos; });
}

}  // namespace

TEST_CASE("a line of a shell, with what stands around it") {
  const pasted_run r = only(
      "Here it is:\n\n"
      "$ CUDA_VISIBLE_DEVICES=0 LLAMA_ARG_CTX_SIZE=4096 nohup ./bin/llama-server \\\n"
      "    -m 'my models/a.gguf' -c 8192 \\  \n"
      "    -ot \"blk\\.1=CPU\" --alias=x # not this: -c 1\n"
      "    2>&1 | tee log.txt &\n");
  CHECK(r.program == "llama-server");
  CHECK(r.line == 3);
  CHECK(r.args == line{"-c", "4096", "-m", "my models/a.gguf", "-c", "8192", "-ot", "blk\\.1=CPU",
                       "--alias=x"});
  CHECK(notes_have(r, "CUDA_VISIBLE_DEVICES"));
}

TEST_CASE("lines of Windows' shells") {
  CHECK(only(".\\llama-server.exe -m C:\\models\\a.gguf ^\r\n  -c 1024\r\n").args ==
        line{"-m", "C:\\models\\a.gguf", "-c", "1024"});
  CHECK(only("& \"C:\\Program Files\\llama\\llama-server.exe\" -m a.gguf `\n -ngl 9").args ==
        line{"-m", "a.gguf", "-ngl", "9"});
}

TEST_CASE("prose that names a program is no run where another names a model") {
  CHECK(only("I'm fond of llama-server, it's fast; don't you?\n llama-server -m a.gguf -np 2\n")
            .args == line{"-m", "a.gguf", "-np", "2"});
  CHECK(only("-hf o/r:Q4_K_M -c 1024\n").args == line{"-hf", "o/r:Q4_K_M", "-c", "1024"});
  CHECK_FALSE(find_runs("nothing of this kind").has_value());
  CHECK(find_runs("").error().code == errc::not_found);
}

TEST_CASE("comments behind a line that goes on, and options alone") {
  CHECK(only("llama-server -m a.gguf \\  # the model\n  -c 0 \\ # all of it\n  -fa\n").args ==
        line{"-m", "a.gguf", "-c", "0", "-fa"});
  CHECK(only("--tensor-split 0.5,0.5 --ctx-size 38000 --fit on").args ==
        line{"--tensor-split", "0.5,0.5", "--ctx-size", "38000", "--fit", "on"});
  CHECK_FALSE(find_runs("- one --thing -or another").has_value());
}

TEST_CASE("one program for all, and the client's single sequence") {
  CHECK(only("llama serve -m a.gguf").program == "llama-server");
  CHECK(only("llama-cli -m a.gguf -c 512").args == line{"-np", "1", "-m", "a.gguf", "-c", "512"});
}

TEST_CASE("variables of the environment are weaker than what is typed, and switches have values") {
  const pasted_run r = only(
      "export LLAMA_ARG_KV_UNIFIED=0\nexport LLAMA_ARG_NO_MMAP=1\nexport LLAMA_ARG_SWA_FULL=true\n"
      "export LLAMA_ARG_MLOCK=off\nexport LLAMA_ARG_KV_OFFLOAD=false\nexport LLAMA_ARG_PORT=1\n"
      "llama-server -m a.gguf\n");
  CHECK(r.args == line{"-no-kvu", "--no-mmap", "--swa-full", "-nkvo", "-m", "a.gguf"});
}

TEST_CASE("docker run: variables, folders and what the image starts") {
  const pasted_run r = only(
      "docker run --gpus all --rm -it -p 8080:8080 -v /srv/models:/models:ro "
      "--env LLAMA_ARG_UBATCH=256 ghcr.io/ggml-org/llama.cpp:server-cuda "
      "-m /models/sub/a.gguf --mmproj=/models/b.gguf -md /modelsx/c.gguf");
  CHECK(r.args == line{"-ub", "256", "-m", "/srv/models/sub/a.gguf", "--mmproj=/srv/models/b.gguf",
                       "-md", "/modelsx/c.gguf"});
  CHECK(only("sudo podman run ghcr.io/ggml-org/llama.cpp:full-cuda --bench -m a.gguf -p 1000")
            .program == "llama-bench");
  CHECK(only("docker run --mount type=bind,source=D:\\m,target=/m --entrypoint /app/llama-server "
             "me/own:1 -m /m/a.gguf")
            .args == line{"-m", "D:\\m/a.gguf"});
  CHECK_FALSE(find_runs("docker run --rm debian:12 ls -m x").has_value());
  CHECK_FALSE(find_runs("docker run --env").has_value());
}

TEST_CASE("llama-bench: the largest of its tests") {
  // a prompt of 4,096 behind 8,192 tokens; 128 are generated in a test of their own
  CHECK(only("llama-bench -m a.gguf -p 512,4096 -d 0-8192+4096 -fa 0,1 -mmp 0 -nkvo 1 "
             "-ot \"a=CPU;b=CUDA0\" -ts 3/1 -ngl 10,99")
            .args == line{"-m", "a.gguf", "-fa", "1", "--no-mmap", "-nkvo", "-ot", "a=CPU,b=CUDA0",
                          "-ts", "3,1", "-ngl", "99", "-np", "1", "-c", "12288"});
  // prompts of 512 and 128 generated are what it tests if nothing is said; -pg adds them up
  CHECK(only("llama-bench -m a.gguf").args == line{"-m", "a.gguf", "-np", "1", "-c", "512"});
  CHECK(only("llama-bench -m a.gguf -pg 1000,200").args ==
        line{"-m", "a.gguf", "-np", "1", "-c", "1200"});
}

TEST_CASE("llama-swap: macros, comments in commands, a model of its own with docker") {
  const auto all = runs(
      "macros:\n"
      "  server: >\n"
      "    /opt/llama-server\n"
      "    --port ${PORT}\n"
      "  ctx: 1024\n"
      "models:\n"
      "  one:\n"
      "    macros:\n"
      "      ctx: 2048\n"
      "    cmd: |\n"
      "      ${server}\n"
      "      -m /m/a.gguf\n"
      "      # -np 4\n"
      "      -c ${ctx}\n"
      "    env:\n"
      "      - LLAMA_ARG_UBATCH=64\n"
      "  two:\n"
      "    cmd: docker run -v /x:/y ghcr.io/ggml-org/llama.cpp:server -m /y/b.gguf -c ${ctx}\n"
      "  other:\n"
      "    cmd: vllm serve foo\n");
  REQUIRE(all.size() == 2);
  CHECK(all[0].name == "one");
  CHECK(all[0].line == 8);
  CHECK(all[0].args == line{"-ub", "64", "--port", "${PORT}", "-m", "/m/a.gguf", "-c", "2048"});
  CHECK(all[1].args == line{"-m", "/x/b.gguf", "-c", "1024"});
}

TEST_CASE("compose files and parts of them") {
  const auto all = runs(
      "services:\n"
      "  web: { image: nginx }\n"
      "  llm:\n"
      "    image: ghcr.io/ggml-org/llama.cpp:server-cuda\n"
      "    volumes: [ './m:/models', { type: bind, source: /t, target: /templates } ]\n"
      "    environment: { LLAMA_ARG_MODEL: /models/a.gguf, LLAMA_ARG_CTX_SIZE: '${N:-4096}' }\n"
      "    command: --ubatch-size 128\n");
  REQUIRE(all.size() == 1);
  CHECK(all[0].name == "llm");
  CHECK(all[0].args == line{"-m", "./m/a.gguf", "-c", "4096", "--ubatch-size", "128"});
  CHECK(only("llm:\n  image: ollama/ollama\n  environment:\n    - OLLAMA_CONTEXT_LENGTH=8192\n")
            .args == line{"-np", "1", "-c", "8192", "-b", "512", "-ub", "512"});
}

TEST_CASE("lines of a document end where those of other texts do") {
  const pasted_run r = only(
      "# Gr\xC3\xB6\xC3\x9F"
      "e\r\r\xE2\x80\xA8\nmodels:\n  m:\n    cmd: llama-server -m a.gguf\n");
  CHECK(r.line == 4);
}

TEST_CASE("macros that name each other come to an end") {
  const auto all = runs(
      "macros:\n  a: ${b}${b}\n  b: ${a}${a}\nmodels:\n  m:\n    cmd: llama-server -m x.gguf "
      "${a}\n");
  CHECK(all.size() == 1);
}

TEST_CASE("a document that is a loop is read once") {
  CHECK_FALSE(find_runs("a: &a\n  b: *a\n").has_value());
  CHECK_FALSE(find_runs("services: &s\n  a: *s\n").has_value());
}

TEST_CASE("presets of llama-server") {
  const auto all = runs(
      "; for all\n[*]\nngl = 999\nmmap = false\n\n[small]\nmodel = /m/a.gguf  ; here\n"
      "c = 4096\nflash-attn = true\nkv-offload = off\nLLAMA_ARG_UBATCH = 64\n[empty]\nc = 1\n");
  REQUIRE(all.size() == 1);
  CHECK(all[0].name == "small");
  CHECK(all[0].line == 6);
  CHECK(all[0].args == line{"-ngl", "999", "--no-mmap", "--model", "/m/a.gguf", "-c", "4096",
                            "--flash-attn", "true", "--no-kv-offload", "-ub", "64"});
}

TEST_CASE("Modelfiles") {
  const pasted_run r = only(
      "# mine\nfrom hf.co/o/r:Q4_K_M\nFROM ./mmproj-F16.gguf\nPARAMETER num_ctx 8192\n"
      "parameter num_gpu 20\nSYSTEM \"\"\"\nFROM no\nPARAMETER num_ctx 1\n\"\"\"\n");
  CHECK(r.program == "Ollama");
  CHECK(r.line == 2);
  CHECK(r.args == line{"-m", "hf:o/r:Q4_K_M", "--mmproj", "./mmproj-F16.gguf", "-np", "1", "-c",
                       "8192", "-b", "512", "-ub", "512", "-ngl", "20"});
}

TEST_CASE("adapters of other programs") {
  CHECK(only("FROM a.gguf\nADAPTER ./lora.gguf\nPARAMETER num_ctx 4096\nPARAMETER num_gpu 9\n")
            .args == line{"-m", "a.gguf", "-np", "1", "-c", "4096", "-b", "512", "-ub", "512",
                          "-ngl", "9", "--lora", "./lora.gguf"});
  CHECK(notes_have(only("FROM a.gguf\nADAPTER ./peft\nPARAMETER num_ctx 4096\n"),
                   "ADAPTER: only a GGUF file is counted, and this is none"));
  const auto kobold = [](const std::string& more) {
    return only("python koboldcpp.py --model a.gguf --contextsize 8192 --gpulayers 9 " + more).args;
  };
  const auto plain = kobold("--lora x.gguf y.gguf"),
             scaled = kobold("--lora x.gguf --loramult 0.5");
  CHECK(line(plain.end() - 4, plain.end()) == line{"--lora", "x.gguf", "--lora", "y.gguf"});
  CHECK(line(scaled.end() - 2, scaled.end()) == line{"--lora-scaled", "x.gguf:0.5"});
}

TEST_CASE("Ollama's environment: a cache for each slot") {
  const pasted_run r = only(
      "[Service]\nEnvironment=\"OLLAMA_NUM_PARALLEL=3\"\nEnvironment=\"OLLAMA_CONTEXT_LENGTH="
      "1000\"\n"
      "Environment=\"OLLAMA_KV_CACHE_TYPE=q8_0\" \"OLLAMA_FLASH_ATTENTION=1\"\n");
  CHECK(r.args == line{"-np", "3", "-no-kvu", "-c", "3000", "-b", "512", "-ub", "512", "-fa", "on",
                       "-ctk", "q8_0", "-ctv", "q8_0"});
  const pasted_run run = only("$env:OLLAMA_NUM_PARALLEL = \"2\"\nollama run qwen3:8b --verbose");
  CHECK(run.args == line{"-m", "qwen3:8b", "-np", "2", "-no-kvu", "-b", "512", "-ub", "512"});
  CHECK(notes_have(run, "32,768"));
}

TEST_CASE("variables of Ollama's server hold for what is run beside it") {
  const pasted_run r = only(
      "OLLAMA_CONTEXT_LENGTH=32768 OLLAMA_KV_CACHE_TYPE=q8_0 ollama serve &\nollama run "
      "qwen3:14b\n");
  CHECK(r.line == 2);
  CHECK(r.args == line{"-m", "qwen3:14b", "-np", "1", "-c", "32768", "-b", "512", "-ub", "512",
                       "-ctk", "q8_0", "-ctv", "q8_0"});
  CHECK(only("ollama run qwen3:14b\nOLLAMA_CONTEXT_LENGTH=8192 ollama serve").args[5] == "8192");
}

TEST_CASE("prose behind a line's options is left out and told") {
  const pasted_run r =
      only("I run llama-server -m a.gguf -c 4096 -fa on my 3090 and it fails, why?");
  CHECK(r.args == line{"-m", "a.gguf", "-c", "4096", "-fa", "on"});
  CHECK(notes_have(r, "my 3090 and it fails, why?"));
  // a slip of one word is told where the line is read
  CHECK(only("llama-server -m a.gguf -c 4096 8192").args ==
        line{"-m", "a.gguf", "-c", "4096", "8192"});
  CHECK(only("llama-server -m a.gguf --lora-scaled b.gguf 0.5 -np 2").args ==
        line{"-m", "a.gguf", "--lora-scaled", "b.gguf", "0.5", "-np", "2"});
}

TEST_CASE("Python that loads a model by llama-cpp-python") {
  const pasted_run r = only(
      "from llama_cpp import Llama\n"
      "model_path = \"./models/a.gguf\"  # ours\n"
      "llm = Llama(\n    model_path=model_path, n_gpu_layers=-1, n_ctx=32768,\n"
      "    type_k=8, type_v=llama_cpp.GGML_TYPE_Q4_0, flash_attn=True, tensor_split=[0.5, 0.5],\n"
      "    chat_handler=Handler(clip=\"x)\"), use_mmap=False)\n"
      "llm(\"Q: Llama (the animal)\")\n");
  CHECK(r.program == "llama-cpp-python");
  CHECK(r.line == 3);
  CHECK(r.args == line{"-m",         "./models/a.gguf",
                       "-np",        "1",
                       "-c",         "32768",
                       "-b",         "512",
                       "-ub",        "512",
                       "-fa",        "on",
                       "-ctk",       "q8_0",
                       "-ctv",       "q4_0",
                       "--swa-full", "-ngl",
                       "all",        "-ts",
                       "0.5,0.5",    "--no-mmap"});
  // what its class has where nothing is told
  const pasted_run plain = only("llm = Llama('a.gguf')");
  CHECK(plain.args == line{"-m", "a.gguf", "-np", "1", "-c", "512", "-b", "512", "-ub", "512",
                           "-fa", "off", "--swa-full", "-ngl", "0"});
  CHECK(notes_have(plain, "keeps all layers on the host"));
  CHECK(
      only("Llama.from_pretrained(repo_id='o/r-GGUF', filename=\"*Q8_0.gguf\", n_ctx=0)").args[1] ==
      "hf:o/r-GGUF:Q8_0");
  CHECK(only("Llama.from_pretrained(repo_id='o/r', filename='b.gguf')").args[1] == "hf:o/r/b.gguf");
  // many calls without an end are read in time, and so are many names
  std::string hostile;
  for (int i = 0; i < 1 << 17; ++i) hostile += "Llama(a=";
  CHECK_FALSE(find_runs(hostile).has_value());
  CHECK_FALSE(find_runs("Llama(" + std::string(16000, '[')).has_value());
  CHECK_FALSE(find_runs("Llama(" + std::string(16000, '(')).has_value());
  // brackets that have no end, or are prose
  for (const char* none :
       {"Llama(model_path='a.gguf'", "the Llama (a model) is nice", "Llama((((((((((", "Llama(=0X]b", "Llama(]"}) {
    CAPTURE(none);
    CHECK_FALSE(find_runs(none).has_value());
  }
}

TEST_CASE("servers with options of their own: llama-cpp-python's, the webui's, LM Studio") {
  const pasted_run server =
      only("python3 -m llama_cpp.server --model a.gguf --n_gpu_layers 35 --n_batch=256");
  CHECK(server.args == line{"-m", "a.gguf", "-np", "1", "-c", "2048", "-b", "256", "-ub", "256",
                            "-fa", "off", "--swa-full", "-ngl", "35"});
  const pasted_run webui = only(
      "python server.py --model a.gguf --loader llama.cpp --n-gpu-layers 37 --ctx-size 16384 "
      "--cache-type fp16 --flash-attn --row-split");
  CHECK(webui.program == "text-generation-webui");
  CHECK(webui.args == line{"-m", "a.gguf", "-np", "1", "-c", "16384", "-ngl", "37", "-sm", "row",
                           "-fa", "on", "-ctk", "f16", "-ctv", "f16"});
  CHECK(notes_have(only("python server.py --model b --loader exllamav2"), "none of llama.cpp"));
  const pasted_run studio = only("lms load qwen3-30b-a3b --gpu max --context-length=32768 -y");
  CHECK(studio.program == "LM Studio");
  CHECK(studio.args == line{"-m", "qwen3-30b-a3b", "-np", "1", "-c", "32768"});
  CHECK(only("lms load a --gpu off -c 1024").args ==
        line{"-m", "a", "-np", "1", "-c", "1024", "-ngl", "0"});
  CHECK(notes_have(only("lms load a --gpu 0.5"), "a share of the layers"));
}

TEST_CASE("a .kcpps file, and the same on a command line") {
  const line wanted{"-m",   "a.gguf", "-c",    "8320", "-b",   "256",    "-ub",
                    "256",  "-np",    "1",     "-ctk", "q4_0", "-ctv",   "q4_0",
                    "-ngl", "20",     "-nkvo", "-ts",  "3,1",  "-ncmoe", "4"};
  CHECK(only(R"({"model_param": "a.gguf", "contextsize": 8192, "blasbatchsize": 256, "quantkv": 2,
                 "gpulayers": 20, "usecuda": ["normal", "lowvram", "0"], "tensor_split": [3, 1],
                 "moecpu": 4, "flashattention": false, "mmproj": "", "draftmodel": null})")
            .args == wanted);
  CHECK(
      only("python koboldcpp.py --model a.gguf --contextsize 8192 --blasbatchsize 256 --quantkv 2 "
           "--gpulayers 20 --usecuda normal lowvram 0 --tensor_split 3 1 --moecpu 4")
          .args == wanted);
  CHECK(find_runs("{\"model_param\": ").error().code == errc::bad_format);
  CHECK(find_runs("{}").error().code == errc::not_found);
}

TEST_CASE("a name that is a program's starts nothing behind an option") {
  CHECK(only("-m a.gguf --alias ollama -c 512").args ==
        line{"-m", "a.gguf", "--alias", "ollama", "-c", "512"});
  CHECK(only("s:\n  image: ghcr.io/ggml-org/llama.cpp:server\n  command: -m a.gguf -a ollama\n")
            .args == line{"-m", "a.gguf", "-a", "ollama"});
}

TEST_CASE("a small text does not become a large one") {
  // words that 20,000 models, or as many sections, would each have
  std::string words, models = "models:\n", sections = "[*]\n";
  for (int i = 0; i < 50'000; ++i) words += "x ";
  for (int i = 0; i < 5'000; ++i) sections += "c = 1\n";
  for (int i = 0; i < 20'000; ++i) {
    models += "  m" + std::to_string(i) + ": *a\n";
    sections += "[s]\nmodel = a\n";
  }
  const auto size_of = [](const std::string& text) {
    std::size_t n = 0;
    if (const auto found = find_runs(text))
      for (const pasted_run& r : *found) n += r.args.size();
    return n;
  };
  CHECK(size_of("x: &a { cmd: llama-server -m " + words + "}\n" + models) < 5'000'000);
  CHECK(size_of(sections) < 5'000'000);
}

TEST_CASE("a text that is too long is not read") {
  CHECK(find_runs(std::string(most_pasted_bytes + 1, 'x')).error().code == errc::limit);
}
