// Models on servers: a repository's list, ranges, and hosts that refuse, ignore or hide something.
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { settled, shorten_waits, start } from "./browser.js";
import { llama } from "../gguf.js";
import { serve_with } from "./site.js";

const { header, size } = llama();
let chrome, page;
before(async () => {
  chrome = await start();
});
after(() => chrome?.close());
beforeEach(async () => {
  await page?.context().close();
  page = await chrome.open();
});

/// Bytes of a file whose data are all zeros.
function bytes_of(from, to) {
  const all = Buffer.alloc(to - from);
  if (from < header.length) all.set(header.subarray(from, Math.min(to, header.length)));
  return all;
}

const cors = {
  "Access-Control-Allow-Origin": "*",
  "Access-Control-Allow-Headers": "Range",
  "Access-Control-Expose-Headers": "Content-Range, Content-Length, Link",
};

function answer_range(request, response, headers = cors) {
  if (request.method === "OPTIONS") return response.writeHead(204, headers).end();
  if (request.method === "HEAD") return response.writeHead(200, { ...headers, "Content-Length": size }).end();
  const [, from, to] = /bytes=(\d+)-(\d+)/.exec(request.headers.range).map(Number);
  const end = Math.min(to + 1, size);
  return response
    .writeHead(206, {
      ...headers,
      "Content-Range": `bytes ${from}-${end - 1}/${size}`,
      "Content-Length": end - from,
    })
    .end(bytes_of(from, end));
}

async function ask_for(text) {
  const model = page.getByRole("combobox", { name: /^Model/ });
  await model.click();
  await model.fill(text);
  await page.keyboard.press("Enter");
}

async function refusal() {
  await page.waitForSelector("#answer .problem, .repository .problem");
  return page.locator("#answer .problem, .repository .problem").first().innerText();
}

/// Still alive: a model of the catalogue is planned.
async function goes_on() {
  await ask_for("Qwen3-8B");
  await page.waitForSelector(".verdict.yes");
}

/// Hugging Face, as far as a page asks it.
async function hub(files, { list_status = 200, file_status = 206 } = {}) {
  await page.route("https://huggingface.co/**", (route) => {
    const url = new URL(route.request().url());
    if (url.pathname.startsWith("/api/"))
      return route.fulfill({
        status: list_status,
        headers: cors,
        json: list_status === 200 ? files : { error: "no" },
      });
    if (file_status !== 206) return route.fulfill({ status: file_status, headers: cors, body: "" });
    const [, from, to] = /bytes=(\d+)-(\d+)/.exec(route.request().headers().range).map(Number);
    return route.fulfill({
      status: 206,
      headers: { ...cors, "Content-Range": `bytes ${from}-${to}/${size}` },
      body: bytes_of(from, Math.min(to + 1, size)),
    });
  });
}
const list = [
  { type: "directory", path: "BF16" },
  { type: "file", path: "README.md", size: 10 },
  { type: "file", path: "Model-Q8_0.gguf", size: 135, lfs: { size: size + 5 } },
  { type: "file", path: "Model-Q4_K_M.gguf", size: 135, lfs: { size } },
  { type: "file", path: "BF16/Model-BF16-00001-of-00002.gguf", size: 135, lfs: { size } },
  { type: "file", path: "BF16/Model-BF16-00002-of-00002.gguf", size: 135, lfs: { size } },
];

describe("a repository", () => {
  it("shows its files, and the chosen one is planned from its header", async () => {
    await hub(list);
    await ask_for("org/Model-GGUF");
    const files = page.locator(".repository .files li");
    await files.first().waitFor();
    assert.deepEqual(
      (await files.allInnerTexts()).map((t) => t.replace(/\s+/g, " ")),
      ["Model-Q4_K_M 13.49 GiB", "Model-Q8_0 13.49 GiB", "Model-BF16 26.98 GiB, 2 parts"],
    );
    await files.first().getByRole("button").click();
    await page.waitForFunction(() =>
      document.querySelector("#model-title ~ .quiet")?.textContent.includes("7.24 B"),
    );
    await settled(page);
    assert.match(decodeURIComponent(page.url()), /model=hf:org\/Model-GGUF\/Model-Q4_K_M\.gguf/);
    await page.getByText("-hf org/Model-GGUF -hff Model-Q4_K_M.gguf").waitFor();
  });

  it("of a pasted line is the catalogue's model where it cannot be reached", async () => {
    await page.route("https://huggingface.co/**", (route) => route.abort());
    await page.getByText("Paste a command line").click();
    await page
      .getByPlaceholder(/^llama-server -hf/)
      .fill(
        "llama-server -hf unsloth/Qwen3.6-27B-GGUF:UD-Q4_K_XL -c 65536 -ctk q8_0 -ctv q8_0 -ngl 99 -np 1 --jinja",
      );
    await page.waitForFunction(() => /65,536/.test(document.querySelector(".verdict")?.innerText ?? ""));
    await settled(page);
    assert.match(
      await page.locator(".verdict p").first().innerText(),
      /Fits\s+65,536 tokens in 18\.\d\d GiB/,
    );
  });

  it("of a pasted line is read where it can be, by its quantization", async () => {
    await hub(list);
    await page.getByText("Paste a command line").click();
    await page.getByPlaceholder(/^llama-server -hf/).fill("llama-server -hf org/Model-GGUF:Q8_0 -c 8192");
    await page.waitForFunction(() =>
      document.querySelector("#model-title ~ .quiet")?.textContent.includes("7.24 B"),
    );
    await settled(page);
    assert.match(await page.locator(".verdict p").first().innerText(), /Fits\s+8,192 tokens/);
    await page.getByText("llama-server -hf org/Model-GGUF:Q8_0").waitFor();
  });

  it("that is gated, missing or empty gets a sentence", async () => {
    await hub(list, { list_status: 401 });
    await ask_for("org/Gated-GGUF");
    assert.match(await refusal(), /org\/Gated-GGUF wants a token \(401\): it is gated, private or not there/);
    await page.unrouteAll();
    await hub([{ type: "file", path: "README.md", size: 1 }]);
    await ask_for("org/Empty-GGUF");
    await page.waitForFunction(() =>
      /has no GGUF files/.test(document.querySelector(".repository .problem")?.textContent),
    );
    await page.unrouteAll();
    await hub(list, { file_status: 403 });
    await ask_for("org/Half-GGUF");
    await page.locator(".repository .files button").first().click();
    await page.waitForFunction(() =>
      /wants a token for this \(403\)/.test(document.querySelector("#answer .problem")?.textContent),
    );
    await goes_on();
  });
});

describe("an address", () => {
  it("is read by ranges", async () => {
    const server = await serve_with((request, response) => answer_range(request, response));
    await ask_for(`${server.address}/dir/Remote.gguf`);
    await page.waitForFunction(() =>
      document.querySelector("#model-title ~ .quiet")?.textContent.includes("7.24 B"),
    );
    await settled(page);
    assert.ok(server.requests.every((r) => r.method !== "GET" || r.range));
    server.close();
  });

  it("of a host that hides lengths is asked for its size", async () => {
    const hiding = { "Access-Control-Allow-Origin": "*", "Access-Control-Allow-Headers": "Range" };
    const server = await serve_with((request, response) => answer_range(request, response, hiding));
    await ask_for(`${server.address}/Hidden.gguf`);
    await page.waitForFunction(() =>
      document.querySelector("#model-title ~ .quiet")?.textContent.includes("7.24 B"),
    );
    assert.ok(server.requests.some((r) => r.method === "HEAD"));
    server.close();
  });

  it("of a host that ignores ranges is read to the header's end and cut off", async () => {
    let ended;
    const closed = new Promise((resolve) => (ended = resolve));
    const server = await serve_with((request, response) => {
      if (request.method === "OPTIONS") return response.writeHead(204, cors).end();
      response.writeHead(200, { ...cors, "Content-Length": size });
      response.write(header);
      const chunk = Buffer.alloc(1 << 20);
      const timer = setInterval(() => response.writableNeedDrain || response.write(chunk), 5);
      return response.on("close", () => {
        clearInterval(timer);
        ended();
      });
    });
    await ask_for(`${server.address}/Whole.gguf`);
    await page.waitForFunction(() =>
      document.querySelector("#model-title ~ .quiet")?.textContent.includes("7.24 B"),
    );
    await closed;
    console.log(`a host that ignores ranges sent ${server.state.sent} of ${size} bytes`);
    assert.ok(server.state.sent < 64 * 2 ** 20);
    server.close();
  });

  it("of a host without CORS, without the file, or that is no model gets a sentence", async () => {
    const silent = await serve_with((request, response) => response.writeHead(200).end("x"));
    await ask_for(`${silent.address}/NoCors.gguf`);
    assert.match(await refusal(), /does not allow other sites to read it \(CORS\)/);
    const missing = await serve_with((request, response) =>
      response.writeHead(request.method === "OPTIONS" ? 204 : 404, cors).end(),
    );
    await ask_for(`${missing.address}/Gone.gguf`);
    await page.waitForFunction(() =>
      /There is no such file on/.test(document.querySelector("#answer .problem")?.textContent),
    );
    const text = await serve_with((request, response) =>
      response
        .writeHead(200, cors)
        .end(request.method === "OPTIONS" ? "" : "<!doctype html><p>Not found</p>".repeat(9)),
    );
    await ask_for(`${text.address}/Text.gguf`);
    await page.waitForFunction(() => /GGUF/.test(document.querySelector("#answer .problem")?.textContent));
    await goes_on();
    for (const server of [silent, missing, text]) server.close();
  });

  it("that sends the beginning and then nothing is given up", async () => {
    await page.context().close();
    page = await chrome.open("", {}, false);
    await shorten_waits(page);
    await page.reload();
    await settled(page);
    const server = await serve_with((request, response) => {
      if (request.method !== "GET") return answer_range(request, response);
      response.writeHead(206, { ...cors, "Content-Range": `bytes 0-${2 ** 21 - 1}/${size}` });
      response.write(bytes_of(0, 1000));
    });
    await ask_for(`${server.address}/stalls.gguf`);
    assert.match(await refusal(), /127\.0\.0\.1:\d+ has sent nothing for 20 seconds: given up/);
    await goes_on();
    server.close();
  });
});
