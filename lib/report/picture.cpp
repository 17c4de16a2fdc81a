// An SVG file that is written from the top to the bottom, as wide as a page of text.
#include "picture.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vrambudget {

/// Colours of text and ground, by day and by night.
constexpr std::string_view style = R"css(<style>
text{font:13px system-ui,"Segoe UI",Helvetica,Arial,sans-serif;fill:#1f2328}
.n{font-variant-numeric:tabular-nums;text-anchor:end}.b{font-weight:600}.t{font-size:17px}.s{font-size:11px}
.m{fill:#59636e}.yes{fill:#1a7f37}.no{fill:#cf222e}
.page{fill:#fff;stroke:#d1d9e0}.track{fill:#eaeef2}.line{stroke:#1f2328;stroke-width:2}
.over{fill:none;stroke:#cf222e;stroke-width:2}.stripes{fill:url(#stripes)}
.grid{stroke:#d1d9e0}.curve{fill:none;stroke:#e69f00;stroke-width:2.5}.dot{fill:#e69f00}
.h{paint-order:stroke;stroke:#fff;stroke-width:3px}
@media (prefers-color-scheme:dark){
text{fill:#f0f6fc}.m{fill:#9198a1}.yes{fill:#3fb950}.no{fill:#ff7b72}
.page{fill:#0d1117;stroke:#3d444d}.track{fill:#262c36}.line{stroke:#f0f6fc}.over{stroke:#ff7b72}.grid{stroke:#3d444d}.h{stroke:#0d1117}}
</style>
<defs><pattern id="stripes" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
<rect width="3" height="6" fill="#fff" fill-opacity=".5"/></pattern></defs>)css";

void picture::add(std::string_view elements) { (elements_ += elements) += '\n'; }

void picture::text(double x, std::string_view classes, std::string_view xml) {
  add(fmt::format(R"(<text x="{:.0f}" y="{}" class="{}">{}</text>)", x, y, classes, xml));
}

void picture::rectangle(double x, double end, int height, std::string_view attributes) {
  add(fmt::format(R"(<rect x="{:.1f}" y="{}" width="{:.1f}" height="{}" {}/>)", x, y,
                  std::max(end - x, 1.0), height, attributes));
}

std::string picture::file(std::string_view title, std::string_view description) const {
  constexpr std::string_view form =
      R"xml(<svg xmlns="http://www.w3.org/2000/svg" width="{0}" height="{1}" viewBox="0 0 {0} {1}" role="img" aria-labelledby="title description">
<title id="title">{2}</title>
<desc id="description">{3}</desc>
{4}
<rect class="page" x=".5" y=".5" width="{5}" height="{6}" rx="8"/>
{7}</svg>
)xml";
  const int height = y + left;
  return fmt::format(form, width, height, title, description, style, width - 1, height - 1,
                     elements_);
}

}  // namespace vrambudget
