// A header: kept as a model of any file or of a kept one, made again of what is kept, and its shape the same.
#include "header_mutator.hpp"
#include "planning.hpp"
#include "vrambudget/request/kept_model.hpp"

using namespace vrambudget;
using fuzz::holds;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span bytes(reinterpret_cast<const std::byte*>(data), size);
  const auto kept = request::kept_model_of(bytes, "fuzz");
  if (!holds(kept)) return 0;
  const auto again = request::kept_model_of(kept->header, "fuzz");
  if (!holds(again)) return 0;
  fuzz::require(again->header == kept->header);
  for (const bool is_mapped : {false, true}) {
    const auto shape = request::shape_bytes(*kept, is_mapped);
    if (!holds(shape)) return 0;
    const auto of_shape = request::kept_model_of(*shape, "fuzz");
    if (!holds(of_shape)) return 0;
    const auto same = request::shape_bytes(*of_shape, is_mapped);
    fuzz::require(same.has_value() && *same == *shape);
  }
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t most, unsigned seed) {
  return fuzz::mutate_header(data, size, most, seed, 0);
}
