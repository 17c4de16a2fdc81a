// Budgets as pictures.
#include "vrambudget/report/svg.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "contexts_chart.hpp"
#include "ink.hpp"
#include "picture.hpp"
#include "vrambudget/report/text.hpp"
#include "vrambudget/report/verdict_text.hpp"
#include "xml.hpp"

namespace vrambudget {
namespace {

constexpr int row_height = 20, bar_height = 28;
constexpr std::size_t longest_name = 64, longest_gpu = 40;  // characters that a line has room for

/// Whether black is read more easily on a colour than white.
bool is_bright(std::uint32_t rgb) {
  return 299 * (rgb >> 16) + 587 * (rgb >> 8 & 255) + 114 * (rgb & 255) > 130'000;
}

/// Writes bars and what they consist of.
class budget_picture : picture {
 public:
  /// `whole`: what a bar of full width stands for.
  explicit budget_picture(bytes whole) : whole_(std::max(whole, bytes{1})) {}

  using picture::file;

  void heading(const model& m, const budget& b) {
    y = 40;
    text(left, "t b", xml_text(m.name, longest_name));
    y += 22;
    text(left, "m", xml_text(context_line(b)));
    y += 16;
  }

  void device(const device_budget& d) {
    y += 32;
    text(left, "b",
         fmt::format(R"({} <tspan class="m">{}</tspan>)", name(d.id),
                     xml_text(d.gpu.full_name(), longest_gpu)));
    text(right, "n",
         fmt::format(R"({} of {} <tspan class="b {}">{}</tspan>)", in_gib(d.used()),
                     in_gib(d.usable), d.fits(estimate::expected) ? "yes" : "no", word_for(d)));
    y += 8;
    const auto& others = d.gpu.others;
    const bool shared = others && others->high.count > 0;
    rectangle(left, x_of(std::max(d.gpu.total, d.usable)), bar_height, R"(class="track")");
    if (shared) rectangle(x_of(d.gpu.free), x_of(d.gpu.total), bar_height, R"(class="stripes")");
    bar(d);
    if (!d.fits()) rectangle(x_of(d.usable), x_of(d.used()), bar_height, R"(class="over")");
    mark(d.usable);
    terms(d);
    if (shared)
      row("held by others", "", others->high, basis_text(others->basis, others->low, others->high));
    row(d.fits() ? "spare" : "missing", "b", d.fits() ? d.spare() : d.missing(), "");
  }

  void contexts(const std::vector<context_curve>& curves, const device_budget& d) {
    draw_contexts(*this, curves, d);
  }

  /// Last: what is larger than any device has a scale of its own.
  void host(const term_list& list) {
    whole_ = std::max(whole_, list.used());
    y += 32;
    text(left, "b", "host");
    text(right, "n", in_gib(list.used()));
    y += 8;
    bar(list);
    y += bar_height;
    terms(list);
  }

 private:
  [[nodiscard]] double x_of(bytes b) const {
    return left + (right - left) * static_cast<double>(b.count) / static_cast<double>(whole_.count);
  }

  void bar(const term_list& list) {
    bytes sum;
    for (const term& t : list.terms) {
      const ink& i = ink_of(t.kind);
      const double from = x_of(sum), to = x_of(sum + t.size);
      rectangle(from, to, bar_height, fmt::format(R"(fill="#{:06x}")", i.rgb));
      if (i.striped) rectangle(from, to, bar_height, R"(class="stripes")");
      if (to - from >
          8.0 * static_cast<double>(name(t.kind).size()) + 12)  // there is room for its name
        add(fmt::format(R"(<text x="{:.0f}" y="{}" style="fill:{}">{}</text>)", from + 8, y + 19,
                        is_bright(i.rgb) ? "#000" : "#fff", name(t.kind)));
      sum += t.size;
    }
  }

  /// Where the memory that may be used ends.
  void mark(bytes usable) {
    const double x = x_of(usable);
    add(fmt::format(R"(<path class="line" d="M{:.1f} {}v{}"/>)", x, y - 4, bar_height + 8));
    y += bar_height + 16;
    text(std::max(x, 200.0), "n m s", "usable " + in_gib(usable));
  }

  void terms(const term_list& list) {
    y += 8;
    for (const term& t : list.terms) {
      const ink& i = ink_of(t.kind);
      swatch(fmt::format("#{:06x}", i.rgb));
      if (i.striped) swatch("url(#stripes)");
      row(name(t.kind), "", t.size, basis_text(t.basis, t.low.value_or(t.size), t.size));
    }
  }

  /// A square at the row that comes next.
  void swatch(std::string_view fill) {
    add(fmt::format(R"(<rect x="{}" y="{}" width="11" height="11" rx="2" fill="{}"/>)", left,
                    y + row_height - 10, fill));
  }

  void row(std::string_view what, std::string_view classes, bytes size, std::string_view how) {
    y += row_height;
    text(left + 20, classes, what);
    text(left + 290, fmt::format("n {}", classes), in_mib(size));
    if (!how.empty()) text(left + 306, "m", how);
  }

  bytes whole_;
};

/// "CUDA0: weights 15,382.8 MiB, ..., in all 21,769.7 MiB. "
std::string in_words(std::string_view where, const term_list& list) {
  std::string text = fmt::format("{}:", where);
  for (const term& t : list.terms) text += fmt::format(" {} {},", name(t.kind), in_mib(t.size));
  return text + fmt::format(" in all {}. ", in_mib(list.used()));
}

}  // namespace

std::string budget_svg(const model& m, const budget& b, const std::vector<context_curve>& curves) {
  bytes whole;
  for (const device_budget& d : b.devices)
    whole = std::max({whole, d.gpu.total, d.usable, d.used()});

  budget_picture p(whole);
  p.heading(m, b);
  std::string words = context_line(b) + ". ";
  for (const device_budget& d : b.devices) {
    p.device(d);
    words +=
        in_words(name(d.id), d) + (d.fits(estimate::expected) ? "It fits. " : "It does not fit. ");
  }
  if (b.devices.size() == 1 && !curves.empty()) {
    p.contexts(curves, b.devices[0]);
    words += "Largest context by type of KV cache:";
    for (const context_curve& c : curves)
      words += fmt::format(" {} {},", traits(c.type).name, grouped(c.limit.n_ctx));
    words.back() = '.';
    words += ' ';
  }
  if (!b.host.terms.empty()) {
    p.host(b.host);
    words += in_words("host", b.host);
  }
  return p.file("Memory of " + xml_text(m.name), words);
}

}  // namespace vrambudget
