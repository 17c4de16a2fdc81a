// Several models at once as text and as JSON.
#include "vrambudget/report/together.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "io/json_text.hpp"
#include "lines.hpp"
#include "vrambudget/engine/profile.hpp"
#include "vrambudget/report/json.hpp"
#include "vrambudget/report/text.hpp"
#include "vrambudget/version.hpp"

namespace vrambudget {
namespace {

namespace json = boost::json;

/// "Qwen3-8B", and "Qwen3-8B (2)" where it is there before.
std::string label(const together_question& q, std::size_t i) {
  const std::string& name = q.models[i]->name;
  const auto before =
      std::count_if(q.models.begin(), q.models.begin() + static_cast<std::ptrdiff_t>(i),
                    [&](const model* m) { return m->name == name; });
  return before > 0 ? fmt::format("{} ({})", name, before + 1) : name;
}

std::string labels(const together_question& q, const std::vector<std::size_t>& which) {
  std::string text;
  for (const std::size_t i : which) text += (text.empty() ? "" : ", ") + label(q, i);
  return text;
}

std::vector<std::size_t> all_but(const together_question& q,
                                 const std::vector<std::size_t>& which) {
  std::vector<std::size_t> rest;
  for (std::size_t i = 0; i < q.models.size(); ++i)
    if (std::find(which.begin(), which.end(), i) == which.end()) rest.push_back(i);
  return rest;
}

std::string contexts(const together_plan& p) {
  const auto n = [](const budget& b) { return b.context.n_ctx; };
  const auto [least, most] =
      std::minmax_element(p.budgets.begin(), p.budgets.end(),
                          [&](const budget& a, const budget& b) { return n(a) < n(b); });
  return n(*least) == n(*most)
             ? fmt::format("{} tokens each", grouped(n(*most)))
             : fmt::format("{} to {} tokens", grouped(n(*least)), grouped(n(*most)));
}

/// What keeps them from running together.
std::string lack(const together_plan& p) {
  if (p.verdict == verdict_kind::reads_from_disk || !p.host.ram || p.host.resident <= *p.host.ram)
    for (const shared_device& d : p.devices)
      if (!d.fits_as_expected()) return fmt::format("{} lacks {}", name(d.id), in_mib(d.missing()));
  for (const budget& b : p.budgets)
    if (!b.aborts.empty()) return b.aborts;
  return fmt::format("the host must hold {} and has {}", in_gib(p.host.total),
                     in_gib(p.host.ram.value_or(bytes{})));
}

std::string verdict_line(const together_plan& p) {
  const std::string what = fmt::format("{} models with {}", p.models.size(), contexts(p));
  switch (p.verdict) {
    case verdict_kind::fits:
      return "fits together: " + what;
    case verdict_kind::tight:
      return "tight: " + what + " fit as expected, but not at the high end";
    case verdict_kind::spills:
      return "does not fit together, and spills: " + lack(p);
    case verdict_kind::reads_from_disk:
      return "does not fit together, and reads from disk: " + lack(p);
    default:
      return "does not fit together: " + lack(p);
  }
}

/// What takes how much, and how that is known.
struct amount_row {
  std::size_t width;

  std::string operator()(const std::string& what, bytes size, const std::string& says = "") const {
    const std::size_t names = std::clamp<std::size_t>(width - 34, 20, 46);
    return fmt::format("  {:<{}}{:>16}{}{}\n", what, names, in_mib(size), says.empty() ? "" : "  ",
                       says);
  }
};

std::string device_text(const together_question& q, const together_plan& p, const shared_device& d,
                        const amount_row& amount) {
  std::string text = with_both_ends(fmt::format("{}  {}", name(d.id), d.gpu.full_name()),
                                    fmt::format("{} of {}  {}", in_gib(d.total), in_gib(d.usable),
                                                d.fits()               ? "fits"
                                                : d.fits_as_expected() ? "tight"
                                                                       : "does not fit"),
                                    amount.width);
  for (std::size_t i = 0; i < p.models.size(); ++i) {
    const device_budget* own = p.budgets[i].find_device(d.id);
    text += amount(label(q, p.models[i]), d.used[i], own ? std::string(name(own->weakest())) : "");
  }
  return text + (d.fits() ? amount("spare", d.spare()) : amount("missing", d.missing())) + "\n";
}

std::string host_text(const together_question& q, const together_plan& p,
                      const amount_row& amount) {
  const shared_host& h = p.host;
  const bool fits = !h.ram || h.total <= *h.ram;
  const std::string sum =
      in_gib(h.total) +
      (h.ram ? fmt::format(" of {}  {}", in_gib(*h.ram), fits ? "fits" : "does not fit") : "");
  std::string text = with_both_ends("host (main memory)", sum, amount.width);
  for (std::size_t i = 0; i < p.models.size(); ++i)
    text += amount(label(q, p.models[i]), h.needed[i], h.shared[i].count > 0 ? "shared file" : "");
  if (h.ram)
    text += fits ? amount("spare", *h.spare()) : amount("missing", saturating_sub(h.total, *h.ram));
  return text;
}

std::string context_line(const together_answer& a) {
  if (a.max_ctx == 0) return "\nNo context is short enough for all of them together.\n";
  return fmt::format("\nLargest context that all can have together: {} tokens{}\n",
                     grouped(a.max_ctx), a.by_training ? ", all that they know" : "");
}

/// Which of them run together, and one after the other.
std::string otherwise_text(const together_question& q, const together_answer& a,
                           const amount_row& amount) {
  std::string text = a.subsets.empty() ? "\nNone of them fits alone.\n" : "\n";
  for (const std::vector<std::size_t>& s : a.subsets)
    text += fmt::format("{} {} without {}\n", labels(q, s), s.size() > 1 ? "fit together" : "fits",
                        labels(q, all_but(q, s)));
  if (!a.swap) return text;
  text += a.swap->runs ? "One after the other they fit; the larger one takes\n"
                       : "One after the other they do not all fit; the larger one takes\n";
  for (std::size_t d = 0; d < a.swap->devices.size(); ++d)
    text += amount(fmt::format("{}, {}", name(a.all.devices[d].id), label(q, a.swap->largest[d])),
                   a.swap->devices[d]);
  return text + amount("host", a.swap->host);
}

json::object model_json(const together_question& q, const together_plan& p, std::size_t i) {
  const budget& b = p.budgets[i];
  json::array devices;
  for (const shared_device& d : p.devices) {
    const device_budget* own = b.find_device(d.id);
    if (own)
      devices.push_back(
          json::object{{"id", name(d.id)},
                       {"used_bytes", d.used[i].count},
                       {"used_basis", name(own->weakest())},
                       {"driver_context_bytes", own->of(term_kind::driver_context).count}});
  }
  json::object o = model_summary(*q.models[p.models[i]]);
  o["n_ctx"] = b.context.n_ctx;
  o["devices"] = std::move(devices);
  o["host_bytes"] = p.host.needed[i].count;
  if (p.host.shared[i].count > 0) o["host_shared_bytes"] = p.host.shared[i].count;
  return o;
}

json::object device_json(const shared_device& d) {
  json::object o{{"id", name(d.id)},
                 {"name", d.gpu.full_name()},
                 {"usable_bytes", d.usable.count},
                 {"used_bytes", d.total.count},
                 {"expected_bytes", d.total_expected.count},
                 {"used_basis", name(d.basis)},
                 {"fits", d.fits_as_expected()},
                 {"spare_bytes", d.spare().count}};
  if (!d.fits()) o["missing_bytes"] = d.missing().count;
  return o;
}

json::array names_json(const together_question& q, const std::vector<std::size_t>& which) {
  json::array all;
  for (const std::size_t i : which) all.emplace_back(q.models[i]->name);
  return all;
}

json::object swap_json(const together_question& q, const together_answer& a) {
  json::array devices;
  for (std::size_t d = 0; d < a.swap->devices.size(); ++d)
    devices.push_back(json::object{{"id", name(a.all.devices[d].id)},
                                   {"used_bytes", a.swap->devices[d].count},
                                   {"model", q.models[a.swap->largest[d]]->name}});
  return {
      {"fits", a.swap->runs}, {"devices", std::move(devices)}, {"host_bytes", a.swap->host.count}};
}

}  // namespace

std::string together_text(const together_question& q, const together_answer& a, std::size_t width) {
  const amount_row amount{width};
  std::string text = fmt::format("{}\n{}\n\n", full_name(q.r.profile), verdict_line(a.all));
  for (const shared_device& d : a.all.devices) text += device_text(q, a.all, d, amount);
  text += host_text(q, a.all, amount);
  if (!a.all.runs()) text += otherwise_text(q, a, amount);
  return text + context_line(a);
}

std::string together_json(const together_question& q, const together_answer& a) {
  json::array models, devices;
  for (std::size_t i = 0; i < a.all.models.size(); ++i) models.push_back(model_json(q, a.all, i));
  for (const shared_device& d : a.all.devices) devices.push_back(device_json(d));
  json::object host{{"needed_bytes", a.all.host.total.count},
                    {"resident_bytes", a.all.host.resident.count}};
  if (a.all.host.ram) host["ram_bytes"] = a.all.host.ram->count;
  json::object o{
      {"schema", json_schema},
      {"vrambudget", version},
      {"engine", full_name(q.r.profile)},
      {"fits", a.all.runs()},
      {"verdict", name(a.all.verdict)},
      {"models", std::move(models)},
      {"devices", std::move(devices)},
      {"host", std::move(host)},
      {"max_context",
       json::object{{"n_ctx", a.max_ctx}, {"bound_by", a.by_training ? "n_ctx_train" : "memory"}}}};
  if (a.all.runs()) return json_text(o) + "\n";
  json::array subsets;
  for (const std::vector<std::size_t>& s : a.subsets)
    subsets.push_back(
        json::object{{"models", names_json(q, s)}, {"without", names_json(q, all_but(q, s))}});
  o["subsets"] = std::move(subsets);
  if (a.swap) o["swap"] = swap_json(q, a);
  return json_text(o) + "\n";
}

}  // namespace vrambudget
