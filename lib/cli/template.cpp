// `vrambudget template`: a file's chat template, what it makes of tools, and how it differs from another.
#include "vrambudget/report/template.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <memory>

#include "cli.hpp"
#include "input_text.hpp"
#include "inputs.hpp"
#include "options.hpp"
#include "vrambudget/gguf/utf8.hpp"
#include "vrambudget/report/line_diff.hpp"
#include "vrambudget/template/chat_facts.hpp"
#include "vrambudget/version.hpp"

namespace vrambudget::cli {
namespace {

namespace json = boost::json;

struct template_request {
  plan_request q;
  std::string other;
  bool text = false;
};

/// Whether it is a file that is no GGUF, and so a template by itself.
bool is_template_file(const std::string& typed) {
  std::error_code ignored;
  if (typed == "-") return true;
  if (!std::filesystem::is_regular_file(typed, ignored)) return false;
  std::ifstream in(typed, std::ios::binary);
  std::string magic(4, '\0');
  in.read(magic.data(), 4);
  return in.is_open() && magic != "GGUF";
}

std::string template_file_or_fail(const std::string& path) {
  constexpr std::size_t most = std::size_t{64} << 20;
  std::string source;
  read_text(path, [&](std::string_view piece) {
    source += piece;
    return source.size() <= most;
  });
  if (source.size() > most)
    throw failure{bad_input, path + ": more than 64 MiB, and so no template"};
  if (const std::size_t at = gguf::utf8_extent(source); at < source.size())
    throw failure{bad_input, fmt::format("{}: byte {}: no UTF-8, and so no template", path, at)};
  return source;
}

chat_facts facts_or_fail(model_reader& reader, const std::string& typed) {
  chat_facts facts;
  if (is_template_file(typed)) {
    facts.source = template_file_or_fail(typed);
    facts.has_template = true;
    return facts;
  }
  if (const auto ok = reader.check(typed); !ok) throw failure{usage, ok.error().message};
  const auto looked = reader.look_at(typed, [&](const looked_at& file) -> result<void> {
    facts = chat_facts_of(file.headers.front());
    return {};
  });
  if (!looked) throw failure{bad_input, looked.error().message};
  return facts;
}

int print_difference(const std::string& a, const std::string& b, bool as_json) {
  const std::string text = diff_text(a, b);
  if (as_json) {
    json::array lines;
    for (const diff_line& l : line_diff(a, b))
      if (l.mark != ' ') lines.emplace_back(l.mark + gguf::valid_utf8(l.text));
    fmt::print("{}\n", json::serialize(json::object{{"schema", json_schema},
                                                    {"vrambudget", version},
                                                    {"same", a == b},
                                                    {"lines", std::move(lines)}}));
  } else if (a == b) {
    fmt::print("the templates are the same\n");
  } else {
    fmt::print("{}", text.empty() ? "only the line feed at the end differs\n" : text);
  }
  return a == b ? yes : does_not_fit;
}

/// As it is, but on a terminal printable.
void print_source(const std::string& source) {
  if (::isatty(STDOUT_FILENO))
    fmt::print("{}", template_lines(source));
  else
    std::fwrite(source.data(), 1, source.size(), stdout);
}

void print_findings(const chat_facts& facts, const std::string& typed, bool as_json) {
  const template_findings found = examine_template(facts);
  const std::string name = facts.name.empty() ? typed : facts.name;
  if (as_json) {
    fmt::print("{}", template_json(facts, found, name));
    return;
  }
  std::vector<std::string> notes;
  if (found.verdict != template_verdict::match && found.verdict != template_verdict::unknown &&
      !facts.architecture.empty())
    notes.emplace_back("llama-server --chat-template-file FILE takes another, and writes nothing");
  print_text(template_text(facts, found, name), notes);
  if (facts.has_template) fmt::print("\n{}", template_lines(facts.source));
}

}  // namespace

std::function<int()> add_template(command_options& can) {
  auto asked = std::make_shared<template_request>();
  can.required_text(
      "MODEL,-m,--model", asked->q.model,
      "a GGUF file, an address, hf:org/repo:QUANT, ollama:name, or a file with a template");
  can.text(
      "--diff", asked->other, "OTHER",
      "lines that differ from another model's template, or from a file; exit status 1 if any do");
  can.flag("--text", asked->text, "the template alone, as it is");
  can.flag("--json", asked->q.json, "JSON on stdout, schema 1");
  can.exclude("--text", "--json");
  can.exclude("--text", "--diff");
  can.rows({topic::sources}, asked->q);
  return [asked]() -> int {
    model_reader reader = reader_of(asked->q.sources);
    const chat_facts facts = facts_or_fail(reader, asked->q.model);
    if (!asked->other.empty())
      return print_difference(facts.source, facts_or_fail(reader, asked->other).source,
                              asked->q.json);
    if (asked->text && !facts.has_template)
      throw failure{bad_input, asked->q.model + ": key 'tokenizer.chat_template': missing"};
    asked->text ? print_source(facts.source) : print_findings(facts, asked->q.model, asked->q.json);
    return yes;
  };
}

}  // namespace vrambudget::cli
