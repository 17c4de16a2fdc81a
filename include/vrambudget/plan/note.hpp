// What a reader of a budget should know besides its numbers, as data; report/sentences.hpp makes sentences of it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "vrambudget/units.hpp"

namespace vrambudget {

enum class note_kind : std::uint8_t {
  undescribed_graph,         ///< `about`: an architecture that is known, but not its graph
  undescribed_architecture,  ///< `about`: its name; nothing is known of it
  tensor_types,              ///< `about`: where the model's tensor types are from, in words
  tensor_split_aborts,       ///< `about`: why the engine ends at the first token, in words
  nccl,                      ///< sums of cards may take other memory
  pipelining_given_up,       ///< its buffers do not fit
  endless_sound,  ///< `about`: an encoder that takes sound of any length; `n`: frames counted
  undescribed_projector,  ///< `about`: its type
  projector_beside,       ///< `about`: a projector's file that is not counted
  context_rounded,        ///< `n`: what was asked for; `to`: what it is
  beyond_training,        ///< `n`: tokens of a slot; `to`: those it was trained for
  override_unused,   ///< `about`: a pattern of -ot that matches no tensor; `near`: what it may mean
  prompt_not_saved,  ///< `n`: tokens of a slot; `size`: of its state, more than the prompt cache
  host_outgrown,     ///< `size`: what the host holds after hours, more than it has; 0: no limit
  tensors_too_large,  ///< `n` tensors of `size` in all: larger than `to` bytes, which a device computes with at most
  computed_on_host,  ///< `n`: parts of a batch, by turns on devices and the CPU, though all layers are offloaded
  cpu_not_told,      ///< `about`: for which CPU weights are repacked, as none was told
  remark             ///< `about`: whatever the caller has to say, in words
};

struct note {
  note_kind kind = note_kind::remark;
  std::string about = {};
  std::int64_t n = 0, to = 0;
  bytes size = {};
  std::vector<std::string> near = {};
};

}  // namespace vrambudget
