#include "request/pasted/server_line.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "vrambudget/request/option.hpp"

namespace vrambudget::request::pasted {
namespace {

/// A word with its path, "/models/a.gguf" or "--model=/models/a.gguf", as the host has it.
void leave_container(std::string& word, const std::vector<mount>& mounts) {
  const std::size_t equals = word.starts_with("--") ? word.find('=') : word.npos;
  const std::size_t at = equals == word.npos ? 0 : equals + 1;
  const std::string_view path = std::string_view(word).substr(at);
  for (const mount& m : mounts)
    if (path.starts_with(m.target) && (m.target.ends_with('/') || path.size() == m.target.size() ||
                                       path[m.target.size()] == '/')) {
      word.replace(at, m.target.size(), m.source);
      return;
    }
}

}  // namespace

bool names_model(const words& args) {
  constexpr std::string_view names =
      "-m,--model,-hf,-hfr,--hf-repo,-mu,--model-url,-dr,--docker-repo";
  return std::any_of(args.begin(), args.end(), [&](const std::string& a) {
    return has_name(names, a.substr(0, a.find('=')));
  });
}

server_line as_server_line(const launch& l) {
  server_line line = of_llama_variables(l.environment);
  const auto append = [&](server_line more) {
    line.args.insert(line.args.end(), std::make_move_iterator(more.args.begin()),
                     std::make_move_iterator(more.args.end()));
    line.notes.insert(line.notes.end(), std::make_move_iterator(more.notes.begin()),
                      std::make_move_iterator(more.notes.end()));
  };
  switch (l.program) {
    case program::llama_server:
      append({l.args, {}});
      break;
    case program::llama_cli:  // one conversation
      line.args.insert(line.args.begin(), {"-np", "1"});
      append({l.args, {}});
      break;
    case program::llama_bench:
      line = of_bench(l.args);
      break;
    case program::koboldcpp:
      line = of_koboldcpp(l.args);
      break;
    case program::ollama:
      line = of_ollama(l.args, l.environment);
      break;
    case program::llama_cpp_server:
      line = of_llama_cpp_server(l.args);
      break;
    case program::text_generation_webui:
      line = of_text_generation_webui(l.args);
      break;
    case program::lm_studio:
      line = of_lm_studio(l.args);
      break;
  }
  for (std::string& a : line.args) leave_container(a, l.mounts);
  return line;
}

}  // namespace vrambudget::request::pasted
