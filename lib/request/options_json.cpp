// The table for bindings, which hold what they declare against it.
#include <array>
#include <boost/json.hpp>

#include "io/json_text.hpp"
#include "vrambudget/request/answers.hpp"
#include "vrambudget/request/option.hpp"

namespace vrambudget::request {
namespace {

namespace json = boost::json;

std::string_view name_of(const kind::any& k) {
  constexpr std::array<std::string_view, 28> names = {
      "count",     "count",          "count",  "layers", "word or switch", "word",   "word",
      "word",      "word or switch", "word",   "word",   "type",           "switch", "switch",
      "shares",    "overrides",      "words",  "words",  "device",         "engine", "desktop",
      "text",      "texts",          "size",   "sizes",  "size",           "count",  "words"};
  static_assert(names.size() == std::variant_size_v<kind::any>);
  return names[k.index()];
}

}  // namespace

std::string options_json() {
  json::array all;
  for (const option& o : options()) {
    json::array names;
    for_each_name(o.names, [&](std::string_view n) {
      if (n.starts_with('-')) names.push_back(json::value(key_of(n)));
    });
    all.push_back(json::object{{"name", field_of(o)},
                               {"names", std::move(names)},
                               {"kind", name_of(o.value)},
                               {"turns_off", o.turns_off()},
                               {"help", help_of(o)}});
  }
  return json_text(all);
}

}  // namespace vrambudget::request
