// Values for every row of the table, by what kind of value it takes.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "vrambudget/request/option.hpp"

namespace vrambudget::request {

/// Some texts of each kind.
struct samples_by_kind {
  using all = std::vector<std::string>;
  all operator()(const kind::count& k) const {
    return {std::to_string(k.least), std::to_string(k.least + 3), k.most > 4096 ? "4k" : "7"};
  }
  all operator()(const kind::optional_count&) const { return {"0", "64", "1k"}; }
  all operator()(const kind::index&) const { return {"0", "1"}; }
  all operator()(const kind::layers&) const { return {"all", "0", "20"}; }
  template <class Enum>
  all operator()(const kind::choice<Enum>& k) const {
    all words;
    for (const auto& [word, value] : k.words) words.emplace_back(word);
    return words;
  }
  all operator()(const kind::cache_type&) const { return {"f16", "q8_0", "iq4_nl"}; }
  all operator()(const kind::on_off&) const { return {""}; }
  all operator()(const kind::optional_on_off&) const { return {""}; }
  all operator()(const kind::shares&) const { return {"1", "3,1", "0.333333343/0.7", "0,1"}; }
  all operator()(const kind::overrides&) const { return {"a=CPU", R"(blk\.3\.=CUDA1,b$=CPU)"}; }
  all operator()(const kind::spec_types&) const { return {"draft-mtp", "draft-simple,ngram-mod"}; }
  all operator()(const kind::backends&) const { return {"cuda", "vulkan,hip", "cpu"}; }
  all operator()(const kind::projector_device&) const { return {"none", "CUDA0", "Vulkan1"}; }
  all operator()(const kind::engine_version&) const { return {"2026-08", "b9849"}; }
  all operator()(const kind::display&) const { return {"none", "heavy", "800MiB"}; }
  all operator()(const kind::adapters& k) const {
    return k.scaled ? all{"a.gguf:0.5", "a:b.gguf:0,c.gguf:-2"} : all{"a.gguf", "a.gguf,b:c.gguf"};
  }
  all operator()(const kind::text&) const { return {"a", "b c"}; }
  all operator()(const kind::texts&) const { return {"3090", "2x4090"}; }
  all operator()(const kind::size&) const { return {"0", "1GiB", "1073741824"}; }
  all operator()(const kind::optional_size&) const { return {"0", "64GiB"}; }
  all operator()(const kind::limit&) const { return {"-1", "0", "2048"}; }
  all operator()(const kind::sizes&) const { return {"20GiB", "1g,2m"}; }
};

/// Some texts that a row accepts; one empty text where it has no value.
inline std::vector<std::string> samples(const option& o) {
  return std::visit(samples_by_kind{}, o.value);
}

}  // namespace vrambudget::request
