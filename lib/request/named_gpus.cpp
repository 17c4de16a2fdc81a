#include "vrambudget/request/named_gpus.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "gpu/live_machine.hpp"
#include "gpu/vulkan_probe.hpp"
#include "request/described_gpu.hpp"
#include "vrambudget/catalogue/gpus.hpp"
#include "vrambudget/catalogue/metal_devices.hpp"
#include "vrambudget/catalogue/other_gpus.hpp"
#include "vrambudget/catalogue/overheads.hpp"
#include "vrambudget/catalogue/vulkan_devices.hpp"
#include "vrambudget/request/kept_calibration.hpp"
#include "vrambudget/request/option.hpp"

namespace vrambudget::request {
namespace {

// the scheduler takes 16 backends, and the CPU is one: ggml/src/ggml-backend.cpp, GGML_SCHED_MAX_BACKENDS
constexpr std::size_t most_gpus = 15;

error too_many(const std::string& which) {
  return {errc::invalid_argument,
          fmt::format("{}: at most {} GPUs: the engine's scheduler takes 16 backends, and the CPU "
                      "is one",
                      which, most_gpus)};
}

void add_note(std::vector<std::string>& notes, std::string note) {
  if (!note.empty() && std::find(notes.begin(), notes.end(), note) == notes.end())
    notes.push_back(std::move(note));
}

/// "2x3090", "2 x 3090", "3090 x2", "dual 3090": how many of which.
std::pair<std::size_t, std::string> counted(std::string_view typed) {
  const auto trim = [](std::string_view s) {
    while (s.starts_with(' ')) s.remove_prefix(1);
    while (s.ends_with(' ')) s.remove_suffix(1);
    return s;
  };
  const auto trimmed = [&](std::string_view s) { return std::string(trim(s)); };
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  typed = trim(typed);
  std::size_t n_digit = 0;
  while (n_digit < typed.size() && is_digit(typed[n_digit])) ++n_digit;
  std::string_view rest = typed.substr(n_digit);
  while (rest.starts_with(' ')) rest.remove_prefix(1);
  std::size_t count = 1;
  if (n_digit > 0 && n_digit <= 2 && (rest.starts_with('x') || rest.starts_with('X'))) {
    std::from_chars(typed.data(), typed.data() + n_digit, count);
    return {count, trimmed(rest.substr(1))};
  }
  for (const std::string_view word : {"dual ", "two "})
    if (typed.starts_with(word)) return {2, trimmed(typed.substr(word.size()))};
  // not the "x2" of "evo-x2", nor Qualcomm's "x elite"
  std::size_t end = typed.size();
  while (end > 0 && is_digit(typed[end - 1])) --end;
  const bool has_number =
      std::any_of(typed.begin(), typed.begin() + static_cast<std::ptrdiff_t>(end), is_digit);
  const bool ends_so = has_number && end > 1 && end < typed.size() && typed.size() - end <= 2 &&
                       typed[end - 1] == 'x' && (is_digit(typed[end - 2]) || typed[end - 2] == ' ');
  if (!ends_so) return {1, std::string(typed)};
  std::from_chars(typed.data() + end, typed.data() + typed.size(), count);
  return {count, trimmed(typed.substr(0, end - 1))};
}

/// The devices, and the memory that each is sold with or has by NVML: no more can be free.
class chosen {
 public:
  explicit chosen(named_gpus& to) : to_(to) {}

  result<void> add_this_machine(const surroundings& around) {
    const bool may_be_cuda = !around.backend || *around.backend == backend_kind::cuda;
    const auto live = may_be_cuda ? this_machine() : result<live_machine>(no_cuda_asked(around));
    if (live) {
      to_.driver = live->version.driver.value_or("");
      for (const live_device& d : live->devices)
        add(1, to_device(d), d.gpu.total + d.reserved.value_or(bytes{}));
    } else if (!around.backend || is_vulkan(around)) {
      if (const auto vulkan = vulkan_devices_here())
        for (const live_vulkan_device& d : used_by_engine(*vulkan)) add(1, d.gpu, d.gpu.total);
    }
    if (to_.devices.empty())
      return error{
          errc::invalid_argument,
          live.error().message +
              ": name a GPU to plan for: --gpu 3090 (vrambudget gpus lists them, vrambudget cards "
              "MODEL those that hold a model)"};
    if (to_.devices.size() > most_gpus) return too_many("this machine");
    return {};
  }

  /// "3090", "2x3090", "24GiB", or "name=...,total=...".
  result<void> add_named(const std::string& typed, surroundings around) {
    auto [count, name] = counted(typed);
    if (count == 0) return error{errc::invalid_argument, "--gpu " + typed + ": none of them"};
    if (to_.devices.size() + count > most_gpus) return too_many("--gpu " + typed);
    for (std::size_t i = 0; i < count; ++i) {
      if (!to_.devices.empty()) around.display = desktop::none;  // another draws it
      if (const auto added = add_one(name, around); !added) return added.error();
    }
    return {};
  }

  /// What is held of a card is what is not free.
  result<void> take_free(const std::vector<bytes>& free, bool stand_ins) {
    std::vector<device>& all = to_.devices;
    if (free.size() > all.size())
      return error{errc::invalid_argument,
                   fmt::format("--free has {} sizes for {} GPUs", free.size(), all.size())};
    for (std::size_t i = 0; i < free.size(); ++i) {
      if (free[i] > memory_[i] && !stand_ins)
        return error{errc::invalid_argument,
                     fmt::format("--free: {} MiB are more than {} has, {} MiB", free[i].count >> 20,
                                 all[i].full_name(), memory_[i].count >> 20)};
      all[i].free = free[i];
      all[i].total = std::max(all[i].total, free[i]);  // the driver keeps less of this one
      const bytes held = saturating_sub(all[i].total, free[i]);
      all[i].others = measured_range{held, held, held, basis::exact, "the total less --free"};
    }
    return {};
  }

 private:
  void add(std::size_t count, const device& d, bytes memory) {
    to_.devices.insert(to_.devices.end(), count, d);
    memory_.insert(memory_.end(), count, memory);
  }

  result<void> add_one(std::string name, const surroundings& around) {
    // no card is called so: "24" is its memory
    if (!name.empty() && name.size() <= 2 && name.find_first_not_of("0123456789") == name.npos) {
      add_note(to_.notes, fmt::format("{} is taken as {} GiB", name, name));
      name += "GiB";
    }
    const auto described = describe_gpu(name);
    if (!described) return described.error();
    if (!*described) return add_known(name, around);
    const described_gpu& card = **described;
    if (card.of_vulkan) return add_vulkan(name, card, around);
    if (is_vulkan(around)) {
      add(1, vulkan_device(card.gpu, around), card.gpu.memory);
    } else {
      if (auto ok = check_nvidia(card.gpu.name, around); !ok) return ok.error();
      device d = to_device(card.gpu, around);
      d.driver_context = driver_context_of(card.threads).in_use;
      d.maps_pool = card.maps_pool;
      add(1, d, card.gpu.memory);
    }
    add_note(to_.notes, card.assumed);
    return {};
  }
  result<void> add_known(std::string name, surroundings around) {
    constexpr std::string_view windows = "-win";  // "7900xtx-win": with the driver that it has there
    if (name.ends_with(windows)) {
      name.resize(name.size() - windows.size());
      around.system = operating_system::windows;
    }
    const auto gpu = find_gpu(name);
    if (!gpu) {
      auto other = find_metal_gpu(name, around);
      if (!other && other.error().code != errc::invalid_argument)
        other = find_other_gpu(name, around);
      if (!other) return other.error().code == errc::invalid_argument ? other.error() : gpu.error();
      add(1, other->d, other->memory);
      add_note(to_.notes, other->says);
      return {};
    }
    if (auto ok = check_nvidia(gpu->name, around); !ok) return ok.error();
    add(1, is_vulkan(around) ? vulkan_device(*gpu, around) : to_device(*gpu, around), gpu->memory);
    add_note(to_.notes, choice_made(name, *gpu));
    if (is_vulkan(around))
      add_note(to_.notes, fmt::format("{}: planned as llama.cpp's Vulkan backend, by limits that "
                                      "NVIDIA's driver is said to report; what kernels and the "
                                      "driver take in use is assumed",
                                      gpu->name));
    if (gpu->ecc)
      add_note(to_.notes,
               fmt::format("{}: with error correction on, as delivered, which takes {} MiB; --free "
                           "says what is free without it",
                           gpu->name, gpu->ecc->count >> 20));
    return {};
  }
  /// A card with limits that were told, else those of the card of its name.
  result<void> add_vulkan(const std::string& typed, const described_gpu& card,
                          surroundings around) {
    if (around.backend && *around.backend != backend_kind::vulkan)
      return error{errc::invalid_argument,
                   fmt::format("--gpu {}: these limits are Vulkan's, and --backend is {}", typed,
                               word_of(*around.backend))};
    around.backend = backend_kind::vulkan;
    named_gpus as_named;
    chosen base(as_named);
    if (!base.add_known(card.gpu.name, around)) {
      if (card.gpu.memory.count == 0)
        return error{errc::invalid_argument,
                     fmt::format("--gpu {}: no card of that name is known: total= is needed, its "
                                 "memory",
                                 typed)};
      gpu_entry unknown = card.gpu;
      if (unknown.name.empty())
        unknown.name = fmt::format("a card of {} MiB", unknown.memory.count >> 20);
      device d = vulkan_device(unknown, around);
      d.limits = {};
      base.add(1, d, unknown.memory);
    }
    device& d = as_named.devices.front();
    const auto limits = with_told_limits(typed, d.limits);
    if (!limits) return limits.error();
    d.limits = *limits;
    if (card.gpu.memory.count > 0) d.total = d.free = base.memory_.front() = card.gpu.memory;
    add(1, d, base.memory_.front());
    for (std::string& note : as_named.notes) add_note(to_.notes, std::move(note));
    return {};
  }
  static error no_cuda_asked(const surroundings& around) {
    return {errc::io, fmt::format("no GPU for --backend {} here", word_of(*around.backend))};
  }
  static bool is_vulkan(const surroundings& around) {
    return around.backend == backend_kind::vulkan;
  }
  static result<void> check_nvidia(const std::string& name, const surroundings& around) {
    if (!around.backend || *around.backend == backend_kind::cuda || is_vulkan(around)) return {};
    return error{errc::invalid_argument, fmt::format("{}: planned under cuda and vulkan, not {}",
                                                     name, word_of(*around.backend))};
  }

  named_gpus& to_;
  std::vector<bytes> memory_;
};

/// "5090,3090" as two; the parts of a card that is told by numbers, "total=8GiB,cc=8.6", stay together.
std::vector<std::string> separate(const std::string& typed) {
  if (typed.find('=') != typed.npos) return {typed};
  std::vector<std::string> all;
  for_each_name(typed, [&](std::string_view name) { all.emplace_back(name); });
  return all.empty() ? std::vector{typed} : all;
}

std::optional<std::uint32_t> major_version(const std::string& driver) {
  std::uint32_t n = 0;
  const auto [rest, failed] = std::from_chars(driver.data(), driver.data() + driver.size(), n);
  return failed == std::errc{} ? std::optional(n) : std::nullopt;
}

/// Each under `backend`, without what was calibrated.
result<named_gpus> chosen_gpus(const gpu_request& q, bool on_cpu,
                               std::optional<backend_kind> backend, bool stand_ins) {
  surroundings around;
  around.display = q.display;
  if (q.system) around.system = *q.system;
  around.driver = major_version(q.driver);
  around.backend = backend;
  around.ram = q.ram;
  around.working_set = q.working_set;
  named_gpus gpus;
  gpus.ram = q.ram ? q.ram : q.names.empty() || on_cpu ? available_memory() : std::nullopt;
  gpus.system = around.system;
  chosen all(gpus);
  if (q.names.empty() && !on_cpu)
    if (const auto added = all.add_this_machine(around); !added) return added.error();
  if (!q.driver.empty()) gpus.driver = q.driver;
  for (const std::string& typed : on_cpu ? std::vector<std::string>{} : q.names)
    for (const std::string& name : separate(typed))
      if (const auto added = all.add_named(name, around); !added) return added.error();
  if (const auto taken = all.take_free(on_cpu ? std::vector<bytes>{} : q.free, stand_ins); !taken)
    return taken.error();
  const auto is_mac = [](const device& d) { return d.backend == backend_kind::metal; };
  if (q.working_set && std::none_of(gpus.devices.begin(), gpus.devices.end(), is_mac))
    return error{errc::invalid_argument, "--working-set: none of these GPUs is a Mac's"};
  return gpus;
}

}  // namespace

result<named_gpus> find_gpus(const gpu_request& q, const environment& here, bool stand_ins) {
  const bool has_none = std::find(q.names.begin(), q.names.end(), "none") != q.names.end();
  if (has_none && q.names.size() > 1)
    return error{errc::invalid_argument, "--gpu none: there are other GPUs"};
  const std::optional<asked_backend> asked =
      q.backends.empty() ? std::nullopt : std::optional(q.backends.front());
  const bool on_cpu = has_none || (asked && !asked->of_gpus);
  if (has_none && asked && asked->of_gpus)
    return error{errc::invalid_argument, "--backend: there is no GPU for it (--gpu none)"};
  auto gpus = chosen_gpus(q, on_cpu, asked ? asked->of_gpus : std::nullopt, stand_ins);
  if (!gpus) return gpus.error();
  const auto is_other = [&](const device& d) {
    return d.backend != gpus->devices.front().backend;
  };
  if (!asked && std::any_of(gpus->devices.begin(), gpus->devices.end(), is_other)) {
    gpus = chosen_gpus(q, on_cpu, backend_kind::vulkan, stand_ins);
    if (!gpus) return gpus.error();
    add_note(gpus->notes, "GPUs of several makers: planned under Vulkan, which drives them all");
  }
  if (q.no_calibration) return gpus;
  if (const auto done = calibrate_devices(*gpus, here); !done) return done.error();
  return gpus;
}

}  // namespace vrambudget::request
