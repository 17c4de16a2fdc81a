#include "vrambudget/report/trade.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <optional>
#include <set>

#include "io/json_text.hpp"
#include "picture.hpp"
#include "vrambudget/report/sentences.hpp"
#include "vrambudget/report/text.hpp"
#include "vrambudget/version.hpp"
#include "xml.hpp"

namespace vrambudget {
namespace {

namespace json = boost::json;

bool is_shared(const run& r) { return r.kv_unified.value_or(false); }
const char* whose(const run& r) {
  return is_shared(r) ? "that all slots share" : "that a slot has";
}
std::string tokens_of(const trade& t) {
  return t.largest && t.n_ctx_seq > 0 ? grouped(t.n_ctx_seq) : "-";
}

std::string_view cache_of(const trade& t) {
  return t.cache_type ? traits(*t.cache_type).name : "none";
}

std::set<std::uint32_t> slots_of(std::span<const trade> all) {
  std::set<std::uint32_t> slots;
  for (const trade& t : all) slots.insert(t.n_parallel);
  return slots;
}

}  // namespace

std::string trade_text(const model& m, const run& r, std::span<const trade> all) {
  constexpr int width = 11;
  if (std::none_of(all.begin(), all.end(), [](const trade& t) { return t.n_ctx_seq > 0; }))
    return fmt::format(
        "{}: no context fits, with no type of KV cache, micro-batch or slots of these\n", m.name);
  const std::uint32_t n_ctx = r.n_ctx;
  const std::set<std::uint32_t> slots = slots_of(all);
  std::string text =
      fmt::format("{}: tokens {} at most\n\n{:<8}{:>6}", m.name, whose(r), "KV cache", "-ub");
  for (const std::uint32_t n : slots)
    text += fmt::format("{:>{}}", fmt::format("-np {}", n), width);
  const trade* before = nullptr;
  for (const trade& t : all) {
    const bool is_new = !before || before->cache_type != t.cache_type;
    if (is_new || before->n_ubatch != t.n_ubatch)
      text += fmt::format("\n{:<8}{:>6}", is_new ? cache_of(t) : "", t.n_ubatch);
    before = &t;
    text += fmt::format("{:>{}}", (n_ctx && t.holds(n_ctx) ? "*" : "") + tokens_of(t), width);
  }
  text += is_shared(r) ? "\n\n" : "\n\n-c is that times the slots.\n";
  if (n_ctx)
    text += fmt::format(
        "* holds -c {}: {} of {} runs\n", grouped(n_ctx),
        std::count_if(all.begin(), all.end(), [n_ctx](const trade& t) { return t.holds(n_ctx); }),
        all.size());
  return text;
}

std::string trade_json(const model& m, const run& r, std::span<const trade> all) {
  const std::uint32_t n_ctx = r.n_ctx;
  json::array runs;
  for (const trade& t : all) {
    json::object o;
    if (t.cache_type) o["cache_type"] = cache_of(t);
    o["n_ubatch"] = t.n_ubatch;
    o["n_parallel"] = t.n_parallel;
    if (t.largest) {
      o["n_ctx"] = t.largest->n_ctx;
      o["n_ctx_seq"] = t.n_ctx_seq;
      o["bound_by"] = name_of_bound(*t.largest);
      if (n_ctx) o["holds"] = t.holds(n_ctx);
    }
    runs.push_back(std::move(o));
  }
  json::object whole{{"schema", json_schema}, {"vrambudget", version}, {"model", m.name}};
  if (n_ctx) whole["n_ctx"] = n_ctx;
  whole["runs"] = std::move(runs);
  return json_text(whole) + "\n";
}

std::string trade_svg(const model& m, const run& r, std::span<const trade> all) {
  constexpr int bar_left = 150, bar_right = picture::right - 70, bar_height = 11, step = 15;
  std::uint32_t most = 1;
  for (const trade& t : all) most = std::max(most, t.n_ctx_seq);
  picture p;
  p.y = 40;
  p.text(picture::left, "t b", xml_text(m.name, 64));
  p.y += 22;
  p.text(picture::left, "m",
         fmt::format("tokens {} at most, by type of KV cache and micro-batch (-ub)", whose(r)));
  std::string words;
  for (const std::uint32_t slots : slots_of(all)) {
    p.y += 30;
    p.text(picture::left, "b", fmt::format("-np {}", slots));
    p.y += 5;
    const trade* before = nullptr;
    for (const trade& t : all) {
      if (t.n_parallel != slots) continue;
      const bool is_new = !before || before->cache_type != t.cache_type;
      p.y += before && is_new ? step + 5 : step;
      if (is_new) p.text(picture::left, "s", cache_of(t));
      p.text(bar_left - 8, "n m s", fmt::format("-ub {}", t.n_ubatch));
      before = &t;
      const double end = bar_left + double{bar_right - bar_left} * t.n_ctx_seq / most;
      p.text(end + 8, "s", tokens_of(t));
      p.y -= bar_height - 2;
      if (t.n_ctx_seq > 0) p.rectangle(bar_left, end, bar_height, R"(fill="#e69f00")");
      p.y += bar_height - 2;
      words += fmt::format("{} -ub {} -np {}: {}. ", cache_of(t), t.n_ubatch, slots, tokens_of(t));
    }
  }
  return p.file("Contexts of " + xml_text(m.name), words);
}

}  // namespace vrambudget
