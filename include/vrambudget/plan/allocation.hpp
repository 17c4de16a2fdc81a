// What a run asks of its devices, one allocation after the other, as the engine does.
#pragma once

#include <cstddef>

#include "vrambudget/engine/device_id.hpp"
#include "vrambudget/plan/term.hpp"
#include "vrambudget/units.hpp"

namespace vrambudget {

/// Memory of a device is given out in so much at once.
/// Source:   memory in use on cards grows so with each buffer, and the pool's granularity is the same; Apple's
///           page: llama.cpp, ggml/src/ggml-metal/ggml-metal-device.m: ggml_metal_buffer_init
[[nodiscard]] constexpr bytes page_of(backend_kind b) {
  return b == backend_kind::metal ? 16_KiB : 2_MiB;
}
/// What an allocation takes of a card.
///
/// Formula:  page * ceil(size / page)
[[nodiscard]] constexpr bytes in_pages(bytes size, bytes page = page_of(backend_kind::cuda)) {
  return pad(size, page.count);
}

/// One allocation of a device's memory.
struct allocation {
  term_kind stage = term_kind::weights;
  std::size_t device = 0;  ///< its number in budget::devices
  bytes size;
  bytes replaces = {};  ///< freed before: the same buffer, when it was smaller
};

/// An allocation that a device has no room for.
struct refused_allocation {
  term_kind stage = term_kind::weights;
  device_id device;
  bytes size;
  bytes missing;  ///< free memory that it would take besides
};

/// Whether a run that is refused memory at this stage was running by then: a pool, adapters that are applied,
/// a larger image, a cache that fills. A projector's buffer that does not fit is only missed at the first image.
/// Source: llama.cpp, ggml/src/ggml-cuda/ggml-cuda.cu: ggml_cuda_pool_vmm; tools/mtmd/clip.cpp
[[nodiscard]] constexpr bool is_in_use(term_kind stage) {
  return stage == term_kind::pool || stage == term_kind::compute_growth ||
         stage == term_kind::adapter_growth || stage == term_kind::projector_compute ||
         stage == term_kind::projector_growth;
}

}  // namespace vrambudget
