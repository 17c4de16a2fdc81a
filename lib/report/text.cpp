// Budgets as text for a terminal, with colours if asked.
#include "vrambudget/report/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "ink.hpp"
#include "legend.hpp"
#include "lines.hpp"
#include "vrambudget/engine/speculative.hpp"
#include "vrambudget/report/sentences.hpp"
#include "vrambudget/report/speed.hpp"
#include "vrambudget/report/verdict_text.hpp"

namespace vrambudget {
namespace {

/// Columns of `room` that `part` of `whole` takes; at least one for anything at all.
std::size_t columns_for(bytes part, bytes whole, std::size_t room) {
  if (part.count == 0 || whole.count == 0) return 0;
  const double share = static_cast<double>(part.count) / static_cast<double>(whole.count);
  return std::max<std::size_t>(1,
                               static_cast<std::size_t>(share * static_cast<double>(room) + 0.5));
}

/// A bar of what a device holds; what is over its memory is drawn behind a mark.
std::string bar(const device_budget& d, const text_style& s) {
  const bytes whole = std::max(d.usable, d.used());
  const std::size_t room = s.width - 4;
  std::string line = "  ";
  std::size_t drawn = 0;
  bytes sum;
  const std::size_t limit = d.fits() ? room : columns_for(d.usable, whole, room);
  for (const term& t : d.terms) {
    sum += t.size;
    const std::size_t until = std::min(room, std::max(drawn + 1, columns_for(sum, whole, room)));
    for (; drawn < until; ++drawn) {
      if (drawn == limit) line += coloured(s, 31, "|");
      const ink& i = ink_of(t.kind);
      line += s.colour && s.unicode ? coloured(s, i.ansi, "\u2588") : std::string(1, i.letter);
    }
  }
  for (; drawn < room; ++drawn) line += s.colour && s.unicode ? "\u2591" : ".";
  return line + "\n";
}

/// Amounts below each other: names, then sizes, then how they are known.
class term_table {
 public:
  term_table(const budget& b, const text_style& s)
      : style_(s),
        names_(b.draft       ? 22
               : is_narrow() ? 16
                             : 18),
        sizes_(is_narrow() ? 13 : 16) {}

  [[nodiscard]] std::string row(std::string_view name, bytes size, const std::string& says = {},
                                const std::string& key = " ") const {
    std::string line = fmt::format("  {} {:<{}}{:>{}}", key, name, names_, in_mib(size), sizes_);
    if (says.empty()) return line + "\n";
    const bool fits = columns_of(line) + 2 + says.size() <= style_.width;
    return line + (fits ? "  " : "\n      ") + says + "\n";
  }

  [[nodiscard]] std::string row(const term& t) const {
    const ink& i = ink_of(t.kind);
    std::string says = basis_text(t.basis, t.low.value_or(t.size), t.size);
    if (t.held) says += fmt::format(", {}", name(*t.held));
    std::string text =
        row(name(t.kind), t.size, says,
            coloured(style_, i.ansi,
                     style_.colour && style_.unicode ? "\u25a0" : std::string(1, i.letter)));
    if (const std::string why = style_.explain ? sentence(t.why) : ""; !why.empty())
      text += fmt::format("      {} bytes = {}\n", grouped(t.size.count), why);
    return text;
  }

 private:
  [[nodiscard]] bool is_narrow() const { return style_.width < 80; }

  const text_style& style_;
  std::size_t names_, sizes_;
};

int colour_of(const device_budget& d) {
  return d.fits() ? 32 : d.fits(estimate::expected) ? 33 : 31;
}

/// The verdict, broken at blanks.
std::string verdict_lines(const std::string& text, const run_verdict& v, const text_style& s) {
  const int colour = v.kind == verdict_kind::fits ? 32 : v.runs() ? 33 : 31;
  std::string lines;
  for (const std::string& line : broken(text, s.width)) lines += coloured(s, colour, line) + "\n";
  return lines;
}

std::string device_text(const device_budget& d, const term_table& t, const text_style& s) {
  std::string text =
      with_both_ends(fmt::format("{}  {}", name(d.id), d.gpu.full_name()),
                     fmt::format("{} of {}  {}", in_gib(d.used()), in_gib(d.usable),
                                 coloured(s, colour_of(d), std::string(word_for(d)))),
                     s.width);
  text += bar(d, s);
  for (const term& one : d.terms) text += t.row(one);
  text += t.row("used", d.used(), basis_text(d.weakest(), d.used(estimate::low), d.used()));
  if (const auto& o = d.gpu.others; o && o->high.count > 0) {
    text += t.row("held by others", o->high, basis_text(o->basis, o->low, o->high));
    if (s.explain) text += "      " + o->note + "\n";
  }
  if (d.held_by_host.count > 0) text += t.row("held by the host", d.held_by_host);
  return text + (d.fits() ? t.row("spare", d.spare()) : t.row("missing", d.missing()));
}

std::string tenths_of_gib(bytes b) {
  return fmt::format("{:.1f}", gib_of(b));
}

/// What comes with use, part by part; empty: nothing does.
std::string growth_text(const host_budget& h) {
  const std::optional<bytes> later = h.grows_to();
  if (later == h.resident()) return {};
  std::string text =
      fmt::format("  {} GiB at start, {} after hours:\n", tenths_of_gib(h.resident()),
                  later ? fmt::format("up to {} GiB", tenths_of_gib(*later)) : "without end");
  if (h.prompts)
    text += h.prompts->limit
                ? fmt::format("    prompt cache {} GiB\n", tenths_of_gib(*h.prompts->limit))
                : "    prompt cache without a limit\n";
  if (const auto& c = h.checkpoints)
    text += fmt::format("    {} checkpoints {} GiB: {} each, {} a slot, {} to {} a request\n",
                        std::uint64_t{c->per_slot} * c->n_slots, tenths_of_gib(c->all()),
                        in_mib(c->each), c->per_slot, checkpoints_a_request::least,
                        checkpoints_a_request::most);
  return text;
}

std::string host_text(const host_budget& h, const term_table& t, const text_style& s) {
  const bool fits = !h.short_bytes();
  const char* word = fits ? "fits" : h.reads_from_disk() ? "reads from disk" : "does not fit";
  std::string text =
      with_both_ends("host (main memory)",
                     h.ram ? fmt::format("{} of {}  {}", in_gib(h.needed()), in_gib(*h.ram),
                                         coloured(s, fits ? 32 : 31, word))
                           : in_gib(h.needed()),
                     s.width);
  for (const term& one : h.terms) text += t.row(one);
  if (const measured_range& p = h.process; p.high.count > 0) {
    text += t.row("process", p.high, basis_text(p.basis, p.low, p.high));
    if (s.explain) text += "      " + p.note + "\n";
  }
  if (h.ram) text += fits ? t.row("spare", *h.spare()) : t.row("missing", *h.short_bytes());
  return text + growth_text(h);
}

std::string draft_line(const draft_summary& d) {
  const bool own = d.type == spec_type::draft_mtp;
  std::string line =
      fmt::format("drafts by {} ({}), KV {}", own ? "NextN layers" : d.name,
                  own ? name(d.type) : d.architecture, traits(d.context.type_k).name);
  if (d.context.type_v != d.context.type_k)
    line += fmt::format("/{}", traits(d.context.type_v).name);
  return line;
}

std::string encoder_line(const encoder_budget& e, bool on_device) {
  const auto need = [&](const image_need& n) {
    std::string text = fmt::format("{} at {} x {}", in_mib(on_device ? n.compute : n.host),
                                   grouped(static_cast<std::uint64_t>(n.nx)),
                                   grouped(static_cast<std::uint64_t>(n.ny)));
    if (n.n_tokens) text += fmt::format(" ({} tokens)", grouped(n.n_tokens));
    if (n.n_images > 1) text += fmt::format(", {} at once", n.n_images);
    return text;
  };
  std::string line =
      fmt::format("{} by {}: buffer {} when loaded", name(e.kind), e.type, need(e.warmup));
  if (e.largest.nx != e.warmup.nx || e.largest.ny != e.warmup.ny || e.largest.n_images > 1)
    line += fmt::format(",\n  {} at most", need(e.largest));
  return line;
}

}  // namespace

std::string grouped(std::uint64_t n) {
  std::string digits = std::to_string(n);
  for (std::size_t i = digits.size(); i > 3;) digits.insert(i -= 3, ",");
  return digits;
}

std::string in_mib(bytes b) {
  const auto tenths = static_cast<std::uint64_t>(mib_of(b) * 10 + 0.5);
  return fmt::format("{}.{} MiB", grouped(tenths / 10), tenths % 10);
}

std::string in_gib(bytes b) {
  return fmt::format("{:.2f} GiB", gib_of(b));
}

std::string basis_text(basis b, bytes low, bytes high) {
  return low == high ? std::string(name(b)) : fmt::format("{}, from {}", name(b), in_mib(low));
}

std::string context_line(const budget& b) {
  const context_params& c = b.context;
  std::string line = fmt::format("{} tokens", grouped(c.n_ctx));
  if (c.n_seq_max > 1)
    line += c.kv_unified ? fmt::format(" shared by {} slots", c.n_seq_max)
                         : fmt::format(" in {} slots of {}", c.n_seq_max, grouped(c.n_ctx_seq));
  if (b.keeps_kv()) {
    line += fmt::format(", KV {}", traits(c.type_k).name);
    if (c.type_v != c.type_k) line += fmt::format("/{}", traits(c.type_v).name);
  }
  line +=
      fmt::format(", flash attention {}, micro-batch {}", c.flash_attn ? "on" : "off", c.n_ubatch);
  return line;
}

std::string budget_text(const model& m, const run& r, const budget& b, const run_verdict& v,
                        const std::string& file_note, const text_style& s,
                        const run_speeds& speeds) {
  constexpr int dim = 2;
  std::string text;
  for (const std::string& line :
       broken(full_name(r.profile) + (file_note.empty() ? "" : "; " + file_note), s.width))
    text += coloured(s, dim, line) + "\n";
  text += verdict_lines(sentence(v, b), v, s) + "\n";
  text += fmt::format("{} ({})\n{:.2f} B parameters in {} tensors, {}, {:.2f} bits per weight\n",
                      m.name, m.architecture, static_cast<double>(m.n_params) / 1e9,
                      grouped(m.tensors.size()), in_gib(m.tensor_bytes()), m.bits_per_weight());
  text += context_line(b) + "\n";
  if (b.draft) text += draft_line(*b.draft) + "\n";
  if (b.projector)
    for (const encoder_budget& e : b.projector->encoders)
      text += encoder_line(e, b.projector->device.has_value()) + "\n";
  text += speed_text(b.devices, speeds.decode, s.explain) +
          prompt_text(b.devices, speeds.prompts, s.explain) + "\n";
  const term_table t(b, s);
  for (const device_budget& d : b.devices) text += device_text(d, t, s) + "\n";
  if (!b.host.terms.empty()) text += host_text(b.host, t, s);
  for (const note& n : b.notes)
    if (const std::string says = sentence(n); says != file_note) text += "note: " + says + "\n";
  if (s.explain) text += "\n" + legend_text(b, s.width);
  return text;
}

std::string context_text(const context_limit& limit) {
  return fmt::format(
      "{:>12}  bound by {}", limit.n_ctx ? grouped(limit.n_ctx) : "-",
      limit.bound_by == context_bound::n_ctx_train ? "training" : name_of_bound(limit));
}

std::string fit_text(const fitted_run& f, bool planned) {
  std::string text = planned ? "llama-server --fit" : "By itself (--fit) llama-server";
  if (f.status == fit_status::failure) {
    text += planned ? " gives up: " : " would give up: ";
  } else {
    text += planned ? " chose " : " would take ";
  }
  text += f.r.n_ctx ? grouped(f.r.n_ctx) + " tokens" : "the context it is told";
  if (!f.moved) return text + (f.r.n_gpu_layers < 0 ? ", all layers on GPUs\n" : "\n");
  text += fmt::format(", -ngl {}", f.r.n_gpu_layers);
  if (!f.r.tensor_split.empty()) {
    text += ", -ts ";
    for (const float n : f.r.tensor_split)
      text += fmt::format("{}{}", text.back() == ' ' ? "" : ",", n);
  }
  if (!f.r.overrides.empty())
    text += fmt::format(", the experts of {} layers elsewhere", f.r.overrides.size());
  return text + "\n";
}

std::string contexts_text(const std::vector<context_row>& rows, const context_params& of,
                          std::uint32_t n_ctx_train) {
  const bool divided = of.n_seq_max > 1 && !of.kv_unified;
  std::string text = fmt::format("Largest context by KV type ({}trained for {}):\n",
                                 divided ? fmt::format("over {} slots, each ", of.n_seq_max) : "",
                                 grouped(n_ctx_train));
  for (const context_row& r : rows)
    text += fmt::format("  {:<8}{}\n", traits(r.type).name, context_text(r.limit));
  return text;
}

}  // namespace vrambudget
