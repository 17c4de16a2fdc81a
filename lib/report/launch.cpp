#include "vrambudget/report/launch.hpp"

#include <iterator>

#include "launch/arguments.hpp"

namespace vrambudget {

std::optional<launcher> find_launcher(std::string_view text) {
  constexpr std::string_view names[] = {"llama-server", "ollama", "koboldcpp", "lmstudio"};
  for (std::size_t i = 0; i < std::size(names); ++i)
    if (names[i] == text) return static_cast<launcher>(i);
  return std::nullopt;
}

std::string launch_text(launcher l, const launch_files& files, const model& m, const run& r,
                        const budget& b) {
  const launching::planned p{files, m, r, b};
  switch (l) {
    case launcher::llama_server:
      return launching::llama_server(p);
    case launcher::ollama:
      return launching::ollama(p);
    case launcher::koboldcpp:
      return launching::koboldcpp(p);
    case launcher::lmstudio:
      return launching::lmstudio(p);
  }
  return {};
}

}  // namespace vrambudget
