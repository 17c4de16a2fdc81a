// The fake driver's devices around a run of the program.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <string>

#include "program.hpp"
#include "state.hpp"

namespace json = boost::json;

/// The fake devices during one run of the program.
struct fake_devices {
  fs::path file = fs::temp_directory_path() / ("vrambudget-fake-" + std::to_string(::getpid()));
  fake_devices() { fs::remove(file); }
  ~fake_devices() { fs::remove(file); }

  [[nodiscard]] std::string environment() const { return "FAKE_CUDA_STATE=" + file.string() + " "; }
  [[nodiscard]] fake_cuda::state after() const {
    fake_cuda::state s{};
    std::ifstream(file, std::ios::binary).read(reinterpret_cast<char*>(&s), sizeof(s));
    return s;
  }
  [[nodiscard]] bool are_empty() const {
    const fake_cuda::state s = after();
    return std::all_of(s.devices.begin(), s.devices.end(), [](const fake_cuda::device_state& d) {
      return d.n_context == 0 && d.n_allocation == 0 && d.allocated_bytes == 0;
    });
  }
};

inline void check_no_gpu(const outcome& o, const std::string& message) {
  CHECK(o.status == 4);
  CHECK(has_no_answer(o));
  CAPTURE(o.err);
  CHECK(contains(o.err, message));
  CHECK(std::count(o.err.begin(), o.err.end(), '\n') == 1);
}

inline std::uint64_t number(const json::value& device, const char* key) {
  return device.at(key).to_number<std::uint64_t>();
}

inline constexpr std::uint64_t mib = 1 << 20;
