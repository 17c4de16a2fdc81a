// What a header says about chatting: its templates, whose model it is, which marks its vocabulary has.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "vrambudget/gguf/header.hpp"

namespace vrambudget {

inline constexpr std::string_view chat_template_key = "tokenizer.chat_template";

/// A template beside the first one: `tokenizer.chat_template.NAME`.
struct named_template {
  std::string name, source;
};

struct chat_facts {
  std::string architecture;  ///< `general.architecture`
  std::string name;          ///< `general.name`, with those of what it was made from for families
  std::string
      names;  ///< it, `general.basename`, `general.finetune` and `general.base_model.0.name`
  bool has_template = false;
  std::string source;                  ///< the template
  std::vector<named_template> others;  ///< in file order
  bool has_vocabulary = false;         ///< `tokenizer.ggml.tokens`
  std::vector<std::string> marks;      ///< tokens of it that templates are known to write
  std::string eos, eot;  ///< the tokens that end a text and an answer; empty: not told

  /// The template that is taken when there are tools: `tool_use` where there is one.
  [[nodiscard]] std::string_view source_with_tools() const {
    for (const named_template& t : others)
      if (t.name == "tool_use") return t.source;
    return source;
  }
};

/// Of a model's first header. What has another type than the engine wants counts as absent.
/// Source: llama.cpp, src/llama-model.cpp: llama_model_chat_template; common/chat.cpp: common_chat_templates_init
[[nodiscard]] chat_facts chat_facts_of(const gguf::header& h);

}  // namespace vrambudget
