// Sweeps: the table of their rows, its columns by the buffer protocol and by Arrow's, how far one is.
#include <pybind11/functional.h>
#include <pybind11/stl.h>

#include <chrono>
#include <cstring>

#include "objects.hpp"
#include "vrambudget/report/sweep_arrow.hpp"
#include "vrambudget/request/request_json.hpp"

namespace vrambudget::python {
namespace {

using namespace vrambudget::request;

/// A column of numbers that shows its memory to whoever asks by the buffer protocol.
struct column {
  std::shared_ptr<const void> owner;
  const void* data = nullptr;
  std::size_t n = 0, size = 0;
  std::string format;
};

/// All rows of a sweep, and what the numbers on its axes are called.
struct table {
  std::shared_ptr<const sweep_result> rows;
  sweep_labels labels;
  std::vector<std::uint32_t> n_parallel;  ///< the axis
};

py::dict columns_of(const table& t) {
  py::dict all;
  sweep_columns::for_each(t.rows->columns, [&](const char* name, const auto& values) {
    using value = typename std::decay_t<decltype(values)>::value_type;
    const std::string_view of = name;
    const bool is_flag = of == "fits" || of == "interpolated";
    all[name] = column{t.rows, values.data(), values.size(), sizeof(value),
                       is_flag ? "?" : py::format_descriptor<value>::format()};
  });
  return all;
}

py::list refused_of(const table& t) {
  py::list all;
  for (const sweep_refusal& f : t.rows->refused)
    all.append(py::make_tuple(f.model, f.gpu, f.cache_types, f.n_parallel, f.n_ctx_first,
                              f.n_ctx_last, as_text(f.why)));
  return all;
}

/// The capsule of Arrow's PyCapsule interface, which releases what nobody took.
py::capsule arrow_stream_of(const table& t) {
  auto stream = std::make_unique<ArrowArrayStream>();
  export_arrow(t.rows, t.labels, *stream);
  const auto release = [](PyObject* capsule) {
    auto* const s =
        static_cast<ArrowArrayStream*>(PyCapsule_GetPointer(capsule, "arrow_array_stream"));
    if (s->release) s->release(s);
    delete s;
  };
  return py::capsule(stream.release(), "arrow_array_stream", release);
}

py::tuple state_of(const table& t) {
  py::list columns;
  sweep_columns::for_each(t.rows->columns, [&](const char*, const auto& values) {
    columns.append(py::bytes(reinterpret_cast<const char*>(values.data()),
                             values.size() * sizeof(values[0])));
  });
  py::list refused;
  for (const sweep_refusal& f : t.rows->refused)
    refused.append(py::make_tuple(f.model, f.gpu, f.cache_types, f.n_parallel, f.n_ctx_first,
                                  f.n_ctx_last, py::bytes(f.why)));
  return py::make_tuple(columns, refused, t.rows->n_budgets, t.labels.models, t.labels.gpus,
                        t.labels.cache_types, t.n_parallel);
}

table table_of(const py::tuple& s) {
  sweep_result rows;
  const auto columns = s[0].cast<py::list>();
  std::size_t i = 0;
  sweep_columns::for_each(rows.columns, [&](const char*, auto& values) {
    const auto kept = columns[i++].cast<std::string>();
    values.resize(kept.size() / sizeof(values[0]));
    if (!values.empty()) std::memcpy(values.data(), kept.data(), values.size() * sizeof(values[0]));
  });
  for (const py::handle& one : s[1].cast<py::list>()) {
    const auto f = one.cast<py::tuple>();
    rows.refused.push_back({f[0].cast<std::size_t>(), f[1].cast<std::size_t>(),
                            f[2].cast<std::size_t>(), f[3].cast<std::size_t>(),
                            f[4].cast<std::uint32_t>(), f[5].cast<std::uint32_t>(),
                            f[6].cast<std::string>()});
  }
  rows.n_budgets = s[2].cast<std::uint64_t>();
  return {std::make_shared<const sweep_result>(std::move(rows)),
          {s[3].cast<std::vector<std::string>>(), s[4].cast<std::vector<std::string>>(),
           s[5].cast<std::vector<std::pair<std::string, std::string>>>()},
          s[6].cast<std::vector<std::uint32_t>>()};
}

/// A column by itself, of bytes that pickle kept.
column column_of(const py::tuple& s) {
  const auto kept = std::make_shared<const std::string>(s[0].cast<std::string>());
  const auto size = s[1].cast<std::size_t>();
  if (size == 0) throw py::value_error("no column");
  return {kept, kept->data(), kept->size() / size, size, s[2].cast<std::string>()};
}

/// Tells Python how far it is, at most ten times a second, and lets Ctrl-C stop it.
class progress {
 public:
  explicit progress(const py::object& callback) : callback_(callback) {}

  bool operator()(std::uint64_t done, std::uint64_t all) {
    const auto now = clock::now();
    if (done < all && now - last_ < std::chrono::milliseconds(100)) return true;
    last_ = now;
    const py::gil_scoped_acquire lock;
    try {
      if (PyErr_CheckSignals() != 0) throw py::error_already_set();
      if (!callback_.is_none()) callback_(done, all);
    } catch (py::error_already_set& e) {
      raised_.emplace(std::move(e));
      return false;
    }
    return true;
  }
  /// Raises what stopped it.
  void rethrow() {
    if (raised_) throw py::error_already_set(std::move(*raised_));
  }

 private:
  using clock = std::chrono::steady_clock;
  const py::object& callback_;
  clock::time_point last_ = clock::now();
  std::optional<py::error_already_set> raised_;
};

table sweep_of(const std::vector<py_model>& models, const py_model* draft,
               const py_projector* mmproj, const std::vector<std::vector<py_device>>& gpus,
               std::vector<std::string> gpu_labels,
               std::vector<std::pair<std::string, std::string>> cache_types,
               std::vector<std::uint32_t> n_parallel, std::vector<std::uint32_t> n_ctx,
               unsigned n_threads, const py::dict& options, const py::object& callback) {
  const plan_request base = request_of_dict(options);
  sweep_request q;
  sweep_labels labels;
  if (draft) q.draft = draft->is;
  if (mmproj) q.mmproj = mmproj->is;
  for (const auto& [k, v] : cache_types) {
    const plan_request pair = request_of({{"type_k", k}, {"type_v", v}}).value();
    q.cache_types.emplace_back(pair.r.type_k, pair.r.type_v);
  }
  q.n_parallel = n_parallel;
  q.n_ctx = std::move(n_ctx);
  q.n_threads = n_threads;
  for (const py_model& m : models) {
    q.models.push_back(m.is);
    labels.models.push_back(as_text(m.is->name));
  }
  for (const auto& set : gpus) q.gpus.push_back(as_given(set));
  labels.gpus = std::move(gpu_labels);
  labels.cache_types = std::move(cache_types);
  progress tells(callback);
  auto rows = std::make_shared<const sweep_result>(
      unlocked([&] { return sweep_grid(q, base, std::ref(tells)); }));
  tells.rethrow();
  return {std::move(rows), std::move(labels), std::move(n_parallel)};
}

}  // namespace

void add_sweeps(py::module_& m) {
  py::class_<column>(m, "Column", py::buffer_protocol())
      .def("__len__", [](const column& c) { return c.n; })
      .def_buffer([](const column& c) {
        return py::buffer_info(const_cast<void*>(c.data), static_cast<py::ssize_t>(c.size),
                               c.format, 1, {static_cast<py::ssize_t>(c.n)},
                               {static_cast<py::ssize_t>(c.size)}, true);
      })
      .def(py::pickle(
          [](const column& c) {
            return py::make_tuple(py::bytes(static_cast<const char*>(c.data), c.n * c.size), c.size,
                                  c.format);
          },
          &column_of));
  py::class_<table>(m, "Table")
      .def("__len__", [](const table& t) { return t.rows->columns.n_ctx.size(); })
      .def_property_readonly("columns", &columns_of)
      .def_property_readonly("refused", &refused_of)
      .def_property_readonly("n_budgets", [](const table& t) { return t.rows->n_budgets; })
      .def_property_readonly("models", [](const table& t) { return t.labels.models; })
      .def_property_readonly("gpus", [](const table& t) { return t.labels.gpus; })
      .def_property_readonly("cache_types", [](const table& t) { return t.labels.cache_types; })
      .def_property_readonly("n_parallel", [](const table& t) { return t.n_parallel; })
      .def(
          "__arrow_c_stream__",
          [](const table& t, const py::object&) { return arrow_stream_of(t); },
          py::arg("requested_schema") = py::none())
      .def(py::pickle(&state_of, &table_of));
  m.def("sweep", &sweep_of, py::arg("models"), py::arg("draft"), py::arg("mmproj"), py::arg("gpus"),
        py::arg("gpu_labels"), py::arg("cache_types"), py::arg("n_parallel"), py::arg("n_ctx"),
        py::arg("threads"), py::arg("options"), py::arg("progress"));
}

}  // namespace vrambudget::python
