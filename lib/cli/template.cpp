// `vrambudget template`: a file's chat template, what it makes of tools, and how it differs from another.
#include "vrambudget/report/template.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <array>
#include <cstdio>
#include <memory>
#include <span>

#include "cli.hpp"
#include "input_text.hpp"
#include "inputs.hpp"
#include "io/json_text.hpp"
#include "io/regular_file.hpp"
#include "options.hpp"
#include "os/files.hpp"
#include "os/terminal.hpp"
#include "output.hpp"
#include "vrambudget/gguf/printable.hpp"
#include "vrambudget/gguf/utf8.hpp"
#include "vrambudget/io/header_change.hpp"
#include "vrambudget/report/line_diff.hpp"
#include "vrambudget/template/chat_facts.hpp"
#include "vrambudget/version.hpp"

namespace vrambudget::cli {
namespace {

namespace json = boost::json;

struct template_request {
  plan_request q;
  std::string other, set;
  bool text = false, restore = false, force = false;
};

/// Whether it is a file that is no GGUF, and so a template by itself.
bool is_template_file(const std::string& typed) {
  if (typed == "-") return true;
  if (typed.ends_with(".gguf")) return false;
  const auto opened = detail::open_regular(typed);
  std::array<char, 4> magic{};
  return opened &&
         detail::read_at(opened->file.get(), std::as_writable_bytes(std::span(magic)), 0) >= 0 &&
         std::string_view(magic.data(), magic.size()) != "GGUF";
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

/// What to do about a file whose header was being changed when the machine stopped.
std::string hint_at_interrupted(model_reader& reader, const std::string& typed) {
  if (is_remote(typed)) return {};
  const auto path = reader.find_path(typed);
  if (!path || !detail::is_there(detail::real_path(*path) + ".header-change")) return {};
  return "; a change of its header was interrupted: --restore undoes it";
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
  if (!looked)
    throw failure{bad_input, looked.error().message + hint_at_interrupted(reader, typed)};
  return facts;
}

int print_difference(const std::string& a, const std::string& b, bool as_json) {
  const std::string text = diff_text(a, b);
  if (as_json) {
    json::array lines;
    for (const diff_line& l : line_diff(a, b))
      if (l.mark != ' ') lines.emplace_back(l.mark + gguf::valid_utf8(l.text));
    print_out("{}\n", json_text(json::object{{"schema", json_schema},
                                                    {"vrambudget", version},
                                                    {"same", a == b},
                                                    {"lines", std::move(lines)}}));
  } else if (a == b) {
    print_out("the templates are the same\n");
  } else {
    print_out("{}", text.empty() ? "only the line feed at the end differs\n" : text);
  }
  return a == b ? yes : does_not_fit;
}

/// As it is, but on a terminal printable.
void print_source(const std::string& source) {
  if (detail::is_terminal(stdout))
    print_out("{}", template_lines(source));
  else
    std::fwrite(source.data(), 1, source.size(), stdout);
}

void print_findings(const chat_facts& facts, const std::string& typed, bool as_json) {
  const template_findings found = examine_template(facts);
  const std::string name = facts.name.empty() ? typed : facts.name;
  if (as_json) {
    print_out("{}", template_json(facts, found, name));
    return;
  }
  std::vector<std::string> notes;
  if (found.verdict != template_verdict::match && found.verdict != template_verdict::unknown &&
      !facts.architecture.empty())
    notes.emplace_back("llama-server --chat-template-file FILE takes another, and writes nothing");
  print_text(template_text(facts, found, name), notes);
  if (facts.has_template) print_out("\n{}", template_lines(facts.source));
}

/// How far the copy of a large file is, on a terminal.
void show_progress(bytes done, bytes all) {
  show_for_now(done < all ? fmt::format("copied {} of {}", in_gib(done), in_gib(all))
                          : std::string());
}

int change_file(model_reader& reader, const template_request& asked) {
  if (is_remote(asked.q.model))
    throw failure{usage, asked.q.model + ": lies on a server; files on this disk can be changed"};
  const std::string path = value_or_fail(reader.find_path(asked.q.model), bad_input);
  const header_change_options options{.force = asked.force, .progress = show_progress};
  const header_change c =
      asked.restore
          ? value_or_fail(restore_header(path, options))
          : value_or_fail(set_chat_template(path, template_file_or_fail(asked.set), options));
  print_out("{}", asked.q.json ? change_json(c) : change_text(c));
  return yes;
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
  can.text("--set", asked->set, "FILE",
           "makes the text in FILE the model's template; the old header is kept beside it");
  can.flag("--restore", asked->restore, "brings the old header back");
  can.flag("--force", asked->force, "changes files of caches, too, whose names are their hashes");
  can.flag("--text", asked->text, "the template alone, as it is");
  can.flag("--json", asked->q.json, "JSON on stdout, schema 1");
  can.exclude("--text", "--json");
  can.exclude("--text", "--diff");
  can.exclude("--set", "--restore");
  for (const char* change : {"--set", "--restore"})
    for (const char* look : {"--text", "--diff"}) can.exclude(change, look);
  can.rows({topic::sources}, asked->q);
  return [asked]() -> int {
    model_reader reader = reader_of(asked->q.sources);
    if (asked->restore || !asked->set.empty()) return change_file(reader, *asked);
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
