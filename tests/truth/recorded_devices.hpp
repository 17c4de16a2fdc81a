// The cards of the recordings, from devices.json.
#pragma once

#include <boost/json.hpp>
#include <map>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include "vrambudget/io/whole_file.hpp"
#include "vrambudget/machine/device.hpp"

namespace vrambudget::testing {

inline std::string read_text(const std::string& path) {
  return read_whole_file(path, 256_MiB).value();
}

inline std::int64_t number(const boost::json::value& v) {
  return v.is_uint64() ? static_cast<std::int64_t>(v.as_uint64()) : v.as_int64();
}
inline std::string text(const boost::json::value& v) { return std::string(v.as_string()); }

/// The backend by its name in the file; absent: CUDA.
inline backend_kind recorded_backend(const boost::json::object& d) {
  const boost::json::value* const b = d.if_contains("backend");
  if (!b) return backend_kind::cuda;
  if (text(*b) == "vulkan") return backend_kind::vulkan;
  if (text(*b) == "metal") return backend_kind::metal;
  throw std::runtime_error("no backend " + text(*b));
}

inline device_limits recorded_limits(const boost::json::object& d) {
  device_limits l;
  const boost::json::value* const told = d.if_contains("limits");
  if (!told) return l;
  const auto take = [&](const char* key, auto& to) {
    if (const auto* v = told->as_object().if_contains(key)) {
      if constexpr (std::is_same_v<decltype(to), bool&>)
        to = v->as_bool();
      else
        to = static_cast<std::uint64_t>(number(*v));
    }
  };
  take("alignment", l.alignment);
  take("host_alignment", l.host_alignment);
  take("allocation", l.allocation);
  take("buffer", l.buffer);
  take("range", l.range);
  take("lacks_fp16", l.lacks_fp16);
  take("indexes_64_bits", l.indexes_64_bits);
  take("by_amds_driver", l.by_amds_driver);
  if (const auto* a = told->as_object().if_contains("architecture"))
    l.architecture = vulkan_architecture_named(text(*a)).value();
  return l;
}

inline std::map<std::string, device> recorded_devices(const std::string& file) {
  std::map<std::string, device> out;
  const boost::json::value all = boost::json::parse(read_text(file));
  for (const auto& [key, v] : all.as_object()) {
    const boost::json::object& d = v.as_object();
    device one{text(d.at("name")),
               static_cast<std::uint32_t>(number(d.at("cc"))),
               static_cast<std::uint32_t>(number(d.at("n_sm"))),
               {static_cast<std::uint64_t>(number(d.at("total_bytes")))},
               {static_cast<std::uint64_t>(number(d.at("free_bytes")))}};
    one.backend = recorded_backend(d);
    one.limits = recorded_limits(d);
    one.unified = d.contains("unified");
    out[std::string(key)] = std::move(one);
  }
  return out;
}

}  // namespace vrambudget::testing
