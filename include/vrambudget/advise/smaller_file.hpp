// Another file of the same model, as an answer to a run that does not fit.
#pragma once

#include <string>

#include "vrambudget/advise/suggestion.hpp"

namespace vrambudget {

struct smaller_file {
  std::string name;     ///< "Llama-3.3-70B-IQ2_XS"
  double bits = 0;      ///< a weight
  double bits_now = 0;  ///< of the file that does not fit
  suggestion runs;      ///< how it runs; without changes as it was asked for
};

}  // namespace vrambudget
