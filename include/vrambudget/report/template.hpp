// Chat templates as text and JSON.
#pragma once

#include <string>
#include <string_view>

#include "vrambudget/io/header_change.hpp"
#include "vrambudget/template/chat_facts.hpp"
#include "vrambudget/template/findings.hpp"

namespace vrambudget {

/// What was found, a line each, for a file that is called `name`; not the template itself.
[[nodiscard]] std::string template_text(const chat_facts& f, const template_findings& t,
                                        std::string_view name);

/// The same and the template, schema 1; text that is no UTF-8 has U+FFFD instead.
[[nodiscard]] std::string template_json(const chat_facts& f, const template_findings& t,
                                        std::string_view name);

/// A template's lines, printable.
[[nodiscard]] std::string template_lines(std::string_view source);

/// What was done to a file, in a line or a few; as JSON, schema 1.
[[nodiscard]] std::string change_text(const header_change& c);
[[nodiscard]] std::string change_json(const header_change& c);

}  // namespace vrambudget
