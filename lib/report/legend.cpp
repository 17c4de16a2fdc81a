#include "legend.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "lines.hpp"

namespace vrambudget {
namespace {

struct meaning {
  std::string_view word, text;
};

/// Of terms; a draft's are those of its model.
struct term_meaning {
  term_kind kind;
  std::string_view text;
};
constexpr std::array terms{
    term_meaning{term_kind::weights, "the model's tensors, as they lie in the file"},
    term_meaning{term_kind::repacked_weights,
                 "tensors that the CPU lays out anew for its own instructions: no part of the file "
                 "any more"},
    term_meaning{term_kind::mapped_rest,
                 "what else of the file a Mac's GPU maps with them: tensors of the CPU that lie "
                 "between, and what views of the file share"},
    term_meaning{term_kind::kv_cache, "keys and values of all tokens of the context"},
    term_meaning{term_kind::recurrent_state,
                 "what layers without such a cache (Mamba, delta nets) keep for each slot, however "
                 "long the context"},
    term_meaning{term_kind::compute_buffer,
                 "room for all that is computed in between, for one micro-batch"},
    term_meaning{term_kind::output_buffer, "the last layer's results, from which tokens are drawn"},
    term_meaning{term_kind::adapters,
                 "matrices of LoRA adapters and rows of control vectors, beside the tensors"},
    term_meaning{term_kind::adapter_growth,
                 "what compute buffers grow by at the first prompt with adapters"},
    term_meaning{term_kind::draft_weights, "draft_...: the same of what drafts tokens"},
    term_meaning{term_kind::projector_weights, "the tensors of the encoder for images or sound"},
    term_meaning{term_kind::projector_compute, "its compute buffer, when it is loaded"},
    term_meaning{term_kind::projector_growth, "what the largest image or sound adds to that"},
    term_meaning{term_kind::driver_context,
                 "what the card's driver takes for a process that uses the card"},
    term_meaning{term_kind::pool, "scratch that kernels draw with the first prompts"},
    term_meaning{term_kind::all_reduce, "in which two cards add up their results"},
    term_meaning{term_kind::compute_growth,
                 "what compute buffers grow by as the context fills; under Metal also what they are "
                 "larger by than the engine projects"},
    term_meaning{term_kind::cpu_scratch,
                 "what the CPU takes while it computes, beside its buffers"},
    term_meaning{term_kind::page_rounding,
                 "what buffers leave unused of their last pages, of 2 MiB on cards"},
};

constexpr std::array bases{
    meaning{name(basis::exact), "computed as the engine allocates it"},
    meaning{name(basis::bound), "the engine takes at most this"},
    meaning{name(basis::fitted),
            "measured on such cards: the highest is counted, the lowest stands behind from"},
    meaning{name(basis::assumed),
            "not measured on such cards, or by rules that logs do not establish"},
};

constexpr std::array residences{
    meaning{name(residence::mapped), "a part of the file, read again where memory is short"},
    meaning{name(residence::locked), "the same, held in memory"},
    meaning{name(residence::pinned), "memory for transfers to a card"},
    meaning{name(residence::anonymous), "plain memory"},
};

constexpr meaning host{"host", "main memory, and what llama-server takes there"};
constexpr meaning process{"process", "what llama-server takes beside the engine's buffers"};
constexpr meaning others{"held by others", "a desktop and other programs on the card"};

/// The kind whose meaning a term shares.
term_kind explained_with(term_kind k) {
  return owner_of(k) == term_owner::draft ? term_kind::draft_weights : k;
}

/// What of a plan is shown.
class shown_words {
 public:
  explicit shown_words(const budget& b) {
    for (const device_budget& d : b.devices) {
      see(d);
      has_others_ = has_others_ || (d.gpu.others && d.gpu.others->high.count > 0);
      if (d.gpu.others) see(d.gpu.others->basis);
    }
    see(b.host);
    has_process_ = b.host.process.high.count > 0;
    if (has_process_) see(b.host.process.basis);
  }

  [[nodiscard]] std::vector<meaning> take() const {
    std::vector<meaning> all;
    for (const term_meaning& t : terms)
      if (terms_[static_cast<std::size_t>(t.kind)]) all.push_back({name(t.kind), t.text});
    if (has_others_) all.push_back(others);
    all.push_back(host);
    for (std::size_t i = 0; i < residences.size(); ++i)
      if (residences_[i]) all.push_back(residences[i]);
    if (has_process_) all.push_back(process);
    for (std::size_t i = 0; i < bases.size(); ++i)
      if (bases_[i]) all.push_back(bases[i]);
    return all;
  }

 private:
  void see(basis b) { bases_[static_cast<std::size_t>(b)] = true; }
  void see(const term_list& l) {
    for (const term& t : l.terms) {
      terms_[static_cast<std::size_t>(explained_with(t.kind))] = true;
      see(t.basis);
      if (t.held) residences_[static_cast<std::size_t>(*t.held)] = true;
    }
  }

  std::array<bool, all_terms.size()> terms_ = {};
  std::array<bool, bases.size()> bases_ = {};
  std::array<bool, residences.size()> residences_ = {};
  bool has_others_ = false, has_process_ = false;
};

}  // namespace

std::string legend_text(const budget& b, std::size_t width) {
  constexpr std::size_t column = 19;
  std::string text = "What the words mean:\n";
  for (const meaning& m : shown_words(b).take()) {
    std::string line = "  " + std::string(m.word);
    line.resize(std::max(line.size() + 1, column), ' ');
    for (const std::string& part : broken(line + std::string(m.text), width, column))
      text += part + "\n";
  }
  return text;
}

}  // namespace vrambudget
