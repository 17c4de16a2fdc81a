// Runs the core away from the page. Models stay open by name; the page resends files to a new worker.
import { load } from "vrambudget";

const most_open = 12;
let core;
const models = new Map();

/// The open model of a name; the one that was used longest ago makes room.
function model_of(name, options = {}) {
  const key = JSON.stringify([name, options]);
  let model = models.get(key);
  models.delete(key);
  model ??= core.openModel(name, options);
  models.set(key, model);
  if (models.size > most_open) {
    const [oldest, unused] = models.entries().next().value;
    models.delete(oldest);
    unused.close();
  }
  return model;
}

function forget_models() {
  for (const model of models.values()) model.close();
  models.clear();
}

const methods = {
  headerExtent: (bytes) => core.headerExtent(bytes),
  addFile(path, bytes, size) {
    forget_models();
    return core.addFile(path, bytes, size);
  },
  summary: (model) => model_of(...model).summary,
  together: (names, options) =>
    core.together(
      names.map((n) => model_of(...n)),
      options,
    ),
  sweep: (model, grid, options) => core.sweep([model_of(...model)], grid, options),
  check: (log, model, options) => core.check(log, model && model_of(...model), options),
};
for (const name of ["plan", "maxContext", "bestRuns", "trade", "cards", "launch"])
  methods[name] = (model, ...rest) => core[name](model_of(...model), ...rest);
for (const name of [
  "rank",
  "compareFiles",
  "recipe",
  "inspect",
  "gpus",
  "models",
  "modelFiles",
  "options",
  "findRuns",
])
  methods[name] = (...rest) => core[name](...rest);

self.onmessage = async ({ data: { id, method, args } }) => {
  try {
    if (method === "start") {
      core = await load(args[0]);
      return self.postMessage({ id, answer: core.version });
    }
    self.postMessage({ id, answer: methods[method](...args) });
  } catch (error) {
    const trapped = !core || error instanceof WebAssembly.RuntimeError || error instanceof RangeError;
    self.postMessage({ id, error: String(error?.message ?? error), status: error?.status, trapped });
  }
};
