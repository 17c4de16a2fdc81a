// Builds the page into dist/: hashed files for a static host, and vrambudget.html with everything in one file.
// VRAMBUDGET_PACKAGE: the folder of vrambudget.js and vrambudget.wasm, if not build/web/package of this tree.
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";

const here = dirname(fileURLToPath(import.meta.url));
const package_folder = process.env.VRAMBUDGET_PACKAGE ?? join(here, "../../../build/web/package");
const dist = join(here, "dist");
const most_brotli_bytes = 60_000;

/// Cards that are not NVIDIA's and can be planned for: [id, name, vendor, sizes in GiB].
function other_cards() {
  const rows = JSON.parse(readFileSync(join(here, "../../../data/other_gpus.json"), "utf8"));
  return rows
    .filter((g) => ["AMD", "Intel", "Apple"].includes(g.vendor) && g.memory_choices_bytes?.length)
    .map((g) => [g.id, g.name, g.vendor, g.memory_choices_bytes.map((b) => Math.round(b / 2 ** 30))]);
}

async function bundle(entry, define = {}) {
  const { outputFiles } = await build({
    entryPoints: [join(here, "src", entry)],
    bundle: true,
    minify: true,
    write: false,
    format: "iife",
    target: "es2022",
    legalComments: "none",
    jsx: "automatic",
    jsxImportSource: "preact",
    external: ["node:*"],
    alias: { vrambudget: join(package_folder, "vrambudget.js") },
    define: {
      "import.meta.url": "self.location.href",
      ...Object.fromEntries(Object.entries(define).map(([k, v]) => [k, JSON.stringify(v)])),
    },
    logLevel: "warning",
  });
  return outputFiles[0].text;
}

const hash_of = (content) => createHash("sha256").update(content).digest("hex").slice(0, 10);
const written = new Map();
function write(name, content) {
  const [stem, end] = [name.slice(0, name.lastIndexOf(".")), name.slice(name.lastIndexOf("."))];
  const file = `${stem}-${hash_of(content)}${end}`;
  writeFileSync(join(dist, file), content);
  written.set(file, content);
  return file;
}

const html = (parts) =>
  readFileSync(join(here, "src/index.html"), "utf8").replace(/\{\{(\w+)\}\}/g, (_, name) => parts[name]);
const policy = (...more) =>
  [
    "default-src 'none'",
    "img-src data:",
    "connect-src *",
    "base-uri 'none'",
    "form-action 'none'",
    ...more,
  ].join("; ");
const source_hash = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

rmSync(dist, { recursive: true, force: true });
mkdirSync(dist, { recursive: true });

const wasm = readFileSync(join(package_folder, "vrambudget.wasm"));
const module_file = write("vrambudget.wasm", wasm);
const worker = await bundle("worker.js");
const worker_file = write("worker.js", worker);
const script = await bundle("main.jsx", {
  WORKER_FILE: worker_file,
  MODULE_FILE: module_file,
  OTHER_CARDS: other_cards(),
});
const script_file = write("page.js", script);
const style = await bundle("style.css");
const style_file = write("page.css", style);

const index = html({
  policy: policy("script-src 'self' 'wasm-unsafe-eval'", "style-src 'self'", "worker-src 'self'"),
  style: `<link rel="stylesheet" href="${style_file}">`,
  script: `<script src="${script_file}" defer></script>`,
});
writeFileSync(join(dist, "index.html"), index);
written.set("index.html", index);

const kept = ["./", ...[...written.keys()].filter((f) => f !== "index.html")];
const service_worker = await bundle("service_worker.js", {
  KEPT_FILES: kept,
  KEPT_VERSION: hash_of([...written.keys()].join() + hash_of(index)),
});
writeFileSync(join(dist, "service_worker.js"), service_worker);
written.set("service_worker.js", service_worker);

// A script's text must not end the element that it is in.
const inside = (text) => text.replaceAll("</script", "<\\/script");
const main_text = inside(script);
writeFileSync(
  join(dist, "vrambudget.html"),
  html({
    policy: policy(
      `script-src ${source_hash(main_text)} 'wasm-unsafe-eval' blob:`,
      `style-src ${source_hash(style)}`,
      "worker-src blob:",
    ),
    style: `<style>${style}</style>`,
    script: [
      `<script type="text/plain" id="inlined-worker">${inside(worker)}</script>`,
      `<script type="text/plain" id="inlined-module">${gzipSync(wasm, { level: 9 }).toString("base64")}</script>`,
      `<script>${main_text}</script>`,
    ].join("\n"),
  }),
);

let all = 0;
for (const [file, content] of written) {
  const size = brotliCompressSync(content).length;
  if (file !== module_file) all += size;
  console.log(`${String(size).padStart(8)} B brotli  ${file}`);
}
console.log(`${String(all).padStart(8)} B brotli  all but the module, at most ${most_brotli_bytes}`);
if (all > most_brotli_bytes) process.exitCode = 1;
