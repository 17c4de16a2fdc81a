// The cards of the recordings, from devices.json.
#pragma once

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <stdexcept>
#include <string>

#include "vrambudget/machine/device.hpp"

namespace vrambudget::testing {

inline std::string read_text(const std::filesystem::path& p) {
  std::ifstream in(p, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + p.string());
  return {std::istreambuf_iterator<char>(in), {}};
}

inline std::int64_t number(const boost::json::value& v) {
  return v.is_uint64() ? static_cast<std::int64_t>(v.as_uint64()) : v.as_int64();
}
inline std::string text(const boost::json::value& v) { return std::string(v.as_string()); }

inline std::map<std::string, device> recorded_devices(const std::filesystem::path& file) {
  std::map<std::string, device> out;
  const boost::json::value all = boost::json::parse(read_text(file));
  for (const auto& [key, d] : all.as_object())
    out[std::string(key)] = {text(d.at("name")),
                             static_cast<std::uint32_t>(number(d.at("cc"))),
                             static_cast<std::uint32_t>(number(d.at("n_sm"))),
                             {static_cast<std::uint64_t>(number(d.at("total_bytes")))},
                             {static_cast<std::uint64_t>(number(d.at("free_bytes")))}};
  return out;
}

}  // namespace vrambudget::testing
