// The options of a plan, one row each: every name, where the value lies, and what is said of it. Command
// lines, JSON, Python, the lines that are written for llama-server, and docs/options.md follow from it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "vrambudget/error.hpp"
#include "vrambudget/request/option_kind.hpp"

namespace vrambudget::request {

/// What options are about.
enum class topic : std::uint8_t {
  model,
  gpus,
  plan,
  files,
  sources,
  context,
  placement,
  host,
  draft,
  projector
};

/// Whether options of a topic are llama-server's own and set a `run`.
[[nodiscard]] constexpr bool is_of_run(topic t) { return t >= topic::context; }

struct option {
  enum topic topic;
  std::string_view names;   ///< on command lines, first as it is written: "-c,--ctx-size,--ctx"
  std::string_view fields;  ///< of C++ and Python, besides the names: "n_ctx"
  kind::any value;
  std::string_view shown;  ///< what stands for the value in help; empty: there is none
  std::string_view help;
  std::string_view usual = {};  ///< the value that holds if none is given, or what is done then

  [[nodiscard]] bool has_value() const {
    return !std::holds_alternative<kind::on_off>(value) &&
           !std::holds_alternative<kind::optional_on_off>(value);
  }
  /// The value that is meant where none follows; empty: one must.
  [[nodiscard]] std::string_view alone() const {
    return std::holds_alternative<kind::display>(value)              ? kind::display::alone
           : std::holds_alternative<kind::choice<flash_attn>>(value) ? "on"  // as it was in 2025
                                                                     : "";
  }
  /// Whether its flag sets something to false, which has a name too: "kv_offload" of --no-kv-offload.
  [[nodiscard]] bool turns_off() const {
    const auto* k = std::get_if<kind::on_off>(&value);
    return k != nullptr && !k->sets;
  }
  /// As a line for llama-server has it: "-c".
  [[nodiscard]] std::string_view flag() const { return names.substr(0, names.find(',')); }
};

/// All rows, in the order in which llama-server's line has them.
[[nodiscard]] std::span<const option> options();

/// The row that has this name, "-c" or "--ctx-size", or field, "n_ctx"; null: none.
[[nodiscard]] const option* find_option(std::string_view name);

/// A name as a key of JSON and Python: without dashes in front, '_' for the others.
[[nodiscard]] std::string key_of(std::string_view name);

/// What C++ and Python call it: "n_ctx"; of a flag that turns something off what it turns off.
[[nodiscard]] std::string field_of(const option& o);

/// "micro-batch [512]"
[[nodiscard]] std::string help_of(const option& o);

/// Calls `visit` with each part of "a,b,c".
template <class Visit>
constexpr void for_each_name(std::string_view names, Visit visit) {
  while (!names.empty()) {
    const std::size_t end = std::min(names.find(','), names.size());
    visit(names.substr(0, end));
    names.remove_prefix(std::min(end + 1, names.size()));
  }
}

/// Whether "a,b,c" has the name.
[[nodiscard]] constexpr bool has_name(std::string_view names, std::string_view name) {
  bool found = false;
  for_each_name(names, [&](std::string_view n) { found = found || n == name; });
  return found;
}

/// The first row of a table whose `names` have the name, and of which `also` holds; null: none.
template <class Row, std::size_t n, class Holds>
[[nodiscard]] constexpr const Row* find_named(const Row (&rows)[n], std::string_view name,
                                              Holds also) {
  for (const Row& row : rows)
    if (has_name(row.names, name) && also(row)) return &row;
  return nullptr;
}
template <class Row, std::size_t n>
[[nodiscard]] constexpr const Row* find_named(const Row (&rows)[n], std::string_view name) {
  return find_named(rows, name, [](const Row&) { return true; });
}

/// Takes an option as a command line has it; `text` is ignored where it has no value.
/// Errors: invalid_argument  no such value
[[nodiscard]] result<void> set(const option& o, plan_request& q, std::string_view text = {});

/// The value of a request as a command line has it, empty where the flag stands alone; nothing where the
/// value is the one that holds anyway.
[[nodiscard]] std::optional<std::string> told(const option& o, const plan_request& q);

}  // namespace vrambudget::request
