// The package as a launcher or a page uses it: files that it is given, answers, refusals, and a module that ended.
import assert from "node:assert/strict";
import { test } from "node:test";
import { VramBudgetError, load } from "./module.js";
import { llama, small_shape } from "./gguf.js";

const vb = await load();
const on = { gpu: ["3060"], os: "linux", ctx_size: 4096 };

const refused = (status, says) => (e) => {
  assert(e instanceof VramBudgetError, e.stack);
  assert.equal(e.status, status);
  assert.match(e.message, says);
  return true;
};

test("a file is planned by its header alone, by path as by its bytes", () => {
  const { header, size } = llama(small_shape);
  vb.addFile("/models/small.gguf", header, size);
  const byPath = vb.openModel("/models/small.gguf");
  const byBytes = vb.readModel(header, size, "/models/small.gguf");
  const plan = vb.plan(byPath, on);
  assert.equal(plan.verdict, "fits");
  // 2 (K and V) x 4 layers x 2 heads x 64 x 4096 cells x 2 bytes of f16
  const kv = plan.devices[0].terms.find((t) => t.term === "kv_cache");
  assert.equal(kv.bytes, 2 * 4 * 2 * 64 * 4096 * 2);
  assert.deepEqual(vb.plan(byBytes, on), plan);
  byPath.close();
  byBytes.close();
  vb.removeFile("/models/small.gguf");
  assert.throws(() => vb.openModel("/models/small.gguf"), refused("io", /small\.gguf: cannot open/));
});

test("a header's extent is told by its beginning", () => {
  const { header } = llama({ ...small_shape, strings: 3000 });
  assert.equal(vb.headerExtent(header).least, header.length);
  let have = 1000;
  for (let steps = 0; vb.headerExtent(header.subarray(0, have)).least > have; ++steps) {
    assert(steps < 20);
    have = Math.min(header.length, Math.max(vb.headerExtent(header.subarray(0, have)).likely, have + 1000));
  }
  assert.equal(have, header.length);
});

test("what is no whole GGUF file is refused in a sentence", () => {
  const text = new TextEncoder().encode("<!doctype html><title>401</title>".repeat(40));
  assert.throws(() => vb.headerExtent(text), refused("bad_file", /GGUF/));
  assert.throws(() => vb.readModel(text, text.length, "page.html"), refused("bad_file", /page\.html/));
  const { header, size } = llama(small_shape);
  assert.throws(() => vb.readModel(header.subarray(0, 200), size, "cut.gguf"), refused("bad_file", /cut\.gguf/));
  assert.throws(() => vb.readModel(header, header.length + 100, "short.gguf"), refused("bad_file", /short\.gguf/));
  assert.throws(() => vb.readModel(new Uint8Array(), 0, "empty.gguf"), refused("bad_file", /empty\.gguf/));
  const claims = header.slice();
  new DataView(claims.buffer).setBigUint64(8, 1n << 60n, true);
  assert.throws(() => vb.readModel(claims, size, "claims.gguf"), refused("bad_file", /claims\.gguf/));
  assert.equal(vb.broken, false);
});

test("what cannot be is refused, and says what would", () => {
  const m = vb.openModel("Qwen3-8B-Q4_K_M");
  assert.throws(() => vb.plan(m, { ...on, gpu: ["9999"] }), refused("not_found", /9999/));
  assert.throws(() => vb.plan(m, { ...on, ctx: 5 }), refused("bad_argument", /ctx/));
  assert.throws(() => vb.plan(m, {}), refused("bad_argument", /a page sees no GPU/));
  assert.throws(() => vb.openModel("hf:org/repo"), refused("io", /asks servers/));
  assert.throws(() => vb.openModel("Qwen3-8b-Q4_K_N"), refused("not_found", /Qwen3-8b-Q4_K_N/));
  m.close();
});

test("a sweep has the numbers of single plans", () => {
  const m = vb.openModel("Qwen3-8B-Q4_K_M");
  const { columns } = vb.sweep([m], { gpus: ["3060"], n_ctx: [4096, 8192, 32768], cache_types: ["f16", "q8_0"] }, { os: "linux" });
  assert.deepEqual([...columns.n_ctx], [4096, 8192, 32768, 4096, 8192, 32768]);
  const single = vb.plan(m, { ...on, ctx_size: 8192, ctk: "q8_0", ctv: "q8_0" });
  const kv = single.devices[0].terms.find((t) => t.term === "kv_cache").bytes;
  assert.equal(columns.kv_cache[4], kv);
  m.close();
});

test("a pasted line, a run to start, a log", () => {
  const [run] = vb.findRuns("./llama-server -m Qwen3-8B-Q4_K_M.gguf -c 8192 -ngl 99 --port 8080");
  assert.equal(run.options.n_ctx, "8192");
  const m = vb.openModel("Qwen3-8B-Q4_K_M");
  assert.match(vb.launch(m, on, "llama-server").text, /^llama-server .* -c 4096 /);
  assert.throws(() => vb.launch(m, on, "word"), refused("bad_argument", /llama-server, ollama/));
  m.close();
  const log = "llama_kv_cache:      CUDA0 KV buffer size =   576.00 MiB\n";
  assert.equal(vb.check(log).schema, 1);
  assert.throws(() => vb.check("nothing of this kind\n"), refused("bad_file", /none of its 1 lines/));
});

test("after a trap the module says so, and another can be loaded", async () => {
  const one = await load();
  const m = one.openModel("Qwen3-8B-Q4_K_M");
  m.handle = 0x7fffff00; // no model: beyond the module's memory
  assert.throws(() => one.plan(m, on), WebAssembly.RuntimeError);
  assert.equal(one.broken, true);
  const next = await load();
  assert.equal(next.plan(next.openModel("Qwen3-8B-Q4_K_M"), on).verdict, "fits");
});
