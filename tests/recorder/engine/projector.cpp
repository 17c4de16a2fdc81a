// projector [--input X,Y,N [--overview]] [--then X,Y] [--encode] -- ARGUMENTS: what llama-server's projector
// (--mmproj FILE) takes on the card that stands in. Prints one JSON object, a case's `expected` and `estimate` as
// tests/truth/mmproj/README.md describes them, or its `refusal`.
//
// --input loads without a warm-up and reserves for that input instead: width, height, images at once; or frames
// and mel bins of sound. --then encodes an image after the warm-up, --encode an input of its size.
#include <unistd.h>

#include <cstdio>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

// the loader and the encoders' contexts are private to it
#include "../stand_in/device.hpp"
#include "arg.h"
#include "clip.cpp"
#include "refusal.hpp"

namespace {

using recorder::json;

struct options {
  std::vector<int> input, then;
  bool overview = false, encode = false;
  std::vector<char*> arguments;
};

std::vector<int> numbers(const std::string& text) {
  std::vector<int> all;
  std::istringstream in(text);
  for (std::string n; std::getline(in, n, ',');) all.push_back(std::stoi(n));
  return all;
}

options parse(int argc, char** argv) {
  options o;
  o.arguments.push_back(argv[0]);
  int i = 1;
  for (; i < argc && std::string(argv[i]) != "--"; ++i) {
    const std::string word = argv[i];
    if (word == "--input") o.input = numbers(argv[++i]);
    if (word == "--then") o.then = numbers(argv[++i]);
    if (word == "--overview") o.overview = true;
    if (word == "--encode") o.encode = true;
  }
  for (++i; i < argc; ++i) o.arguments.push_back(argv[i]);
  return o;
}

/// tools/server/server-context.cpp: load_model.
mtmd_context_params mtmd_params(const common_params& p) {
  mtmd_context_params out = mtmd_context_params_default();
  out.use_gpu = p.mmproj_use_gpu;
  out.device = p.mmproj_device;
  out.flash_attn_type = p.flash_attn_type;
  out.warmup = p.warmup;
  out.image_min_tokens = p.image_min_tokens;
  out.image_max_tokens = p.image_max_tokens;
  out.print_timings = false;
  return out;
}

/// mtmd.cpp: mtmd_context.
clip_context_params clip_params(const common_params& p, bool warmup) {
  clip_context_params out{};
  out.use_gpu = p.mmproj_use_gpu;
  out.device = p.mmproj_device;
  out.flash_attn_type = p.flash_attn_type == LLAMA_FLASH_ATTN_TYPE_AUTO ? CLIP_FLASH_ATTN_TYPE_AUTO
                        : p.flash_attn_type == LLAMA_FLASH_ATTN_TYPE_ENABLED
                            ? CLIP_FLASH_ATTN_TYPE_ENABLED
                            : CLIP_FLASH_ATTN_TYPE_DISABLED;
  out.image_min_tokens = p.image_min_tokens;
  out.image_max_tokens = p.image_max_tokens;
  out.warmup = warmup;
  return out;
}

bool is_vision(const clip_ctx& c) { return c.model.modality == CLIP_MODALITY_VISION; }

clip_image_f32_batch batch_of(const clip_ctx& c, int x, int y, int n, bool overview) {
  clip_image_f32 image;
  image.set_size({x, y}, false, !is_vision(c));
  image.add_viewsep = overview;
  clip_image_f32_batch batch;
  batch.is_audio = !is_vision(c);
  batch.entries.assign(static_cast<std::size_t>(n), image);
  return batch;
}

/// Bytes that the card's pool took while an input was encoded; nothing if the engine cannot.
std::optional<std::size_t> encode(clip_ctx& c, int x, int y, bool overview) {
  const std::size_t before = stand_in::card_at(0)->pooled_peak;
  const clip_image_f32_batch batch = batch_of(c, x, y, 1, overview);
  std::vector<float> out;
  if (!clip_image_batch_encode(&c, 2, &batch, out)) return std::nullopt;
  return stand_in::card_at(0)->pooled_peak - before;
}

json buffers(const clip_ctx& c) {
  const auto size = [&](ggml_backend_t b) -> std::size_t {
    return c.is_allocated ? ggml_backend_sched_get_buffer_size(c.sched.get(), b) : 0;
  };
  return {{"device", c.backend == c.backend_cpu ? 0 : size(c.backend)},
          {"host", size(c.backend_cpu)}};
}

/// The input that loading reserves for.
std::vector<int> warmup_input(const clip_ctx& c) {
  const clip_hparams& h = c.model.hparams;
  if (is_vision(c)) return {h.warmup_image_size, h.warmup_image_size, 1};
  return {h.warmup_audio_size, h.n_mel_bins, 1};
}

/// The graph that was reserved last, which was for `input`.
json graph(clip_ctx& c, const std::vector<int>& input, bool overview) {
  const clip_image_f32_batch batch = batch_of(c, input[0], input[1], input[2], overview);
  ggml_cgraph* g = clip_get_graph_builder(&c, batch)->build();
  return {{"nodes", ggml_graph_n_nodes(g)},
          {"splits", ggml_backend_sched_get_n_splits(c.sched.get())},
          {"flash_attn", c.flash_attn_type == CLIP_FLASH_ATTN_TYPE_ENABLED},
          {"output", {clip_n_mmproj_embd(&c), clip_n_output_tokens(&c, &batch.entries[0])}}};
}

json weights(const clip_ctx& c) {
  std::size_t n = 0, bytes = 0;
  for (ggml_tensor* t = ggml_get_first_tensor(c.ctx_data.get()); t;
       t = ggml_get_next_tensor(c.ctx_data.get(), t)) {
    ++n;
    bytes += ggml_nbytes(t);
  }
  return {{"weights", ggml_backend_buffer_get_size(c.buf.get())},
          {"n_tensors", n},
          {"reported", bytes}};
}

json encoder(clip_ctx& c, const options& o) {
  json out = weights(c);
  out["warmup_side"] = warmup_input(c)[0];
  out["batches"] = c.support_batch;
  if (is_vision(c))
    out["pixels"] = {c.model.hparams.image_min_pixels, c.model.hparams.image_max_pixels};
  if (!o.input.empty())
    clip_model_loader::warmup(c, batch_of(c, o.input[0], o.input[1], o.input[2], o.overview));
  const std::vector<int> input = o.input.empty() ? warmup_input(c) : o.input;
  out.update(buffers(c));
  if (!c.is_allocated) return out;
  out["graph"] = graph(c, input, o.overview);
  out["input"] = input;
  if (!o.then.empty()) {
    out["before"] = buffers(c);
    out["then"] = {o.then[0], o.then[1], 1};
  }
  if (o.encode || !o.then.empty()) {
    const std::vector<int>& size = o.then.empty() ? input : o.then;
    if (const auto pool = encode(c, size[0], size[1], o.overview)) out["encode"] = *pool;
    if (!o.then.empty()) out.update(buffers(c));
  }
  return out;
}

/// Bytes by device: all that mtmd_get_memory_usage tells, or since 2026-11 a part of it.
const auto& by_device(const auto& usage) {
  if constexpr (requires { usage.backend_mem_usage; })
    return usage.backend_mem_usage;
  else
    return usage;
}

json estimate(const common_params& p) {
  json out;
  const auto usage = mtmd_get_memory_usage(p.mmproj.path.c_str(), mtmd_params(p));
  for (const auto& [device, bytes] : by_device(usage)) out[ggml_backend_dev_name(device)] = bytes;
  if (out.empty()) recorder::refuse("projector load failed");
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  options o = parse(argc, argv);
  recorder::capture_log();
  mtmd_log_set(recorder::keep_log, nullptr);
  ggml_backend_load_all_from_path((recorder::program_folder() + "/engine").c_str());
  common_params params;
  if (!common_params_parse(static_cast<int>(o.arguments.size()), o.arguments.data(), params,
                           LLAMA_EXAMPLE_SERVER))
    recorder::refuse("arguments");
  const bool as_loaded = o.input.empty() && o.then.empty();
  const json estimated = as_loaded ? estimate(params) : json();
  const clip_init_result loaded =
      clip_init(params.mmproj.path.c_str(), clip_params(params, params.warmup && o.input.empty()));
  if (!loaded.ctx_v && !loaded.ctx_a) recorder::refuse("projector load failed");
  json out = {{"expected", json::object()}};
  if (loaded.ctx_v) out["expected"]["vision"] = encoder(*loaded.ctx_v, o);
  if (loaded.ctx_a) out["expected"]["audio"] = encoder(*loaded.ctx_a, o);
  if (as_loaded) out["estimate"] = estimated;
  std::puts(out.dump().c_str());
  std::fflush(nullptr);
  _exit(0);
}
