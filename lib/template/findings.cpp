#include "vrambudget/template/findings.hpp"

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

#include "template/known_marks.hpp"
#include "template/known_templates.hpp"
#include "template/marks.hpp"
#include "template/sha256.hpp"

namespace vrambudget {
namespace {

using detail::has;
using detail::known_mark;
using detail::mark_kind;

bool is_token(const chat_facts& f, std::string_view mark) {
  return std::find(f.marks.begin(), f.marks.end(), mark) != f.marks.end();
}

/// A mark of roles that the template writes and the vocabulary does not have; empty: none.
std::string_view foreign_role(const chat_facts& f, std::string_view source) {
  if (!f.has_vocabulary) return {};
  for (const known_mark& m : detail::known_marks)
    if (m.kind == mark_kind::role && has(source, m.text) && !is_token(f, m.text)) return m.text;
  return {};
}

std::pair<template_verdict, std::string> judged(const chat_facts& f, const template_findings& t,
                                                std::string_view source) {
  using enum template_verdict;
  if (source.empty()) return {no_template, "the file has none, and llama.cpp takes ChatML"};
  if (const std::string_view role = foreign_role(f, source); !role.empty())
    return {foreign, std::string(role) + " is no token of this vocabulary"};
  if (!t.family) return {unknown, "how this family calls tools is not known"};
  if (!t.reading.calls) return {unknown, "how this template writes calls is not known"};
  const call_shape calls = *t.reading.calls;
  if (calls == t.family->calls)
    return {match, calls == call_shape::none ? "the family calls no tools"
                                             : "the family writes calls in this way"};
  if (calls == call_shape::none)
    return {no_tools, "the family calls tools, and this template shows it no call"};
  if (t.family->calls == call_shape::none)
    return {other_dialect, "the family was published without calls of tools"};
  return {other_dialect,
          "the family writes calls in another way; asked for this one, they may come back as text"};
}

std::vector<std::string> lacks_of(const chat_facts& f, const template_reading& r,
                                  std::string_view source) {
  std::vector<std::string> all;
  if (source.empty()) return all;
  if (!r.names_tools)
    all.emplace_back("tools: the model is never told which there are");
  else if (r.calls == call_shape::none)
    all.emplace_back("calls: those of earlier answers vanish from the history");
  if (r.names_tools && !r.names_results) all.emplace_back("a role for what tools answer");
  if (!r.think_begins.empty() && !r.has_thinking_switch)
    all.emplace_back("a switch for reasoning, such as enable_thinking");
  if (r.parser == "Gemma4" && !has(source, "{#- OpenAI Chat Completions:"))
    all.emplace_back("what the newer template of Gemma 4 has: llama.cpp works around it");
  for (const known_mark& m : detail::known_marks)
    if (m.kind != mark_kind::role && is_token(f, m.text) && !has(source, m.text) &&
        r.think_begins != m.text && r.call_begins.substr(0, m.text.size()) != m.text)
      all.push_back(std::string(m.text) + ", which the vocabulary has");
  const auto writes = [&](const std::string& token, const char* variable) {
    return token.empty() || has(source, token) || has(source, variable);
  };
  if (!writes(f.eos, "eos_token") && !writes(f.eot, "eot_token"))
    all.push_back(f.eos + " and " + f.eot + ", which end answers");
  return all;
}

}  // namespace

std::string_view text_of(template_verdict v) {
  constexpr std::array<std::string_view, 6> texts = {"match",    "other dialect", "foreign",
                                                     "no tools", "no template",   "unknown"};
  return texts[static_cast<std::size_t>(v)];
}

std::string_view known_template_name(std::string_view source) {
  if (source.empty()) return {};
  const std::uint64_t hash = detail::sha256_beginning(source);
  for (const detail::known_template& k : detail::known_templates)
    if (hash == k.hash || hash == k.hash_without_line_feed) return k.name;
  return {};
}

template_findings examine_template(const chat_facts& f) {
  template_findings t;
  const std::string_view source = f.source_with_tools();
  t.family = family_of(f.architecture, f.names);
  if (!source.empty()) {
    t.reading = read_template(source);
    t.same_as = known_template_name(source);
  }
  std::tie(t.verdict, t.reason) = judged(f, t, source);
  t.lacks = lacks_of(f, t.reading, source);
  return t;
}

}  // namespace vrambudget
