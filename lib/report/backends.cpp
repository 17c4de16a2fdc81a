#include "vrambudget/report/backends.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "vrambudget/report/text.hpp"

namespace vrambudget {
namespace {

std::string verdict_words(const backend_row& r) {
  std::string words(name(r.judged->kind));
  for (char& c : words)
    if (c == '_') c = ' ';
  return words;
}

}  // namespace

std::string backends_text(const std::vector<backend_row>& rows) {
  std::string text = "Under each backend:\n";
  for (const backend_row& r : rows) {
    if (!r.why.empty()) {
      text += fmt::format("  {:<7} {}\n", r.backend, r.why);
      continue;
    }
    text += fmt::format("  {:<7} {:>11} on GPUs, {:>10} on the host  {}", r.backend,
                        in_gib(r.on_devices), in_gib(r.on_host), verdict_words(r));
    if (r.limit) text += fmt::format(", at most {} tokens", grouped(r.limit->n_ctx));
    text += "\n";
  }
  return text;
}

boost::json::array backends_json(const std::vector<backend_row>& rows) {
  boost::json::array all;
  for (const backend_row& r : rows) {
    boost::json::object o{{"backend", r.backend}};
    if (!r.why.empty()) {
      o["error"] = r.why;
    } else {
      o["devices_bytes"] = r.on_devices.count;
      o["host_bytes"] = r.on_host.count;
      o["verdict"] = name(r.judged->kind);
      o["fits"] = r.judged->runs();
      if (r.limit) o["max_context"] = r.limit->n_ctx;
    }
    all.push_back(std::move(o));
  }
  return all;
}

}  // namespace vrambudget
