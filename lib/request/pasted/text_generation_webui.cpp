// text-generation-webui: the options of its server.py that its loader hands on to llama-server, or once to
// llama-cpp-python.
//
// Source: oobabooga/text-generation-webui, modules/shared.py, modules/llama_cpp_server.py
#include <algorithm>

#include "request/pasted/settings.hpp"

namespace vrambudget::request::pasted {
namespace {

class webui_reader : settings_reader {
 public:
  using settings_reader::settings_reader;

  server_line read() {
    add_text("model", "-m");
    add({"-np", "1"});
    add_first({"ctx_size", "n_ctx"}, "-c");
    add_first({"batch_size", "n_batch"}, "-b");
    add_number("ubatch_size", "-ub");
    add_first({"gpu_layers", "n_gpu_layers"}, "-ngl");
    add_text("tensor_split", "-ts");
    if (is_on("row_split")) add({"-sm", "row"});
    if (is_on("no_kv_offload") || is_on("no_offload_kqv")) add({"-nkvo"});
    if (is_on("flash_attn")) add({"-fa", "on"});
    if (const std::string* v = first("cache_type")) {
      const std::string type = *v == "fp16" ? "f16" : *v;
      add({"-ctk", type, "-ctv", type});
    }
    add_switch("no_mmap", "--no-mmap");
    add_switch("mlock", "--mlock");
    add_switch("cpu_moe", "-cmoe");
    add_text("mmproj", "--mmproj");
    add_text("model_draft", "-md");
    add_number("gpu_layers_draft", "-ngld");
    if (const std::string* loader = first("loader"); loader && loader->find("cpp") == loader->npos)
      note("the loader " + *loader + " is none of llama.cpp: planned is llama.cpp in its place");
    if (first("extra_flags")) note("--extra-flags: not read");
    return std::move(line_);
  }

 private:
  void add_first(std::initializer_list<const char*> keys, const char* option) {
    for (const char* key : keys)
      if (first(key)) return add_number(key, option);
  }
};

}  // namespace

server_line of_text_generation_webui(const words& args) {
  const settings all = settings_of(args, "", [](std::string key) {
    std::replace(key.begin(), key.end(), '-', '_');
    return key;
  });
  return webui_reader(all).read();
}

}  // namespace vrambudget::request::pasted
