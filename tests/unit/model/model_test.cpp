#include "vrambudget/model/model.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <sstream>

#include "../header_of.hpp"
#include "vrambudget/engine/profiles.hpp"
#include "vrambudget/model/architectures.hpp"

using namespace vrambudget;

namespace {
error problem(const std::function<void(gguf::writer&)>& more, std::string architecture = "llama") {
  const auto m = testing::small_llama(more, std::move(architecture));
  REQUIRE_FALSE(m.has_value());
  return m.error();
}
}  // namespace

TEST_SUITE("model") {
  TEST_CASE("shared keys and their defaults") {
    const model m = testing::small_llama().value();
    CHECK(m.hp.n_layer() == 4);
    CHECK(m.hp.n_embd_head_k() == 64);  // 256 / 4
    CHECK(m.hp.n_gqa() == 2);
    CHECK(m.hp.n_vocab == 1000);
    CHECK(m.hp.rope.n_ctx_orig_yarn == 8192);
    CHECK(m.is_known());
    CHECK(m.find("blk.3.ffn_up.weight") != nullptr);
    CHECK(m.find("blk.4.ffn_up.weight") == nullptr);
  }

  TEST_CASE("tensors that must not be multiplied by four bits are marked") {
    const auto extra = [](auto four_bits) {
      return [=](gguf::writer& w) {
        w.add("general.tensor_extra.name",
              std::array<std::string_view, 2>{"blk.0.ffn_up.weight", "output_norm.weight"});
        w.add("general.tensor_extra.prec_a4", four_bits);
      };
    };
    const model m = testing::small_llama(extra(std::array{false, true})).value();
    CHECK(m.find("blk.0.ffn_up.weight")->eight_bits);
    CHECK_FALSE(m.find("output_norm.weight")->eight_bits);
    CHECK_FALSE(m.find("blk.1.ffn_up.weight")->eight_bits);
    for (const error& wrong :
         {problem(extra(std::array{false})), problem(extra(std::array{0, 1}))}) {
      CHECK(wrong.code == errc::bad_format);
      CHECK(wrong.message.find("prec_a4") != std::string::npos);
    }
    CHECK(problem([](gguf::writer& w) {
            w.add("general.tensor_extra.name", std::uint32_t{1});
          }).code == errc::bad_format);
  }

  TEST_CASE("experts of which none is used are refused, as the engine asserts") {
    const error none = problem(
        [](gguf::writer& w) { w.add("qwen3moe.expert_count", std::uint32_t{128}); }, "qwen3moe");
    CHECK(none.code == errc::bad_format);
    CHECK(none.message.find("qwen3moe.expert_used_count") != std::string::npos);
    CHECK(none.message.find("128 experts") != std::string::npos);
  }

  TEST_CASE("a key that nothing uses has its type all the same") {
    const auto rank = [](const std::string& architecture, std::string_view value) {
      return [=](gguf::writer& w) {
        w.add(architecture + ".attention.kv_lora_rank", std::uint32_t{512});
        w.add(architecture + ".attention.q_lora_rank", value);
      };
    };
    const error wrong = problem(rank("deepseek2", "1536"), "deepseek2");
    CHECK(wrong.code == errc::bad_format);
    CHECK(wrong.message.find("deepseek2.attention.q_lora_rank") != std::string::npos);
    const error scale = problem(
        [](gguf::writer& w) {
          w.add("granite.logit_scale", 8.0f);
          w.add("granite.attention.scale", std::string_view("x"));
        },
        "granite");
    CHECK(scale.code == errc::bad_format);
  }

  TEST_CASE("layers and names of tensors come apart") {
    CHECK(layer_of("blk.12.attn_q.weight") ==
          std::pair<int, std::string_view>{12, "attn_q.weight"});
    CHECK(layer_of("output.weight").first == -1);
    CHECK(layer_of("blk.x.attn_q.weight").first == -1);
    CHECK(layer_of("blk.7").first == -1);
    CHECK(layer_of("blk.-1.a").first == -1);
    const stacked_name decoder = stack_of("dec.blk.3.attn_q.weight");
    CHECK(decoder.stack == "dec.");
    CHECK(decoder.il == 3);
    CHECK(decoder.rest == "attn_q.weight");
    CHECK(stack_of("posnet.5.attn_norm.bias").rest == "attn_norm.bias");
    CHECK(stack_of("enc.output_norm.weight").il == -1);
    CHECK(stack_of("enc.output_norm.weight").rest == "enc.output_norm.weight");
  }

  TEST_CASE("every architecture is found by its name and nothing else is") {
    for (const architecture_traits& a : architectures) {
      CAPTURE(a.name);
      CHECK(&find_architecture(a.name) == &a);
    }
    CHECK_FALSE(find_architecture("gptj").is_known());
    CHECK_FALSE(find_architecture("").is_known());
    // names of the engine, without gptj and clip, which it cannot run
    CHECK(std::count_if(std::begin(architectures), std::end(architectures),
                        [](const architecture_traits& a) { return a.since == 0; }) == 150);
    CHECK(std::size(architectures) == 152);  // and clef, glm5-next of November 2026
  }

  TEST_CASE("what a profile does not claim is of architectures that there are") {
    for (const engine_profile& p : engine_profiles) {
      std::istringstream names{std::string(p.claims.but_not)};
      for (std::string name; names >> name;) {
        CAPTURE(name);
        CHECK(find_architecture(name).is_known());
      }
    }
  }

  TEST_CASE("per-layer arrays and single numbers are both read") {
    const auto m = testing::small_llama([](gguf::writer& w) {
      w.add("llama.attention.sliding_window", std::uint32_t{1});
      w.add("llama.expert_count", std::uint32_t{8});
      w.add("llama.expert_used_count", std::vector<std::uint32_t>{1, 2, 3, 4});
    });
    REQUIRE(m.has_value());
    CHECK(m->hp.n_expert_used(0) == 1);
    CHECK(m->hp.n_expert_used(3) == 4);
  }

  TEST_CASE("missing keys and wrong types are named") {
    const error missing = problem({}, "mamba2");
    CHECK(missing.code == errc::not_found);
    CHECK(missing.message.find("mamba2.ssm.conv_kernel") != std::string::npos);
    const error wrong =
        problem([](gguf::writer& w) { w.add("llama.expert_count", std::string_view("many")); });
    CHECK(wrong.code == errc::bad_format);
    CHECK(wrong.message.find("llama.expert_count") != std::string::npos);
    CHECK(wrong.message.find("str") != std::string::npos);
    const error brief = problem([](gguf::writer& w) {
      w.add("llama.expert_used_count", std::vector<std::uint32_t>{1, 2});
    });
    CHECK(brief.message.find("2 entries") != std::string::npos);
  }

  TEST_CASE("absurd numbers are refused before they are multiplied") {
    for (const auto& [key, n] : {std::pair{"llama.expert_count", 5000u},
                                 {"llama.nextn_predict_layers", 9u},
                                 {"llama.attention.key_length", 1u << 30}}) {
      CAPTURE(key);
      const auto add = [&, key = key, n = n](gguf::writer& w) { w.add(key, n); };
      CHECK(problem(add).code == errc::limit);
    }
    const error groups = problem([](gguf::writer& w) {
      w.add("llama.expert_count", std::uint32_t{9});
      w.add("llama.expert_used_count", std::uint32_t{2});
      w.add("llama.expert_group_count", std::uint32_t{2});
    });
    CHECK(groups.code == errc::bad_format);
  }

  TEST_CASE("windows repeat with their period and draft layers have none") {
    const auto m =
        testing::small_llama(
            [](gguf::writer& w) { w.add("gemma2.nextn_predict_layers", std::uint32_t{1}); },
            "gemma2")
            .value();
    CHECK(m.hp.is_swa(0));
    CHECK_FALSE(m.hp.is_swa(1));
    CHECK(m.hp.is_swa(2));
    CHECK_FALSE(m.hp.is_swa(3));
    CHECK(m.hp.swa.n == 4096);  // Gemma 2's own where the file does not say
  }

  TEST_CASE("a file without an architecture or of a projector is no model") {
    gguf::writer w;
    w.add("general.name", std::string_view("nameless"));
    const auto bytes = w.finish();
    const auto header = gguf::parse(bytes, {.check_data = false}).value();
    CHECK(read_model({&header, 1}).error().message.find("general.architecture") !=
          std::string::npos);
    CHECK(problem({}, "clip").code == errc::unsupported);
  }
}
