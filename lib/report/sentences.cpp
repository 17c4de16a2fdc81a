// Words for budgets and advice.
#include "vrambudget/report/sentences.hpp"

#include <fmt/format.h>

#include "vrambudget/ggml/tensor.hpp"
#include "vrambudget/report/text.hpp"

namespace vrambudget {
namespace {

std::string row(ggml_type t, std::uint64_t width) {
  return fmt::format("{} of {} = {}", width, traits(t).name, row_size(t, width).count);
}

std::string shape(const std::array<std::int64_t, 4>& ne) {
  std::string text = std::to_string(ne[0]);
  for (std::size_t d = 1; d < 4 && (d < 2 || ne[d] > 1 || (d == 2 && ne[3] > 1)); ++d)
    text += fmt::format(" x {}", ne[d]);
  return text;
}

/// The words for one part of a term.
struct in_words {
  std::string operator()(const why::tensors& t) const {
    std::string text = fmt::format("{} tensors, {}each padded to {} bytes", t.n,
                                   t.divided ? "a slice or a copy of each, " : "", t.alignment);
    if (t.range.count > 0)
      text += fmt::format("; CPU_Mapped in logs: {} bytes of the file, from the first to the last",
                          t.range.count);
    return text;
  }
  std::string operator()(const why::repacked_tensors& t) const {
    return fmt::format("{} tensors in the order of {}'s instructions, each padded to 32 bytes", t.n,
                       t.on.name);
  }
  std::string operator()(const why::cache_cells& c) const {
    std::string text = fmt::format("{}: {} layers x {} cells x (K {}", name(c.cache), c.n_layer,
                                   c.n_cell, row(c.type_k, c.k_width));
    if (c.v_width) text += " + V " + row(c.type_v, c.v_width);
    return text + ")";
  }
  std::string operator()(const why::states& s) const {
    return fmt::format("{} layers x {} states x 4 x ({} convolution + {} recurrence)", s.n_layer,
                       s.n_rows, s.n_embd_r, s.n_embd_s);
  }
  std::string operator()(const why::simulated_graph& g) const {
    return fmt::format(
        "highest byte of a simulated graph of {} nodes in {} splits, {} tokens, {} rows of logits",
        g.shape.n_nodes, g.shape.n_splits, g.n_tokens, g.n_outputs);
  }
  std::string operator()(const why::compute_ceiling& c) const {
    return fmt::format("a bound for {} tokens", c.n_tokens);
  }
  std::string operator()(const why::pool_ceiling& c) const {
    return fmt::format("a ceiling for {} tokens", c.n_tokens);
  }
  std::string operator()(const why::scratch& s) const {
    if (const auto& kept = s.need.kept)
      return fmt::format(
          "what kernels keep: {} of matrices and caches made halves, {} of inputs in the kernels' "
          "form, {} of parts of sums",
          in_mib(bytes{kept->x}), in_mib(bytes{kept->y}), in_mib(bytes{kept->split_k}));
    std::string text = "no operation draws scratch";
    if (const auto& by = s.need.by)
      text = fmt::format("scratch of {} of {} [{}] and [{}]", ggml::name(by->op), by->of,
                         shape(by->a), shape(by->b));
    if (s.need.cublas) text += ", and cuBLAS's workspace";
    return text;
  }
  std::string operator()(const why::logits& l) const {
    return fmt::format("4 x {} rows x {} logits", l.n_rows, l.n_vocab);
  }
  std::string operator()(const why::all_reduce& a) const {
    return fmt::format("scratch to add up results of two cards, up to {} bytes at once",
                       a.largest.count);
  }
  std::string operator()(const why::full_cache& f) const {
    return fmt::format("what compute buffers grow by until {} positions are cached", f.n_positions);
  }
  std::string operator()(const why::adapters& a) const {
    std::string text;
    if (a.n_pair > 0)
      text = fmt::format("{} pairs of LoRA matrices, {}", a.n_pair, in_mib(a.pairs));
    if (a.directions.count > 0)
      text += fmt::format("{}a control vector's rows for {} layers, {}", text.empty() ? "" : "; ",
                          a.n_layer, in_mib(a.directions));
    return text;
  }
  std::string operator()(const why::adapted_graph& a) const {
    return fmt::format(
        "what compute buffers grow by at the first prompt, as the graph gets the products of {} "
        "pairs of LoRA matrices",
        a.n_pair);
  }
  std::string operator()(const why::pages& p) const {
    return p.size < 1_MiB ? fmt::format("each buffer takes whole pages of {} KiB", p.size.count >> 10)
                          : fmt::format("each buffer takes whole pages of {} MiB", p.size.count >> 20);
  }
  std::string operator()(const why::mapped_tensors& r) const {
    return fmt::format("the file is mapped from the first of these tensors to the last, {} bytes{}: "
                       "what lies between them counts, too",
                       r.size.count, r.from_file ? "" : " where it is ordered as most are");
  }
  std::string operator()(const why::addresses&) const {
    return "what compute buffers are larger by than the engine projects: once caches have addresses "
           "it computes in another order";
  }
  std::string operator()(const why::measured& m) const { return m.note; }
  std::string operator()(const why::encoder& e) const {
    using enum why::encoder_part;
    const std::string what = fmt::format("{} encoder {}", name(e.kind), e.type);
    const std::string size = (e.n_images > 1 ? fmt::format("{} at once of ", e.n_images) : "") +
                             fmt::format("{} x {}", e.nx, e.ny);
    switch (e.part) {
      case tensors:
        return what;
      case reserved:
        return what + ": reserved when it is loaded, for " + size;
      case growth:
        return what + ": more once an input of " + size + " came";
      case pool:
        return fmt::format("{} of the {}'s own", e.size.count, what);
    }
    return what;
  }
};

}  // namespace

std::string sentence(const std::vector<explanation>& why) {
  std::string text;
  for (const explanation& e : why) {
    const std::string part = std::visit(in_words{}, e);
    if (!text.empty() && !part.empty()) text += "; ";
    text += part;
  }
  return text;
}

std::string sentence(const note& n) {
  switch (n.kind) {
    case note_kind::undescribed_graph:
      return "the graph of architecture '" + n.about +
             "' is not described yet: its compute buffer is a bound, the rest is exact";
    case note_kind::undescribed_architecture:
      return "architecture '" + n.about +
             "' is unknown: weights are exact, the KV cache follows the standard formula, the "
             "compute buffer is a bound";
    case note_kind::tensor_split_aborts:
      return "-sm tensor: the engine loads this and aborts at the first tokens: " + n.about;
    case note_kind::nccl:
      return "-sm tensor: a build with NCCL adds up results of cards in NCCL's own memory, which "
             "is not counted, instead of all_reduce's";
    case note_kind::pipelining_given_up:
      return "the buffers for pipelined work do not fit: the engine says so, and takes those "
             "counted here without";
    case note_kind::endless_sound:
      return fmt::format(
          "{} is given sound of any length at once: more than {} frames take more "
          "than is counted here",
          n.about, n.n);
    case note_kind::undescribed_projector:
      return "projector type '" + n.about +
             "' is not described: all tensors of its file are counted, and a ceiling for its "
             "compute buffer";
    case note_kind::projector_beside:
      return "a projector lies beside the model and is not counted: --mmproj " + n.about;
    case note_kind::context_rounded:
      return fmt::format("-c {} becomes {} tokens: each slot's cache has a multiple of 256 cells",
                         grouped(n.n), grouped(n.to));
    case note_kind::cpu_not_told:
      return fmt::format("weights of the host are repacked as for {}: --cpu tells another CPU",
                         n.about);
    case note_kind::beyond_training:
      return fmt::format(
          "a slot takes {} tokens, the model was trained for {}: beyond these its answers are "
          "worth little, unless RoPE is scaled (--rope-scaling yarn)",
          grouped(n.n), grouped(n.to));
    case note_kind::override_unused:
      return fmt::format("-ot: the pattern '{}' matches no tensor", n.about) +
             (n.near.empty() ? "" : fmt::format("; there are {}", fmt::join(n.near, ", ")));
    case note_kind::prompt_not_saved:
      return fmt::format(
          "a prompt of {} tokens with {} is {:.1f} GB, larger than the prompt cache: it is never "
          "saved (--cache-ram)",
          grouped(n.n), n.about, static_cast<double>(n.size.count) / 1e9);
    case note_kind::host_outgrown:
      return (n.size.count > 0 ? fmt::format("after hours the host may hold {}, more than there is",
                                             in_gib(n.size))
                               : "the prompt cache grows without end, and past the host's memory") +
             std::string(": --cache-ram and --ctx-checkpoints limit it");
    case note_kind::tensors_too_large:
      return fmt::format(
          "{} tensors, {}, are larger than the {} that the device's driver lets a kernel read: they "
          "stay on the host, and what is multiplied by them is computed there",
          n.n, in_mib(n.size), in_mib(bytes{static_cast<std::uint64_t>(n.to)}));
    case note_kind::computed_on_host:
      return fmt::format(
          "parts of the layers are computed by the CPU, since no kernel of the GPU takes them: a "
          "batch changes sides {} times",
          n.n - 1);
    case note_kind::tensor_types:
    case note_kind::remark:
      break;
  }
  return n.about;
}

namespace {

std::string overrides_flag(const run& r) {
  std::string all;
  for (const tensor_override& o : r.overrides)
    all += (all.empty() ? "" : ",") + o.pattern + "=" + o.buffer;
  return fmt::format("-ot '{}'", all);
}

std::string flag_of(change_kind k, const suggestion& s) {
  const run& r = s.changed;
  switch (k) {
    case change_kind::swa_full:
      return "without --swa-full";
    case change_kind::tensor_split:
      return fmt::format("-ts {}", fmt::join(r.tensor_split, ","));
    case change_kind::cache_types:
      return fmt::format("-ctk {} -ctv {}", traits(r.type_k).name, traits(r.type_v).name);
    case change_kind::n_parallel:
      return fmt::format("-np {}", r.n_parallel) +
             (s.n_ctx > 0 ? fmt::format(" -c {}", s.n_ctx) : "");
    case change_kind::no_draft_model:
      return "without -md";
    case change_kind::no_draft:
      return "--spec-type none";
    case change_kind::no_pipelining:
      return fmt::format("-ot {}={}", r.overrides.back().pattern, r.overrides.back().buffer);
    case change_kind::n_ubatch:
      return fmt::format("-ub {}", r.n_ubatch);
    case change_kind::n_ctx:
      return fmt::format("-c {}", r.n_ctx);
    case change_kind::n_cpu_moe:
      return r.cpu_moe ? "-cmoe" : fmt::format("-ncmoe {}", r.n_cpu_moe);
    case change_kind::expert_overrides:
      return fmt::format("-ot '{}={}'", r.overrides.back().pattern, r.overrides.back().buffer);
    case change_kind::n_cpu_ffn:
      return fmt::format("-ncffn {}", r.n_cpu_ffn);
    case change_kind::kv_on_host:
      return "-nkvo";
    case change_kind::n_gpu_layers:
      return fmt::format("-ngl {}", r.n_gpu_layers);
    case change_kind::divided_layers:
      return overrides_flag(r);
  }
  return {};
}

std::string layers(std::uint32_t n) { return fmt::format("{} layer{}", n, n == 1 ? "" : "s"); }

std::string effect_of(change_kind k, const suggestion& s) {
  switch (k) {
    case change_kind::swa_full:
      return "the window's cells only";
    case change_kind::tensor_split:
      return fmt::format("{} layers to the GPUs", fmt::join(s.changed.tensor_split, " and "));
    case change_kind::cache_types:
      return s.changed.type_k == s.changed.type_v
                 ? fmt::format("KV in {}", traits(s.changed.type_k).name)
                 : fmt::format("K in {}, V in {}", traits(s.changed.type_k).name,
                               traits(s.changed.type_v).name);
    case change_kind::n_parallel:
      return fmt::format("one slot instead of {}", s.n_before);
    case change_kind::no_draft_model:
    case change_kind::no_draft:
      return "no drafts, slower";
    case change_kind::no_pipelining:
      return "GPUs in turn, slower prompts";
    case change_kind::n_ubatch:
      return s.changed.n_ubatch < s.n_ubatch_before ? "slower prompts" : "faster prompts";
    case change_kind::n_ctx:
      return s.changes.size() == 1 ? "the largest context, all else the same"
                                   : grouped(s.changed.n_ctx) + " tokens";
    case change_kind::n_cpu_moe:
      return s.changed.cpu_moe ? "all experts on the host"
                               : fmt::format("experts of {} on the host", layers(s.n_on_host));
    case change_kind::expert_overrides:
      return fmt::format("experts of the last {} on the host", layers(s.n_on_host));
    case change_kind::n_cpu_ffn:
      return fmt::format("feed-forward tensors of {} on the host", layers(s.changed.n_cpu_ffn));
    case change_kind::kv_on_host:
      return "KV cache on the host, slower the more of it is full";
    case change_kind::n_gpu_layers:
      return layers(s.n_on_host) + " on the host";
    case change_kind::divided_layers:
      return fmt::format("parts of {} on the host or another GPU", layers(s.n_on_host));
  }
  return {};
}

/// What `of(change)` says of each change.
template <class Of>
std::string joined(const suggestion& s, const char* between, Of&& of) {
  std::string all;
  for (const change_kind k : s.changes) all += (all.empty() ? "" : between) + of(k, s);
  return all;
}

}  // namespace

std::string flags_of(const suggestion& s) { return joined(s, " ", flag_of); }
std::string sentence(const suggestion& s) {
  const bool keeps_context = s.changes == std::vector{change_kind::cache_types} ||
                             s.changes == std::vector{change_kind::n_ubatch};
  return (keeps_context ? "the same context, " : "") + joined(s, ", ", effect_of);
}

std::string sentence(const smaller_file& f) {
  return fmt::format("{}{:.1f} bits a weight instead of {:.1f}{}",
                     f.runs.changes.empty() ? "the same run, " : "", f.bits, f.bits_now,
                     f.runs.changes.empty() ? "" : ", " + joined(f.runs, ", ", effect_of));
}
std::string name_and_flags(const smaller_file& f) {
  return f.name + (f.runs.changes.empty() ? "" : " " + flags_of(f.runs));
}

std::string name_of_bound(const context_limit& l) {
  return l.bound_by == context_bound::device        ? name(l.full)
         : l.bound_by == context_bound::n_ctx_train ? "n_ctx_train"
         : l.bound_by == context_bound::host        ? "host"
                                                    : "limit";
}

}  // namespace vrambudget
