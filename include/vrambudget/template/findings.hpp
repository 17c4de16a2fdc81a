// Whether a file's chat template is one that its model was trained with, and what it lacks.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "vrambudget/template/chat_facts.hpp"
#include "vrambudget/template/family.hpp"
#include "vrambudget/template/reading.hpp"

namespace vrambudget {

enum class template_verdict {
  match,          ///< it writes calls as the family does
  other_dialect,  ///< it writes them in another way
  foreign,        ///< its marks of roles are no tokens of the vocabulary
  no_tools,       ///< it writes none, and the family does
  no_template,    ///< the file has none
  unknown         ///< the family or the shape is not known
};

/// "match", "other dialect", "foreign", "no tools", "no template", "unknown".
[[nodiscard]] std::string_view text_of(template_verdict v);

struct template_findings {
  template_reading reading;  ///< of the template that is taken when there are tools
  std::string_view same_as;  ///< llama.cpp's copy of the same template; empty: it has none
  const family_row* family = nullptr;  ///< nullptr: not known
  template_verdict verdict = template_verdict::unknown;
  std::string reason;              ///< of the verdict, a sentence
  std::vector<std::string> lacks;  ///< sentences
};

[[nodiscard]] template_findings examine_template(const chat_facts& f);

/// llama.cpp's copy of a template, equal but for a line feed at the end: "Qwen3.5-4B"; empty: it has none.
[[nodiscard]] std::string_view known_template_name(std::string_view source);

}  // namespace vrambudget
