#include "vrambudget/report/template.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "io/json_text.hpp"
#include "report/lines.hpp"
#include "vrambudget/gguf/printable.hpp"
#include "vrambudget/gguf/utf8.hpp"
#include "vrambudget/report/text.hpp"
#include "vrambudget/version.hpp"

namespace vrambudget {
namespace {

namespace json = boost::json;

/// On one line, with "\n" for a line feed.
std::string shown(std::string_view mark) {
  std::string text;
  for (const char c : mark) text += c == '\n' ? std::string("\\n") : std::string(1, c);
  return text;
}

std::string reasoning_of(const template_reading& r) {
  if (r.think_begins.empty()) return "none";
  std::string text = shown(r.think_begins) + " to ";
  for (std::size_t i = 0; i < r.think_ends.size(); ++i)
    text += (i == 0 ? "" : " or ") + shown(r.think_ends[i]);
  return text;
}

std::string calls_of(const template_reading& r) {
  if (!r.calls) return "in no way that is known";
  std::string text(text_of(*r.calls));
  if (!r.call_begins.empty()) text += ", from " + shown(r.call_begins) + " on";
  return text;
}

std::string size_of(const chat_facts& f, const template_findings& t) {
  const auto n = std::count(f.source.begin(), f.source.end(), '\n');
  std::string text = fmt::format("{} bytes, {} lines", grouped(f.source.size()),
                                 grouped(static_cast<std::uint64_t>(n) + 1));
  if (!t.same_as.empty()) text += fmt::format("; llama.cpp's {}", t.same_as);
  return text;
}

json::value text_or_null(std::string_view text) {
  return text.empty() ? json::value() : json::value(text);
}

}  // namespace

std::string template_lines(std::string_view source) {
  std::string text;
  while (!source.empty()) {
    const std::size_t end = std::min(source.find('\n'), source.size());
    text += gguf::printable(source.substr(0, end), end) + '\n';
    source.remove_prefix(std::min(end + 1, source.size()));
  }
  return text;
}

std::string template_text(const chat_facts& f, const template_findings& t, std::string_view name) {
  std::string text = gguf::printable(name) + '\n';
  const auto row = [&](const char* what, const std::string& value) {
    for (const std::string& line : broken(fmt::format("  {:<14}{}", what, value), 80, 16))
      text += line + '\n';
  };
  if (f.has_template) row("template", size_of(f, t));
  for (const named_template& other : f.others)
    row("beside it",
        fmt::format("{}, {} bytes{}", gguf::printable(other.name, 80), grouped(other.source.size()),
                    other.name == "tool_use" ? ", taken when there are tools" : ""));
  if (!f.source_with_tools().empty()) {
    row("calls", calls_of(t.reading));
    row("read by",
        fmt::format(
            "{}, {}{}", t.reading.parser.empty() ? "what it renders" : t.reading.parser,
            t.reading.format,
            t.reading.tool_format.empty() ? "" : fmt::format(", {}", t.reading.tool_format)));
    row("reasoning", reasoning_of(t.reading));
  }
  if (t.family)
    row("family", fmt::format("{}: {}", t.family->name, text_of(t.family->calls)));
  else if (!f.architecture.empty())
    row("family", "none that is known of " + gguf::printable(f.architecture, 80));
  row("verdict", fmt::format("{}: {}", text_of(t.verdict), t.reason));
  for (const std::string& l : t.lacks) row("lacks", gguf::printable(l));
  return text;
}

std::string template_json(const chat_facts& f, const template_findings& t, std::string_view name) {
  json::object o{
      {"schema", json_schema},          {"vrambudget", version},
      {"name", gguf::valid_utf8(name)}, {"architecture", gguf::valid_utf8(f.architecture)},
      {"verdict", text_of(t.verdict)},  {"reason", t.reason}};
  const template_reading& r = t.reading;
  if (!f.source_with_tools().empty()) {
    o["calls"] = r.calls ? json::value(text_of(*r.calls)) : json::value();
    o["call_begins"] = text_or_null(r.call_begins);
    o["parser"] = text_or_null(r.parser);
    o["format"] = r.format;
    o["tool_format"] = text_or_null(r.tool_format);
    o["think_begins"] = text_or_null(r.think_begins);
    o["think_ends"] = json::array(r.think_ends.begin(), r.think_ends.end());
    o["same_as"] = text_or_null(t.same_as);
  }
  if (t.family) o["family"] = {{"name", t.family->name}, {"calls", text_of(t.family->calls)}};
  json::array lacks;
  for (const std::string& l : t.lacks) lacks.emplace_back(gguf::valid_utf8(l));
  o["lacks"] = std::move(lacks);
  o["is_utf8"] = gguf::is_utf8(f.source);
  if (f.has_template) o["template"] = gguf::valid_utf8(f.source);
  json::object others;
  for (const named_template& other : f.others)
    others[gguf::valid_utf8(other.name)] = gguf::valid_utf8(other.source);
  if (!others.empty()) o["other_templates"] = std::move(others);
  return json_text(o) + "\n";
}

}  // namespace vrambudget
