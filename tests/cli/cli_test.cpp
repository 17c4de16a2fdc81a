// Runs the program and reads what it prints, where, and how it exits.
#include <doctest/doctest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <set>
#include <string>

#include "io/temporary_folder.hpp"
#include "program.hpp"
#include "vrambudget/engine/llama_cpp.hpp"
#include "vrambudget/gguf/writer.hpp"

namespace {

namespace json = boost::json;

using vrambudget::engine_name;
using vrambudget::engine_release;

const std::string qwen = "Qwen3.6-27B-UD-Q4_K_XL --gpu 3090 --ctx 262144 -np 1";

std::uint64_t term(const json::value& list, std::string_view name) {
  for (const json::value& t : list.at("terms").as_array())
    if (t.at("term").as_string() == name) return t.at("bytes").to_number<std::uint64_t>();
  return 0;
}

/// A file in the temporary folder that goes away again.
struct temporary_file {
  fs::path path;
  explicit temporary_file(const std::string& name, const std::string& content)
      : path(fs::temp_directory_path() / name) {
    std::ofstream(path, std::ios::binary) << content;
  }
  ~temporary_file() { fs::remove(path); }
};

/// Of an architecture that nobody knows.
vrambudget::gguf::writer novel_model() {
  vrambudget::gguf::writer w;
  w.add("general.architecture", "novel");
  w.add("novel.block_count", std::uint32_t{2});
  w.add("novel.context_length", std::uint32_t{4096});
  w.add("novel.embedding_length", std::uint32_t{256});
  w.add("novel.attention.head_count", std::uint32_t{4});
  return w;
}

}  // namespace

TEST_SUITE("cli") {
  TEST_CASE("a run on a known GPU says how fast it decodes, empty and full, as text and as JSON") {
    const std::string shorter =
        "Qwen3.6-27B-UD-Q4_K_XL --gpu 3090 -c 98304 -np 1 -ctk q4_0 -ctv q4_0";
    const outcome text = run(shorter + " --explain");
    CHECK(text.out.find("decodes at most 57 tokens/s with an empty cache; expect 26 to 43\n") !=
          std::string::npos);
    CHECK(text.out.find(" tokens/s at 98,304 tokens; expect 23 to 39 (fitted, 33 rows)\n") !=
          std::string::npos);
    CHECK(text.out.find("reads prompts of 2,048 tokens at 620 to 1,300 tokens/s\n") !=
          std::string::npos);
    CHECK(text.out.find(" of 98,304 tokens at 450 to 930 tokens/s (fitted, 32 rows)\n") !=
          std::string::npos);
    // 98,304 tokens of 16 layers with K and V of 1024 values, 18 bytes for 32
    CHECK(text.out.find("+ cache 1,811,939,328 +") != std::string::npos);
    const json::value v = json::parse(run(shorter + " --json").out);
    const json::array& depths = v.at("speed").at("decode").as_array();
    REQUIRE(depths.size() == 2);
    CHECK(depths[0].at("n_depth").to_number<int>() == 0);
    const json::value& full = depths[1];
    CHECK(full.at("n_depth").to_number<int>() == 98304);
    CHECK(full.at("basis").as_string() == "bound");
    CHECK(full.at("expected").at("basis").as_string() == "fitted");
    CHECK(full.at("expected").at("high_tokens_per_s").to_number<double>() <
          full.at("tokens_per_s_at_most").to_number<double>());
    CHECK(full.at("devices").at(0).at("cache_bytes").to_number<std::uint64_t>() == 1811939328);
    const json::array& prompts = v.at("speed").at("prompt").as_array();
    REQUIRE(prompts.size() == 2);
    CHECK(prompts[0].at("n_tokens").to_number<int>() == 2048);
    CHECK(prompts[1].at("n_tokens").to_number<int>() == 98304);
    CHECK(prompts[1].at("expected").at("median_tokens_per_s").to_number<double>() <
          prompts[0].at("expected").at("median_tokens_per_s").to_number<double>());
    CHECK_FALSE(prompts[1].as_object().contains("copied_bytes"));
  }

  TEST_CASE("a run whose speed is not known says none") {
    for (const char* of : {"--gpu name=X,total=24576MiB,cc=8.6,sm=82 -c 4096", "--gpu none -c 4096",
                           "--gpu 2x3090 -sm tensor -c 4096"}) {
      CAPTURE(of);
      CHECK(run(std::string("Qwen3-8B-Q8_0 ") + of).out.find("tokens/s") == std::string::npos);
    }
    // what does not fit has none, what would fit has
    const json::value small = json::parse(run("Qwen3-8B-Q8_0 --gpu 1060 -c 4096 --json").out);
    CHECK_FALSE(small.as_object().contains("speed"));
    CHECK(small.at("suggestions").at(0).as_object().contains("decode"));
  }

  TEST_CASE("a run that fits exits with 0 and gives the engine's own bytes as JSON") {
    const outcome o = run(qwen + " -ctk q4_0 -ctv q4_0 --json");
    CHECK(o.status == 0);
    CHECK(o.err.empty());
    CHECK(o.out.starts_with("{\"schema\":1,"));
    const json::value v = json::parse(o.out);
    const json::value& gpu = v.at("devices").at(0);
    // measured: llama.cpp v0.5.0 with these flags
    CHECK(term(gpu, "weights") == 16129986560);
    CHECK(term(gpu, "kv_cache") == 4831838208);
    CHECK(term(gpu, "recurrent_state") == 156893184);
    CHECK(term(gpu, "compute_buffer") == 1426358528);
    CHECK(v.at("fits").as_bool());
    CHECK(v.at("model").at("tensor_count").to_number<int>() == 851);
    CHECK(v.at("run").at("n_gpu_layers").to_number<int>() == 65);
    for (const char* key :
         {"n_ctx", "n_ctx_seq", "n_batch", "n_ubatch", "n_seq_max", "kv_unified", "flash_attn",
          "type_k", "type_v", "split_mode", "swa_full", "offload_kqv", "op_offload"}) {
      CAPTURE(key);
      CHECK(v.at("run").as_object().contains(key));
    }
    const auto number = [&](const char* key) { return gpu.at(key).to_number<std::uint64_t>(); };
    CHECK(number("used_bytes") + number("free_bytes") == number("usable_bytes"));
  }

  TEST_CASE("four slots by default keep four recurrent states") {
    const outcome o =
        run("Qwen3.6-27B-UD-Q4_K_XL --gpu 3090 --ctx 262144 -ctk q4_0 -ctv q4_0 --json");
    CHECK(term(json::parse(o.out).at("devices").at(0), "recurrent_state") == 4 * 156893184);
  }

  TEST_CASE("a run that does not fit exits with 1 and says by how much and what would") {
    const outcome o = run(qwen);
    CHECK(o.status == 1);
    CHECK(contains(o.out, "does not fit"));
    CHECK(contains(o.out, "missing"));
    CHECK(contains(o.out, "-ctk q4_0 -ctv q4_0"));
    const outcome j = run(qwen + " --json");
    CHECK(j.status == 1);
    CHECK(json::parse(j.out).at("missing_bytes").to_number<std::uint64_t>() > 0);
    CHECK(json::parse(j.out).at("suggestions").as_array().size() > 1);
  }

  TEST_CASE("what would fit may be several changes, another split or a smaller file") {
    const outcome together =
        run("Gemma-4-26B-A4B-Q4_K_M --gpu 4070 -c 100000 -np 2 --swa-full --os linux --json");
    CHECK(together.status == 1);
    const json::array all = json::parse(together.out).at("suggestions").as_array();
    REQUIRE(all.size() >= 3);
    CHECK(all[0].at("flags").as_string().starts_with("without --swa-full -ncmoe "));
    for (const json::value& way : all) {  // each is a whole run
      const std::string flags(way.at("flags").as_string());
      const std::string without = "without --swa-full";
      REQUIRE(flags.starts_with(without));
      CHECK(run("Gemma-4-26B-A4B-Q4_K_M --gpu 4070 -c 100000 -np 2 --os linux" +
                flags.substr(without.size()))
                .status == 0);
      const json::value& speed = way.at("decode").at("expected");
      CHECK(speed.at("low_tokens_per_s").to_number<double>() <=
            speed.at("high_tokens_per_s").to_number<double>());
    }
    // without experts on the host and with, each of them runs
    const std::string n = std::string(all[0].at("flags").as_string()).substr(26);
    CHECK(run("Gemma-4-26B-A4B-Q4_K_M --gpu 4070 -c 100000 -np 2 --os linux -ncmoe " + n).status == 0);
    const int fewer = std::stoi(n) - 1;
    CHECK(run("Gemma-4-26B-A4B-Q4_K_M --gpu 4070 -c 100000 -np 2 --os linux -ncmoe " + std::to_string(fewer))
              .status == 1);

    // of two unlike cards no number of layers is right as they are shared, but for another share of fewer
    const std::string two = "Command-R-35B-Q4_K_M --gpu 1080ti,5060ti-16gb -c 65536 -np 1 --ram 64GiB";
    const json::value unlike = json::parse(run(two + " --json").out);
    REQUIRE(unlike.at("suggestions").as_array().size() >= 2);
    const std::string other(unlike.at("suggestions").as_array().back().at("flags").as_string());
    CHECK(other.find("-c ") == std::string::npos);
    CHECK(run(two + " " + other).status == 0);

    const json::value smaller =
        json::parse(run("Llama-3.3-70B-Q4_K_M --gpu 3090 -c 8192 --json").out);
    const std::string name(smaller.at("smaller_file").at("model").as_string());
    CHECK(run(name + " --gpu 3090 -c 8192").status == 0);
  }

  TEST_CASE("files are compared side by side") {
    const outcome o =
        run("compare Qwen3.6-27B-UD-Q5_K_XL Qwen3.6-27B-UD-Q4_K_XL --gpu 3090 -np 1 --json");
    CHECK(o.status == 0);
    const json::array files = json::parse(o.out).at("files").as_array();
    REQUIRE(files.size() == 2);
    CHECK(files[0].at("kld").at("mean").to_number<double>() == 0.01056);
    CHECK(files[1].at("largest").at("q4_0").at("n_ctx").to_number<int>() == 262144);
    CHECK(run("compare Qwen3-8B-Q8_0 --gpu 3090").status == 2);
    const std::string how = " --gpu 3090 -c 8192 --json";
    json::array planned =
        json::parse(run("Qwen3-8B-Q8_0" + how).out).at("speed").at("decode").as_array();
    for (json::value& depth : planned)
      for (const char* read : {"devices", "host"}) depth.as_object().erase(read);
    CHECK(json::parse(run("compare Qwen3-8B-Q8_0 Qwen3-8B-Q4_K_M" + how).out)
              .at("files")
              .at(0)
              .at("speed") == json::value(planned));
    CHECK(
        run("compare Qwen3-8B-Q8_0 Qwen3-8B-Q4_K_M --gpu 3090 -c 40960 -ngl 0 --ram 1GiB").status ==
        1);
  }

  TEST_CASE("what a longer context is traded for is a table, of which each run can be planned") {
    const std::string model = "Qwen3.6-27B-UD-Q4_K_XL --gpu 3090 ";
    const outcome o = run("trade " + model + "-c 262144 --json");
    CHECK(o.status == 0);
    const json::array runs = json::parse(o.out).at("runs").as_array();
    CHECK(runs.size() == 48);
    for (const json::value& r : runs) {
      if (r.at("n_ubatch") != 512 || r.at("n_parallel") != 1) continue;
      const auto type = std::string(r.at("cache_type").as_string());
      CAPTURE(type);
      const outcome one = run(model + "-np 1 -ctk " + type + " -ctv " + type + " --json");
      CHECK(json::parse(one.out).at("max_context").at("n_ctx") == r.at("n_ctx"));
      CHECK(r.at("holds").as_bool() == (type == "q4_0"));
    }
    CHECK(run("trade " + model + "-c 2621440").status == 1);
    CHECK(contains(run("trade " + model + "--svg").out, "</svg>"));
    CHECK(contains(run("help trade").out, "trade [OPTIONS]"));
    CHECK(run("help trades").status == 2);
    const outcome none = run("trade --gpu 3090");
    CHECK(none.status == 2);
    CHECK(contains(none.err, "name a model"));
  }

#ifndef _WIN32
  TEST_CASE("what cannot be written is an error") {
    for (const char* args : {"Qwen3-8B-Q8_0 --gpu 3090 -c 4096", "models",
                             "Qwen3-8B-Q8_0 --gpu 3090 -c 4096 --json"}) {
      CAPTURE(args);
      const outcome o = run(std::string(args) + " > /dev/full");
      CHECK(o.status == 74);
      CHECK(contains(o.err, "No space left on device"));
      CHECK_FALSE(contains(o.err, "bug"));
    }
  }
#endif

  TEST_CASE("errors are JSON as well where that is asked for") {
    const outcome o = run("nosuch --gpu 3090 --json");
    CHECK(o.status == 3);
    const json::value v = json::parse(o.out).at("error");
    CHECK(v.at("status").to_number<int>() == 3);
    CHECK(contains(std::string(v.at("message").as_string()), "no file 'nosuch'"));
    CHECK(json::parse(run("Qwen3-8B --gpu 3090 --nosuch --json").out).at("error").at("status") ==
          2);
    CHECK(run("nosuch --gpu 3090").out.empty());
  }

  TEST_CASE("mistyped commands and surplus models are told what is meant") {
    CHECK(contains(run("palan Qwen3-8B --gpu 3090").err, "'palan' is no command; nearest: plan"));
    CHECK(contains(run("comapre A B").err, "nearest: compare"));
    CHECK(contains(run("gpu 3090").err, "nearest: gpus"));
    CHECK(contains(run("Qwen3-8B Qwen3-4B --gpu 3090").err, "vrambudget compare, or together"));
    CHECK_FALSE(contains(run("inspect A B").err, "compare"));
    CHECK(contains(run("Qwen3-8B --ctxx 5 --gpu 3090 --jsonn").err,
                   "--ctxx is no option, nearest: --ctx; --jsonn is no option, nearest: --json\n"));
    CHECK(run("--gpu 3090 --family nosuch -c 8192").status == 2);
    const outcome preferred = run("--gpu 3090 -c 8192 --prefer fast");
    CHECK(preferred.status == 2);
    CHECK(preferred.err == "vrambudget: --prefer: 'fast' is none of quality, speed, context, balance\n");
    CHECK(run("--gpu 3090 -c 8192 --family gpt-oss-120b").status == 1);
    CHECK(run("--gpu 3090 -c 8192 --family gpt-oss-120b --ram 64GiB").status == 0);
    CHECK(contains(run("Qwen3-8B --gpu 3090 -ngl foo").err, "'foo' is not a number of layers"));
  }

  TEST_CASE("what was pasted is planned, run by run") {
    const fs::path file = fs::temp_directory_path() / ("pasted-" + std::to_string(::getpid()));
    std::ofstream(file)
        << "models:\n  one:\n    cmd: llama-server -m /m/Qwen3-8B-Q4_K_M.gguf -c 4096\n"
           "  two:\n    cmd: llama-server -m /m/nosuch.gguf\n";
    const outcome o = run("paste " + file.string() + " --gpu 3090 -np 1");
    CHECK(o.status == 3);  // of the second
    CHECK(contains(o.out, "one: llama-server in line 3, read as\n  llama-server -m /m/Qwen3-8B"));
    CHECK(contains(o.out, "fits: 4,096 tokens"));
    CHECK(contains(o.err, "Qwen3-8B-Q4_K_M of the catalogue stands for it"));
    CHECK(contains(o.err, "/m/nosuch.gguf: cannot open"));
    const json::value v = json::parse(run("paste " + file.string() + " --gpu 3090 --json").out);
    const json::array& runs = v.at("runs").as_array();
    REQUIRE(runs.size() == 2);
    CHECK(runs[0].at("pasted").at("name") == "one");
    CHECK(runs[0].at("plan").at("run").at("n_ctx") == 4096);
    CHECK(runs[1].at("plan").at("error").at("status") == 3);
    CHECK(run("paste " + file.string() + " --gpu 3090 --emit llama-server").status == 2);
    std::ofstream(file) << "llama-server -m Qwen3-8B-Q4_K_M -c 4096 --alias ollama\n";
    CHECK(contains(run("paste " + file.string() + " --gpu 3090").out, "fits: 4,096 tokens"));
    std::ofstream(file) << "llama-server -m Qwen3-8B-Q4_K_M -c 4096 --mmproj /m/mmproj-mine.gguf\n";
    const outcome without = run("paste " + file.string() + " --gpu 3090");
    CHECK(without.status == 0);
    CHECK(contains(without.out,
                   "note: --mmproj /m/mmproj-mine.gguf: no such file here, and no "
                   "known projector: it is not counted\n"));
    std::ofstream(file) << "nothing";
    CHECK(run("paste " + file.string() + " --gpu 3090").status == 3);
    CHECK(run("paste /nosuch --gpu 3090").status == 3);
    fs::remove(file);
  }

  TEST_CASE("cards are found by words of their names") {
    const outcome o = run("gpus 50 laptop");
    CHECK(o.status == 0);
    CHECK(contains(o.out, "rtx-5090-laptop"));
    CHECK_FALSE(contains(o.out, "1650"));
    CHECK_FALSE(contains(o.out, "rtx-5090 "));
    CHECK(json::parse(run("gpus laptop --json").out).as_array().size() > 5);
    CHECK(contains(run("gpus").out, "no CUDA devices: 106 of AMD, 23 of Apple, 38 of Intel"));
    const outcome amd = run("gpus amd");
    CHECK(amd.status == 0);
    CHECK(amd.out.starts_with("no CUDA device "));
    CHECK(contains(
        amd.out,
        "radeon-rx-7900-xtx                           24 GiB  gfx1100     Radeon RX 7900 XTX"));
    const json::value one = json::parse(run("gpus 7900xtx --json").out).at(0);
    CHECK(one.at("vendor") == "AMD");
    CHECK(one.at("planned") == true);
    CHECK(one.at("memory_choices_bytes").at(0) == 25769803776);  // 24 x 2^30
    const outcome none = run("gpus nosuch");
    CHECK(none.status == 2);
    CHECK(none.out.empty());
  }

  TEST_CASE("a calibration that cannot be read is a note, a wrong one an error") {
    const fs::path folder = fs::temp_directory_path() / ("config-" + std::to_string(::getpid()));
    const fs::path file = folder / "vrambudget" / "calibration.json";
    fs::create_directories(file);  // where a file belongs
    const std::string plan = "Qwen3-8B-Q8_0 --gpu 3090 -c 4096";
    const std::string config = "XDG_CONFIG_HOME=" + folder.string();
    const outcome o = run(plan, "none", config);
    CHECK(o.status == 0);
    CHECK(contains(o.out, "planned without a calibration"));
    fs::remove(file);
    std::ofstream(file) << "{";
    CHECK(run(plan, "none", config).status == 3);
    fs::remove_all(folder);
  }

  TEST_CASE("without a context the largest one is planned") {
    const outcome o = run("Qwen3.6-27B-UD-Q4_K_XL --gpu 3090 --os linux -np 1 -ctk q4_0 -ctv q4_0 --json");
    CHECK(o.status == 0);
    const json::value most = json::parse(o.out).at("max_context");
    CHECK(most.at("n_ctx").to_number<int>() == 262144);
    CHECK(most.at("bound_by").as_string() == "n_ctx_train");
    // the table of the text, where docs/how-llama-cpp-uses-memory.md has these numbers too
    const json::object by_type = json::parse(o.out).at("max_context_by_type").as_object();
    CHECK(by_type.size() == 3);
    CHECK(by_type.at("q4_0") == most);
    CHECK(by_type.at("f16").at("n_ctx").to_number<int>() == 126464);
    CHECK(by_type.at("q8_0").at("n_ctx").to_number<int>() == 211968);
    CHECK(by_type.at("q8_0").at("bound_by").as_string() == "CUDA0");
    CHECK_FALSE(json::parse(run(qwen + " --json").out).as_object().contains("max_context_by_type"));
  }

  TEST_CASE(
      "output has no colours unless it is a terminal and no line of a table is over 80 columns") {
    const outcome o = run(qwen);
    CHECK_FALSE(contains(o.out, "\x1b"));
    check_width(o.out);
  }

  TEST_CASE("drafts have terms of their own, by NextN layers or by a model") {
    const outcome own =
        run("Qwen3.6-27B-MTP-UD-Q4_K_XL --gpu 5090 -c 32768 -np 1 --spec-type draft-mtp "
            "--spec-draft-n-max 3 -ctkd f16 -ctvd f16 --json");
    CHECK(own.status == 0);
    const json::value v = json::parse(own.out);
    CHECK(term(v.at("devices").at(0), "draft_kv_cache") == 134217728);
    CHECK(term(v.at("devices").at(0), "draft_compute_buffer") == 136331392);
    CHECK(v.at("draft").at("type").as_string() == "draft-mtp");
    const std::string target = "Llama-3.3-70B --gpu a100 -c 4096 -np 1 ";
    for (const char* flag : {"-md", "--model-draft", "--spec-draft-model"}) {
      CAPTURE(flag);
      const outcome o = run(target + flag + " Llama-3.2-3B --json");
      CHECK(o.status == 0);
      CHECK(term(json::parse(o.out).at("devices").at(0), "draft_weights") == 1833068800);
    }
    CHECK(contains(run(target + "-md Llama-3.2-3B").out, "draft_kv_cache"));
    for (const auto& [args, message] :
         {std::pair<std::string, std::string>{target + "--spec-type draft-mtp", "NextN"},
          {target + "--spec-type draft-simple", "-md"},
          {target + "-md Qwen3-0.6B", "vocabulary"},
          {target + "--spec-type draft", "draft-mtp"},
          {"-md Llama-3.2-3B --gpu 3090", "name the model"}}) {
      const outcome o = run(args);
      CAPTURE(args);
      CHECK(o.status == 2);
      CHECK(contains(o.err, message));
    }
  }

  TEST_CASE("KV types are not spoken of where nothing is cached per token") {
    const outcome o = run("rwkv7-2.9b --gpu 3090");
    CHECK(o.status == 0);
    CHECK(contains(o.out, "Largest context:"));
    CHECK_FALSE(contains(o.out, "KV"));
    CHECK(contains(run("qwen3-8b --gpu 3090 -np 1").out, "Largest context by KV type"));
  }

  TEST_CASE("explain gives each term's formula") {
    const outcome o = run(qwen + " -ctk q4_0 -ctv q4_0 --explain");
    // 16 layers, 262144 cells, 1024 elements of q4_0 in 576 bytes for K and for V
    CHECK(contains(o.out,
                   "16 layers x 262144 cells x (K 1024 of q4_0 = 576 + V 1024 of q4_0 = 576)"));
  }

  TEST_CASE("several and mixed GPUs are counted one by one") {
    const outcome o = run("Llama-3.1-8B --gpu 2x3090 --gpu 4090 --ctx 8192 --json");
    CHECK(o.status == 0);
    CHECK(json::parse(o.out).at("devices").as_array().size() == 3);
    // a model may follow what is said of the GPUs
    CHECK(run("--gpu 3090 --free 20GiB,20GiB --gpu 3090 Llama-3.1-8B --ctx 8192").status == 0);
  }

  TEST_CASE("free memory and a reserve decide what fits and buffers only leaves out the rest") {
    CHECK(run(qwen + " -ctk q4_0 -ctv q4_0 --free 20GiB").status == 1);
    CHECK(run(qwen + " -ctk q4_0 -ctv q4_0 --reserve 3GiB").status == 1);
    const outcome o = run(qwen + " -ctk q4_0 -ctv q4_0 --buffers-only --json");
    // the four exact terms alone
    CHECK(json::parse(o.out).at("devices").at(0).at("used_bytes").to_number<std::uint64_t>() ==
          16129986560u + 4831838208u + 156893184u + 1426358528u);
  }

  TEST_CASE("usage errors exit with 2 and name what is wrong") {
    const std::pair<std::string, std::string> wrong[] = {
        {"Qwen3.6-27B-UD-Q4_K_XL --gpu 3091", "3090"},
        {"Qwen3.6-27B-UD-Q4_K_XL", "--gpu"},
        {qwen + " --no-such-flag", "--no-such-flag"},
        {qwen + " -ctvx q8_0", "-ctvx"},
        {qwen + " -ctk q9", "q9"},
        {qwen + " -fa off -ctv q4_0", "q4_0"},
        {qwen + " -ot 'x=CUDA7'", "CUDA7"},
        {qwen + " -ot '(=CPU'", "("},
        {qwen + " -ot '(a)\\1=CPU'", "a reference to a group"},
        {qwen + " -ot '((a{99}){99}){99}=CPU'", "it repeats too much"},
        {qwen + " --reserve lots", "lots"},
        {qwen + " --free 1GiB,2GiB", "--free"},
        {"Llama-3.1-8B --gpu 3090 --ctx 4096 -np 300", "300"},
        {qwen + " -sm row", "row"},
    };
    for (const auto& w : wrong) {
      CAPTURE(w.first);
      const outcome o = run(w.first);
      CHECK(o.status == 2);
      CHECK(o.out.empty());
      CHECK(contains(o.err, w.second));
      CHECK(std::count(o.err.begin(), o.err.end(), '\n') == 1);
    }
  }

  TEST_CASE("bad input exits with 3 and one line that names the file") {
    const temporary_file text("vrambudget-not.gguf", "this is not a model");
    const temporary_file cut("vrambudget-cut.gguf", std::string("GGUF\3\0\0\0", 8));
    for (const std::string& args :
         {text.path.string(), cut.path.string(), std::string("/no/such/file.gguf"),
          std::string("no-such-model-anywhere")}) {
      CAPTURE(args);
      const outcome o = run(args + " --gpu 3090 --ctx 4096");
      CHECK(o.status == 3);
      CHECK(o.out.empty());
      CHECK(contains(o.err, args));
      CHECK(std::count(o.err.begin(), o.err.end(), '\n') == 1);
    }
  }

  TEST_CASE("an unknown architecture is planned with exact weights and a bound that says so") {
    vrambudget::gguf::writer w = novel_model();
    w.add_tensor("token_embd.weight", vrambudget::ggml_type::f16, {256, 1000});
    w.add_tensor("output.weight", vrambudget::ggml_type::f16, {256, 1000});
    w.add_tensor("blk.0.attn_q.weight", vrambudget::ggml_type::f16, {256, 256});
    const auto header = w.finish();
    std::string content(header.size() + 2 * 512000 + 131072, '\0');
    std::copy_n(reinterpret_cast<const char*>(header.data()), header.size(), content.begin());
    const temporary_file file("vrambudget-novel.gguf", content);
    const outcome o = run(file.path.string() + " --gpu 3090 --ctx 4096 -np 1 --json");
    CHECK(o.status == 0);
    const json::value v = json::parse(o.out);
    CHECK(term(v.at("devices").at(0), "weights") ==
          512000 + 131072);  // the output and one layer's tensor
    // 2 layers x 4096 cells x 2 x 256 elements of f16
    CHECK(term(v.at("devices").at(0), "kv_cache") == 2 * 4096 * 2 * 256 * 2);
    CHECK(contains(json::serialize(v.at("notes")), "novel"));
    for (const json::value& t : v.at("devices").at(0).at("terms").as_array())
      if (t.at("term").as_string() == "compute_buffer") CHECK(t.at("basis").as_string() == "bound");
  }

  TEST_CASE("the catalogues and the header can be read") {
    CHECK(contains(run("gpus").out, "NVIDIA GeForce RTX 3090"));
    CHECK(contains(run("gpus 4060ti-16g").out, "16.00 GiB"));
    CHECK(contains(run("models").out, "Qwen3.6-27B-UD-Q4_K_XL"));
    std::set<std::string> quantizations;
    const json::value files = json::parse(run("models Qwen3-8B --json").out);
    for (const json::value& f : files.as_array()) {
      CHECK(f.at("architecture") == "qwen3");
      // 36 x (2 x 4096^2 + 2 x 4096 x 1024 + 3 x 4096 x 12288 + 2 x 4096 + 2 x 128) + 2 x 151936 x 4096 + 4096
      CHECK(f.at("n_params") == 8190735360);
      quantizations.emplace(f.at("quantization").as_string());
    }
    CHECK(quantizations.contains("Q4_K_M"));
    CHECK(quantizations.contains("Q8_0"));
    CHECK(json::parse(run("models Qwen3-8B-Q5_K_M --json").out).as_array().size() == 1);
    CHECK(run("models nosuch --json").status == 3);
    const outcome o = run("inspect Qwen3.6-27B-UD-Q4_K_XL");
    CHECK(o.status == 0);
    CHECK(contains(o.out, "48 of 64"));
    CHECK(json::parse(run("inspect Qwen3.6-27B-UD-Q4_K_XL --json").out)
              .at("tensor_count")
              .to_number<int>() == 851);
    CHECK(contains(run("--gpu 3090 --ctx 32768").out, "known models fit"));
    CHECK(run("--version").out.starts_with("vrambudget "));
    CHECK(run("--help").status == 0);
  }

  TEST_CASE("a budget can be drawn") {
    const outcome o = run(qwen + " -ctk q4_0 -ctv q4_0 --svg");
    CHECK(o.status == 0);
    CHECK(o.out.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\""));
    CHECK(contains(o.out, "15,382.8 MiB"));
    CHECK(run(qwen + " --svg").status == 1);  // in f16 it does not fit
    for (const std::string& wrong : {qwen + " --svg --json", qwen + " --svg --emit ollama",
                                     std::string("--gpu 3090 -c 8192 --svg")})
      CHECK(run(wrong).status == 2);
  }

  TEST_CASE("other builds of the engine are planned for by name, number or day") {
    const json::value by_build = json::parse(run(qwen + " --engine b9849 --json").out);
    CHECK(by_build.at("engine").as_string() == "llama.cpp 2026-06");
    const json::value by_day = json::parse(run(qwen + " --engine llama.cpp@2026-05-20 --json").out);
    CHECK(by_day.at("engine").as_string() == "llama.cpp 2026-04");
    CHECK(json::parse(run(qwen + " --engine " + std::string(engine_release) + " --json").out)
              .at("engine")
              .as_string() == engine_name);
    // between the last build of one profile and the first of the next
    const outcome between = run(qwen + " --engine b8000");
    CHECK(between.out.starts_with("llama.cpp 2026-04\n"));
    CHECK(
        between.out.find("engine b8000 is 807 builds before llama.cpp 2026-04, the nearest that is "
                         "known: its rules are taken") != std::string::npos);
    CHECK(run(qwen).out.starts_with(std::string(engine_name) + "\n"));
    CHECK(run(qwen + " --engine latest").out.starts_with("llama.cpp 2026-11\n"));
    // nothing that logs do not establish is called exact, in the table of models neither
    const std::string table = run("--gpu 3090 --ctx 8192 --engine 2026-04 --json").out;
    CHECK(table.find(R"("compute_basis":"assumed")") != std::string::npos);
    CHECK(table.find(R"("compute_basis":"exact")") == std::string::npos);
    for (const char* wrong : {"v9", "b12x", "2026-13"}) {
      const outcome o = run(qwen + " --engine " + wrong);
      CHECK(o.status == 2);
      CHECK(o.err.find("there are 2026-11, 2026-10, " + std::string(engine_release) +
                       ", 2026-08, 2026-06, 2026-04") != std::string::npos);
    }
  }

  // what llama-server's line may have besides, and numbers as they are printed
  TEST_CASE("a pasted command line of llama-server is taken") {
    const std::string model = "Qwen3-8B-Q4_K_M --gpu 3090 ";
    const auto n_ctx = [&](const std::string& line) {
      const outcome o = run(model + line + " --json");
      CAPTURE(o.err);
      REQUIRE(o.status == 0);
      return json::parse(o.out).at("run").at("n_ctx").to_number<int>();
    };
    CHECK(n_ctx("-c 8192 --jinja --host 0.0.0.0 --port 8080 -t 8 --no-mmap --mlock") == 8192);
    CHECK(n_ctx("-c 32,768 -fa --temp 0.7 --log-file=x -dev CUDA0 --no-mmproj --draft 5") == 32768);
    CHECK(n_ctx("-c 8192 -fa on -cb -lv 1 --chat-template-kwargs {}") == 8192);
    CHECK(n_ctx("-c 0 -np 1") == 40960);  // its training length
    const outcome noted = run(model + "-c 8192 --rpc host:50052");
    CHECK(noted.out.find("--rpc: not modelled is devices of other machines") != std::string::npos);
    // the program's name in front is no model
    CHECK(run("./build/bin/llama-cli --gpu 3090 -c 8192 --family qwen3-8b").status == 0);
    // a wrong number of digits in a group, and what is no word of anybody
    CHECK(run(model + "-c 32,76").status == 2);
    CHECK(run(model + "-c 8192 --jinjaa").status == 2);
  }

  TEST_CASE("--fit plans what llama-server makes of the run") {
    const std::string model = "Qwen3-8B-Q4_K_M --gpu 3090 --free 23800MiB --buffers-only --json ";
    // by the engine: tests/truth/fit.jsonl and the documentation of its builds
    const json::value old = json::parse(run(model + "--fit on").out);
    CHECK(old.at("fit").at("n_ctx").to_number<int>() == 128512);
    CHECK(old.at("run").at("n_ctx").to_number<int>() == 128512);
    const json::value now = json::parse(run(model + "--fit on --engine latest").out);
    CHECK(now.at("fit").at("n_ctx").to_number<int>() == 40960);
    // told beside where no context is, and not where one is, or where it is off
    CHECK(json::parse(run(model).out).as_object().contains("fit"));
    CHECK_FALSE(json::parse(run(model + "-c 8192").out).as_object().contains("fit"));
    CHECK_FALSE(json::parse(run(model + "--fit off").out).as_object().contains("fit"));
  }

  TEST_CASE(
      "a name without a quantization is its best file that runs, and the first line says so") {
    const outcome small = run("Qwen3-8B --gpu 4060ti --os linux");
    CHECK(small.status == 0);
    CHECK(small.out.substr(0, small.out.find('\n')).find("Qwen3-8B as Qwen3-8B-Q") !=
          std::string::npos);
    CHECK(
        run("Qwen3-8B --gpu 3090").out.find("Qwen3-8B as Qwen3-8B-Q8_0, the best file that runs") !=
        std::string::npos);
    // alone Q8_0 runs there, 9.1 GiB; beside a draft of 4 GiB and its cache what has fewer bits
    const outcome beside = run("Qwen3-8B -md Qwen3-4B-Q8_0 --gpu 3060-12g -c 8192");
    CHECK(beside.status == 0);
    CHECK(contains(beside.out, ", the best file that runs"));
    CHECK_FALSE(contains(beside.out, "Qwen3-8B as Qwen3-8B-Q8_0"));
    CHECK(run("Qwen3-8B-Q4_K_M --gpu 3090").out.starts_with(std::string(engine_name) + "\n"));
  }

  TEST_CASE("engines lists what changed, with a model what it costs") {
    const outcome o = run("engines");
    CHECK(o.status == 0);
    for (const char* part : {"2026-08", "b9603..b9889", "b9890..b10488", "f32_masks", "PR 23764"})
      CHECK(o.out.find(part) != std::string::npos);

    const json::value j = json::parse(run("engines " + qwen + " -ctk q8_0 -ctv q8_0 --json").out);
    const auto difference = [](const json::value& of, std::string_view where,
                               std::string_view term) {
      for (const json::value& d : of.at("differences").as_array())
        if (d.at("where").as_string() == where && d.at("term").as_string() == term)
          return d.at("bytes").to_number<std::int64_t>();
      return std::int64_t{0};
    };
    for (const json::value& c : j.at("changes").as_array()) {
      if (c.at("change").as_string() == "f32_masks")  // two more bytes for each cell and token
        CHECK(difference(c, "host", "compute_buffer") == 262144ll * 512 * 2);
      if (c.at("change").as_string() == "flash_attn_copies_in_pool")  // K and V of one layer in f16
        CHECK(difference(c, "devices", "pool") >= 262144ll * 4 * 256 * 2 * 2 - (2 << 20));
      if (c.at("change").as_string() == "latent_v_cache")
        CHECK(c.at("differences").as_array().empty());
    }
    const auto is_same = [&](std::string_view engine) {
      for (const json::value& e : j.at("engines").as_array())
        if (e.at("engine").as_string() == engine) return e.at("differences").as_array().empty();
      return false;
    };
    CHECK(is_same(engine_name));
    CHECK(is_same("llama.cpp 2026-10"));  // which changed what several cards do
    CHECK_FALSE(is_same("llama.cpp 2026-11"));
    CHECK(run("engines no-such-model --gpu 3090").status == 3);
    // what does nothing here is counted, and the rest is sorted by what it does
    const std::string told = run("engines " + qwen + " -np 1").out;
    CHECK(told.find("mixed_inputs") < told.find("Older engines"));
    CHECK(told.find("scales_token_rows") == std::string::npos);
    CHECK(told.find("other changes do nothing here") != std::string::npos);
    CHECK(told.find("f32_masks") > told.find("Older engines"));
    const std::string newest = run("engines " + qwen + " --engine latest").out;
    CHECK(newest.find("Newer engines:\n  none\n") != std::string::npos);
  }

  TEST_CASE("a model of Ollama's store has its name there, and a path elsewhere") {
    vrambudget::gguf::writer w = novel_model();
    const auto header = w.finish();
    const temporary_folder store;
    const std::string digest(64, 'a');
    fs::create_directories(store.root() / "blobs");
    fs::create_directories(store.root() / "manifests/registry.ollama.ai/library/novel");
    const std::string blob = store.write(
        "blobs/sha256-" + digest, {reinterpret_cast<const char*>(header.data()), header.size()});
    (void)store.write("manifests/registry.ollama.ai/library/novel/8b",
                      R"({"layers":[{"mediaType":"application/vnd.ollama.image.model",)"
                      R"("digest":"sha256:)" +
                          digest + R"("}]})");
    const auto emit = [&](const std::string& program) {
      return run("ollama:novel:8b --gpu 3090 -c 4096 --emit " + program, "none",
                 "OLLAMA_MODELS=" + store.root().string());
    };
    CHECK(contains(emit("ollama").out, "FROM novel:8b\n"));
    CHECK(contains(emit("llama-server").out, "llama-server -m " + blob + " -c 4096 "));
    CHECK(contains(emit("koboldcpp").out, "\"model_param\":\"" + blob + "\""));
    CHECK(emit("llama-server").err.empty());
  }

  TEST_CASE("a plan as another program's settings") {
    const std::string plan = "Qwen3-8B-Q8_0 --gpu 3090 -c 8192 --emit ";
    const outcome o = run(plan + "llama-server");
    CHECK(o.status == 0);
    CHECK(o.out == "llama-server -m Qwen3-8B-Q8_0.gguf -c 8192 -ngl 37 --fit off\n");
    CHECK(contains(run(plan + "ollama").out, "PARAMETER num_ctx 8192\n"));
    CHECK(contains(run(plan + "koboldcpp").out, "\"contextsize\":8064"));  // and 128 of its own
    CHECK(contains(run(plan + "lmstudio").out, "\"contextLength\":8192"));
    CHECK(run(plan + "vllm").status == 2);
    CHECK(contains(o.err, "Qwen3-8B-Q8_0.gguf stands for the model's file"));
    const outcome published = run("Qwen3-8B-Q4_K_M --gpu 3090 -c 8192 --emit llama-server");
    CHECK(contains(published.out, "-hf Qwen/Qwen3-8B-GGUF -hff Qwen3-8B-Q4_K_M.gguf"));
    CHECK(published.err.empty());
    // which is published as another model's file
    CHECK(contains(run("Qwen3-8B-UD-Q4_K_XL --gpu 3090 -c 8192 --emit llama-server").out,
                   "-m Qwen3-8B-UD-Q4_K_XL.gguf"));
    const outcome full = run("Qwen3-8B-Q8_0 --gpu 3060 -c 40960 --emit llama-server --free 8GiB");
    CHECK(full.status == 1);
    CHECK(contains(full.err, "does not fit"));
  }
}
