// `vrambudget inspect` as a user runs it: models, two of them, and files that are no models.
#include <boost/json.hpp>
#include <functional>
#include <string>

#include "program.hpp"
#include "vrambudget/gguf/writer.hpp"

namespace {

namespace json = boost::json;
namespace gguf = vrambudget::gguf;
using vrambudget::ggml_type;

const std::string qwen = "Qwen3.6-27B-UD-Q4_K_XL";

std::uint64_t number(const json::value& v, const char* key) {
  return v.at(key).to_number<std::uint64_t>();
}

/// A file of some kind; it goes away again.
struct written_file {
  fs::path path;

  written_file(const std::string& name, const std::function<void(gguf::writer&)>& make)
      : path(fs::temp_directory_path() / (std::to_string(::getpid()) + "-" + name + ".gguf")) {
    gguf::writer w;
    make(w);
    const auto data = w.finish();
    const auto h = gguf::parse(data, {.check_data = false}).value();
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(data.data()),
               static_cast<std::streamsize>(data.size()));
    fs::resize_file(path, data.size() + h.data_size().count);
  }
  ~written_file() { fs::remove(path); }
  [[nodiscard]] std::string name() const { return path.string(); }
};

}  // namespace

TEST_SUITE("inspect") {
  // F32 of Qwen3.6 27B: 64 attn_norm, 64 post_attention_norm, 16 q_norm, 16 k_norm and output_norm; of each of 48
  // linear layers ssm_a, ssm_conv1d, ssm_dt.bias and ssm_norm.
  TEST_CASE("tensors are counted by what they are for") {
    const outcome o = run("inspect " + qwen);
    CHECK(o.status == 0);
    CHECK(contains(o.out, "161 norms, 192 state space"));
    CHECK(contains(o.out, "48 ssm_a, 48 ssm_conv1d, 48 ssm_dt, 48 ssm_norm"));
    CHECK(contains(o.out, "sssasssasssa"));
    CHECK(contains(o.out, "in turns of sssa;"));
    CHECK_FALSE(contains(run("inspect Granite-4.1-30B").out, "in turns of"));
    const json::value v = json::parse(run("inspect " + qwen + " --json").out);
    const json::value& f32 = v.at("tensors_by_type").at("f32");
    CHECK(number(f32, "count") == 353);
    CHECK(number(f32.at("uses"), "norms") == 161);
    CHECK(number(f32.at("uses"), "state space parameters") == 192);
    // with ssm_alpha, ssm_beta and ssm_out of each
    CHECK(number(v.at("tensors_by_use").at("state space projections"), "count") == 144);
    CHECK(v.at("kind").as_string() == "model");
    CHECK(v.at("layers").at("kinds").as_string().size() == 64);
  }

  TEST_CASE("the recipe that a file looks like is said") {
    const outcome o = run("inspect Qwen3.6-27B-Q4_K_L");
    CHECK(contains(o.out, "Q4_K_M with --token-embedding-type q8_0\n"));
    const json::value v = json::parse(run("inspect Qwen3.6-27B-Q4_K_L --json").out);
    const json::value& like = v.at("looks_like");
    CHECK(like.at("base").as_string() == "Q4_K_M");
    CHECK(number(like, "differ") == 0);
    CHECK(like.at("output_tensor_type").as_string() == "q8_0");
    // Unsloth's file of the same size has other types
    const json::value other = json::parse(run("inspect " + qwen + " --json").out);
    CHECK(number(other.at("looks_like"), "differ") > 100);
    CHECK(other.at("looks_like").at("is_whole").as_bool());
  }

  TEST_CASE("two models are compared tensor by tensor") {
    const outcome o = run("inspect " + qwen + " Granite-4.1-30B");
    CHECK(o.status == 1);
    CHECK(contains(o.out, "273 fewer"));
    CHECK(contains(o.out, "192 fewer"));
    check_width(o.out);
    const json::value v = json::parse(run("inspect " + qwen + " Qwen3.6-27B-Q4_K_L --json").out);
    CHECK(number(v.at("a"), "tensor_count") == 851);
    CHECK(v.at("only_a").as_array().empty());
    CHECK(v.at("shapes").as_array().empty());
    CHECK(number(v, "same") + v.at("types").as_array().size() == 851);
    CHECK(run("inspect Qwen3-8B-Q8_0 Qwen3-8B-Q8_0").status == 0);
    CHECK(run("inspect Qwen3-8B-Q8_0 Qwen3-4B Qwen3-14B").status == 2);
  }

  TEST_CASE("files that are no models say what they are") {
    const written_file lora("lora", [](gguf::writer& w) {
      w.add("general.type", "adapter").add("general.architecture", "llama");
      w.add("adapter.type", "lora").add("adapter.lora.alpha", 32.0f);
      for (int il = 0; il < 2; ++il) {
        const std::string q = "blk." + std::to_string(il) + ".attn_q.weight";
        w.add_tensor(q + ".lora_a", ggml_type::f32, {256, 16});
        w.add_tensor(q + ".lora_b", ggml_type::f32, {16, 256});
      }
    });
    outcome o = run("inspect " + lora.name());
    CHECK(o.status == 0);
    CHECK(contains(o.out, "adapter (LoRA)"));
    CHECK(contains(o.out, "rank                  16"));
    CHECK(contains(o.out, "2 tensors: 2 attn_q"));
    CHECK(json::parse(run("inspect " + lora.name() + " --json").out).at("kind").as_string() ==
          "adapter");

    const written_file vector("control", [](gguf::writer& w) {
      w.add("general.architecture", "controlvector").add("controlvector.model_hint", "qwen3");
      w.add("controlvector.layer_count", std::int32_t{2});
      w.add_tensor("direction.1", ggml_type::f32, {256});
    });
    CHECK(contains(run("inspect " + vector.name()).out, "control vector"));

    const written_file matrix("imatrix", [](gguf::writer& w) {
      w.add("general.type", "imatrix").add("imatrix.chunk_count", 200u);
      w.add("imatrix.datasets", std::vector<std::string>{"wiki.train"});
      w.add_tensor("blk.0.attn_q.weight.in_sum2", ggml_type::f32, {256});
      w.add_tensor("blk.0.attn_q.weight.counts", ggml_type::f32, {1});
    });
    o = run("inspect " + matrix.name());
    CHECK(contains(o.out, "importance matrix"));
    CHECK(contains(o.out, "wiki.train"));
    CHECK(contains(o.out, "1 attn_q"));

    const written_file words("vocabulary", [](gguf::writer& w) {
      w.add("general.architecture", "llama").add("tokenizer.ggml.model", "gpt2");
      w.add("tokenizer.ggml.tokens", std::vector<std::string>{"a", "b", "c"});
    });
    o = run("inspect " + words.name());
    CHECK(o.status == 0);
    CHECK(contains(o.out, "vocabulary without a model"));
    CHECK(contains(o.out, "tokens                3\n"));

    const written_file flux("flux", [](gguf::writer& w) {
      w.add("general.architecture", "flux");
      w.add_tensor("double_blocks.0.img_attn.qkv.weight", ggml_type::bf16, {256, 768});
    });
    o = run("inspect " + flux.name());
    CHECK(o.status == 0);
    CHECK(contains(o.out, "diffusion model"));
    const written_file unnamed("diffusion", [](gguf::writer& w) {
      w.add_tensor("model.diffusion_model.input_blocks.0.0.weight", ggml_type::f16, {256, 4});
    });
    CHECK(contains(run("inspect " + unnamed.name()).out, "diffusion model"));
    CHECK(run(unnamed.name() + " --gpu 3090").status == 3);

    CHECK(contains(run("inspect mmproj-Qwen3.6-27B-Q8_0").out, "projector of images"));
  }

  TEST_CASE("a model that lacks a key fails with the key") {
    const written_file broken("broken", [](gguf::writer& w) {
      w.add("general.architecture", "llama");
      w.add_tensor("token_embd.weight", ggml_type::f32, {256, 4});
    });
    const outcome o = run("inspect " + broken.name());
    CHECK(o.status == 3);
    CHECK(contains(o.err, "key 'llama."));
  }

  TEST_CASE("metadata is shown by its keys, nothing of it raw") {
    const written_file f("keys", [](gguf::writer& w) {
      w.add("general.architecture", "flux").add("general.name", "red \x1b[31m name\nsecond");
      w.add("general.numbers", std::vector<std::uint32_t>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
      w.add("other.text", std::string(1000, 'x'));
    });
    const outcome o = run("inspect " + f.name() + " --keys '^general'");
    CHECK(o.status == 0);
    CHECK(contains(o.out, "general.name (str) = red ?[31m name second\n"));
    CHECK(contains(o.out, "10 of u32: 1, 2, 3, 4, 5, 6, 7, 8, ...\n"));
    CHECK_FALSE(contains(o.out, "other.text"));
    CHECK(contains(run("inspect " + f.name() + " --keys other").out, "... (1,000 bytes)"));
    const json::value v = json::parse(run("inspect " + f.name() + " --keys other --json").out);
    CHECK(number(v.at("keys").as_array()[0], "bytes") == 1000);
    CHECK(run("inspect " + f.name() + " --keys '('").status == 2);
    CHECK(run("inspect " + f.name() + " --keys nothing").status == 1);
  }
}
