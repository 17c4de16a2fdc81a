#include "vrambudget/request/launched_run.hpp"

#include <fmt/format.h>

#include "vrambudget/catalogue/catalogued_file.hpp"
#include "vrambudget/hub/url.hpp"
#include "vrambudget/report/sentences.hpp"
#include "vrambudget/report/verdict_text.hpp"
#include "vrambudget/request/model_reader.hpp"

namespace vrambudget::request {
namespace {

/// "hf:org/repo/file.gguf" of a catalogued file that is published under the model's own name; empty: none is known.
std::string published_place(const std::string& typed) {
  const auto f = find_catalogued_file(typed);
  if (!f || !f->published || !f->published->file.ends_with(".gguf")) return {};
  const std::string& repo = f->published->repository;
  const auto is_for = catalogued_files_of(repo.substr(repo.find('/') + 1));
  const auto is =
      catalogued_files_of(f->name.substr(0, f->name.size() - f->quantization.size() - 1));
  if (!is_for || !is || is_for->name != is->name) return {};
  return fmt::format("hf:{}/{}", repo, f->published->file);
}

/// What a file is called: as it was named on a hub, else its path or address without what may be secret; of a catalogued
/// model that is on none, its name.
template <class Read>
std::string file_of(const std::string& typed, const Read& read) {
  if (typed.starts_with("hf:")) return typed;
  if (is_remote(typed)) return shown_url(typed);
  return read.path.empty() ? read.name + ".gguf" : read.path;
}

launch_files files_of(const plan_request& q, const named_models& models) {
  launch_files f{.model = file_of(q.model, *models.main)};
  if (models.main->path.empty())
    if (const std::string place = published_place(q.model); !place.empty()) f.model = place;
  if (models.mmproj) f.mmproj = file_of(q.mmproj, *models.mmproj);
  f.mmproj_is_ollamas = models.mmproj && q.mmproj == q.model;
  if (models.draft) f.draft = file_of(q.draft, *models.draft);
  if (is_ollamas(q.model)) f.ollama = q.model.substr(q.model.find(':') + 1);
  return f;
}

std::vector<std::string> notes_of(launcher l, const plan_request& q, const launch_files& files,
                                  const model& m, const made_plan& made, const launch_fit& fit) {
  std::vector<std::string> all;
  for (const std::string* typed : {&q.model, &q.mmproj, &q.draft})
    if (is_remote(*typed) && may_hold_secrets(*typed))
      all.push_back(shown_url(*typed) +
                    " stands without its user, password and query, which may be secret");
  if (fit.n_gpu_layers < made.b.n_gpu_layers)
    all.push_back(fmt::format(
        "{} takes {} layers to the GPU instead of {}, to fit{}", name(l), fit.n_gpu_layers,
        made.b.n_gpu_layers,
        fit.not_set.empty() ? "" : " without a setting for " + fit.not_set));
  if (m.path.empty() && !is_remote(files.model))
    all.push_back(files.model + " stands for the model's file, which is not here");
  if (l == launcher::llama_server && !(made.r.profile == default_profile))
    all.push_back("these are the options of " + full_name(default_profile) +
                  "; older builds lack some");
  if (l != launcher::ollama && !m.path.empty() && m.types_basis != basis::exact)
    all.push_back("llama.cpp refuses the file: " + m.types_note);
  return all;
}

}  // namespace

result<launched_run> launch_of(launcher l, const plan_request& q, const named_models& models,
                               planner& p, const made_plan& made) {
  if (!made.judged.runs()) {
    std::string says = sentence(made.judged, made.b);
    if (!made.changes.empty()) says += " It would run with " + flags_of(made.changes.front()) + ".";
    return error{errc::unsupported, says};
  }
  const launch_files files = files_of(q, models);
  const auto fit = fit_launch(l, files, p, made.r, made.b);
  if (!fit) return fit.error();
  return launched_run{launch_text(l, files, *models.main, made.r, made.b, fit->n_gpu_layers),
                      notes_of(l, q, files, *models.main, made, *fit)};
}

}  // namespace vrambudget::request
