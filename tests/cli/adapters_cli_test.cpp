// LoRA adapters and control vectors as a user meets them.
#include <boost/json.hpp>

#include "io/temporary_folder.hpp"
#include "program.hpp"
#include "vrambudget/gguf/writer.hpp"

using namespace vrambudget;

namespace {

/// A file of the right size with nothing in its data.
std::string write_file(const temporary_folder& in, const std::string& name, const gguf::writer& w,
                       std::uint64_t data) {
  const auto header = w.finish();
  std::string path = in.write(name, {reinterpret_cast<const char*>(header.data()), header.size()});
  fs::resize_file(path, header.size() + data);
  return path;
}

/// For one tensor of Qwen3 8B, of rank 16 in f16: A and B of 4096 * 16 * 2 = 131,072 bytes each.
struct files {
  temporary_folder folder;
  std::string lora = write_lora("lora.gguf", "qwen3");
  std::string vector = [&] {
    gguf::writer w;
    w.add("general.architecture", std::string_view("controlvector"));
    w.add_tensor("direction.1", ggml_type::f32, {4096});
    return write_file(folder, "vector.gguf", w, 4 * 4096);
  }();

  [[nodiscard]] std::string write_lora(const char* name, std::string_view architecture) const {
    gguf::writer w;
    w.add("general.type", std::string_view("adapter"));
    w.add("general.architecture", architecture);
    w.add("adapter.type", std::string_view("lora"));
    w.add_tensor("blk.0.attn_q.weight.lora_a", ggml_type::f16, {4096, 16});
    w.add_tensor("blk.0.attn_q.weight.lora_b", ggml_type::f16, {16, 4096});
    return write_file(folder, name, w, 2 * 131072);
  }
};

const std::string model = "Qwen3-8B-Q4_K_M --gpu 3090 -c 8192 -np 1 ";

std::uint64_t adapters_on_card(const outcome& o) {
  CAPTURE(o.err);
  REQUIRE(o.status == 0);
  const boost::json::value plan = boost::json::parse(o.out);
  for (const boost::json::value& t : plan.at("devices").at(0).at("terms").as_array())
    if (t.at("term").as_string() == "adapters") return t.at("bytes").to_number<std::uint64_t>();
  return 0;
}

}  // namespace

TEST_SUITE("adapters") {
  TEST_CASE("they are a term of the card, told apart in JSON") {
    const files f;
    CHECK(adapters_on_card(run(model + "--json --lora " + f.lora)) == 262144);
    CHECK(adapters_on_card(run(model + "--json --lora " + f.lora + " --lora " + f.lora)) == 524288);
    const outcome scaled = run(model + "--json --lora-scaled " + f.lora + ":0.5");
    CHECK(adapters_on_card(scaled) == 262144);
    const boost::json::value told = boost::json::parse(scaled.out).at("adapters").at("loras").at(0);
    CHECK(told.at("path").as_string() == f.lora);
    CHECK(told.at("scale").as_double() == 0.5);
    CHECK(told.at("pairs").as_int64() == 1);
    // 36 layers but the first, 16 KiB each
    CHECK(adapters_on_card(run(model + "--json --control-vector " + f.vector)) == 35 * 16384);
    CHECK(run(model + "--lora " + f.lora + " --explain").out.find("1 pairs of LoRA matrices") !=
          std::string::npos);
  }

  TEST_CASE("a line that is written has them") {
    const files f;
    const outcome line = run(model + "--emit llama-server --lora " + f.lora + "," + f.lora +
                             ":0.5 --lora-init-without-apply --control-vector " + f.vector);
    CHECK(line.status == 0);
    CHECK(line.out.find(" --lora " + f.lora + " --lora-scaled " + f.lora +
                        ":0.5 --control-vector " + f.vector) != std::string::npos);
    CHECK(line.out.find(" --lora-init-without-apply") != std::string::npos);
  }

  TEST_CASE("of a pasted run those that are not here are left out, and a note says so") {
    const files f;
    const std::string text =
        f.folder.write("run.txt", "llama-server -m Qwen3-8B-Q4_K_M -c 8192 --lora " + f.lora +
                                      " --lora gone.gguf");
    const outcome o = run("paste " + text + " --gpu 3090");
    CHECK(o.status == 0);
    CHECK(o.out.find("note: --lora gone.gguf: not here, and not counted") != std::string::npos);
    CHECK(o.out.find("  l adapters  ") != std::string::npos);
  }

  TEST_CASE("one that is not here, or for another model, is bad input; no model is wrong use") {
    const files f;
    const outcome gone = run(model + "--lora " + f.lora + "x");
    CHECK(gone.status == 3);
    const outcome other = run(model + "--lora " + f.write_lora("other.gguf", "llama"));
    CHECK(other.status == 2);
    CHECK(other.err.find("an adapter for architecture 'llama', and the model's is 'qwen3'") !=
          std::string::npos);
    const outcome vector = run(model + "--lora " + f.vector);
    CHECK(vector.status == 3);
    CHECK(vector.err.find("key 'general.type' is '', expected 'adapter'") != std::string::npos);
    const outcome alone = run(f.lora + " --gpu 3090");
    CHECK(alone.status == 3);
    CHECK(alone.err.find("no model, but adapter (LoRA) of a model, for --lora") !=
          std::string::npos);
    CHECK(run("--gpu 3090 -c 8192 --lora " + f.lora).status == 2);
  }

  TEST_CASE("what is not about one model says why it does not count them") {
    const files f;
    const outcome together =
        run("together Qwen3-8B-Q4_K_M Qwen3-0.6B-Q8_0 --gpu 3090 --lora " + f.lora);
    CHECK(together.status == 2);
    CHECK(together.err.find("--reserve keeps free here") != std::string::npos);
    const outcome ranking = run("--gpu 3090 -c 8192 --control-vector " + f.vector);
    CHECK(ranking.status == 2);
    CHECK(ranking.err.find("a ranking looks at all") != std::string::npos);
  }

  TEST_CASE("check counts those of the log's command line, or that are given") {
    const files f;
    const auto log_with = [&](const std::string& lora, const std::string& size) {
      return f.folder.write(
          "run.log",
          "llama-server -m Qwen3-8B-Q4_K_M.gguf -c 8192 -np 1 --lora " + lora +
              "\nload_tensors:        CUDA0 model buffer size =  4455.34 MiB\n"
              "print_info: general.name     = Qwen3 8B\n"
              "llama_adapter_lora_init_impl: loading lora adapter from '" + lora + "' ...\n"
              "llama_adapter_lora_init_impl:      CUDA0 LoRA buffer size = " + size + " MiB\n"
              "llama_context: n_ctx         = 8192\n");
    };
    const auto line_of = [&](const std::string& log, const std::string& more = {}) {
      const outcome o = run("check " + log + " Qwen3-8B-Q4_K_M --gpu 3090 --json" + more);
      CAPTURE(o.out);
      CAPTURE(o.err);
      const boost::json::value all = boost::json::parse(o.out);
      for (const boost::json::value& l : all.at("contexts").at(0).at("lines").as_array())
        if (l.at("term").as_string() == "adapters") return l;
      return boost::json::value();
    };
    // 262,144 bytes
    CHECK(line_of(log_with(f.lora, "0.25")).at("verdict").as_string() == "equal");
    CHECK(line_of(log_with(f.lora, "0.50")).at("verdict").as_string() == "differs");
    const boost::json::value gone = line_of(log_with("gone.gguf", "0.25"));
    CHECK(gone.at("verdict").as_string() == "not comparable");
    CHECK(gone.at("why").as_string().find("--lora FILE counts them") != std::string::npos);
    CHECK(line_of(log_with("gone.gguf", "0.25"), " --lora " + f.lora)
              .at("verdict")
              .as_string() == "equal");
  }
}
