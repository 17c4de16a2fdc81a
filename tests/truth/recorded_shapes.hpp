// The models of the recordings, read from shapes when they are first asked for.
#pragma once

#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "os/files.hpp"
#include "os/paths.hpp"
#include "recorded_devices.hpp"
#include "vrambudget/catalogue/shape.hpp"
#include "vrambudget/gguf/header.hpp"
#include "vrambudget/model/model.hpp"

namespace vrambudget::testing {

class recorded_shapes {
 public:
  explicit recorded_shapes(std::vector<std::string> folders)
      : folders_(std::move(folders)) {}

  [[nodiscard]] const model& operator[](const std::string& name) {
    std::unique_ptr<model>& m = models_[name];
    if (m) return *m;
    for (const std::string& folder : folders_) {
      const std::string p = folder + "/" + name + ".json";
      if (!vrambudget::detail::is_there(p)) continue;
      const auto header = header_from_shape(read_text(p)).value();
      const auto parsed = gguf::parse(header, {.check_data = false}).value();
      m = std::make_unique<model>(read_model({&parsed, 1}).value());
      return *m;
    }
    throw std::runtime_error("no shape for " + name);
  }

 private:
  std::vector<std::string> folders_;
  std::map<std::string, std::unique_ptr<model>> models_;
};

}  // namespace vrambudget::testing
