#include "vrambudget/model/adapters.hpp"

#include <doctest/doctest.h>

#include <string>

#include "vrambudget/gguf/writer.hpp"

using namespace vrambudget;

namespace {

template <class T>
result<T> read(const gguf::writer& w, result<T> (*reader)(const gguf::header&)) {
  const auto bytes = w.finish();
  return reader(*gguf::parse(bytes, {.check_data = false}));
}

gguf::writer lora() {
  gguf::writer w;
  w.add("general.type", std::string_view("adapter"));
  w.add("general.architecture", std::string_view("llama"));
  w.add("general.name", std::string_view("Pirate\x1b[31m"));
  w.add("adapter.type", std::string_view("lora"));
  w.add_tensor("blk.0.attn_q.weight.lora_b", ggml_type::f32, {8, 256});
  w.add_tensor("blk.0.attn_q.weight.lora_a", ggml_type::f16, {256, 8});
  return w;
}

std::string refusal(const gguf::writer& w) {
  const auto l = read(w, read_lora);
  REQUIRE_FALSE(l.has_value());
  CHECK(l.error().code == errc::bad_format);
  return l.error().message;
}
std::string refusal_of_vector(const gguf::writer& w) {
  const auto v = read(w, read_control_vector);
  REQUIRE_FALSE(v.has_value());
  CHECK(v.error().code == errc::bad_format);
  return v.error().message;
}

}  // namespace

TEST_SUITE("adapters' files") {
  TEST_CASE("matrices make pairs, whatever their order, and norms are left out") {
    gguf::writer w = lora();
    w.add_tensor("blk.0.attn_norm.weight", ggml_type::f32, {256});
    const lora_adapter l = read(w, read_lora).value();
    CHECK(l.name == "Pirate?[31m");
    CHECK(l.architecture == "llama");
    REQUIRE(l.pairs.size() == 1);
    CHECK(l.pairs[0].of == "blk.0.attn_q.weight");
    CHECK(l.pairs[0].a.type == ggml_type::f16);
    CHECK(l.pairs[0].a.size.count == 256 * 8 * 2);
    CHECK(l.pairs[0].b.size.count == 256 * 8 * 4);
  }

  TEST_CASE("an adapter that the engine does not load is refused by what is wrong with it") {
    gguf::writer model;
    model.add("general.type", std::string_view("model"));
    CHECK(refusal(model) ==
          "key 'general.type' is 'model', expected 'adapter': not a LoRA adapter");
    gguf::writer other;
    other.add("general.type", std::string_view("adapter"));
    other.add("adapter.type", std::string_view("prompt"));
    CHECK(refusal(other) == "key 'adapter.type' is 'prompt', expected 'lora': not a LoRA adapter");
    gguf::writer half = lora();
    half.add_tensor("blk.1.attn_q.weight.lora_a", ggml_type::f16, {256, 8});
    CHECK(refusal(half) ==
          "tensor 'blk.1.attn_q.weight' has only one of its two matrices, .lora_a and .lora_b");
    gguf::writer odd = lora();
    odd.add_tensor("blk.1.attn_q.weight", ggml_type::f16, {256, 8});
    CHECK(refusal(odd) ==
          "tensor 'blk.1.attn_q.weight' of a LoRA adapter ends neither in .lora_a nor .lora_b");
  }

  TEST_CASE("a pair must have the dimensions of its tensor, and one rank") {
    const low_rank_pair p = read(lora(), read_lora).value().pairs[0];
    CHECK(check_pair({"t", ggml_type::q8_0, {256, 256, 1, 1}, {}}, p).has_value());
    const auto wide = check_pair({"t", ggml_type::q8_0, {512, 256, 1, 1}, {}}, p);
    REQUIRE_FALSE(wide.has_value());
    CHECK(wide.error().message ==
          "tensor 't' [512, 256, 1, 1]: an adapter for another model, with A [256, 8, 1, 1] and B "
          "[8, 256, 1, 1]");
    low_rank_pair ranks = p;
    ranks.b.ne[0] = 4;
    CHECK_FALSE(check_pair({"t", ggml_type::q8_0, {256, 256, 1, 1}, {}}, ranks).has_value());
    // rows of A are looked up as those of the embeddings are
    low_rank_pair of_embeddings = p;
    of_embeddings.a.ne = {8, 1000, 1, 1};
    CHECK(check_pair({"token_embd.weight", ggml_type::q8_0, {256, 1000, 1, 1}, {}}, of_embeddings)
              .has_value());
    CHECK_FALSE(
        check_pair({"token_embd.weight", ggml_type::q8_0, {256, 1000, 1, 1}, {}}, p).has_value());
  }

  TEST_CASE("a control vector has rows of one size, for layers from 1 on") {
    gguf::writer w;
    w.add("general.architecture", std::string_view("controlvector"));
    w.add_tensor("direction.1", ggml_type::f32, {256});
    w.add_tensor("direction.31", ggml_type::f32, {256});
    CHECK(read(w, read_control_vector).value().n_embd == 256);
    gguf::writer sizes = w, types = w, first = w, none, named;
    sizes.add_tensor("direction.2", ggml_type::f32, {128});
    types.add_tensor("direction.2", ggml_type::f16, {256});
    first.add_tensor("direction.0", ggml_type::f32, {256});
    none.add("general.architecture", std::string_view("controlvector"));
    named.add_tensor("token_embd.weight", ggml_type::f32, {256});
    CHECK(refusal_of_vector(sizes) == "tensor 'direction.2' has 128 values, others 256");
    CHECK(refusal_of_vector(types) == "tensor 'direction.2' is no row of f32");
    CHECK(refusal_of_vector(first) ==
          "tensor 'direction.0' is no direction of a layer, direction.1 and on");
    CHECK(refusal_of_vector(none) == "no tensors named direction.1 and on: not a control vector");
    CHECK(refusal_of_vector(named) ==
          "tensor 'token_embd.weight' is no direction of a layer, direction.1 and on");
  }
}
