// The Python module `vrambudget._core`: models, devices and columns as objects, options as dicts, answers as
// the JSON that the package reads. Work is done without the interpreter's lock.
#include <pybind11/functional.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <boost/json.hpp>
#include <memory>
#include <mutex>

#include "objects.hpp"
#include "vrambudget/catalogue/overheads.hpp"
#include "vrambudget/engine/llama_cpp.hpp"
#include "vrambudget/gguf/printable.hpp"
#include "vrambudget/report/sentences.hpp"
#include "vrambudget/request/error_name.hpp"
#include "vrambudget/request/answers.hpp"
#include "vrambudget/request/request_json.hpp"
#include "vrambudget/version.hpp"

namespace vrambudget::python {
namespace {

using namespace vrambudget::request;

using shared_model = std::shared_ptr<const model>;

/// A path as Python has it, whatever its bytes are.
py::object as_path(const std::string& path) {
  return py::reinterpret_steal<py::object>(
      PyUnicode_DecodeFSDefaultAndSize(path.data(), static_cast<py::ssize_t>(path.size())));
}

/// Of a str the bytes that it has as a path.
std::string bytes_of(const py::handle& text) {
  const auto encoded = py::reinterpret_steal<py::bytes>(PyUnicode_EncodeFSDefault(text.ptr()));
  if (encoded) return encoded;
  PyErr_Clear();
  throw exception({errc::invalid_argument, py::repr(text).cast<std::string>() + " is no text"});
}

/// A value of Python as JSON has it, numbers as numbers.
boost::json::value value_of(const py::handle& v) {
  if (v.is_none()) return nullptr;
  if (py::isinstance<py::bool_>(v)) return v.cast<bool>();
  if (py::isinstance<py::int_>(v)) {
    int is_too_large = 0;
    const long long n = PyLong_AsLongLongAndOverflow(v.ptr(), &is_too_large);
    if (is_too_large == 0) return n;
    return static_cast<double>(v.cast<py::float_>());
  }
  if (py::isinstance<py::float_>(v)) return v.cast<double>();
  if (py::isinstance<py::str>(v)) return boost::json::value(bytes_of(v));
  if (!py::isinstance<py::list>(v) && !py::isinstance<py::tuple>(v))
    throw exception(
        {errc::invalid_argument, py::repr(v).cast<std::string>() + " is no option's value"});
  boost::json::array all;
  for (const py::handle& one : v) all.push_back(value_of(one));
  return all;
}

/// A planner that threads of Python share: they take turns.
class shared_planner {
 public:
  explicit shared_planner(kept_planner p) : is_(std::move(p)) {}

  template <class Work>
  auto in_turn(Work work) {
    return unlocked([&] {
      const std::lock_guard mine(turn_);
      return work(is_);
    });
  }

 private:
  kept_planner is_;
  std::mutex turn_;
};

plan_inputs inputs_of(const py_model* m, const py_model* draft, const py_projector* mmproj,
                      const std::vector<py_device>& devices) {
  return {{m ? m->is : nullptr, draft ? draft->is : nullptr, mmproj ? mmproj->is : nullptr},
          as_given(devices)};
}

std::vector<py_device> as_python(std::vector<device> all) {
  std::vector<py_device> out;
  for (device& d : all) out.push_back({std::move(d), {}});
  return out;
}

py::tuple probe() {
  const machine_now found = unlocked([] { return probe_machine(); });
  py::list devices;
  for (std::size_t i = 0; i < found.devices.size(); ++i)
    devices.append(py_device{found.planned[i], found.devices[i]});
  return py::make_tuple(found.version.driver, found.version.cuda, devices);
}

/// A size that the machine tells, or None.
template <std::optional<bytes> live_device::*member>
std::optional<std::uint64_t> told(const py_device& d) {
  if (!d.live || !((*d.live).*member)) return std::nullopt;
  return ((*d.live).*member)->count;
}

py_device make_device(std::string name, std::int64_t total, std::optional<std::int64_t> free,
                      double cc, std::uint32_t n_sm, std::optional<std::int64_t> driver_context) {
  const auto refuse = [&](std::string why) {
    throw exception({errc::invalid_argument, "Device \"" + name + "\": " + std::move(why)});
  };
  if (total <= 0) refuse("total is " + std::to_string(total) + " bytes");
  if (free && (*free < 0 || *free > total))
    refuse("free is " + std::to_string(*free) + " of " + std::to_string(total) + " bytes");
  if (driver_context && (*driver_context < 0 || *driver_context > total))
    refuse("driver_context is " + std::to_string(*driver_context) + " bytes");
  if (!(cc >= 1 && cc < 100)) refuse("cc is a compute capability, like 8.6");
  device d;
  d.name = std::move(name);
  d.cc = static_cast<std::uint32_t>(cc * 100 + 0.5);
  d.n_sm = n_sm;
  d.total = {static_cast<std::uint64_t>(total)};
  d.free = {static_cast<std::uint64_t>(free.value_or(total))};
  if (driver_context) {
    const bytes given{static_cast<std::uint64_t>(*driver_context)};
    d.driver_context = {given, given, given, basis::exact, "as it was given"};
  } else {
    d.driver_context = driver_context_of(d.cc, d.n_sm).in_use;
  }
  return {std::move(d), {}};
}

}  // namespace

plan_request request_of_dict(const py::dict& options) {
  boost::json::object all;
  for (const auto& [key, value] : options) all[key.cast<std::string>()] = value_of(value);
  return request_of(all).value();
}

}  // namespace vrambudget::python

PYBIND11_MODULE(_core, m) {
  using namespace vrambudget;
  using namespace vrambudget::python;
  using namespace vrambudget::request;
  m.attr("__version__") = std::string(version);
  py::register_exception_translator([](std::exception_ptr p) {
    try {
      if (p) std::rethrow_exception(p);
    } catch (const exception& e) {
      const py::object make = py::module_::import("vrambudget.errors").attr("error_for");
      const py::object raised =
          make(request::name(e.what_failed.code), gguf::printable(e.what_failed.message, 500));
      PyErr_SetObject(py::type::handle_of(raised).ptr(), raised.ptr());
    }
  });

  py::class_<py_model> of_models(m, "Model");
  of_models.def_property_readonly("name", [](const py_model& p) { return as_text(p.is->name); })
      .def_property_readonly("path", [](const py_model& p) { return as_path(p.is->path); })
      .def_property_readonly("architecture",
                             [](const py_model& p) { return as_text(p.is->architecture); })
      .def_property_readonly("n_params", [](const py_model& p) { return p.is->n_params; })
      .def_property_readonly("n_layer", [](const py_model& p) { return p.is->hp.n_layer(); })
      .def_property_readonly("n_ctx_train", [](const py_model& p) { return p.is->hp.n_ctx_train; })
      .def_property_readonly("tensor_bytes",
                             [](const py_model& p) { return p.is->tensor_bytes().count; })
      .def_property_readonly("bits_per_weight",
                             [](const py_model& p) { return p.is->bits_per_weight(); })
      .def("to_dict",
           [](const py_model& p) -> py::dict {
             return py::module_::import("json").attr("loads")(model_json(*p.is));
           })
      .def("__repr__", [](const py_model& p) {
        return as_text("<Model " + p.is->name + " (" + p.is->architecture + ")>");
      });
  py::class_<py_projector> of_projectors(m, "Projector");
  of_projectors.def_property_readonly("name", [](const py_projector& p) { return as_text(p.is->name); })
      .def_property_readonly("path", [](const py_projector& p) { return as_path(p.is->path); })
      .def("__repr__", [](const py_projector& p) {
        return as_text("<Projector " + p.is->name + ">");
      });
  py::class_<py_device> of_devices(m, "Device");
  of_devices.def(py::init(&make_device), py::arg("name"), py::arg("total"), py::kw_only(),
           py::arg("free") = py::none(), py::arg("cc") = 8.6, py::arg("n_sm") = 0,
           py::arg("driver_context") = py::none())
      .def_property_readonly("name", [](const py_device& d) { return as_text(d.is.full_name()); })
      .def_property_readonly("total", [](const py_device& d) { return d.is.total.count; })
      .def_property_readonly("free", [](const py_device& d) { return d.is.free.count; })
      .def_property_readonly("cc", [](const py_device& d) { return d.is.cc / 100.0; })
      .def_property_readonly("n_sm", [](const py_device& d) { return d.is.n_sm; })
      .def_property_readonly("driver_context",
                             [](const py_device& d) { return d.is.driver_context.high.count; })
      .def_property_readonly(
          "backend", [](const py_device& d) { return std::string(word_of(d.is.backend)); })
      .def_property_readonly("reserved", &told<&live_device::reserved>)
      .def_property_readonly("used_by_others", &told<&live_device::used_by_others>)
      .def_property_readonly("granularity", &told<&live_device::granularity>)
      .def_property_readonly("context", &told<&live_device::context>)
      .def("__repr__", [](const py_device& d) {
        return as_text("<Device " + d.is.full_name() + ", " +
                       std::to_string(d.is.free.count >> 20) + " of " +
                       std::to_string(d.is.total.count >> 20) + " MiB free>");
      });
  py::class_<shared_planner>(m, "KeptPlanner")
      .def(py::init([](const py_model* model, const py_model* draft, const py_projector* mmproj,
                       const std::vector<py_device>& devices, const py::dict& options) {
             const plan_inputs in = inputs_of(model, draft, mmproj, devices);
             const plan_request q = request_of_dict(options);
             return std::make_unique<shared_planner>(unlocked([&] { return kept_planner::of(in, q); }));
           }),
           py::arg("model"), py::arg("draft"), py::arg("mmproj"), py::arg("devices"),
           py::arg("options"))
      .def(
          "plan",
          [](shared_planner& p, const py::dict& options) {
            const plan_request q = request_of_dict(options);
            return p.in_turn([&](kept_planner& is) { return is.plan_json(q); });
          },
          py::arg("options"))
      .def(
          "max_context",
          [](shared_planner& p, const py::dict& options, std::uint32_t limit) {
            const plan_request q = request_of_dict(options);
            const context_limit most =
                p.in_turn([&](kept_planner& is) { return is.largest_context(q, limit); });
            return py::make_tuple(most.n_ctx, name_of_bound(most), most.n_ctx_loads);
          },
          py::arg("options"), py::arg("limit"));
  add_pickling(of_models, of_projectors, of_devices);
  add_sweeps(m);

  m.def(
      "open_model",
      [](const std::string& name, const py::dict& options) {
        const plan_request q = request_of_dict(options);
        return py_model{unlocked([&] { return open_kept_model(name, q.sources); })};
      },
      py::arg("name"), py::arg("options"));
  m.def(
      "open_projector",
      [](const std::string& path) {
        return py_projector{unlocked([&] { return open_projector(path); })};
      },
      py::arg("path"));
  m.def(
      "open_devices",
      [](const py::dict& options) {
        const plan_request q = request_of_dict(options);
        return as_python(unlocked([&] { return open_devices(q); }));
      },
      py::arg("options"));
  m.def(
      "plan",
      [](const py_model* model, const py_model* draft, const py_projector* mmproj,
         const std::vector<py_device>& devices, const py::dict& options) {
        const plan_inputs in = inputs_of(model, draft, mmproj, devices);
        const plan_request q = request_of_dict(options);
        return unlocked([&] { return plan_json(in, q); });
      },
      py::arg("model"), py::arg("draft"), py::arg("mmproj"), py::arg("devices"),
      py::arg("options"));
  m.def(
      "emit",
      [](const py_model* model, const py_model* draft, const py_projector* mmproj,
         const std::vector<py_device>& devices, const py::dict& options,
         const std::string& program) {
        const plan_inputs in = inputs_of(model, draft, mmproj, devices);
        const plan_request q = request_of_dict(options);
        const launched_run started = unlocked([&] { return launch(in, q, program); });
        std::vector<std::string> notes;
        for (const std::string& n : started.notes) notes.push_back(as_text(n));
        return py::make_tuple(as_text(started.text), notes);
      },
      py::arg("model"), py::arg("draft"), py::arg("mmproj"), py::arg("devices"), py::arg("options"),
      py::arg("program"));
  m.def(
      "max_context",
      [](const py_model* model, const py_model* draft, const py_projector* mmproj,
         const std::vector<py_device>& devices, const py::dict& options, std::uint32_t limit) {
        const plan_inputs in = inputs_of(model, draft, mmproj, devices);
        const plan_request q = request_of_dict(options);
        const context_limit most = unlocked([&] { return largest_context(in, q, limit); });
        return py::make_tuple(most.n_ctx, name_of_bound(most), most.n_ctx_loads);
      },
      py::arg("model"), py::arg("draft"), py::arg("mmproj"), py::arg("devices"), py::arg("options"),
      py::arg("limit"));
  m.def(
      "check",
      [](const std::string& log, const py_model* model, const py::dict& options,
         const std::string& build) {
        const plan_request q = request_of_dict(options);
        return unlocked([&] { return check_of_json(log, model ? model->is.get() : nullptr, q, build); });
      },
      py::arg("log"), py::arg("model"), py::arg("options"), py::arg("build"));
  m.def(
      "rank",
      [](const std::vector<py_device>& devices, const py::dict& options, const std::string& family,
         std::uint32_t min_ctx) {
        plan_request q = request_of_dict(options);
        q.family = family;
        q.min_ctx = min_ctx;
        const std::vector<device> on = as_given(devices);
        return unlocked([&] { return rank_json(on, q); });
      },
      py::arg("devices"), py::arg("options"), py::arg("family"), py::arg("min_ctx"));
  m.def(
      "cards",
      [](const py_model* model, const py_model* draft, const py_projector* mmproj,
         const std::vector<py_device>& devices, const py::dict& options) {
        const plan_inputs in = inputs_of(model, draft, mmproj, devices);
        const plan_request q = request_of_dict(options);
        return unlocked([&] { return cards_that_hold_json(in, q); });
      },
      py::arg("model"), py::arg("draft"), py::arg("mmproj"), py::arg("devices"),
      py::arg("options"));
  m.def(
      "best_runs",
      [](const py_model* model, const py_model* draft, const py_projector* mmproj,
         const std::vector<py_device>& devices, const py::dict& options) {
        const plan_inputs in = inputs_of(model, draft, mmproj, devices);
        const plan_request q = request_of_dict(options);
        return unlocked([&] { return best_runs_json(in, q); });
      },
      py::arg("model"), py::arg("draft"), py::arg("mmproj"), py::arg("devices"),
      py::arg("options"));
  m.def(
      "engines",
      [](const py_model* model, const py_model* draft, const py_projector* mmproj,
         const std::vector<py_device>& devices, const py::dict& options) {
        const plan_inputs in = inputs_of(model, draft, mmproj, devices);
        const plan_request q = request_of_dict(options);
        return unlocked([&] { return engines_json(in, q); });
      },
      py::arg("model"), py::arg("draft"), py::arg("mmproj"), py::arg("devices"),
      py::arg("options"));
  m.def(
      "calibrate",
      [](const py_model* model, const std::vector<std::string>& used, bool loaded,
         const py::dict& options) {
        const plan_inputs in = inputs_of(model, nullptr, nullptr, {});
        const plan_request q = request_of_dict(options);
        return unlocked([&] { return keep_measured_run_json({used, loaded}, in, q); });
      },
      py::arg("model"), py::arg("used"), py::arg("loaded"), py::arg("options"));
  m.def(
      "calibrations",
      [](const std::vector<std::string>& recordings) {
        return unlocked([&] { return kept_contexts_with_json(recordings); });
      },
      py::arg("recordings"));
  m.def(
      "forget_calibrations",
      [](const std::string& gpu) { return unlocked([&] { return forget_contexts_json(gpu); }); },
      py::arg("gpu"));
  m.def(
      "trade",
      [](const py_model* model, const py_model* draft, const py_projector* mmproj,
         const std::vector<py_device>& devices, const py::dict& options) {
        const plan_inputs in = inputs_of(model, draft, mmproj, devices);
        const plan_request q = request_of_dict(options);
        return unlocked([&] { return trades_json(in, q); });
      },
      py::arg("model"), py::arg("draft"), py::arg("mmproj"), py::arg("devices"),
      py::arg("options"));
  m.def(
      "compare",
      [](const std::vector<std::pair<std::string, const py_model*>>& models, const py_model* draft,
         const py_projector* mmproj, const std::vector<py_device>& devices,
         const py::dict& options) {
        std::vector<file_to_compare> files;
        for (const auto& [name, read] : models) files.push_back({name, read ? read->is : nullptr});
        const plan_inputs beside = inputs_of(nullptr, draft, mmproj, devices);
        const plan_request q = request_of_dict(options);
        return unlocked([&] { return comparison_of_files_json(files, beside, q); });
      },
      py::arg("models"), py::arg("draft"), py::arg("mmproj"), py::arg("devices"),
      py::arg("options"));
  m.def(
      "together",
      [](const std::vector<py_model>& models, const py_model* draft, const py_projector* mmproj,
         const std::vector<py_device>& devices, const py::dict& options) {
        std::vector<shared_model> all;
        for (const py_model& one : models) all.push_back(one.is);
        const plan_inputs beside = inputs_of(nullptr, draft, mmproj, devices);
        const plan_request q = request_of_dict(options);
        return unlocked([&] { return models_together_json(all, beside, q); });
      },
      py::arg("models"), py::arg("draft"), py::arg("mmproj"), py::arg("devices"),
      py::arg("options"));
  m.def(
      "recipe",
      [](const std::string& name, const std::string& recipe, const py_model* draft,
         const py_projector* mmproj, const std::vector<py_device>& devices,
         const py::dict& options) {
        const plan_inputs beside = inputs_of(nullptr, draft, mmproj, devices);
        const plan_request q = request_of_dict(options);
        return unlocked([&] { return recipe_of_json(name, recipe, beside, q); });
      },
      py::arg("name"), py::arg("recipe"), py::arg("draft"), py::arg("mmproj"), py::arg("devices"),
      py::arg("options"));
  m.def(
      "inspect",
      [](const std::string& name, const std::string& other, const std::string& keys,
         const py::dict& options) {
        const plan_request q = request_of_dict(options);
        return unlocked([&] { return inspection_of_json(name, other, keys, q.sources); });
      },
      py::arg("name"), py::arg("other"), py::arg("keys"), py::arg("options"));
  m.def(
      "gpus", [](const std::string& name) { return unlocked([&] { return gpus_json(name); }); },
      py::arg("name"));
  m.def(
      "models", [](const std::string& name) { return unlocked([&] { return models_json(name); }); },
      py::arg("name"));
  m.def(
      "find_runs",
      [](const std::string& text) { return unlocked([&] { return runs_json(text); }); },
      py::arg("text"));
  m.def(
      "template",
      [](const std::string& name, const py::dict& options) {
        const plan_request q = request_of_dict(options);
        return unlocked([&] { return template_of_json(name, q.sources); });
      },
      py::arg("name"), py::arg("options"));
  m.attr("engine") = std::string(engine_name);
  m.def("options", &options_json);
  m.def("catalogue_version", &catalogue_version);
  m.def("probe", &probe);
}
