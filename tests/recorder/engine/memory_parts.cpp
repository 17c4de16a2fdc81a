#include "memory_parts.hpp"

#include <algorithm>
#include <functional>
#include <memory>
#include <set>
#include <sstream>
#include <unordered_map>

#define private public
#define protected public
#include "llama-kv-cache-dsa-iswa.h"
#include "llama-kv-cache-dsa.h"
#include "llama-kv-cache-dsv4.h"
#include "llama-kv-cache-iswa.h"
#include "llama-kv-cache-msa.h"
#include "llama-kv-cache.h"
#include "llama-memory-hybrid-idx.h"
#include "llama-memory-hybrid-iswa.h"
#include "llama-memory-hybrid.h"
#include "llama-memory-recurrent.h"
#undef private
#undef protected
#include "llama.h"

namespace recorder {
namespace {

/// Collects the parts; one function a kind of memory.
struct collector {
  std::vector<memory_part> parts;

  void add(const std::string& name, llama_kv_cache* kv) {
    if (!kv) return;
    std::size_t k = 0, v = 0;
    for (const auto& layer : kv->layers) {
      k += layer.k ? ggml_nbytes(layer.k) : 0;
      v += layer.v ? ggml_nbytes(layer.v) : 0;
    }
    const json details = {{"cells", kv->get_size()},
                          {"n_stream", kv->get_n_stream()},
                          {"layers", kv->layers.size()},
                          {"k_bytes", k},
                          {"v_bytes", v},
                          {"v_trans", kv->v_trans}};
    parts.push_back({name, kv->memory_breakdown(), details, kv, nullptr});
  }

  void add(const std::string& name, llama_memory_recurrent* states) {
    if (!states) return;
    std::size_t r = 0, s = 0, layers = 0;
    for (const ggml_tensor* t : states->r_l) {
      r += t ? ggml_nbytes(t) : 0;
      layers += t != nullptr;
    }
    for (const ggml_tensor* t : states->s_l) s += t ? ggml_nbytes(t) : 0;
    const json details = {
        {"cells", states->size}, {"layers", layers}, {"r_bytes", r}, {"s_bytes", s}};
    parts.push_back({name, states->memory_breakdown(), details, nullptr, states});
  }

  void add(const std::string& name, llama_dsv4_comp_state* state) {
    if (!state) return;
    const json details = {{"n_stream", state->get_n_stream()}};
    parts.push_back({name, state->memory_breakdown(), details, nullptr, nullptr});
  }

  void walk(const std::string& prefix, llama_memory_i* memory) {
    if (!memory) return;
    const auto is = [&]<class T>(T*& as) { return (as = dynamic_cast<T*>(memory)) != nullptr; };
    if (llama_memory_hybrid_idx * m; is(m)) {
      walk(prefix + "attn", m->get_mem_attn());
      add(prefix + "idx", m->get_mem_idx());
      add(prefix + "recr", m->get_mem_recr());
    } else if (llama_memory_hybrid * m; is(m)) {
      add(prefix + "attn", m->get_mem_attn());
      add(prefix + "recr", m->get_mem_recr());
    } else if (llama_memory_hybrid_iswa * m; is(m)) {
      walk(prefix, m->get_mem_attn());
      add(prefix + "recr", m->get_mem_recr());
    } else if (llama_kv_cache_iswa * m; is(m)) {
      add(prefix + "base", m->get_base());
      add(prefix + "swa", m->get_swa());
    } else if (llama_kv_cache_dsa * m; is(m)) {
      add(prefix + "mla", m->get_mla());
      add(prefix + "lid", m->get_lid());
    } else if (llama_kv_cache_dsa_iswa * m; is(m)) {
      walk(prefix + "full_", m->get_dsa());
      add(prefix + "swa", m->get_swa());
    } else if (llama_kv_cache_dsv4 * m; is(m)) {
      walk(prefix + "raw_", m->get_raw());
      add(prefix + "csa", m->get_csa());
      add(prefix + "hca", m->get_hca());
      add(prefix + "lid", m->get_lid());
      add(prefix + "csa_state", m->get_csa_state());
      add(prefix + "hca_state", m->get_hca_state());
      add(prefix + "lid_state", m->get_lid_state());
    } else if (llama_kv_cache_msa * m; is(m)) {
      add(prefix + "base", m->get_base());
      add(prefix + "idx", m->get_idx());
    } else if (llama_kv_cache * m; is(m)) {
      add(prefix + "kv", m);
    } else if (llama_memory_recurrent * m; is(m)) {
      add(prefix + "recr", m);
    } else {
      parts.push_back({prefix + "other", memory->memory_breakdown(), {}, nullptr, nullptr});
    }
  }
};

}  // namespace

std::vector<memory_part> memory_parts(llama_context* context) {
  collector c;
  c.walk("", llama_get_memory(context));
  return std::move(c.parts);
}

void mark_used(const std::vector<memory_part>& parts, int n_past) {
  for (const memory_part& p : parts) {
    for (std::size_t s = 0; p.cache && s < p.cache->v_cells.size(); ++s) {
      auto& cells = p.cache->v_cells[s];
      cells.reset();
      // a window's ring holds the latest positions
      const auto n = std::min<std::uint32_t>(cells.size(), static_cast<std::uint32_t>(n_past));
      const auto sequence = static_cast<llama_seq_id>(p.cache->v_cells.size() > 1 ? s : 0);
      for (std::uint32_t i = 0; i < n; ++i) {
        cells.pos_set(i, n_past - static_cast<llama_pos>(n - i));
        cells.seq_add(i, sequence);
      }
      p.cache->v_heads[s] = n < cells.size() ? n : 0;
    }
    if (!p.states || p.states->cells.empty()) continue;
    const int tail = p.states->cells[0].tail;
    if (tail >= 0) p.states->cells[static_cast<std::size_t>(tail)].pos = n_past - 1;
  }
}

}  // namespace recorder
