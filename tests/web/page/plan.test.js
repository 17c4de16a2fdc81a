// Choosing, dragging and reading a plan.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { settled, start } from "./browser.js";

let chrome;
before(async () => {
  chrome = await start();
});
after(() => chrome?.close());

const verdict = (page) => page.locator(".verdict p").first().innerText();
const fragment = async (page) => {
  await page.waitForTimeout(400);
  return decodeURIComponent(new URL(page.url()).hash);
};

describe("a plan", () => {
  it("is there at once for a visitor who chose nothing", async () => {
    const page = await chrome.open();
    assert.match(await verdict(page), /Fits\s+119,296 tokens in 23\.54 GiB of 23\.55 GiB; 15\.8 MiB spare/);
    assert.match(await page.locator(".bound").innerText(), /119,296 tokens fit: bound by CUDA0/);
    const terms = await page.locator("[aria-label='Terms of CUDA0']").innerText();
    assert.match(
      terms.replaceAll("\n", " "),
      /weights 15,382\.8 MiB exact KV cache 7,456\.0 MiB exact recurrent state 598\.5 MiB exact/,
    );
    assert.match(
      await page.locator("[aria-labelledby=speed-title]").innerText(),
      /writing, empty context\s+26 to 42/,
    );
    assert.match(await page.locator("[aria-labelledby=fit-title]").innerText(), /96,256 tokens/);
    await page.waitForFunction(() =>
      document.querySelector("[aria-labelledby=launch-title] pre")?.textContent.trim(),
    );
    assert.match(
      await page.locator("[aria-labelledby=launch-title] pre").innerText(),
      /^llama-server -hf unsloth\/Qwen3\.6-27B-GGUF .* -c 119296/,
    );
    assert.deepEqual(page.problems, []);
    await page.context().close();
  });

  it("follows the slider by keyboard, and its link opens the same", async () => {
    const page = await chrome.open("#model=Qwen3-14B-Q4_K_M&gpu=rtx-4070&n_ctx=16384&os=linux");
    assert.match(await verdict(page), /Fits/);
    await page.locator("#context-range").focus();
    for (let i = 0; i < 24; ++i) await page.keyboard.press("PageUp");
    await settled(page);
    assert.match(await verdict(page), /Does not fit/);
    assert.equal(await page.locator("#context-range").getAttribute("aria-valuetext"), "40,960 tokens");
    const link = await fragment(page);
    assert.match(link, /n_ctx=40960/);
    const other = await chrome.open(link);
    assert.equal(await verdict(other), await verdict(page));
    await other.context().close();
    await page.context().close();
  });

  it("has the same figures while one drags as once it stands", async () => {
    const page = await chrome.open("#model=Qwen3-14B-Q4_K_M&gpu=rtx-4070&n_ctx=16384&os=linux");
    await page.locator(".curve svg").waitFor();
    await page.waitForTimeout(1000);
    // Plans are held back, so that what the table says stays to be read.
    await page.evaluate(() => {
      const post = Worker.prototype.postMessage;
      window.held = [];
      Worker.prototype.postMessage = function (message, ...rest) {
        if (window.holds && message.method === "plan")
          window.held.push(() => post.call(this, message, ...rest));
        else post.call(this, message, ...rest);
      };
    });
    const figures = async () => [await verdict(page), await page.locator(".bar-block").first().innerText()];
    for (const n_ctx of ["256", "12,800", "20,736", "20,992", "40,960"]) {
      await page.evaluate(() => (window.holds = true));
      await page.getByLabel("Context in tokens").fill(n_ctx);
      await page.keyboard.press("Enter");
      await page.waitForFunction(
        (n) => document.querySelector(".verdict").innerText.includes(`${n} tokens`),
        n_ctx,
      );
      const [quick, quick_bar] = await figures();
      await page.evaluate(() => {
        window.holds = false;
        for (const post of window.held.splice(0)) post();
      });
      await settled(page);
      const [said, bar] = await figures();
      assert.equal(quick_bar, bar);
      if (/Fits/.test(said)) assert.equal(quick, said);
      else assert.equal(quick.split("\n")[0], said.split("\n")[0]);
    }
    await page.context().close();
  });

  it("has a button for each change that makes it fit", async () => {
    const page = await chrome.open("#model=Qwen3-14B-Q4_K_M&gpu=rtx-4070&n_ctx=32768&os=linux");
    assert.match(
      await verdict(page),
      /Does not fit\s+32,768 tokens: KV cache on CUDA0 asks for 5\.00 GiB, 1\.55 GiB more than is free/,
    );
    const buttons = page.locator(".suggestion");
    assert.match((await buttons.allInnerTexts()).join("\n"), /-ctk q8_0 -ctv q8_0[^]*-c 20736[^]*-ngl 34/);
    await buttons.filter({ hasText: "-ctk q8_0 -ctv q8_0" }).first().click();
    await settled(page);
    assert.match(await verdict(page), /Fits\s+32,768 tokens.*498\.5 MiB spare/);
    assert.match(await fragment(page), /type_k=q8_0&type_v=q8_0/);
    await page.goBack().catch(() => {});
    await page.context().close();
  });

  it("takes another model, file and card by typing", async () => {
    const page = await chrome.open();
    const model = page.getByRole("combobox", { name: /^Model/ });
    await model.click();
    await model.fill("gemma 3 27b");
    await page.keyboard.press("Enter");
    await settled(page);
    assert.match(await fragment(page), /model=Gemma-3-27B-/);
    await page.getByRole("combobox", { name: "File" }).selectOption("Gemma-3-27B-Q8_0");
    const card = page.getByRole("combobox", { name: "Add a card" });
    await card.fill("rtx 5090");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Remove RTX 3090" }).click();
    await settled(page);
    assert.match(await fragment(page), /model=Gemma-3-27B-Q8_0&gpu=rtx-5090/);
    assert.match(await page.locator(".bar-title").first().innerText(), /RTX 5090/);
    await page.getByRole("button", { name: "One RTX 5090 more" }).click();
    await page.waitForSelector("section[aria-label^=CUDA1]");
    await settled(page);
    assert.match(await fragment(page), /gpu=2xrtx-5090/);
    assert.deepEqual(page.problems, []);
    await page.context().close();
  });

  it("is made for chips of other vendors, for cards by numbers, and without a card", async () => {
    const page = await chrome.open("#model=Qwen3-8B-Q4_K_M&gpu=radeon-rx-7900-xtx&n_ctx=8192&os=linux");
    assert.match(await page.locator(".bar-title").first().innerText(), /Vulkan0.*7900 XTX/);
    const card = page.getByRole("combobox", { name: "Add a card" });
    await card.fill("apple m4 max 64");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: /Remove.*7900/ }).click();
    await settled(page);
    assert.match(await page.locator(".bar-title").first().innerText(), /MTL0.*M4 Max 64 GB/);
    await page.getByText("A card that is not listed").click();
    await page.getByLabel("Memory", { exact: true }).fill("3072MiB");
    await page.getByLabel("Compute capability").fill("6.1");
    await page.getByLabel("Multiprocessors").fill("6");
    await page.getByRole("button", { name: "Add it" }).click();
    await page.getByRole("button", { name: /Remove.*M4 Max/ }).click();
    await settled(page);
    assert.match(await fragment(page), /gpu=name=card,total=3072MiB,cc=6\.1,sm=6/);
    assert.match(await verdict(page), /Does not fit/);
    await page.getByRole("button", { name: /^Remove/ }).click();
    await settled(page);
    assert.match(await verdict(page), /of main memory|Fits/);
    assert.match(await page.locator(".bar-title").first().innerText(), /^host/);
    assert.deepEqual(page.problems, []);
    await page.context().close();
  });

  it("takes settings from fields, from the curve and from the trade table", async () => {
    const page = await chrome.open();
    await page.getByRole("button", { name: "KV q8_0" }).first().click();
    await settled(page);
    assert.match(await verdict(page), /200,192 tokens/);
    await page.getByRole("textbox", { name: "Slots" }).fill("1");
    await page.keyboard.press("Tab");
    await settled(page);
    assert.match(await verdict(page), /Fits\s+21\d,\d{3} tokens/);
    await page.locator("[aria-labelledby=trade-title]").getByRole("button", { name: "KV f16" }).click();
    await page.getByRole("button", { name: "128,512 tokens: plan this" }).click();
    await settled(page);
    assert.match(await fragment(page), /n_ubatch=256/);
    assert.match(await verdict(page), /Fits\s+128,512 tokens/);
    await page.getByText("All other settings").click();
    await page.getByPlaceholder("Find a setting").fill("mmap");
    await page.locator(".all-settings label", { hasText: "--no-mmap" }).locator("input").check();
    await settled(page);
    assert.match(await fragment(page), /mmap=false/);
    assert.match(await page.locator("[aria-label='Terms of host']").innerText(), /exact, pinned|anonymous/);
    await page.context().close();
  });

  it("reads a pasted command line", async () => {
    const page = await chrome.open();
    await page.getByText("Paste a command line").click();
    await page
      .getByPlaceholder(/^llama-server -hf/)
      .fill("llama-server -m Qwen3-8B-Q4_K_M.gguf -c 16k -ctk q8_0 -ctv q8_0 -np 1 --jinja");
    await page.waitForFunction(() =>
      /16,384|16,000/.test(document.querySelector(".verdict")?.innerText ?? ""),
    );
    await settled(page);
    assert.match(await fragment(page), /model=Qwen3-8B-Q4_K_M.*n_parallel=1.*type_k=q8_0/);
    await page.getByPlaceholder(/^llama-server -hf/).fill("good morning");
    assert.match(await page.getByRole("alert").innerText(), /no run is in it/);
    await page.context().close();
  });

  it("has desktops, and files beside the model", async () => {
    const page = await chrome.open("#model=Qwen3-14B-Q4_K_M&gpu=rtx-3090&n_ctx=16384&os=linux");
    await page.getByLabel("Desktop on the card").selectOption("heavy");
    await settled(page);
    assert.match(await fragment(page), /display=heavy/);
    assert.match(await page.locator(".bar-title").first().innerText(), /of 21\.\d\d GiB/);
    await page.getByText("Projector, draft, adapters").click();
    await page.getByRole("textbox", { name: "Draft model" }).fill("Qwen3-0.6B-Q8_0");
    await page.keyboard.press("Tab");
    await page.locator("[aria-label='Terms of CUDA0']").getByText("draft: weights").waitFor();
    await page.getByRole("button", { name: "Copy link" }).click();
    await page.getByText("Copied", { exact: true }).waitFor();
    await page.context().close();
  });

  it("gives what starts it in four programs", async () => {
    const page = await chrome.open("#model=Qwen3.6-27B-UD-Q4_K_XL&gpu=rtx-3090&n_ctx=65536&os=linux");
    const text = page.locator("[aria-labelledby=launch-title] pre");
    for (const [name, pattern] of [
      ["Ollama", /PARAMETER num_ctx 65536/],
      ["LM Studio", /"contextLength": 65536/],
      ["KoboldCpp", /"contextsize": 65408/],
      ["llama-server", /-c 65536/],
    ]) {
      await page.getByRole("button", { name, exact: true }).click();
      await page.waitForFunction(
        ([s]) =>
          new RegExp(s).test(document.querySelector("[aria-labelledby=launch-title] pre")?.textContent),
        [pattern.source],
      );
      assert.match(await text.innerText(), pattern);
    }
    await page.context().close();
  });

  it("says on request which cards hold it, which runs are best, which models fit", async () => {
    const page = await chrome.open("#model=Qwen3-8B-Q4_K_M&gpu=rtx-3060&n_ctx=16384&os=linux");
    await page.getByText("Which cards hold this run").click();
    await page
      .getByRole("button", { name: /^RTX 3060/ })
      .first()
      .waitFor();
    await page.getByText("The best runs here").click();
    await page.getByRole("button", { name: "Plan it: the run that is best for context" }).waitFor();
    await page.getByText("Which models fit on these cards").click();
    await page.locator("[aria-label='Which models fit on these cards'] tbody tr").first().waitFor();
    await page.getByRole("button", { name: "Plan it: the run that is best for speed" }).click();
    await settled(page);
    assert.deepEqual(page.problems, []);
    await page.context().close();
  });

  it("stands whatever is in the address", async () => {
    const page = await chrome.open();
    for (const words of [
      "n_ctx=abc",
      "n_ctx=1e99",
      "n_ctx=4294967295",
      "n_ctx=0",
      "n_parallel=many&type_k=gold",
      "type_k=q4_0&flash_attn=off",
      "gpu=" + "x".repeat(5000),
      "gpu=15xrtx-3090&gpu=rtx-3060",
      "free=-1&ram=lots",
      "os=plan9",
      "overrides=(((",
      "file_size=1e400",
      "__proto__=1&constructor=2&gpu=%00%ff",
      "mmproj=local:nowhere.gguf",
      "draft=nothing",
      "view=unknown",
      "model=local:&gpu=",
      "model=hf:../..:x",
      "model=https://[",
    ]) {
      await page.goto("about:blank");
      await page.goto(`${chrome.site.address}/#model=Qwen3-8B-Q4_K_M&gpu=rtx-3060&${words}`);
      await page.waitForSelector("#answer[aria-busy=false]", { timeout: 15_000 });
      const said = await page.locator("#answer > .problem, .verdict p").first().innerText();
      console.log(`${words.slice(0, 60)}: ${said.replaceAll("\n", ": ").slice(0, 150)}`);
      assert.ok(said.length > 8);
    }
    assert.deepEqual(
      page.problems.filter((p) => !/Failed to load resource/.test(p)),
      [],
    );
    await page.context().close();
  });

  it("answers nonsense with a sentence and goes on", async () => {
    const page = await chrome.open("#model=no-such-model&gpu=rtx-3090");
    assert.match(await page.getByRole("alert").innerText(), /no-such-model/);
    const model = page.getByRole("combobox", { name: /^Model/ });
    await model.click();
    await model.fill("qwen3-8b");
    await page.keyboard.press("Enter");
    await settled(page);
    assert.match(await verdict(page), /Fits/);
    await page.goto(`${chrome.site.address}/#model=Qwen3-8B-Q4_K_M&gpu=voodoo-2&n_ctx=-5&nonsense=1`);
    await page.waitForSelector("#answer .problem");
    await page.goto(`${chrome.site.address}/#model=Qwen3-8B-Q4_K_M&gpu=rtx-3090`);
    await page.waitForSelector(".verdict.yes");
    await page.context().close();
  });
});
