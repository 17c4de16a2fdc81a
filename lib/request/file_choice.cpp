#include "vrambudget/request/file_choice.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "vrambudget/advise/what_would_fit.hpp"
#include "vrambudget/catalogue/catalogued_file.hpp"
#include "vrambudget/catalogue/speeds.hpp"
#include "vrambudget/hub/hub.hpp"
#include "vrambudget/quantize/quantize.hpp"
#include "vrambudget/request/asked_plan.hpp"
#include "vrambudget/request/named_adapters.hpp"

namespace vrambudget::request {
namespace {

/// A file that was chosen among others.
struct file_choice {
  std::string name;  ///< "Qwen3-8B-Q6_K"
  std::string says;  ///< what was chosen, for a reader
};

/// A file, and what one weight of it takes.
struct candidate {
  const catalogued_file* file;
  double bits;
  bytes data;
};

constexpr double most_bits = 8.6, few_bits = 4.0;

/// Whether it may be a file that nobody publishes: unsloth takes up some models only.
bool may_be_none(const catalogued_file& f) {
  return f.alias && !f.alias->is_same && f.quantization.starts_with("UD-");
}

/// The largest first.
result<std::vector<candidate>> candidates_of(const catalogued_files& all) {
  std::vector<candidate> out;
  std::optional<model> shape;
  std::optional<quantizer> in_types;
  const catalogued_model* of = nullptr;
  for (const catalogued_file& f : all.files) {
    if (may_be_none(f)) continue;
    if (std::exchange(of, f.shape) != f.shape) {
      auto read = read_shape(*f.shape);
      if (!read) return read.error();
      shape = std::move(*read);
      in_types.emplace(*shape);
    }
    const auto data = data_of(*in_types, f);
    if (!data) return data.error();
    const double bits = static_cast<double>(data->count) * 8 / static_cast<double>(shape->n_params);
    if (bits <= most_bits || all.files.size() == 1) out.push_back({&f, bits, *data});
  }
  std::stable_sort(out.begin(), out.end(),
                   [](const candidate& a, const candidate& b) { return a.bits > b.bits; });
  return out;
}

using shared_adapters = std::shared_ptr<const adapters>;

/// A file with what is to be loaded beside it.
result<model> read_with(const catalogued_file& f, const shared_adapters& by) {
  auto m = read_catalogued(f);
  if (m) m->adapted_by = by;
  return m;
}

bool runs(const catalogued_file& f, const shared_adapters& by, const plan_request& q,
          const std::vector<device>& devices, limits l, const model* draft,
          const projector* mmproj) {
  const auto m = read_with(f, by);
  if (!m) return false;
  run r = q.r;
  if (r.n_ctx == 0 && !q.tells_ctx)
    r.n_ctx = m->hp.n_ctx_train ? std::min(m->hp.n_ctx_train, least_context) : least_context;
  planner p(*m, devices, l, draft, mmproj);
  const auto b = p.budget_for(r);
  return b && b->fits();
}

/// How good a file's best run is by what is preferred: tokens a second as they are expected, or most of
/// them; tokens; else its bits.
double worth(preference most, const candidate& c, const model& m,
             const std::vector<device>& devices, planner& p, const run& r) {
  if (most == preference::context) return r.n_ctx;
  if (most != preference::speed) return c.bits;
  const auto b = p.budget_for(r);
  const auto speeds = b ? decode_speeds_of(m, r, devices, *b) : std::vector<decode_speed>();
  if (speeds.empty()) return -c.bits;
  return speeds.front().expected ? speeds.front().expected->median : speeds.front().most;
}

/// Which of the files is best by what is preferred, of those that GPUs hold whole; under four bits only if no
/// other is held. Null: none is.
const candidate* best_by(preference most, const std::vector<candidate>& all,
                         const shared_adapters& by, const plan_request& q,
                         const std::vector<device>& devices, limits l, const model* draft,
                         const projector* mmproj) {
  const candidate* best = nullptr;
  double best_worth = 0;
  for (const candidate& c : all) {
    if (best && c.bits < few_bits) break;
    const auto m = read_with(*c.file, by);
    if (!m) continue;
    planner p(*m, devices, l, draft, mmproj);
    const auto found = find_best_run(p, told_run(q, *m), most);
    if (!found || !*found || (*found)->moved != on_host::nothing) continue;
    const double here = worth(most, c, *m, devices, p, (*found)->how.changed);
    if (best && here <= best_worth) continue;
    best = &c;
    best_worth = here;
  }
  return best;
}

file_choice nearest_in_size(const catalogued_files& all, const std::vector<candidate>& candidates,
                            bytes size) {
  const auto off = [&](const candidate& c) {
    return std::abs(static_cast<double>(c.data.count) - static_cast<double>(size.count));
  };
  const auto nearest =
      std::min_element(candidates.begin(), candidates.end(),
                       [&](const candidate& a, const candidate& b) { return off(a) < off(b); });
  const std::string& name = nearest->file->name;
  return {name, all.name + " as " + name + ", of all its files the nearest in size"};
}

/// Nothing: the name says which file, or is none of the catalogue's.
result<std::optional<file_choice>> choose_file(const plan_request& q,
                                               const std::vector<device>& devices, limits l,
                                               const model* draft, const projector* mmproj) {
  const std::optional<catalogued_files> all = catalogued_files_of(q.model);
  if (!all || all->files.size() < 2) return std::optional<file_choice>();
  const auto candidates = candidates_of(*all);
  if (!candidates) return candidates.error();
  const auto by = load_adapters(q);
  if (!by) return by.error();
  if (candidates->empty()) return std::optional<file_choice>();
  if (q.file_size) return std::optional(nearest_in_size(*all, *candidates, *q.file_size));
  if (q.prefer)
    if (const candidate* best = best_by(*q.prefer, *candidates, *by, q, devices, l, draft, mmproj))
      return std::optional(file_choice{
          best->file->name, fmt::format("{} as {}, the best file for {} that the GPUs hold{}",
                                        all->name, best->file->name, name(*q.prefer),
                                        best->bits < few_bits ? ", of few bits" : "")});
  // of a name as Ollama writes it, "qwen3:8b", its library has this file
  if (q.model.find(':') != q.model.npos)
    for (const candidate& c : *candidates)
      if (c.file->quantization == "Q4_K_M" && runs(*c.file, *by, q, devices, l, draft, mmproj))
        return std::optional(file_choice{
            c.file->name, all->name + " as " + c.file->name + ", which Ollama's library has"});
  for (const candidate& c : *candidates)
    if (runs(*c.file, *by, q, devices, l, draft, mmproj))
      return std::optional(file_choice{
          c.file->name, all->name + " as " + c.file->name +
                            (c.bits < few_bits ? ", the best file that runs, of few bits"
                                               : ", the best file that runs")});
  // the smallest of four bits, or what there is
  const candidate* usual = &candidates->front();
  for (const candidate& c : *candidates)
    if (c.bits >= few_bits) usual = &c;
  return std::optional(
      file_choice{usual->file->name, all->name + " as " + usual->file->name + ": none runs here"});
}

}  // namespace

result<std::optional<smaller_file>> smaller_file_that_runs(const plan_request& q, const run& r,
                                                           const std::vector<device>& devices,
                                                           limits l, const model* draft,
                                                           const projector* mmproj, effort most) {
  const auto now = find_catalogued_file(q.model);
  const catalogued_files* all = now ? family_of(*now) : nullptr;
  if (!all) return std::optional<smaller_file>();
  const auto shape = read_shape(*now->shape);
  if (!shape) return shape.error();
  const auto data = data_of(*shape, *now);
  const auto candidates = candidates_of(*all);
  if (!data || !candidates) return data ? candidates.error() : data.error();
  const auto by = load_adapters(q);
  if (!by) return by.error();
  const double bits = static_cast<double>(data->count) * 8 / static_cast<double>(shape->n_params);
  for (const candidate& c : *candidates) {
    if (c.bits >= bits) continue;
    const auto m = read_with(*c.file, *by);
    if (!m) return m.error();
    planner p(*m, devices, l, draft, mmproj);
    auto runs = how_it_runs(p, r, most);
    if (!runs) continue;
    runs->decodes = decode_speed_when_full(p, runs->changed);
    return std::optional(smaller_file{c.file->name, c.bits, bits, std::move(*runs)});
  }
  return std::optional<smaller_file>();
}

result<plan_request> with_best_file(plan_request q, model_reader& reader,
                                    const std::vector<device>& devices, limits l,
                                    const model* draft, const projector* mmproj) {
  if (std::string hub = hub_name_of_page(q.model); !hub.empty()) q.model = std::move(hub);
  if (reader.finds_file(q.model)) return q;
  auto file = choose_file(q, devices, l, draft, mmproj);
  if (!file) return file.error();
  if (*file) {
    q.model = std::move((*file)->name);
    q.file_note = std::move((*file)->says);
  }
  return q;
}

}  // namespace vrambudget::request
