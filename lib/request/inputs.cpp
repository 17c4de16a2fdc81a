#include "inputs.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <filesystem>

#include "calibrated.hpp"
#include "gpu/live_machine.hpp"
#include "model_sources.hpp"
#include "vrambudget/catalogue/catalogued_file.hpp"
#include "vrambudget/catalogue/gpus.hpp"
#include "vrambudget/io/model_file.hpp"
#include "vrambudget/model/projector.hpp"

namespace vrambudget::request {
namespace {

bool looks_like_path(const std::string& s) {
  return s.find('/') != std::string::npos || s.ends_with(".gguf");
}

model from_file(const std::string& path) {
  const model_file f = value_or_fail(open_model_file(path), bad_input);
  if (is_projector(f.headers.front()))
    throw failure{bad_input, path + ": a projector and not a model: give it with --mmproj"};
  auto m = read_model(f.headers);
  if (!m) throw failure{bad_input, path + ": " + m.error().message, m.error().code};
  m->path = f.paths.front();
  m->file_size = f.total_size;
  if (m->name.empty()) m->name = std::filesystem::path(path).stem().string();
  return std::move(*m);
}

named_gpus gpus_of_this_machine() {
  const auto live = this_machine();
  if (!live)
    throw failure{
        usage, "name a GPU to plan for: --gpu 3090 (vrambudget gpus lists them); none is here: " +
                   live.error().message};
  named_gpus all;
  all.driver = live->version.driver.value_or("");
  for (const live_device& d : live->devices) all.devices.push_back(to_device(d));
  return all;
}

}  // namespace

model read_stored(const stored_model& s) {
  model m = from_file(s.path);
  if (s.name.starts_with("ollama:")) m.name = s.name;  // a blob's own name is its digest
  return m;
}

model read_catalogued(const catalogued_file& f) {
  return value_or_fail(as_file(value_or_fail(read_shape(*f.shape), our_bug), f), bad_input);
}

model load_model(const std::string& typed) {
  if (is_remote(typed)) return load_remote(typed);
  if (typed.starts_with("ollama:")) {
    const std::string folder = usual_folders().ollama;
    if (folder.empty()) throw failure{bad_input, typed + ": neither OLLAMA_MODELS nor HOME is set"};
    return read_stored(value_or_fail(ollama_model(folder, typed.substr(7)), bad_input));
  }
  std::error_code ignored;
  if (std::filesystem::exists(typed, ignored)) return from_file(typed);
  const std::vector<stored_model>& stored = models_on_disk();
  if (const auto whole = value_or_fail(find_whole_name(stored, typed), bad_input))
    return read_stored(*whole);
  if (looks_like_path(typed)) return from_file(typed);
  auto known = find_catalogued_file(typed);
  if (known) return read_catalogued(*known);
  auto begins = find_stored_model(stored, typed);
  if (begins) return read_stored(*begins);
  const bool is_one_of_several = begins.error().message.find(" can be ") != std::string::npos;
  throw failure{bad_input,
                "no file '" + typed + "', and " +
                    (is_one_of_several ? begins.error() : known.error()).message,
                errc::not_found};
}

result<bytes> parse_size(std::string_view text) {
  double n = 0;
  const char* end = text.data() + text.size();
  const auto [rest, failed] = std::from_chars(text.data(), end, n);
  std::string unit(rest, end);
  for (char& c : unit) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  const double scale = unit.empty() || unit == "b"    ? 1
                       : unit == "k" || unit == "kib" ? 0x1p10
                       : unit == "m" || unit == "mib" ? 0x1p20
                       : unit == "g" || unit == "gib" ? 0x1p30
                                                      : 0;
  if (failed != std::errc{} || scale == 0 || !(n >= 0) || n * scale > 0x1p62)
    return error{errc::invalid_argument,
                 "'" + std::string(text) + "' is not a size: bytes, or a number with MiB or GiB"};
  return bytes{static_cast<std::uint64_t>(std::floor(n * scale))};
}

named_gpus parse_gpus(const gpu_request& q) {
  surroundings around;
  around.display = q.display;
  if (!q.system.empty()) {
    const auto known = find_operating_system(q.system);
    if (!known) throw failure{usage, "--os " + q.system + ": linux, windows or wsl2"};
    around.system = *known;
  }
  named_gpus gpus;
  if (q.names.empty()) gpus = gpus_of_this_machine();
  gpus.system = around.system;
  if (!q.driver.empty()) gpus.driver = q.driver;
  std::vector<device>& all = gpus.devices;
  for (const std::string& text : q.names) {
    std::size_t count = 1;
    std::string name = text;
    const std::size_t x = text.find_first_of("xX");
    if (x != std::string::npos && x > 0 && x <= 2 && text.find_first_not_of("0123456789") == x) {
      count = std::stoul(text.substr(0, x));
      name = text.substr(x + 1);
    }
    if (count == 0 || count > 16)
      throw failure{usage, "--gpu " + text + ": 1 to 16 GPUs of a kind"};
    const gpu_entry gpu = value_or_fail(find_gpu(name), usage);
    all.insert(all.end(), count, to_device(gpu, around));
  }
  if (q.free.size() > all.size())
    throw failure{usage, fmt::format("--free has {} sizes for {} GPUs", q.free.size(), all.size())};
  for (std::size_t i = 0; i < q.free.size(); ++i) {
    device& d = all[i];
    d.free = value_or_fail(parse_size(q.free[i]), usage);
    const bytes held = saturating_sub(d.total, d.free);
    d.others = measured_range{held, held, basis::exact, "the total less --free"};
  }
  if (!q.no_calibration) calibrate_devices(gpus);
  return gpus;
}

void add_gpu_options(CLI::App& app, gpu_request& q) {
  app.add_option("--gpu", q.names,
                 "a GPU by name, several times or as 2x3090 [those of this machine]")
      ->type_name("NAME")
      ->allow_extra_args(false);
  app.add_option("--free", q.free, "free memory of each GPU, 23GiB or in bytes [all of it]")
      ->type_name("SIZE,...")
      ->allow_extra_args(false)
      ->delimiter(',');
  app.add_option("--os", q.system, "the system of the named GPUs: linux, windows, wsl2 [this one]")
      ->type_name("NAME");
  app.add_flag(
      "--display", q.display,
      "the named GPUs draw a desktop, which takes a part of them [only under Windows, WSL2]");
  app.add_flag("--no-calibration", q.no_calibration,
               "plan without what `vrambudget calibrate` found of these GPUs");
}

}  // namespace vrambudget::request
