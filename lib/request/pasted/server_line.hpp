// What other programs are told, as llama-server would be told it.
#pragma once

#include <boost/json/fwd.hpp>

#include "request/pasted/launch.hpp"

namespace vrambudget::request::pasted {

struct server_line {
  words args = {};
  words notes = {};  ///< what a reader should know of how it was understood
};

/// Paths of a container become those of the host; an image that is run for Ollama or KoboldCpp has their settings.
[[nodiscard]] server_line as_server_line(const launch&);

/// Whether an option of llama-server says what the model is.
[[nodiscard]] bool names_model(const words& args);

/// LLAMA_ARG_CTX_SIZE=8192 as "-c 8192"; what else is set that moves memory is noted.
[[nodiscard]] server_line of_llama_variables(const variables&);

/// The largest of the tests that llama-bench makes of its lists.
[[nodiscard]] server_line of_bench(const words& args);

/// "--contextsize 8192" and the keys of a .kcpps file are of one name.
[[nodiscard]] server_line of_koboldcpp(const words& args);
[[nodiscard]] server_line of_kcpps(const boost::json::object&);

/// A Modelfile's parameters are stronger than the environment.
[[nodiscard]] server_line of_ollama(const words& args, const variables&);
[[nodiscard]] server_line of_modelfile(std::string_view text, const variables&);

/// `python -m llama_cpp.server`, the webui's `server.py`, `lms load`: what follows these words.
[[nodiscard]] server_line of_llama_cpp_server(const words& args);
[[nodiscard]] server_line of_text_generation_webui(const words& args);
[[nodiscard]] server_line of_lm_studio(const words& args);

}  // namespace vrambudget::request::pasted
