#include "vrambudget/machine/processor.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace vrambudget;

namespace {

std::string variant(const std::string& facts) {
  const auto v = cpu_of_facts(facts);
  return v ? std::string(v->name) : "none";
}

}  // namespace

TEST_SUITE("processor") {
  TEST_CASE("the variant is the best whose instructions are there") {
    const std::string avx2 = "flags\t\t: fpu sse4_2 avx f16c fma avx2 bmi2";
    CHECK(variant("flags\t\t: fpu vme de pse") == "x64");
    CHECK(variant("flags\t\t: sse4_2 avx") == "sandybridge");
    CHECK(variant("processor\t: 0\nmodel name\t: AMD Ryzen 7 5800X\n" + avx2 + " rdseed\n") ==
          "haswell");
    CHECK(variant(avx2 + " avx_vnni") == "alderlake");
    CHECK(variant(avx2 + " avx512f avx512dq avx512cd avx512bw avx512vl") == "skylakex");
    CHECK(variant(avx2 + " avx512bw avx512vbmi avx512_vnni") == "icelake");
    CHECK(variant(avx2 + " avx512bw avx512vbmi avx512_vnni avx512_bf16") == "zen4");
    CHECK(variant(avx2 + " avx512bw avx512vbmi avx512_vnni avx512_bf16 amx_int8 amx_tile") ==
          "sapphirerapids");
    // FMA4 and XOP are no AVX2
    CHECK(variant("flags: sse4_2 avx f16c fma fma4 xop") == "piledriver");
  }

  TEST_CASE("ARM's too, Apple's by name only") {
    CHECK(variant("Features\t: fp asimd evtstrm crc32") == "armv8.0_1");
    CHECK(variant("Features\t: fp asimd asimdhp asimddp") == "armv8.2_2");
    CHECK(variant("Features\t: asimdhp asimddp sve i8mm sve2") == "armv8.6_2");
    CHECK(find_cpu_variant("apple_m1") != nullptr);
  }

  TEST_CASE("nothing is known without such a line") {
    CHECK(variant("") == "none");
    CHECK(variant("processor\t: 0\nflagsx avx2\nisa : rv64imafdc\n") == "none");
  }
}
