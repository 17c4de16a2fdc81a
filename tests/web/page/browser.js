// Chromium with the built page in it.
import { chromium } from "playwright-core";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { serve_folder } from "./site.js";

export const here = dirname(fileURLToPath(import.meta.url));
export const dist = process.env.VRAMBUDGET_PAGE ?? join(here, "../../../bindings/web/page/dist");
const executable = process.env.CHROMIUM ?? "/usr/bin/chromium";
const arguments_ = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
];

/// {browser, site, open(fragment, options), close()}
export async function start() {
  const site = await serve_folder(dist);
  const browser = await chromium.launch({ executablePath: executable, headless: true, args: arguments_ });
  /// A page whose answer is there. What it says on its console as an error is in page.problems.
  const open = async (fragment = "", options = {}, wait = true) => {
    const context = await browser.newContext({
      viewport: { width: 1280, height: 900 },
      locale: "en-GB",
      bypassCSP: options.bypassCSP ?? false,
      ...options,
    });
    const page = await context.newPage();
    page.problems = [];
    page.on("console", (m) => m.type() === "error" && page.problems.push(m.text()));
    page.on("pageerror", (e) => page.problems.push(String(e)));
    await page.goto(`${site.address}/${fragment}`);
    if (wait) await settled(page);
    return page;
  };
  return {
    browser,
    site,
    open,
    async close() {
      await browser.close();
      site.close();
    },
  };
}

/// From the next load on, what waits ten seconds and more waits a fortieth of that.
export const shorten_waits = (page) =>
  page.addInitScript(() => {
    const wait = window.setTimeout;
    window.setTimeout = (what, ms = 0, ...rest) => wait(what, ms < 10_000 ? ms : ms / 40, ...rest);
  });

/// Waits until a verdict stands that belongs to what is asked.
export async function settled(page) {
  if (/view=(compare|check)/.test(page.url()))
    return void (await page.waitForSelector("#answer table, #answer .problem, #answer textarea"));
  await page.waitForTimeout(60);
  await page.waitForSelector("#answer[aria-busy=false] .verdict, .problem", { timeout: 20_000 });
  await page.waitForSelector(".verdict.yes, .verdict.no, .verdict.tight, .problem", { timeout: 20_000 });
  await page.waitForFunction(
    () => {
      const said = document.querySelector(".verdict [role=status]")?.textContent ?? "";
      const shown = [...document.querySelectorAll(".verdict p:first-of-type > *")]
        .map((e) => e.textContent)
        .join(": ");
      return (
        !document.querySelector(".verdict") ||
        (document.querySelector("#answer[aria-busy=false]") && said === shown && shown.length > 5)
      );
    },
    null,
    { timeout: 20_000 },
  );
}
