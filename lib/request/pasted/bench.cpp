// llama-bench: its options have lists, and it makes a test of each combination.
//
// Source: llama.cpp, tools/llama-bench/llama-bench.cpp: parse_cmd_params, get_cmd_params_instances
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>

#include "request/pasted/line_text.hpp"
#include "request/pasted/server_line.hpp"
#include "vrambudget/request/option.hpp"

namespace vrambudget::request::pasted {
namespace {

/// Switches that have a value there, 0 or 1, and what stands for each; empty: what is usual.
struct bench_switch {
  std::string_view names, on, off;
};
constexpr bench_switch bench_switches[] = {
    {"-nkvo,--no-kv-offload", "-nkvo", ""},
    {"-embd,--embeddings", "--embeddings", ""},
    {"-nopo,--no-op-offload", "--no-op-offload", ""},
    {"-mmp,--mmap", "", "--no-mmap"},
    {"--no-host", "--no-host", ""},
};

/// The larger end of "4096" or "512-4096+512"; nothing: no number.
std::optional<std::uint64_t> largest_of(std::string_view part) {
  if (const std::size_t dash = part.find('-', 1); dash != part.npos) part.remove_prefix(dash + 1);
  part = part.substr(0, part.find_first_of("+*"));
  std::uint64_t n = 0;
  const auto [end, failed] = std::from_chars(part.data(), part.data() + part.size(), n);
  if (failed != std::errc{} || end != part.data() + part.size()) return std::nullopt;
  return n;
}

/// Of a list the largest number, or what is no number as it stands last.
std::string largest_in(std::string_view list, bool& is_list) {
  std::string last;
  std::optional<std::uint64_t> most;
  bool are_numbers = true;
  std::size_t n_part = 0;
  for_each_name(list, [&](std::string_view part) {
    ++n_part;
    last = part;
    const auto n = largest_of(part);
    if (n) most = std::max(most.value_or(0), *n);
    are_numbers = are_numbers && n.has_value();
  });
  is_list = is_list || n_part > 1;
  return are_numbers && most ? std::to_string(*most) : last;
}

class bench_reader {
 public:
  server_line read(const words& args) {
    for (std::size_t i = 0; i < args.size(); ++i) {
      const bool is_last = i + 1 == args.size();
      if (is_last || !take(args[i], args[i + 1]))
        line_.args.push_back(args[i]);
      else
        ++i;
    }
    // tests of prompts and of generated tokens are made one by one, those of -pg in one
    const std::uint64_t tokens = std::max({prompt_.value_or(512), generated_.value_or(128), both_});
    line_.args.insert(line_.args.end(),
                      {"-np", "1", "-c", std::to_string(tokens + std::min(depth_, most_tokens))});
    if (is_list_)
      line_.notes.emplace_back(
          "llama-bench: of several values the largest, or the last, is planned");
    return std::move(line_);
  }

 private:
  static constexpr std::uint64_t most_tokens = 1 << 30;

  [[nodiscard]] std::uint64_t tokens_of(const std::string& list) {
    return std::min(largest_of(largest_in(list, is_list_)).value_or(0), most_tokens);
  }

  /// Whether the value belongs to what is planned otherwise.
  bool take(const std::string& name, const std::string& value) {
    if (name == "-p" || name == "--n-prompt")
      prompt_ = std::max(prompt_.value_or(0), tokens_of(value));
    else if (name == "-n" || name == "--n-gen")
      generated_ = std::max(generated_.value_or(0), tokens_of(value));
    else if (name == "-d" || name == "--n-depth")
      depth_ = std::max(depth_, tokens_of(value));
    else if (name == "-pg")
      take_both(value);
    else if (const bench_switch* s = find_named(bench_switches, name))
      add_switch(*s, value);
    else if (name == "-ot" || name == "--override-tensor")
      add(name, value, ';');
    else if (name == "-ts" || name == "--tensor-split")
      add(name, largest_in(value, is_list_), '/');
    else if (const option* o = find_option(name); o && o->has_value() && is_of_run(o->topic))
      add(name, largest_in(value, is_list_));
    else
      return false;
    return true;
  }

  void take_both(const std::string& value) {
    const std::size_t comma = value.find(',');
    if (comma == value.npos) return;
    const auto p = largest_of(value.substr(0, comma)), n = largest_of(value.substr(comma + 1));
    if (p && n) both_ = std::max(both_, std::min(*p, most_tokens) + std::min(*n, most_tokens));
  }

  void add_switch(const bench_switch& s, const std::string& value) {
    const std::string last = largest_in(value, is_list_);
    const std::string_view word = means_off(last) ? s.off : s.on;
    if (!word.empty()) line_.args.emplace_back(word);
  }

  void add(const std::string& name, std::string value, char divides = ',') {
    std::replace(value.begin(), value.end(), divides, ',');
    line_.args.insert(line_.args.end(), {name, std::move(value)});
  }

  server_line line_;
  std::optional<std::uint64_t> prompt_, generated_;
  std::uint64_t both_ = 0, depth_ = 0;
  bool is_list_ = false;
};

}  // namespace

server_line of_bench(const words& args) { return bench_reader().read(args); }

}  // namespace vrambudget::request::pasted
