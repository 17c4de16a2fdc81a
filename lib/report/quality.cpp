#include "quality.hpp"

#include <fmt/format.h>

namespace vrambudget {

std::string same_top_text(const file_quality& q) {
  return q.measured && q.measured->same_top_percent
             ? fmt::format("{:.2f} %", *q.measured->same_top_percent)
             : "-";
}

std::optional<boost::json::object> kld_json(const file_quality& q) {
  if (q.estimated)
    return boost::json::object{
        {"low", q.estimated->low}, {"high", q.estimated->high}, {"basis", "assumed"}};
  if (!q.measured) return std::nullopt;
  const published_quality& m = *q.measured;
  boost::json::object o{{"mean", m.kld}, {"reference", m.reference}, {"source", m.source}};
  if (!m.of.empty()) o["of"] = m.of;
  if (m.same_top_percent) o["same_top_percent"] = *m.same_top_percent;
  return o;
}

}  // namespace vrambudget
