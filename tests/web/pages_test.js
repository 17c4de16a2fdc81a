// The JavaScript on the pages runs.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { load } from "./module.js";
import { llama, small_shape } from "./gguf.js";

const root = new URL("../../", import.meta.url);

/// What a page's snippets print, without their imports.
async function printed(page) {
  const text = await readFile(new URL(page, root), "utf8");
  const snippets = [...text.matchAll(/^```js\n(.*?)^```$/gms)].map((m) => m[1].replace(/^import .*$/gm, ""));
  assert(snippets.length > 0, page);
  const lines = [];
  const { header, size } = llama(small_shape);
  const whole = new Uint8Array(size);
  whole.set(header);
  const given = { load, readFile: async () => whole, console: { log: (...all) => lines.push(all) } };
  for (const code of snippets)
    await new Function(...Object.keys(given), `return (async () => {${code}})();`)(...Object.values(given));
  return lines;
}

test("those of the README", async () => {
  assert.deepEqual(await printed("README.md"), [["fits"]]);
});

test("those of the page on libraries", async () => {
  const [[verdict, terms, line], [largest]] = await printed("docs/library.md");
  assert.equal(verdict, "fits");
  assert(terms.some((t) => t.term === "kv_cache"));
  assert.match(line, /^llama-server /);
  assert.equal(largest, 8192); // its training length
});
