// Ollama: a Modelfile's parameters, the server's environment, and `ollama run`.
//
// Source: ollama v0.17.4: parser/parser.go, api/types.go: Runner, envconfig/config.go, server/sched.go: load,
// docs/context-length.mdx
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <iterator>

#include "request/pasted/line_text.hpp"
#include "request/pasted/server_line.hpp"
#include "vrambudget/hub/hub.hpp"

namespace vrambudget::request::pasted {
namespace {

/// What a Modelfile and the environment say together; empty: nothing is said.
struct ollama_settings {
  std::string model = {}, mmproj = {};
  std::string num_ctx = {}, num_batch = {}, num_gpu = {}, main_gpu = {}, use_mmap = {};
  std::string adapter = {};
};

std::string as_model(const std::string& name) {
  const std::string hub = hub_name_of_page(name);
  return hub.empty() ? name : hub;
}

std::uint64_t number(const std::string& text, std::uint64_t otherwise) {
  std::uint64_t n = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), n);
  return failed == std::errc{} && end == text.data() + text.size() ? n : otherwise;
}

server_line line_of(ollama_settings s, const variables& around) {
  server_line line;
  const auto add = [&](words more) { line.args.insert(line.args.end(), more.begin(), more.end()); };
  if (!s.model.empty()) add({"-m", as_model(s.model)});
  if (!s.mmproj.empty()) add({"--mmproj", s.mmproj});
  const std::uint64_t slots = std::clamp<std::uint64_t>(
      number(value_of(around, "OLLAMA_NUM_PARALLEL").value_or("1"), 1), 1, 256);
  if (s.num_ctx.empty()) s.num_ctx = value_of(around, "OLLAMA_CONTEXT_LENGTH").value_or("");
  // each slot has a cache of its own
  add({"-np", std::to_string(slots)});
  if (slots > 1) add({"-no-kvu"});
  if (const std::uint64_t n = std::min<std::uint64_t>(number(s.num_ctx, 0), 1 << 30); n > 0)
    add({"-c", std::to_string(n * slots)});
  else
    line.notes.emplace_back(
        "no num_ctx: Ollama takes 4,096 tokens with less than 24 GiB of GPU memory, 32,768 with "
        "less "
        "than 48 GiB, else 262,144");
  const std::string batch = s.num_batch.empty() ? "512" : s.num_batch;
  add({"-b", batch, "-ub", batch});
  if (!s.num_gpu.empty() && s.num_gpu != "-1") add({"-ngl", s.num_gpu});
  if (s.num_gpu.empty() || s.num_gpu == "-1")
    line.notes.emplace_back(
        "no num_gpu: Ollama takes as many layers as it reckons to fit; planned are all");
  if (!s.main_gpu.empty()) add({"-mg", s.main_gpu});
  if (means_off(s.use_mmap)) add({"--no-mmap"});
  if (s.adapter.ends_with(".gguf"))
    add({"--lora", s.adapter});
  else if (!s.adapter.empty())
    line.notes.emplace_back("ADAPTER: only a GGUF file is counted, and this is none");
  if (const auto fa = value_of(around, "OLLAMA_FLASH_ATTENTION"))
    add({"-fa", means_off(*fa) ? "off" : "on"});
  if (const auto type = value_of(around, "OLLAMA_KV_CACHE_TYPE"); type && !type->empty())
    add({"-ctk", *type, "-ctv", *type});
  // in bytes
  if (const auto kept = value_of(around, "OLLAMA_GPU_OVERHEAD"); kept && number(*kept, 0) > 0)
    add({"--reserve", *kept});
  const server_line devices = of_llama_variables(around);
  line.notes.insert(line.notes.end(), devices.notes.begin(), devices.notes.end());
  return line;
}

/// The first word of a line in lower case, which is cut off.
std::string take_word(std::string_view& line) {
  const std::size_t end = std::min(line.find_first_of(" \t"), line.size());
  std::string word(line.substr(0, end));
  std::transform(word.begin(), word.end(), word.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  line = trimmed(line.substr(end));
  return word;
}

/// A projector is a second file, by its name.
bool is_projector_name(std::string_view path) {
  return path.find("mmproj") != path.npos || path.find("projector") != path.npos;
}

void take_parameter(ollama_settings& s, std::string_view rest) {
  const std::string name = take_word(rest);
  const std::pair<std::string_view, std::string*> all[] = {{"num_ctx", &s.num_ctx},
                                                           {"num_batch", &s.num_batch},
                                                           {"num_gpu", &s.num_gpu},
                                                           {"main_gpu", &s.main_gpu},
                                                           {"use_mmap", &s.use_mmap}};
  for (const auto& [known, to] : all)
    if (known == name) *to = rest;
}

}  // namespace

server_line of_ollama(const words& args, const variables& around) {
  ollama_settings s;
  const auto run = std::find(args.begin(), args.end(), "run");
  for (auto i = run; i != args.end() && s.model.empty(); ++i)
    if (i != run && !i->starts_with('-')) s.model = *i;
  return line_of(std::move(s), around);
}

server_line of_modelfile(std::string_view text, const variables& around) {
  ollama_settings s;
  bool is_in_text = false;  // between """ and """
  while (!text.empty()) {
    std::string_view line = take_line(text);
    std::size_t n_quote = 0;
    for (std::size_t at = 0; (at = line.find("\"\"\"", at)) != line.npos; at += 3) ++n_quote;
    const bool was_in_text = is_in_text;
    is_in_text = is_in_text != (n_quote % 2 == 1);
    if (was_in_text || line.starts_with('#')) continue;
    const std::string command = take_word(line);
    if (command == "from") {
      // of several files the projector is one
      std::string& to = is_projector_name(line) ? s.mmproj : s.model;
      if (to.empty()) to = line;
    } else if (command == "parameter") {
      take_parameter(s, line);
    } else if (command == "adapter") {
      s.adapter = line;
    }
  }
  return line_of(std::move(s), around);
}

}  // namespace vrambudget::request::pasted
