#include "kernels.hpp"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>
#include <sstream>
#include <unordered_map>
#include <utility>

namespace stand_in {
namespace {

using kernels_by_arch = std::map<int, kernel>;

std::mutex mutex;
std::unordered_map<const void*, std::string> names;

/// Lines of: mangled name, tab, "arch:registers:shared bytes" separated by spaces.
std::unordered_map<std::string, kernels_by_arch> read_table() {
  std::unordered_map<std::string, kernels_by_arch> table;
  const char* path = std::getenv("STAND_IN_KERNELS");
  std::ifstream in(path ? path : "");
  if (!in)
    std::fprintf(stderr, "stand-in: no table of kernels, occupancy is not limited by them\n");
  for (std::string line; std::getline(in, line);) {
    const auto tab = line.find('\t');
    if (tab == std::string::npos) continue;
    std::istringstream items(line.substr(tab + 1));
    for (std::string item; items >> item;) {
      kernel k;
      if (std::sscanf(item.c_str(), "%d:%d:%zu", &k.arch, &k.n_registers, &k.shared_bytes) == 3)
        table[line.substr(0, tab)][k.arch] = k;
    }
  }
  return table;
}

/// The architecture whose code a card of `cc` runs: CUB wants one that the engine is compiled for.
int compiled_for(int cc) {
  int found = cc;
  for (const int arch : {75, 80, 86, 89, 90, 120, 121})
    if (arch <= cc) found = arch;
  return found;
}

}  // namespace

void name_kernel(const void* function, std::string mangled_name) {
  // clang marks static functions, _ZL18name...; nvcc, whose names the table has, does not
  if (mangled_name.compare(0, 3, "_ZL") == 0) mangled_name.erase(2, 1);
  const std::scoped_lock lock(mutex);
  names[function] = std::move(mangled_name);
}

kernel kernel_at(const void* function, int cc) {
  static const auto table = read_table();
  const std::scoped_lock lock(mutex);
  const auto name = names.find(function);
  const auto it = name == names.end() ? table.end() : table.find(name->second);
  if (it == table.end()) return {0, 0, compiled_for(cc)};
  // this one, else the highest below it, else the lowest above it
  const auto above = it->second.upper_bound(cc);
  return above == it->second.begin() ? above->second : std::prev(above)->second;
}

}  // namespace stand_in
