// The planner in a browser's worker or in node: the C ABI (vrambudget.h) with objects for JSON. Every call is synchronous.
import { Files } from "./files.js";

const ok = 0;
const statusNames = {
  1: "bad_file", 2: "bad_argument", 3: "unsupported", 4: "not_found", 5: "io", 6: "overflow", 8: "stopped", 70: "internal",
};

/// What the planner refuses, in one line. `status`: "bad_file", "bad_argument", "unsupported", "not_found", "io", "overflow",
/// "stopped", or "internal", a bug of ours; `code`: the number that vrambudget.h has for it.
export class VramBudgetError extends Error {
  constructor(status, message) {
    super(message);
    this.name = "VramBudgetError";
    this.status = statusNames[status] ?? "internal";
    this.code = status;
  }
}

/// Loads the module. `source`: an address, a Response, bytes, or a WebAssembly.Module.
export async function load(source = new URL("./vrambudget.wasm", import.meta.url)) {
  const module = await moduleOf(source);
  const files = new Files();
  const instance = await WebAssembly.instantiate(module, files.imports());
  files.attach(instance.exports.memory);
  instance.exports._initialize();
  return new Planner(instance.exports, files);
}

async function moduleOf(source) {
  if (source instanceof WebAssembly.Module) return source;
  if (source instanceof ArrayBuffer || ArrayBuffer.isView(source)) return WebAssembly.compile(source);
  if (typeof Response !== "undefined" && source instanceof Response) return compiled(source);
  const url = new URL(source, import.meta.url);
  if (url.protocol === "file:" && typeof process !== "undefined") {
    const { readFile } = await import("node:fs/promises");
    return WebAssembly.compile(await readFile(url));
  }
  return compiled(await fetch(url));
}

async function compiled(response) {
  if (!response.ok) throw new VramBudgetError(5, `${response.url}: the server says ${response.status}`);
  const type = response.headers.get("content-type") ?? "";
  if (type.startsWith("application/wasm")) return WebAssembly.compileStreaming(response);
  return WebAssembly.compile(await response.arrayBuffer());
}

/// A model whose header was read. close() it when it is no longer needed.
export class Model {
  #planner;
  constructor(planner, handle) {
    this.#planner = planner;
    this.handle = handle;
    this.summary = planner.json("vrambudget_model_json", handle);
  }
  close() {
    if (this.handle) this.#planner.abi.vrambudget_close_model(this.handle);
    this.handle = 0;
  }
}

/// What can be asked. Options are objects whose keys are llama-server's options without their dashes, as
/// vrambudget_options() lists them, and "gpu", "free", "os", ...: {gpu: ["3090"], ctx_size: 32768, ctk: "q8_0"}.
///
/// A trap of the module, a WebAssembly.RuntimeError, leaves it of no use: `broken` is true then, and load() makes another.
export class Planner {
  broken = false;

  constructor(abi, files) {
    this.abi = abi;
    this.files = files;
    this.version = this.#textAt(abi.vrambudget_version());
  }

  /// {least, likely}: see vrambudget_header_extent().
  headerExtent(bytes) {
    return this.#with((use) => {
      const [at, least, likely] = [use.bytes(bytes), use.room(8), use.room(8)];
      this.#call("vrambudget_header_extent", use, at, BigInt(bytes.length), least, likely);
      const v = this.#view();
      return { least: Number(v.getBigUint64(least, true)), likely: Number(v.getBigUint64(likely, true)) };
    });
  }

  /// A file that is found by this path from now on: its beginning, with the whole header, and its size.
  addFile(path, bytes, size) {
    this.files.add(path, bytes, size);
  }
  removeFile(path) {
    this.files.remove(path);
  }

  /// By the name of a catalogued model or of a file that was added.
  openModel(name, options = {}) {
    return this.#with((use) => {
      const at = use.room(4);
      this.#call("vrambudget_open_model", use, use.text(name), use.json(options), at);
      return new Model(this, this.#view().getUint32(at, true));
    });
  }
  /// By the beginning of its file, with the whole header, and the file's size.
  readModel(bytes, size, name) {
    return this.#with((use) => {
      const at = use.room(4);
      this.#call("vrambudget_read_model", use, use.bytes(bytes), BigInt(bytes.length), BigInt(size), use.text(name), at);
      return new Model(this, this.#view().getUint32(at, true));
    });
  }

  plan(model, options = {}) {
    return this.json("vrambudget_plan", model.handle, options);
  }
  /// {fits, bytes}: what is left on the device with least, or what is missing on all together.
  fits(model, options = {}) {
    return this.#with((use) => {
      const [fits, bytes] = [use.room(4), use.room(8)];
      this.#call("vrambudget_fits", use, model.handle, use.json(options), fits, bytes);
      const v = this.#view();
      return { fits: v.getUint32(fits, true) === 1, bytes: Number(v.getBigUint64(bytes, true)) };
    });
  }
  /// The largest context that fits; 0: none does.
  maxContext(model, options = {}) {
    return this.#with((use) => {
      const at = use.room(4);
      this.#call("vrambudget_max_context", use, model.handle, use.json(options), at);
      return this.#view().getUint32(at, true);
    });
  }
  bestRuns(model, options = {}) {
    return this.json("vrambudget_best_runs", model.handle, options);
  }
  trade(model, options = {}) {
    return this.json("vrambudget_trade", model.handle, options);
  }
  cards(model, options = {}) {
    return this.json("vrambudget_cards", model.handle, options);
  }
  /// {text, notes} for "llama-server", "ollama", "koboldcpp" or "lmstudio".
  launch(model, options, program) {
    return this.json("vrambudget_launch", model.handle, options, program);
  }
  rank(options = {}, { family = null, minCtx = 0 } = {}) {
    return this.json("vrambudget_rank", options, family, minCtx);
  }
  compareFiles(names, options = {}) {
    return this.#with((use) => this.#answer(use, "vrambudget_compare_files", use.texts(names), BigInt(names.length), use.json(options)));
  }
  together(models, options = {}) {
    return this.#with((use) => this.#answer(use, "vrambudget_together", use.handles(models), BigInt(models.length), use.json(options)));
  }
  recipe(name, recipe = {}, options = {}) {
    return this.json("vrambudget_recipe", name, recipe, options);
  }
  inspect(name, { other = null, keys = null } = {}, options = {}) {
    return this.json("vrambudget_inspect", name, other, keys, options);
  }
  check(log, model = null, options = {}, engine = null) {
    return this.#with((use) => this.#answer(use, "vrambudget_check", use.text(log), model?.handle ?? 0, use.json(options), engine ? use.text(engine) : 0));
  }
  gpus(name = null) {
    return this.json("vrambudget_gpus", name);
  }
  models() {
    return this.json("vrambudget_models");
  }
  modelFiles(name) {
    return this.json("vrambudget_model_files", name);
  }
  options() {
    return this.json("vrambudget_options");
  }
  findRuns(text) {
    return this.json("vrambudget_find_runs", text);
  }

  /// {columns: {NAME: Float64Array}, refused, n_budgets}. Sizes up to 2^53 bytes are exact.
  sweep(models, grid, options = {}) {
    return this.#with((use) => {
      const at = use.room(4);
      const list = use.handles(models);
      this.#call("vrambudget_sweep", use, list, BigInt(models.length), use.json(grid), use.json(options), 0, 0, at);
      const table = this.#view().getUint32(at, true);
      try {
        const { columns, ...rest } = JSON.parse(this.#take(use, "vrambudget_table_json", table));
        for (const name of Object.keys(columns)) columns[name] = this.#column(use, table, name);
        return { columns, ...rest };
      } finally {
        this.abi.vrambudget_close_table(table);
      }
    });
  }
  #column(use, table, name) {
    const [values, n] = [use.room(4), use.room(8)];
    this.#call("vrambudget_table_column", use, table, use.text(name), values, n);
    const v = this.#view();
    const rows = Number(v.getBigUint64(n, true));
    return Float64Array.from(new BigInt64Array(this.abi.memory.buffer, v.getUint32(values, true), rows), Number);
  }

  /// The answer of a function as text, which is JSON: objects become JSON, null stays.
  text(name, ...args) {
    return this.#with((use) => {
      const given = args.map((a) =>
        a === null ? 0 : typeof a === "string" ? use.text(a) : typeof a === "object" ? use.json(a) : a);
      return this.#take(use, name, ...given);
    });
  }
  json(name, ...args) {
    return JSON.parse(this.text(name, ...args));
  }

  #answer(use, name, ...args) {
    return JSON.parse(this.#take(use, name, ...args));
  }
  #take(use, name, ...args) {
    const out = use.room(4);
    this.#call(name, use, ...args, out);
    const at = this.#view().getUint32(out, true);
    const text = this.#textAt(at);
    this.abi.vrambudget_free(at);
    return text;
  }
  #call(name, use, ...args) {
    const error = use.room(4);
    let status;
    try {
      status = this.abi[name](...args, error);
    } catch (trap) {
      this.broken = true;
      throw trap;
    }
    if (status === ok) return;
    const at = this.#view().getUint32(error, true);
    const message = at ? this.#textAt(at) : "no memory to say why";
    this.abi.vrambudget_free(at);
    throw new VramBudgetError(status, message);
  }

  /// What a call needs in the module's memory, until it is over.
  #with(work) {
    const taken = [];
    const room = (n) => {
      const at = this.abi.malloc(n);
      if (!at) throw new VramBudgetError(70, `no memory for ${n} bytes`);
      taken.push(at);
      new Uint8Array(this.abi.memory.buffer, at, n).fill(0);
      return at;
    };
    const bytes = (b) => {
      const at = room(b.length || 1);
      new Uint8Array(this.abi.memory.buffer).set(b, at);
      return at;
    };
    const text = (t) => bytes(new TextEncoder().encode(`${t}\0`));
    const pointers = (all) => {
      const at = room(4 * all.length || 1);
      all.forEach((p, i) => this.#view().setUint32(at + 4 * i, p, true));
      return at;
    };
    try {
      return work({
        room, bytes, text,
        json: (o) => text(JSON.stringify(o)),
        texts: (all) => pointers(all.map(text)),
        handles: (models) => pointers(models.map((m) => m.handle)),
      });
    } finally {
      if (!this.broken) taken.forEach((at) => this.abi.free(at));
    }
  }
  #view() {
    return new DataView(this.abi.memory.buffer);
  }
  #textAt(at) {
    const memory = new Uint8Array(this.abi.memory.buffer);
    return new TextDecoder().decode(memory.subarray(at, memory.indexOf(0, at)));
  }
}
