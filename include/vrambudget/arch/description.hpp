// How an architecture's graph is described, and where to find the description.
#pragma once

#include <cstdint>
#include <string_view>

#include "vrambudget/arch/blocks/pooling.hpp"
#include "vrambudget/model/architecture.hpp"

namespace vrambudget::arch {

/// What the engine does differently for an architecture as a whole.
struct graph_traits {
  // the engine's limit on nodes: these times tokens of a batch and tensors of the model, or 1024, the
  // largest of them
  std::uint32_t nodes_per_token = 0;
  std::uint32_t nodes_per_tensor = 8;
  rank_options rank = {};             ///< of rerankers
  bool prompt_of_one = false;         ///< a full batch of one sequence is planned for as well
  bool grows_with_positions = false;  ///< graphs of a full cache are larger than those reserved for
};

struct description {
  std::string_view architecture;  ///< `general.architecture`
  void (*build)(builder&);
  graph_traits traits = {};
  void (*build_nextn)(builder&) = nullptr;  ///< its NextN layers alone, which draft for the rest
  std::uint32_t nextn_since = 0;  ///< the first build that runs these; 0: all that are reproduced
};

/// Null for an architecture that the engine does not know.
[[nodiscard]] const description* find_description(const architecture_traits& architecture);

/// Builds the whole graph of one micro-batch: the description, pooling, and what is read afterwards.
/// `nextn`: of the NextN layers, as a graph of their own.
inline void build_graph(const description& d, builder& b, bool nextn = false) {
  (nextn ? d.build_nextn : d.build)(b);
  add_pooling(b, d.traits.rank);
  for (tensor* t : {b.logits, b.embd, b.embd_pooled, b.h_nextn})
    if (t) t->is_output = true;
}

}  // namespace vrambudget::arch
