// Parsing a header of today's size against reading the same bytes once. Wanted: at most twice the time.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstring>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "vrambudget/gguf/writer.hpp"

using namespace vrambudget;

namespace {

// The proportions of a Qwen3.5-27B file: 248 320 tokens, as many merges, 851 tensors.
std::vector<std::byte> make_header() {
  std::mt19937 random(1);
  const auto strings = [&](std::size_t n, int shortest, int longest) {
    std::vector<std::string> all(n);
    for (std::string& s : all)
      s.assign(static_cast<std::size_t>(std::uniform_int_distribution(shortest, longest)(random)),
               'x');
    return all;
  };
  gguf::writer w;
  w.add("general.architecture", "qwen35").add("general.name", "bench");
  for (int i = 0; i < 50; ++i) w.add("qwen35.key_number_" + std::to_string(i), 42u);
  w.add("tokenizer.ggml.tokens", strings(248320, 1, 12));
  w.add("tokenizer.ggml.token_type", std::vector<std::int32_t>(248320, 1));
  w.add("tokenizer.ggml.merges", strings(247587, 3, 14));
  w.add("tokenizer.chat_template", std::string(8000, 't'));
  for (int i = 0; i < 851; ++i)
    w.add_tensor("blk." + std::to_string(i / 13) + ".tensor_" + std::to_string(i % 13) + ".weight",
                 ggml_type::q4_k, {5120, 1024});
  return w.finish();
}

const std::vector<std::byte>& header_bytes() {
  static const std::vector<std::byte> bytes = make_header();
  return bytes;
}

void read_once(benchmark::State& state) {
  const auto& bytes = header_bytes();
  for (auto _ : state) {
    std::uint64_t sum = 0;
    for (std::size_t at = 0; at + 8 <= bytes.size(); at += 8)
      sum += gguf::detail::load<std::uint64_t>(bytes.data() + at);
    benchmark::DoNotOptimize(sum);
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * bytes.size()));
}
BENCHMARK(read_once)->Unit(benchmark::kMicrosecond);

// What a reader does at the least that takes the file into its own memory.
void copy_once(benchmark::State& state) {
  const auto& bytes = header_bytes();
  std::vector<std::byte> copy(bytes.size());
  for (auto _ : state) {
    std::memcpy(copy.data(), bytes.data(), bytes.size());
    benchmark::DoNotOptimize(copy.data());
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * bytes.size()));
}
BENCHMARK(copy_once)->Unit(benchmark::kMicrosecond);

void parse(benchmark::State& state) {
  const auto& bytes = header_bytes();
  for (auto _ : state) {
    auto header = gguf::parse(bytes, {.check_data = false});
    if (!header) state.SkipWithError(header.error().message.c_str());
    benchmark::DoNotOptimize(header);
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * bytes.size()));
}
BENCHMARK(parse)->Unit(benchmark::kMicrosecond);

}  // namespace
