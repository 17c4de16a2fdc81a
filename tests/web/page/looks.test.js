// No violations that axe finds, in light and dark; pictures to look at, under shots/; no sideways scrolling.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { here, start } from "./browser.js";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const shots = join(here, "shots");
const log = readFileSync(join(here, "../../log/logs/L365.log"), "utf8");

let chrome;
before(async () => {
  mkdirSync(shots, { recursive: true });
  chrome = await start();
});
after(() => chrome?.close());

/// All that a plan shows.
const whole = async (page) => {
  await page.locator(".curve svg").waitFor();
  await page.locator("[aria-labelledby=trade-title]").waitFor();
  await page.waitForTimeout(500);
};

const views = {
  fits: ["", whole],
  missing: ["#model=Qwen3-14B-Q4_K_M&gpu=rtx-4070&n_ctx=32768&os=linux&ram=32GiB", whole],
  two: ["#model=Qwen3.6-27B-UD-Q4_K_XL&gpu=2xrtx-3060&n_ctx=65536&os=linux&ram=64GiB", whole],
  opened: [
    "#model=Qwen3-30B-A3B-Q4_K_M&gpu=rtx-3060&n_ctx=16384&os=windows&n_cpu_moe=40&ram=64GiB",
    async (page) => {
      await whole(page);
      await page.evaluate(() => document.querySelectorAll("details").forEach((d) => (d.open = true)));
      await page.locator("[aria-label='Which models fit on these cards'] tbody").waitFor();
      await page.getByRole("combobox", { name: "Add a card" }).fill("rtx 40");
    },
  ],
  compare: [
    "#view=compare&model=Qwen3-8B-Q4_K_M&gpu=rtx-3090&file=Qwen3-8B-Q4_K_M&file=Qwen3-14B-Q4_K_M&file=Qwen3.6-27B-UD-Q4_K_XL",
    (page) => page.locator("table.compare").waitFor(),
  ],
  check: [
    "#view=check&model=Qwen3-8B-Q4_K_M&gpu=rtx-3090",
    async (page) => {
      await page.getByLabel("Log", { exact: true }).fill(log);
      await page.locator("table.check").waitFor();
    },
  ],
  problem: ["#model=no-such-model&gpu=rtx-3090", async () => {}],
};

for (const colorScheme of ["light", "dark"])
  describe(`in ${colorScheme}`, () => {
    for (const [name, [fragment, prepare]] of Object.entries(views))
      it(`${name} has no violation and fits every width`, async () => {
        for (const width of [1440, 768, 360]) {
          const page = await chrome.open(fragment, {
            colorScheme,
            bypassCSP: true,
            viewport: { width, height: 900 },
          });
          await prepare(page);
          await page.addScriptTag({ content: axe });
          const { violations } = await page.evaluate(() =>
            window.axe.run(document, {
              runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
            }),
          );
          assert.deepEqual(
            violations.map(
              (v) =>
                `${width}: ${v.id}: ${v.help}: ${v.nodes
                  .slice(0, 3)
                  .map((n) => `${n.target} ${n.failureSummary}`)
                  .join(" | ")}`,
            ),
            [],
          );
          assert.ok(
            await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth),
            `scrolls sideways at ${width}`,
          );
          await page.screenshot({ path: join(shots, `${name}-${colorScheme}-${width}.png`), fullPage: true });
          await page.context().close();
        }
      });
  });
