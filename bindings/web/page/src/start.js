// Where the worker and the module come from: files beside the page, or what is inlined in the one-file page.
/* global WORKER_FILE, MODULE_FILE */
const inlined = (id) => document.getElementById(id)?.textContent;

let module;

async function inlined_module(text) {
  const packed = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return WebAssembly.compile(await new Response(stream).arrayBuffer());
}

async function fetched_module() {
  const response = await fetch(MODULE_FILE);
  if (!response.ok) throw new Error(`${MODULE_FILE}: the server answers ${response.status}`);
  return WebAssembly.compile(await response.arrayBuffer());
}

/// A new worker, and the compiled module, of which there is one.
export async function start_worker() {
  const text = inlined("inlined-module");
  module ??= text ? inlined_module(text) : fetched_module();
  const wasm = await module;
  const code = inlined("inlined-worker");
  if (!code) return { worker: new Worker(WORKER_FILE), wasm };
  const address = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  return { worker: new Worker(address), wasm };
}
