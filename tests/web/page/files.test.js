// Local files, of which only the header is read: whole, in parts, with a projector, damaged.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { settled, start } from "./browser.js";
import { llama } from "../gguf.js";

let chrome, folder;
before(async () => {
  chrome = await start();
  folder = mkdtempSync(join(tmpdir(), "vrambudget-page-"));
});
after(async () => {
  await chrome?.close();
  rmSync(folder, { recursive: true, force: true });
});

/// A file of which only the header lies on the disk.
function sparse(name, { header, size }) {
  const path = join(folder, name);
  writeFileSync(path, header);
  truncateSync(path, size);
  return path;
}

const pick = (page, paths) => page.locator("input[type=file][aria-label^=GGUF]").setInputFiles(paths);
const alert = (page) => page.getByRole("alert").first().innerText();

describe("a local file", () => {
  it("of 16 GiB is read in under 200 ms and planned", async () => {
    const page = await chrome.open();
    const model = llama({ n_layer: 40 });
    assert.ok(model.size > 16 * 2 ** 30);
    const path = sparse("Sixteen.gguf", model);
    await page.evaluate(() => {
      const slice = File.prototype.slice;
      window.read = 0;
      File.prototype.slice = function (from, to) {
        window.read += to - from;
        return slice.call(this, from, to);
      };
      new MutationObserver(() => {
        const said = document.querySelector("#model-title ~ .quiet")?.textContent ?? "";
        if (window.chosen && said.includes("40 layers")) window.shown ??= performance.now();
      }).observe(document.body, { subtree: true, childList: true, characterData: true });
      document
        .querySelector("input[type=file][aria-label^=GGUF]")
        .addEventListener("change", () => (window.chosen = performance.now()), true);
    });
    await pick(page, path);
    await page.waitForFunction(() => window.shown);
    const { ms, read } = await page.evaluate(() => ({ ms: window.shown - window.chosen, read: window.read }));
    console.log(`header of a sparse file of 16 GiB: ${ms.toFixed(0)} ms, ${read} bytes read`);
    assert.ok(ms < 200, `${ms} ms`);
    assert.ok(read < 4 * 2 ** 20);
    await settled(page);
    assert.match(decodeURIComponent(page.url()), /model=local:Sixteen\.gguf/);
    await page.getByText("llama-server -m Sixteen.gguf").waitFor();
    await page.context().close();
  });

  it("is dropped anywhere on the page, with its projector; a picture is told", async () => {
    const page = await chrome.open();
    // real files get into a page by an input alone
    await page.evaluate(() => {
      const input = Object.assign(document.createElement("input"), { type: "file", multiple: true, id: "held" });
      input.style.display = "none";
      document.body.append(input);
    });
    const drop = async (...paths) => {
      await page.locator("#held").setInputFiles(paths);
      await page.evaluate(() => {
        const data = new DataTransfer();
        for (const file of document.querySelector("#held").files) data.items.add(file);
        for (const type of ["dragover", "drop"])
          document.body.dispatchEvent(
            new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true }),
          );
      });
    };
    await drop(sparse("Dropped.gguf", llama()));
    await page.waitForFunction(() => decodeURIComponent(location.hash).includes("model=local:Dropped.gguf"));
    await settled(page);
    await page.getByText("llama-server -m Dropped.gguf").waitFor();
    await drop(sparse("Beside.gguf", llama()), sparse("mmproj-Beside.gguf", llama({ n_layer: 1 })));
    await page.waitForFunction(() => decodeURIComponent(location.hash).includes("mmproj=local:mmproj-Beside.gguf"));
    assert.match(decodeURIComponent(page.url()), /model=local:Beside\.gguf/);
    await drop(sparse("holiday.png", { header: new Uint8Array(10), size: 10 }));
    await page.waitForFunction(() =>
      /holiday\.png is no \.gguf file/.test(document.querySelector("[role=alert]")?.textContent),
    );
    assert.match(decodeURIComponent(page.url()), /model=local:Beside\.gguf/);
    await page.context().close();
  });

  it("is asked for where a link names one of somebody else", async () => {
    const page = await chrome.open("#model=local:Theirs.gguf&gpu=rtx-3090");
    assert.match(await alert(page), /Theirs\.gguf is a file of whoever made this link: choose yours/);
    await pick(page, sparse("Theirs.gguf", llama()));
    await page.waitForSelector(".verdict.yes, .verdict.tight, .verdict.no");
    await page.context().close();
  });

  it("that is none, is cut, is empty or has ten million strings gets a sentence, and the page goes on", async () => {
    const page = await chrome.open();
    const { header, size } = llama();
    const cases = [
      [
        "text.gguf",
        { header: new TextEncoder().encode("good morning".repeat(100)), size: 1200 },
        /GGUF|magic/i,
      ],
      [
        "cut.gguf",
        { header: header.slice(0, 50_000), size: 50_000 },
        /cut|ends|truncated|file has|more than/i,
      ],
      ["empty.gguf", { header: new Uint8Array(), size: 0 }, /ends|empty|GGUF/i],
      ["short.gguf", { header, size: header.length + 1000 }, /./],
      ["strings.gguf", llama({ strings: 10_000_000 }), /./],
      ["picture.png", { header: new Uint8Array(10), size: 10 }, /picture\.png is no \.gguf file/],
    ];
    for (const [name, content, pattern] of cases) {
      await pick(page, sparse(name, content));
      await page.waitForFunction(
        (n) =>
          [...document.querySelectorAll("[role=alert], .verdict p")].some((e) => e.textContent.length > 5) &&
          (!n.endsWith(".gguf") || location.hash.includes(n) || document.querySelector("[role=alert]")),
        name,
      );
      await page.waitForFunction(
        () => !/Opening|read$/.test(document.querySelector("#model-title ~ .quiet")?.textContent ?? ""),
        null,
        { timeout: 30_000 },
      );
      const said = await page.locator("[role=alert], .verdict p").first().innerText();
      console.log(`${name}: ${said}`);
      assert.match(said, pattern, name);
    }
    await pick(page, sparse("Good.gguf", { header, size }));
    await page.waitForSelector(".verdict.yes");
    await settled(page);
    await page.context().close();
  });

  it("in parts needs all of them", async () => {
    const page = await chrome.open();
    const part = (no) => sparse(`Half-0000${no + 1}-of-00002.gguf`, llama({ part: { no, count: 2 } }));
    await pick(page, part(0));
    await page.waitForSelector("#answer .problem");
    assert.match(
      await alert(page),
      /one of 2 parts: choose all of them at once\. Missing: Half-00002-of-00002\.gguf/,
    );
    await pick(page, [part(1), part(0)]);
    await page.waitForFunction(() =>
      document.querySelector("#model-title ~ .quiet")?.textContent.includes("7.24 B"),
    );
    await settled(page);
    assert.match(
      await page.locator("[aria-label='Terms of CUDA0']").innerText(),
      /weights\s+13,5\d\d\.\d MiB\s+exact/,
    );
    await page.context().close();
  });

  it("named mmproj beside a model is its projector", async () => {
    const page = await chrome.open();
    await pick(page, [sparse("Seeing.gguf", llama()), sparse("mmproj-Seeing.gguf", llama({ n_layer: 1 }))]);
    await page.waitForFunction(() =>
      decodeURIComponent(location.hash).includes("mmproj=local:mmproj-Seeing.gguf"),
    );
    assert.match(decodeURIComponent(page.url()), /model=local:Seeing\.gguf/);
    await page.context().close();
  });
});
