// types: ggml's types. Prints JSON rows [name, number, elements of a block, bytes of a block], with names as GGUF
// has them.
#include <algorithm>
#include <cctype>
#include <cstdio>
#include <string>

#include "ggml.h"
#include "refusal.hpp"

int main() {
  recorder::json rows = recorder::json::array();
  for (int i = 0; i < GGML_TYPE_COUNT; ++i) {
    const auto type = static_cast<ggml_type>(i);
    if (ggml_blck_size(type) == 0 || ggml_type_size(type) == 0) continue;  // one that was removed
    std::string name = ggml_type_name(type);
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return std::toupper(c); });
    rows.push_back({name, i, ggml_blck_size(type), ggml_type_size(type)});
  }
  std::puts(rows.dump().c_str());
}
