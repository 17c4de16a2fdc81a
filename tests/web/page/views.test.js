// Comparing files, and checking a log.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, it } from "node:test";
import { here, start } from "./browser.js";

let chrome;
before(async () => {
  chrome = await start();
});
after(() => chrome?.close());

it("two to four files are compared, and one of them planned", async () => {
  const page = await chrome.open("#model=Qwen3-8B-Q4_K_M&gpu=rtx-3090&os=linux");
  await page.getByRole("button", { name: "Compare" }).click();
  const add = page.getByRole("combobox", { name: "Add a model to compare" });
  await add.click();
  await add.fill("qwen3-14b");
  await page.keyboard.press("Enter");
  const table = page.locator("table.compare");
  await table.waitFor();
  assert.match(await table.innerText(), /Size\s+4\.68 GiB\s+8\.38 GiB/);
  assert.match(await table.innerText(), /Spare\s+13\.03 GiB\s+8\.75 GiB/);
  await add.click();
  await add.fill("no such thing");
  await page.keyboard.press("Enter");
  assert.match(await page.locator("#answer .problem").innerText(), /no such thing/);
  await page.getByRole("button", { name: "Remove no such thing" }).click();
  await table.waitFor();
  await table.getByRole("button", { name: "Plan it" }).nth(1).click();
  await page.waitForSelector(".verdict.yes");
  await page.waitForTimeout(400);
  assert.match(page.url(), /model=Qwen3-14B-Q4_K_M/);
  await page.context().close();
});

it("a pasted log is held against the plan of its run", async () => {
  const page = await chrome.open("#view=check&model=Qwen3-8B-Q4_K_M&gpu=rtx-3090&os=linux");
  await page
    .getByLabel("Log", { exact: true })
    .fill(readFileSync(join(here, "../../log/logs/L365.log"), "utf8"));
  await page.locator("table.check").waitFor();
  assert.match(
    await page.locator("#answer [role=status]").innerText(),
    /14 equal 10 differ 5 not comparable/,
  );
  assert.match(
    await page.locator("table.check").innerText(),
    /47\s+KV cache\s+CUDA0\s+272\s+272\.00\s+equal/,
  );
  await page.getByLabel("Log", { exact: true }).fill("nothing of the kind");
  await page
    .locator("#answer .problem, #answer [role=status]")
    .filter({ hasText: /none of its/ })
    .waitFor();
  assert.deepEqual(page.problems, []);
  await page.context().close();
});
