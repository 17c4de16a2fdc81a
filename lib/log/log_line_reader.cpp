#include "log_line_reader.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace vrambudget {

using namespace detail;

namespace {

enum class source : std::uint8_t {
  info,
  loader,
  tensors,
  context,
  cache,
  device,
  projector,
  other
};

/// The engine's functions that say something of interest, in all their spellings.
constexpr std::pair<std::string_view, source> functions[] = {
    {"print_info", source::info},
    {"llm_load_print_meta", source::info},
    {"llama_model_loader", source::loader},
    {"load_tensors", source::tensors},
    {"llm_load_tensors", source::tensors},
    {"llama_context", source::context},
    {"llama_new_context_with_model", source::context},
    {"llama_init_from_model", source::context},
    {"sched_reserve", source::context},
    {"graph_reserve", source::context},
    {"llama_kv_cache", source::cache},
    {"llama_kv_cache_init", source::cache},
    {"llama_kv_cache_unified", source::cache},
    {"llama_kv_cache_iswa", source::cache},
    {"llama_kv_cache_unified_iswa", source::cache},
    {"llama_kv_cache_dsa", source::cache},
    {"llama_kv_cache_dsa_iswa", source::cache},
    {"llama_kv_cache_msa", source::cache},
    {"llama_kv_cache_dsv4", source::cache},
    {"llama_kv_cache_recurrent", source::cache},
    {"llama_memory_recurrent", source::cache},
    {"llama_memory_hybrid", source::cache},
    {"llama_memory_hybrid_iswa", source::cache},
    {"llama_memory_hybrid_idx", source::cache},
    {"ggml_cuda_init", source::device},
    {"llama_prepare_model_devices", source::device},
    {"llama_model_load_from_file_impl", source::device},
    {"llama_load_model_from_file", source::device},
    {"load_hparams", source::projector},
    {"clip_init", source::projector},
    {"clip_ctx", source::projector},
    {"clip_model_loader", source::projector},
    {"alloc_compute_meta", source::projector},
    {"reserve_compute_meta", source::projector},
    {"warmup", source::projector},
    {"init", source::other},
    {"create_memory", source::other},
    {"main", source::other},
    {"common_memory_breakdown_print", source::other},
    {"llama_memory_breakdown_print", source::other},
};

const std::pair<std::string_view, source>* find_function(std::string_view name) {
  const auto* it = std::find_if(std::begin(functions), std::end(functions),
                                [&](const auto& f) { return f.first == name; });
  return it == std::end(functions) ? nullptr : it;
}

source source_of(std::string_view name) {
  const auto* f = find_function(name);
  return f ? f->second : source::other;
}

/// Where the next known function's name with ':' or ',' behind it begins; npos: nowhere.
std::size_t next_function(std::string_view s, std::size_t from, std::size_t& length) {
  for (std::size_t colon = s.find_first_of(":,", from); colon != s.npos;
       colon = s.find_first_of(":,", colon + 1)) {
    std::size_t begin = colon;
    while (begin > from && is_word(s[begin - 1])) --begin;
    // run-together lines: "MiBllama_context:" has no border in front of the name
    for (std::size_t at = begin; at < colon; ++at) {
      if (at > begin && is_word(s[at]) && s[at] == '_') continue;
      const std::string_view name = s.substr(at, colon - at);
      if (name.size() < 4 || name.size() > 40) continue;
      const bool border = at == begin;
      if (find_function(name) && (border || name.find('_') != name.npos)) {
        length = name.size();
        return at;
      }
    }
  }
  return s.npos;
}

/// The message of a line that carries one in quotes, msg="..." or "msg":"..."; else nothing.
std::optional<std::string> quoted_message(std::string_view line) {
  std::size_t at = line.npos;
  for (const std::string_view opening : {" msg=\"", "\"msg\":\"", "\"msg\": \""})
    if (at = line.find(opening); at != line.npos) {
      line.remove_prefix(at + opening.size());
      break;
    }
  if (at == line.npos) return std::nullopt;
  std::string out;
  for (std::size_t i = 0; i < line.size() && line[i] != '"'; ++i) {
    if (line[i] == '\\' && i + 1 < line.size()) {
      ++i;
      if (line[i] != '"' && line[i] != '\\') {
        out += ' ';  // \n, \t
        continue;
      }
    }
    out += line[i];
  }
  return out;
}

std::string_view first_word(std::string_view s) { return take_word(s); }

}  // namespace

void log_line_reader::read(std::string_view line) {
  read_date(line);
  read_command(line);
  const auto message = quoted_message(line);
  if (message) line = *message;
  std::size_t length = 0;
  std::size_t at = next_function(line, 0, length);
  if (at == line.npos) return read_from({}, line);
  if (at > 0) read_from({}, line.substr(0, at));
  while (at != line.npos) {
    const std::string_view function = line.substr(at, length);
    const std::size_t text = at + length + 1;
    const std::size_t next = next_function(line, text, length);
    read_from(function, line.substr(text, next == line.npos ? line.npos : next - text));
    at = next;
  }
}

void log_line_reader::read_from(std::string_view function, std::string_view text) {
  const source from = source_of(function);
  const bool ok = [&] {
    if (read_buffer(function, text) || read_cache_size(function, text) || read_graph(text) ||
        read_table(text) || read_moved(text))
      return true;
    switch (from) {
      case source::info:
        return read_info(text);
      case source::loader:
        return read_loader(text);
      case source::tensors:
        return read_tensors(text);
      case source::context:
        return read_context(text);
      case source::cache:
        return read_cache(text);
      case source::device:
        return read_device(text);
      case source::projector:
        p_.in_projector_ = true;
        return false;
      case source::other:
        return read_device(text) || read_build(text);
    }
    return false;
  }();
  if (ok) known();
}

template <class List, class T>
void log_line_reader::keep(List& list, T&& item) {
  if (list.size() < log_parser::max_entries)
    list.push_back(std::forward<T>(item));
  else
    ++log_.n_left_out;
}

log_model& log_line_reader::new_model() {
  if (log_.models.size() >= 64) {
    ++log_.n_left_out;
    log_.models.pop_back();
  }
  log_.models.emplace_back().line = line_;
  p_.in_projector_ = false;
  return log_.models.back();
}
log_model& log_line_reader::model() {
  return log_.models.empty() ? new_model() : log_.models.back();
}

log_context& log_line_reader::new_context() {
  if (log_.contexts.size() >= 64) {
    ++log_.n_left_out;
    log_.contexts.pop_back();
  }
  log_context& c = log_.contexts.emplace_back();
  c.line = line_;
  c.model = log_.models.empty() ? 0 : log_.models.size() - 1;
  p_.cache_.clear();
  p_.in_projector_ = false;
  return c;
}
log_context& log_line_reader::context() {
  return log_.contexts.empty() ? new_context() : log_.contexts.back();
}

log_device& log_line_reader::device(std::string_view id) {
  for (log_device& d : log_.devices)
    if (d.id == id) return d;
  if (log_.devices.size() >= 64) {
    ++log_.n_left_out;
    return log_.devices.back();
  }
  log_.devices.emplace_back().id = id;
  return log_.devices.back();
}

bool log_line_reader::read_info(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == text.npos) return false;
  const std::string key(trimmed(text.substr(0, equals)));
  const std::string value(trimmed(text.substr(equals + 1)));
  if (key.empty() || key.size() > 64) return false;
  // a second model's lines begin anew
  const bool begins = key == "file format" || key == "format" || key == "arch";
  if (begins && model().info.contains("arch")) new_model();
  log_model& m = model();
  if (key == "arch") m.architecture = value;
  if (key == "general.name") m.name = value;
  if (key == "file type" || key == "model ftype") m.file_type = value;
  if (m.info.size() < log_parser::max_entries) m.info.insert_or_assign(key, value);
  return true;
}

bool log_line_reader::read_loader(std::string_view text) {
  if (skip(text, "loaded meta data with")) {
    log_model& m = log_.models.empty() || !model().empty() ? new_model() : model();
    (void)take_number(text);
    if (const std::size_t and_ = text.find(" and "); and_ != text.npos) {
      text.remove_prefix(and_ + 5);
      m.n_tensors = take_u32(text);
    }
    const std::size_t from = text.find(" from "), version = text.rfind(" (version");
    if (from != text.npos)
      m.path = trimmed(text.substr(
          from + 6, version == text.npos || version < from + 6 ? text.npos : version - from - 6));
    return true;
  }
  if (!skip(text, "-")) return false;
  if (skip(text, "type")) {
    const std::string_view name = take_word(text);
    if (!skip(text, ":")) return false;
    const auto n = take_u32(text);
    if (!n || name.empty()) return false;
    keep(model().type_counts, std::pair{std::string(name), *n});
    return true;
  }
  if (!skip(text, "kv")) return false;
  (void)take_number(text);
  if (!skip(text, ":")) return false;
  text = trimmed(text);
  const std::size_t equals = text.find(" = ");
  if (equals == text.npos) return false;
  std::string_view left = trimmed(text.substr(0, equals));
  const std::size_t space = left.find(' ');
  if (space == left.npos) return false;
  const std::string key(left.substr(0, space)), type(trimmed(left.substr(space)));
  const std::string value(trimmed(text.substr(equals + 3)).substr(0, 4096));
  log_model& m = model();
  if (key == "general.architecture" && m.architecture.empty()) m.architecture = value;
  if (key == "general.name" && m.name.empty()) m.name = value;
  if (!key.starts_with("tokenizer.")) keep(m.metadata, std::pair{key, std::pair{type, value}});
  return true;
}

bool log_line_reader::read_tensors(std::string_view text) {
  std::string_view rest = text;
  if (skip(rest, "offloaded")) {
    const auto n = take_u32(rest);
    if (!n || !skip(rest, "/")) return false;
    model().offloaded = n;
    model().offloadable = take_u32(rest);
    return true;
  }
  rest = text;
  if (skip(rest, "layer")) {
    const auto il = take_u32(rest);
    if (!il || !skip(rest, "assigned to device")) return false;
    rest = trimmed(rest);
    log_model& m = model();
    if (*il < 65536 && m.layer_devices.size() < log_parser::max_entries)
      m.layer_devices[*il] = first_word(rest);
    return true;
  }
  return false;
}

bool log_line_reader::read_moved(std::string_view text) {
  constexpr std::string_view says = "buffer type overridden to ";
  const std::size_t at = text.find(says);
  if (at == text.npos) return false;
  std::string_view rest = text.substr(at + says.size());
  const std::string buffer(take_word(rest));
  std::string_view name = trimmed(text.substr(0, at));
  const std::size_t tensor = name.find("tensor ");
  if (tensor == name.npos) return false;
  name = trimmed(name.substr(tensor + 7));
  name = name.substr(0, name.find(' '));
  keep(model().moved, std::pair{std::string(name), buffer});
  return true;
}

bool log_line_reader::read_value(std::string_view key, std::string_view value, log_context& c) {
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
      std::string_view rest = value;
      c.*field = take_u32(rest);
      return true;
    }
  const bool yes = value.starts_with("true") || value.starts_with("1");
  if (key == "kv_unified") return c.kv_unified = yes, true;
  if (key == "causal_attn") return c.causal_attn = yes, true;
  if (key == "flash_attn") return c.flash_attn = first_word(value), true;
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
    std::string_view rest = text;
    const std::size_t n = text.find("n_copies=");
    if (n != text.npos) rest.remove_prefix(n + 9);
    const auto copies = n == text.npos ? std::nullopt : take_u32(rest);
    context().sched_copies = copies.value_or(4);
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
  return read_value(key, trimmed(text.substr(equals + 1)), context());
}

bool log_line_reader::read_cache(std::string_view text) {
  std::string_view rest = text;
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

/// "CUDA0 KV buffer size = 256.00 MiB" and its kin.
bool log_line_reader::read_buffer(std::string_view function, std::string_view text) {
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
  std::string_view kind = take_last_word(before);
  log_buffer b;
  b.size = *size;
  bool in_context = true;
  if (kind == "KV") {
    b.term = log_term::kv_cache;
  } else if (kind == "RS") {
    b.term = log_term::recurrent_state;
  } else if (kind == "compute") {
    b.term = log_term::compute;
  } else if (kind == "output") {
    b.term = log_term::output;
  } else if (kind == "state") {  // states that feed a compressed cache
    b.term = log_term::kv_cache;
    (void)take_last_word(before);
    (void)take_last_word(before);
    b.cache = "state";
  } else if (kind == "model") {
    in_context = false;
  } else if (source_of(function) == source::tensors) {  // until 2024 without "model"
    in_context = false;
    b.device = kind;
  } else {
    return false;
  }
  if (b.device.empty()) b.device = take_last_word(before);
  if (b.device.empty()) return false;
  if (p_.in_projector_ || source_of(function) == source::projector) {
    keep(log_.projector, std::move(b));
    return true;
  }
  if (b.cache.empty() && b.term == log_term::kv_cache) b.cache = p_.cache_;
  if (in_context)
    keep(context().buffers, std::move(b));
  else
    keep(model().buffers, std::move(b));
  return true;
}

/// "size = 512.00 MiB (8192 cells, 16 layers, 4/1 seqs), K (f16): 256.00 MiB, V (f16): 256.00 MiB";
/// until 2025 "KV self size = ..." without the parenthesis.
bool log_line_reader::read_cache_size(std::string_view function, std::string_view text) {
  std::string_view rest = text;
  log_cache c;
  const bool self = skip(rest, "KV self size");
  if (!self && !skip(rest, "size")) return false;
  if (!skip(rest, "=")) return false;
  const auto size = take_size(rest, line_);
  if (!size) return false;
  c.size = *size;
  if (skip(rest, "(")) {
    while (!rest.empty() && !rest.starts_with(")")) {
      const auto n = take_u32(rest);
      if (!n) break;
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
  const auto part = [&](std::string_view name, std::optional<ggml_type>& type,
                        std::optional<log_size>& bytes_of) {
    const std::size_t at = rest.find(name);
    if (at == rest.npos) return false;
    std::string_view s = rest.substr(at + name.size());
    type = type_from_name(take_word(s));
    if (skip(s, ")") && skip(s, ":")) bytes_of = take_size(s, line_);
    return true;
  };
  if (part("R (", c.type_k, c.size_k)) {
    (void)part("S (", c.type_v, c.size_v);
    c.recurrent = true;
  } else {
    (void)part("K (", c.type_k, c.size_k);
    (void)part("V (", c.type_v, c.size_v);
    if (!self && !c.n_cell && !c.type_k && source_of(function) != source::cache) return false;
  }
  if (!c.recurrent) c.cache = p_.cache_;
  keep(context().caches, std::move(c));
  return true;
}

/// "graph (pp bs=512, tg bs=4): nodes = 1592 / 1590, splits = 2, ...";
/// before "graph nodes = 1030", "graph splits = 2", "graph splits = 200 (with bs=512), 3 (with bs=1)".
bool log_line_reader::read_graph(std::string_view text) {
  const auto pair_from = [](std::string_view s) -> std::optional<log_pair> {
    const auto a = take_u32(s);
    if (!a) return std::nullopt;
    auto b = a;
    if (skip(s, "/")) {
      b = take_u32(s);
    } else if (skip(s, "(with bs=")) {
      const std::size_t comma = s.find("), ");
      if (comma != s.npos) {
        s.remove_prefix(comma + 3);
        b = take_u32(s);
      }
    }
    return log_pair{*a, b.value_or(*a)};
  };
  const std::string_view line = trimmed(text);
  if (!line.starts_with("graph")) return false;
  bool any = false;
  const auto value = [&](std::string_view key, std::optional<logged<log_pair>>& into) {
    const std::size_t at = line.find(key);
    if (at == line.npos) return;
    std::string_view rest = line.substr(at + key.size());
    if (!skip(rest, "=")) return;
    const auto read = pair_from(rest);
    if (!read) return;
    into = {*read, line_};
    any = true;
  };
  if (line.find("nodes") == line.npos && line.find("splits") == line.npos) return false;
  value("nodes", context().graph_nodes);
  value("splits", context().graph_splits);
  return any;
}

/// "|   - CUDA0 (RTX 3090) | 24124 = 5000 + (18000 = 15000 + 2000 + 1000) + 1124 |", "|   - Host | ..."
bool log_line_reader::read_table(std::string_view text) {
  const std::size_t bar = text.find('|');
  if (bar == text.npos) return false;
  std::string_view rest = text.substr(bar + 1);
  if (rest.find("memory breakdown") != rest.npos) return log_.table.clear(), true;
  if (!skip(rest, "-")) return false;
  log_table_row row;
  row.line = line_;
  row.device = take_word(rest);
  const std::size_t second = rest.find('|');
  if (row.device.empty() || second == rest.npos) return false;
  rest.remove_prefix(second + 1);
  const auto numbers = [](std::string_view& s, log_table_row& r) {
    const auto self = take_signed(s);
    if (!self || !skip(s, "=")) return false;
    const auto m = take_signed(s);
    if (!m || !skip(s, "+")) return false;
    const auto c = take_signed(s);
    if (!c || !skip(s, "+")) return false;
    const auto compute = take_signed(s);
    if (!compute) return false;
    r.self = *self;
    r.model = *m;
    r.context = *c;
    r.compute = *compute;
    return true;
  };
  if (const std::size_t open = rest.find('('); open != rest.npos) {
    std::string_view head = rest.substr(0, open);
    row.total = take_signed(head);
    if (skip(head, "=")) row.free = take_signed(head);
    rest.remove_prefix(open + 1);
    if (!numbers(rest, row)) return false;
    if (skip(rest, ")") && skip(rest, "+")) row.unaccounted = take_signed(rest);
  } else if (!numbers(rest, row)) {
    return false;
  }
  keep(log_.table, std::move(row));
  return true;
}

/// "Device 0: NVIDIA GeForce RTX 3090, compute capability 8.6, VMM: yes, VRAM: 24124 MiB" and
/// "using device CUDA0 (NVIDIA GeForce RTX 3090) (0000:01:00.0) - 23800 MiB free".
bool log_line_reader::read_device(std::string_view text) {
  std::string_view rest = text;
  if (const std::size_t at = text.find("using device "); at != text.npos) {
    rest = text.substr(at + 13);
    const std::string_view id = take_word(rest);
    if (id.empty()) return false;
    log_device& d = device(id);
    d.used = true;
    if (const auto name = between(rest, "(", ")"); name && d.name.empty()) d.name = *name;
    if (const std::size_t dash = rest.rfind(" - "); dash != rest.npos) {
      std::string_view size = rest.substr(dash + 3);
      if (const auto mib = take_number(size); mib && *mib < (1u << 30) && skip(size, "MiB free"))
        d.free = bytes{*mib << 20};
    }
    return true;
  }
  const std::size_t word = text.find("Device ");
  if (word == text.npos) return false;
  rest = text.substr(word + 7);
  const auto n = take_u32(rest);
  if (!n || *n > 63 || !skip(rest, ":")) return false;
  const std::size_t cc = rest.find(", compute capability ");
  if (cc == rest.npos) return false;
  log_device& d = device("CUDA" + std::to_string(*n));
  d.name = trimmed(rest.substr(0, cc));
  rest.remove_prefix(cc + 21);
  const auto major = take_u32(rest);
  if (major && *major < 100 && skip(rest, ".")) {
    const auto minor = take_u32(rest);
    d.cc = *major * 100 + (minor && *minor < 10 ? *minor * 10 : 0);
  }
  if (const std::size_t vram = rest.find("VRAM: "); vram != rest.npos) {
    rest.remove_prefix(vram + 6);
    if (const auto mib = take_number(rest); mib && *mib < (1u << 30)) d.total = bytes{*mib << 20};
  }
  return true;
}

/// "build: 9849 (1a2b3c4d)", "main: build = 5271 (1a2b3c4d)", "build_info: b9849-1a2b3c4d",
/// "version: 9849 (1a2b3c4d)", or a release by its name: "llama.cpp v1.2.3".
bool log_line_reader::read_build(std::string_view text) {
  for (const std::string_view says : {"build_info: ", "build: ", "build = ", "version: "}) {
    const std::size_t at = text.find(says);
    if (at == text.npos || (at > 0 && is_word(text[at - 1]))) continue;
    std::string_view rest = text.substr(at + says.size());
    if (skip(rest, "b")) {
      const std::size_t dash = rest.find('-');
      if (dash != rest.npos && log_.commit.empty()) {
        std::string_view hash = rest.substr(dash + 1);
        log_.commit = take_word(hash);
      }
    } else if (const auto hash = between(rest, "(", ")"); hash && hash->size() <= 40) {
      if (log_.commit.empty()) log_.commit = *hash;
    }
    std::string_view number = trimmed(rest);
    std::size_t n = 0;
    while (n < number.size() && is_digit(number[n])) ++n;
    if (n == 0 || n > 7 || (n < number.size() && number[n] == '.')) continue;
    if (log_.build.empty()) log_.build = number.substr(0, n);
    return true;
  }
  return false;
}

/// The first "2026-09-14" that begins a word.
void log_line_reader::read_date(std::string_view s) {
  if (!log_.date.empty()) return;
  for (std::size_t at = s.find("20"); at != s.npos && at + 10 <= s.size();
       at = s.find("20", at + 1)) {
    const auto digit = [&](std::size_t i) { return is_digit(s[at + i]); };
    if ((at > 0 && is_word(s[at - 1])) || !digit(2) || !digit(3) || s[at + 4] != '-' || !digit(5) ||
        !digit(6) || s[at + 7] != '-' || !digit(8) || !digit(9))
      continue;
    if (at + 10 < s.size() && s[at + 10] != 'T' && s[at + 10] != ' ' && s[at + 10] != '"') continue;
    log_.date = s.substr(at, 10);
    return;
  }
}

/// "llama-server -m model.gguf -c 8192": the arguments behind a program's name.
void log_line_reader::read_command(std::string_view line) {
  if (log_.program.empty()) {
    if (line.find("ollama") != line.npos && line.find("source=") != line.npos)
      log_.program = "ollama";
    if (line.find("Welcome to KoboldCpp") != line.npos) log_.program = "koboldcpp";
  }
  if (!log_.args.empty()) return;
  constexpr std::string_view programs[] = {"llama-server",        "llama-cli",
                                           "llama-bench",         "ollama runner",
                                           "ollama_llama_server", "llama-perplexity"};
  for (const std::string_view program : programs) {
    const std::size_t at = line.find(program);
    if (at == line.npos) continue;
    std::string_view rest = line.substr(at + program.size());
    if (rest.starts_with(".exe")) rest.remove_prefix(4);
    if (rest.starts_with(" runner")) rest.remove_prefix(7);
    while (rest.starts_with(" ")) rest.remove_prefix(1);
    if (!rest.starts_with("-")) continue;
    std::string word;
    char quote = 0;
    bool open = false;
    for (const char c : rest) {
      if (quote) {
        if (c == quote)
          quote = 0;
        else
          word += c;
      } else if (c == '\'' || c == '"') {
        if (c == '"' && !open && word.empty() && log_.program == "ollama") break;
        if (c == '"' && line.find("cmd=\"") < at) break;  // the end of a quoted command
        quote = c;
        open = true;
      } else if (c == ' ') {
        if (open || !word.empty()) keep(log_.args, std::move(word));
        word.clear();
        open = false;
      } else {
        word += c;
      }
    }
    if (open || !word.empty()) keep(log_.args, std::move(word));
    return;
  }
}

}  // namespace vrambudget
