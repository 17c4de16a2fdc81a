#include "arguments.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "vrambudget/hub/hub.hpp"
#include "vrambudget/model/adapters.hpp"

namespace vrambudget::launching {
namespace {

void add(arguments& a, const char* flag, std::string value = {}) {
  a.push_back({flag, std::move(value)});
}

/// `repo` takes a repository, `file` one file of it.
void add_hub_name(arguments& a, const std::string& name, const char* repo, const char* file) {
  const std::string rest = name.substr(3);
  const auto hub = parse_hub_name(rest);
  if (!hub || hub->file.empty()) return add(a, repo, rest);
  add(a, repo, hub->repo);
  add(a, file, hub->file);
}

/// The server would fetch a projector that a repository has, which was not planned.
void add_model(arguments& a, const launch_files& files) {
  if (is_address(files.model)) return add(a, "-mu", files.model);
  if (!is_hub_name(files.model)) return add(a, "-m", files.model);
  add_hub_name(a, files.model, "-hf", "-hff");
  if (files.mmproj.empty()) add(a, "--no-mmproj");
}

/// A file of a repository is named by its own flag, and a draft model's by `-md`.
void add_draft_model(arguments& a, const std::string& draft) {
  if (draft.empty()) return;
  if (is_hub_name(draft)) return add_hub_name(a, draft, "-hfd", "-md");
  add(a, "-md", is_address(draft) ? file_name(draft) : draft);
}

/// Files with their scales, those of scale 1 by a flag of their own.
template <class All>
void add_adapters(arguments& a, const All& all, const char* plain, const char* scaled) {
  std::vector<std::string> as_they_are, others;
  for (const auto& one : all)
    if (one.scale == 1)
      as_they_are.push_back(one.path);
    else
      others.push_back(fmt::format("{}:{}", one.path, one.scale));
  if (!as_they_are.empty()) add(a, plain, joined(as_they_are, ","));
  if (!others.empty()) add(a, scaled, joined(others, ","));
}

/// The run with what the plan decided of it, and without what is of no use in it.
run as_planned(const planned& p) {
  const run usual;
  run r = p.r;
  r.n_ctx = p.b.context.n_ctx;
  r.n_gpu_layers = static_cast<std::int32_t>(p.n_gpu_layers);
  if (r.spec_types.empty() && p.b.draft) r.spec_types = {p.b.draft->type};
  if (r.spec_types.empty()) r.spec_draft_n_max = usual.spec_draft_n_max;
  const bool has_file = p.b.draft && !p.files.draft.empty();
  r.draft_n_gpu_layers =
      has_file ? static_cast<std::int32_t>(p.b.draft->n_gpu_layers) : usual.draft_n_gpu_layers;
  if (p.b.draft) return r;
  r.draft_type_k = usual.draft_type_k;
  r.draft_type_v = usual.draft_type_v;
  r.draft_overrides.clear();
  r.draft_cpu_moe = false;
  r.draft_n_cpu_moe = 0;
  return r;
}

}  // namespace

arguments server_arguments(const planned& p) {
  using request::topic;
  const run r = as_planned(p);
  arguments a;
  const auto add_all = [&](topic about) {
    for (argument& one : request::arguments_of(r, about)) a.push_back(std::move(one));
  };
  add_model(a, p.files);
  if (p.m.adapted_by) {
    add_adapters(a, p.m.adapted_by->loras, "--lora", "--lora-scaled");
    add_adapters(a, p.m.adapted_by->control_vectors, "--control-vector", "--control-vector-scaled");
  }
  add_all(topic::context);
  add_all(topic::placement);
  add_all(topic::host);
  if (p.b.draft) add_draft_model(a, p.files.draft);
  add_all(topic::draft);
  if (p.files.mmproj.empty()) return a;
  add(a, "--mmproj", p.files.mmproj);
  add_all(topic::projector);
  return a;
}

void erase(arguments& all, std::initializer_list<std::string_view> flags) {
  std::erase_if(all, [&](const argument& a) {
    return std::find(flags.begin(), flags.end(), a.flag) != flags.end();
  });
}

std::string in_quotes(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string quoted(const std::string& word) {
  const auto plain = [](unsigned char c) {
    return c < 128 &&
           (std::isalnum(c) ||
            std::string_view("-_./:=,+@%").find(static_cast<char>(c)) != std::string_view::npos);
  };
  return !word.empty() && std::all_of(word.begin(), word.end(), plain) ? word : in_quotes(word);
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

bool drafts_as_usual(const planned& p) {
  return p.b.draft && p.r.spec_types.size() < 2 &&
         p.b.draft->type ==
             (p.files.draft.empty() ? spec_type::draft_mtp : spec_type::draft_simple);
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
