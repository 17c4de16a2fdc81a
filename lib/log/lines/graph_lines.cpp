// How many nodes and splits a graph has.
#include <optional>
#include <string_view>

#include "log/scan.hpp"
#include "log_line_reader.hpp"

namespace vrambudget {

using namespace detail;

namespace {

/// "1592 / 1590", "200 (with bs=512), 3 (with bs=1)", or one number for both.
std::optional<log_pair> pair_from(std::string_view s) {
  const auto a = take_u32(s);
  if (!a) return std::nullopt;
  auto b = a;
  if (skip(s, "/")) {
    b = take_u32(s);
  } else if (skip(s, "(with bs=")) {
    const std::size_t comma = s.find("), ");
    if (comma != s.npos) {
      s.remove_prefix(comma + 3);
      b = take_u32(s);
    }
  }
  return log_pair{*a, b.value_or(*a)};
}

}  // namespace

/// "graph (pp bs=512, tg bs=4): nodes = 1592 / 1590, splits = 2, ...";
/// before "graph nodes = 1030", "graph splits = 2", "graph splits = 200 (with bs=512), 3 (with bs=1)".
bool log_line_reader::read_graph(std::string_view text) {
  const std::string_view line = trimmed(text);
  if (!line.starts_with("graph")) return false;
  bool any = false;
  const auto value = [&](std::string_view key, std::optional<logged<log_pair>>& into) {
    const std::size_t at = line.find(key);
    if (at == line.npos) return;
    std::string_view rest = line.substr(at + key.size());
    if (!skip(rest, "=")) return;
    const auto read = pair_from(rest);
    if (!read) return;
    into = {*read, line_};
    any = true;
  };
  if (line.find("nodes") == line.npos && line.find("splits") == line.npos) return false;
  value("nodes", context().graph_nodes);
  value("splits", context().graph_splits);
  return any;
}

}  // namespace vrambudget
