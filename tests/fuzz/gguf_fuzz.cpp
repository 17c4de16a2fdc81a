// Any bytes are either refused with a message or parsed into a header that survives being written.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "vrambudget/gguf/split.hpp"
#include "vrambudget/gguf/writer.hpp"

using namespace vrambudget;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

// Every getter of every value, so that a sanitizer sees each byte they may touch.
void read_all(const gguf::header& h) {
  for (const gguf::entry& e : h.metadata()) {
    require(h.find(e.key) == &e.v);
    std::size_t characters = 0;
    e.v.for_each_string([&](std::string_view s) {
      for (const char c : s) characters += c != 0;
    });
    if (const auto s = e.v.string()) characters += s->size();
    require(characters <= e.v.payload().size());
    for (const std::uint64_t i : {std::uint64_t{0}, e.v.size() - 1, e.v.size()}) {
      const auto n = e.v.integer(i);
      require(!n || i < e.v.size());
      require(!n || e.v.number(i).has_value());
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span input(reinterpret_cast<const std::byte*>(data), size);
  if (const auto whole = gguf::parse(input); !whole) require(!whole.error().message.empty());
  const auto first = gguf::parse(input, {.check_data = false});
  if (!first) {
    require(!first.error().message.empty());
    return 0;
  }
  read_all(*first);
  (void)gguf::split_of(*first).has_value();
  const auto copy = gguf::write(*first);
  const auto second = gguf::parse(copy, {.check_data = false});
  require(second.has_value() && *second == *first && gguf::write(*second) == copy);
  return 0;
}
