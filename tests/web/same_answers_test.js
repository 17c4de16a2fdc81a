// The module answers as the library of this machine, byte for byte: plans drawn at random, their errors too.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { drawnPlans } from "./drawn_plans.js";
import { VramBudgetError, load } from "./module.js";

const library = process.env.VRAMBUDGET_LIBRARY ?? "";
const plans = Number(process.env.VRAMBUDGET_PLANS ?? 1000);
const seed = Number(process.env.VRAMBUDGET_SEED ?? 1);

class NativeLibrary {
  constructor(path) {
    this.process = spawn("python3", [new URL("native_answers.py", import.meta.url).pathname, path], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.lines = createInterface({ input: this.process.stdout })[Symbol.asyncIterator]();
  }
  async plan(asked) {
    this.process.stdin.write(JSON.stringify(asked) + "\n");
    const { value, done } = await this.lines.next();
    assert(!done, `the library ended at ${JSON.stringify(asked)}`);
    return JSON.parse(value);
  }
  async close() {
    this.process.stdin.end();
    await once(this.process, "exit");
  }
}

function planOf(vb, { name, options }) {
  let model;
  try {
    model = vb.openModel(name);
    return vb.text("vrambudget_plan", model.handle, options);
  } catch (e) {
    if (!(e instanceof VramBudgetError)) throw e;
    return JSON.stringify({ status: e.code, error: e.message });
  } finally {
    model?.close();
  }
}

test(`${plans} plans of the module are those of the library`, {
  skip: !existsSync(library) && `no library to compare with: '${library}'`,
}, async () => {
  const vb = await load();
  const native = new NativeLibrary(library);
  const models = vb.models();
  const among = {
    files: models.flatMap((m) => vb.modelFiles(m.id).map((f) => f.name)),
    drafts: models.filter((m) => m.data_bytes < 2e9).map((m) => m.name),
    gpus: vb.gpus().map((g) => g.name),
    projectorOf: (name) => (/^(gemma-3|Qwen2.5-VL|Qwen3-VL)/i.test(name) ? `mmproj-${name.replace(/-[A-Z0-9_]+$/, "")}-F16` : null),
  };
  const seen = { planned: 0, refused: 0 };
  const drawn = drawnPlans(seed, among);
  for (let i = 0; i < plans; ++i) {
    const { value: asked } = drawn.next();
    const expected = await native.plan(asked);
    assert.equal(planOf(vb, asked), expected, JSON.stringify(asked));
    ++seen[expected.startsWith('{"status"') ? "refused" : "planned"];
  }
  await native.close();
  // most are plans, so that what is compared is not how the same is refused
  assert(seen.planned > plans / 2, JSON.stringify(seen));
  console.log(`${seen.planned} plans and ${seen.refused} errors are equal`);
});
