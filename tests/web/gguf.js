// Writes GGUF headers: a small Llama, whole or damaged.
const types = { u16: 2, u32: 4, i32: 5, f32: 6, string: 8, array: 9 };

class Writer {
  constructor(size = 1 << 20) {
    this.bytes = new Uint8Array(size);
    this.view = new DataView(this.bytes.buffer);
    this.at = 0;
  }
  room(n) {
    if (this.at + n <= this.bytes.length) return;
    const larger = new Uint8Array(Math.max(this.bytes.length * 2, this.at + n));
    larger.set(this.bytes.subarray(0, this.at));
    this.bytes = larger;
    this.view = new DataView(larger.buffer);
  }
  u16(n) {
    this.room(2);
    this.view.setUint16(this.at, n, true);
    this.at += 2;
  }
  i32(n) {
    this.u32(n);
  }
  u32(n) {
    this.room(4);
    this.view.setUint32(this.at, n, true);
    this.at += 4;
  }
  u64(n) {
    this.room(8);
    this.view.setBigUint64(this.at, BigInt(n), true);
    this.at += 8;
  }
  f32(n) {
    this.room(4);
    this.view.setFloat32(this.at, n, true);
    this.at += 4;
  }
  string(text) {
    this.u64(text.length);
    this.room(text.length);
    for (let i = 0; i < text.length; ++i) this.bytes[this.at++] = text.charCodeAt(i);
  }
  key(name, type, value) {
    this.string(name);
    this.u32(types[type]);
    this[type](value);
  }
  strings(name, n) {
    this.string(name);
    this.u32(types.array);
    this.u32(types.string);
    this.u64(n);
    for (let i = 0; i < n; ++i) this.string("t");
  }
}

const f16 = 1,
  f32 = 0;
const usual = { n_layer: 32, n_vocab: 32000, n_ctx_train: 131072, n_embd: 4096, n_head: 32, n_head_kv: 8, n_ff: 14336 };

function tensors({ n_layer, n_vocab, n_embd, n_head, n_head_kv, n_ff }) {
  const all = [
    ["token_embd.weight", [n_embd, n_vocab], f16],
    ["output_norm.weight", [n_embd], f32],
    ["output.weight", [n_embd, n_vocab], f16],
  ];
  const n_kv = (n_embd / n_head) * n_head_kv;
  for (let i = 0; i < n_layer; ++i)
    all.push(
      [`blk.${i}.attn_norm.weight`, [n_embd], f32],
      [`blk.${i}.attn_q.weight`, [n_embd, n_embd], f16],
      [`blk.${i}.attn_k.weight`, [n_embd, n_kv], f16],
      [`blk.${i}.attn_v.weight`, [n_embd, n_kv], f16],
      [`blk.${i}.attn_output.weight`, [n_embd, n_embd], f16],
      [`blk.${i}.ffn_norm.weight`, [n_embd], f32],
      [`blk.${i}.ffn_gate.weight`, [n_embd, n_ff], f16],
      [`blk.${i}.ffn_up.weight`, [n_embd, n_ff], f16],
      [`blk.${i}.ffn_down.weight`, [n_ff, n_embd], f16],
    );
  return all;
}

function keys_of_model(w, { n_layer, n_vocab, n_ctx_train, n_embd, n_head, n_head_kv, n_ff }, strings) {
  w.key("general.architecture", "string", "llama");
  w.key("llama.block_count", "u32", n_layer);
  w.key("llama.context_length", "u32", n_ctx_train);
  w.key("llama.embedding_length", "u32", n_embd);
  w.key("llama.feed_forward_length", "u32", n_ff);
  w.key("llama.attention.head_count", "u32", n_head);
  w.key("llama.attention.head_count_kv", "u32", n_head_kv);
  w.key("llama.attention.layer_norm_rms_epsilon", "f32", 1e-5);
  w.key("llama.rope.dimension_count", "u32", n_embd / n_head);
  w.key("llama.vocab_size", "u32", n_vocab);
  w.key("tokenizer.ggml.model", "string", "llama");
  w.strings("tokenizer.ggml.tokens", strings);
}

function keys_of_part(w, { no, count }, n_tensors) {
  w.key("split.no", "u16", no);
  w.key("split.count", "u16", count);
  w.key("split.tensors.count", "i32", n_tensors);
}

/// {header, size}: the beginning of a file of that size. `strings`: tokens of its vocabulary. `part`: {no, count}, the
/// file is one of a set. `shape`: what is not as in `usual`.
export function llama({ strings, part, ...shape } = {}) {
  const w = new Writer();
  const model = { ...usual, ...shape };
  const all = tensors(model);
  const has_keys = !part || part.no === 0;
  const share = Math.ceil(all.length / (part?.count ?? 1));
  const list = all.slice((part?.no ?? 0) * share, ((part?.no ?? 0) + 1) * share);
  w.u32(0x46554747);
  w.u32(3);
  w.u64(list.length);
  w.u64((has_keys ? 12 : 0) + (part ? 3 : 0));
  if (has_keys) keys_of_model(w, model, strings ?? model.n_vocab);
  if (part) keys_of_part(w, part, all.length);
  let offset = 0;
  for (const [name, shape, type] of list) {
    w.string(name);
    w.u32(shape.length);
    for (const n of shape) w.u64(n);
    w.u32(type);
    w.u64(offset);
    offset += shape.reduce((a, b) => a * b, type === f16 ? 2 : 4);
  }
  const data = Math.ceil(w.at / 32) * 32;
  return { header: w.bytes.slice(0, w.at), size: data + offset };
}

/// 4 layers, 4 heads of 64, 2 for K and V, and a file of 3 MB.
export const small_shape = { n_layer: 4, n_vocab: 1000, n_ctx_train: 8192, n_embd: 256, n_head: 4, n_head_kv: 2, n_ff: 512 };
