#include "vrambudget/log/log_parser.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>

using namespace vrambudget;

namespace {

// Lines of an engine of late 2026, numbers as it printed them for Qwen3.6-27B with NextN layers on two cards.
const std::string new_log = R"(ggml_cuda_init: found 2 CUDA devices (Total VRAM: 48248 MiB):
  Device 0: NVIDIA GeForce RTX 3090, compute capability 8.6, VMM: yes, VRAM: 24124 MiB
  Device 1: NVIDIA GeForce RTX 3090, compute capability 8.6, VMM: no, VRAM: 24124 MiB
build_info: b11200-0a1b2c3d
llama_model_loader: loaded meta data with 24 key-value pairs and 866 tensors from /m/a b.gguf (version GGUF V3 (latest))
llama_model_loader: - kv   0:                       general.architecture str              = qwen35
llama_model_loader: - kv   1:                         qwen35.block_count u32              = 65
llama_model_loader: - type  f32:  360 tensors
llama_model_loader: - type q4_K:  276 tensors
print_info: file type   = Q4_K - Medium
llama_prepare_model_devices: using device CUDA0 (NVIDIA GeForce RTX 3090) (00000000:01:00.0) - 23800 MiB free
print_info: arch                  = qwen35
print_info: n_layer               = 64
print_info: n_layer_all           = 65
print_info: n_head_kv             = [4, 0, 4]
print_info: general.name          = Some name
load_tensors: layer   3 assigned to device CUDA1, is_swa = 0
load_tensors: offloaded 66/66 layers to GPU
load_tensors:   CPU_Mapped model buffer size =  1288.28 MiB
load_tensors:        CUDA0 model buffer size =  7621.59 MiB
llama_context: constructing llama_context
llama_context: n_seq_max             = 4
llama_context: n_ctx                 = 8192
llama_context: n_ctx_seq             = 8192
llama_context: n_batch               = 2048
llama_context: n_ubatch              = 512
llama_context: flash_attn            = auto
llama_context: kv_unified            = true
llama_context: n_rs_seq              = 3
llama_context: n_outputs_max         = 16
llama_context:  CUDA_Host  output buffer size =     3.79 MiB
llama_kv_cache:      CUDA0 KV buffer size =   256.00 MiB
llama_kv_cache: size =  512.00 MiB (  8192 cells,  16 layers,  4/1 seqs), K (q8_0):  256.00 MiB, V (f16):  256.00 MiB
llama_memory_recurrent:      CUDA0 RS buffer size =  1246.88 MiB
llama_memory_recurrent: size = 2394.00 MiB (     4 cells,  64 layers,  4 seqs  3 rs_seq), R (f32):   90.00 MiB, S (f32): 2304.00 MiB, P (f32):    0.00 MiB
sched_reserve:      CUDA0 compute buffer size =   314.02 MiB
sched_reserve: graph (pp bs=512, tg bs=4): nodes = 3943 / 3941, splits = 3, input objects = 9, input tensors = 12
sched_reserve: reserve took 12.00 ms, sched copies = 4
common_memory_breakdown_print: | memory breakdown [MiB]   | total    free     self   model   context   compute    unaccounted |
common_memory_breakdown_print: |   - CUDA0 (RTX 3090)     | 24124 = 5000 + (18000 = 15000 +    2000 +    1000) +        1124 |
common_memory_breakdown_print: |   - Host                 |                  1700 =  1288 +       0 +     412                |
)";

std::string with_each_line(const std::string& text, const std::string& before,
                           const std::string& after) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    out += before + text.substr(at, end - at) + after + "\n";
    at = end + 1;
  }
  return out;
}

void check_new_log(const parsed_log& log) {
  CHECK(log.build == "11200");
  CHECK(log.commit == "0a1b2c3d");
  REQUIRE(log.devices.size() == 2);
  CHECK(log.devices[0].name == "NVIDIA GeForce RTX 3090");
  CHECK(log.devices[0].cc == 860);
  CHECK(log.devices[0].maps_pool);
  CHECK_FALSE(log.devices[1].maps_pool);
  CHECK(log.devices[0].total->count == (24124_MiB).count);
  CHECK(log.devices[0].free->count == (23800_MiB).count);
  CHECK_FALSE(log.devices[1].free.has_value());
  REQUIRE(log.models.size() == 1);
  const log_model& m = log.models[0];
  CHECK(m.path == "/m/a b.gguf");
  CHECK(m.architecture == "qwen35");
  CHECK(m.name == "Some name");
  CHECK(m.n_tensors == 866);
  CHECK(m.number("n_layer") == 64);
  CHECK(m.number("n_head_kv") == 4);
  CHECK_FALSE(m.number("n_ff").has_value());
  REQUIRE(m.metadata.size() == 2);
  CHECK(m.metadata[1].first == "qwen35.block_count");
  CHECK(m.metadata[1].second.second == "65");
  REQUIRE(m.type_counts.size() == 2);
  CHECK(m.type_counts[1].second == 276);
  CHECK(m.offloaded == 66);
  CHECK(m.layer_devices.at(3) == "CUDA1");
  REQUIRE(m.buffers.size() == 2);
  CHECK(m.buffers[1].device == "CUDA0");
  CHECK(m.buffers[1].size.line == 20);
  REQUIRE(log.contexts.size() == 1);
  const log_context& c = log.contexts[0];
  CHECK(c.n_ctx == 8192);
  CHECK(c.n_seq_max == 4);
  CHECK(c.kv_unified == true);
  CHECK(c.flash_attn == "auto");
  CHECK(c.n_rs_seq == 3);
  REQUIRE(c.buffers.size() == 4);
  CHECK(c.buffers[0].term == log_term::output);
  CHECK(c.buffers[1].term == log_term::kv_cache);
  CHECK(c.buffers[3].term == log_term::compute);
  CHECK(c.buffers[3].size.mib == doctest::Approx(314.02));
  CHECK(c.buffers[3].size.decimals == 2);
  REQUIRE(c.caches.size() == 2);
  CHECK(c.caches[0].n_cell == 8192);
  CHECK(c.caches[0].n_layer == 16);
  CHECK(c.caches[0].n_seq == 4);
  CHECK(c.caches[0].n_stream == 1);
  CHECK(c.caches[0].type_k == ggml_type::q8_0);
  CHECK(c.caches[0].type_v == ggml_type::f16);
  CHECK(c.caches[1].recurrent);
  CHECK(c.caches[1].n_rs_seq == 3);
  REQUIRE(c.graph_nodes.has_value());
  CHECK(c.graph_nodes->value == log_pair{3943, 3941});
  CHECK(c.graph_splits->value == log_pair{3, 3});
  CHECK(c.sched_copies == 4);
  REQUIRE(log.table.size() == 2);
  CHECK(log.table[0].context == 2000);
  CHECK(log.table[0].unaccounted == 1124);
  CHECK(log.table[1].device == "Host");
  CHECK(log.table[1].compute == 412);
}

}  // namespace

TEST_SUITE("log_parser") {
  TEST_CASE("a log of today is read whole") { check_new_log(parse_log(new_log)); }

  TEST_CASE("colours, times, units and containers in front of a line do not matter") {
    const std::pair<const char*, const char*> wraps[] = {
        {"\x1b[32m0.00.123.456 \x1b[0mI ", "\x1b[0m"},
        {"", "\r"},
        {"Nov 24 19:20:01 host ollama[1234]: ", ""},
        {"llm-1  | 2026-09-14T10:00:00Z ", ""},
        {"time=2026-09-14T10:00:00.000Z level=INFO source=runner.go:1 msg=\"", "\""},
        {R"({"type":"log","time":1,"level":"info","msg":")", R"(\n"})"}};
    for (const auto& w : wraps) {
      CAPTURE(std::string(w.first));
      check_new_log(parse_log(with_each_line(new_log, w.first, w.second)));
    }
    CHECK(parse_log(with_each_line(new_log, "llm-1  | 2026-09-14T10:00:00Z ", "")).date ==
          "2026-09-14");
  }

  TEST_CASE("chunks of any size give the same") {
    for (const std::size_t step : {1u, 7u, 1000u}) {
      log_parser p;
      for (std::size_t at = 0; at < new_log.size(); at += step)
        p.feed(std::string_view(new_log).substr(at, step));
      check_new_log(p.finish());
    }
  }

  TEST_CASE("the names of 2024 mean the same") {
    const parsed_log log = parse_log(R"(main: build = 3679 (abcdef01)
llm_load_print_meta: format           = GGUF V3 (latest)
llm_load_print_meta: arch             = llama
llm_load_print_meta: n_layer          = 32
llm_load_tensors: ggml ctx size =    0.22 MiB
llm_load_tensors: offloaded 33/33 layers to GPU
llm_load_tensors:        CPU buffer size =    70.31 MiB
llm_load_tensors:      CUDA0 buffer size =  3577.56 MiB
llama_new_context_with_model: n_ctx      = 512
llama_new_context_with_model: n_batch    = 512
llama_new_context_with_model: flash_attn = 0
llama_kv_cache_init:      CUDA0 KV buffer size =   256.00 MiB
llama_new_context_with_model: KV self size  =  256.00 MiB, K (f16):  128.00 MiB, V (f16):  128.00 MiB
llama_new_context_with_model:  CUDA_Host  output buffer size =     0.12 MiB
llama_new_context_with_model:      CUDA0 compute buffer size =    70.50 MiB
llama_new_context_with_model: graph nodes  = 1030
llama_new_context_with_model: graph splits = 200 (with bs=512), 3 (with bs=1)
)");
    CHECK(log.build == "3679");
    REQUIRE(log.models.size() == 1);
    CHECK(log.models[0].number("n_layer") == 32);
    REQUIRE(log.models[0].buffers.size() == 2);
    CHECK(log.models[0].buffers[0].device == "CPU");
    CHECK(log.models[0].buffers[1].size.mib == doctest::Approx(3577.56));
    REQUIRE(log.contexts.size() == 1);
    CHECK(log.contexts[0].n_ctx == 512);
    CHECK(log.contexts[0].flash_attn == "0");
    REQUIRE(log.contexts[0].caches.size() == 1);
    CHECK(log.contexts[0].caches[0].type_k == ggml_type::f16);
    CHECK(log.contexts[0].buffers.size() == 3);
    CHECK(log.contexts[0].graph_splits->value == log_pair{200, 3});
  }

  TEST_CASE("window and full caches are told apart") {
    const parsed_log log = parse_log(R"(llama_context: n_ctx         = 16384
llama_kv_cache_unified_iswa: creating non-SWA KV cache, size = 16384 cells
llama_kv_cache_unified:      CUDA0 KV buffer size =   136.00 MiB
llama_kv_cache_unified: size =  136.00 MiB ( 16384 cells,   8 layers,  1 seqs), K (q8_0):   68.00 MiB, V (q8_0):   68.00 MiB
llama_kv_cache_unified_iswa: creating     SWA KV cache, size = 1536 cells
llama_kv_cache_unified:      CUDA0 KV buffer size =   255.00 MiB
llama_kv_cache_unified: size =  255.00 MiB (  1536 cells,  40 layers,  1 seqs), K (q8_0):  127.50 MiB, V (q8_0):  127.50 MiB
)");
    REQUIRE(log.contexts.size() == 1);
    REQUIRE(log.contexts[0].caches.size() == 2);
    CHECK(log.contexts[0].caches[0].cache == "base");
    CHECK(log.contexts[0].caches[1].cache == "swa");
    CHECK(log.contexts[0].caches[1].n_cell == 1536);
    CHECK(log.contexts[0].buffers[1].cache == "swa");
  }

  TEST_CASE("a second model and its context are a second model and context") {
    const std::string context =
        "llama_context: n_ctx = 4096\nllama_context: CUDA0 compute buffer size = 10.00 MiB\n";
    const parsed_log log = parse_log("print_info: arch = qwen3\n" + context +
                                     "print_info: arch = llama\n" + context + context);
    REQUIRE(log.models.size() == 2);
    CHECK(log.models[1].architecture == "llama");
    REQUIRE(log.contexts.size() == 3);
    CHECK(log.contexts[0].model == 0);
    CHECK(log.contexts[2].model == 1);
    CHECK(log.contexts[2].buffers.size() == 1);
  }

  TEST_CASE("lines run together are taken apart, lines cut short give what they have") {
    const parsed_log log = parse_log(
        "....load_tensors: CUDA0 model buffer size = 100.25 MiBllama_context: n_ctx = "
        "4096llama_context: "
        "n_ubatch = 256\nllama_kv_cache: CUDA0 KV buffer si\nllama_kv_cache: CUDA1 KV buffer size "
        "= 12");
    REQUIRE(log.models.size() == 1);
    CHECK(log.models[0].buffers[0].size.mib == doctest::Approx(100.25));
    REQUIRE(log.contexts.size() == 1);
    CHECK(log.contexts[0].n_ctx == 4096);
    CHECK(log.contexts[0].n_ubatch == 256);
    CHECK(log.contexts[0].buffers.empty());  // a size without its unit may have lost digits
    CHECK(log.ended_inside_line);
    CHECK(log.n_lines == 3);
  }

  TEST_CASE("the command line is found, as a shell and as Ollama print it") {
    const parsed_log shell = parse_log("$ ./llama-server -m a.gguf -c 8192 -ot \"exps=CPU\"\n");
    CHECK(shell.args == std::vector<std::string>{"-m", "a.gguf", "-c", "8192", "-ot", "exps=CPU"});
    const parsed_log ollama = parse_log(
        "time=2025-03-05T06:58:54.116Z level=INFO source=server.go:380 msg=\"starting llama "
        "server\" "
        "cmd=\"/usr/bin/ollama runner --model /b/sha256-8c --ctx-size 8192 --n-gpu-layers 25\"\n");
    CHECK(ollama.program == "ollama");
    CHECK(ollama.args == std::vector<std::string>{"--model", "/b/sha256-8c", "--ctx-size", "8192",
                                                  "--n-gpu-layers", "25"});
  }

  TEST_CASE("what stands in front of a line may look like a part of it") {
    const parsed_log table = parse_log(
        "llm-1  | | memory breakdown [MiB] | total   free    self   model   context |\n"
        "llm-1  | |   - CUDA0 (GPU) | 16269 = 0 + (14930 = 13317 + 105 + 1508) + 0 |\n"
        "llm-1  | |   - Host | 19977 = 19939 + 0 + 38 |\n");
    REQUIRE(table.table.size() == 2);
    CHECK(table.table[0].device == "CUDA0");
    CHECK(table.table[0].compute == 1508);
    CHECK(table.table[1].model == 19939);
    CHECK(parse_log("Nov 29 10:00:01 host llama-server[991]: llama-server -c 8192\n").args ==
          std::vector<std::string>{"-c", "8192"});
  }

  TEST_CASE("overridden tensors are noted") {
    const parsed_log log =
        parse_log("tensor blk.3.ffn_up_exps.weight (396 MiB q4_K) buffer type overridden to CPU\n");
    REQUIRE(log.models.size() == 1);
    REQUIRE(log.models[0].moved.size() == 1);
    CHECK(log.models[0].moved[0].first == "blk.3.ffn_up_exps.weight");
    CHECK(log.models[0].moved[0].second == "CPU");
  }

  TEST_CASE("text that is no log has no known lines") {
    CHECK(parse_log("").n_known == 0);
    CHECK(parse_log("hello = world\nbuffer size\nsize = \n| - | |\n").n_known == 0);
    CHECK(parse_log(std::string(1 << 20, '\0')).n_known == 0);
  }

  TEST_CASE("a printed size stands for the bytes that print so") {
    const log_size two{0.82, 2, false, 1, 1};  // 0.815 .. 0.825 MiB
    CHECK(two.prints(bytes{859832}));          // 0.8200
    CHECK(two.prints(bytes{854590}));          // 0.81500
    CHECK_FALSE(two.prints(bytes{854000}));    // 0.81444
    const log_size table{15, 0, true, 1, 1};
    CHECK(table.prints(15_MiB));
    CHECK(table.prints(bytes{(16_MiB).count - 1}));
    CHECK_FALSE(table.prints(16_MiB));
    CHECK_FALSE(table.prints(bytes{(15_MiB).count - 1}));
  }

  TEST_CASE("huge and endless lines cost neither memory nor time beyond their length") {
    const auto seconds_for = [](const std::string& unit, std::size_t n) {
      log_parser p;
      std::string chunk;
      while (chunk.size() < (1 << 16)) chunk += unit;
      const auto start = std::chrono::steady_clock::now();
      for (std::size_t i = 0; i < n; ++i) p.feed(chunk);
      const parsed_log log = p.finish();
      CHECK(log.models.size() <= 64);
      CHECK(log.contexts.size() <= 64);
      return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    };
    for (const std::string& unit :
         {std::string("a"), std::string("a:"), std::string("llama_context:"),
          std::string("n_ctx = 1\n"), std::string("llama_context: n_ctx = 1\n"),
          std::string("print_info: arch = x\n"), std::string("\x1b["), std::string("_:,"),
          std::string("load_tensors: CPU model buffer size = 1.00 MiB\n")}) {
      CAPTURE(unit);
      CHECK(seconds_for(unit, 16) < 20);  // 1 MiB without optimization on a busy machine
    }
  }
}
