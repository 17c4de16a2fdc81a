// MobileNet-V5 of Gemma 3n: convolutions in four stages, attention in the last two, features of
// both.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "vrambudget/arch/encoders/builder.hpp"

namespace vrambudget::arch::encoders {

namespace detail {

/// Blocks in the engine's order, and what differs between their kinds.
class mobilenetv5 {
 public:
  explicit mobilenetv5(builder& b) : b_(b) {}

  /// A norm over the channels of an image [w, h, channels], if there is a weight for it.
  tensor* normed(tensor* weight, tensor* x) {
    if (!weight) return x;
    x = b_.mul(b_.rms_norm(b_.cont(b_.permute(x, {2, 1, 0, 3}))), weight);
    return b_.cont(b_.permute(x, {2, 1, 0, 3}));
  }
  /// As many zeros around the image as give size / stride results; more behind than before.
  tensor* padded(tensor* x, std::int64_t kernel, std::int64_t stride) {
    const auto missing = [&](std::int64_t n) {
      return std::max<std::int64_t>(0, ((n + stride - 1) / stride - 1) * stride + kernel - n);
    };
    const std::int64_t nx = missing(x->ne[0]), ny = missing(x->ne[1]);
    if (nx == 0 && ny == 0) return x;
    return b_.pad_all(x, {nx - nx / 2, ny - ny / 2, 0, 0}, {nx / 2, ny / 2});
  }
  /// A convolution per channel that keeps the size, or divides it by `stride`.
  tensor* depthwise(tensor* kernel, tensor* x, std::int64_t stride) {
    const std::int64_t size = kernel->ne[0];
    if (stride == 1) return b_.conv_2d_depthwise(kernel, x, {.padding = size / 2});
    return b_.conv_2d_depthwise(kernel, padded(x, size, stride), {.stride = stride});
  }
  /// Block `name`; null: there is none of this name.
  tensor* block(const std::string& name, tensor* x, std::int64_t stride) {
    if (tensor* expand = get(name, "conv_exp")) {
      check_attention(name);
      return edge_residual(name, expand, x, stride);
    }
    inverted_weights w;
    w.start = get(name, "dw_start.conv");
    w.expand = get(name, "pw_exp.conv");
    const bool inverted = w.start || w.expand;
    if (inverted) load_inverted(name, w);
    if (tensor* q = check_attention(name)) return attention_block(name, q, x);
    return inverted ? inverted_residual(w, x, stride) : nullptr;
  }

 private:
  struct inverted_weights {
    tensor *start = nullptr, *start_norm = nullptr, *expand = nullptr, *expand_norm = nullptr;
    tensor *mid = nullptr, *mid_norm = nullptr, *project = nullptr, *project_norm = nullptr;
    tensor* scale = nullptr;
  };

  tensor* get(const std::string& name, const char* part) {
    return b_.weight(name + "." + part + ".weight");
  }
  tensor* check_attention(const std::string& name) { return get(name, "attn.query.proj"); }

  tensor* with_residual(tensor* x, tensor* before) {
    return x->ne[0] == before->ne[0] && x->ne[1] == before->ne[1] && x->ne[2] == before->ne[2]
               ? b_.add(x, before)
               : x;
  }

  tensor* edge_residual(const std::string& name, tensor* expand, tensor* x, std::int64_t stride) {
    tensor* before = x;
    x = stride == 2 ? b_.conv_2d_direct(expand, padded(x, 3, 2), {.stride = 2})
                    : b_.conv_2d_direct(expand, x, {.padding = 1});
    x = b_.gelu(normed(get(name, "bn1"), x));
    x = b_.conv_2d_direct(b_.require(name + ".conv_pwl.weight"), x, {});
    x = normed(get(name, "bn2"), x);
    return stride == 1 ? with_residual(x, before) : x;
  }

  void load_inverted(const std::string& name, inverted_weights& w) {
    if (w.start) w.start_norm = get(name, "dw_start.bn");
    if (w.expand) w.expand_norm = get(name, "pw_exp.bn");
    w.mid = get(name, "dw_mid.conv");
    if (w.mid) w.mid_norm = get(name, "dw_mid.bn");
    w.project = get(name, "pw_proj.conv");
    if (w.project) w.project_norm = get(name, "pw_proj.bn");
    w.scale = b_.weight(name + ".layer_scale.gamma");
  }
  tensor* inverted_residual(const inverted_weights& w, tensor* x, std::int64_t stride) {
    tensor* before = x;
    if (w.start) x = normed(w.start_norm, depthwise(w.start, x, 1));
    if (w.expand) x = b_.gelu(normed(w.expand_norm, b_.conv_2d_direct(w.expand, x, {})));
    if (w.mid) x = b_.gelu(normed(w.mid_norm, depthwise(w.mid, x, stride)));
    if (w.project) x = normed(w.project_norm, b_.conv_2d_direct(w.project, x, {}));
    if (w.scale) x = b_.mul(x, w.scale);
    return with_residual(x, before);
  }

  /// Many heads of queries and one of keys and values, from half the places each way.
  tensor* attention_block(const std::string& name, tensor* q_weight, tensor* x) {
    tensor *before = x, *scale = b_.weight(name + ".layer_scale.gamma");
    x = normed(get(name, "norm"), x);
    const std::int64_t w = x->ne[0], h = x->ne[1], batch = x->ne[3];
    tensor* q = b_.conv_2d_direct(q_weight, x, {});
    const auto fewer = [&](const std::string& part) {
      tensor* y = x;
      if (tensor* down = get(part, "down_conv"))
        y = normed(get(part, "norm"), depthwise(down, x, 2));
      return b_.conv_2d_direct(b_.require(part + ".proj.weight"), y, {});
    };
    tensor* k = fewer(name + ".attn.key");
    tensor* v = fewer(name + ".attn.value");
    const std::int64_t head = k->ne[2], n_head = q->ne[2] / head, n = w * h,
                       n_seen = k->ne[0] * k->ne[1];
    q = b_.reshape(b_.reshape(q, n, head * n_head, batch), n, head, n_head, batch);
    q = b_.cont(b_.permute(q, {1, 0, 2, 3}));
    k = b_.reshape(b_.reshape(k, n_seen, head, batch), n_seen, head, 1, batch);
    k = b_.cont(b_.permute(k, {1, 0, 2, 3}));
    v = b_.cont(b_.reshape(b_.reshape(v, n_seen, head, batch), n_seen, head, 1, batch));
    tensor* y = b_.mul_mat(v, b_.soft_max(b_.scale(b_.mul_mat(k, q))));
    y = b_.cont(b_.permute(y, {1, 0, 2, 3}));
    y = b_.reshape(b_.reshape(y, n, head * n_head, batch), w, h, head * n_head, batch);
    y = b_.conv_2d_direct(b_.require(name + ".attn.output.proj.weight"), b_.cont(y), {});
    if (y->ne[0] != before->ne[0] || y->ne[2] != before->ne[2]) return y;
    if (scale) y = b_.mul(y, scale);
    return b_.add(y, before);
  }

  builder& b_;
};

}  // namespace detail

/// Source: llama.cpp, tools/mtmd/models/mobilenetv5.cpp
inline void build_mobilenetv5(builder& b) {
  constexpr int n_stages = 4, most_blocks = 1024;
  constexpr std::int64_t side = 16;  // of the tokens
  detail::mobilenetv5 net(b);
  tensor* x = b.conv_2d_direct(b.require("v.conv_stem.conv.weight"),
                               net.padded(b.raw_input(), 3, 2), {.stride = 2});
  if (tensor* bias = b.weight("v.conv_stem.conv.bias")) x = b.add(x, bias);
  x = b.gelu(net.normed(b.weight("v.conv_stem.bn.weight"), x));

  std::vector<tensor*> ends;
  for (int stage = 0; stage < n_stages; ++stage)
    for (int il = 0; il < most_blocks; ++il) {
      const std::string name = "v.blk." + std::to_string(stage) + "." + std::to_string(il);
      tensor* y = net.block(name, x, il == 0 ? 2 : 1);
      if (!y) break;
      x = y;
      if (il == 0) ends.push_back(x);
      ends.back() = x;
    }
  if (!ends.empty()) {
    if (ends.size() == n_stages) {
      x = ends[2];
      tensor* last = ends[3];
      if (last->ne[0] < x->ne[0] || last->ne[1] < x->ne[1]) {
        const std::int64_t times = x->ne[0] / last->ne[0];
        b.require_that(x->ne[0] % last->ne[0] == 0, "stages halve the image");
        last = b.interpolate(last, last->ne[0] * times, last->ne[1] * times);
      }
      x = b.concat(x, last, 2);
    }
    if (tensor* expand = b.weight("v.msfa.ffn.pw_exp.conv.weight")) {
      x = b.conv_2d_direct(expand, x, {});
      x = b.gelu(net.normed(b.weight("v.msfa.ffn.pw_exp.bn.weight"), x));
    }
    if (tensor* project = b.weight("v.msfa.ffn.pw_proj.conv.weight")) {
      x = b.conv_2d_direct(project, x, {});
      x = net.normed(b.weight("v.msfa.ffn.pw_proj.bn.weight"), x);
    }
    if (x->ne[0] > side) {
      b.require_that(x->ne[0] % side == 0, "images are whole times 16 tokens wide");
      x = b.pool_2d(x, x->ne[0] / side, {.stride = x->ne[0] / side});
    }
    x = net.normed(b.weight("v.msfa.norm.weight"), x);
  }
  b.require_that(x->ne[2] == b.n_embd, "as many channels as the file says");
  x = b.cont(b.permute(b.permute(x, {2, 1, 0, 3}), {0, 2, 1, 3}));
  x = b.cont(b.reshape(x, x->ne[0], x->ne[1] * x->ne[2], x->ne[3]));
  x = b.mul(b.rms_norm(b.scale(x)), b.require("mm.soft_emb_norm.weight"));
  b.finish(b.rms_norm(b.product(b.require("mm.input_projection.weight"), x)));
}

}  // namespace vrambudget::arch::encoders
