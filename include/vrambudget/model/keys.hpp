// Typed reading of an architecture's GGUF keys. The first problem is kept; reading goes on with
// defaults, so that rules need no checks.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vrambudget/engine/llama_cpp.hpp"
#include "vrambudget/error.hpp"
#include "vrambudget/gguf/header.hpp"

namespace vrambudget {

/// Keys "ARCH.name" of one header.
class keys {
 public:
  keys(const gguf::header& header, std::string architecture)
      : header_(header), architecture_(std::move(architecture)) {}

  [[nodiscard]] const std::string& architecture() const { return architecture_; }
  [[nodiscard]] const gguf::value* find(std::string_view name) const {
    return header_.find(architecture_ + "." + std::string(name));
  }
  [[nodiscard]] bool has(std::string_view name) const { return find(name) != nullptr; }

  /// A number; `fallback` if the key is absent. As the engine does, it takes no other type than u32.
  std::uint32_t u32(std::string_view name, std::uint32_t fallback = 0) {
    const gguf::value* v = find(name);
    if (!v) return fallback;
    if (const auto n = v->u32()) return *n;
    fail(name, *v, "u32");
    return fallback;
  }
  /// The same of a key that the engine reads as i32.
  std::int32_t i32(std::string_view name, std::int32_t fallback = 0) {
    const gguf::value* v = find(name);
    if (!v) return fallback;
    if (const auto n = v->i32()) return *n;
    fail(name, *v, "i32");
    return fallback;
  }
  /// A number whose absence is an error.
  std::uint32_t required(std::string_view name) {
    need(name);
    return u32(name);
  }
  /// The same for a number that must not be 0; 1 if it is.
  std::uint32_t positive(std::string_view name) {
    const std::uint32_t n = required(name);
    if (n == 0 && has(name))
      fail({errc::bad_format, "key '" + full(name) + "' is 0, expected at least 1"});
    return n ? n : 1;
  }
  /// Makes the absence of any key an error.
  void need(std::string_view name) {
    if (!has(name))
      fail({errc::not_found, "key '" + full(name) + "' is missing: the architecture needs it"});
  }
  /// Notes the absence of a key that the engine loads no file without and that nothing here needs.
  void ask(std::string_view name) {
    if (!has(name) && lacks_.empty()) lacks_ = full(name);
  }
  /// Makes 0 an error of a key that is there.
  void nonzero(std::string_view name) {
    if (has(name)) positive(name);
  }
  /// The same as `need` for a key without the architecture in front.
  void need_bare(std::string_view name) {
    if (!header_.find(name))
      fail({errc::not_found,
            "key '" + std::string(name) + "' is missing: the architecture needs it"});
  }
  float f32(std::string_view name, float fallback = 0) {
    const gguf::value* v = find(name);
    if (!v) return fallback;
    const auto n = v->f32();
    if (!n) fail(name, *v, "f32");
    return n.value_or(fallback);
  }
  bool boolean(std::string_view name, bool fallback = false) {
    const gguf::value* v = find(name);
    if (!v) return fallback;
    const auto n = v->boolean();
    if (!n) fail(name, *v, "a boolean");
    return n.value_or(fallback);
  }
  /// One number for all layers, or an array with one for each; `or_more`: it may be longer.
  std::vector<std::uint32_t> per_layer(std::string_view name, std::uint32_t n_layer,
                                       std::uint32_t fallback = 0, bool or_more = false) {
    const gguf::value* v = find(name);
    if (!v || !v->is_array()) return std::vector<std::uint32_t>(n_layer, u32(name, fallback));
    std::vector<std::uint32_t> all(n_layer, fallback);
    if (v->size() < n_layer || (v->size() > n_layer && !or_more)) {
      fail({errc::bad_format, "key '" + full(name) + "' has " + std::to_string(v->size()) +
                                  " entries, expected " + std::to_string(n_layer) +
                                  ", one per layer"});
      return all;
    }
    const gguf::value_type of = v->element_type();
    const bool is_read = of == gguf::value_type::u32 || of == gguf::value_type::i32 ||
                         of == gguf::value_type::boolean;
    for (std::uint32_t i = 0; i < n_layer; ++i) {
      const auto n = is_read ? v->integer(i) : std::nullopt;
      if (!n || *n > UINT32_MAX) {
        fail(name, *v, "an array of 32-bit numbers");
        break;
      }
      all[i] = static_cast<std::uint32_t>(*n);
    }
    return all;
  }
  /// An array of numbers, `most` or fewer; its absence is an error.
  std::vector<std::int32_t> signed_array(std::string_view name, std::uint64_t most) {
    need(name);
    std::vector<std::int32_t> all;
    const gguf::value* v = find(name);
    if (!v) return all;
    if (!v->is_array()) fail(name, *v, "an array of numbers");
    if (!v->is_array() || v->size() > most) {
      limit(name, v->size(), most);
      return all;
    }
    for (std::uint64_t i = 0; i < v->size(); ++i) {
      const auto n = v->signed_integer(i);
      if (!n || *n < INT32_MIN || *n > INT32_MAX) {
        fail(name, *v, "an array of 32-bit numbers");
        break;
      }
      all.push_back(static_cast<std::int32_t>(*n));
    }
    return all;
  }
  /// As per_layer, for flags.
  std::vector<std::uint8_t> flags(std::string_view name, std::uint32_t n_layer) {
    std::vector<std::uint8_t> all;
    for (const std::uint32_t n : per_layer(name, n_layer)) all.push_back(n != 0);
    return all;
  }
  /// The same of a list that may be longer, or shorter: layers that it does not reach have none.
  std::vector<std::uint8_t> listed_flags(std::string_view name, std::uint32_t n_layer) {
    const gguf::value* v = find(name);
    const std::uint64_t size = v && v->is_array() ? v->size() : 0;
    limit(name, size, llama_max_layers);
    const auto n_listed = static_cast<std::uint32_t>(std::min<std::uint64_t>(size, n_layer));
    std::vector<std::uint8_t> all;
    for (const std::uint32_t n : per_layer(name, n_listed, 0, true)) all.push_back(n != 0);
    all.resize(n_layer, 0);
    return all;
  }
  /// The same for floats; empty if the key is absent.
  std::vector<float> floats(std::string_view name, std::uint32_t n_layer) {
    const gguf::value* v = find(name);
    if (!v) return {};
    std::vector<float> all(n_layer, v->is_array() ? 0.0f : f32(name));
    for (std::uint32_t i = 0; v->is_array() && i < n_layer && i < v->size(); ++i)
      all[i] = static_cast<float>(v->number(i).value_or(0.0));
    return all;
  }

  /// Keeps `e` if it is the first problem.
  void fail(error e) {
    if (!problem_) problem_ = std::move(e);
  }
  void limit(std::string_view name, std::uint64_t found, std::uint64_t most) {
    if (found > most)
      fail({errc::limit, "key '" + full(name) + "' is " + std::to_string(found) +
                             ", expected at most " + std::to_string(most)});
  }
  /// The first key that was asked for and is not there; empty: none.
  [[nodiscard]] const std::string& lacks() const { return lacks_; }
  /// The first problem, if there was any.
  [[nodiscard]] result<void> status() const {
    if (problem_) return *problem_;
    return {};
  }

 private:
  [[nodiscard]] std::string full(std::string_view name) const {
    return architecture_ + "." + std::string(name);
  }
  void fail(std::string_view name, const gguf::value& v, const char* expected) {
    fail({errc::bad_format, "key '" + full(name) + "' has type " +
                                std::string(gguf::type_name(v.type())) + ", expected " + expected});
  }

  const gguf::header& header_;
  std::string architecture_;
  std::string lacks_;
  std::optional<error> problem_;
};

}  // namespace vrambudget
