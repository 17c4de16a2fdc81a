// What lines say of caches and recurrent states.
#include <optional>
#include <string_view>
#include <utility>

#include "log/scan.hpp"
#include "log_line_reader.hpp"

namespace vrambudget {

using namespace detail;

namespace {

/// Cells, layers and sequences from "(8192 cells, 16 layers, 4/1 seqs)".
void take_shape(std::string_view& rest, log_cache& c) {
  if (!skip(rest, "(")) return;
  while (!rest.empty() && !rest.starts_with(")")) {
    const auto n = take_u32(rest);
    if (!n) return;
    std::optional<std::uint32_t> second;
    if (skip(rest, "/")) second = take_u32(rest);
    const std::string_view word = take_word(rest);
    if (word == "cells") c.n_cell = n;
    if (word == "layers") c.n_layer = n;
    if (word == "seqs") {
      c.n_seq = n;
      c.n_stream = second;
    }
    if (word == "rs_seq") c.n_rs_seq = n;
    (void)skip(rest, ",");
  }
}

/// Type and size from "K (f16): 256.00 MiB"; whether the line has them.
bool find_part(std::string_view text, std::string_view name, std::size_t line,
               std::optional<ggml_type>& type, std::optional<log_size>& size) {
  const std::size_t at = text.find(name);
  if (at == text.npos) return false;
  std::string_view s = text.substr(at + name.size());
  type = type_from_name(take_word(s));
  if (skip(s, ")") && skip(s, ":")) size = take_size(s, line);
  return true;
}

}  // namespace

bool log_line_reader::read_cache(std::string_view text) {
  std::string_view rest = text;
  if (text.starts_with("attn_rot_k = ")) return log_.rotation = rotation_line::flag, true;
  if (text.starts_with("n_rot_k = ")) return log_.rotation = rotation_line::width, true;
  if (!skip(rest, "creating")) return false;
  rest = trimmed(rest);
  constexpr std::pair<std::string_view, std::string_view> caches[] = {{"non-SWA KV cache", "base"},
                                                                      {"SWA KV cache", "swa"},
                                                                      {"main KV cache", "base"},
                                                                      {"indexer KV cache", "idx"},
                                                                      {"DSA KV cache", "base"}};
  for (const auto& [says, name] : caches)
    if (rest.starts_with(says)) return p_.cache_ = name, true;
  p_.cache_ = "other";
  return true;
}

/// "size = 512.00 MiB (8192 cells, 16 layers, 4/1 seqs), K (f16): 256.00 MiB, V (f16): 256.00 MiB";
/// until 2025 "KV self size = ..." without the parenthesis.
bool log_line_reader::read_cache_size(log_source from, std::string_view text) {
  std::string_view rest = text;
  const bool self = skip(rest, "KV self size");
  if (!self && !skip(rest, "size")) return false;
  if (!skip(rest, "=")) return false;
  const auto size = take_size(rest, line_);
  if (!size) return false;
  log_cache c;
  c.size = *size;
  take_shape(rest, c);
  if (find_part(rest, "R (", line_, c.type_k, c.size_k)) {
    (void)find_part(rest, "S (", line_, c.type_v, c.size_v);
    c.recurrent = true;
  } else {
    (void)find_part(rest, "K (", line_, c.type_k, c.size_k);
    (void)find_part(rest, "V (", line_, c.type_v, c.size_v);
    if (!self && !c.n_cell && !c.type_k && from != log_source::cache) return false;
    c.cache = p_.cache_;
  }
  keep(context().caches, std::move(c));
  return true;
}

}  // namespace vrambudget
