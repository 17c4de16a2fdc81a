// A document of YAML, read by libyaml: what a configuration is asked for, without recursion.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

struct yaml_document_s;
struct yaml_node_s;

namespace vrambudget::request::pasted {

/// A value in a document; of none nothing can be had.
class yaml_value {
 public:
  yaml_value() = default;
  yaml_value(yaml_document_s* document, yaml_node_s* node) : document_(document), node_(node) {}

  explicit operator bool() const { return node_ != nullptr; }
  [[nodiscard]] bool is_map() const;

  /// Of a map; none: there is no such key, or it is no map.
  [[nodiscard]] yaml_value operator[](std::string_view key) const;

  /// Of a scalar; nothing: it is none.
  [[nodiscard]] std::optional<std::string> text() const;

  /// Of a list; empty: it is none.
  [[nodiscard]] std::vector<yaml_value> items() const;

  /// Of a map, with keys that are scalars; empty: it is none.
  [[nodiscard]] std::vector<std::pair<std::string, yaml_value>> members() const;

  /// Where it begins, in characters from 0: libyaml's lines end at more characters than other programs' do.
  [[nodiscard]] std::size_t character() const;

 private:
  yaml_document_s* document_ = nullptr;
  yaml_node_s* node_ = nullptr;
};

class yaml_document {
 public:
  /// The first document of a text; nothing: it is no YAML.
  [[nodiscard]] static std::optional<yaml_document> read(std::string_view text);

  [[nodiscard]] yaml_value root() const;

 private:
  struct deleter {
    void operator()(yaml_document_s* d) const;
  };
  std::unique_ptr<yaml_document_s, deleter> document_;
};

/// The lines of a text in UTF-8 by the characters in it.
class line_numbers {
 public:
  explicit line_numbers(std::string_view text);

  /// From 1.
  [[nodiscard]] std::size_t of(std::size_t character) const;

 private:
  std::vector<std::size_t> ends_;  ///< characters that are '\n'
};

}  // namespace vrambudget::request::pasted
