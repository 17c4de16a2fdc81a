// A GGUF file of version 3 with a small llama in it: only its header, as a page reads it.

const types = { u32: 4, f32: 6, string: 8, array: 9 };

class Writer {
  #parts = [];
  number(size, set) {
    const b = new Uint8Array(size);
    set(new DataView(b.buffer));
    this.#parts.push(b);
    return this;
  }
  u32(n) {
    return this.number(4, (v) => v.setUint32(0, n, true));
  }
  u64(n) {
    return this.number(8, (v) => v.setBigUint64(0, BigInt(n), true));
  }
  f32(x) {
    return this.number(4, (v) => v.setFloat32(0, x, true));
  }
  string(s) {
    const b = new TextEncoder().encode(s);
    this.u64(b.length);
    this.#parts.push(b);
    return this;
  }
  bytes() {
    const all = new Uint8Array(this.#parts.reduce((n, p) => n + p.length, 0));
    let at = 0;
    for (const p of this.#parts) {
      all.set(p, at);
      at += p.length;
    }
    return all;
  }
}

/// {header, size}: size is that of the whole file. `more`: further keys, [name, type, value]; `change`: of its tensors.
export function smallLlama({ more = [], tensors = llamaTensors() } = {}) {
  const keys = [
    ["general.architecture", "string", "llama"],
    ["llama.block_count", "u32", 4],
    ["llama.context_length", "u32", 8192],
    ["llama.embedding_length", "u32", 256],
    ["llama.feed_forward_length", "u32", 512],
    ["llama.attention.head_count", "u32", 4],
    ["llama.attention.head_count_kv", "u32", 2],
    ["llama.vocab_size", "u32", 1000],
    ["llama.attention.layer_norm_rms_epsilon", "f32", 1e-5],
    ...more,
  ];
  const w = new Writer();
  w.u32(0x46554747).u32(3).u64(tensors.length).u64(keys.length);
  for (const [name, type, value] of keys) {
    w.string(name).u32(types[type]);
    if (type === "array") {
      w.u32(types.string).u64(value.length);
      for (const s of value) w.string(s);
    } else w[type](value);
  }
  let offset = 0;
  for (const [name, shape] of tensors) {
    w.string(name).u32(shape.length);
    for (const n of shape) w.u64(n);
    w.u32(0).u64(offset); // F32
    offset += Math.ceil((4 * shape.reduce((a, b) => a * b, 1)) / 32) * 32;
  }
  const header = w.bytes();
  return { header, size: Math.ceil(header.length / 32) * 32 + offset };
}

function llamaTensors() {
  const layer = (il) => [
    [`blk.${il}.attn_norm.weight`, [256]],
    [`blk.${il}.attn_q.weight`, [256, 256]],
    [`blk.${il}.attn_k.weight`, [256, 128]],
    [`blk.${il}.attn_v.weight`, [256, 128]],
    [`blk.${il}.attn_output.weight`, [256, 256]],
    [`blk.${il}.ffn_norm.weight`, [256]],
    [`blk.${il}.ffn_gate.weight`, [256, 512]],
    [`blk.${il}.ffn_up.weight`, [256, 512]],
    [`blk.${il}.ffn_down.weight`, [512, 256]],
  ];
  return [
    ["token_embd.weight", [256, 1000]],
    ["output_norm.weight", [256]],
    ["output.weight", [256, 1000]],
    ...[0, 1, 2, 3].flatMap(layer),
  ];
}
