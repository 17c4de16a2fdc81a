// `vrambudget recipe` as a user runs it.
#include <algorithm>
#include <boost/json.hpp>
#include <cstdint>
#include <fstream>
#include <string>

#include "program.hpp"
#include "vrambudget/gguf/writer.hpp"

namespace {

namespace json = boost::json;
namespace gguf = vrambudget::gguf;
using vrambudget::ggml_type;

const std::string ends = " --token-embedding-type q8_0 --output-tensor-type q8_0 ";

std::uint64_t number(const json::value& v, const char* key) {
  return v.at(key).to_number<std::uint64_t>();
}

/// A file of one layer and a vocabulary; it goes away again.
struct small_file {
  fs::path path = fs::temp_directory_path() / ("recipe-" + std::to_string(::getpid()) + ".gguf");
  std::uint64_t header = 0;

  explicit small_file(ggml_type type) {
    gguf::writer w;
    w.add("general.architecture", "llama").add("llama.block_count", 1u);
    w.add("llama.context_length", 1024u).add("llama.embedding_length", 256u);
    w.add("llama.feed_forward_length", 512u).add("llama.attention.head_count", 4u);
    w.add("llama.attention.layer_norm_rms_epsilon", 1e-5f);
    w.add("llama.vocab_size", 64u).add("tokenizer.ggml.model", "none");
    w.add_tensor("token_embd.weight", type, {256, 64});
    w.add_tensor("output_norm.weight", ggml_type::f32, {256});
    for (const char* name : {"attn_q", "attn_k", "attn_v", "attn_output"})
      w.add_tensor(std::string("blk.0.") + name + ".weight", type, {256, 256});
    for (const char* name : {"attn_norm", "ffn_norm"})
      w.add_tensor(std::string("blk.0.") + name + ".weight", ggml_type::f32, {256});
    for (const char* name : {"ffn_gate", "ffn_up"})
      w.add_tensor(std::string("blk.0.") + name + ".weight", type, {256, 512});
    w.add_tensor("blk.0.ffn_down.weight", type, {512, 256});
    const auto data = w.finish();
    header = data.size();
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(data.data()),
               static_cast<std::streamsize>(data.size()));
    const std::uint64_t bits = type == ggml_type::bf16 ? 128 : 68;
    fs::resize_file(path, header + (64 + 4 * 256 + 3 * 512) * 256 * bits / 64 + 3 * 1024);
  }
  ~small_file() { fs::remove(path); }
};

/// A file with the header of a small model, and no data on the disk.
struct sparse_file {
  fs::path path = fs::temp_directory_path() / ("source-" + std::to_string(::getpid()) + ".gguf");

  sparse_file(const fs::path& header, std::uint64_t size) {
    fs::copy_file(header, path, fs::copy_options::overwrite_existing);
    fs::resize_file(path, size);
  }
  ~sparse_file() { fs::remove(path); }
};

}  // namespace

TEST_SUITE("recipe") {
  TEST_CASE("files are as large as those that llama-quantize wrote") {
    const fs::path folder = VRAMBUDGET_TRUTH "/quantized_files";
    std::ifstream in(folder / "cases.jsonl");
    int n = 0;
    for (std::string line; std::getline(in, line); ++n) {
      CAPTURE(line);
      const json::value c = json::parse(line);
      const sparse_file source(folder / (std::string(c.at("model").as_string()) + ".header"),
                               number(c, "source_bytes"));
      std::string args = "recipe " + source.path.string() + " --json --base " +
                         std::string(c.at("file_type").as_string());
      for (const json::value& flag : c.at("flags").as_array())
        args += " " + std::string(flag.as_string());
      const json::value v = json::parse(run(args).out);
      CHECK(v.at("file_bytes_basis").as_string() == "exact");
      CHECK(number(v, "file_bytes") == number(c, "file_bytes"));
    }
    CHECK(n == 23);
  }

  TEST_CASE("the file that this project began with comes out as its owner counted it") {
    const outcome o = run("recipe Qwen3.6-27B --base Q4_K_M" + ends);
    CHECK(o.status == 0);
    CHECK(o.err.empty());
    for (const char* part :
         {"16.28 GiB", "5.20 bits", "851", "15,382.0 MiB on a card", "16670.25 MiB (5.20 BPW)"}) {
      CAPTURE(part);
      CHECK(contains(o.out, part));
    }
    check_width(o.out);
    const json::value v = json::parse(run("recipe Qwen3.6-27B" + ends + "--json").out);
    CHECK(number(v, "schema") == 1);
    CHECK(number(v, "data_bytes") == 17480022016);
    CHECK(number(v, "tensors") == 851);
    CHECK(number(v.at("types"), "Q6_K") == 64);
    CHECK(number(v.at("types"), "Q4_K") == 432);
    CHECK(number(v.at("types"), "Q8_0") == 2);
    CHECK(number(v.at("types"), "F32") == 353);
    CHECK(v.at("file_bytes_basis").as_string() == "without_vocabulary");
    CHECK(v.at("tensor_types").as_array().size() == 851);
    // the same file of the catalogue
    const json::value file = json::parse(run("inspect Qwen3.6-27B-Q4_K_L --json").out);
    CHECK(number(file, "tensor_bytes") == 17480022016);
  }

  TEST_CASE("several recipes stand in a table with their largest contexts") {
    const outcome o = run("recipe Qwen3-8B --base Q3_K_M..Q6_K --gpu 3060-12gb -np 1");
    CHECK(o.status == 0);
    check_width(o.out);
    for (const char* base : {"\nQ3_K_M ", "\nQ3_K_L ", "\nQ4_K_S ", "\nQ5_K_M ", "\nQ6_K "})
      CHECK(contains(o.out, base));
    const json::value v =
        json::parse(run("recipe Qwen3-8B --base Q4_K_M,Q6_K --gpu 3060-12gb -np 1 --json").out);
    const json::array& all = v.at("recipes").as_array();
    REQUIRE(all.size() == 2);
    // as the plan of the same file says
    const json::value plan = json::parse(run("Qwen3-8B-Q6_K --gpu 3060-12gb -np 1 --json").out);
    CHECK(number(all[1].at("runs").at("largest").at("f16"), "n_ctx") ==
          number(plan.at("max_context"), "n_ctx"));
  }

  TEST_CASE("with a context the status says whether any holds it") {
    CHECK(run("recipe Qwen3-8B --base Q4_K_M,Q8_0 --gpu 3060-12gb -np 1 -c 32768").status == 0);
    CHECK(run("recipe Qwen3-8B --base Q8_0 --gpu 3060-12gb -np 1 -c 32768").status == 1);
  }

  TEST_CASE("a file's own header is in the size of the file to come") {
    const small_file f(ggml_type::bf16);
    const json::value v = json::parse(run("recipe " + f.path.string() + " --base Q8_0 --json").out);
    // 2,624 rows of 256 in Q8_0, 272 bytes each, and three norms of 1,024 bytes
    CHECK(number(v, "data_bytes") == 2624 * 272 + 3 * 1024);
    // two keys more: 8 + 28 + 4 + 4 and 8 + 17 + 4 + 4 = 77 bytes, padded to 32
    const std::uint64_t header = number(v, "file_bytes") - number(v, "data_bytes");
    CHECK(header >= f.header + 64);
    CHECK(header <= f.header + 96);
    CHECK(v.at("file_bytes_basis").as_string() == "exact");
    const json::value matrix = json::parse(
        run("recipe " + f.path.string() + " --base Q8_0 --imatrix none.gguf --json").out);
    CHECK(matrix.at("file_bytes_basis").as_string() == "without_imatrix");
    CHECK(number(matrix, "file_bytes") == number(v, "file_bytes"));
    const outcome pruned = run("recipe " + f.path.string() + " --prune-layers 0");
    CHECK(pruned.status == 2);
    CHECK(contains(pruned.err, "one must be left"));
  }

  TEST_CASE("of a file that is quantized that is said, and it can be taken as if it were not") {
    const small_file f(ggml_type::q8_0);
    CHECK(contains(run("recipe " + f.path.string() + " --base Q4_0").out, "--allow-requantize"));
    CHECK_FALSE(contains(run("recipe " + f.path.string() + " --base Q4_0 --source-type bf16").out,
                         "--allow-requantize"));
    const json::value kept =
        json::parse(run("recipe " + f.path.string() + " --base COPY --json").out);
    CHECK(number(kept.at("types"), "Q8_0") == 8);
  }

  TEST_CASE("what a rule does not do is said") {
    const outcome none = run("recipe Qwen3-8B --tensor-type attn_vv=q8_0");
    CHECK(none.status == 0);
    CHECK(contains(none.out, "names no tensor; nearest: attn_v,"));
    CHECK(contains(run("recipe Qwen3-8B --tensor-type attn_norm=q8_0").out,
                   "--tensor-type attn_norm=q8_0 does nothing"));
    CHECK(contains(run("recipe Qwen3-8B --tensor-type attn=q8_0 --tensor-type attn_q=q5_k").out,
                   "rules before it take all"));
    CHECK(contains(run("recipe Qwen3-8B --base F16 --tensor-type attn=q8_0").out,
                   "does nothing with F16"));
    CHECK(contains(run("recipe gpt-oss-20b --base Q4_K_M").out,
                   "145 of 459 tensors need a fallback"));
    CHECK(contains(run("recipe Qwen3-8B --base IQ2_XXS").out, "cannot be made without --imatrix"));
    const outcome odd =
        run("recipe gpt-oss-20b --base Q8_0 --token-embedding-type q4_k --gpu 3090");
    CHECK(odd.status == 0);
    CHECK(contains(odd.out, "a real one fails"));
  }

  TEST_CASE("the recipe that fits best is llama-quantize's whole line") {
    const outcome o = run("recipe Qwen3-8B --find --gpu 3060-12gb -c 32768 -np 1");
    CHECK(o.status == 0);
    check_width(o.out);
    CHECK(contains(o.out, "\nllama-quantize --pure \\\n"));
    CHECK(contains(o.out, "  Qwen3-8B-BF16.gguf Qwen3-8B-"));
    const json::value v =
        json::parse(run("recipe Qwen3-8B --find --gpu 3060-12gb -c 32768 -np 1 --json").out);
    CHECK(v.at("runs").at("fits").as_bool());
    CHECK(number(v.at("kld"), "measured") == 0);
    // its own words give the same file
    const std::string options(v.at("options").as_string());
    const json::value again =
        json::parse(run("recipe Qwen3-8B --base " + std::string(v.at("base").as_string()) + " " +
                        options + " --json")
                        .out);
    CHECK(number(again, "data_bytes") == number(v, "data_bytes"));

    CHECK(run("recipe Llama-3.3-70B --find --gpu 3060-12gb -c 8192").status == 1);
    CHECK(run("recipe Qwen3-8B --find --gpu 3060-12gb").status == 2);
    CHECK(run("recipe Qwen3-8B --find -c 8192").status == 2);
    CHECK(run("recipe Qwen3-8B --find --gpu 3090 -c 8192 --pure").status == 2);
  }

  TEST_CASE("the recipe of a file can be applied to another model") {
    const json::value own =
        json::parse(run("recipe Qwen3.6-27B --like Qwen3.6-27B-UD-Q4_K_XL --json").out);
    const json::value file = json::parse(run("inspect Qwen3.6-27B-UD-Q4_K_XL --json").out);
    CHECK(number(own, "data_bytes") == number(file, "tensor_bytes"));
    for (const auto& [type, of] : file.at("tensors_by_type").as_object()) {
      std::string upper(type);
      std::transform(upper.begin(), upper.end(), upper.begin(), ::toupper);
      CHECK(number(own.at("types"), upper.c_str()) == number(of, "count"));
    }
    const outcome o = run("recipe Qwen3-8B --like Qwen3.6-27B-Q4_K_L");
    CHECK(o.status == 0);
    CHECK(contains(o.out, "Qwen3-8B as Q4_K_M --token-embedding-type q8_0 "));
    CHECK(run("recipe Qwen3-8B --like Qwen3-8B-Q8_0 --base Q4_K_M").status == 2);
    CHECK(run("recipe Qwen3-8B --like /nonexistent.gguf").status == 3);
  }

  TEST_CASE("what is typed wrong is wrong use") {
    for (const char* args :
         {"--base Q9_K", "--base Q6_K..Q4_K_M", "--tensor-type attn_v", "--tensor-type 'a(=q8_0'",
          "--tensor-type attn_v=q99", "--token-embedding-type x", "--prune-layers a",
          "--source-type q8_0"}) {
      CAPTURE(args);
      const outcome o = run(std::string("recipe Qwen3-8B ") + args);
      CHECK(o.status == 2);
      CHECK(has_no_answer(o));
      CHECK(std::count(o.err.begin(), o.err.end(), '\n') == 1);
    }
    CHECK(run("recipe").status == 2);
    CHECK(run("recipe no-such-model-at-all").status == 3);
    CHECK(run("recipe Qwen3-8B --tensor-type-file /nonexistent").status == 3);
  }
}
