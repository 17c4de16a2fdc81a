#include "arguments.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "vrambudget/engine/speculative.hpp"
#include "vrambudget/ggml/type.hpp"
#include "vrambudget/hub/hub.hpp"

namespace vrambudget::launching {
namespace {

/// An argument list that leaves out what is the server's default anyway.
class list {
 public:
  void add(const char* flag, std::string value = {}) { all_.push_back({flag, std::move(value)}); }
  template <class T>
  void add_unless(bool usual, const char* flag, const T& value) {
    if (!usual) add(flag, fmt::format("{}", value));
  }
  void add_if(bool wanted, const char* flag) {
    if (wanted) add(flag);
  }
  void add_type(const char* flag, ggml_type t) {
    add_unless(t == ggml_type::f16, flag, traits(t).name);
  }
  [[nodiscard]] arguments take() { return std::move(all_); }

 private:
  arguments all_;
};

const char* name_of(split_mode m) {
  constexpr const char* names[] = {"none", "layer", "row", "tensor"};
  return names[static_cast<std::size_t>(m)];
}

const char* name_of(pooling p) {
  constexpr const char* names[] = {"", "none", "mean", "cls", "last", "rank"};
  return names[static_cast<std::size_t>(p)];
}

std::string shares(const std::vector<float>& split) {
  std::vector<std::string> all;
  for (const float f : split) all.push_back(fmt::format("{}", f));
  return joined(all, ",");
}

/// `repo` takes a repository, `file` one file of it.
void add_hub_name(list& a, const std::string& name, const char* repo, const char* file) {
  const std::string rest = name.substr(3);
  const auto hub = parse_hub_name(rest);
  if (!hub || hub->file.empty()) return a.add(repo, rest);
  a.add(repo, hub->repo);
  a.add(file, hub->file);
}

/// The server would fetch a projector that a repository has, which was not planned.
void add_model(list& a, const launch_files& files) {
  if (is_address(files.model)) return a.add("-mu", files.model);
  if (!is_hub_name(files.model)) return a.add("-m", files.model);
  add_hub_name(a, files.model, "-hf", "-hff");
  a.add_if(files.mmproj.empty(), "--no-mmproj");
}

void add_context(list& a, const run& r, const budget& b) {
  const run usual;
  a.add("-c", std::to_string(b.context.n_ctx));
  a.add_unless(r.n_batch == usual.n_batch, "-b", r.n_batch);
  a.add_unless(r.n_ubatch == usual.n_ubatch, "-ub", r.n_ubatch);
  a.add_unless(r.n_parallel == 0, "-np", r.n_parallel);
  if (r.kv_unified) a.add(*r.kv_unified ? "-kvu" : "-no-kvu");
  if (r.flash_attn != flash_attn::automatic)
    a.add("-fa", r.flash_attn == flash_attn::on ? "on" : "off");
  a.add_type("-ctk", r.type_k);
  a.add_type("-ctv", r.type_v);
  a.add_if(r.swa_full, "--swa-full");
  a.add_if(r.embeddings, "--embeddings");
  if (r.pooling != pooling::unspecified) a.add("--pooling", name_of(r.pooling));
}

/// The first of `-ot`, `-cmoe`, `-ncmoe` and `-ncffn` that matches a tensor decides, in their order.
void add_overrides(list& a, const run& r) {
  bool is_moe_told = false, is_ffn_told = false;
  std::vector<tensor_override> row;
  const auto flush = [&] {
    if (!row.empty()) a.add("-ot", text_of(row));
    row.clear();
  };
  const auto tell_moe = [&] {
    if (std::exchange(is_moe_told, true)) return;
    flush();
    a.add_if(r.cpu_moe, "-cmoe");
    a.add_unless(r.n_cpu_moe == 0, "-ncmoe", r.n_cpu_moe);
  };
  const auto tell_ffn = [&] {
    if (std::exchange(is_ffn_told, true)) return;
    flush();
    a.add_unless(r.n_cpu_ffn == 0, "-ncffn", r.n_cpu_ffn);
  };
  for (const tensor_override& o : r.overrides) {
    if (o.after_cpu_moe) tell_moe();
    if (o.after_cpu_ffn) tell_ffn();
    row.push_back(o);
  }
  flush();
  tell_moe();
  tell_ffn();
}

void add_placement(list& a, const run& r, const budget& b) {
  a.add("-ngl", std::to_string(b.n_gpu_layers));
  a.add_unless(r.split_mode == split_mode::layer, "-sm", name_of(r.split_mode));
  a.add_unless(r.main_gpu == 0, "-mg", r.main_gpu);
  if (!r.tensor_split.empty()) a.add("-ts", shares(r.tensor_split));
  add_overrides(a, r);
  a.add_if(!r.offload_kqv, "-nkvo");
  a.add_if(!r.op_offload, "--no-op-offload");
}

/// A file of a repository is named by its own flag, and a draft model's by `-md`.
void add_draft_model(list& a, const std::string& draft) {
  if (draft.empty()) return;
  if (is_hub_name(draft)) return add_hub_name(a, draft, "-hfd", "-md");
  a.add("-md", is_address(draft) ? file_name(draft) : draft);
}

void add_draft(list& a, const launch_files& files, const run& r, const budget& b) {
  const run usual;
  if (b.draft) add_draft_model(a, files.draft);
  std::vector<std::string> types;
  for (const spec_type t : r.spec_types) types.emplace_back(name(t));
  if (types.empty() && b.draft) types.emplace_back(name(b.draft->type));
  if (types.empty()) return;
  a.add("--spec-type", joined(types, ","));
  a.add_unless(r.spec_draft_n_max == usual.spec_draft_n_max, "--spec-draft-n-max",
               r.spec_draft_n_max);
  if (!b.draft) return;
  a.add_type("-ctkd", r.draft_type_k);
  a.add_type("-ctvd", r.draft_type_v);
  if (!files.draft.empty()) a.add("-ngld", std::to_string(b.draft->n_gpu_layers));
  if (!r.draft_overrides.empty()) a.add("-otd", text_of(r.draft_overrides));
  a.add_if(r.draft_cpu_moe, "-cmoed");
  a.add_unless(r.draft_n_cpu_moe == 0, "-ncmoed", r.draft_n_cpu_moe);
}

void add_projector(list& a, const launch_files& files, const projector_run& p) {
  if (files.mmproj.empty()) return;
  a.add("--mmproj", files.mmproj);
  a.add_if(!p.offload, "--no-mmproj-offload");
  a.add_unless(!p.offload || p.device == 0, "--mmproj-device", fmt::format("CUDA{}", p.device));
  if (p.image_min_tokens) a.add("--image-min-tokens", std::to_string(*p.image_min_tokens));
  if (p.image_max_tokens) a.add("--image-max-tokens", std::to_string(*p.image_max_tokens));
  a.add_if(!p.warmup, "--no-warmup");
}

}  // namespace

arguments server_arguments(const planned& p) {
  list a;
  add_model(a, p.files);
  add_context(a, p.r, p.b);
  add_placement(a, p.r, p.b);
  add_draft(a, p.files, p.r, p.b);
  add_projector(a, p.files, p.r.mmproj);
  return a.take();
}

void erase(arguments& all, std::initializer_list<std::string_view> flags) {
  std::erase_if(all, [&](const argument& a) {
    return std::find(flags.begin(), flags.end(), a.flag) != flags.end();
  });
}

std::string quoted(const std::string& word) {
  const auto plain = [](unsigned char c) {
    return c < 128 &&
           (std::isalnum(c) ||
            std::string_view("-_./:=,+@%").find(static_cast<char>(c)) != std::string_view::npos);
  };
  if (!word.empty() && std::all_of(word.begin(), word.end(), plain)) return word;
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string line_of(const arguments& all) {
  std::vector<std::string> words;
  for (const argument& a : all) {
    words.push_back(a.flag);
    if (!a.value.empty()) words.push_back(quoted(a.value));
  }
  return joined(words, " ");
}

std::string joined(const std::vector<std::string>& all, const char* between) {
  return fmt::format("{}", fmt::join(all, between));
}

std::string text_of(const std::vector<tensor_override>& all) {
  std::vector<std::string> rows;
  for (const tensor_override& o : all) rows.push_back(o.pattern + "=" + o.buffer);
  return joined(rows, ",");
}

std::uint32_t asked_slots(const planned& p) {
  return p.r.n_parallel == 0 && p.b.context.kv_unified ? 1 : std::max(1u, p.b.context.n_seq_max);
}

std::string file_name(const std::string& path) {
  return path.substr(path.find_last_of('/') + 1);  // npos + 1 is 0
}

std::string llama_server(const planned& p) {
  std::string text;
  if (is_address(p.files.draft))
    text = "# a draft model's address cannot be given: download it first\n";
  arguments all = server_arguments(p);
  all.push_back({"--fit", "off"});  // it would change what is not given here
  return text + "llama-server " + line_of(all) + "\n";
}

}  // namespace vrambudget::launching
