// Plans drawn at random, the same for the same seed.

/// Numbers from 0 to below 1: mulberry32.
function numbers(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const cacheTypes = ["f16", "bf16", "f32", "q8_0", "q5_1", "q5_0", "q4_1", "q4_0", "iq4_nl"];

/// {name, options} each: a file of the catalogue, and a run on one to four cards.
export function* drawnPlans(seed, { files, gpus, drafts, projectorOf }) {
  const next = numbers(seed);
  const one = (all) => all[Math.floor(next() * all.length)];
  const often = (p) => next() < p;
  for (;;) {
    const name = one(files);
    const options = { os: one(["linux", "windows", "wsl2"]), gpu: Array.from({ length: one([1, 1, 1, 2, 3, 4]) }, () => one(gpus)) };
    if (often(0.8)) options.ctx_size = 256 * (1 + Math.floor(2 ** (next() * 10)));
    if (often(0.5)) options.ctk = options.ctv = one(cacheTypes);
    if (often(0.2)) options.ctv = one(cacheTypes);
    if (often(0.3)) options.n_gpu_layers = Math.floor(next() * 80);
    if (often(0.3)) options.ubatch_size = one([1, 64, 128, 256, 1024, 2048]);
    if (often(0.3)) options.batch_size = one([64, 512, 2048, 4096]);
    if (often(0.4)) options.parallel = one([1, 2, 3, 4, 8]);
    if (often(0.2)) options.flash_attn = one(["on", "off", "auto"]);
    if (often(0.2)) options.n_cpu_moe = Math.floor(next() * 60);
    if (often(0.1)) options.kv_unified = true;
    if (often(0.1)) options.swa_full = true;
    if (often(0.1)) options.no_kv_offload = true;
    if (often(0.1)) options.no_mmap = true;
    if (often(0.1)) options.embeddings = true;
    if (often(0.2)) options.ram = one(["16GiB", "64GiB", "192GiB"]);
    if (often(0.1)) options.reserve = one(["500MiB", "2GiB"]);
    if (options.gpu.length > 1 && often(0.4)) options.split_mode = one(["layer", "layer", "none", "row"]);
    if (options.gpu.length > 1 && often(0.3)) options.tensor_split = options.gpu.map(() => 1 + Math.floor(next() * 9)).join(",");
    if (often(0.1)) options.fit = true;
    if (often(0.1)) options.explain = true;
    if (often(0.03)) options.model_draft = one(drafts);
    const projector = projectorOf(name);
    if (projector && often(0.5)) options.mmproj = projector;
    yield { name, options };
  }
}
