// `vrambudget inspect`: what a model's header says.
#include <fmt/format.h>

#include <boost/json.hpp>
#include <map>
#include <memory>

#include "cli.hpp"
#include "inputs.hpp"
#include "options.hpp"
#include "vrambudget/model/tensor_class.hpp"
#include "vrambudget/report/text.hpp"
#include "vrambudget/version.hpp"

namespace vrambudget::cli {
namespace {

namespace json = boost::json;

struct group {
  std::size_t n = 0;
  bytes size;
};

/// Tensors by type, and by what they are for.
struct contents {
  std::map<std::string, group> by_type, by_use;
};

std::string use_of(const model& m, const model_tensor& t) {
  const auto [il, rest] = layer_of(t.name);
  if (is_draft_tensor(m, t.name)) return "draft layers";
  if (rest.find("_exps") != std::string_view::npos) return "experts";
  if (rest.starts_with("ffn_")) return "feed-forward";
  if (rest.starts_with("attn_") || rest.starts_with("post_attention")) return "attention";
  if (rest.starts_with("ssm_")) return "recurrent";
  return il < 0 ? "embeddings and output" : "other";
}

contents contents_of(const model& m) {
  contents c;
  for (const model_tensor& t : m.tensors)
    for (group* g : {&c.by_type[std::string(traits(t.type).name)], &c.by_use[use_of(m, t)]}) {
      ++g->n;
      g->size += t.size;
    }
  return c;
}

void print_header(const model& m) {
  const hparams& hp = m.hp;
  fmt::print("{}\n", m.name);
  const auto row = [](const char* what, const std::string& value) {
    fmt::print("  {:<22}{}\n", what, value);
  };
  row("architecture", m.architecture + (m.is_known() ? "" : " (unknown to the engine)"));
  row("parameters",
      fmt::format("{} ({:.2f} B)", grouped(m.n_params), static_cast<double>(m.n_params) / 1e9));
  if (m.file_size.count)
    row("file", fmt::format("{} ({} bytes)", in_gib(m.file_size), grouped(m.file_size.count)));
  row("tensors", fmt::format("{} in {}, {:.2f} bits per weight", grouped(m.tensors.size()),
                             in_gib(m.tensor_bytes()), m.bits_per_weight()));
  row("layers",
      fmt::format("{}{}", hp.n_layer(),
                  hp.n_layer_nextn ? fmt::format(" and {} for drafting", hp.n_layer_nextn) : ""));
  row("trained context", grouped(hp.n_ctx_train));
  row("width", fmt::format("{}, vocabulary {}", grouped(hp.n_embd), grouped(hp.n_vocab)));
  std::uint32_t recurrent = 0, window = 0, attends = 0;
  for (std::uint32_t il = 0; il < hp.n_layer(); ++il) {
    recurrent += hp.is_recr(il);
    window += hp.is_swa(il);
    if (!hp.is_recr(il) && hp.n_head_kv(il) > 0) attends = il + 1;
  }
  if (attends > 0)
    row("attention", fmt::format("{} heads, {} for K and V, {} wide{}", hp.n_head(attends - 1),
                                 hp.n_head_kv(attends - 1), hp.n_embd_head_k(attends - 1),
                                 hp.is_mla() ? ", latent (K only)" : ""));
  if (recurrent) row("recurrent layers", fmt::format("{} of {}", recurrent, hp.n_layer()));
  if (window)
    row("sliding window",
        fmt::format("{} tokens in {} of {} layers", grouped(hp.swa.n), window, hp.n_layer()));
  if (hp.moe.n_expert)
    row("experts", fmt::format("{}, {} used", hp.moe.n_expert, hp.n_expert_used(hp.n_layer() - 1)));
  const contents c = contents_of(m);
  for (const auto& [title, groups] :
       {std::pair{"tensors by use", &c.by_use}, {"tensors by type", &c.by_type}}) {
    fmt::print("\n{}\n", title);
    for (const auto& [name, g] : *groups)
      fmt::print("  {:<22}{:>6}{:>16}\n", name, g.n, in_mib(g.size));
  }
}

void print_json(const model& m, const network_use& n) {
  const auto groups = [](const std::map<std::string, group>& all) {
    json::object o;
    for (const auto& [name, g] : all)
      o[name] = json::object{{"count", g.n}, {"bytes", g.size.count}};
    return o;
  };
  const contents c = contents_of(m);
  json::object o{{"schema", json_schema},
                 {"vrambudget", version},
                 {"name", m.name},
                 {"architecture", m.architecture}};
  if (!m.path.empty()) o["path"] = m.path;
  if (m.file_size.count) o["file_bytes"] = m.file_size.count;
  if (n.traffic.n_requests)
    o["transfer"] = {{"bytes", n.traffic.body.count},
                     {"requests", n.traffic.n_requests},
                     {"seconds", n.seconds}};
  o["n_params"] = m.n_params;
  o["tensor_count"] = m.tensors.size();
  o["tensor_bytes"] = m.tensor_bytes().count;
  o["bits_per_weight"] = m.bits_per_weight();
  o["n_layer"] = m.hp.n_layer();
  o["n_ctx_train"] = m.hp.n_ctx_train;
  o["n_embd"] = m.hp.n_embd;
  o["n_vocab"] = m.hp.n_vocab;
  o["tensors_by_type"] = groups(c.by_type);
  o["tensors_by_use"] = groups(c.by_use);
  fmt::print("{}\n", json::serialize(o));
}

}  // namespace

std::function<int()> add_inspect(command_options& can) {
  auto q = std::make_shared<plan_request>();
  can.required_text("MODEL,-m,--model", q->model,
                    "a GGUF file, an address, hf:org/repo:QUANT, ollama:name, or a model's name");
  can.flag("--json", q->json, "JSON on stdout, schema 1");
  can.rows({topic::sources}, *q);
  return [q] {
    model_reader reader = reader_of(q->sources);
    const model m = read_or_fail(reader, q->model);
    const network_use& n = reader.used();
    q->json ? print_json(m, n) : print_header(m);
    if (n.traffic.n_requests && !q->json)
      fmt::print("  {:<22}{} bytes in {} requests, {:.2f} s\n", "transferred",
                 grouped(n.traffic.body.count), n.traffic.n_requests, n.seconds);
    return yes;
  };
}

}  // namespace vrambudget::cli
