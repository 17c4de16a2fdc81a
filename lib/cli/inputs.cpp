#include "inputs.hpp"

#include <fmt/format.h>

#include <chrono>
#include <memory>

#include "output.hpp"
#include "vrambudget/report/text.hpp"
#include "vrambudget/request/named_adapters.hpp"

namespace vrambudget::cli {
namespace {

/// A line on the terminal that says what is being waited for; it goes away again.
class progress_line {
 public:
  void operator()(const reading_progress& p) {
    if (p.is_over) return erase();
    const auto now = clock::now();
    if (now - last_ < std::chrono::milliseconds(is_shown_ ? 100 : 700)) return;
    last_ = now;
    is_shown_ = true;
    show_for_now(fmt::format("reading the header of {}: {}", p.what, in_mib(p.arrived)));
  }

 private:
  using clock = std::chrono::steady_clock;

  void erase() {
    if (is_shown_) show_for_now({});
    is_shown_ = false;
    last_ = clock::now();
  }

  bool is_shown_ = false;
  clock::time_point last_ = clock::now();
};

/// A wrong name is wrong use.
void check_or_fail(const model_reader& reader, const std::string& typed) {
  if (typed.empty()) return;
  if (const auto ok = reader.check(typed); !ok) throw failure{usage, ok.error().message};
}
void check_or_fail(const model_reader& reader, const plan_request& q) {
  check_or_fail(reader, q.model);
  check_or_fail(reader, q.draft);
}

named_gpus found_or_fail(result<named_gpus>&& gpus) {
  if (gpus) return std::move(*gpus);
  const error& e = gpus.error();
  throw failure{e.code == errc::not_found ? usage : status_of(e), e.message};
}

}  // namespace

model_reader reader_of(const source_options& sources) {
  auto line = std::make_shared<progress_line>();
  return model_reader(
      sources, environment_of_process(),
      {.progress = [line](const reading_progress& p) { (*line)(p); },
       .note = [](const std::string& text) { tell_user(text); }});
}

model read_or_fail(model_reader& reader, const std::string& typed) {
  check_or_fail(reader, typed);
  return value_or_fail(reader.read(typed), bad_input);
}

named_models models_or_fail(const plan_request& q, model_reader& reader) {
  check_or_fail(reader, q);
  return value_or_fail(read_models({}, q, reader), bad_input);
}

named_models best_models_or_fail(plan_request& q, const std::vector<device>& devices, limits l,
                                 model_reader& reader) {
  check_or_fail(reader, q);
  return value_or_fail(read_best_models({}, q, devices, l, reader), bad_input);
}

named_models companions_or_fail(const plan_request& q, model_reader& reader) {
  check_or_fail(reader, q);
  one_model_or_fail(q, request::of_one_of_several);
  named_models beside;
  if (const auto ok = read_companions(beside, q, reader); !ok)
    throw failure{bad_input, ok.error().message};
  return beside;
}

void one_model_or_fail(const plan_request& q, std::string_view why) {
  if (const auto ok = refuse_adapters(q, why); !ok) throw failure{usage, ok.error().message};
}

named_gpus gpus_or_fail(const gpu_request& q) {
  return found_or_fail(find_gpus(q, environment_of_process()));
}

named_gpus devices_or_fail(const plan_request& q) {
  return found_or_fail(choose_devices(q, environment_of_process()));
}

budget budget_or_fail(const plan_request& q, const std::vector<device>& devices) {
  model_reader reader = reader_of(q.sources);
  const named_models models = models_or_fail(q, reader);
  planner p = models.on(devices);
  return value_or_fail(budget_of(q, p));
}

}  // namespace vrambudget::cli
