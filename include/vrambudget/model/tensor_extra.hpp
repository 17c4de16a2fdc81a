// What a file says of single tensors beside their types: `general.tensor_extra`.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>

#include "vrambudget/error.hpp"
#include "vrambudget/gguf/header.hpp"
#include "vrambudget/model/model.hpp"

namespace vrambudget::detail {

/// Marks the tensors that must not be multiplied by four bits: those of `general.tensor_extra.name` for
/// which `general.tensor_extra.prec_a4` says false.
///
/// Errors:   bad_format  the two are no arrays of names and of as many booleans
/// Source:   llama.cpp 2026-11, src/llama-model.cpp: llama_prec_policy::load
[[nodiscard]] inline result<void> read_tensor_extra(const gguf::header& h,
                                                    std::span<model_tensor> tensors) {
  const gguf::value* names = h.find("general.tensor_extra.name");
  if (!names) return {};
  const gguf::value* four_bits = h.find("general.tensor_extra.prec_a4");
  const auto is_array_of = [](const gguf::value* v, gguf::value_type t) {
    return v && v->is_array() && v->element_type() == t;
  };
  if (!is_array_of(names, gguf::value_type::string))
    return error{errc::bad_format, "key 'general.tensor_extra.name' is no array of names"};
  if (!is_array_of(four_bits, gguf::value_type::boolean) || four_bits->size() != names->size())
    return error{errc::bad_format,
                 "key 'general.tensor_extra.prec_a4' is no array of a boolean for each of the " +
                     std::to_string(names->size()) + " of 'general.tensor_extra.name'"};
  std::unordered_set<std::string_view> kept;
  names->for_each_string([&, i = std::uint64_t{0}](std::string_view name) mutable {
    if (four_bits->integer(i++) == 0u) kept.insert(name);
  });
  for (model_tensor& t : tensors) t.eight_bits = kept.count(t.name) > 0;
  return {};
}

}  // namespace vrambudget::detail
