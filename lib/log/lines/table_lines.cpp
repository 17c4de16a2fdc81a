// The table of memory at a run's end.
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

}  // namespace

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
  if (const std::size_t open = rest.find('('); open != rest.npos) {
    std::string_view head = rest.substr(0, open);
    row.total = take_signed(head);
    if (skip(head, "=")) row.free = take_signed(head);
    rest.remove_prefix(open + 1);
    if (!take_parts(rest, row)) return false;
    if (skip(rest, ")") && skip(rest, "+")) row.unaccounted = take_signed(rest);
  } else if (!take_parts(rest, row)) {
    return false;
  }
  keep(log_.table, std::move(row));
  return true;
}

}  // namespace vrambudget
