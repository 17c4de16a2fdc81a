// What lines say of a model: its hyperparameters, metadata, and where its tensors go.
#include <string>
#include <string_view>
#include <utility>

#include "log/scan.hpp"
#include "log_line_reader.hpp"

namespace vrambudget {

using namespace detail;

bool log_line_reader::read_info(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == text.npos) return false;
  const std::string key(trimmed(text.substr(0, equals)));
  const std::string value(trimmed(text.substr(equals + 1)));
  if (key.empty() || key.size() > 64) return false;
  // a second model's lines begin anew
  const bool begins = key == "file format" || key == "format" || key == "arch";
  if (begins && model().info.contains("arch")) new_model();
  log_model& m = model();
  if (key == "arch") m.architecture = value;
  if (key == "general.name") m.name = value;
  if (key == "file type" || key == "model ftype") m.file_type = value;
  if (m.info.size() < log_parser::max_entries) m.info.insert_or_assign(key, value);
  return true;
}

bool log_line_reader::read_loader(std::string_view text) {
  if (skip(text, "loaded meta data with")) {
    log_model& m = log_.models.empty() || !model().empty() ? new_model() : model();
    (void)take_number(text);
    if (const std::size_t and_ = text.find(" and "); and_ != text.npos) {
      text.remove_prefix(and_ + 5);
      m.n_tensors = take_u32(text);
    }
    const std::size_t from = text.find(" from "), version = text.rfind(" (version");
    if (from != text.npos)
      m.path = trimmed(text.substr(
          from + 6, version == text.npos || version < from + 6 ? text.npos : version - from - 6));
    return true;
  }
  if (!skip(text, "-")) return false;
  if (skip(text, "kv")) return read_metadata(text);
  if (!skip(text, "type")) return false;
  const std::string_view name = take_word(text);
  if (!skip(text, ":")) return false;
  const auto n = take_u32(text);
  if (!n || name.empty()) return false;
  keep(model().type_counts, std::pair{std::string(name), *n});
  return true;
}

/// "  1:  qwen35.block_count u32  = 65", behind "- kv".
bool log_line_reader::read_metadata(std::string_view text) {
  (void)take_number(text);
  if (!skip(text, ":")) return false;
  text = trimmed(text);
  const std::size_t equals = text.find(" = ");
  if (equals == text.npos) return false;
  const std::string_view left = trimmed(text.substr(0, equals));
  const std::size_t space = left.find(' ');
  if (space == left.npos) return false;
  const std::string key(left.substr(0, space)), type(trimmed(left.substr(space)));
  const std::string value(trimmed(text.substr(equals + 3)).substr(0, 4096));
  log_model& m = model();
  if (key == "general.architecture" && m.architecture.empty()) m.architecture = value;
  if (key == "general.name" && m.name.empty()) m.name = value;
  if (!key.starts_with("tokenizer.")) keep(m.metadata, std::pair{key, std::pair{type, value}});
  return true;
}

bool log_line_reader::read_tensors(std::string_view text) {
  std::string_view rest = text;
  if (skip(rest, "offloaded")) {
    const auto n = take_u32(rest);
    if (!n || !skip(rest, "/")) return false;
    model().offloaded = n;
    model().offloadable = take_u32(rest);
    return true;
  }
  rest = text;
  if (skip(rest, "layer")) {
    const auto il = take_u32(rest);
    if (!il || !skip(rest, "assigned to device")) return false;
    log_model& m = model();
    if (*il < 65536 && m.layer_devices.size() < log_parser::max_entries)
      m.layer_devices[*il] = take_word(rest);
    return true;
  }
  return false;
}

bool log_line_reader::read_moved(std::string_view text) {
  constexpr std::string_view says = "buffer type overridden to ";
  const std::size_t at = text.find(says);
  if (at == text.npos) return false;
  std::string_view rest = text.substr(at + says.size());
  const std::string buffer(take_word(rest));
  std::string_view name = trimmed(text.substr(0, at));
  const std::size_t tensor = name.find("tensor ");
  if (tensor == name.npos) return false;
  name = trimmed(name.substr(tensor + 7));
  name = name.substr(0, name.find(' '));
  keep(model().moved, std::pair{std::string(name), buffer});
  return true;
}

}  // namespace vrambudget
