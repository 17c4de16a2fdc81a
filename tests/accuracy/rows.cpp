#include "rows.hpp"

#include <cmath>
#include <fstream>
#include <stdexcept>

namespace vrambudget::accuracy {

namespace json = boost::json;

std::vector<json::object> read_lines(const std::string& file) {
  std::ifstream in(file);
  if (!in) throw std::runtime_error(file + ": cannot be read");
  std::vector<json::object> rows;
  for (std::string line; std::getline(in, line);) rows.push_back(json::parse(line).as_object());
  return rows;
}

std::string text_of(const json::object& o, const char* key) {
  const json::value* v = o.if_contains(key);
  return v == nullptr ? std::string() : std::string(v->as_string());
}

bytes from_mib(double size) { return {static_cast<std::uint64_t>(std::llround(size * (1 << 20)))}; }

double in_mib(bytes b) { return static_cast<double>(b.count) / (1 << 20); }

}  // namespace vrambudget::accuracy
