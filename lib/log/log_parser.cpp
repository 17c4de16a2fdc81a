// The lines of a log, by what they say. Spellings of 2023 to 2026 side by side: the engine renamed its
// functions (llm_load_print_meta, print_info), hardly ever what stands behind the colon.
#include "vrambudget/log/log_parser.hpp"

#include <cmath>

#include "lines/log_line_reader.hpp"
#include "scan.hpp"

namespace vrambudget {

bool log_size::prints(bytes b) const {
  const double exact = static_cast<double>(b.count) / 0x1p20;
  const double step = std::pow(10.0, -decimals);
  const double slack = 1e-9 * static_cast<double>(parts);  // binary fractions of the decimals
  if (cut) return exact >= mib - slack && exact < mib + step * static_cast<double>(parts);
  return std::abs(exact - mib) <= step / 2 * static_cast<double>(parts) + slack;
}

std::optional<std::uint64_t> log_model::number(std::string_view key) const {
  const auto it = info.find(key);
  if (it == info.end()) return std::nullopt;
  std::string_view text = it->second;
  (void)detail::skip(text, "[");
  return detail::take_number(text);
}

void log_parser::feed(std::string_view chunk) {
  cutter_.feed(chunk, [this](std::string_view line, std::size_t number) {
    log_line_reader(*this, number).read(line);
  });
}

parsed_log log_parser::finish() {
  log_.n_lines = cutter_.n_lines();
  log_.ended_inside_line = cutter_.finish([this](std::string_view line, std::size_t number) {
    log_.n_lines = number;
    // a word or number at the end may have lost its rest; a unit or a bracket has not
    const char last = line.back();
    if (line.ends_with("MiB") || !detail::is_word(last)) log_line_reader(*this, number).read(line);
  });
  return std::move(log_);
}

parsed_log parse_log(std::string_view text) {
  log_parser p;
  p.feed(text);
  return p.finish();
}

}  // namespace vrambudget
