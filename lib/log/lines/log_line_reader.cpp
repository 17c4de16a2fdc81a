#include "log_line_reader.hpp"

#include <optional>
#include <string>

namespace vrambudget {

using namespace detail;

namespace {

/// The message of a line that carries one in quotes, msg="..." or "msg":"..."; else nothing.
std::optional<std::string> quoted_message(std::string_view line) {
  std::size_t at = line.npos;
  for (const std::string_view opening : {" msg=\"", "\"msg\":\"", "\"msg\": \""})
    if (at = line.find(opening); at != line.npos) {
      line.remove_prefix(at + opening.size());
      break;
    }
  if (at == line.npos) return std::nullopt;
  std::string out;
  for (std::size_t i = 0; i < line.size() && line[i] != '"'; ++i) {
    if (line[i] == '\\' && i + 1 < line.size()) {
      ++i;
      if (line[i] != '"' && line[i] != '\\') {
        out += ' ';  // \n, \t
        continue;
      }
    }
    out += line[i];
  }
  return out;
}

}  // namespace

void log_line_reader::read(std::string_view line) {
  read_date(line);
  read_command(line);
  const auto message = quoted_message(line);
  if (message) line = *message;
  std::size_t length = 0;
  std::size_t at = next_function(line, 0, length);
  if (at == line.npos) return read_from({}, line);
  if (at > 0) read_from({}, line.substr(0, at));
  while (at != line.npos) {
    const std::string_view function = line.substr(at, length);
    const std::size_t text = at + length + 1;
    const std::size_t next = next_function(line, text, length);
    read_from(function, line.substr(text, next == line.npos ? line.npos : next - text));
    at = next;
  }
}

void log_line_reader::read_from(std::string_view function, std::string_view text) {
  const log_source from = source_of(function);
  const bool known = [&] {
    if (read_buffer(from, text) || read_cache_size(from, text) || read_graph(text) ||
        read_table(text) || read_moved(text) || read_refusal(from, text))
      return true;
    switch (from) {
      case log_source::info:
        return read_info(text);
      case log_source::loader:
        return read_loader(text);
      case log_source::tensors:
        return read_tensors(text);
      case log_source::context:
        return read_context(text);
      case log_source::cache:
        return read_cache(text);
      case log_source::device:
        return read_device(text);
      case log_source::projector:
        p_.in_projector_ = true;
        return false;
      case log_source::device_memory:
      case log_source::tensor_memory:
      case log_source::graph_memory:
        return false;
      case log_source::other:
        return read_cpu(text) || read_device(text) || read_build(text);
    }
    return false;
  }();
  log_.n_known += known;
}

log_model& log_line_reader::new_model() {
  if (log_.models.size() >= 64) {
    ++log_.n_left_out;
    log_.models.pop_back();
  }
  log_.models.emplace_back().line = line_;
  p_.in_projector_ = false;
  return log_.models.back();
}
log_model& log_line_reader::model() {
  return log_.models.empty() ? new_model() : log_.models.back();
}

log_context& log_line_reader::new_context() {
  if (log_.contexts.size() >= 64) {
    ++log_.n_left_out;
    log_.contexts.pop_back();
  }
  log_context& c = log_.contexts.emplace_back();
  c.line = line_;
  c.model = log_.models.empty() ? 0 : log_.models.size() - 1;
  p_.cache_.clear();
  p_.in_projector_ = false;
  return c;
}
log_context& log_line_reader::context() {
  return log_.contexts.empty() ? new_context() : log_.contexts.back();
}

log_device& log_line_reader::device(std::string_view id) {
  for (log_device& d : log_.devices)
    if (d.id == id) return d;
  if (log_.devices.size() >= 64) {
    ++log_.n_left_out;
    return log_.devices.back();
  }
  log_.devices.emplace_back().id = id;
  return log_.devices.back();
}

}  // namespace vrambudget
