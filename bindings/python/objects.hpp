// What Python holds: models, projectors and devices, which stay as they are once they are made, so that threads may share
// them; how work is done for it, and how its values are read.
#pragma once

#include <pybind11/pybind11.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "vrambudget/gguf/printable.hpp"
#include "vrambudget/request/answers.hpp"
#include "vrambudget/request/kept_model.hpp"

namespace vrambudget::python {

namespace py = pybind11;

struct py_model : request::kept_model {};
struct py_projector {
  std::shared_ptr<const projector> is;
};
struct py_device {
  device is;
  std::optional<live_device> live;
};

/// Text of a file or driver, which may be no UTF-8, as a str may be.
inline std::string as_text(const std::string& text) { return gguf::valid_utf8(text); }

/// What `work` gives, done without the interpreter's lock.
template <class Work>
auto unlocked(Work work) {
  auto r = [&] {
    const py::gil_scoped_release others_run;
    return work();
  }();
  return std::move(r).value();
}

inline std::vector<device> as_given(const std::vector<py_device>& all) {
  std::vector<device> out;
  for (const py_device& d : all) out.push_back(d.is);
  return out;
}

[[nodiscard]] request::plan_request request_of_dict(const py::dict& options);

// Each adds to the module what its file is about.
void add_pickling(py::class_<py_model>& of_models, py::class_<py_projector>& of_projectors,
                  py::class_<py_device>& of_devices);
void add_sweeps(py::module_& m);

}  // namespace vrambudget::python
