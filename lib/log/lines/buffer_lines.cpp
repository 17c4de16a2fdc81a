// Lines about the size of a buffer: "CUDA0 KV buffer size = 256.00 MiB" and its kin.
#include <optional>
#include <utility>

#include "log/scan.hpp"
#include "log_line_reader.hpp"

namespace vrambudget {

using namespace detail;

namespace {

/// What the word before "buffer size" means; nothing: no kind that is known.
std::optional<log_term> term_named(std::string_view word) {
  constexpr std::pair<std::string_view, log_term> terms[] = {
      {"model", log_term::weights},      {"KV", log_term::kv_cache},
      {"state", log_term::kv_cache},  // states that feed a compressed cache
      {"RS", log_term::recurrent_state}, {"compute", log_term::compute},
      {"output", log_term::output},
      {"LoRA", log_term::adapters}};
  for (const auto& [name, term] : terms)
    if (name == word) return term;
  return std::nullopt;
}

}  // namespace

bool log_line_reader::read_buffer(log_source from, std::string_view text) {
  constexpr std::string_view says = "buffer size";
  const std::size_t at = text.find(says);
  if (at == text.npos) return false;
  std::string_view after = text.substr(at + says.size());
  if (!skip(after, "=") && !skip(after, "is")) return false;
  const auto size = take_size(after, line_);
  if (!size) return false;
  // a debug line repeats what was expected
  if (text.find("matches expectation") != text.npos) return true;
  std::string_view before = text.substr(0, at);
  const std::string_view kind = take_last_word(before);
  log_buffer b;
  b.size = *size;
  if (const auto term = term_named(kind)) {
    b.term = *term;
  } else if (from == log_source::tensors) {  // until 2024 without "model"
    b.term = log_term::weights;
    b.device = kind;
  } else {
    return false;
  }
  if (kind == "state") {
    (void)take_last_word(before);
    (void)take_last_word(before);
    b.cache = kind;
  }
  if (b.device.empty()) b.device = take_last_word(before);
  if (b.device.empty()) return false;
  if (p_.in_projector_ || from == log_source::projector) {
    keep(log_.projector, std::move(b));
    return true;
  }
  if (b.cache.empty() && b.term == log_term::kv_cache) b.cache = p_.cache_;
  const bool is_models = b.term == log_term::weights || b.term == log_term::adapters;
  keep(is_models ? model().buffers : context().buffers, std::move(b));
  return true;
}

}  // namespace vrambudget
