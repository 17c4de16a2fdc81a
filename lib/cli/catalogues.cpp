// `vrambudget gpus` and `vrambudget models`: what is known by name.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "cli.hpp"
#include "inputs.hpp"
#include "options.hpp"
#include "output.hpp"
#include "vrambudget/catalogue/catalogued_file.hpp"
#include "vrambudget/catalogue/gpus.hpp"
#include "vrambudget/catalogue/other_gpus.hpp"
#include "vrambudget/report/text.hpp"
#include "vrambudget/request/answers.hpp"

namespace vrambudget::cli {
namespace {

void print_gpu(const gpu_entry& g) {
  print_out("{:<26}{:>10}{:>13}  {:<6}{}\n", g.id, in_gib(g.memory),
             g.cuda_total ? in_mib(*g.cuda_total) : "-",
             g.cc ? fmt::format("{}.{}", g.cc / 100, g.cc / 10 % 10) : "-", g.name);
}

void print_planned(std::span<const gpu_entry> shown) {
  print_out("{:<26}{:>10}{:>13}  {:<6}{}\n", "id", "memory", "CUDA total", "cc", "name");
  for (const gpu_entry& g : shown) print_gpu(g);
}

/// Of those that are no CUDA devices.
void print_others(std::span<const other_gpu> shown) {
  print_out("{:<31}{:>20}  {:<12}{}\n", "no CUDA device", "memory", "", "name");
  for (const other_gpu& g : shown) {
    std::vector<std::uint64_t> sizes;
    for (const bytes size : g.memory) sizes.push_back(size.count >> 30);
    print_out("{:<31}{:>20}  {:<12}{}\n", g.id,
               sizes.empty() ? "the machine's" : fmt::format("{} GiB", fmt::join(sizes, ", ")),
               g.architecture, g.name);
  }
}

/// How many those are, by maker, below an empty line: completions end there.
void print_number_of_others() {
  std::map<std::string, int> by_vendor;
  for (const other_gpu& g : other_gpus()) ++by_vendor[g.vendor];
  std::vector<std::string> parts;
  for (const auto& [vendor, n] : by_vendor) parts.push_back(fmt::format("{} of {}", n, vendor));
  print_out("\nno CUDA devices: {}; `vrambudget gpus amd` lists such\n", fmt::join(parts, ", "));
}

std::string file_line(const catalogued_file& f, const model& m) {
  std::string from = "as llama-quantize writes it";
  if (f.is_estimated()) from = m.types_note;
  if (f.is_own()) from = "the shape: " + f.shape->source;
  if (const published_file* p = f.published) {
    const std::string size = p->within.is_one()
                                 ? in_gib(p->size)
                                 : fmt::format("{:.2f} to {}, as it is rounded",
                                               static_cast<double>(p->within.low.count) / 0x1p30,
                                               in_gib(p->within.high));
    from = p->file.empty() ? "published with " + size
                           : fmt::format("{}{}{}, with its header {}", p->file,
                                         p->repository.empty() ? "" : " in ", p->repository, size);
  }
  return fmt::format("  {:<13}{:>12}{:>7.2f} bits  {}\n", f.quantization, in_gib(m.tensor_bytes()),
                     m.bits_per_weight(), from);
}

void print_files(const std::string& typed) {
  const catalogued_files all = value_or_fail(catalogued_files_meant(typed), bad_input);
  std::vector<std::pair<model, const catalogued_file*>> rows;
  for (const catalogued_file& f : all.files)
    rows.emplace_back(value_or_fail(read_catalogued(f), bad_input), &f);
  std::stable_sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) {
    return a.first.tensor_bytes() > b.first.tensor_bytes();
  });
  const model& m = rows.front().first;
  std::string text =
      fmt::format("{}\n  {}, {:.2f} B parameters, trained for {} tokens\n", all.name,
                  m.architecture, static_cast<double>(m.n_params) / 1e9, grouped(m.hp.n_ctx_train));
  for (const auto& [file, f] : rows) text += file_line(*f, file);
  print_text(std::move(text));
}

}  // namespace

std::function<int()> add_gpus(command_options& can) {
  auto words = std::make_shared<std::vector<std::string>>();
  auto as_json = std::make_shared<bool>(false);
  can.texts("NAME", *words, "only this one, or those with all of these words: 50 laptop");
  can.flag("--json", *as_json, "JSON on stdout");
  return [words, as_json] {
    const std::string name = fmt::format("{}", fmt::join(*words, " "));
    if (*as_json) {
      print_out("{}\n", value_or_fail(request::known_gpus_json(name), usage));
      return yes;
    }
    if (name.empty()) {
      print_planned(gpus());
      print_number_of_others();
      return yes;
    }
    const known_gpus shown = value_or_fail(known_gpus_named(name), usage);
    if (!shown.planned.empty()) print_planned(shown.planned);
    if (shown.planned.size() == 1)
      for (const std::string& other : other_variants(shown.planned.front()))
        print_out("also: {}\n", other);
    if (!shown.others.empty()) print_others(shown.others);
    return yes;
  };
}

std::function<int()> add_models(command_options& can) {
  auto name = std::make_shared<std::string>();
  can.text("NAME", *name, "TEXT",
           "only this one: its files, known ones and what llama-quantize writes");
  auto as_json = std::make_shared<bool>(false);
  can.flag("--json", *as_json, "JSON on stdout");
  auto added = std::make_shared<std::string>();
  can.text("--add", *added, "FILE|hf:...",
           "the shape of a file's header on stdout, as data/models/ of the sources has one of each "
           "model");
  can.exclude("--add", "--json");
  return [name, as_json, added] {
    if (!added->empty()) {
      if (!name->empty()) throw failure{usage, "--add " + *added + ": NAME says nothing beside it"};
      print_out("{}", value_or_fail(reader_of({}).read_shape(*added), bad_input));
      return yes;
    }
    if (*as_json) {
      print_out("{}\n", value_or_fail(request::models_json(*name), bad_input));
      return yes;
    }
    if (!name->empty()) {
      print_files(*name);
      return yes;
    }
    for (const catalogued_model& m : catalogued_models())
      print_out("{:<46}{:<18}{:>12}\n", m.name, m.architecture, in_gib(m.data));
    return yes;
  };
}

}  // namespace vrambudget::cli
