// Changes of a GGUF header that leave it one: numbers of keys, dimensions, types and names of tensors. Bytes at the end that
// are no part of it are changed as any bytes are.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <span>

#include "vrambudget/gguf/header.hpp"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);

namespace vrambudget::fuzz {

/// Numbers at which something changes its sign, its size or its meaning.
inline std::uint64_t telling_number(std::mt19937& random) {
  constexpr std::uint64_t all[] = {
      0,         1,          2,          3,           4,           5,           7,
      8,         16,         31,         32,          33,          64,          127,
      128,       255,        256,        257,         512,         1000,        4096,
      8192,      65535,      65536,      65537,       1u << 20,    (1u << 24) - 1, 1u << 24,
      0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff, 1ull << 32,  1ull << 40,  1ull << 62,
      1ull << 63, ~0ull};
  return all[random() % std::size(all)];
}

/// The header's bytes are read only by what parses them; a mutator writes where the views point.
template <class T>
std::uint8_t* writable(const T* at) {
  return const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(at));
}

inline void mutate_value(const gguf::value& v, std::mt19937& random) {
  const auto bytes = v.payload();
  if (bytes.empty()) return;
  std::uint8_t* const first = writable(bytes.data());
  const std::size_t width = v.size() ? bytes.size() / v.size() : bytes.size();
  if (width != 1 && width != 2 && width != 4 && width != 8) {
    LLVMFuzzerMutate(first, bytes.size(), bytes.size());
    return;
  }
  std::uint8_t* const at = first + random() % (bytes.size() / width) * width;
  std::uint64_t n = 0;
  std::memcpy(&n, at, width);
  const std::uint64_t near[] = {n * 2, n / 2, n + 1, n - 1};
  n = random() % 4 ? telling_number(random) : near[random() % 4];
  std::memcpy(at, &n, width);
}

inline void mutate_tensor(const gguf::tensor_info& t, const std::uint8_t* end,
                          std::mt19937& random) {
  std::uint8_t* const at = writable(t.name.data() + t.name.size());
  const std::size_t n_dims = t.n_dims;
  if (n_dims == 0 || at + 4 + n_dims * 8 + 12 > end) return;
  const auto type = static_cast<std::uint32_t>(random() % 42);
  const std::uint64_t n = telling_number(random);
  switch (random() % 8) {
    case 0:
      std::memcpy(at + 4 + n_dims * 8, &type, sizeof type);
      break;
    case 1:
      if (!t.name.empty()) writable(t.name.data())[random() % t.name.size()] = "abx.0_9w"[random() % 8];
      break;
    default:
      std::memcpy(at + 4 + random() % n_dims * 8, &n, sizeof n);
  }
}

/// `n_tail`: bytes at the end that are no header.
inline std::size_t mutate_header(std::uint8_t* data, std::size_t size, std::size_t most,
                                 unsigned seed, std::size_t n_tail) {
  std::mt19937 random(seed);
  if (size <= n_tail || random() % 8 == 0) return LLVMFuzzerMutate(data, size, most);
  std::uint8_t* const end = data + size - n_tail;
  if (n_tail > 0 && random() % 4 == 0) {
    LLVMFuzzerMutate(end, n_tail, n_tail);
    return size;
  }
  const std::span bytes(reinterpret_cast<const std::byte*>(data), size - n_tail);
  const auto header = gguf::parse(bytes, {.check_data = false});
  if (!header) return LLVMFuzzerMutate(data, size, most);
  for (auto n = 1 + random() % 3; n > 0; --n) {
    const auto keys = header->metadata();
    const auto tensors = header->tensors();
    if (!keys.empty() && (tensors.empty() || random() % 3))
      mutate_value(keys[random() % keys.size()].v, random);
    else if (!tensors.empty())
      mutate_tensor(tensors[random() % tensors.size()], end, random);
  }
  return size;
}

}  // namespace vrambudget::fuzz
