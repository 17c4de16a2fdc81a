// Dragging is smooth on a slow phone: the processor four times slower.
import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { start } from "./browser.js";

let chrome;
before(async () => {
  chrome = await start();
});
after(() => chrome?.close());

for (const [what, cards] of [
  ["one card", "gpu=rtx-3090"],
  ["two cards", "gpu=2xrtx-3060"],
])
  it(`more than 45 frames a second while dragging, ${what}`, async () => {
    const page = await chrome.open(`#model=Qwen3.6-27B-UD-Q4_K_XL&${cards}&n_ctx=65536&os=linux`, {
      viewport: { width: 360, height: 780 },
    });
    const session = await page.context().newCDPSession(page);
    await page.waitForTimeout(2500);
    await session.send("Emulation.setCPUThrottlingRate", { rate: 4 });
    const slider = page.locator("#context-range");
    await slider.scrollIntoViewIfNeeded();
    const box = await slider.boundingBox();
    const middle = box.y + box.height / 2;
    await page.evaluate(() => {
      window.frames_ = [];
      const each = (t) => {
        window.frames_.push(t);
        if (!window.stopped) requestAnimationFrame(each);
      };
      requestAnimationFrame(each);
    });
    await page.mouse.move(box.x + box.width * 0.25, middle);
    await page.mouse.down();
    const seen = new Set();
    for (let i = 0; i < 120; ++i) {
      await page.mouse.move(box.x + box.width * (0.25 + 0.5 * Math.abs(Math.sin(i / 20))), middle);
      if (i % 10 === 0) seen.add(await slider.getAttribute("aria-valuetext"));
    }
    await page.mouse.up();
    const times = await page.evaluate(() => {
      window.stopped = true;
      return window.frames_.slice(1).map((t, i) => t - window.frames_[i]);
    });
    const rate = (1000 * times.length) / times.reduce((a, b) => a + b, 0);
    const slow = times.filter((t) => t > 50).length;
    console.log(
      `${what}: ${times.length} frames, ${rate.toFixed(1)} a second, ${slow} longer than 50 ms, longest ${Math.max(...times).toFixed(0)} ms`,
    );
    assert.ok(seen.size > 5, "the slider moved");
    assert.ok(rate > 45, `${rate} frames a second`);
    await page.context().close();
  });
