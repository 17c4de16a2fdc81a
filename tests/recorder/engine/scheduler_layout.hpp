// Structures that ggml keeps to itself, as the pinned release lays them out. Another one needs a look at
// ggml/src/ggml-backend.cpp and ggml/src/ggml-alloc.c; graph.cpp checks what it can.
#pragma once

#include "ggml-backend-impl.h"
#include "ggml-impl.h"

struct ggml_backend_sched_split {
  int backend_id;
  int i_start;
  int i_end;
  ggml_tensor** inputs;
  int n_inputs;
  int inputs_capacity;
  ggml_cgraph graph;
};
struct ggml_backend_sched {
  bool is_reset;
  bool is_alloc;
  int n_backends;
  ggml_backend_t backends[16];
  ggml_backend_buffer_type_t bufts[16];
  ggml_gallocr_t galloc;
  ggml_hash_set hash_set;
  int* hv_tensor_backend_ids;
  ggml_tensor** hv_tensor_copies;
  int* node_backend_ids;
  int* leaf_backend_ids;
  int* prev_node_backend_ids;
  int* prev_leaf_backend_ids;
  ggml_cgraph graph;
  ggml_backend_sched_split* splits;
  int n_splits;
};
struct buffer_address {
  int chunk;
  std::size_t offset;
};
struct tensor_alloc {
  int buffer_id;
  buffer_address addr;
  std::size_t size_max;
};
struct leaf_alloc {
  tensor_alloc leaf;
};
struct node_alloc {
  tensor_alloc dst;
  tensor_alloc src[GGML_MAX_SRC];
};
struct ggml_gallocr {
  ggml_backend_buffer_type_t* bufts;
  struct vbuffer** buffers;
  struct ggml_dyn_tallocr** buf_tallocs;
  int n_buffers;
  ggml_hash_set hash_set;
  struct hash_node* hash_values;
  node_alloc* node_allocs;
  int n_nodes;
  leaf_alloc* leaf_allocs;
  int n_leafs;
};
