#include "inputs.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <memory>

#include "vrambudget/report/text.hpp"

namespace vrambudget::cli {
namespace {

/// A line on the terminal that says what is being waited for; it goes away again.
class progress_line {
 public:
  void operator()(const reading_progress& p) {
    if (p.is_over) return erase();
    const auto now = clock::now();
    if (!is_terminal_ || now - last_ < std::chrono::milliseconds(is_shown_ ? 100 : 700)) return;
    last_ = now;
    is_shown_ = true;
    fmt::print(stderr, "\r\x1b[Kreading the header of {}: {}", p.what, in_mib(p.arrived));
    std::fflush(stderr);
  }

 private:
  using clock = std::chrono::steady_clock;

  void erase() {
    if (is_shown_) fmt::print(stderr, "\r\x1b[K");
    is_shown_ = false;
    last_ = clock::now();
  }

  bool is_terminal_ = ::isatty(STDERR_FILENO) != 0;
  bool is_shown_ = false;
  clock::time_point last_ = clock::now();
};

/// Names of models on servers have a form; others are looked for.
status status_of(const error& e, const std::string& typed) {
  return is_remote(typed) ? cli::status_of(e) : bad_input;
}

status status_of_gpus(const error& e) {
  return e.code == errc::not_found ? usage : cli::status_of(e);
}

}  // namespace

model_reader reader_of(const source_options& sources) {
  auto line = std::make_shared<progress_line>();
  return model_reader(
      sources, environment_of_process(),
      {.progress = [line](const reading_progress& p) { (*line)(p); },
       .note = [](const std::string& text) { fmt::print(stderr, "vrambudget: {}\n", text); }});
}

model read_or_fail(model_reader& reader, const std::string& typed) {
  auto m = reader.read(typed);
  if (!m) throw failure{status_of(m.error(), typed), m.error().message};
  return std::move(*m);
}

plan_models models_or_fail(const plan_request& q, model_reader& reader) {
  auto all = load_models(q, reader);
  if (!all)
    throw failure{status_of(all.error(), is_remote(q.draft) ? q.draft : q.model),
                  all.error().message};
  return std::move(*all);
}

named_gpus gpus_or_fail(const gpu_request& q) {
  auto gpus = find_gpus(q, environment_of_process());
  if (!gpus) throw failure{status_of_gpus(gpus.error()), gpus.error().message};
  return std::move(*gpus);
}

named_gpus devices_or_fail(const plan_request& q) {
  auto gpus = choose_devices(q, environment_of_process());
  if (!gpus) throw failure{status_of_gpus(gpus.error()), gpus.error().message};
  return std::move(*gpus);
}

budget budget_or_fail(const plan_request& q, const std::vector<device>& devices) {
  model_reader reader = reader_of(q.sources);
  const plan_models models = models_or_fail(q, reader);
  planner p = models.on(devices);
  return value_or_fail(budget_of(q, p));
}

}  // namespace vrambudget::cli
