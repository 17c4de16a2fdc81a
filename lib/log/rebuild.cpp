#include "vrambudget/log/rebuild.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "scan.hpp"
#include "vrambudget/catalogue/gpus.hpp"
#include "vrambudget/engine/context.hpp"
#include "vrambudget/engine/llama_cpp.hpp"

namespace vrambudget {

buffer_place place_of_buffer(std::string_view name) {
  using enum buffer_place::kind_type;
  buffer_place p;
  if (name == "CPU" || name == "Host" || name == "CPU_Mapped" || name == "CPU_REPACK" ||
      name == "CPU_AARCH64" || name == "BLAS" || name.ends_with("_Host")) {
    p.kind = host;
    p.mapped = name == "CPU_Mapped";
    return p;
  }
  for (const std::string_view suffix : {"_Mapped", "_Private"})
    if (name.ends_with(suffix)) {
      p.mapped = suffix == "_Mapped";
      name.remove_suffix(suffix.size());
    }
  if (name == "Metal") name = "MTL0";
  for (const std::string_view backend : {"CUDA", "ROCm", "Vulkan", "MTL", "SYCL", "MUSA"}) {
    if (!name.starts_with(backend)) continue;
    std::string_view rest = name.substr(backend.size());
    const auto n = detail::take_number(rest);
    if (!n || !rest.empty() || *n > 63) return p;
    p.kind = device;
    p.backend = backend;
    p.index = *n;
    return p;
  }
  return p;
}

std::optional<chosen_profile> logged_profile(const parsed_log& log) {
  if (!log.build.empty())
    if (const auto p = find_profile("b" + log.build)) return *p;
  if (!log.date.empty())
    if (const auto p = find_profile(log.date)) return *p;
  return std::nullopt;
}

namespace {

/// Puts one run together; each step takes what the log has and says what it had to assume.
class rebuilder {
 public:
  rebuilder(const parsed_log& log, std::size_t i, const model& m, const rebuild_options& o)
      : log_(log), c_(log.contexts[i]), index_(i), m_(m), options_(o) {
    if (c_.model < log.models.size()) lines_ = &log.models[c_.model];
  }

  rebuilt_run make() {
    out_.r = options_.base;
    choose_profile();
    choose_devices();
    choose_context();
    choose_sequences();
    choose_caches();
    choose_flash_attn();
    choose_placement();
    choose_draft();
    return std::move(out_);
  }

 private:
  void assume(std::string what) { out_.assumed.push_back(std::move(what)); }

  void choose_profile() {
    auto chosen = options_.profile ? options_.profile : logged_profile(log_);
    if (!chosen) {
      chosen = chosen_profile{engine_profiles.front(), false};
      assume("no build and no date: the rules of " + full_name(chosen->profile));
    } else if (!chosen->covers) {
      assume("the build is none that was compared: the rules of " + full_name(chosen->profile) +
             ", the nearest");
    }
    out_.r.profile = chosen->profile;
    out_.profile_covers = chosen->covers;
  }

  /// Every buffer's device in this context, its model and the table.
  template <class Visit>
  void each_device_name(Visit&& visit) const {
    if (lines_)
      for (const log_buffer& b : lines_->buffers) visit(b.device);
    for (const log_buffer& b : c_.buffers) visit(b.device);
    if (index_ + 1 == log_.contexts.size() || index_ == 0)
      for (const log_table_row& r : log_.table) visit(r.device);
  }

  void choose_devices() {
    std::size_t n = 0;
    bool any = false;
    std::map<std::string, int> backends;
    const auto see = [&](const std::string& name) {
      const buffer_place p = place_of_buffer(name);
      any |= p.kind != buffer_place::unknown;
      if (p.kind != buffer_place::device) return;
      ++backends[p.backend];
      n = std::max(n, p.index + 1);
    };
    each_device_name(see);
    for (const log_device& d : log_.devices)
      if (d.used) see(d.id);
    if (n == 0 && !any) n = std::max<std::size_t>(1, log_.devices.size());
    for (const auto& [backend, count] : backends)
      if (out_.backend == "CUDA" || count > backends[out_.backend]) out_.backend = backend;
    if (!options_.devices.empty()) {
      out_.devices = options_.devices;
      return;
    }
    for (std::size_t i = 0; i < n; ++i) out_.devices.push_back(device_number(i));
  }

  device device_number(std::size_t i) {
    const std::string id = out_.backend + std::to_string(i);
    const log_device* logged = nullptr;
    for (const log_device& d : log_.devices)
      if (d.id == id) logged = &d;
    device d;
    if (logged && !logged->name.empty()) {
      if (const auto known = find_gpu(logged->name)) d = to_device(*known);
      d.name = logged->name;
    }
    if (logged && logged->cc) d.cc = logged->cc;
    if (logged && logged->total) d.total = d.free = *logged->total;
    if (logged && logged->free) d.free = *logged->free;
    for (const log_table_row& r : log_.table)
      if (r.device == id && r.total && *r.total > 0 && d.total.count == 0)
        d.total = d.free = bytes{static_cast<std::uint64_t>(*r.total) << 20};
    if (d.cc == 0) {
      d.cc = 860;
      if (out_.backend == "CUDA") assume(id + ": compute capability 8.6");
    }
    if (d.name.empty()) d.name = id;
    if (d.free.count == 0) d.total = d.free = 24_GiB;  // only their proportion matters here
    return d;
  }

  void choose_context() {
    run& r = out_.r;
    if (c_.n_ctx) {
      r.n_ctx = *c_.n_ctx;
    } else if (const log_cache* cache = full_cache(); cache && cache->n_cell) {
      r.n_ctx = *cache->n_cell * std::max(1u, cache->n_stream.value_or(1));
    } else if (r.n_ctx == 0) {
      out_.context_known = false;
      assume("no n_ctx: the training length");
    }
    if (c_.n_batch) r.n_batch = *c_.n_batch;
    if (c_.n_ubatch)
      r.n_ubatch = *c_.n_ubatch;
    else if (options_.base.n_ubatch == run{}.n_ubatch) {
      out_.ubatch_known = false;
      assume("no n_ubatch: 512");
    }
    if (!c_.n_batch) r.n_batch = std::max(r.n_batch, r.n_ubatch);
    if (c_.n_outputs_max) r.n_outputs_max = *c_.n_outputs_max;
  }

  [[nodiscard]] const log_cache* full_cache() const {
    for (const log_cache& k : c_.caches)
      if (!k.recurrent && (k.cache.empty() || k.cache == "base")) return &k;
    return nullptr;
  }
  [[nodiscard]] const log_cache* states() const {
    for (const log_cache& k : c_.caches)
      if (k.recurrent) return &k;
    return nullptr;
  }

  /// Rows of logits on the host are one per sequence.
  [[nodiscard]] std::optional<std::uint32_t> sequences_of_output() const {
    for (const log_buffer& b : c_.buffers) {
      if (b.term != log_term::output || m_.hp.n_vocab == 0 || out_.r.embeddings) continue;
      const double rows = b.size.mib * 0x1p20 / (4.0 * m_.hp.n_vocab);
      const auto n = static_cast<std::uint32_t>(std::lround(std::min(rows, 1e6)));
      if (n > 0 && b.size.prints(bytes{4} * m_.hp.n_vocab * n)) return n;
    }
    return std::nullopt;
  }

  void choose_sequences() {
    run& r = out_.r;
    const log_cache* kv = full_cache();
    const log_cache* rs = states();
    std::optional<std::uint32_t> n = c_.n_seq_max;
    if (!n && kv) n = kv->n_seq;
    if (!n && rs) n = rs->n_seq ? rs->n_seq : rs->n_cell;
    if (!n) n = sequences_of_output();
    if (n && *n > 0)
      r.n_parallel = *n;
    else if (r.n_parallel == 0)
      assume("no n_seq_max: " + std::to_string(sequences(r)));
    r.n_parallel = sequences(r);
    if (c_.kv_unified)
      r.kv_unified = *c_.kv_unified;
    else if (kv && kv->n_stream && r.n_parallel > 1)
      r.kv_unified = *kv->n_stream == 1;
    else if (c_.n_ctx && c_.n_ctx_seq && r.n_parallel > 1)
      r.kv_unified = *c_.n_ctx_seq >= *c_.n_ctx;
    else if (!options_.base.kv_unified)  // before streams there was one cache for all
      r.kv_unified = true;
    if (c_.n_rs_seq)
      r.n_rs_seq = *c_.n_rs_seq;
    else if (rs && rs->n_rs_seq)
      r.n_rs_seq = *rs->n_rs_seq;
  }

  void choose_caches() {
    run& r = out_.r;
    const log_cache* kv = full_cache();
    if (!kv)
      for (const log_cache& k : c_.caches)
        if (!k.recurrent) kv = &k;
    if (kv && kv->type_k) r.type_k = *kv->type_k;
    if (kv && kv->type_v)
      r.type_v = *kv->type_v;
    else if (kv && kv->type_k && m_.hp.is_mla())
      r.type_v = *kv->type_k;
    if (!(kv && kv->type_k) && log_.args.empty()) {
      out_.kv_types_known = false;
      if (has_kv_lines()) assume("no KV types: f16");
    }
    for (const log_cache& k : c_.caches)
      if (k.cache == "swa" && k.n_cell && c_.n_ctx) {
        const std::uint32_t per_stream =
            c_.n_ctx_seq.value_or(*c_.n_ctx / std::max(1u, k.n_stream.value_or(1)));
        // as many cells as the full cache, which a window alone would not need
        const std::uint64_t window =
            std::uint64_t{m_.hp.swa.n} * r.n_parallel + r.n_ubatch + n_ctx_multiple;
        r.swa_full = *k.n_cell >= per_stream && per_stream > window;
      }
  }
  [[nodiscard]] bool has_kv_lines() const {
    return std::any_of(c_.buffers.begin(), c_.buffers.end(),
                       [](const log_buffer& b) { return b.term == log_term::kv_cache; });
  }

  void choose_flash_attn() {
    const std::string& s = c_.flash_attn;
    using enum flash_attn;
    if (s == "1" || s == "enabled" || s == "on" || s == "true")
      out_.r.flash_attn = on;
    else if (s == "0" || s == "disabled" || s == "off" || s == "false")
      out_.r.flash_attn = off;
    else if (c_.flash_attn_used)
      out_.r.flash_attn = *c_.flash_attn_used ? on : off;
    else if (!s.empty())
      out_.r.flash_attn = automatic;
  }

  void choose_placement() {
    run& r = out_.r;
    if (lines_ && lines_->offloaded) {
      r.n_gpu_layers = static_cast<std::int32_t>(std::min(*lines_->offloaded, 1u << 20));
      if (lines_->offloadable && *lines_->offloaded >= *lines_->offloadable) r.n_gpu_layers = -1;
    }
    if (lines_) add_moved(*lines_);
    if (lines_ && !lines_->layer_devices.empty() && out_.devices.size() > 1) {
      std::vector<float> counts(out_.devices.size());
      for (const auto& [il, name] : lines_->layer_devices) {
        const buffer_place p = place_of_buffer(name);
        if (p.kind == buffer_place::device && p.index < counts.size()) counts[p.index] += 1;
      }
      if (std::any_of(counts.begin(), counts.end(), [](float f) { return f > 0; }))
        r.tensor_split = counts;
    }
    const bool all_kv_on_host =
        has_kv_lines() && r.n_gpu_layers < 0 && !out_.devices.empty() &&
        std::all_of(c_.buffers.begin(), c_.buffers.end(), [](const log_buffer& b) {
          return b.term != log_term::kv_cache ||
                 place_of_buffer(b.device).kind == buffer_place::host;
        });
    if (all_kv_on_host && lines_ && lines_->offloaded) r.offload_kqv = false;
  }

  /// Tensors that the log says were sent elsewhere, one rule for all layers of a kind.
  void add_moved(const log_model& lines) {
    if (lines.moved.empty()) return;
    std::map<std::pair<std::string, std::string>, std::set<int>> by_kind;  // tensor, buffer; layers
    for (const auto& [name, buffer] : lines.moved) {
      const buffer_place p = place_of_buffer(buffer);
      const std::string to =
          p.kind == buffer_place::device ? "CUDA" + std::to_string(p.index) : std::string("CPU");
      const auto [il, rest] = layer_of(name);
      by_kind[{std::string(rest), to}].insert(il);
    }
    std::vector<tensor_override> rules;
    for (const auto& [kind, layers] : by_kind) {
      std::string escaped, numbers;
      for (const char ch : kind.first)
        escaped += detail::is_word(ch) ? std::string(1, ch) : std::string("\\") + ch;
      if (*layers.begin() < 0) {
        rules.push_back({"^" + escaped + "$", kind.second});
        continue;
      }
      for (const int il : layers) numbers += (numbers.empty() ? "" : "|") + std::to_string(il);
      rules.push_back({"^blk\\.(" + numbers + ")\\." + escaped + "$", kind.second});
    }
    out_.r.overrides = std::move(rules);  // the lines are what the command line came to
    out_.r.cpu_moe = false;
    out_.r.n_cpu_moe = out_.r.n_cpu_ffn = 0;
  }

  /// A second context of a model with NextN layers drafts for the first.
  void choose_draft() {
    run& r = out_.r;
    r.draft_type_k = r.draft_type_v = ggml_type::f16;
    if (m_.hp.n_layer_all == m_.hp.n_layer() || index_ + 1 >= log_.contexts.size()) return;
    const log_context& next = log_.contexts[index_ + 1];
    if (next.model != c_.model) return;
    r.spec_types = {spec_type::draft_mtp};
    if (r.n_outputs_max && r.n_parallel && r.n_outputs_max % r.n_parallel == 0 &&
        r.n_outputs_max / r.n_parallel > 1)
      r.spec_draft_n_max = r.n_outputs_max / r.n_parallel - 1;
    if (r.n_rs_seq) r.spec_draft_n_max = r.n_rs_seq;
    out_.draft_types_known = false;
    for (const log_cache& k : next.caches)
      if (!k.recurrent) {
        out_.draft_types_known |= k.type_k.has_value();
        if (k.type_k) r.draft_type_k = *k.type_k;
        if (k.type_v) r.draft_type_v = *k.type_v;
      }
  }

  const parsed_log& log_;
  const log_context& c_;
  std::size_t index_;
  const model& m_;
  const rebuild_options& options_;
  const log_model* lines_ = nullptr;
  rebuilt_run out_;
};

}  // namespace

rebuilt_run rebuild_run(const parsed_log& log, std::size_t i, const model& m,
                        const rebuild_options& options) {
  rebuilt_run out = rebuilder(log, i, m, options).make();
  const log_context& c = log.contexts[i];
  static const log_model none;
  fit_placement(c, c.model < log.models.size() ? log.models[c.model] : none, m, out);
  return out;
}

}  // namespace vrambudget
