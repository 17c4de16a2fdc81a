// Models, projectors and devices as what pickle takes: a model as its kept header, a device as all that it is.
#include <pybind11/stl.h>

#include "objects.hpp"

namespace vrambudget::python {
namespace {

std::span<const std::byte> bytes_in(const std::string& text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

py::bytes as_bytes(const std::vector<std::byte>& all) {
  return {reinterpret_cast<const char*>(all.data()), all.size()};
}

py::tuple state_of(const measured_range& r) {
  return py::make_tuple(r.low.count, r.expected.count, r.high.count, static_cast<int>(r.basis),
                        py::bytes(r.note));
}

measured_range range_of(const py::tuple& s) {
  return {{s[0].cast<std::uint64_t>()}, {s[1].cast<std::uint64_t>()}, {s[2].cast<std::uint64_t>()},
          static_cast<basis>(s[3].cast<int>()), s[4].cast<std::string>()};
}

py::tuple state_of(const device_limits& l) {
  // a field that is added there is a binding too few here
  const auto& [alignment, host_alignment, allocation, buffer, range, lacks_fp16, indexes_64_bits,
               architecture, by_amds_driver] = l;
  return py::make_tuple(alignment, host_alignment, allocation, buffer, range, lacks_fp16,
                        indexes_64_bits, static_cast<int>(architecture), by_amds_driver);
}

device_limits limits_of(const py::tuple& s) {
  return {s[0].cast<std::uint64_t>(), s[1].cast<std::uint64_t>(), s[2].cast<std::uint64_t>(),
          s[3].cast<std::uint64_t>(), s[4].cast<std::uint64_t>(), s[5].cast<bool>(),
          s[6].cast<bool>(), static_cast<vulkan_architecture>(s[7].cast<int>()), s[8].cast<bool>()};
}

py::object or_none(std::optional<bytes> size) {
  return size ? py::object(py::int_(size->count)) : py::none();
}

std::optional<bytes> size_of(const py::handle& s) {
  return s.is_none() ? std::nullopt : std::optional(bytes{s.cast<std::uint64_t>()});
}

py::tuple state_of(const device& d) {
  const auto& [name, cc, n_sm, total, free, driver_context, draft_context, others, spills_from,
               unified, pool, maps_pool, backend, gfx, limits, bandwidth, variant] = d;
  return py::make_tuple(py::bytes(name), cc, n_sm, total.count, free.count,
                        state_of(driver_context), draft_context.count,
                        others ? py::object(state_of(*others)) : py::none(), or_none(spills_from),
                        unified, or_none(pool), maps_pool, static_cast<int>(backend), gfx,
                        state_of(limits), bandwidth ? py::object(py::int_(*bandwidth)) : py::none(),
                        py::bytes(variant));
}

device device_of(const py::tuple& s) {
  device d;
  d.name = s[0].cast<std::string>();
  d.cc = s[1].cast<std::uint32_t>();
  d.n_sm = s[2].cast<std::uint32_t>();
  d.total = {s[3].cast<std::uint64_t>()};
  d.free = {s[4].cast<std::uint64_t>()};
  d.driver_context = range_of(s[5]);
  d.draft_context = {s[6].cast<std::uint64_t>()};
  if (!s[7].is_none()) d.others = range_of(s[7]);
  d.spills_from = size_of(s[8]);
  d.unified = s[9].cast<bool>();
  d.pool = size_of(s[10]);
  d.maps_pool = s[11].cast<bool>();
  d.backend = static_cast<backend_kind>(s[12].cast<int>());
  d.gfx = s[13].cast<std::uint32_t>();
  d.limits = limits_of(s[14]);
  if (!s[15].is_none()) d.bandwidth_bytes_per_s = s[15].cast<std::uint64_t>();
  d.variant = s[16].cast<std::string>();
  return d;
}

py::object state_of(const std::optional<live_device>& live) {
  if (!live) return py::none();
  const auto& [gpu, reserved, used_by_others, granularity, context] = *live;
  return py::make_tuple(state_of(gpu), or_none(reserved), or_none(used_by_others),
                        or_none(granularity), or_none(context));
}

std::optional<live_device> live_of(const py::object& s) {
  if (s.is_none()) return std::nullopt;
  const auto all = s.cast<py::tuple>();
  return live_device{device_of(all[0]), size_of(all[1]), size_of(all[2]), size_of(all[3]),
                     size_of(all[4])};
}

py_model model_of(const std::string& header, const std::string& name) {
  return {unlocked([&] { return request::kept_model_of(bytes_in(header), name); })};
}

}  // namespace

void add_pickling(py::class_<py_model>& of_models, py::class_<py_projector>& of_projectors,
                  py::class_<py_device>& of_devices) {
  of_models
      .def("to_bytes", [](const py_model& m) { return as_bytes(m.header); })
      .def_static("from_bytes", &model_of, py::arg("header"), py::arg("name"))
      .def(
          "shape_bytes",
          [](const py_model& m, bool is_mapped) {
            return as_bytes(unlocked([&] { return request::shape_bytes(m, is_mapped); }));
          },
          py::arg("is_mapped"))
      .def(py::pickle([](const py_model& m) { return as_bytes(m.header); },
                      [](const py::bytes& header) { return model_of(header, ""); }));
  of_projectors.def(py::pickle(
      [](const py_projector& p) { return py::bytes(p.is->path.empty() ? p.is->name : p.is->path); },
      [](const py::bytes& path) {
        const std::string from = path;
        return py_projector{unlocked([&] { return request::open_projector(from); })};
      }));
  of_devices.def(py::pickle(
      [](const py_device& d) { return py::make_tuple(state_of(d.is), state_of(d.live)); },
      [](const py::tuple& s) { return py_device{device_of(s[0]), live_of(s[1])}; }));
}

}  // namespace vrambudget::python
