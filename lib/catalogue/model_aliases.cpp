// Reads the embedded list of further names.
#include "vrambudget/catalogue/model_aliases.hpp"

#include <boost/json.hpp>
#include <vector>

#include "catalogue/embedded.hpp"

namespace vrambudget {
namespace {

model_alias read_alias_row(const boost::json::object& row) {
  const auto text = [&](const char* key) { return std::string(row.at(key).as_string()); };
  const boost::json::value* n = row.if_contains("context_length");
  return {text("name"), text("model"), text("kind") == "same",
          n ? n->to_number<std::uint32_t>() : 0};
}

}  // namespace

std::span<const model_alias> model_aliases() {
  static const std::vector<model_alias> aliases = [] {
    std::vector<model_alias> out;
    boost::json::monotonic_resource memory;  // freed at once
    const boost::json::value rows =
        boost::json::parse(detail::aliases_json().front().text, &memory);
    for (const boost::json::value& row : rows.as_array()) out.push_back(read_alias_row(row.as_object()));
    return out;
  }();
  return aliases;
}

}  // namespace vrambudget
