// Types for rows that the blocks of a wanted type do not fill.
#pragma once

#include <cstdint>
#include <string>

#include "vrambudget/error.hpp"
#include "vrambudget/ggml/type.hpp"

namespace vrambudget::detail {

/// What stands in for a type whose blocks a row of `n` elements does not fill.
/// Errors: unsupported  none is known
/// Source: llama.cpp, src/llama-quant.cpp: tensor_type_fallback
[[nodiscard]] inline result<ggml_type> fitting_type(ggml_type t, std::int64_t n) {
  const auto fills = [n](ggml_type with) { return n % traits(with).block == 0; };
  if (fills(t)) return t;
  ggml_type other = t;
  switch (t) {
    case ggml_type::iq1_s:
    case ggml_type::iq1_m:
    case ggml_type::iq2_xxs:
    case ggml_type::iq2_xs:
    case ggml_type::iq2_s:
    case ggml_type::iq3_xxs:
    case ggml_type::iq3_s:
    case ggml_type::iq4_xs:
      other = ggml_type::iq4_nl;
      break;
    case ggml_type::q2_0:
    case ggml_type::q2_k:
    case ggml_type::q3_k:
    case ggml_type::tq1_0:
    case ggml_type::tq2_0:
      other = ggml_type::q4_0;
      break;
    case ggml_type::q4_k:
      other = ggml_type::q5_0;
      break;
    case ggml_type::q5_k:
      other = ggml_type::q5_1;
      break;
    case ggml_type::q6_k:
      other = ggml_type::q8_0;
      break;
    default:
      if (traits(t).block > 32)
        return error{errc::unsupported, std::string(traits(t).name) +
                                            " has no fallback for rows of " + std::to_string(n)};
  }
  return fills(other) ? other : ggml_type::f16;
}

}  // namespace vrambudget::detail
