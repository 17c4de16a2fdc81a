// llama-cpp-python: its class Llama in code, and its server's command line, which has the same names.
//
// Source: abetlen/llama-cpp-python 0.3.16, llama_cpp/llama.py: Llama.__init__, llama_cpp/server/settings.py;
// llama.cpp, src/llama-context.cpp: llama_context_default_params
#include "request/pasted/llama_cpp_python.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "request/pasted/python.hpp"
#include "request/pasted/settings.hpp"
#include "vrambudget/ggml/type.hpp"

namespace vrambudget::request::pasted {
namespace {

class llama_reader : settings_reader {
 public:
  using settings_reader::settings_reader;

  /// `n_ctx`: what it is where that is not told.
  server_line read(std::int64_t n_ctx) {
    add_model();
    n_ctx = number("n_ctx").value_or(n_ctx);
    add({"-np", "1", "-c", std::to_string(n_ctx)});
    std::int64_t n_batch = number("n_batch").value_or(512);
    if (n_ctx > 0) n_batch = std::min(n_batch, n_ctx);
    add({"-b", std::to_string(n_batch), "-ub",
         std::to_string(std::min(n_batch, number("n_ubatch").value_or(512)))});
    add({"-fa", is_on("flash_attn") ? "on" : "off"});
    add_type("type_k", "-ctk");
    add_type("type_v", "-ctv");
    if (!is_off("swa_full")) add({"--swa-full"});
    add_placement();
    add_switch("embedding", "--embeddings");
    add_text("clip_model_path", "--mmproj");
    add_text("lora_path", "--lora");
    if (is_off("use_mmap") || first("lora_path")) add({"--no-mmap"});
    add_switch("use_mlock", "--mlock");
    return std::move(line_);
  }

 private:
  void add_model() {
    for (const char* key : {"model_path", "model"})
      if (const std::string* v = first(key)) return add({"-m", *v});
    const std::string* const repo = first("repo_id");
    if (!repo) return;
    const std::string* const file = first("filename");
    if (!file) return add({"-m", "hf:" + *repo});
    if (file->find('*') == file->npos) return add({"-m", "hf:" + *repo + "/" + *file});
    // "*Q8_0.gguf"
    std::string type = *file;
    std::erase(type, '*');
    if (type.ends_with(".gguf")) type.resize(type.size() - 5);
    const std::size_t word = type.find_first_not_of("-_.");
    add({"-m", word == type.npos ? "hf:" + *repo : "hf:" + *repo + ":" + type.substr(word)});
  }

  /// A number of ggml's, or "llama_cpp.GGML_TYPE_Q8_0".
  void add_type(const char* key, const char* option) {
    const std::string* v = first(key);
    if (!v) return;
    if (const auto n = number(key)) {
      const auto known = *n < 0 ? std::nullopt : type_from_id(static_cast<std::uint32_t>(*n));
      if (!known) return note(fmt::format("{}={}: no type has that number", key, *n));
      return add({option, lower(traits(*known).name)});
    }
    std::string name = v->substr(v->find("TYPE_") == v->npos ? 0 : v->find("TYPE_") + 5);
    add({option, lower(name)});
  }
  static std::string lower(std::string_view name) {
    std::string out(name);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return out;
  }

  void add_placement() {
    const auto n = number("n_gpu_layers");
    if (!first("n_gpu_layers"))
      note("no n_gpu_layers: llama-cpp-python keeps all layers on the host");
    if (!n || *n >= 0) add({"-ngl", std::to_string(n.value_or(0))});
    if (n && *n < 0) add({"-ngl", "all"});
    constexpr const char* modes[] = {"none", "layer", "row"};
    if (const auto mode = number("split_mode"); mode && *mode >= 0 && *mode < 3)
      add({"-sm", modes[*mode]});
    add_number("main_gpu", "-mg");
    if (const words* shares = values("tensor_split"))
      add({"-ts", fmt::format("{}", fmt::join(*shares, ","))});
    if (is_off("offload_kqv")) add({"-nkvo"});
    if (is_off("op_offload")) add({"--no-op-offload"});
  }
};

}  // namespace

std::vector<python_call> python_calls_in(std::string_view text) {
  constexpr std::size_t most_tries = 1 << 10, most_calls = 1 << 8;
  constexpr std::size_t most_bytes = 1 << 14;  // of a call, and of what stands before it
  constexpr std::int64_t n_ctx_of_class = 512;
  constexpr std::string_view name = "Llama";
  std::vector<python_call> found;
  std::size_t n_tries = 0;
  for (std::size_t at = text.find(name); at != text.npos && found.size() < most_calls;
       at = text.find(name, at + 1)) {
    if (at > 0 && is_python_name(text[at - 1])) continue;
    std::string_view rest = text.substr(at + name.size(), most_bytes);
    constexpr std::string_view fetches = ".from_pretrained";
    if (rest.starts_with(fetches)) rest.remove_prefix(fetches.size());
    if (!rest.starts_with('(')) continue;
    if (++n_tries > most_tries) break;
    auto all = python_arguments(rest.substr(1), "model_path");
    if (!all) continue;
    const std::size_t begin = at - std::min(at, most_bytes);
    look_up_names(*all, text.substr(begin, at - begin));
    // prose has such brackets as well
    const auto file = all->find("model_path");
    const bool names_file = file != all->end() && file->second[0].ends_with(".gguf");
    if (!all->contains("repo_id") && !names_file && (file == all->end() || all->size() == 1))
      continue;
    found.push_back({1 + static_cast<std::size_t>(std::count(
                             text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n')),
                     llama_reader(*all).read(n_ctx_of_class)});
  }
  return found;
}

server_line of_llama_cpp_server(const words& args) {
  constexpr std::int64_t n_ctx_of_server = 2048;
  settings all = settings_of(args, "", [](std::string key) { return key; });
  for (auto& [name, values] : all)
    for (std::string& v : values)
      if (v == "True" || v == "False") v = v == "True" ? "true" : "false";
  return llama_reader(all).read(n_ctx_of_server);
}

}  // namespace vrambudget::request::pasted
