#include "vrambudget/report/verdict_text.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "vrambudget/report/text.hpp"

namespace vrambudget {
namespace {

/// "32,768 tokens on 3 GPUs, the tightest CUDA1 with 10.20 of 11.40 GiB".
std::string where_it_is_tightest(const budget& b) {
  std::string text = grouped(b.context.n_ctx) + " tokens";
  if (b.devices.empty())
    return text + " in " + in_gib(b.host.needed()) +
           (b.host.ram ? " of " + in_gib(*b.host.ram) : "") + " on the host";
  const auto tightest =
      std::min_element(b.devices.begin(), b.devices.end(),
                       [](const auto& x, const auto& y) { return x.spare() < y.spare(); });
  text += b.devices.size() == 1 ? " in"
                                : fmt::format(" on {} GPUs, the tightest {} with", b.devices.size(),
                                              name(tightest->id));
  return text + fmt::format(" {} of {}", in_gib(tightest->used()), in_gib(tightest->usable));
}

/// When memory is refused that is not asked for at once.
std::string_view when(term_kind stage) {
  switch (stage) {
    case term_kind::compute_growth:
      return "as its context fills";
    case term_kind::projector_compute:
      return "at the first image";
    case term_kind::projector_growth:
      return "at a larger image";
    default:
      return "at the first full prompt";
  }
}

std::string lack(const refused_allocation& r) {
  return fmt::format("{} on {} asks for {}, {} more than is free", name(r.stage), name(r.device),
                     in_mib(r.size), in_mib(r.missing));
}

/// What would have to be less, and what to type where it is.
std::string condition(assumption a, const budget& b, device_id where) {
  const device_budget* const d = b.find_device(where);
  if (d == nullptr) return "";
  const term* const own = d->find(term_kind::driver_context);
  if (a == assumption::driver_context)
    return own ? fmt::format(
                     "It is counted with a driver's context of {}; between {} and that is "
                     "likely. {}",
                     in_mib(own->size), in_mib(own->at(estimate::low)),
                     d->gpu.backend == backend_kind::cuda
                         ? "vrambudget calibrate measures yours."
                         : "--free says what yours leaves.")
               : "";
  const auto& others = d->gpu.others;
  return others ? fmt::format(
                      "It is counted with {} held by a desktop and other programs; with {} "
                      "it would fit. --display none, light, heavy or a size says how much, "
                      "--free what is free.",
                      in_mib(others->high), in_mib(others->low))
                : "";
}

}  // namespace

std::string_view word_for(const device_budget& d) {
  return d.fits() ? "fits" : d.fits(estimate::expected) ? "tight" : "does not fit";
}

std::string sentence(const run_verdict& v, const budget& b) {
  if (v.kind == verdict_kind::fails_in_use && !v.fails_at)
    return "does not run: it is loaded, and the engine ends itself at the first tokens.";
  if (v.kind == verdict_kind::does_not_load && !v.fails_at)
    return fmt::format("does not fit: the host must hold {} and has {}.", in_gib(b.host.resident()),
                       in_gib(b.host.ram.value_or(bytes{})));
  if (v.kind == verdict_kind::reads_from_disk)
    return fmt::format(
        "does not fit: {} of the weights on the host do not stay in its {}, and are read from disk "
        "again and again.",
        in_gib(b.host.short_bytes().value_or(bytes{})), in_gib(b.host.ram.value_or(bytes{})));
  std::string text;
  switch (v.kind) {
    case verdict_kind::reads_from_disk:
    case verdict_kind::fits:
      return "fits: " + where_it_is_tightest(b);
    case verdict_kind::tight:
      text = "tight: fits as expected, but not at the high end, where " +
             (b.find_device(v.fails_at->device)->spills()
                  ? in_mib(b.missing()) + " go to shared memory, at about a third of the speed"
                  : lack(*v.fails_at));
      break;
    case verdict_kind::spills:
      text = fmt::format(
          "does not fit, and spills: {} of {} go to shared memory; expect a third of the speed",
          in_mib(v.fails_at->missing), name(v.fails_at->device));
      break;
    case verdict_kind::fails_in_use:
      if (v.of_buffers)
        return fmt::format("buffers fit: {}; in use it fails {}, where {}.",
                           where_it_is_tightest(b), when(v.fails_at->stage), lack(*v.fails_at));
      text = fmt::format("does not fit: it is loaded, and fails {}, where {}",
                         when(v.fails_at->stage), lack(*v.fails_at));
      break;
    case verdict_kind::does_not_load:
      text = "does not fit, and is not loaded: " + lack(*v.fails_at);
      break;
  }
  text += ".";
  if (v.decided_by)
    if (const std::string more = condition(*v.decided_by, b, v.fails_at->device); !more.empty())
      text += " " + more;
  return text;
}

}  // namespace vrambudget
