// The table of memory at a run's end.
#include <optional>
#include <string_view>
#include <utility>

#include "log/scan.hpp"
#include "log_line_reader.hpp"

namespace vrambudget {

using namespace detail;

namespace {

/// "18000 = 15000 + 2000 + 1000": all, the model's, the context's, and what computing takes.
bool take_parts(std::string_view& s, log_table_row& r) {
  const auto self = take_signed(s);
  if (!self || !skip(s, "=")) return false;
  const auto model = take_signed(s);
  if (!model || !skip(s, "+")) return false;
  const auto context = take_signed(s);
  if (!context || !skip(s, "+")) return false;
  const auto compute = take_signed(s);
  if (!compute) return false;
  r.self = *self;
  r.model = *model;
  r.context = *context;
  r.compute = *compute;
  return true;
}

/// What follows a row's first bar; nothing: it is none.
std::optional<log_table_row> row_of(std::string_view rest) {
  if (!skip(rest, "-")) return std::nullopt;
  log_table_row row;
  row.device = take_word(rest);
  const std::size_t second = rest.find('|');
  if (row.device.empty() || second == rest.npos) return std::nullopt;
  rest.remove_prefix(second + 1);
  if (const std::size_t open = rest.find('('); open != rest.npos) {
    std::string_view head = rest.substr(0, open);
    row.total = take_signed(head);
    if (skip(head, "=")) row.free = take_signed(head);
    rest.remove_prefix(open + 1);
    if (!take_parts(rest, row)) return std::nullopt;
    if (skip(rest, ")") && skip(rest, "+")) row.unaccounted = take_signed(rest);
  } else if (!take_parts(rest, row)) {
    return std::nullopt;
  }
  return row;
}

}  // namespace

/// "|   - CUDA0 (RTX 3090) | 24124 = 5000 + (18000 = 15000 + 2000 + 1000) + 1124 |", "|   - Host | ..."
bool log_line_reader::read_table(std::string_view text) {
  std::size_t bar = text.find('|');
  if (bar == text.npos) return false;
  if (text.find("memory breakdown", bar) != text.npos) return log_.table.clear(), true;
  // docker compose has a bar in front of each line
  constexpr int few_bars = 4;
  for (int n = 0; n < few_bars && bar != text.npos; ++n, bar = text.find('|', bar + 1)) {
    auto row = row_of(text.substr(bar + 1));
    if (!row) continue;
    row->line = line_;
    keep(log_.table, std::move(*row));
    return true;
  }
  return false;
}

}  // namespace vrambudget
