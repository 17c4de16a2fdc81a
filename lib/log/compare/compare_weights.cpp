// A model's buffers against where its tensors were placed.
#include "comparer.hpp"
#include "vrambudget/memory/adapters.hpp"
#include "vrambudget/memory/weights.hpp"

namespace vrambudget {

bytes comparer::mapped() const {
  const auto placed = place_weights(m_.shape, where_, out_.rebuilt.r);
  return placed ? mapped_range(m_.shape, *placed, where_.host()) : bytes{};
}

/// What a CPU repacks depends on it, and on the build.
void comparer::judge_repacked(log_comparison& line, const sum& s) {
  const run& r = out_.rebuilt.r;
  if (s.device != "CPU_KLEIDIAI") judge(line, out_.planned->host.of(term_kind::repacked_weights));
  if (line.verdict == verdict::equal) return;
  if (s.device == "CPU_REPACK" && r.cpu && m_.types_known() && out_.rebuilt.profile_covers) return;
  line.verdict = verdict::not_comparable;
  line.why = "what a CPU repacks depends on it and on the build, which the log does not tell";
}

void comparer::judge_weights(log_comparison& line, const sum& s) {
  const int backend = backend_of(s.place);
  if (m_.shape.tensors.empty()) {
    line.why = no_tensors;
  } else if (backend < 0) {
    line.why = no_such_place;
  } else if (!out_.planned) {
    line.why = "no plan";
  } else if (s.place.repacked) {
    judge_repacked(line, s);
  } else {
    judge(line, of(*out_.planned, backend, term_kind::weights));
    if (line.verdict == verdict::equal) return;
    if (s.place.mapped) {
      if (const bytes range = mapped(); line.logged->prints(range)) return judge(line, range);
      line.verdict = verdict::not_comparable;
      line.why = "a mapped range of the file, which depends on the order of its tensors";
    } else if (!m_.types_known()) {
      line.verdict = verdict::not_comparable;
      line.why = "the types of its tensors are not in the log: give the model's file";
    } else if (s.place.kind == buffer_place::device) {
      excuse_backend(line, false);
    }
  }
}

void comparer::compare_weights() {
  const log_context& c = log_.contexts[out_.context];
  if (c.model >= log_.models.size()) return;
  for (const sum& s : sums(log_.models[c.model].buffers, log_term::weights, false))
    judge_weights(add("weights", s), s);
}

/// Pairs of matrices by device, as place_adapters() puts them. A log has nothing of control vectors.
void comparer::compare_adapters() {
  const log_context& c = log_.contexts[out_.context];
  if (c.model >= log_.models.size()) return;
  const model& m = m_.shape;
  const auto placed = place_weights(m, where_, out_.rebuilt.r);
  const auto pairs = placed ? place_adapters(m, *placed, where_) : placed.error();
  for (const sum& s : sums(log_.models[c.model].buffers, log_term::adapters, false)) {
    log_comparison& line = add(std::string(name(term_kind::adapters)), s);
    const int backend = backend_of(s.place);
    if (backend < 0)
      line.why = no_such_place;
    else if (!pairs)
      line.why = pairs.error().message;
    else if (pairs->loras.empty())
      line.why = options_.adapted_by
                     ? "adapters on cards that share tensors (-sm tensor, -sm row) are not modelled"
                     : "its adapters are not here: --lora FILE counts them";
    else
      judge(line, pairs->pairs_on(backend));
  }
}

}  // namespace vrambudget
