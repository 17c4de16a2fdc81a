#include "vrambudget/report/launch.hpp"

#include <fmt/format.h>

#include <iterator>

#include "launch/arguments.hpp"
#include "vrambudget/plan/verdict.hpp"

namespace vrambudget {
namespace {

/// What a program makes of a plan.
struct launched {
  run r;
  launching::arguments not_set;
};

launched launched_by(launcher l, const launching::planned& p) {
  switch (l) {
    case launcher::ollama:
      return {launching::ollama_run(p), launching::ollama_not_set(p)};
    case launcher::koboldcpp:
      return {launching::koboldcpp_run(p), launching::koboldcpp_not_set(p)};
    case launcher::lmstudio:
      return {p.r, launching::lmstudio_not_set(p)};
    case launcher::llama_server:
      break;
  }
  return {p.r, {}};
}

result<bool> runs(planner& p, const run& r) {
  const auto b = p.budget_for(r);
  if (!b) return b.error();
  const auto judged = judge(p, r, *b);
  if (!judged) return judged.error();
  return judged->runs();
}

}  // namespace

std::string_view name(launcher l) {
  constexpr std::string_view names[] = {"llama-server", "Ollama", "KoboldCpp", "LM Studio"};
  return names[static_cast<std::size_t>(l)];
}

std::optional<launcher> find_launcher(std::string_view text) {
  constexpr std::string_view names[] = {"llama-server", "ollama", "koboldcpp", "lmstudio"};
  for (std::size_t i = 0; i < std::size(names); ++i)
    if (names[i] == text) return static_cast<launcher>(i);
  return std::nullopt;
}

result<launch_fit> fit_launch(launcher l, const launch_files& files, planner& p, const run& r,
                              const budget& b) {
  launch_fit fit;
  const auto with_layers = [&](std::uint32_t n) -> result<bool> {
    const launched it = launched_by(l, {files, p.get_model(), r, b, n});
    fit.not_set = launching::line_of(it.not_set);
    run told = it.r;
    told.n_ctx = told.n_ctx ? told.n_ctx : b.context.n_ctx;
    told.n_gpu_layers = static_cast<std::int32_t>(n);
    return runs(p, told);
  };
  const auto as_planned = with_layers(b.n_gpu_layers);
  if (!as_planned) return as_planned.error();
  fit.n_gpu_layers = b.n_gpu_layers;
  if (*as_planned) return fit;
  // fewer layers never take more of a device
  std::uint32_t too_many = b.n_gpu_layers;
  for (fit.n_gpu_layers = 0; fit.n_gpu_layers + 1 < too_many;) {
    const std::uint32_t n = fit.n_gpu_layers + (too_many - fit.n_gpu_layers) / 2;
    const auto ok = with_layers(n);
    if (!ok) return ok.error();
    (*ok ? fit.n_gpu_layers : too_many) = n;
  }
  const auto found = with_layers(fit.n_gpu_layers);
  if (!found) return found.error();
  if (*found) return fit;
  return error{errc::unsupported,
               fmt::format("{} takes more than planned{}: not one layer fits", name(l),
                           fit.not_set.empty() ? "" : ", without a setting for " + fit.not_set)};
}

std::string launch_text(launcher l, const launch_files& files, const model& m, const run& r,
                        const budget& b, std::optional<std::uint32_t> n_gpu_layers) {
  const launching::planned p{files, m, r, b, n_gpu_layers.value_or(b.n_gpu_layers)};
  switch (l) {
    case launcher::llama_server:
      return launching::llama_server(p);
    case launcher::ollama:
      return launching::ollama(p);
    case launcher::koboldcpp:
      return launching::koboldcpp(p);
    case launcher::lmstudio:
      return launching::lmstudio(p);
  }
  return {};
}

}  // namespace vrambudget
