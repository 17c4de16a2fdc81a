// `vrambudget gpus` and `vrambudget models`: what is known by name.
#include <fmt/format.h>

#include <memory>

#include "cli.hpp"
#include "vrambudget/gpu/catalogue.hpp"
#include "vrambudget/io/model_catalogue.hpp"
#include "vrambudget/report/text.hpp"

namespace vrambudget::cli {
namespace {

void print_gpu(const gpu_entry& g) {
  fmt::print("{:<26}{:>10}{:>13}  {:<6}{}\n", g.id, in_gib(g.memory),
             g.cuda_total ? in_mib(*g.cuda_total) : "-",
             g.cc ? fmt::format("{}.{}", g.cc / 100, g.cc / 10 % 10) : "-", g.name);
}

}  // namespace

std::function<int()> add_gpus(CLI::App& app) {
  auto name = std::make_shared<std::string>();
  app.add_option("NAME", *name, "only this one");
  return [name] {
    fmt::print("{:<26}{:>10}{:>13}  {:<6}{}\n", "id", "memory", "CUDA total", "cc", "name");
    if (!name->empty()) {
      const gpu_entry g = value_or_fail(find_gpu(*name), usage);
      print_gpu(g);
      for (const std::string& other : other_variants(g)) fmt::print("also: {}\n", other);
      return yes;
    }
    for (const gpu_entry& g : gpus()) print_gpu(g);
    return yes;
  };
}

std::function<int()> add_models(CLI::App& app) {
  auto name = std::make_shared<std::string>();
  app.add_option("NAME", *name, "only this one, with where its shape comes from");
  return [name] {
    if (!name->empty()) {
      const catalogued_model m = value_or_fail(find_model(*name), bad_input);
      fmt::print("{}\n  {}, {}, {}\n  shape: {}\n", m.name, m.architecture, m.quantization,
                 in_gib(m.data), m.source);
      return yes;
    }
    for (const catalogued_model& m : catalogued_models())
      fmt::print("{:<46}{:<18}{:>12}\n", m.name, m.architecture, in_gib(m.data));
    return yes;
  };
}

}  // namespace vrambudget::cli
