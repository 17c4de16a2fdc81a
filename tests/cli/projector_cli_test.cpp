// Projectors as a user meets them.
#include <boost/json.hpp>

#include "io/temporary_folder.hpp"
#include "program.hpp"
#include "vrambudget/catalogue/models.hpp"
#include "vrambudget/catalogue/shape.hpp"
#include "vrambudget/gguf/writer.hpp"

using namespace vrambudget;

namespace {

/// A file of the right size with nothing in its data.
std::string write_file(const temporary_folder& in, const std::string& name,
                       std::string_view shape) {
  const auto header = header_from_shape(shape).value();
  const std::string path =
      in.write(name, {reinterpret_cast<const char*>(header.data()), header.size()});
  const auto size = boost::json::parse(shape).at("data_bytes").to_number<std::uint64_t>();
  fs::resize_file(path, header.size() + size);
  return path;
}

struct files {
  temporary_folder folder;
  std::string model =
      write_file(folder, "Qwen3.6-27B.gguf", find_model("qwen3.6-27b-ud-q4kxl").value().shape);
  std::string mmproj = write_file(
      folder, "mmproj-F16.gguf", read_text(VRAMBUDGET_TRUTH "/mmproj/models/qwen3.6-27b-f16.json"));
};

/// Ollama's store with one model, "seen:latest", of the files given.
struct ollamas_store {
  temporary_folder folder;
  std::string layers;

  /// `more` are zero bytes behind the header.
  std::string add(const char* kind, char digit, const std::vector<std::byte>& header,
                  std::uint64_t more) {
    const std::string digest(64, digit);
    fs::create_directories(folder.root() / "blobs");
    const std::string path = folder.write(
        "blobs/sha256-" + digest, {reinterpret_cast<const char*>(header.data()), header.size()});
    fs::resize_file(path, header.size() + more);
    layers += (layers.empty() ? "" : ",") +
              std::string(R"({"mediaType":"application/vnd.ollama.image.)") + kind +
              R"(","digest":"sha256:)" + digest + R"("})";
    fs::create_directories(folder.root() / "manifests/registry.ollama.ai/library/seen");
    (void)folder.write("manifests/registry.ollama.ai/library/seen/latest",
                       R"({"layers":[)" + layers + "]}");
    return path;
  }
  std::string add(const char* kind, char digit, std::string_view shape) {
    const auto size = boost::json::parse(shape).at("data_bytes").to_number<std::uint64_t>();
    return add(kind, digit, header_from_shape(shape).value(), size);
  }
  [[nodiscard]] outcome plan(const std::string& more = {}, const std::string& of = "ollama:seen") {
    return run(of + " --gpu 3090 -c 4096 " + more, "none",
               "OLLAMA_MODELS=" + folder.root().string());
  }
};

/// A gemma3 as Ollama's converter writes it: no epsilon, and an encoder of 248,832 bytes in the same file.
std::vector<std::byte> gemma3_with_encoder(const std::string& arch = "gemma3") {
  gguf::writer w;
  w.add("general.architecture", std::string_view(arch));
  const auto key = [&](const std::string& name, std::uint32_t n) { w.add(arch + "." + name, n); };
  key("block_count", 2);
  key("context_length", 8192);
  key("embedding_length", 256);
  key("feed_forward_length", 512);
  key("attention.head_count", 4);
  key("attention.head_count_kv", 2);
  key("attention.key_length", 64);
  key("attention.value_length", 64);
  key("attention.sliding_window", 512);
  key("vocab_size", 1000);
  key("vision.block_count", 1);
  key("vision.embedding_length", 128);
  key("vision.feed_forward_length", 256);
  key("vision.attention.head_count", 4);
  key("vision.image_size", 56);
  key("vision.patch_size", 14);
  const auto f16 = [&](const std::string& name, std::initializer_list<std::int64_t> ne) {
    w.add_tensor(name + ".weight", ggml_type::f16, ne);
  };
  const auto norm = [&](const std::string& name, std::int64_t n) {
    w.add_tensor(name + ".weight", ggml_type::f32, {n});
  };
  f16("token_embd", {256, 1000});
  norm("output_norm", 256);
  for (const std::string blk : {"blk.0.", "blk.1."}) {
    for (const char* name : {"attn_norm", "post_attention_norm", "ffn_norm", "post_ffw_norm"})
      norm(blk + name, 256);
    for (const char* name : {"attn_q_norm", "attn_k_norm"}) norm(blk + name, 64);
    f16(blk + "attn_q", {256, 256});
    f16(blk + "attn_k", {256, 128});
    f16(blk + "attn_v", {256, 128});
    f16(blk + "attn_output", {256, 256});
    f16(blk + "ffn_gate", {256, 512});
    f16(blk + "ffn_up", {256, 512});
    f16(blk + "ffn_down", {512, 256});
  }
  f16("v.patch_embedding", {14, 14, 3, 128});  // 150,528 bytes
  f16("v.blk.0.attn_q", {128, 128});           // 32,768
  f16("mm.mm_input_projection", {256, 128});   // 65,536
  return w.finish();
}

}  // namespace

TEST_SUITE("projector") {
  TEST_CASE(
      "Ollama's projector is counted with its model, unless another is named or none wanted") {
    ollamas_store store;
    const std::string model =
        store.add("model", 'a', find_model("qwen3.6-27b-ud-q4kxl").value().shape);
    const std::string mmproj = store.add(
        "projector", 'b', read_text(VRAMBUDGET_TRUTH "/mmproj/models/qwen3.6-27b-f16.json"));
    const outcome o = store.plan();
    CHECK(o.status == 0);
    CHECK(contains(o.out, "projector_weights        884.6 MiB  exact"));  // 927,588,992 bytes
    CHECK(contains(o.out, "Ollama loads its projector as well, which is counted"));
    const outcome without = store.plan("--no-mmproj");
    CHECK_FALSE(contains(without.out, "projector"));
    CHECK_FALSE(contains(store.plan("--mmproj " + mmproj).out, "Ollama loads"));
    CHECK(contains(store.plan("--mmproj ollama:seen", model).out, "884.6 MiB  exact"));
    CHECK_FALSE(contains(store.plan("", model).out, "projector_weights"));
    const std::string file = store.plan("--emit ollama").out;
    CHECK(contains(file, "FROM seen\n"));
    CHECK_FALSE(contains(file, "no setting for --mmproj"));
    CHECK(contains(store.plan("--emit llama-server").out, " --mmproj " + mmproj));
  }

  TEST_CASE(
      "a projector inside Ollama's model is counted, and nothing of the plan is called exact") {
    ollamas_store store;
    const std::string blob = store.add("model", 'c', gemma3_with_encoder(), 1 << 23);
    const outcome o = store.plan();
    CHECK(o.status == 0);
    CHECK(contains(o.out, "projector_weights          0.2 MiB"));  // 248,832 bytes
    CHECK(contains(o.out, "which only Ollama's own engine loads"));
    const auto v = boost::json::parse(store.plan("--json").out);
    for (const auto& t : v.at("devices").at(0).at("terms").as_array()) {
      if (t.at("term").as_string() == "projector_weights")
        CHECK(t.at("bytes").to_number<std::uint64_t>() == 248832);
      CHECK(t.at("basis").as_string() != "exact");
      CHECK(t.at("basis").as_string() != "bound");
    }
    CHECK_FALSE(contains(store.plan("--no-mmproj").out, "projector_weights"));
    CHECK(contains(store.plan("--emit ollama").out, "runs in an engine of Ollama's own"));
    CHECK(contains(store.plan("--emit llama-server").err, "llama.cpp refuses the file"));
    // without its name in the store it is the engine's, which refuses it
    const outcome plain = store.plan("", blob);
    CHECK(plain.status == 3);
    CHECK(contains(plain.err, "3 tensors of a projector inside"));
    CHECK(contains(plain.err, "ollama:NAME"));
  }

  TEST_CASE("a projector inside a model of an architecture that is not known is counted as well") {
    ollamas_store store;
    const std::string blob = store.add("model", 'd', gemma3_with_encoder("qwen25vl"), 1 << 23);
    const outcome o = store.plan();
    CHECK(o.status == 0);
    CHECK(contains(o.out, "projector_weights          0.2 MiB"));
    CHECK(store.plan("", blob).status == 3);
  }

  TEST_CASE("what changes of the engine cost is told with the projector") {
    const files f;
    const outcome o = run("engines " + f.model + " --gpu 3090 -c 8192 --json --mmproj " + f.mmproj);
    REQUIRE(o.status == 0);
    CHECK(contains(o.out, "\"term\":\"projector_weights\""));
  }

  TEST_CASE("its terms are in the budget, and both sizes are told") {
    const files f;
    const outcome o = run(f.model + " --gpu 3090 -c 8192 --mmproj " + f.mmproj);
    CHECK(o.status == 0);
    CHECK(contains(o.out, "projector_weights        884.6 MiB  exact"));  // 927,588,992 bytes
    CHECK(contains(o.out,
                   "vision by qwen3vl_merger: buffer 248.1 MiB at 1,472 x 1,472 (2,116 tokens) "
                   "when loaded,\n  480.3 MiB at 2,048 x 2,048 (4,096 tokens) at most"));
    CHECK_FALSE(contains(o.out, "lies beside"));
    const auto v =
        boost::json::parse(run(f.model + " --gpu 3090 -c 8192 --json -mm " + f.mmproj).out);
    const auto& e = v.at("projector").at("encoders").at(0);
    CHECK(e.at("warmup").at("compute_bytes").to_number<std::uint64_t>() == 260149504);
    CHECK(e.at("largest").at("compute_bytes").to_number<std::uint64_t>() == 503578624);
    CHECK(e.at("basis").as_string() == "exact");
  }

  TEST_CASE("one beside the model is offered") {
    const files f;
    const outcome o = run(f.model + " --gpu 3090 -c 8192");
    CHECK(o.status == 0);
    CHECK(contains(
        o.out, "note: a projector lies beside the model and is not counted: --mmproj " + f.mmproj));
  }

  TEST_CASE(
      "a file that is not here is the catalogue's of the model, or of the model whose shape it "
      "has") {
    const std::pair<std::string, std::string> cases[] = {
        {"Qwen3.6-35B-A3B-UD-Q4_K_XL.gguf --mmproj mmproj-F16.gguf", "Qwen3.6-35B-A3B-F16"},
        {"Qwen3.8-27B-Q4_K_M.gguf --mmproj mmproj-BF16.gguf", "Qwen3.6-27B-BF16"},
        {"Qwen3-VL-8B-Thinking-Q4_K_M.gguf --mmproj mmproj-model-f16.gguf", "Qwen3-VL-8B-F16"},
        {"gemma-4-E4B-it-Q8_0.gguf --mmproj /models/mmproj-F16.gguf", "Gemma-4-E4B-F16"},
        // their text models are Kimi K2's and Qwen3's, which have none
        {"Kimi-K2.6-Q4_K_M.gguf --mmproj mmproj-F16.gguf", "Kimi-K2.5-F16"},
        {"InternVL3_5-8B-Q4_K_M.gguf --mmproj mmproj-BF16.gguf", "InternVL3_5-8B-BF16"},
        // of a text model with the shape of another's, the text model's own name comes first
        {"Qwen2.5-Omni-7B-Q4_K_M.gguf --mmproj mmproj-F16.gguf", "Qwen2.5-Omni-7B-F16"},
    };
    for (const auto& c : cases) {
      CAPTURE(c.first);
      const outcome o = run(c.first + " --gpu 8xh200 -c 4096");
      CHECK(contains(o.out, "no such file; mmproj-" + c.second + " of the catalogue"));
      CHECK(contains(o.out, "projector_weights"));
    }
    CHECK(run("Qwen3-8B-Q4_K_M.gguf --mmproj mmproj-F16.gguf --gpu 3090").status == 3);
  }

  TEST_CASE("models and projectors are not taken for each other") {
    const files f;
    const outcome a = run(f.model + " --gpu 3090 --mmproj " + f.model);
    CHECK(a.status == 3);
    CHECK(contains(a.err, "not a projector: architecture 'qwen35', expected 'clip'"));
    const outcome b = run(f.mmproj + " --gpu 3090");
    CHECK(b.status == 3);
    CHECK(contains(b.err, "a projector and not a model: give it with --mmproj"));
    const outcome c = run("Qwen3-8B --gpu 3090 --mmproj " + f.mmproj);
    CHECK(c.status == 2);
    CHECK(contains(c.err, "gives 5120 values a token, the model takes 4096"));
  }

  TEST_CASE("options of the server") {
    const files f;
    const std::string plan = f.model + " --gpu 2x3090 -c 8192 --json --mmproj " + f.mmproj;
    const auto terms_of = [&](const std::string& more, std::size_t device) {
      return boost::json::serialize(
          boost::json::parse(run(plan + " " + more).out).at("devices").at(device).at("terms"));
    };
    CHECK(contains(terms_of("", 0), "projector_weights"));
    CHECK_FALSE(contains(terms_of("", 1), "projector_weights"));
    CHECK(contains(terms_of("-mmdev CUDA1", 1), "projector_weights"));
    CHECK_FALSE(contains(terms_of("--no-mmproj-offload", 0), "projector_weights"));
    CHECK_FALSE(contains(terms_of("--mmproj-device none", 0), "projector_weights"));
    CHECK_FALSE(contains(terms_of("--no-warmup", 0), "projector_compute"));
    CHECK_FALSE(contains(terms_of("--image-max-tokens 512", 0), "projector_growth"));
    CHECK(run(plan + " -mmdev CUDA7").status == 2);
    CHECK(run(plan + " -mmdev disk").status == 2);
    CHECK(run(plan + " -mmdev Vulkan1").status == 2);
    const outcome amd = run(f.model + " --gpu 2x7900xtx -c 8192 --json -mmdev Vulkan1 --mmproj " +
                            f.mmproj);
    const auto devices = boost::json::parse(amd.out).at("devices");
    CHECK(contains(boost::json::serialize(devices.at(1)), "projector_weights"));
    CHECK_FALSE(contains(boost::json::serialize(devices.at(0)), "projector_weights"));
    CHECK(run("--gpu 3090 --mmproj " + f.mmproj).status == 2);
  }
}
