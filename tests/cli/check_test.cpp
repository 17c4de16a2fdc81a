// `check` on logs as people have them: whole, cut, mixed, and wrapped by other programs. The log itself
// is the engine's, of Qwen3-8B Q8_0 on an RTX 3090 with -c 8192 -np 1 -ctk q8_0 -ctv q8_0.
#include <doctest/doctest.h>

#include <boost/json.hpp>
#include <cstdio>
#include <fstream>
#include <string>

#include "program.hpp"

namespace {

namespace json = boost::json;

const std::string whole = read_text(VRAMBUDGET_LOGS "/odd/qwen3-8b.log");

/// Writes `text` to a file that is gone with the object.
struct log_file {
  std::string path =
      (fs::temp_directory_path() / ("vrambudget_check_" + std::to_string(::getpid()) + ".log")).string();
  explicit log_file(const std::string& text) { std::ofstream(path, std::ios::binary) << text; }
  ~log_file() { std::remove(path.c_str()); }
};

struct checked {
  int status;
  json::object out;
  [[nodiscard]] int n(const char* what) const {
    return static_cast<int>(out.at(what).to_number<int>());
  }
};
checked check(const std::string& text, const std::string& more = "") {
  const log_file f(text);
  const auto r = run("check " + f.path + " --json " + more);
  return {r.status, r.out.empty() ? json::object{} : json::parse(r.out).as_object()};
}

std::string each_line(const std::string& before, const std::string& after) {
  std::string out;
  for (std::size_t at = 0; at < whole.size();) {
    const std::size_t end = whole.find('\n', at);
    out += before + whole.substr(at, end - at) + after + "\n";
    at = end + 1;
  }
  return out;
}
std::string with(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  REQUIRE(at != text.npos);
  return text.replace(at, from.size(), to);
}

// weights 2, KV 2, cells, layers, output, compute 2, nodes, splits
constexpr int n_lines = 11;

}  // namespace

TEST_SUITE("check") {
  TEST_CASE("logs of the engine over Vulkan devices are predicted line by line") {
    // v0.5.0's own lines: a Radeon, an Arc with experts on the host, two makers' cards, and a part of the host's memory
    for (const char* name : {"qwen3-8b-7900xtx", "gpt-oss-20b-b580", "qwen3.6-27b-rtx3090-7900xtx",
                             "qwen3-8b-8060s"}) {
      CAPTURE(name);
      const checked c =
          check(read_text(std::string(VRAMBUDGET_LOGS "/vulkan/") + name + ".log"));
      CHECK(c.status == 0);
      CHECK(c.n("differs") == 0);
      CHECK(c.n("equal") >= 7);
    }
  }

  TEST_CASE("a buffer of Vulkan that another build has is not judged by this one's rules") {
    const std::string log = read_text(VRAMBUDGET_LOGS "/vulkan/qwen3-8b-7900xtx.log");
    const std::string other = with(with(log, "96.01 MiB", "97.01 MiB"), "build: 11146", "build: 9849");
    CHECK(check(other).n("differs") == 0);
    CHECK(check(with(log, "96.01 MiB", "97.01 MiB")).n("differs") == 1);
  }

  TEST_CASE("lines of an allocation that failed say which buffer it was, also without a model") {
    const std::string lines =
        "ggml_backend_cuda_buffer_type_alloc_buffer: allocating 18144.00 MiB on device 0: "
        "cudaMalloc failed: out of memory\n"
        "alloc_tensor_range: failed to allocate CUDA0 buffer of size 19025362944\n"
        "llama_model_load: error loading model: unable to allocate CUDA0 buffer\n";
    const log_file f(lines);
    const auto r = run("check " + f.path);
    CHECK(r.status == 1);
    CHECK(contains(r.out, "CUDA0 refused 18144.00 MiB while the weights were loaded"));
    const json::array refused = check(lines).out.at("refused").as_array();
    REQUIRE(refused.size() == 1);
    CHECK(refused[0].at("term") == "weights");
    CHECK(refused[0].at("device") == "CUDA0");
  }

  TEST_CASE("a log with nothing to compare is not one that agrees") {
    const log_file f("llama_context: n_ctx_per_seq = 8192\nllama_context: n_ctx = 8192\n");
    const auto r = run("check " + f.path + " Qwen3-8B-Q8_0");
    CHECK(r.status == 3);
    CHECK(contains(r.out, "nothing was compared"));
    // builds since November 2025 print n_ctx_seq
    CHECK(contains(r.out, "rules of llama.cpp 2025-10"));
  }

  TEST_CASE("the engine's own log is equal in every line, without the model's file") {
    const checked c = check(whole);
    CHECK(c.status == 0);
    CHECK(c.n("equal") == n_lines);
    CHECK(c.n("differs") == 0);
    CHECK(c.n("not_comparable") == 0);
    CHECK(c.n("not_logged") == 0);
    CHECK(c.out.at("missing").as_array().empty());
    CHECK(c.out.at("build").as_string() == "11200");
    CHECK(c.out.at("contexts").at(0).at("model").at("architecture").as_string() == "qwen3");
  }

  TEST_CASE("what a CPU repacks is compared by the variant of its library") {
    const std::string cpu = read_text(VRAMBUDGET_LOGS "/odd/qwen2.5-0.5b-cpu.log");
    const auto of = [](const checked& c, const char* device) {
      for (const json::value& context : c.out.at("contexts").as_array())
        for (const json::value& line : context.at("lines").as_array())
          if (line.at("term") == "weights" && line.at("device").as_string() == device)
            return std::string(line.at("verdict").as_string());
      return std::string();
    };
    const checked c = check(cpu);
    CHECK(c.status == 0);
    CHECK(of(c, "CPU_REPACK") == "equal");
    // of another library's buffers nothing is claimed
    const checked arm = check(with(cpu, "CPU_REPACK model", "CPU_KLEIDIAI model"));
    CHECK(arm.status == 0);
    CHECK(of(arm, "CPU_KLEIDIAI") == "not comparable");
    const checked other = check(with(cpu, "CPU_REPACK model buffer size =   191.95",
                                     "CPU_REPACK model buffer size =   190.95"));
    CHECK(of(other, "CPU_REPACK") == "differs");
  }

  TEST_CASE("what stands around the lines does not matter") {
    const std::pair<const char*, const char*> wraps[] = {
        {"\x1b[32m0.00.100.200 \x1b[0mI ", "\x1b[0m"},
        {"", "\r"},
        {"Nov 24 19:20:01 host ollama[1234]: ", ""},
        {"llm-1  | ", ""},
        {"time=2026-10-14T10:00:00.000Z level=INFO source=runner.go:1 msg=\"", "\""}};
    for (const auto& w : wraps) {
      CAPTURE(std::string(w.first));
      const checked c = check(each_line(w.first, w.second));
      CHECK(c.status == 0);
      CHECK(c.n("equal") == n_lines);
    }
    const checked kobold =
        check("***\nWelcome to KoboldCpp - Version 1.115\nSystem Info: AVX = 1 |\n" + whole +
              "Load Text Model OK: True\nStarting Kobold API on port 5001\n");
    CHECK(kobold.status == 0);
    CHECK(kobold.n("equal") == n_lines);
  }

  TEST_CASE("another program's lines in between do not matter") {
    const checked c = check(each_line("GET /health 200\nn_ctx = 1\n", ""));
    CHECK(c.status == 0);
    CHECK(c.n("equal") == n_lines);
  }

  TEST_CASE("a difference is told in MiB and ends with 1") {
    const checked c =
        check(with(whole, "CUDA0 KV buffer size =   612.00", "CUDA0 KV buffer size =   613.00"));
    CHECK(c.status == 1);
    CHECK(c.n("differs") == 1);
    const log_file f(with(whole, "104.09 MiB", "401.75 MiB"));
    const auto text = run("check " + f.path);
    CHECK(text.status == 1);
    CHECK(text.out.find("differs by -297.66") != std::string::npos);
  }

  TEST_CASE("a build that reserves all logits is recognized by the line that differs") {
    // b9000 is of May 2026: its rules, not those of the pinned release, are held against the log
    const checked c = check(with(whole, "build: 11200", "build: 9000"));
    CHECK(c.status == 1);
    CHECK(c.out.at("contexts").at(0).at("engine").as_string() == "llama.cpp 2026-04");
    bool named = false;
    for (const json::value& l : c.out.at("contexts").at(0).at("lines").as_array())
      named |= l.as_object().contains("why") && l.at("verdict").as_string() == "differs";
    CHECK(named);
  }

  // the same run by November's engine, whose graphs hold a third input: buffers and nodes as its own code has them
  TEST_CASE("a log without a build is of the engine whose lines or graphs it has") {
    const auto replaced = [](std::string text,
                             std::initializer_list<std::pair<const char*, const char*>> all) {
      for (const auto& [from, to] : all) text = with(text, from, to);
      return text;
    };
    const std::string buffers = replaced(whole, {{"104.09 MiB", "112.09 MiB"},
                                                 {"24.09 MiB", "40.10 MiB"},
                                                 {"nodes = 1698", "nodes = 1701"}});
    const std::string lines = replaced(
        buffers, {{"attn_rot_k = 1,", "n_rot_k = 128,"}, {"attn_rot_v = 1,", "n_rot_v = 64,"}});
    const auto is_of = [](const checked& c, std::string_view engine) {
      CHECK(c.status == 0);
      CHECK(c.n("equal") == n_lines);
      CHECK(c.out.at("contexts").at(0).at("engine").as_string() == engine);
    };
    is_of(check(with(lines, "build: 11200 (unknown)\n", "")), "llama.cpp 2026-11");
    is_of(check(with(lines, "build: 11200 (unknown)",
                     "version: 0.6.0-dev (build 11800, commit 0a1b2c3)")),
          "llama.cpp 2026-11");
    // a checkout without its history counts one build
    is_of(check(with(lines, "build: 11200", "build: 1")), "llama.cpp 2026-11");
    // no telling line: the nodes tell
    is_of(check(with(
              with(with(buffers, "build: 11200 (unknown)\n", ""), "attn_rot_k = 1,", "rotated,"),
              "attn_rot_v = 1,", "rotated,")),
          "llama.cpp 2026-11");
    is_of(check(with(whole, "build: 11200 (unknown)\n", "")), "llama.cpp v0.5.0");
  }

  // 36 layers x 8192 cells x 2 x 1024 values in q8_0: 641,728,512 bytes, as the engine asks for them
  TEST_CASE("a buffer that was refused is compared, and what would run is told") {
    // the cache's types stand behind its buffer, which is not there: the command says them
    const std::string command =
        "$ llama-server -m Qwen3-8B-Q8_0.gguf -c 8192 -ctk q8_0 -ctv q8_0\n";
    const std::string before =
        command + whole.substr(0, whole.find("llama_kv_cache:      CUDA0 KV"));
    const std::string rounded =
        "ggml_backend_cuda_buffer_type_alloc_buffer: allocating 612.00 MiB on device 0: cudaMalloc "
        "failed: out of memory\n";
    const std::string exact =
        "alloc_tensor_range: failed to allocate CUDA0 buffer of size 641728512\n";
    const auto refused = [](const checked& c) {
      const json::value* found = nullptr;
      for (const json::value& l : c.out.at("contexts").at(0).at("lines").as_array())
        if (l.as_object().contains("why") && l.at("why").as_string() == "refused") found = &l;
      REQUIRE(found);
      return *found;
    };
    for (const std::string& lines : {rounded + exact, rounded, exact}) {
      const checked c = check(before + lines +
                              "llama_init_from_model: failed to initialize the context: failed to "
                              "allocate buffer for kv cache\n");
      CHECK(c.status == 1);
      CHECK(refused(c).at("term").as_string() == "kv_cache");
      CHECK(refused(c).at("verdict").as_string() == "equal");
      CHECK(refused(c).at("predicted_bytes").to_number<int>() == 641728512);
      const std::string notes = json::serialize(c.out.at("contexts").at(0).at("notes"));
      CHECK(notes.find("kv_cache of 612.0 MiB was refused on CUDA0, where 7,669.8 MiB lay already; "
                       "the largest context that runs there has ") != std::string::npos);
    }
    const checked other = check(before + with(exact, "641728512", "641728513"));
    CHECK(refused(other).at("verdict").as_string() == "differs");
    // a context's compute buffer: 104.09 MiB to the byte
    const checked compute =
        check(whole.substr(0, whole.find("sched_reserve:      CUDA0")) +
              "ggml_gallocr_reserve_n_impl: failed to allocate CUDA0 buffer of size 109144192\n");
    CHECK(compute.status == 1);
    CHECK(refused(compute).at("term").as_string() == "compute_buffer");
    CHECK(refused(compute).at("verdict").as_string() == "equal");
  }

  TEST_CASE("a log that is cut gives what it has and says what is missing") {
    const checked c = check(whole.substr(0, whole.find("sched_reserve")));
    CHECK(c.status == 0);
    CHECK(c.n("equal") == n_lines - 4);
    CHECK(c.n("not_logged") == 1);
    REQUIRE(c.out.at("missing").as_array().size() == 1);
    CHECK(c.out.at("missing").at(0).as_string() == "compute buffers");
    const checked inside = check(whole.substr(0, whole.find("KV buffer size =") + 10));
    CHECK(inside.status == 0);
    CHECK(inside.out.at("missing").as_array().size() == 3);
    for (std::size_t n = 0; n < whole.size();
         n += 97) {  // wherever it is cut, it is no failure of ours
      CAPTURE(n);
      const int status = check(whole.substr(0, n)).status;
      CHECK((status == 0 || status == 3));
    }
  }

  TEST_CASE("a second context is checked too") {
    const std::string context = whole.substr(whole.find("llama_context: constructing"));
    const checked c = check(whole + context);
    CHECK(c.status == 0);
    CHECK(c.out.at("contexts").as_array().size() == 2);
    CHECK(c.n("equal") == 2 * n_lines - 2);  // the weights are shared
  }

  TEST_CASE("a model that is not the log's is not used") {
    const checked c = check(whole, "llama-3.1-8b");
    CHECK(c.status == 0);
    CHECK(c.n("equal") == n_lines);
    CHECK_FALSE(c.out.at("contexts").at(0).at("notes").as_array().empty());
  }

  TEST_CASE("what is no log is bad input") {
    const log_file f("hello\n");
    const auto r = run("check " + f.path);
    CHECK(r.status == 3);
    CHECK(r.err.find("none of its 1 lines") != std::string::npos);
    CHECK(run("check /nonexistent.log").status == 3);
    CHECK(run("check").status == 2);
  }
}
