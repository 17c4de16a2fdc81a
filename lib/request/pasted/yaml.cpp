#include "request/pasted/yaml.hpp"

#include <yaml.h>

#include <algorithm>

namespace vrambudget::request::pasted {
namespace {

std::string_view scalar_of(const yaml_node_t& n) {
  return {reinterpret_cast<const char*>(n.data.scalar.value), n.data.scalar.length};
}

}  // namespace

bool yaml_value::is_map() const { return node_ && node_->type == YAML_MAPPING_NODE; }

yaml_value yaml_value::operator[](std::string_view key) const {
  if (!is_map()) return {};
  for (const auto* p = node_->data.mapping.pairs.start; p != node_->data.mapping.pairs.top; ++p) {
    const yaml_node_t* name = yaml_document_get_node(document_, p->key);
    if (name && name->type == YAML_SCALAR_NODE && scalar_of(*name) == key)
      return {document_, yaml_document_get_node(document_, p->value)};
  }
  return {};
}

std::optional<std::string> yaml_value::text() const {
  if (!node_ || node_->type != YAML_SCALAR_NODE) return std::nullopt;
  return std::string(scalar_of(*node_));
}

std::vector<yaml_value> yaml_value::items() const {
  std::vector<yaml_value> all;
  if (!node_ || node_->type != YAML_SEQUENCE_NODE) return all;
  for (const auto* i = node_->data.sequence.items.start; i != node_->data.sequence.items.top; ++i)
    all.emplace_back(document_, yaml_document_get_node(document_, *i));
  return all;
}

std::vector<std::pair<std::string, yaml_value>> yaml_value::members() const {
  std::vector<std::pair<std::string, yaml_value>> all;
  if (!is_map()) return all;
  for (const auto* p = node_->data.mapping.pairs.start; p != node_->data.mapping.pairs.top; ++p) {
    const yaml_node_t* name = yaml_document_get_node(document_, p->key);
    if (name && name->type == YAML_SCALAR_NODE)
      all.emplace_back(std::string(scalar_of(*name)),
                       yaml_value(document_, yaml_document_get_node(document_, p->value)));
  }
  return all;
}

std::size_t yaml_value::character() const { return node_ ? node_->start_mark.index : 0; }

std::optional<yaml_document> yaml_document::read(std::string_view text) {
  yaml_parser_t parser;
  if (!yaml_parser_initialize(&parser)) return std::nullopt;
  yaml_parser_set_input_string(&parser, reinterpret_cast<const unsigned char*>(text.data()),
                               text.size());
  auto document = std::make_unique<yaml_document_t>();
  const bool is_read = yaml_parser_load(&parser, document.get()) != 0;
  yaml_parser_delete(&parser);
  if (!is_read) return std::nullopt;
  yaml_document all;
  all.document_.reset(document.release());
  return all;
}

yaml_value yaml_document::root() const {
  return {document_.get(), yaml_document_get_root_node(document_.get())};
}

line_numbers::line_numbers(std::string_view text) {
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";  // which libyaml does not count
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  std::size_t n = 0;
  for (const char c : text) {
    if (c == '\n') ends_.push_back(n);
    n += (static_cast<unsigned char>(c) & 0xC0) != 0x80;  // no byte within a character
  }
}

std::size_t line_numbers::of(std::size_t character) const {
  return 1 + static_cast<std::size_t>(std::lower_bound(ends_.begin(), ends_.end(), character) -
                                      ends_.begin());
}

void yaml_document::deleter::operator()(yaml_document_s* d) const {
  yaml_document_delete(d);
  delete d;
}

}  // namespace vrambudget::request::pasted
