// llama-cpp-python: its class Llama in code, and its server's command line, which has the same names.
//
// Source: abetlen/llama-cpp-python 0.3.16, llama_cpp/llama.py: Llama.__init__, llama_cpp/server/settings.py;
// llama.cpp, src/llama-context.cpp: llama_context_default_params
#include "request/pasted/llama_cpp_python.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <optional>

#include "request/pasted/settings.hpp"
#include "vrambudget/ggml/type.hpp"

namespace vrambudget::request::pasted {
namespace {

bool is_name(char c) { return c == '_' || std::isalnum(static_cast<unsigned char>(c)); }

/// Values of a call and of assignments: literals, lists of them, and names.
class python_reader {
 public:
  python_reader(std::string_view text, std::size_t at) : text_(text), at_(at) {}

  /// What stands between a call's brackets; what has no name is `first`'s. Nothing: no call is there, or it has no end.
  std::optional<settings> arguments(const std::string& first) {
    settings all;
    skip_blanks();
    while (now() != ')') {
      if (now() == '\0' || all.size() > most_values) return std::nullopt;
      std::string name = first;
      const std::size_t before = at_;
      if (const std::string_view word = take_name(); !word.empty()) {
        skip_blanks();
        if (now() == '=' && next() != '=') {
          name = word;
          ++at_;
        } else {
          at_ = before;
        }
      }
      if (const auto v = value(); v && !v->empty()) all[name] = *v;
      skip_rest();
      if (now() == ',') ++at_;
      skip_blanks();
    }
    return all;
  }

  /// A literal, a list of such or a name; nothing: None or something else.
  std::optional<words> value() {
    skip_blanks();
    if (now() == '[' || now() == '(') return list();
    const std::size_t before = at_;
    const std::string_view prefix = take_name();
    if ((now() == '"' || now() == '\'') && prefix.size() <= 2) return words{text()};
    at_ = before;
    std::string word;
    while (is_name(now()) || now() == '.' || now() == '-' || now() == '+') word += text_[at_++];
    if (word.empty() || word == "None") return std::nullopt;
    if (word == "True") return words{"true"};
    if (word == "False") return words{"false"};
    return words{word};
  }

 private:
  static constexpr std::size_t most_values = 64, most_nested = 32;

  [[nodiscard]] char now() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  [[nodiscard]] char next() const { return at_ + 1 < text_.size() ? text_[at_ + 1] : '\0'; }

  void skip_blanks() {
    while (at_ < text_.size()) {
      if (std::isspace(static_cast<unsigned char>(now())))
        ++at_;
      else if (now() == '#')
        at_ = std::min(text_.find('\n', at_), text_.size());
      else
        return;
    }
  }
  std::string_view take_name() {
    const std::size_t before = at_;
    while (is_name(now())) ++at_;
    return text_.substr(before, at_ - before);
  }
  std::string text() {
    std::string out;
    const char quote = text_[at_++];
    while (at_ < text_.size() && now() != quote && now() != '\n') {
      if (now() == '\\' && (next() == quote || next() == '\\')) ++at_;
      out += text_[at_++];
    }
    ++at_;
    return out;
  }
  words list() {
    words all;
    ++at_;
    skip_blanks();
    while (now() != '\0' && now() != ']' && now() != ')' && all.size() < most_values) {
      if (const auto v = value(); v && v->size() == 1) all.push_back(v->front());
      skip_rest();
      if (now() == ',') ++at_;
      skip_blanks();
    }
    if (now() != '\0') ++at_;
    return all;
  }
  /// To what ends a value, past all that is in brackets or quotes of its own.
  void skip_rest() {
    for (std::size_t depth = 0; at_ < text_.size(); ++at_) {
      const char c = now();
      if (depth == 0 && (c == ',' || c == ')' || c == ']')) return;
      if (c == '"' || c == '\'') {
        (void)text();
        --at_;
      } else if (c == '(' || c == '[' || c == '{') {
        if (++depth > most_nested) at_ = text_.size() - 1;
      } else if ((c == ')' || c == ']' || c == '}') && depth > 0) {
        --depth;
      }
    }
  }

  std::string_view text_;
  std::size_t at_;
};

/// What a name is set to last, if that is a literal.
std::optional<words> assigned(std::string_view text, std::string_view name) {
  std::optional<words> last;
  for (std::size_t at = text.find(name); at != text.npos; at = text.find(name, at + 1)) {
    const std::size_t after = text.find_first_not_of(" \t", at + name.size());
    if ((at > 0 && (is_name(text[at - 1]) || text[at - 1] == '.')) || after == text.npos ||
        text[after] != '=' || text.substr(after).starts_with("=="))
      continue;
    const std::size_t value_at = text.find_first_not_of(" \t", after + 1);
    if (value_at == text.npos) continue;
    const char begins = text[value_at];
    if (begins == '"' || begins == '\'' || begins == '-' ||
        std::isdigit(static_cast<unsigned char>(begins)))
      last = python_reader(text, value_at).value();
  }
  return last;
}

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

/// Names that were assigned give way to what they stand for.
void look_up(settings& all, std::string_view text) {
  for (auto& [key, values] : all)
    if (values.size() == 1 && !values[0].empty() &&
        std::all_of(values[0].begin(), values[0].end(), is_name) &&
        !std::isdigit(static_cast<unsigned char>(values[0][0])))
      if (const auto v = assigned(text, values[0])) values = *v;
}

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
    if (at > 0 && is_name(text[at - 1])) continue;
    std::string_view rest = text.substr(at + name.size(), most_bytes);
    constexpr std::string_view fetches = ".from_pretrained";
    if (rest.starts_with(fetches)) rest.remove_prefix(fetches.size());
    if (!rest.starts_with('(')) continue;
    if (++n_tries > most_tries) break;
    auto all = python_reader(rest, 1).arguments("model_path");
    if (!all) continue;
    const std::size_t begin = at - std::min(at, most_bytes);
    look_up(*all, text.substr(begin, at - begin));
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
  for (auto& [name, values] : all) {
    if (values.empty()) values = {"true"};
    for (std::string& v : values)
      if (v == "True" || v == "False") v = v == "True" ? "true" : "false";
  }
  return llama_reader(all).read(n_ctx_of_server);
}

}  // namespace vrambudget::request::pasted
