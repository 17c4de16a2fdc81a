#include "vrambudget/template/chat_facts.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "template/known_marks.hpp"

namespace vrambudget {
namespace {

std::string text_at(const gguf::header& h, std::string_view key) {
  const gguf::value* v = h.find(key);
  const auto text = v ? v->string() : std::nullopt;
  return std::string(text.value_or(std::string_view()));
}

void read_vocabulary(const gguf::header& h, chat_facts& f) {
  const gguf::value* tokens = h.find("tokenizer.ggml.tokens");
  if (!tokens || tokens->element_type() != gguf::value_type::string) return;
  f.has_vocabulary = true;
  const auto id_of = [&](std::string_view key) {
    const gguf::value* v = h.find(key);
    return v ? v->u32() : std::nullopt;
  };
  const auto eos = id_of("tokenizer.ggml.eos_token_id"), eot = id_of("tokenizer.ggml.eot_token_id");
  std::uint32_t id = 0;
  tokens->for_each_string([&](std::string_view token) {
    if (id == eos) f.eos = token;
    if (id == eot) f.eot = token;
    ++id;
    if (token.size() < 3 || (token.front() != '<' && token.front() != '[')) return;
    for (const detail::known_mark& m : detail::known_marks)
      if (m.text == token) f.marks.emplace_back(token);
  });
}

}  // namespace

chat_facts chat_facts_of(const gguf::header& h) {
  chat_facts f;
  f.architecture = text_at(h, "general.architecture");
  f.name = text_at(h, "general.name");
  for (const char* key :
       {"general.name", "general.basename", "general.finetune", "general.base_model.0.name"})
    if (const std::string text = text_at(h, key); !text.empty())
      f.names += (f.names.empty() ? "" : " | ") + text;
  constexpr std::string_view before_name = ".";
  for (const gguf::entry& e : h.metadata()) {
    const auto text = e.v.string();
    if (!text || !e.key.starts_with(chat_template_key)) continue;
    const std::string_view rest = e.key.substr(chat_template_key.size());
    if (rest.empty()) {
      f.has_template = true;
      f.source = *text;
    } else if (rest.starts_with(before_name)) {
      f.others.push_back({std::string(rest.substr(before_name.size())), std::string(*text)});
    }
  }
  read_vocabulary(h, f);
  return f;
}

}  // namespace vrambudget
