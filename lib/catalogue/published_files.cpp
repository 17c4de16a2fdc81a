// Reads the embedded list of published files.
#include "vrambudget/catalogue/published_files.hpp"

#include <boost/json.hpp>
#include <vector>

#include "catalogue/embedded.hpp"

namespace vrambudget {
namespace {

published_file read_row(const boost::json::object& row) {
  const auto text = [&](const char* key) {
    const boost::json::value* v = row.if_contains(key);
    return v ? std::string(v->as_string()) : std::string();
  };
  return {text("shape"),
          text("quantization"),
          bytes{row.at("bytes").to_number<std::uint64_t>()},
          text("bytes_basis") == "exact",
          text("repository"),
          text("file")};
}

}  // namespace

std::span<const published_file> published_files() {
  static const std::vector<published_file> files = [] {
    std::vector<published_file> out;
    boost::json::monotonic_resource memory;  // freed at once
    const boost::json::value rows =
        boost::json::parse(detail::published_json().front().text, &memory);
    for (const boost::json::value& row : rows.as_array()) out.push_back(read_row(row.as_object()));
    return out;
  }();
  return files;
}

}  // namespace vrambudget
