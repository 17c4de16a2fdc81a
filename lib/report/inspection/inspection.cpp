#include "vrambudget/report/inspection.hpp"

#include <fmt/format.h>

#include "report/inspection/inside.hpp"
#include "report/inspection/tensor_groups.hpp"
#include "report/lines.hpp"
#include "vrambudget/gguf/printable.hpp"
#include "vrambudget/report/split_parts.hpp"
#include "vrambudget/report/text.hpp"

namespace vrambudget {
namespace {

using namespace inspection;

std::string row(const char* what, const std::string& value) {
  return fmt::format("  {:<22}{}\n", what, value);
}

/// Lines of a row, further ones below the value.
std::string long_row(const char* what, const std::string& value) {
  std::string text;
  for (const std::string& line : broken(gguf::printable(value, 2000), 56))
    text += row(text.empty() ? what : "", line);
  return text;
}

std::string hyperparameters_text(const model& m) {
  const hparams& hp = m.hp;
  std::string text = row(
      "layers",
      fmt::format("{}{}", hp.n_layer(),
                  hp.n_layer_nextn ? fmt::format(" and {} for drafting", hp.n_layer_nextn) : ""));
  text += row("trained context", grouped(hp.n_ctx_train));
  text += row("width", fmt::format("{}, vocabulary {}", grouped(hp.n_embd), grouped(hp.n_vocab)));
  std::uint32_t recurrent = 0, window = 0, attends = 0;
  for (std::uint32_t il = 0; il < hp.n_layer(); ++il) {
    recurrent += hp.is_recr(il);
    window += hp.is_swa(il);
    if (!hp.is_recr(il) && hp.n_head_kv(il) > 0) attends = il + 1;
  }
  if (attends > 0)
    text +=
        row("attention", fmt::format("{} heads, {} for K and V, {} wide{}", hp.n_head(attends - 1),
                                     hp.n_head_kv(attends - 1), hp.n_embd_head_k(attends - 1),
                                     hp.is_mla() ? ", latent (K only)" : ""));
  if (recurrent) text += row("recurrent layers", fmt::format("{} of {}", recurrent, hp.n_layer()));
  if (window)
    text += row("sliding window", fmt::format("{} tokens in {} of {} layers", grouped(hp.swa.n),
                                              window, hp.n_layer()));
  if (hp.moe.n_expert)
    text += row("experts",
                fmt::format("{}, {} used", hp.moe.n_expert, hp.n_expert_used(hp.n_layer() - 1)));
  return text;
}

/// "q6_K 32, q4_K 32"; one type alone without its count.
std::string types_text(const std::map<ggml_type, amount>& types) {
  if (types.size() == 1) return std::string(traits(types.begin()->first).name);
  std::string text;
  for (const auto& [type, of] : by_size(types))
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", traits(type).name, of.n);
  return text;
}

/// "161 norms, 192 state space parameters"
std::string uses_text(const std::map<tensor_purpose, amount>& uses) {
  std::string text;
  for (const auto& [use, of] : uses)
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", of.n, name(use));
  return text;
}

/// "48 ssm_a, 48 ssm_conv1d, ..." of what has many names.
std::string names_text(const model& m, tensor_purpose of) {
  std::map<std::string, std::size_t> names;
  for (const model_tensor& t : m.tensors)
    if (purpose_of(m, t) == of) ++names[gguf::printable(short_name(t.name), 40)];
  std::string text;
  for (const auto& [name, n] : names)
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", n, name);
  return text;
}

std::string table(const std::string& first, const amount& a, const std::string& last) {
  std::string text;
  for (const std::string& line : broken(last, 34))
    text += text.empty() ? fmt::format("  {:<25}{:>7}{:>10}  {}\n", first, grouped(a.n),
                                       in_mib(a.size).substr(0, in_mib(a.size).size() - 4), line)
                         : fmt::format("{:46}{}\n", "", line);
  return text;
}

std::string tensors_text(const model& m) {
  const tensor_groups g = groups_of(m);
  std::string text = fmt::format("\n{:<27}{:>7}{:>10}  types\n", "tensors by use", "", "MiB");
  for (const auto& [use, of] : g.by_use) {
    text += table(std::string(name(use)), of.all, types_text(of.parts));
    if (use == tensor_purpose::state_space_parameters || use == tensor_purpose::other)
      for (const std::string& line : broken(names_text(m, use), 72)) text += "    " + line + "\n";
  }
  text += fmt::format("\n{:<27}{:>7}{:>10}  uses\n", "tensors by type", "", "MiB");
  for (const auto& [type, of] : g.by_type)
    text += table(std::string(traits(type).name), of.all, uses_text(of.parts));
  return text;
}

/// What llama-quantize must be told to give these types.
std::string rules_text(const recognised_recipe& r) {
  constexpr std::size_t most = 40;
  const std::vector<std::string> all = options_of(r);
  std::string text = fmt::format("\nllama-quantize gives {}types with {} and\n",
                                 r.is_whole ? "these " : "most of these ", name(r.r.type));
  for (std::size_t i = 0; i < std::min(all.size(), most); ++i)
    text += "  " + gguf::printable(all[i], 2000) + "\n";
  if (all.size() > most) text += fmt::format("  and {} more\n", all.size() - most);
  return text;
}

std::string model_text(const inspected& f) {
  const model& m = *f.file.m;
  std::string text = m.name + "\n";
  text += row("architecture", gguf::printable(m.architecture, 60) +
                                  (m.is_known() ? "" : " (unknown to the engine)"));
  text += row("parameters", fmt::format("{} ({:.2f} B)", grouped(m.n_params),
                                        static_cast<double>(m.n_params) / 1e9));
  if (m.file_size.count)
    text +=
        row("file", fmt::format("{} ({} bytes)", in_gib(m.file_size), grouped(m.file_size.count)));
  text += row("tensors", fmt::format("{} in {}, {:.2f} bits per weight", grouped(m.tensors.size()),
                                     in_gib(m.tensor_bytes()), m.bits_per_weight()));
  const auto recipe = recognise_recipe(m);
  if (recipe) text += long_row("looks like", looks_like_text(*recipe, f.file.headers.front()));
  text += hyperparameters_text(m) + tensors_text(m) + strip_of(m);
  if (recipe && recipe->n_differ > 0) text += rules_text(*recipe);
  return text;
}

/// A file that is something else.
std::string other_text(const inspected& f) {
  std::string text = gguf::printable(f.file.path.empty() ? f.typed : f.file.path) + "\n";
  text += row("is", std::string("a ") + (f.kind() == file_kind::adapter ? "n" : "") +
                        std::string(name(f.kind())));
  for (const auto& [what, value] : facts_of(f)) text += long_row(what.c_str(), value);
  std::map<ggml_type, amount> types;
  std::size_t n = 0;
  for (const gguf::header& h : f.file.headers)
    for (const gguf::tensor_info& t : h.tensors()) {
      types[t.type].add({std::string(t.name), t.type, t.ne, t.size});
      ++n;
    }
  text += row("tensors", grouped(n));
  if (!types.empty()) text += fmt::format("\n{:<27}{:>7}{:>10}\n", "tensors by type", "", "MiB");
  for (const auto& [type, of] : types) text += table(std::string(traits(type).name), of, " ");
  return text;
}

}  // namespace

std::string inspection_text(const inspected& f) {
  std::string text = f.file.m && f.kind() == file_kind::model ? model_text(f) : other_text(f);
  if (const auto parts = split_parts(f.file.headers, f.file.path)) text += split_parts_text(*parts);
  if (f.used.traffic.n_requests)
    text += row("transferred",
                fmt::format("{} bytes in {} requests, {:.2f} s", grouped(f.used.traffic.body.count),
                            f.used.traffic.n_requests, f.used.seconds));
  return text;
}

}  // namespace vrambudget
