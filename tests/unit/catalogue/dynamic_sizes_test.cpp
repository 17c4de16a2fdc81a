#include "catalogue/dynamic_sizes.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "../catalogued.hpp"
#include "catalogue/names.hpp"
#include "vrambudget/catalogue/catalogued_file.hpp"

using namespace vrambudget;
using testing::catalogued_quantization;

namespace {

double as_number(bytes b) { return static_cast<double>(b.count); }

/// What a published file's size is within, and the same file as if nobody had published it.
struct known_size {
  std::string label;
  bool has_experts;
  double low, high;
  detail::estimated_file estimated;

  [[nodiscard]] double middle() const { return (low + high) / 2; }
  [[nodiscard]] bool is_within() const {
    return high >= as_number(estimated.within.low) && low <= as_number(estimated.within.high);
  }
};

/// All published files of the labels, but those of a model whose experts were trained in four bits, which they keep.
const std::vector<known_size>& known_sizes() {
  static const std::vector<known_size> all = [] {
    std::vector<known_size> found;
    for (const catalogued_files& m : all_catalogued_files())
      for (const catalogued_file& f : m.files) {
        if (!f.published || f.shape->id == "deepseek-v4-flash") continue;
        if (detail::dynamic_label(detail::folded(f.quantization)).empty()) continue;
        const model shape = read_shape(*f.shape).value();
        auto e = detail::estimate_file(shape, f.quantization);
        if (!e) continue;
        found.push_back({f.quantization, shape.hp.moe.n_expert > 0,
                         as_number(f.published->within.low), as_number(f.published->within.high),
                         std::move(*e)});
      }
    return found;
  }();
  return all;
}

/// Sizes as shares of the estimate, of those files that 0.1 GiB says enough of.
std::vector<double> shares_of(std::string_view label, bool has_experts, double of_estimate) {
  constexpr double least = 2 * 0x1p30;
  std::vector<double> all;
  for (const known_size& k : known_sizes())
    if (k.label == label && k.has_experts == has_experts && k.middle() > least)
      all.push_back(k.middle() / as_number(k.estimated.file.tensor_bytes()) * of_estimate);
  std::sort(all.begin(), all.end());
  return all;
}

/// Between neighbours in proportion.
double at_share(const std::vector<double>& sorted, double share) {
  const double x = share * static_cast<double>(sorted.size() - 1);
  const auto i = static_cast<std::size_t>(x);
  const double next = sorted[std::min(i + 1, sorted.size() - 1)];
  return sorted[i] + (x - static_cast<double>(i)) * (next - sorted[i]);
}

}  // namespace

// Yi-1.5-34B has 60 layers of 7168 with 8 of 56 heads for K and V; of these, 0-6, 9, 12, ..., 51 and 52-59 give V
// and the down projection 6 bits in Q4_K_M. Q4_K takes 144 bytes for 256 weights, Q6_K 210.
TEST_CASE("of a model without experts a label's size is a share of the plain file's") {
  const std::uint64_t d = 7168, v = d * 1024, ff = d * 20480, vocab = 64000 * d;
  const std::uint64_t four = vocab + 60 * (2 * d * d + v + 2 * ff) + 30 * (v + ff),
                      six = vocab + 30 * (v + ff), full = 60 * 2 * d + d;
  const double plain = static_cast<double>(four / 256 * 144 + six / 256 * 210 + full * 4);
  const model m = catalogued_quantization("Yi-1.5-34B-UD-Q4_K_XL");
  CHECK(as_number(m.tensor_bytes()) == doctest::Approx(plain * 1.016).epsilon(1e-7));
  CHECK(m.types_basis == basis::assumed);
  CHECK(m.types_note ==
        "UD-Q4_K_XL is estimated at 19.55 GiB, 18.64 to 20.68: 8 of 10 such files were 0.969 to "
        "1.075 times as large as Q4_K_M");
  CHECK(m.find("output.weight")->type == ggml_type::q6_k);
  CHECK(m.find("output_norm.weight")->size == bytes{4 * d});
  const catalogued_file typed = find_catalogued_file("yi 1.5 34b ud q4_k_xl.gguf").value();
  CHECK(data_of(read_shape(*typed.shape).value(), typed).value() == m.tensor_bytes());
}

// Mixtral-8x7B: 32 layers of 4096 with 8 experts of 14336. Q5_K takes 176 bytes for 256 weights, Q8_0 34 for 32.
TEST_CASE("of a model with experts it is that of the types of each class of tensors") {
  const double d = 4096, experts = 32 * 8 * d * 14336, attention = 32 * (2 * d * d + 2 * d * 1024),
               ends = 2 * 32000 * d, full = 32 * (8 * d + 2 * d) + d;
  const double in = 2 * experts / 256 * (0.97 * 144 + 0.03 * 210),
               down = experts / 256 * (0.97 * 176 + 0.03 * 210);
  const model m = catalogued_quantization("Mixtral-8x7B-UD-Q4_K_XL");
  CHECK(as_number(m.tensor_bytes()) ==
        doctest::Approx(in + down + (attention + ends) / 32 * 34 + full * 4).epsilon(1e-7));
  CHECK(m.types_basis == basis::assumed);
  CHECK(m.types_note.starts_with("UD-Q4_K_XL is estimated at 27.24 GiB, 23.70 to 27.59"));
  CHECK(m.find("blk.0.ffn_down_exps.weight")->type == ggml_type::q5_k);
  CHECK(m.find("blk.0.attn_k.weight")->type == ggml_type::q8_0);
  CHECK(m.find("blk.0.ffn_gate_inp.weight")->type == ggml_type::f32);
}

TEST_CASE("rows that a type's blocks do not fill have its fallback") {
  // 704 is 22 x 32: 5 bits instead of Q4_K
  const model m = catalogued_quantization("Gemma-4-26B-A4B-UD-Q4_K_S");
  const model shape = read_shape(*find_catalogued_file("Gemma-4-26B-A4B-Q4_K_M")->shape).value();
  const auto e = detail::estimate_file(shape, "UD-Q4_K_S");
  REQUIRE(e.has_value());
  CHECK(e->file.find("blk.0.ffn_down_exps.weight")->ne[0] == 704);
  CHECK(e->file.find("blk.0.ffn_down_exps.weight")->type == ggml_type::q5_0);
  CHECK(m.types_note.find("estimated") == m.types_note.npos);  // it is published
}

TEST_CASE("a label of which nothing is known says so") {
  const auto f = find_catalogued_file("Yi-1.5-34B-UD-Q4_K_M");
  REQUIRE(f.has_value());
  const auto m = as_file(read_shape(*f->shape).value(), *f);
  REQUIRE_FALSE(m.has_value());
  CHECK(m.error().code == errc::unsupported);
  CHECK(m.error().message ==
        "Yi-1.5-34B-UD-Q4_K_M: the size of UD-Q4_K_M cannot be estimated of a model without "
        "experts");
  CHECK_FALSE(find_catalogued_file("Yi-1.5-34B-UD-Q4_K_XXL").has_value());
  CHECK(detail::dynamic_label("udq4kxl") == "UD-Q4_K_XL");
  CHECK(detail::dynamic_label("q4kxl").empty());
  CHECK(detail::dynamic_label("").empty());
}

TEST_CASE("the shares are what the published files make of them") {
  const auto hold = [&](const auto& ratios, bool has_experts) {
    for (const detail::dynamic_ratio& r : ratios) {
      const std::vector<double> v = shares_of(r.label, has_experts, r.shares.middle);
      CAPTURE(r.label);
      REQUIRE(v.size() >= 5);
      CHECK(std::abs(at_share(v, 0.1) - r.shares.low) < 0.0006);
      CHECK(std::abs(at_share(v, 0.5) - r.shares.middle) < 0.0006);
      CHECK(std::abs(at_share(v, 0.9) - r.shares.high) < 0.0006);
    }
  };
  hold(detail::dense_ratios, false);
  hold(detail::expert_ratios, true);
  for (const detail::dynamic_recipe& r : detail::expert_recipes) {
    const std::vector<double> v = shares_of(r.label, true, 1);
    CAPTURE(r.label);
    REQUIRE(v.size() >= 2);
    CHECK(std::abs(std::min(at_share(v, 0.1), detail::as_new.low) - r.shares.low) < 0.0006);
    CHECK(std::abs(std::max(at_share(v, 0.9), detail::as_new.high) - r.shares.high) < 0.0006);
  }
}

// As data/README.md says.
TEST_CASE("how many published sizes lie within what is estimated") {
  int n = 0, within = 0, n_experts = 0, within_experts = 0;
  for (const known_size& k : known_sizes()) {
    (k.has_experts ? n_experts : n) += 1;
    (k.has_experts ? within_experts : within) += k.is_within();
  }
  CHECK(n == 408);
  CHECK(within == 363);
  CHECK(n_experts == 121);
  CHECK(within_experts == 104);
}

TEST_CASE("files of Qwen3.6 and Gemma 4 with experts are as large as their types to 2.5 in 100") {
  int n = 0;
  for (const known_size& k : known_sizes()) {
    const std::string& of = k.estimated.file.name;
    if (!of.starts_with("Qwen3.6-35B-A3B") && !of.starts_with("Gemma-4-26B-A4B")) continue;
    if (k.estimated.says.find("by the types") == std::string::npos) continue;
    CAPTURE(of + " " + k.label);
    CHECK(k.middle() / as_number(k.estimated.file.tensor_bytes()) ==
          doctest::Approx(1).epsilon(0.025));
    ++n;
  }
  CHECK(n >= 25);
}
