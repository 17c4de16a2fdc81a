// One line of a log into the parsed log. Each file beside this one reads lines about one thing.
#pragma once

#include <cstddef>
#include <string_view>
#include <utility>

#include "engine_functions.hpp"
#include "vrambudget/log/log_parser.hpp"

namespace vrambudget {

class log_line_reader {
 public:
  log_line_reader(log_parser& p, std::size_t line) : p_(p), log_(p.log_), line_(line) {}

  /// A line, which may be several of the engine's run together.
  void read(std::string_view line);

 private:
  void read_from(std::string_view function, std::string_view text);
  // Each says whether it knew the line. By the function that wrote it:
  bool read_info(std::string_view text);
  bool read_loader(std::string_view text);
  bool read_metadata(std::string_view text);
  bool read_tensors(std::string_view text);
  bool read_context(std::string_view text);
  bool read_parameter(std::string_view key, std::string_view value);
  bool read_cache(std::string_view text);
  bool read_device(std::string_view text);
  bool read_used_device(std::string_view rest);
  bool read_vulkan_device(std::string_view text);
  bool read_found_device(std::string_view rest);
  // by what it says, whoever wrote it
  bool read_buffer(detail::log_source from, std::string_view text);
  bool read_cache_size(detail::log_source from, std::string_view text);
  bool read_graph(std::string_view text);
  bool read_table(std::string_view text);
  bool read_moved(std::string_view text);
  bool read_build(std::string_view text);
  bool read_cpu(std::string_view text);
  bool read_refusal(detail::log_source from, std::string_view text);
  void read_date(std::string_view text);
  void read_command(std::string_view line);
  void read_arguments(std::string_view text, bool quoted);

  // the model, context or device that lines are about
  log_model& model();
  log_model& new_model();
  log_context& context();
  log_context& new_context();
  log_device& device(std::string_view id);

  template <class List, class T>
  void keep(List& list, T&& item) {
    if (list.size() < log_parser::max_entries)
      list.push_back(std::forward<T>(item));
    else
      ++log_.n_left_out;
  }

  log_parser& p_;
  parsed_log& log_;
  std::size_t line_;
};

}  // namespace vrambudget
