// Memory against context, drawn.
#include "contexts_chart.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "ink.hpp"
#include "vrambudget/report/text.hpp"

namespace vrambudget {
namespace {

constexpr int height = 160;
constexpr double above_usable = 1.12;  // how far the chart reaches

/// From tokens and bytes to pixels.
struct scale {
  int bottom;
  double per_token, per_byte;

  [[nodiscard]] double x(std::uint32_t n) const { return picture::left + per_token * n; }
  [[nodiscard]] double y(bytes b) const { return bottom - per_byte * static_cast<double>(b.count); }
};

void draw_axes(picture& p, const scale& s, std::uint32_t n_most, bytes usable) {
  constexpr std::uint32_t n_ticks = 4;
  for (std::uint32_t i = 1; i <= n_ticks; ++i) {
    const std::uint32_t n = n_most / n_ticks * i;
    p.add(fmt::format(R"(<path class="grid" d="M{:.1f} {}V{}"/>)", s.x(n), s.bottom - height,
                      s.bottom));
    p.y = s.bottom + 15;
    p.text(s.x(n), "n m s", grouped(n));
  }
  p.add(fmt::format(R"(<path class="line" d="M{} {:.1f}H{}"/>)", picture::left, s.y(usable),
                    picture::right));
  p.add(fmt::format(R"(<path class="grid" d="M{} {}H{}"/>)", picture::left, s.bottom,
                    picture::right));
  p.y = static_cast<int>(s.y(usable)) - 6;
  p.text(picture::left + 4, "m s", "usable " + in_gib(usable));
}

void draw_curve(picture& p, const scale& s, const context_curve& c) {
  std::string path;
  for (const auto& [n, used] : c.points)
    path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? 'M' : 'L', s.x(n), s.y(used));
  p.add(fmt::format(R"x(<path class="curve" clip-path="url(#chart)" d="{}"/>)x", path));
}

/// A dot where the curve meets the line across, or ends; beside it the tokens.
void mark_limit(picture& p, const scale& s, const context_curve& c, bytes usable) {
  if (c.limit.n_ctx == 0) return;
  const bool ends = c.limit.n_ctx >= c.points.back().first;
  const double x = std::min(s.x(c.limit.n_ctx), double{picture::right});
  const double y = ends ? s.y(c.points.back().second) : s.y(usable);
  p.add(fmt::format(R"(<circle class="dot" cx="{:.1f}" cy="{:.1f}" r="4"/>)", x, y));
  const bool before = x > 230;  // else the tokens would meet the words at the line across
  p.y = static_cast<int>(y) + (ends || !before ? 16 : -7);
  p.text(before ? x - 5 : x + 8, before ? "n b s h" : "b s h",
         fmt::format("{} {}", traits(c.type).name, grouped(c.limit.n_ctx)));
}

}  // namespace

void draw_contexts(picture& p, const std::vector<context_curve>& curves, const device_budget& d) {
  const bytes usable = d.usable, weights = d.of(term_kind::weights);
  std::uint32_t n_most = 1;
  for (const context_curve& c : curves) n_most = std::max(n_most, c.points.back().first);
  p.y += 36;
  p.text(picture::left, "b",
         R"(context <tspan class="m">and the largest that fits, by type of KV cache</tspan>)");
  const scale s{
      p.y + 12 + height, double{picture::right - picture::left} / n_most,
      height / (above_usable * static_cast<double>(std::max<std::uint64_t>(usable.count, 1)))};
  p.add(
      fmt::format(R"(<clipPath id="chart"><rect x="{}" y="{}" width="{}" height="{}"/></clipPath>)",
                  picture::left, s.bottom - height, picture::right - picture::left, height));
  p.y = static_cast<int>(s.y(weights));
  p.rectangle(picture::left, picture::right, s.bottom - p.y,
              fmt::format(R"(fill="#{:06x}" fill-opacity=".25")", ink_of(term_kind::weights).rgb));
  p.y = s.bottom - 8;
  p.text(picture::left + 8, "m s", "weights");
  draw_axes(p, s, n_most, usable);
  for (const context_curve& c : curves) draw_curve(p, s, c);
  for (const context_curve& c : curves) mark_limit(p, s, c, usable);
  p.y = s.bottom + 16;
}

}  // namespace vrambudget
