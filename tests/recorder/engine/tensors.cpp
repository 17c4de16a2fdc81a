// tensors HEADER FILE_TYPE [--optional REGEX]... [--absent REGEX]... [--nextn]: the tensors of a model of which
// only the metadata is known. Prints JSON rows [name, type, dimensions].
//
// HEADER is a GGUF file without tensors. A model is made from it, for which nothing is allocated; the two
// functions of llama_model_loader below take the place of libllama's and see each tensor that the architecture
// asks for. Those it can do without are left out, but for --optional; --absent ones are left out too.
// --nextn keeps those that are read for speculation only. Types are llama-quantize's choice.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

#define private public
#define protected public
#include "llama-model-loader.h"
#include "llama-model.h"
#undef private
#undef protected
#include "file_types.hpp"
#include "ggml-backend.h"
#include "gguf.h"
#include "llama-ext.h"
#include "refusal.hpp"

namespace {

using namespace recorder;

struct asked_tensor {
  std::string name;
  std::vector<std::int64_t> ne;
};

struct options {
  std::string header;
  llama_ftype file_type = LLAMA_FTYPE_ALL_F32;
  std::vector<std::regex> optional{std::regex("^output\\.weight$")}, absent;
  bool nextn = false;
};

options told;
std::vector<asked_tensor> asked;

bool matches(const std::vector<std::regex>& any, const std::string& name) {
  return std::any_of(any.begin(), any.end(),
                     [&](const std::regex& r) { return std::regex_search(name, r); });
}

llama_ftype file_type_id(const std::string& name) {
  for (const file_type& t : file_types)
    if (t.name == name) return t.id;
  refuse("file type " + name + " is not known here");
}

options parse(int argc, char** argv) {
  options o;
  std::string file_type;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--nextn")
      o.nextn = true;
    else if (word == "--optional")
      o.optional.emplace_back(argv[++i]);
    else if (word == "--absent")
      o.absent.emplace_back(argv[++i]);
    else
      (o.header.empty() ? o.header : file_type) = word;
  }
  o.file_type = file_type_id(file_type);
  return o;
}

/// The types that llama-quantize gives tensors of a file in F16; what it does not touch stays F32.
std::map<ggml_tensor*, ggml_type> chosen_types(const llama_model* model,
                                               const std::vector<ggml_tensor*>& tensors) {
  llama_model_quantize_params params = llama_model_quantize_default_params();
  params.ftype = told.file_type;
  quantize_state_impl* state = llama_quant_init(model, &params);
  std::map<ggml_tensor*, ggml_type> types;
  std::vector<ggml_tensor*> quantized;
  for (ggml_tensor* t : tensors) {
    types[t] = GGML_TYPE_F32;
    if (params.ftype != LLAMA_FTYPE_ALL_F32 && llama_quant_tensor_allows_quantization(state, t))
      quantized.push_back(t);
  }
  std::vector<ggml_type> chosen(
      quantized.size(), params.ftype == LLAMA_FTYPE_MOSTLY_BF16 ? GGML_TYPE_BF16 : GGML_TYPE_F16);
  const bool is_float =
      params.ftype == LLAMA_FTYPE_MOSTLY_F16 || params.ftype == LLAMA_FTYPE_MOSTLY_BF16;
  if (!is_float && !quantized.empty())
    llama_quant_compute_types(state, params.ftype, quantized.data(), chosen.data(),
                              quantized.size());
  for (std::size_t i = 0; i < quantized.size(); ++i)
    types[quantized[i]] =
        quantized[i]->ne[0] % ggml_blck_size(chosen[i]) ? GGML_TYPE_F16 : chosen[i];
  return types;
}

}  // namespace

ggml_tensor* llama_model_loader::create_tensor(const llama_hparams&, const buft_list_t*,
                                               const buft_list_t*, const buft_list_t*,
                                               const buft_list_t*, const LLM_TN_IMPL& tn,
                                               const std::initializer_list<std::int64_t>& ne,
                                               int flags) {
  static std::set<std::string> seen;
  static ggml_context* context =
      ggml_init({std::size_t{200000} * ggml_tensor_overhead(), nullptr, true});
  const std::string name = tn.str();
  if (!(flags & TENSOR_DUPLICATED)) {
    const bool optional = flags & TENSOR_NOT_REQUIRED, skipped = flags & TENSOR_SKIP;
    const bool valid = std::all_of(ne.begin(), ne.end(), [](std::int64_t n) { return n > 0; });
    const bool wanted =
        valid && !matches(told.absent, name) && (!optional || matches(told.optional, name));
    if (seen.insert(name).second && wanted && (!skipped || told.nextn)) asked.push_back({name, ne});
    if (skipped || !wanted) return nullptr;
  }
  ggml_tensor* t = ggml_new_tensor(context, GGML_TYPE_F32, static_cast<int>(ne.size()), ne.begin());
  ggml_set_name(t, name.c_str());
  return t;
}

// Only whether there is such a tensor is asked.
const llama_model_loader::llama_tensor_weight* llama_model_loader::get_weight(
    const char* name) const {
  static char present[sizeof(llama_tensor_weight)];
  const std::string n = name;
  const bool always = n == "blk.0.attn_norm.weight" || n == "token_embd.weight";
  return !matches(told.absent, n) && (always || matches(told.optional, n))
             ? reinterpret_cast<const llama_tensor_weight*>(present)
             : nullptr;
}

int main(int argc, char** argv) {
  capture_log();
  told = parse(argc, argv);
  gguf_context* header = gguf_init_from_file(told.header.c_str(), {true, nullptr});
  if (!header) refuse("header");
  ggml_backend_load_all_from_path((program_folder() + "/engine").c_str());
  llama_model_params params = llama_model_default_params();
  params.no_alloc = true;
  params.load_mode = LLAMA_LOAD_MODE_NONE;
  params.n_gpu_layers = 0;
  params.use_extra_bufts = false;
  llama_model* model = llama_model_init_from_user(
      header, [](ggml_tensor*, void*) {}, nullptr, params);
  if (!model) refuse("model load failed");

  ggml_context* context = ggml_init({(asked.size() + 1) * ggml_tensor_overhead(), nullptr, true});
  std::vector<ggml_tensor*> tensors;
  for (const asked_tensor& a : asked) {
    tensors.push_back(
        ggml_new_tensor(context, GGML_TYPE_F16, static_cast<int>(a.ne.size()), a.ne.data()));
    ggml_set_name(tensors.back(), a.name.c_str());
  }
  const auto types = chosen_types(model, tensors);
  json rows = json::array();
  for (std::size_t i = 0; i < asked.size(); ++i) {
    std::string type = ggml_type_name(types.at(tensors[i]));
    std::transform(type.begin(), type.end(), type.begin(),
                   [](unsigned char c) { return std::toupper(c); });
    rows.push_back({asked[i].name, type, asked[i].ne});
  }
  std::puts(rows.dump().c_str());
  std::fflush(nullptr);
  _exit(0);
}
