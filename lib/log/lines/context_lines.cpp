// What lines say of the parameters of a context.
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "log/scan.hpp"
#include "log_line_reader.hpp"
#include "vrambudget/engine/llama_cpp.hpp"

namespace vrambudget {

using namespace detail;

bool log_line_reader::read_parameter(std::string_view key, std::string_view value) {
  log_context& c = context();
  log_.has_ctx_per_seq = log_.has_ctx_per_seq || key == "n_ctx_per_seq";
  const std::pair<std::string_view, std::optional<std::uint32_t> log_context::*> numbers[] = {
      {"n_ctx", &log_context::n_ctx},
      {"n_ctx_seq", &log_context::n_ctx_seq},
      {"n_ctx_per_seq", &log_context::n_ctx_seq},
      {"n_batch", &log_context::n_batch},
      {"n_ubatch", &log_context::n_ubatch},
      {"n_seq_max", &log_context::n_seq_max},
      {"n_rs_seq", &log_context::n_rs_seq},
      {"n_outputs_max", &log_context::n_outputs_max}};
  for (const auto& [name, field] : numbers)
    if (name == key) {
      c.*field = take_u32(value);
      return true;
    }
  const bool yes = value.starts_with("true") || value.starts_with("1");
  if (key == "kv_unified") return c.kv_unified = yes, true;
  if (key == "causal_attn") return c.causal_attn = yes, true;
  if (key == "flash_attn") return c.flash_attn = take_word(value), true;
  return key == "freq_base" || key == "freq_scale" || key == "n_outputs_max_per_seq";
}

bool log_line_reader::read_context(std::string_view text) {
  if (text.find("constructing llama_context") != text.npos) {
    if (log_.contexts.empty() || context().n_ctx || context().n_seq_max) new_context();
    return true;
  }
  const std::string_view sentence = trimmed(text);
  for (const std::string_view auto_set :
       {"Flash Attention was auto, set to ", "flash attention was auto, set to "})
    if (sentence.starts_with(auto_set)) {
      context().flash_attn_used = sentence.substr(auto_set.size()).starts_with("enabled");
      return true;
    }
  if (const std::size_t copies = text.find("sched copies = "); copies != text.npos) {
    std::string_view rest = text.substr(copies + 15);
    context().sched_copies = take_u32(rest);
    return true;
  }
  if (text.find("pipeline parallelism enabled") != text.npos) {
    std::optional<std::uint32_t> copies;
    if (const std::size_t n = text.find("n_copies="); n != text.npos) {
      std::string_view rest = text.substr(n + 9);
      copies = take_u32(rest);
    }
    context().sched_copies = copies.value_or(sched_max_copies);
    return true;
  }
  const std::size_t equals = text.find('=');
  if (equals == text.npos) return false;
  const std::string_view key = trimmed(text.substr(0, equals));
  // the first lines of a context, whichever come first in that age
  const bool begins = key == "n_seq_max" || key == "n_ctx";
  if (begins) {
    const bool seen = !log_.contexts.empty() &&
                      (key == "n_ctx" ? context().n_ctx : context().n_seq_max).has_value();
    if (seen || log_.contexts.empty()) new_context();
  }
  return read_parameter(key, trimmed(text.substr(equals + 1)));
}

}  // namespace vrambudget
