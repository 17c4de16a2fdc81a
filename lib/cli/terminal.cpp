// What stdout is.
#include <unistd.h>

#include <cstdlib>
#include <string_view>

#include "cli.hpp"

namespace vrambudget::cli {

bool stdout_has_colours() {
  const char* term = std::getenv("TERM");
  return isatty(STDOUT_FILENO) && !std::getenv("NO_COLOR") && term &&
         std::string_view(term) != "dumb";
}

}  // namespace vrambudget::cli
