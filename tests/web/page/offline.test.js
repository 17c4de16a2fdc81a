// Without a network, from a folder, after a trap, in another language: the page still answers.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, it } from "node:test";
import { pathToFileURL } from "node:url";
import { dist, settled, shorten_waits, start } from "./browser.js";
import { serve_folder } from "./site.js";

let chrome;
before(async () => {
  chrome = await start();
});
after(() => chrome?.close());

const verdict = (page) => page.locator(".verdict p").first().innerText();

it("a second visit needs no server", async () => {
  const site = await serve_folder(dist);
  const context = await chrome.browser.newContext();
  const page = await context.newPage();
  await page.goto(`${site.address}/`);
  await settled(page);
  await page.evaluate(() => navigator.serviceWorker.ready);
  await page.waitForFunction(
    async () =>
      (await caches.keys()).length === 1 &&
      (await (await caches.open((await caches.keys())[0])).keys()).length >= 5,
  );
  site.close();
  await context.setOffline(true);
  await page.goto(`${site.address}/#model=Qwen3-8B-Q4_K_M&gpu=rtx-3060`);
  await page.reload();
  await settled(page);
  assert.match(await verdict(page), /Fits\s+40,960 tokens/);
  await context.close();
});

it("the one-file page is opened from a folder", async () => {
  const context = await chrome.browser.newContext();
  const page = await context.newPage();
  const problems = [];
  page.on("console", (m) => m.type() === "error" && problems.push(m.text()));
  await page.goto(`${pathToFileURL(join(dist, "vrambudget.html"))}#model=Qwen3-8B-Q4_K_M&gpu=rtx-3060`);
  await settled(page);
  assert.match(await verdict(page), /Fits\s+40,960 tokens/);
  assert.deepEqual(problems, []);
  await context.close();
});

it("index.html from a folder says which file does it", async () => {
  const context = await chrome.browser.newContext();
  const page = await context.newPage();
  await page.goto(String(pathToFileURL(join(dist, "index.html"))));
  await page.getByText("open vrambudget.html").waitFor();
  await context.close();
});

/// A core that breaks at a question, as `breaks(event, worker)` does it, is replaced, told of, and the page goes on.
async function breaks(how, told) {
  const context = await chrome.browser.newContext();
  const page = await context.newPage();
  await shorten_waits(page);
  await page.addInitScript(`
    const Real = Worker, breaks = ${how};
    window.started = 0;
    window.Worker = class extends Real {
      constructor(...rest) {
        super(...rest);
        window.started += 1;
        this.addEventListener("message", (event) => {
          if (!window.waits_for_break || event.data.trapped) return;
          window.waits_for_break = false;
          event.stopImmediatePropagation();
          breaks(event, this);
        });
      }
    };
  `);
  await page.goto(`${chrome.site.address}/#model=Qwen3-8B-Q4_K_M&gpu=rtx-3060&n_ctx=4096`);
  await settled(page);
  await page.waitForTimeout(1500);
  const before = await page.evaluate(() => {
    window.waits_for_break = true;
    return window.started;
  });
  await page.locator("#context-range").focus();
  await page.keyboard.press("PageUp");
  await page.waitForFunction(
    (words) => document.querySelector("#answer .problem")?.textContent.includes(words),
    `started anew: ${told}`,
  );
  assert.equal(await page.evaluate(() => window.started), before + 1);
  await page.getByRole("button", { name: "3090", exact: true }).click();
  await settled(page);
  assert.match(await verdict(page), /Fits/);
  await context.close();
}

it("a planner that traps is started anew and told of", () =>
  breaks(
    (event, worker) =>
      worker.dispatchEvent(
        new MessageEvent("message", { data: { id: event.data.id, error: "unreachable", trapped: true } }),
      ),
    "unreachable",
  ));

it("one that hangs is stopped after half a minute", () =>
  breaks(() => {}, "this took longer than half a minute"));

it("numbers are written as the reader's language does", async () => {
  const page = await chrome.open("#model=Qwen3-8B-Q4_K_M&gpu=rtx-3060", { locale: "de-DE" });
  assert.match(await verdict(page), /Fits\s+40\.960 tokens in 10,\d\d GiB of 11,63 GiB/);
  await page.getByLabel("Context in tokens").fill("16.384");
  await page.keyboard.press("Enter");
  await settled(page);
  assert.match(await verdict(page), /16\.384 tokens/);
  await page.context().close();
});

it("everything is reached by keyboard, in the order of the page", async () => {
  const page = await chrome.open();
  const reached = [];
  for (let i = 0; i < 70; ++i) {
    await page.keyboard.press("Tab");
    reached.push(
      await page.evaluate(
        () =>
          document.activeElement?.getAttribute("aria-label") ??
          document.activeElement?.id ??
          document.activeElement?.textContent,
      ),
    );
    if (i === 0) assert.equal(await page.evaluate(() => document.activeElement.textContent), "To the answer");
  }
  const wanted = [
    "Model: a name, a Hugging Face repository or an address",
    "Add a card",
    "Context in tokens",
  ];
  const places = wanted.map((name) => reached.indexOf(name));
  assert.ok(
    places.every((p) => p >= 0),
    `${places}`,
  );
  assert.deepEqual(
    [...places].sort((a, b) => a - b),
    places,
  );
  // A term's meaning is shown when its name has the focus.
  await page.locator(".term").first().focus();
  assert.match(
    await page.locator(".explained").innerText(),
    /the model's tensors, as they lie in the file\. exact: computed as the engine allocates it/,
  );
  await page.context().close();
});
