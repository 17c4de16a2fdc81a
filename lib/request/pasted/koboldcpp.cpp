// KoboldCpp: a .kcpps file has its options by their names, without the dashes.
//
// Source: LostRuins/koboldcpp 1.122, koboldcpp.py: add_argument, load_model, convert_invalid_args;
// gpttype_adapter.cpp: gpttype_load_model
#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "io/json_text.hpp"
#include "request/pasted/settings.hpp"

namespace vrambudget::request::pasted {
namespace {

namespace json = boost::json;

/// Tokens that the cache gets besides `contextsize`.
constexpr std::uint64_t extra_tokens = 128;

/// `moecpu` and `ffncpu` without a value.
constexpr std::string_view all_layers = "999";

class kobold_reader : settings_reader {
 public:
  using settings_reader::settings_reader;

  server_line read() {
    for (const char* key : {"model_param", "model"})
      if (const std::string* v = first(key); v && !has("-m")) add({"-m", *v});
    add_context();
    add_placement();
    add_files();
    for (const char* key : {"usevulkan", "useclblast", "userocm"})
      if (is_on(key)) note(fmt::format("{}: planned is CUDA in its place", key));
    return std::move(line_);
  }

 private:
  [[nodiscard]] bool has(std::string_view word) const {
    return std::find(line_.args.begin(), line_.args.end(), word) != line_.args.end();
  }

  void add_context() {
    if (const auto n = number("contextsize"); n && *n > 0)
      add({"-c", std::to_string(static_cast<std::uint64_t>(*n) + extra_tokens)});
    // the older option sets both
    add_number("blasbatchsize", "-b");
    add_number("blasbatchsize", "-ub");
    add_number("batchsize", "-b");
    add_number("ubatchsize", "-ub");
    const auto slots = number("parallelrequests").value_or(1);
    if (slots > 1)
      add({"-np", std::to_string(std::min<std::int64_t>(slots, 255) + 1), "-kvu"});
    else
      add({"-np", "1"});
    if (is_on("noflashattention"))
      add({"-fa", "off"});
    else if (is_on("flashattention"))
      add({"-fa", "on"});
    add_cache_type();
    if (is_on("noswa") || (all_.contains("useswa") && !all_.contains("noswa") && !is_on("useswa")))
      add({"--swa-full"});
  }

  void add_cache_type() {
    const std::string* v = first("quantkv");
    if (!v) return;
    constexpr std::pair<std::string_view, const char*> numbers[] = {
        {"0", "f16"}, {"1", "q8_0"}, {"2", "q4_0"}, {"3", "bf16"}};
    std::string type = *v;
    for (const auto& [n, meant] : numbers)
      if (n == type) type = meant;
    add({"-ctk", type, "-ctv", type});
  }

  void add_placement() {
    if (const auto n = number("gpulayers")) {
      if (*n >= 0)
        add({"-ngl", std::to_string(*n)});
      else
        note("gpulayers -1: KoboldCpp takes as many layers as it reckons to fit; planned are all");
    }
    for (const char* key : {"usecuda", "usecublas"}) add_cuda(key);
    if (is_on("lowvram")) add({"-nkvo"});
    if (is_on("usecpu")) add({"-ngl", "0"});
    if (const std::string* mode = first("splitmode")) add({"-sm", *mode});
    add_number("maingpu", "-mg");
    if (const auto it = all_.find("tensor_split"); it != all_.end() && !it->second.empty())
      add({"-ts", fmt::format("{}", fmt::join(it->second, ","))});
    if (const std::string* v = first("overridetensors")) add({"-ot", *v});
    if (const auto n = number("moecpu"); n && *n > 0) add({"-ncmoe", std::to_string(*n)});
    if (const auto n = number("ffncpu"); n && *n > 0) add({"-ncffn", std::to_string(*n)});
    if (all_.contains("usemmap") && !is_on("usemmap")) add({"--no-mmap"});
    if (is_on("nommap")) add({"--no-mmap"});
    if (is_on("usemlock")) add({"--mlock"});
  }

  /// "normal mmq lowvram rowsplit 0": a number leaves that GPU alone.
  void add_cuda(const char* key) {
    const auto it = all_.find(key);
    if (it == all_.end()) return;
    for (const std::string& word : it->second) {
      if (word == "lowvram" && !has("-nkvo")) add({"-nkvo"});
      if (word == "rowsplit" && !has("-sm")) add({"-sm", "row"});
      if (word.size() == 1 && word[0] >= '0' && word[0] <= '9')
        if (const std::string alone = fmt::format("GPU {} alone: name it with --gpu", word);
            std::find(line_.notes.begin(), line_.notes.end(), alone) == line_.notes.end())
          note(alone);
    }
  }

  void add_files() {
    if (const std::string* v = first("mmproj")) add({"--mmproj", *v});
    if (is_on("mmprojcpu")) add({"--no-mmproj-offload"});
    add_number("visionmintokens", "--image-min-tokens");
    add_number("visionmaxtokens", "--image-max-tokens");
    if (const std::string* v = first("draftmodel")) {
      add({"-md", *v});
      if (const auto n = number("draftgpulayers"); n && *n >= 0) add({"-ngld", std::to_string(*n)});
    }
    if (is_on("usemtp")) add({"--spec-type", "draft-mtp"});
    if (first("draftmodel") || is_on("usemtp")) add_number("draftamount", "--spec-draft-n-max");
    const std::string* const scale = first("loramult");
    if (const auto it = all_.find("lora"); it != all_.end()) {
      for (const std::string& file : it->second) {
        if (scale)
          add({"--lora-scaled", file + ":" + *scale});
        else
          add({"--lora", file});
      }
    }
  }
};

std::string text_of(const json::value& v) {
  return v.is_string() ? std::string(v.get_string()) : json_text(v);
}

}  // namespace

server_line of_koboldcpp(const words& args) {
  // its file may stand alone in front
  settings all = settings_of(args, "model_param", [](std::string key) { return key; });
  for (const char* key : {"moecpu", "ffncpu"})
    if (const auto it = all.find(key); it != all.end() && it->second == words{"true"})
      it->second = {std::string(all_layers)};
  return kobold_reader(all).read();
}

server_line of_kcpps(const json::object& file) {
  settings all;
  for (const auto& [key, v] : file) {
    if (v.is_null()) continue;
    words& values = all[std::string(key)];
    if (const json::array* list = v.if_array())
      for (const json::value& one : *list) values.push_back(text_of(one));
    else
      values.push_back(text_of(v));
  }
  return kobold_reader(all).read();
}

}  // namespace vrambudget::request::pasted
