// A checked log as text and as JSON.
#include "vrambudget/report/check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "ink.hpp"
#include "io/json_text.hpp"
#include "vrambudget/engine/context.hpp"
#include "vrambudget/version.hpp"

namespace vrambudget {
namespace {

namespace json = boost::json;

constexpr std::string_view source_names[] = {"its file", "a file quantized otherwise",
                                             "the catalogue, types as in the log",
                                             "the catalogue, same dimensions", "the log's lines"};
constexpr std::string_view source_keys[] = {"file", "file_other_types", "catalogue_same_types",
                                            "catalogue", "log"};

int colour_of(verdict v) {
  constexpr int colours[] = {32, 31, 90, 90};
  return colours[static_cast<std::size_t>(v)];
}

std::string printed_like(bytes b, int decimals) {
  return fmt::format("{:.{}f}", mib_of(b), std::max(decimals, 2));
}

std::string heading(const log_check& c, const checked_context& k) {
  const run& r = k.rebuilt.r;
  std::string text = fmt::format("context {} of {}: {} ({}), known by {}\n", k.context + 1,
                                 c.log.contexts.size(), k.model.empty() ? "a model" : k.model,
                                 k.architecture, source_names[static_cast<std::size_t>(k.source)]);
  text += fmt::format("rules of {}", full_name(r.profile));
  if (!c.log.build.empty()) text += fmt::format(" for b{}", c.log.build);
  if (k.planned) {
    const context_params& p = k.planned->context;
    text += fmt::format("; {} tokens, {} slot{}, KV {}/{}, flash attention {}, micro-batch {}",
                        grouped(p.n_ctx), p.n_seq_max, p.n_seq_max == 1 ? "" : "s",
                        traits(p.type_k).name, traits(p.type_v).name, p.flash_attn ? "on" : "off",
                        p.n_ubatch);
  }
  return text + "\n";
}

std::string line_text(const log_comparison& l, const text_style& s) {
  std::string logged = "-", predicted = "-";
  if (l.logged) logged = fmt::format("{:.{}f}", l.logged->mib, l.logged->decimals);
  if (l.predicted) predicted = printed_like(*l.predicted, l.logged ? l.logged->decimals : 2);
  if (l.logged_count) logged = grouped(*l.logged_count);
  if (l.predicted_count) predicted = grouped(*l.predicted_count);
  const std::string what = l.cache.empty() ? l.term : l.term + " " + l.cache;
  std::string text = fmt::format(
      "{:>6}  {:<22}{:<20}{:>12}{:>13}  {}", l.line ? std::to_string(l.line) : "", what, l.device,
      logged, predicted, coloured(s, colour_of(l.verdict), std::string(name(l.verdict))));
  if (l.verdict == verdict::differs && l.logged && l.predicted)
    text += fmt::format(" by {:+.2f}", l.logged->difference(*l.predicted));
  if (l.verdict == verdict::differs && l.logged_count && l.predicted_count)
    text += fmt::format(" by {:+d}", static_cast<std::int64_t>(*l.predicted_count) -
                                         static_cast<std::int64_t>(*l.logged_count));
  if (l.why) text += ": " + *l.why;
  return text + "\n";
}

/// What a device refused, where no line of a comparison says it.
std::string refusal_text(const log_refusal& r) {
  const char* stages[] = {"while the weights were loaded", "while the cache was made",
                          "while the compute buffers were reserved"};
  const std::size_t stage = r.term == log_term::weights ? 0 : r.term == log_term::compute ? 2 : 1;
  return fmt::format("{:>6}  {} refused {:.2f} MiB {}{}\n", r.size.line, r.device, r.size.mib,
                     stages[stage],
                     r.retried ? ", and the engine tried again without pipelining" : "");
}

bool is_compared(const log_check& c) {
  return std::any_of(c.contexts.begin(), c.contexts.end(),
                     [](const checked_context& k) { return !k.lines.empty(); });
}

json::object refusal_json(const log_refusal& r) {
  json::object o{
      {"device", r.device}, {"line", r.size.line}, {"mib", r.size.mib}, {"retried", r.retried}};
  o["term"] = r.term == log_term::weights   ? "weights"
              : r.term == log_term::compute ? "compute_buffer"
                                            : "cache";
  return o;
}

json::object line_json(const log_comparison& l) {
  json::object o{{"term", l.term}, {"verdict", name(l.verdict)}};
  if (l.line) o["line"] = l.line;
  if (!l.device.empty()) o["device"] = l.device;
  if (!l.cache.empty()) o["cache"] = l.cache;
  if (l.logged) o["logged_mib"] = l.logged->mib;
  if (l.logged) o["decimals"] = l.logged->decimals;
  if (l.predicted) o["predicted_bytes"] = l.predicted->count;
  if (l.logged_count) o["logged"] = *l.logged_count;
  if (l.predicted_count) o["predicted"] = *l.predicted_count;
  if (l.why) o["why"] = *l.why;
  return o;
}

json::object run_json(const checked_context& k) {
  const run& r = k.rebuilt.r;
  json::object o{{"n_ctx", r.n_ctx},
                 {"n_batch", r.n_batch},
                 {"n_ubatch", r.n_ubatch},
                 {"n_seq_max", sequences(r)},
                 {"kv_unified", unified(r)},
                 {"type_k", traits(r.type_k).name},
                 {"type_v", traits(r.type_v).name}};
  if (k.planned) o["flash_attn"] = k.planned->context.flash_attn;
  if (k.planned) o["n_gpu_layers"] = k.planned->n_gpu_layers;
  return o;
}

json::object context_json(const checked_context& k) {
  json::array lines, devices;
  for (const log_comparison& l : k.lines) lines.push_back(line_json(l));
  for (const device& d : k.rebuilt.devices) devices.push_back(json::value(d.name));
  return {{"engine", full_name(k.rebuilt.r.profile)},
          {"engine_covers_build", k.rebuilt.profile_covers},
          {"model", json::object{{"name", k.model},
                                 {"architecture", k.architecture},
                                 {"source", source_keys[static_cast<std::size_t>(k.source)]}}},
          {"run", run_json(k)},
          {"devices", std::move(devices)},
          {"assumed", json::value_from(k.rebuilt.assumed)},
          {"notes", json::value_from(k.notes)},
          {"lines", std::move(lines)}};
}

}  // namespace

std::string check_text(const log_check& c, const text_style& s) {
  std::string text;
  for (const checked_context& k : c.contexts) {
    if (!text.empty()) text += "\n";
    text += heading(c, k);
    for (const std::string& a : k.rebuilt.assumed) text += "  assumed: " + a + "\n";
    for (const std::string& n : k.notes) text += "  " + n + "\n";
    if (k.lines.empty()) continue;
    text += fmt::format("{:>6}  {:<22}{:<20}{:>12}{:>13}\n", "line", "term", "device", "logged MiB",
                        "predicted");
    for (const log_comparison& l : k.lines) text += line_text(l, s);
  }
  for (const log_buffer& b : c.log.projector)
    text += fmt::format("{:>6}  a projector's buffer on {}, {:.2f} MiB, is not compared\n",
                        b.size.line, b.device, b.size.mib);
  if (!is_compared(c))
    for (const log_refusal& r : c.log.refused) text += refusal_text(r);
  std::string missing;
  for (const std::string& m : c.missing) missing += (missing.empty() ? "" : ", ") + m;
  if (!missing.empty()) text += "\nNot in the log: " + missing + "\n";
  if (c.log.n_left_out)
    text += fmt::format("{} lines beyond what is kept were left out\n", c.log.n_left_out);
  const auto n = [&](verdict v) { return c.count(v); };
  text +=
      fmt::format("\n{} equal, {} differ, {} not comparable, {} not logged\n", n(verdict::equal),
                  n(verdict::differs), n(verdict::not_comparable), n(verdict::not_logged));
  if (!c.has_compared())
    text += "nothing was compared: name the model, LOG MODEL, or take more of the log\n";
  return text;
}

std::string check_json(const log_check& c) {
  json::array contexts;
  for (const checked_context& k : c.contexts) contexts.push_back(context_json(k));
  json::object all{{"schema", json_schema}, {"vrambudget", version}};
  if (!c.log.build.empty()) all["build"] = c.log.build;
  if (!c.log.commit.empty()) all["commit"] = c.log.commit;
  all["contexts"] = std::move(contexts);
  all["missing"] = json::value_from(c.missing);
  if (!c.log.refused.empty()) {
    json::array refused;
    for (const log_refusal& r : c.log.refused) refused.push_back(refusal_json(r));
    all["refused"] = std::move(refused);
  }
  for (const verdict v :
       {verdict::equal, verdict::differs, verdict::not_comparable, verdict::not_logged}) {
    std::string key(name(v));
    std::replace(key.begin(), key.end(), ' ', '_');
    all[key] = c.count(v);
  }
  return json_text(all) + "\n";
}

}  // namespace vrambudget
