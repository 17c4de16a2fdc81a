// Reads the embedded list of published files.
#include "vrambudget/catalogue/published_files.hpp"

#include <boost/json.hpp>
#include <vector>

#include "catalogue/embedded.hpp"

namespace vrambudget {
namespace {

bytes from_gib(const boost::json::value& v, double share = 1) {
  return {static_cast<std::uint64_t>(v.to_number<double>() * share * 0x1p30)};
}

std::string text_of(const boost::json::object& row, const char* key) {
  const boost::json::value* v = row.if_contains(key);
  return v ? std::string(v->as_string()) : std::string();
}

/// "bytes", and the step up to whose end it is rounded.
size_range range_of(const boost::json::object& row) {
  const bytes size{row.at("bytes").to_number<std::uint64_t>()};
  const boost::json::value* step = row.if_contains("rounded_to_gib");
  return {saturating_sub(size, step ? from_gib(*step) : bytes{}), size};
}

published_file read_file_row(const boost::json::object& row) {
  const auto text = [&](const char* key) { return text_of(row, key); };
  const size_range within = range_of(row);
  published_file f{text("shape"),
                   text("quantization"),
                   within.high,
                   text("bytes_basis") == "exact",
                   within,
                   text("repository"),
                   text("file"),
                   text("read"),
                   {}};
  if (const boost::json::value* others = row.if_contains("others"))
    for (const boost::json::value& o : others->as_array())
      f.others.push_back({range_of(o.as_object()), text_of(o.as_object(), "read")});
  return f;
}

/// Sizes that are told to a tenth of a GiB only.
void add_rounded(std::vector<published_file>& out) {
  boost::json::monotonic_resource memory;  // freed at once
  const boost::json::value all =
      boost::json::parse(detail::published_sizes_json().front().text, &memory);
  const bytes half = from_gib(all.at("rounded_to_gib"), 0.5);
  for (const auto& [shape, sizes] : all.at("sizes_in_gib").as_object())
    for (const auto& [quantization, gib] : sizes.as_object()) {
      published_file f;
      f.shape = shape;
      f.quantization = quantization;
      f.size = from_gib(gib);
      f.within = {saturating_sub(f.size, half), f.size + half};
      out.push_back(std::move(f));
    }
}

}  // namespace

std::span<const published_file> published_files() {
  static const std::vector<published_file> files = [] {
    std::vector<published_file> out;
    boost::json::monotonic_resource memory;  // freed at once
    const boost::json::value rows =
        boost::json::parse(detail::published_json().front().text, &memory);
    for (const boost::json::value& row : rows.as_array()) out.push_back(read_file_row(row.as_object()));
    add_rounded(out);
    return out;
  }();
  return files;
}

}  // namespace vrambudget
